"""Networks in memory: tables, arrays of edges, adjacency matrices.

Legend: N nodes, E edges, K columns.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from torch import Tensor

from gnnlab.errors import InputError, ShapeError
from gnnlab.networks.reading.columns import Column, choose_columns
from gnnlab.networks.reading.nodes import Cells
from gnnlab.networks.reading.rows import Rows, shorten


def to_frame(source: Any) -> pd.DataFrame:
    """A pandas table from one of pandas, of any library that narwhals knows, or a list of rows.

    Raises:
        InputError: If it is nothing of that kind.
    """
    if isinstance(source, pd.DataFrame):
        return source
    if isinstance(source, Sequence) and not isinstance(source, str | bytes):
        if any(isinstance(row, str) or not hasattr(row, "__iter__") for row in source):
            raise InputError("a row must be two names", where="source", value=shorten(source[:3]))
        return pd.DataFrame(dict(enumerate(map(list, zip_longest(*source)))))
    import narwhals

    try:
        columns = narwhals.from_native(source, eager_only=True).to_dict(as_series=False)
    except TypeError as error:
        raise InputError(
            "no network",
            where="source",
            value=type(source).__name__,
            remedy="give a file, a DataFrame, a networkx graph, edges or an adjacency matrix",
        ) from error
    return pd.DataFrame(columns)


def read_frame(
    frame: pd.DataFrame,
    *,
    columns: Sequence[Column] | None,
    weight: Column | bool | None,
    time: Column | bool | None,
    is_mirrored: bool = False,
) -> tuple[Rows, dict[str, object]]:
    """Reads one connection per row.

    Raises:
        InputError: If there is no such column, or one column only.
    """
    if frame.shape[1] < 2:
        raise InputError("a connection needs two columns", where="source", value=frame.shape)
    titles = frame.columns.tolist()
    chosen = choose_columns(titles, len(titles), columns=columns, weight=weight, time=time)
    rows = Rows("row", is_mirrored=is_mirrored)
    places = (chosen.source, chosen.target, chosen.weight, chosen.time)
    cells = (None if i is None else _to_array(frame.iloc[:, i]) for i in places)
    rows.add(np.arange(len(frame)), *cells)
    return rows, chosen.describe(titles)


def frame_to_cells(frame: pd.DataFrame) -> Cells:
    """A table of nodes."""
    columns = [_to_array(frame.iloc[:, i]).tolist() for i in range(frame.shape[1])]
    return Cells(frame.columns.tolist(), columns, np.arange(len(frame)))


def is_square(array: np.ndarray) -> bool:
    """Whether an array looks like an adjacency matrix; two rows are those of edges."""
    return array.ndim == 2 and array.shape[0] == array.shape[1] and array.shape[0] > 2


def is_named_square(frame: pd.DataFrame) -> bool:
    """Whether a table looks like an adjacency matrix: the same titles above and beside numbers."""
    is_number = all(dtype.kind in "biuf" for dtype in frame.dtypes)
    return is_number and len(frame) > 0 and frame.index.equals(frame.columns)


def read_edges(
    edges: np.ndarray,
    *,
    columns: Sequence[Column] | None,
    weight: Column | bool | None,
    time: Column | bool | None,
) -> tuple[Rows, dict[str, object]]:
    """Reads ``[2, E]``, or ``[E, K]`` with columns for other things behind the first two.

    Raises:
        ShapeError: If it has another shape.
        InputError: If there is no such column.
    """
    if edges.ndim != 2 or (edges.shape[0] != 2 and edges.shape[1] < 2):
        remedy = "give [2, E], [E, 2] or [N, N]"
        raise ShapeError("no edges", where="source", value=list(edges.shape), remedy=remedy)
    frame = pd.DataFrame(edges.T if edges.shape[0] == 2 else edges)
    return read_frame(frame, columns=columns, weight=weight, time=time, is_mirrored=True)


def read_adjacency(
    matrix: np.ndarray | sparse.sparray | pd.DataFrame, *, weight: Column | bool | None
) -> Rows:
    """Reads a matrix ``[N, N]`` whose entries other than 0 are connections.

    Entries are weights if they are not all 1. The nodes have the names of a DataFrame's index, or
    else are the numbers of the rows.

    Raises:
        ShapeError: If it is not square.
    """
    names: Sequence[Hashable] = range(matrix.shape[0])
    if isinstance(matrix, pd.DataFrame):
        names, matrix = matrix.index.tolist(), matrix.to_numpy()
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeError("an adjacency matrix is square", where="source", value=list(matrix.shape))
    if matrix.dtype.kind not in "biuf":
        raise InputError("an adjacency matrix holds numbers", where="source", value=matrix.dtype)
    entries = sparse.coo_array(matrix)
    entries.eliminate_zeros()
    there = ~np.isnan(entries.data)
    rows = Rows("row", nodes=names, is_mirrored=True)
    rows.num_lists = len(names)
    rows.take_problems([(int(row), "no number", "nan") for row in entries.coords[0][~there]])
    lines, v = (index[there].astype(np.int64) for index in entries.coords)
    u, weights = lines, entries.data[there].astype(np.float64)
    if not isinstance(names, range):
        u, v = ([names[i] for i in index] for index in (u, v))
    has_weights = weight is not False and (weights != 1).any()
    rows.add(lines, u, v, weights if has_weights else None)
    return rows


def to_array(source: np.ndarray | Tensor) -> np.ndarray:
    """The numbers of a tensor, or the array itself."""
    return source.detach().cpu().numpy() if isinstance(source, Tensor) else source


def _to_array(column: pd.Series) -> np.ndarray:
    if column.dtype.kind in "iufM" and isinstance(column.dtype, np.dtype):
        return column.to_numpy()
    return column.astype(object).to_numpy()
