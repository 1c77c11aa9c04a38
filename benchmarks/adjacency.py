"""Sparse against dense adjacency over the full grid, and the points that gnnlab promises.

    python benchmarks/adjacency.py            # the grid: about half an hour, goes on where it was
    python benchmarks/adjacency.py --targets  # the promises: about ten minutes

Both write to results/. With DGL and torch-sparse installed, these take part. N nodes, E edges,
F features.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import torch
from measure import RESULTS, alternate, forward_backward, write
from torch import nn

from gnnlab.bench import (
    CONTENDERS,
    Graph,
    Problem,
    full_grid,
    make_graph,
    measure_grid,
    peak_memory,
    real_networks,
)
from gnnlab.nn import Adjacency, GCNConv, aggregate

POINTS = [(20_000, 200_000, 64), (100_000, 1_000_000, 64), (200_000, 4_000_000, 128)]
OURS = "gnnlab csr"
#: The factor that is wanted against each of the others, forward and backward of one layer.
WANTED = {
    "PyG edge_index": 8.0,
    "PyG edge_index cached": 8.0,
    "PyG SparseTensor": 1.3,
    "PyG SparseTensor cached": 1.3,
    "DGL": 1.3,
}
LARGEST = (1_000_000, 10_000_000, 64)
MOST_BYTES = 6e9
DECADES = tuple(10**5 * 10**step for step in (0, 0.5, 1, 1.5, 2))


def draw(num_nodes: int, num_edges: int) -> Graph:
    """A random graph of that size, the same one every time."""
    generator = torch.Generator().manual_seed(0)
    return make_graph("random", num_nodes, num_edges / num_nodes**2, generator=generator)


def draw_problem(num_nodes: int, num_edges: int, num_features: int) -> Problem:
    """The graph with features and weights."""
    generator = torch.Generator().manual_seed(1)
    return Problem.draw(draw(num_nodes, num_edges), num_features, generator=generator)


def layers(point: tuple[int, int, int], seconds: float) -> list[dict]:
    """A row per peer: one graph convolution, forward and backward."""
    problem, sides = draw_problem(*point), {}
    for contender in CONTENDERS:
        wanted = contender.operation == "layer" and contender.name in (OURS, *WANTED)
        if wanted and contender.is_installed:
            side = contender.build(problem)
            sides[contender.name] = forward_backward(side, side)
    times = alternate(sides, seconds, rounds=5)
    return [
        row("layer", point, name, times[name], times[OURS], least=WANTED[name])
        for name in times
        if name != OURS
    ]


def product(point: tuple[int, int, int], seconds: float) -> dict:
    """The product alone against reading E F numbers once, in order."""
    N, E, F = point
    graph = draw(N, E)
    weight = torch.rand(graph.num_edges)
    adjacency = Adjacency.from_edge_index(graph.edge_index, N, weight)
    x, numbers = torch.randn(N, F), torch.ones(graph.num_edges * F)
    sides = {"stream": numbers.sum, "product": lambda: aggregate(adjacency, x)}
    times = alternate(sides, seconds)
    return row("product", point, "reading E F numbers", times["stream"], times["product"], 1 / 1.6)


def row(
    what: str, point: tuple[int, int, int], other: str, theirs: float, ours: float, least: float
) -> dict:
    """Times in seconds; ``least`` is the smallest ratio that is wanted."""
    N, E, F = point
    return {
        "what": what,
        "N": N,
        "E": E,
        "F": F,
        "gnnlab [ms]": round(1e3 * ours, 2),
        "other": other,
        "other [ms]": round(1e3 * theirs, 2),
        "ratio": round(theirs / ours, 2),
        "wanted": f">= {least:.3g}",
        "met": theirs / ours >= least,
    }


class GCN(nn.Module):
    """Two graph convolutions of width F."""

    def __init__(self, num_features: int):
        super().__init__()
        self.first = GCNConv(num_features, num_features)
        self.second = GCNConv(num_features, num_features)

    def forward(self, x: torch.Tensor, adjacency: Adjacency) -> torch.Tensor:
        """Node features to node features."""
        return self.second(self.first(x, adjacency).relu(), adjacency)


def prepare_gcn(num_nodes: int, num_edges: int, num_features: int) -> Callable[[], None]:
    """What the measuring process runs: a two-layer GCN with all that it prepares."""
    graph, x = draw(num_nodes, num_edges), torch.randn(num_nodes, num_features)
    model = GCN(num_features)

    def run() -> None:
        adjacency = Adjacency.from_edge_index(graph.edge_index, num_nodes)
        forward_backward(model, lambda: model(x, adjacency))()

    return run


def memory(point: tuple[int, int, int]) -> dict:
    """Peak memory of the whole process, with torch and the graph in it."""
    found = peak_memory(partial(prepare_gcn, *point))
    N, E, F = point
    return {
        "what": "peak memory of a 2-layer GCN",
        "N": N,
        "E": E,
        "F": F,
        "growth [GB]": round(found.growth / 1e9, 2),
        "peak [GB]": round(found.peak / 1e9, 2),
        "wanted": f"< {MOST_BYTES / 1e9:g}",
        "met": found.peak < MOST_BYTES,
    }


def growth(seconds: float, num_nodes: int | None, F: int = 64) -> dict:
    """The exponent of the time in E, with N given or N = E / 10."""
    times = []
    for edges in map(round, DECADES):
        problem = draw_problem(num_nodes or edges // 10, edges, F)
        contender = next(c for c in CONTENDERS if c.name == OURS and c.operation == "layer")
        side = contender.build(problem)
        times.append(alternate({OURS: forward_backward(side, side)}, seconds)[OURS])
    exponent = np.polyfit(np.log(DECADES), np.log(times), 1)[0]
    return {
        "what": "exponent of the time in E",
        "N": num_nodes or "E / 10",
        "F": F,
        **{
            f"E={round(E):.3g} [ms]": round(1e3 * t, 2) for E, t in zip(DECADES, times, strict=True)
        },
        "exponent": round(float(exponent), 3),
        "wanted": "<= 1.1",
        "met": bool(exponent <= 1.1),
    }


def write_targets(seconds: float) -> None:
    """Measures all promises; a table each for times, memory and growth."""
    rows = [found for point in POINTS for found in layers(point, seconds)]
    rows.append(product(POINTS[-1], seconds))
    note = "Medians of one run, in turns; forward and backward of one layer, the product forward."
    write("adjacency_targets", pd.DataFrame(rows), note)
    write("adjacency_memory", pd.DataFrame([memory(LARGEST)]), "Forward and backward.")
    rows = [growth(seconds / 10, None), growth(seconds / 10, 100_000)]
    write("adjacency_growth", pd.DataFrame(rows), "One layer, forward and backward.")


def main() -> None:
    """Measures the grid or the promises."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", action="store_true")
    parser.add_argument("--seconds", type=float, default=30.0, help="per target, at least")
    options = parser.parse_args()
    if options.targets:
        write_targets(options.seconds)
        return
    graphs = real_networks()
    command = "python benchmarks/adjacency.py"
    measure_grid(
        full_grid(graphs),
        RESULTS,
        command,
        graphs=graphs,
        progress=lambda done, total: print(f"{done} of {total} cells", end="\r", flush=True),
    )


if __name__ == "__main__":
    main()
