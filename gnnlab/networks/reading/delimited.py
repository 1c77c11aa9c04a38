"""Delimited text: connections one per line, lists of neighbours, and tables of nodes.

Legend: R rows, W fields of a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, compress
from pathlib import Path

import numpy as np

from gnnlab.errors import FileFormatError
from gnnlab.networks.reading.columns import Column, choose_columns
from gnnlab.networks.reading.dialect import Dialect, split_line, tell_dialect
from gnnlab.networks.reading.nodes import Cells
from gnnlab.networks.reading.rows import Rows, shorten
from gnnlab.networks.reading.text import read_lines


@dataclass
class Block:
    """Lines of a file that are neither empty nor comments.

    Args:
        numbers: ``[R]`` of the lines in the file, from 1.
        lines: ``[R]``.
        problems: ``(line, reason, value)`` of those that are no text.
        num_comments: How many were comments.
    """

    numbers: np.ndarray
    lines: list[str]
    problems: list[tuple[int, str, str]] = field(default_factory=list)
    num_comments: int = 0

    def drop_titles(self, dialect: Dialect) -> None:
        """Takes the first line away if it holds titles."""
        if dialect.titles is not None:
            self.numbers, self.lines = self.numbers[1:], self.lines[1:]


def read_connections(
    path: Path,
    *,
    delimiter: str | None,
    header: bool | None,
    comment: str,
    columns: Sequence[Column] | None,
    weight: Column | bool | None,
    time: Column | bool | None,
) -> tuple[Rows, dict[str, object]]:
    """Reads one connection per line.

    Returns:
        The rows, and what was read from which column.

    Raises:
        FileFormatError: If there is nothing in the file, or one column only.
        InputError: If there is no such column.
    """
    rows = Rows("line", is_text=True)
    if header is None and any(isinstance(name, str) for name in (*(columns or ()), weight, time)):
        header = True
    dialect = chosen = None
    for block in _read_blocks(path, comment):
        rows.take_problems(block.problems, block.num_comments)
        if not block.lines:
            continue
        if dialect is None:
            dialect = tell_dialect(block.lines, path, delimiter=delimiter, header=header)
            block.drop_titles(dialect)
            chosen = choose_columns(
                dialect.titles, dialect.width, columns=columns, weight=weight, time=time
            )
        places = (chosen.source, chosen.target, chosen.weight, chosen.time)
        for numbers, fields in _cut(block, dialect, chosen.needed, rows.problems):
            cells = (None if i is None else fields[i :: dialect.width] for i in places)
            rows.add(numbers, *cells)
    if dialect is None:
        raise _nothing(path, rows.problems)
    return rows, chosen.describe(dialect.titles)


def read_neighbors(path: Path, *, delimiter: str | None, comment: str) -> Rows:
    """Reads a list of neighbours: each line has a node, and then those that it is connected to.

    Raises:
        FileFormatError: If there is nothing in the file.
    """
    rows = Rows("line", is_text=True, is_mirrored=True)
    rows.num_lists = 0
    delimiter = None if delimiter == " " else delimiter
    for block in _read_blocks(path, comment):
        rows.take_problems(block.problems, block.num_comments)
        rows.num_lists += len(block.lines) + len(block.problems)
        numbers, source, target = [], [], []
        for number, line in zip(block.numbers.tolist(), block.lines, strict=True):
            name, *neighbors = split_line(line, delimiter) or [""]
            if not name.strip():
                rows.take_problems([(number, "no name", shorten(line))])
                continue
            rows.know(name)
            numbers += [number] * len(neighbors)
            source += [name] * len(neighbors)
            target += neighbors
        rows.add(np.array(numbers, dtype=np.int64), source, target)
    if not rows.names:
        raise _nothing(path, rows.problems)
    return rows


def read_cells(path: Path, *, known: Sequence[str], delimiter: str | None, comment: str) -> Cells:
    """Reads a whole table as text.

    Args:
        path: The file.
        known: Titles that tell that the first line holds titles.
        delimiter: As for connections.
        comment: As for connections.

    Raises:
        FileFormatError: If there is nothing in the file.
    """
    dialect, problems, pieces = None, [], []
    for block in _read_blocks(path, comment):
        problems += block.problems
        if not block.lines:
            continue
        if dialect is None:
            dialect = tell_dialect(block.lines, path, delimiter=delimiter, known=known, fewest=1)
            block.drop_titles(dialect)
        pieces += _cut(block, dialect, dialect.width, problems)
    if not pieces:
        raise _nothing(path, problems)
    numbers = np.concatenate([numbers for numbers, _ in pieces])
    fields = list(chain.from_iterable(fields for _, fields in pieces))
    columns = [fields[i :: dialect.width] for i in range(dialect.width)]
    return Cells(dialect.titles, columns, numbers, is_text=True, problems=problems)


def _read_blocks(path: Path, comment: str) -> Iterator[Block]:
    for start, lines in read_lines(path):
        problems, num_comments = [], 0
        kept = np.ones(len(lines), dtype=bool)
        for place, line in enumerate(lines):
            if line is None or "\0" in line:
                problems.append((start + place, "not text in UTF-8", shorten(line or "")))
            elif not line or line.isspace():
                pass
            elif line.lstrip()[0] in comment:
                num_comments += 1
            else:
                continue
            kept[place] = False
        if not kept.all():
            lines = list(compress(lines, kept))
        yield Block(start + np.flatnonzero(kept), lines, problems, num_comments)


def _cut(
    block: Block, dialect: Dialect, needed: int, problems: list[tuple[int, str, str]]
) -> Iterator[tuple[np.ndarray, list[str]]]:
    """Cuts lines into fields: first all those that look alike at once, then one by one the others.

    Yields:
        The numbers of lines ``[R]``, and all their fields ``[R W]``, one row after the other.
    """
    mark, width = dialect.delimiter, dialect.width
    if mark is None:
        widths = np.array([len(line.split()) for line in block.lines])
    else:
        widths = np.array([line.count(mark) for line in block.lines]) + 1
    joined = (mark or " ").join(block.lines)
    is_odd = widths != width
    if '"' in joined:
        is_odd |= np.array(['"' in line for line in block.lines])
    if is_odd.any():
        joined = (mark or " ").join(compress(block.lines, ~is_odd))
    if not is_odd.all():
        yield block.numbers[~is_odd], joined.split(mark)
    numbers, fields = [], []
    for number, line in zip(
        block.numbers[is_odd].tolist(), compress(block.lines, is_odd), strict=True
    ):
        row = split_line(line, mark)
        if reason := _check_width(row, width, needed):
            problems.append((number, reason, shorten(line)))
            continue
        numbers.append(number)
        fields += (row + [""] * width)[:width]
    if numbers:
        yield np.array(numbers), fields


def _check_width(row: list[str] | None, width: int, needed: int) -> str | None:
    if row is None:
        return "a quotation mark without its twin"
    if len(row) < needed:
        return f"too few fields: {len(row)} where {needed} are needed"
    if any(map(str.strip, row[width:])):
        return f"too many fields: {len(row)} where {width} are usual"
    return None


def _nothing(path: Path, problems: list[tuple]) -> FileFormatError:
    if problems:
        line, reason, _ = problems[0]
        return FileFormatError(f"no line can be used: {reason}", where=f"{path.name}, line {line}")
    return FileFormatError("the file is empty, but for titles and comments", where=path.name)
