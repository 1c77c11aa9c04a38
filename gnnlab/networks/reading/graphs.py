"""Graphs of networkx, and the files that networkx reads: GraphML and GML."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gnnlab.errors import FileFormatError, InputError
from gnnlab.networks.reading.columns import TIME_TITLES, WEIGHT_TITLES
from gnnlab.networks.reading.nodes import Cells
from gnnlab.networks.reading.rows import Rows
from gnnlab.networks.reading.text import read_text

if TYPE_CHECKING:
    import networkx

# An entity can only be declared in one of these, and its text may be a billion times as long.
_DECLARATION = re.compile(r"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_GRAPH = re.compile(r"^([ \t]*graph\s*\[)", re.MULTILINE)


def read_graphml(path: Path) -> networkx.Graph:
    """Reads GraphML with networkx.

    Raises:
        FileFormatError: If it is no GraphML, or declares entities.
    """
    text = read_text(path)
    if found := _DECLARATION.search(text):
        raise FileFormatError(
            "a document type could make a small file endless, so it is not read",
            where=f"{path.name}, line {text.count(chr(10), 0, found.start()) + 1}",
            value=found[0],
            remedy="delete the declaration",
        )
    import networkx

    return _name_by_label(_parse(networkx.parse_graphml, text, path, "GraphML"))


def read_gml(path: Path) -> networkx.Graph:
    """Reads GML with networkx.

    Raises:
        FileFormatError: If it is no GML.
    """
    import networkx

    # Without the mark, a connection that is there twice would be the end of the whole file.
    text = _GRAPH.sub(r"\1 multigraph 1 ", read_text(path), count=1)
    parse = lambda text: networkx.parse_gml(text, label=None)  # noqa: E731
    return _name_by_label(_parse(parse, text, path, "GML"))


def read_graph(
    graph: networkx.Graph, *, weight: str | bool | None, time: str | bool | None, is_text: bool
) -> tuple[Rows, dict[str, object]]:
    """Reads the nodes and edges of any graph of networkx.

    Args:
        graph: The graph; directions do not count.
        weight: The attribute of edges that holds weights; by default one with a usual name.
        time: The attribute of edges that holds times; by default one with a usual name.
        is_text: Whether the names were read from text.

    Raises:
        InputError: If no edge has such an attribute.
    """
    edges = list(graph.edges(data=True))
    titles = dict.fromkeys(title for *_, attributes in edges for title in attributes)
    weight = _find(titles, weight, "weight", WEIGHT_TITLES)
    time = _find(titles, time, "time", TIME_TITLES)
    rows = Rows("edge", is_text=is_text, nodes=list(graph.nodes))
    columns = [[edge[0] for edge in edges], [edge[1] for edge in edges]]
    for title in (weight, time):
        columns.append(None if title is None else [edge[2].get(title) for edge in edges])
    rows.add(np.arange(len(edges)), *columns)
    found = {"weight": weight, "time": time}
    return rows, {name: title for name, title in found.items() if title is not None}


def attributes_to_cells(graph: networkx.Graph, titles: Sequence[str], is_text: bool) -> Cells:
    """A table of nodes with some of their attributes.

    Raises:
        InputError: If no node has such an attribute.
    """
    known = {title for _, attributes in graph.nodes(data=True) for title in attributes}
    for title in titles:
        if title not in known:
            raise InputError(
                "no node has this attribute",
                where="nodes",
                value=repr(title),
                remedy=f"use one of {sorted(map(str, known))}" if known else None,
            )
    columns = [list(graph.nodes)]
    columns += [[graph.nodes[node].get(title) for node in graph] for title in titles]
    return Cells(["name", *titles], columns, np.arange(len(graph)))


def _parse(
    parse: Callable[[str], networkx.Graph], text: str, path: Path, kind: str
) -> networkx.Graph:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parse(text)
    except Exception as error:  # networkx lets through whatever its parsers raise.
        line = getattr(error, "position", (None,))[0]
        raise FileFormatError(
            f"the file is no {kind}",
            where=f"{path.name}, line {line}" if line else path.name,
            value=str(error)[:200] or type(error).__name__,
        ) from error


def _name_by_label(graph: networkx.Graph) -> networkx.Graph:
    """Names nodes by their labels if all have one of their own, as programs write them so."""
    import networkx

    labels = {node: attributes.get("label") for node, attributes in graph.nodes(data=True)}
    are_names = all(isinstance(label, str | int) and label != "" for label in labels.values())
    if are_names and len(set(labels.values())) == len(labels):
        return networkx.relabel_nodes(graph, labels)
    return graph


def _find(
    titles: dict[str, None], title: str | bool | None, where: str, known: Sequence[str]
) -> str | None:
    if title is False:
        return None
    if title is None:
        return next((title for title in titles if str(title).lower() in known), None)
    if title not in titles:
        raise InputError(
            "no edge has this attribute",
            where=where,
            value=repr(title),
            remedy=f"use one of {sorted(map(str, titles))}" if titles else None,
        )
    return title
