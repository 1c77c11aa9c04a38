"""A bar for what has to be done before a training begins."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def wants_progress(progress: bool | None) -> bool:
    """Whether bars are to be shown: as asked, and if nothing is asked on a terminal."""
    return sys.stdout.isatty() if progress is None else progress


def track(rows: Iterable[T], words: str, total: int, progress: bool | None = None) -> Iterable[T]:
    """The same rows, while a bar tells how many of them have been taken.

    Args:
        rows: Anything that takes a while to go through.
        words: What is being done.
        total: How many rows there are.
        progress: Whether to show the bar; by default if the output is a terminal.

    Example:
        >>> list(track("abc", "reading", 3, progress=False))
        ['a', 'b', 'c']
    """
    if not wants_progress(progress):
        return rows
    from rich.progress import track as show

    return show(rows, words, total)
