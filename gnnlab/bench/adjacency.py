"""Sparse or dense adjacency? Measured on a grid of graphs, or on the graph of a user."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from gnnlab.bench.graphs import Graph, undirected
from gnnlab.bench.grid import GridCell
from gnnlab.bench.report import write_report
from gnnlab.bench.sweep import QUICK, Settings, sweep
from gnnlab.data import make_folder
from gnnlab.errors import InputError
from gnnlab.networks import read_edge_list
from gnnlab.nn.calibrate import Machine, calibrate
from gnnlab.nn.layout import choose_layout

Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    pass


@dataclass(frozen=True)
class Advice:
    """What was measured on one graph, and the layout to use.

    Args:
        graph: The graph as it was measured: undirected, without duplicates and self loops.
        table: A row per contender.
        layouts: The recommended layout for each number of features.
        reasons: Why, in a sentence, for each number of features.
    """

    graph: Graph
    table: pd.DataFrame
    layouts: dict[int, str]
    reasons: dict[int, str]


def measure_grid(
    cells: Iterable[GridCell],
    out: Path,
    command: str,
    *,
    graphs: Mapping[str, Graph] | None = None,
    settings: Settings | None = None,
    progress: Progress = _silent,
) -> pd.DataFrame:
    """Measures a grid into ``out/adjacency.csv``, and reports in ``out/adjacency.md``.

    Cells that the table in ``out`` already holds are kept. The figures are in ``out/adjacency/``.

    Args:
        cells: What to measure; see :func:`~gnnlab.bench.grid.full_grid`.
        out: The folder, created if needed.
        command: How to do it again, for the report.
        graphs: Graphs that are given, by the ``kind`` of their cells.
        settings: How long to measure.
        progress: Called with the number of finished cells and of all.

    Returns:
        The table; see :func:`~gnnlab.bench.sweep.sweep`.
    """
    make_folder(out)
    table = sweep(
        cells,
        out / "adjacency.csv",
        _calibrate,
        graphs=graphs,
        settings=settings,
        progress=progress,
    )
    write_report(table, out / "adjacency.md", out / "adjacency", calibrate(), command)
    return table


def measure_graph(
    path: Path,
    features: Iterable[int],
    out: Path,
    *,
    settings: Settings = QUICK,
    progress: Progress = _silent,
) -> Advice:
    """Measures all contenders on the graph of a file, into a table that has its name.

    Args:
        path: An edge list; see :func:`~gnnlab.networks.read_edge_list`.
        features: The numbers of features to measure with.
        out: The folder, created if needed.
        settings: How long to measure.
        progress: Called with the number of finished cells and of all.

    Raises:
        InputError: If the file is missing or the folder is a file.
        FileFormatError: If a line is not an edge.
    """
    edges = read_edge_list(path)
    name = path.name.split(".")[0]
    graph = undirected(name, edges.edge_index, edges.num_nodes)
    if not graph.num_edges:
        raise InputError("all edges lead from a node to itself", where=path.name)
    cells = [GridCell(name, num_features=F) for F in features]
    make_folder(out)
    target = out / f"{name}.csv"
    target.unlink(missing_ok=True)  # the file may hold another graph by now
    table = sweep(
        cells, target, _calibrate, graphs={name: graph}, settings=settings, progress=progress
    )
    choices = {
        cell.num_features: choose_layout(
            graph.num_nodes, graph.num_edges + graph.num_nodes, cell.num_features
        )
        for cell in cells
    }
    layouts = {F: choice.layout for F, choice in choices.items()}
    return Advice(graph, table, layouts, {F: choice.explain() for F, choice in choices.items()})


def _calibrate(dtype: torch.dtype) -> Machine:
    return calibrate(dtype=dtype)
