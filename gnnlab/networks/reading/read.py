"""Reading a network from whatever the user has: no bad row stops the rest, none is lost."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse
from torch import Tensor

from gnnlab.errors import InputError, UnknownNameError
from gnnlab.networks.reading.build import build_reading
from gnnlab.networks.reading.columns import Column
from gnnlab.networks.reading.delimited import read_cells, read_connections, read_neighbors
from gnnlab.networks.reading.graphs import attributes_to_cells, read_gml, read_graph, read_graphml
from gnnlab.networks.reading.nodes import LABEL_TITLES, NAME_TITLES, NodeTable, read_nodes
from gnnlab.networks.reading.report import Reading
from gnnlab.networks.reading.rows import Rows
from gnnlab.networks.reading.tables import (
    frame_to_cells,
    is_named_square,
    is_square,
    read_adjacency,
    read_edges,
    read_frame,
    to_array,
    to_frame,
)
from gnnlab.networks.reading.text import read_start

if TYPE_CHECKING:
    import networkx

    Source = str | os.PathLike | pd.DataFrame | networkx.Graph | np.ndarray | Tensor | Sequence

#: What a file can be; ``"edges"`` and ``"adjacency"`` are also for arrays and tables.
FORMATS = ("edges", "graphml", "gml", "neighbors", "adjacency")

_SUFFIXES = {".graphml": "graphml", ".gml": "gml", ".adjlist": "neighbors"}


def read_network(
    source: Source,
    *,
    format: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    comment: str = "#%",
    columns: Sequence[Column] | None = None,
    weight: Column | bool | None = None,
    time: Column | bool | None = None,
    nodes: str | os.PathLike | pd.DataFrame | None = None,
    features: Sequence[Column] | None = None,
    label: Column | None = None,
) -> Reading:
    r"""Reads a network; connections have no direction.

    Names are kept as the user writes them; in text, names that are all whole numbers become
    numbers, in ascending order. A row that is no connection is left out and reported with its
    line: names or fields that are missing, a connection of a node to itself, a weight that is not
    a positive number, a time that is none, bytes that are not UTF-8. A connection that was there
    before is reported too, and kept: weights are added up, and the earliest time counts.

    Args:
        source: A file, also compressed by gzip (a connection per line, with commas, tabs or blanks
            between; a list of neighbours; GraphML; GML), a DataFrame (of pandas, or any that
            narwhals knows) or a list of rows, a graph of networkx, edges ``[2, E]`` or ``[E, 2]``,
            an adjacency matrix ``[N, N]`` (NumPy, SciPy, torch, or a DataFrame with equal titles).
            If edges have both directions of every connection, none is a duplicate.
        format: ``"edges"``, ``"graphml"``, ``"gml"``, ``"neighbors"`` or ``"adjacency"``; by
            default it is told from the name of the file and its beginning, or from the shape.
        delimiter: Between the columns of a file, a blank for any number of blanks; by default it
            is told from the first lines.
        header: Whether the first line holds titles; by default it is told from the first lines.
        comment: The characters that a line begins with if it is to be skipped.
        columns: The two columns of names, by their titles or their numbers from 0. By default those
            with usual titles, such as source and target, or the first two.
        weight: The column, or attribute of edges, that holds weights. By default that with a usual
            title, if there is one; ``False`` for none.
        time: The same for times: numbers, or dates, which become seconds since 1970.
        nodes: A second table, as a file or a DataFrame: a column ``name`` (or else the first one),
            features and labels. A node that is only there has no connections.
        features: The columns of features in the second table; by default all those of numbers. For
            graphs, GraphML and GML without a second table the attributes of nodes; by default none.
        label: The column of labels, by default the one called so; or the attribute of nodes.

    Raises:
        InputError: If the file cannot be read, a column does not exist, no connection is left, or
            features or labels are asked for where there can be none.
        FileFormatError: If the file is empty, damaged, no text, or holds no connection.
        ShapeError: If an array is neither edges nor an adjacency matrix.
        MemoryLimitError: If a GraphML or GML file is too large.

    Example:
        >>> path = getfixture("tmp_path") / "friends.csv"
        >>> _ = path.write_text("person,friend,weight\nAnna,Kitty,2\n,Kitty,1\nLevin,Kitty,-1\n")
        >>> reading = read_network(path, columns=("person", "friend"))
        >>> reading.network.names, reading.network.edge_weight.tolist()
        (['Anna', 'Kitty'], [2.0])
        >>> print(reading.report[["line", "reason", "value"]].to_string(index=False))
         line                     reason   value
            3                    no name , Kitty
            4 the weight is not positive      -1
    """
    _check_options(format, delimiter, columns)
    text = {"delimiter": delimiter, "comment": comment}
    chosen = {"columns": columns, "weight": weight, "time": time}
    table = None
    if nodes is not None:
        table = _read_node_table(nodes, features, label, comment)
    path = Path(source) if isinstance(source, str | os.PathLike) else None
    if path is None:
        rows, found, graph = _read_object(source, format, chosen)
    else:
        rows, found, graph = _read_file(path, format, header, text, chosen)
    if graph is not None and table is None and (features is not None or label is not None):
        titles = dict.fromkeys([*(features or ()), *([] if label is None else [label])])
        cells = attributes_to_cells(graph, list(titles), rows.is_text)
        table = read_nodes(cells, features=features or (), label=label)
    if table is None and (features is not None or label is not None):
        raise InputError(
            "features and labels are those of nodes", remedy="give a second table as nodes"
        )
    return build_reading(rows, found, table, path and path.name)


def _check_options(
    format: str | None, delimiter: str | None, columns: Sequence[Column] | None
) -> None:
    if format is not None and format not in FORMATS:
        raise UnknownNameError.of("format", format, FORMATS)
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
        raise InputError("one character is needed", where="delimiter", value=repr(delimiter))
    is_list = isinstance(columns, Sequence) and not isinstance(columns, str)
    if columns is not None and (not is_list or len(columns) != 2):
        raise InputError("name two columns", where="columns", value=repr(columns))


def _read_file(
    path: Path, format: str | None, header: bool | None, text: dict, chosen: dict
) -> tuple[Rows, dict, networkx.Graph | None]:
    format = format or _tell_format(path)
    if format == "adjacency":
        remedy = "read the matrix first, and give it instead of the file"
        raise InputError("a matrix is not read from a file", value=str(path), remedy=remedy)
    if format == "edges":
        return *read_connections(path, header=header, **text, **chosen), None
    if format == "neighbors":
        return read_neighbors(path, **text), {}, None
    graph = read_graphml(path) if format == "graphml" else read_gml(path)
    return *_read_graph(graph, chosen, is_text=True), graph


def _tell_format(path: Path) -> str:
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    start = read_start(path).decode(errors="replace").lstrip("\ufeff \t\r\n")
    if re.match(r"<(\?xml|graphml|!)", start):
        return "graphml"
    return "gml" if re.search(r"^\s*graph\s*\[", start, re.MULTILINE) else "edges"


def _read_object(
    source: Any, format: str | None, chosen: dict
) -> tuple[Rows, dict, networkx.Graph | None]:
    if hasattr(source, "adj") and hasattr(source, "is_multigraph"):
        return *_read_graph(source, chosen, is_text=False), source
    if isinstance(source, np.ndarray | Tensor):
        source = to_array(source)
        if format == "adjacency" or (format is None and is_square(source)):
            return read_adjacency(source, weight=chosen["weight"]), {}, None
        return *read_edges(source, **chosen), None
    if sparse.issparse(source):
        return read_adjacency(source, weight=chosen["weight"]), {}, None
    frame = to_frame(source)
    is_matrix = format is None and isinstance(source, pd.DataFrame) and is_named_square(frame)
    if format == "adjacency" or is_matrix:
        return read_adjacency(frame, weight=chosen["weight"]), {}, None
    return *read_frame(frame, **chosen), None


def _read_graph(graph: networkx.Graph, chosen: dict, is_text: bool) -> tuple[Rows, dict]:
    return read_graph(graph, weight=chosen["weight"], time=chosen["time"], is_text=is_text)


def _read_node_table(
    nodes: str | os.PathLike | pd.DataFrame,
    features: Sequence[Column] | None,
    label: Column | None,
    comment: str,
) -> NodeTable:
    if isinstance(nodes, str | os.PathLike):
        known = (*NAME_TITLES, *LABEL_TITLES)
        cells = read_cells(Path(nodes), known=known, delimiter=None, comment=comment)
    else:
        cells = frame_to_cells(to_frame(nodes))
    return read_nodes(cells, features=features, label=label)
