"""The data sets that gnnlab knows: where each comes from, and the hash that its bytes must have.

Nothing is shipped. A data set is looked for in the folder that ``GNNLAB_DATA`` names, then in the
user's cache, and is downloaded from its origin otherwise.
"""

from __future__ import annotations

import csv
import hashlib
import os
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from gnnlab.errors import DownloadError, FileFormatError, UnknownNameError

_CHUNK = 2**20


@dataclass(frozen=True)
class Entry:
    """One file of the registry.

    Attributes:
        name: What it is called in gnnlab.
        path: Its place in a mirror.
        url: Its origin.
        sha256: The hash of its bytes, as the origin gives them.
        bytes: Its size.
        licence: Under what terms the origin gives it.
        cite: Whom to name.
        gzip_sha256: The hash of the packed copy that a mirror may hold beside it, or in its place,
            under ``path + ".gz"``: the same rows, perhaps with other line ends. Empty if none is
            known.
    """

    name: str
    path: str
    url: str
    sha256: str
    bytes: int
    licence: str
    cite: str
    gzip_sha256: str = ""


@cache
def registry() -> dict[str, Entry]:
    """All data sets by name.

    Example:
        >>> registry()["grimm"].bytes
        550595
    """
    text = files("gnnlab.data").joinpath("registry.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["name"]: Entry(**(row | {"bytes": int(row["bytes"])})) for row in rows}


def fetch(name: str) -> Path:
    """The file of a data set, checked; downloaded if it is nowhere yet.

    Args:
        name: A name of the :func:`registry`.

    Returns:
        Its path: the bytes of the origin, or a mirror's packed copy, whose name ends in ``.gz``.

    Raises:
        UnknownNameError: If there is no such data set.
        FileFormatError: If the file of a mirror is not the one of the registry.
        DownloadError: If it cannot be downloaded.
    """
    if name not in registry():
        raise UnknownNameError.of("data set", name, registry())
    entry = registry()[name]
    mirror = os.environ.get("GNNLAB_DATA")
    found = _find(entry, Path(mirror)) if mirror else None
    return found or _download(entry)


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _find(entry: Entry, mirror: Path) -> Path | None:
    """The file of a mirror, as it is or packed; None if it has neither."""
    places = [(entry.path, entry.sha256)]
    if entry.gzip_sha256:
        places.append((f"{entry.path}.gz", entry.gzip_sha256))
    for path, sha256 in places:
        found = mirror / path
        if found.is_file():
            if hash_of(found) != sha256:
                raise FileFormatError(
                    "the file of the mirror is not the one that is known",
                    where=path,
                    value=f"sha256 {hash_of(found)}",
                    remedy=f"replace it by {entry.url}, under the name {entry.path}",
                )
            return found
    return None


def _download(entry: Entry) -> Path:
    import pooch

    pooch.get_logger().setLevel("WARNING")
    place = _cache_folder() / entry.path
    try:
        found = pooch.retrieve(
            entry.url, f"sha256:{entry.sha256}", fname=place.name, path=place.parent
        )
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; ValueError: the hash
        raise DownloadError(
            f"the data set {entry.name} cannot be downloaded",
            where=entry.url,
            value=type(error).__name__,
            remedy=f"download it yourself, and name the folder that holds {entry.path} in "
            "the environment variable GNNLAB_DATA",
        ) from error
    return Path(found)


def _cache_folder() -> Path:
    import pooch

    return Path(pooch.os_cache("gnnlab"))
