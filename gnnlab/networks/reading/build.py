"""From rows, and a table of nodes, to a network and a report.

Legend: R rows, N nodes, F features, M rows of the table of nodes.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd

from gnnlab.errors import FileFormatError, InputError
from gnnlab.networks.network import Network
from gnnlab.networks.reading.nodes import NodeTable
from gnnlab.networks.reading.numbers import WHOLE_NUMBER
from gnnlab.networks.reading.report import Reading, count_reasons
from gnnlab.networks.reading.rows import Rows, shorten


def build_reading(
    rows: Rows, columns: dict[str, object], table: NodeTable | None = None, file: str | None = None
) -> Reading:
    """Makes a network of the good rows.

    Args:
        rows: All rows.
        columns: What was read from which column.
        table: What is known about nodes.
        file: The file that the rows come from, if they come from one.

    Raises:
        FileFormatError: If there is no connection in the file.
        InputError: If there is none in another source.
    """
    pairs, lines, weight, time = rows.columns()  # [2, R], [R], [R], [R]
    if rows.is_mirrored:
        kept = _once(pairs, weight, len(rows.names))
        pairs, lines = pairs[:, kept], lines[kept]
        weight, time = (None if values is None else values[kept] for values in (weight, time))
    entries = [("connections", *problem, False) for problem in rows.problems]
    written = list(rows.names)
    entries += _repeated(pairs, lines, written, rows.unit)
    if (pairs[0] == pairs[1]).all():
        kind = FileFormatError if file else InputError
        found = ", ".join(count_reasons(entries, rows.unit)) or None
        raise kind("there is no connection", where=file or "source", value=found)
    names, places = _name_nodes(rows, pairs, written, table)
    x = labels = None
    if table is not None:
        x, labels = table.spread(names)
        entries += table.entries
        columns = columns | table.columns
    network = Network.of(
        names, places[pairs], edge_weight=weight, edge_time=time, x=x, labels=labels
    )
    return Reading(network, columns, rows.num_rows, rows.num_comments, rows.unit, entries)


def _once(pairs: np.ndarray, weight: np.ndarray | None, num_names: int) -> np.ndarray:
    """Which rows to keep, so that a source with both directions of all connections gives them once.

    Where a direction is missing, or weighs another weight, all rows are kept.
    """
    u, v = pairs
    values = np.ones(len(u)) if weight is None else weight
    forward, backward = u * num_names + v, v * num_names + u
    there, back = np.lexsort((values, forward)), np.lexsort((values, backward))
    is_same = (forward[there] == backward[back]).all() and (values[there] == values[back]).all()
    return u <= v if is_same else np.ones(len(u), dtype=bool)


def _repeated(pairs: np.ndarray, lines: np.ndarray, names: list, unit: str) -> list[tuple]:
    """Entries for connections of a node to itself, and for those that were there before."""
    is_loop = pairs[0] == pairs[1]
    entries = [
        ("connections", line, "connected to itself", shorten(names[u]), False)
        for line, u in zip(lines[is_loop].tolist(), pairs[0, is_loop].tolist(), strict=True)
    ]
    pairs, lines = pairs[:, ~is_loop], lines[~is_loop]
    codes, _ = pd.factorize(pairs.min(0) * len(names) + pairs.max(0))
    _, first = np.unique(codes, return_index=True)
    again = np.flatnonzero(first[codes] != np.arange(len(codes)))
    columns = lines[again], lines[first[codes[again]]], *pairs[:, again]
    return entries + [
        ("connections", line, f"duplicate of {unit} {before}", _pair(names[u], names[v]), True)
        for line, before, u, v in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _pair(source: Hashable, target: Hashable) -> str:
    return shorten(f"{source}, {target}")


def _name_nodes(
    rows: Rows, pairs: np.ndarray, written: list, table: NodeTable | None
) -> tuple[list, np.ndarray]:
    """The names of all nodes in order, and the place of each of the rows' names among them.

    Nodes that are known come first, then others as they appear, then those of the table. If all
    are numbers, read from text or not known before, they ascend.
    """
    order = pd.unique(np.concatenate([np.array(rows.known, dtype=np.int64), pairs.T.ravel()]))
    names = [written[code] for code in order]
    is_number = not rows.known and all(type(name) is int for name in names)
    if table is not None:
        present = {str(name) for name in names}
        names += [name for name in table.names if str(name) not in present]
    if rows.is_text or is_number:
        texts = [str(name) for name in names]
        is_number = all(map(WHOLE_NUMBER.fullmatch, texts))
        if is_number:
            names = list(map(int, texts))
    places = np.full(len(written), -1)
    rank = np.arange(len(names))
    if is_number:
        numbers = np.array(names)
        ascending = np.argsort(numbers)
        rank[ascending] = np.arange(len(names))
        names = numbers[ascending].tolist()
    places[order] = rank[: len(order)]
    return names, places
