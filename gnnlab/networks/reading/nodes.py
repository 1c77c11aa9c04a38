"""The second table: what is known about nodes.

Legend: M rows of the table, N nodes, F features.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

from gnnlab.errors import InputError
from gnnlab.networks.reading.columns import Column, find_column, find_title
from gnnlab.networks.reading.numbers import WHOLE_NUMBER, is_blank, to_numbers
from gnnlab.networks.reading.rows import shorten

NAME_TITLES = ("name", "node", "id", "nodeid")
LABEL_TITLES = ("label",)
_MOSTLY = 0.5


@dataclass
class NodeTable:
    """Features and labels of named nodes.

    Args:
        names: ``[M]``, all different.
        x: ``[M, F]``, if there are features.
        labels: ``[M]``, if there are labels.
        columns: What was read from which column.
        entries: Lines for the report.
    """

    names: list[Hashable]
    x: np.ndarray | None
    labels: list[Hashable] | None
    columns: dict[str, object]
    entries: list[tuple] = field(default_factory=list)

    def spread(
        self, names: Sequence[Hashable]
    ) -> tuple[sparse.csr_array | None, list[Hashable] | None]:
        """Features ``[N, F]`` and labels ``[N]`` of nodes; 0 and ``None`` for those without a row.

        Names are compared as they are written, as 7 in one table may be a text in the other.
        """
        row_of = {str(name): row for row, name in enumerate(self.names)}
        rows = np.array([row_of.get(str(name), -1) for name in names])  # [N]
        x = labels = None
        if self.x is not None:
            padded = np.vstack([self.x, np.zeros((1, self.x.shape[1]))])
            x = sparse.csr_array(padded[rows].astype(np.float32))
        if self.labels is not None:
            labels = [self.labels[row] if row >= 0 else None for row in rows]
        return x, labels


@dataclass
class Cells:
    """A table as it was found.

    Args:
        titles: One for each column, if there are any.
        columns: ``[M]`` cells each.
        lines: ``[M]`` the numbers of the rows in their source.
        is_text: Whether the cells were read from text.
        problems: ``(line, reason, value)`` of rows that are not here.
    """

    titles: list | None
    columns: list[Sequence]
    lines: np.ndarray
    is_text: bool = False
    problems: list[tuple[int, str, str]] = field(default_factory=list)


def read_nodes(
    cells: Cells, *, features: Sequence[Column] | None = None, label: Column | None = None
) -> NodeTable:
    """Reads names, features and labels.

    Args:
        cells: The table. A column with a usual title, or else the first one, holds the names.
        features: The columns of the features; by default all others that mostly hold numbers.
        label: The column of the labels; by default the one with that title, if there is one.

    Raises:
        InputError: If there is no such column, or one that was asked for holds no number.
    """
    width = len(cells.columns)
    if width == 0:
        raise InputError("there is no column", where="nodes")
    name = find_title(cells.titles, NAME_TITLES) or 0
    if label is None:
        label = find_title(cells.titles, LABEL_TITLES)
    else:
        label = find_column(cells.titles, width, label, "label")
    asked = [find_column(cells.titles, width, column, "features") for column in features or ()]
    entries = [("nodes", *problem, False) for problem in cells.problems]
    names, kept = _read_names(cells, name, entries)
    if features is None:
        asked = [i for i in range(width) if i not in (name, label)]
    numbers = [(i, to_numbers([cells.columns[i][row] for row in kept])) for i in asked]
    if features is None:
        numbers = [(i, column) for i, column in numbers if _is_mostly_numbers(column)]
    titles = cells.titles or list(range(width))
    for i, column in numbers:
        _fill_gaps(column, titles[i], cells, kept, i, entries)
    described = {"name": titles[name]}
    x = labels = None
    if numbers:
        x = np.stack([column for _, column in numbers], axis=1)
        described["features"] = [titles[i] for i, _ in numbers]
    if label is not None:
        labels = _read_labels([cells.columns[label][row] for row in kept], cells.is_text)
        described["label"] = titles[label]
    return NodeTable(names, x, labels, described, entries)


def _read_names(cells: Cells, name: int, entries: list) -> tuple[list[Hashable], list[int]]:
    """The names, and the rows where they stand first."""
    unit = "line" if cells.is_text else "row"
    first: dict[str, int] = {}
    names, kept = [], []
    for row, cell in enumerate(cells.columns[name]):
        line = int(cells.lines[row])
        if cells.is_text:
            cell = cell.strip()
        elif isinstance(cell, float) and cell.is_integer():
            cell = int(cell)
        if pd.isna(cell) or not str(cell).strip():
            entries.append(("nodes", line, "no name", "", False))
        elif str(cell) in first:
            reason = f"duplicate of {unit} {first[str(cell)]}"
            entries.append(("nodes", line, reason, shorten(cell), False))
        else:
            first[str(cell)] = line
            names.append(cell)
            kept.append(row)
    return names, kept


def _is_mostly_numbers(column: np.ndarray) -> bool:
    return np.isfinite(column).sum() > _MOSTLY * len(column)


def _fill_gaps(
    column: np.ndarray, title: object, cells: Cells, kept: list[int], place: int, entries: list
) -> None:
    """Puts 0 where there is no number, as a row of features has no gaps."""
    missing = np.flatnonzero(~np.isfinite(column))
    if len(missing) == len(column):
        raise InputError("the column holds no number", where="features", value=repr(title))
    for row in (kept[i] for i in missing):
        value = shorten(cells.columns[place][row])
        reason = f"no number in {title}: 0 is taken"
        entries.append(("nodes", int(cells.lines[row]), reason, value, True))
    column[missing] = 0


def _read_labels(cells: list, is_text: bool) -> list[Hashable]:
    if is_text:
        cells = [cell.strip() for cell in cells]
        if all(WHOLE_NUMBER.fullmatch(cell) for cell in cells if cell):
            return [int(cell) if cell else None for cell in cells]
    return [None if is_blank(cell) else cell for cell in cells]
