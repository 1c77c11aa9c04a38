"""Bytes to text, with an error that says where they are none."""

from __future__ import annotations

from gnnlab.errors import FileFormatError

_MARK = b"\xef\xbb\xbf"


def decode_utf8(content: bytes, name: str) -> str:
    """The text of a file in UTF-8, without the mark that some editors put before it.

    Args:
        content: The file.
        name: What an error calls it.

    Raises:
        FileFormatError: If it is not UTF-8; names the first byte that is not.

    Example:
        >>> decode_utf8("Grüße".encode("latin-1"), "letter.txt")
        Traceback (most recent call last):
        ...
        gnnlab.errors.FileFormatError: the text is not in UTF-8 (at: letter.txt, byte 2; found: \
0xfc); save it as UTF-8
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start + (len(_MARK) if content.startswith(_MARK) else 0)
        raise FileFormatError(
            "the text is not in UTF-8",
            where=f"{name}, byte {start}",
            value=f"0x{content[start]:02x}",
            remedy="save it as UTF-8",
        ) from error
