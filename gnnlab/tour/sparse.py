"""Chapter on graphs as lists of connections: what a matrix costs, and what the list saves."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from torch_geometric.nn import GCNConv as PyGConv
from torch_geometric.nn.models import GCN

from gnnlab.nn import LAYOUTS, Adjacency, GCNConv, accelerate, choose_layout
from gnnlab.nn.memory import available_memory, human
from gnnlab.tour.page import Chapter, Table, Text

_DEGREE = 10
_WIDTH = 64


def list_or_matrix(folder: Path, quick: bool) -> Chapter:
    """Memory and time of the same layer on a matrix and on a list, and a PyG model made fast."""
    torch.manual_seed(0)
    num_nodes = 1_000 if quick else 2_000
    repeats = 5 if quick else 20
    return Chapter(
        "A matrix of N x N, or a list of connections?",
        [
            Text(
                "A graph convolution sums over neighbours: `A H`. Written as a matrix, A has an "
                "entry for every pair of nodes, although a person knows a few hundred others and "
                "an atom four. Its memory grows with the square of the number of nodes; a list of "
                "the connections that exist grows with their number."
            ),
            Table(
                _memory(),
                f"Nodes with {_DEGREE} neighbours each, 4 bytes a number. This computer has "
                f"{human(available_memory())} free.",
            ),
            Text(
                "For time the question is open: a dense matrix product does more arithmetic, but "
                "does it very fast. So it depends on the density, and on the machine. This is one "
                f"layer, forward and backward, on {num_nodes:,} nodes with {_WIDTH} features; all "
                "columns compute the same numbers."
            ),
            Table(_times(num_nodes, repeats), "Milliseconds, the shortest of several runs."),
            Text(_advice(num_nodes)),
            Text(
                "The layout `csr` is the list grouped by receiver, summed by a fused product that "
                "torch already has inside (its embedding bags) and that needs no other library. "
                "Models of PyTorch Geometric can use it as they are: `gnnlab.accelerate(model)` "
                "changes how they sum, not what."
            ),
            Table(_accelerated(quick), "One training step, two layers, the same parameters."),
            Text("The full comparison: `gnnlab bench adjacency`."),
        ],
    )


def _memory() -> pd.DataFrame:
    rows = []
    for num_nodes in (1_000, 10_000, 100_000, 1_000_000):
        as_list = 4 * (num_nodes + 1) + 2 * 4 * _DEGREE * num_nodes  # rows, senders, weights
        rows.append((f"{num_nodes:,}", human(4 * num_nodes**2), human(as_list)))
    return pd.DataFrame(rows, columns=["nodes", "matrix", "list"])


def _times(num_nodes: int, repeats: int) -> pd.DataFrame:
    x = torch.randn(num_nodes, _WIDTH)
    rows = []
    for density in (0.001, 0.01, 0.1):
        edge_index = torch.randint(num_nodes, (2, int(density * num_nodes**2)))
        row: dict[str, object] = {"density": f"{density:.1%}"}
        for layout in LAYOUTS:
            graph = Adjacency.from_edge_index(edge_index, num_nodes).to_layout(layout)
            layer = GCNConv(_WIDTH, _WIDTH)
            row[layout] = 1e3 * _shortest(_step(layer, x, graph), repeats)
        layer = PyGConv(_WIDTH, _WIDTH)
        row["PyG's GCNConv"] = 1e3 * _shortest(_step(layer, x, edge_index), repeats)
        rows.append(row)
    return pd.DataFrame(rows)


def _advice(num_nodes: int) -> str:
    choices = [
        choose_layout(num_nodes, int(density * num_nodes**2), _WIDTH) for density in (0.001, 0.1)
    ]
    sparse, dense = (choice.explain() for choice in choices)
    return (
        f"`choose_layout` predicts this from a few measured numbers of the machine. At 0.1 %: "
        f"{sparse} At 10 %: {dense}"
    )


def _accelerated(quick: bool) -> pd.DataFrame:
    num_nodes, num_edges = (5_000, 50_000) if quick else (20_000, 200_000)
    edge_index = torch.randint(num_nodes, (2, num_edges))
    x = torch.randn(num_nodes, _WIDTH)
    plain = GCN(_WIDTH, _WIDTH, num_layers=2)
    fast = accelerate(copy.deepcopy(plain))
    seconds = [_shortest(_step(model, x, edge_index), 5) for model in (plain, fast)]
    difference = (plain(x, edge_index) - fast(x, edge_index)).abs().max().item()
    graph = f"{num_nodes:,} nodes, {num_edges:,} edges"
    return pd.DataFrame(
        [
            (graph, "`torch_geometric.nn.models.GCN`", 1e3 * seconds[0], ""),
            (graph, "the same, `accelerate`d", 1e3 * seconds[1], f"{difference:.0e}"),
        ],
        columns=["graph", "model", "milliseconds", "largest difference"],
    )


def _step(model: torch.nn.Module, x: torch.Tensor, graph: object) -> Callable[[], None]:
    def step() -> None:
        model.zero_grad(set_to_none=True)
        model(x, graph).sum().backward()

    return step


def _shortest(call: Callable[[], None], repeats: int) -> float:
    """The shortest of ``repeats`` times, after one call to warm up."""
    call()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
