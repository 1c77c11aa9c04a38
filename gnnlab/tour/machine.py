"""First chapter: one layer is torch's LSTM on a path, a Tree-LSTM on a tree, a GNN on a graph."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from gnnlab import nn, plots
from gnnlab.tour.page import Chapter, Picture, Table, Text

_HIDDEN = 16
_WIDTH = 8
_STEPS = 4


def one_machine(folder: Path, quick: bool) -> Chapter:
    """The thesis, shown: largest differences to the textbook networks, and executors that agree."""
    torch.manual_seed(0)
    picture = _draw_graphs(folder / "graphs.png")
    return Chapter(
        "One machine, three networks",
        [
            Text(
                "A sentence read word by word is a path graph. Its parse is a tree. A circle of "
                "friends is a graph with cycles. The same node-update function, here an LSTM cell, "
                "runs on all three; only the edges differ."
            ),
            Picture(picture, "States travel along the arrows, from source to target."),
            Text(
                "On the path, `RecurrentConv(LSTMCell)` is not like `torch.nn.LSTM`: it is that "
                "network, to the last bits of a double. Run it on the reversed path as well and it "
                "is the bidirectional LSTM; give it a tree and a forget gate for every child and "
                "it is the Tree-LSTM; let the states stay at their nodes while the messages come "
                "in, and it is a gated graph network."
            ),
            Table(_against_the_textbook(), "Largest difference in any number, double precision."),
            Text(
                "There are several exact ways to compute the same thing. The layer picks the "
                "fastest that applies: torch's fused kernels for paths, a parallel scan for cells "
                "that are affine in their state, whole levels at once for trees."
            ),
            Table(
                _executors(repeats=3 if quick else 10),
                "Forward pass of the same cell on the same graph; the difference is to "
                "`reference`, which visits one node after the other.",
            ),
        ],
    )


def _draw_graphs(path: Path) -> Path:
    walk = [(step / 4, 0.5) for step in range(5)]
    tree = [(0.5, 1.0), (0.2, 0.5), (0.8, 0.5), (0.0, 0.0), (0.4, 0.0)]
    circle = [(0.1, 0.1), (0.1, 0.9), (0.9, 0.9), (0.9, 0.1), (0.5, 0.5)]
    graphs = {
        "a path: an LSTM": (walk, [(0, 1), (1, 2), (2, 3), (3, 4)]),
        "a tree: a Tree-LSTM": (tree, [(1, 0), (2, 0), (3, 1), (4, 1)]),
        "any graph: a gated graph network": (
            circle,
            [(0, 1), (1, 2), (2, 3), (3, 0), (0, 4), (4, 2)],
        ),
    }
    return plots.graph_row(graphs, path)


def _against_the_textbook() -> pd.DataFrame:
    rows = [
        ("path, 100 nodes", "`RecurrentConv(LSTMCell)`", "`torch.nn.LSTM`", _path(False)),
        (
            "two opposite paths",
            "`RecurrentConv(LSTMCell, bidirectional=True)`",
            "`torch.nn.LSTM(bidirectional=True)`",
            _path(True),
        ),
        (
            "binary tree, 127 nodes",
            "`RecurrentConv(ChildSumTreeLSTMCell)`",
            "one node after the other",
            _tree(),
        ),
        (
            f"ring with chords, {_STEPS} steps",
            "`GatedGraphConv(GRUCell)`",
            "a loop over nodes and edges",
            _ring(),
        ),
    ]
    return pd.DataFrame(rows, columns=["graph", "layer", "compared with", "largest difference"])


def _path(bidirectional: bool) -> float:
    T = 100
    lstm = torch.nn.LSTM(_WIDTH, _HIDDEN, bidirectional=bidirectional).double()
    conv = nn.RecurrentConv(nn.LSTMCell.from_torch(lstm), bidirectional=bidirectional)
    if bidirectional:
        conv.cell_reverse = nn.LSTMCell.from_torch(lstm, reverse=True)
    x = torch.randn(T, _WIDTH, dtype=torch.float64)
    path = torch.stack([torch.arange(T - 1), torch.arange(1, T)])  # [2, T-1]
    return _difference(conv(x, path), lstm(x)[0])


def _tree() -> float:
    cell = nn.ChildSumTreeLSTMCell(_WIDTH, _HIDDEN).double()
    child = torch.arange(1, 127)
    edge_index = torch.stack([child, (child - 1) // 2])  # children send to their parent
    x = torch.randn(127, _WIDTH, dtype=torch.float64)
    oracle = nn.RecurrentConv(cell, executor="reference")
    return _difference(nn.RecurrentConv(cell)(x, edge_index), oracle(x, edge_index))


def _ring() -> float:
    node = torch.arange(30)
    edge_index = torch.cat(
        [torch.stack([node, (node + 1) % 30]), torch.stack([node, (node * 7 + 3) % 30])], dim=1
    )
    conv = nn.GatedGraphConv(nn.GRUCell(_HIDDEN, _HIDDEN), steps=_STEPS).double()
    x = torch.randn(30, _HIDDEN, dtype=torch.float64)
    h = x
    for _ in range(_STEPS):
        messages = torch.zeros_like(h)
        for source, target in edge_index.T.tolist():
            messages[target] += conv.weight[0] @ h[source]
        h = torch.stack([conv.cell(messages[v : v + 1], h[v : v + 1])[0][0] for v in range(30)])
    return _difference(conv(x, edge_index), h)


def _executors(repeats: int) -> pd.DataFrame:
    T, B = 30, 32
    paths = nn.Schedule.from_lengths([T] * B)
    child = torch.arange(1, 1023)
    trees = nn.Schedule.from_edge_index(torch.stack([child, (child - 1) // 2]), 1023)
    cases = [
        (f"{B} paths of {T} nodes", nn.LSTMCell, paths, ("kernel", "levels", "sync")),
        (f"{B} paths of {T} nodes", nn.MinGRUCell, paths, ("scan", "levels", "sync")),
        ("binary tree, 1,023 nodes", nn.ChildSumTreeLSTMCell, trees, ("levels", "sync")),
    ]
    rows = []
    for graph, kind, schedule, executors in cases:
        cell = kind(_WIDTH, _HIDDEN).double()
        x = torch.randn(schedule.num_nodes, _WIDTH, dtype=torch.float64)
        oracle, slow = _timed(nn.RecurrentConv(cell, executor="reference"), x, schedule, 1)
        for executor in executors:
            conv = nn.RecurrentConv(cell, executor=executor)
            out, seconds = _timed(conv, x, schedule, repeats)
            rows.append((graph, kind.__name__, executor, 1e3 * seconds, _difference(out, oracle)))
        rows.append((graph, kind.__name__, "reference", 1e3 * slow, 0.0))
    names = ["graph", "cell", "executor", "milliseconds", "difference"]
    return pd.DataFrame(rows, columns=names)


@torch.no_grad()
def _timed(conv: nn.RecurrentConv, x: Tensor, graph: nn.Schedule, repeats: int):
    """The output and the shortest of ``repeats`` times, after one run to warm up."""
    seconds = []
    out = conv(x, graph)
    for _ in range(repeats):
        start = time.perf_counter()
        out = conv(x, graph)
        seconds.append(time.perf_counter() - start)
    return out, min(seconds)


def _difference(one: Tensor, other: Tensor) -> float:
    return (one - other).abs().max().item()
