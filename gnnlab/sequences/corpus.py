"""Texts: read, named, and cut into a part to learn from and blocks to be judged on."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gnnlab.data import decode_utf8, fetch
from gnnlab.errors import InputError, UnknownNameError

#: Texts that can be asked for by name; ``"python"`` needs no download.
TEXTS = ("python", "grimm")
BLOCK = 1000
_SHARE = 0.05


def read_text(path: str | os.PathLike) -> str:
    """Reads a text file in UTF-8, with or without a byte order mark.

    Raises:
        InputError: If there is no such file.
        FileFormatError: If it is not UTF-8; names the first byte that is not.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            "the text cannot be read", where=path.name, value=error.strerror
        ) from error
    return decode_utf8(content, path.name).replace("\r\n", "\n")


def load_text(name: str) -> str:
    """A text by name: ``"python"``, what Python's own help says, or ``"grimm"``, fairy tales.

    Raises:
        UnknownNameError: If the name is not known.
        DownloadError: If the text has to be downloaded and cannot be.

    Example:
        >>> len(load_text("python")) > 100_000
        True
    """
    if name == "python":
        from pydoc_data.topics import topics

        return "\n\n".join(topics[key] for key in sorted(topics))
    if name not in TEXTS:
        raise UnknownNameError.of("text", name, TEXTS)
    return read_text(fetch(name))


class Split(NamedTuple):
    """A text in parts: segments to learn from, and blocks that none of them overlaps."""

    segments: list[str]
    blocks: list[str]


def split_text(text: str, block: int = BLOCK, share: float = _SHARE, seed: int = 0) -> Split:
    """Holds out blocks that are spread over the whole text.

    The text is cut into equal stretches, of each of which one block at a random place is held out,
    so that every part of the text is judged. (The end alone would be no fair judge: books end with
    their licence.)

    Args:
        text: The whole.
        block: Characters per block.
        share: How much to hold out; a text too short for one block is not split.
        seed: Draws the places.

    Example:
        >>> split = split_text("The fox jumped. " * 500, block=100)
        >>> len(split.blocks), sum(map(len, split.segments))
        (4, 7600)
    """
    count = int(len(text) * share / block)
    if count == 0:
        return Split([text], [])
    edges = np.linspace(0, len(text), count + 1).astype(int)
    generator = np.random.default_rng(seed)
    segments, blocks, last = [], [], 0
    for low, high in itertools.pairwise(edges):
        start = int(generator.integers(low, high - block + 1))
        segments.append(text[last:start])
        blocks.append(text[start : start + block])
        last = start + block
    segments.append(text[last:])
    return Split([segment for segment in segments if segment], blocks)
