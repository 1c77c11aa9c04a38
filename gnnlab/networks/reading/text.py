"""Files as text: plain or compressed, a block of whole lines at a time."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gnnlab.data import decode_utf8
from gnnlab.errors import FileFormatError, InputError, MemoryLimitError

#: Bytes of the longest line that is read; a file that is one endless line must not fill the memory.
LONGEST_LINE = 2**20
#: Bytes of the largest GraphML or GML file: networkx needs some ten times as much for the graph.
LARGEST_TEXT = 2**30

_BLOCK = 2**24
_GZIP = b"\x1f\x8b"
_MARK = b"\xef\xbb\xbf"


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Opens a file that may be compressed by gzip, which its first bytes say, not its name.

    Raises:
        InputError: If it cannot be read.
        FileFormatError: If what is compressed is damaged.
    """
    try:
        with path.open("rb") as file:
            is_compressed = file.read(2) == _GZIP
            file.seek(0)
            if is_compressed:
                with gzip.open(file) as content:
                    yield content
            else:
                yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileFormatError(
            "the compressed file is damaged", where=path.name, value=error
        ) from error
    except OSError as error:
        raise InputError(
            "the file cannot be read", where=str(path), value=error.strerror
        ) from error


def read_start(path: Path, size: int = 4096) -> bytes:
    """The first bytes of the content of a file."""
    with open_bytes(path) as file:
        return file.read(size)


def read_text(path: Path) -> str:
    """The whole file.

    Raises:
        FileFormatError: If it is not text in UTF-8.
        MemoryLimitError: If it is too large for a graph made of Python objects.
    """
    with open_bytes(path) as file:
        content = file.read(LARGEST_TEXT + 1)
    if len(content) > LARGEST_TEXT:
        raise MemoryLimitError(
            f"the file is larger than {LARGEST_TEXT >> 20} MiB",
            where=path.name,
            remedy="write the connections into a CSV file, which is read in pieces",
        )
    return decode_utf8(content, path.name)


def read_lines(path: Path) -> Iterator[tuple[int, list[str | None]]]:
    """Reads whole lines, so many at a time that the memory stays small.

    Yields:
        The number of the first line, from 1, and the lines; ``None`` for one that is not UTF-8.

    Raises:
        FileFormatError: If the file is not text, or a line is too long.
    """
    number, rest, is_start = 1, b"", True
    with open_bytes(path) as file:
        while chunk := file.read(_BLOCK):
            if is_start:
                chunk, is_start = chunk.removeprefix(_MARK), False
                if b"\0" in chunk:
                    raise FileFormatError(
                        "the file is not text: it has a byte 0",
                        where=f"{path.name}, byte {chunk.index(0)}",
                    )
            content = rest + chunk
            # A return may be the first half of a line's end, the other half of which comes next.
            stop = content.rfind(b"\n") + 1 or content.rfind(b"\r", 0, len(content) - 1) + 1
            rest = content[stop:]
            if stop:
                lines = _to_lines(content[:stop])
                lines.pop()
                _require_short(lines, number, path)
                yield number, lines
                number += len(lines)
            _require_short([rest], number, path)
    if rest:
        yield number, _to_lines(rest)


def _to_lines(content: bytes) -> list[str | None]:
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        return content.decode().split("\n")
    except UnicodeDecodeError:
        return [_decode(line) for line in content.split(b"\n")]


def _decode(line: bytes) -> str | None:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def _require_short(lines: list, number: int, path: Path) -> None:
    if max(map(len, filter(None, lines)), default=0) <= LONGEST_LINE:
        return
    place = next(i for i, line in enumerate(lines) if line and len(line) > LONGEST_LINE)
    raise FileFormatError(
        f"a line is longer than {LONGEST_LINE >> 20} MiB",
        where=f"{path.name}, line {number + place}",
        remedy="write one connection per line",
    )
