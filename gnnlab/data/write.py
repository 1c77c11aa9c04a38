"""Writing a file so that its name never stands for half of it."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from gnnlab.errors import InputError


def write_file(path: str | os.PathLike, content: bytes) -> None:
    """Writes ``content`` to ``path``: afterwards the file is the new one, or still the old one.

    The bytes go to a temporary file in the same folder, reach the disk, and take the name in one
    step; a crash at any point leaves the old file as it was.

    Args:
        path: The file. Its folder must exist.
        content: All of its bytes.

    Raises:
        InputError: If there is no such folder, or the path is a folder.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_file(folder / "note.txt", b"Call me Ishmael.")
        >>> [file.name for file in folder.iterdir()]
        ['note.txt']
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(
            "the folder does not exist", where="path", value=str(path.parent), remedy="create it"
        )
    if path.is_dir():
        raise InputError("a folder stands where the file should be", where="path", value=str(path))
    # Not tempfile: its files can be read by their owner alone, and the new file would, too.
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")
    try:
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Makes the new name durable as well; only POSIX systems can open a folder for that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: str | os.PathLike, where: str = "out") -> Path:
    """The folder ``path``, made with all above it if it is missing.

    Args:
        path: The folder.
        where: The argument that an error names.

    Raises:
        InputError: If it cannot be made, for example because a file stands there.

    Example:
        >>> import tempfile
        >>> make_folder(Path(tempfile.mkdtemp()) / "runs" / "first").is_dir()
        True
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            "the folder cannot be made", where=where, value=path, remedy=error.strerror
        ) from error
    return path
