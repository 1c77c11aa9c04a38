"""choose_layout against the clock: is the layout that it picks the fastest one?

Forward and backward of aggregate() in every layout, on random graphs of many sizes and densities
and on batches of small graphs. A cell is one graph, number of features and type of numbers.

OMP_NUM_THREADS=1 python benchmarks/layout_model.py [--quick] [--seconds 0.4]
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from measure import alternate, write

from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.aggregate import aggregate
from gnnlab.nn.calibrate import calibrate
from gnnlab.nn.layout import choose_layout

DENSITIES = [1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.2, 0.4, 0.7, 1.0]
FEATURES = [16, 64, 256]
DTYPES = [torch.float32, torch.bfloat16]
DEGREES = [2, 8]  # edges per node of the small graphs
MOST_EDGES = 2**23  # the crossover is below that, up to 2**12 nodes
MOST_MESSAGE_BYTES = 2**26  # with more, coo is far from the fastest and takes long
ROUNDS = 5
LAYOUTS = ["coo", "csr", "dense"]


def single_graphs(most: int, step: int) -> Iterator[tuple[int, int, int]]:
    """Sizes B = 1, N and E of every graph, at least an edge for four nodes."""
    for power, density in itertools.product(range(7, most + 1, step), DENSITIES):
        num_nodes = 2**power
        num_edges = round(density * num_nodes**2)
        if num_nodes / 4 <= num_edges <= MOST_EDGES:
            yield 1, num_nodes, num_edges


def batches(quick: bool) -> Iterator[tuple[int, int, int]]:
    """Sizes B, N and E of batches of graphs with 8 to 128 nodes."""
    counts, nodes = ([16, 128], [8, 64]) if quick else ([16, 128, 1024], [8, 16, 24, 64, 128])
    for num_graphs, size, degree in itertools.product(counts, nodes, DEGREES):
        if num_graphs * size**2 <= 2**22:
            yield num_graphs, num_graphs * size, num_graphs * size * degree


def build(num_graphs: int, num_nodes: int, num_edges: int, dtype: torch.dtype) -> dict:
    """The same random graph in every layout; in a batch, no edge leaves its graph."""
    size = num_nodes // num_graphs
    graph = torch.randint(num_graphs, (num_edges,))
    ends = torch.randint(size, (2, num_edges))
    weight = torch.rand(num_edges).to(dtype)
    matrices = torch.zeros(num_graphs, size, size, dtype=dtype)
    matrices.view(-1).index_add_(0, (graph * size + ends[0]) * size + ends[1], weight)
    edges = graph * size + ends
    dense = "dense" if num_graphs == 1 else "padded"
    return {
        "coo": Adjacency.from_edge_index(edges, num_nodes, weight, layout="coo"),
        "csr": Adjacency.from_edge_index(edges, num_nodes, weight, layout="csr"),
        dense: Adjacency.from_dense(matrices[0] if num_graphs == 1 else matrices),
    }


def forward_backward(adjacency: Adjacency, num_features: int, dtype: torch.dtype):
    """A call that aggregates once, with the gradient towards the states."""
    x = torch.randn(*adjacency.node_shape, num_features).to(dtype).requires_grad_()
    gradient = torch.randn(x.shape).to(dtype)
    return lambda: torch.autograd.grad(aggregate(adjacency, x), x, gradient)


def measure(sizes: tuple[int, int, int], dtype: torch.dtype, seconds: float) -> Iterator[dict]:
    """A row per number of features: measured and predicted milliseconds."""
    num_graphs, num_nodes, num_edges = sizes
    adjacencies = build(*sizes, dtype)
    for num_features in FEATURES:
        sides = {
            layout: forward_backward(adjacency, num_features, dtype)
            for layout, adjacency in adjacencies.items()
            if layout != "coo" or num_edges * num_features * dtype.itemsize <= MOST_MESSAGE_BYTES
        }
        # A turn of coo frees so much memory that the next one would be slowed down.
        apart = {"coo": sides.pop("coo")} if "coo" in sides else {}
        times = alternate(sides, seconds, rounds=ROUNDS)
        times |= alternate(apart, seconds / 4, rounds=ROUNDS) if apart else {}
        choice = choose_layout(
            num_nodes, num_edges, num_features, num_graphs=num_graphs, dtype=dtype
        )
        best = min(times, key=times.get)
        regret = times[choice.layout] / times[best] - 1 if choice.layout in times else math.inf
        yield {
            "dtype": str(dtype).removeprefix("torch."),
            "B": num_graphs,
            "N": num_nodes,
            "E": num_edges,
            "F": num_features,
            "density": choice.density,
            **_milliseconds(times, ""),
            **_milliseconds(choice.times, "predicted "),
            "best": best,
            "pick": choice.layout,
            "regret": round(regret, 3),
            "predicted crossover": choice.crossover,
        }


def _milliseconds(times: dict[str, float], prefix: str) -> dict[str, float]:
    by_layout = {layout.replace("padded", "dense"): time for layout, time in times.items()}
    return {
        f"{prefix}{layout} [ms]": float(f"{1e3 * by_layout.get(layout, math.nan):.4g}")
        for layout in LAYOUTS
    }


def crossovers(table: pd.DataFrame) -> pd.DataFrame:
    """Measured and predicted crossover of every line of cells in which one was measured.

    Between the densities around it both times are read as powers of the density.
    """
    rows = []
    single = table[table["B"] == 1]
    for key, line in single.groupby(["dtype", "N", "F"]):
        line = line.sort_values("density")
        ratio = np.log(line["csr [ms]"] / line["dense [ms]"]).to_numpy()
        ends = np.flatnonzero((ratio[:-1] < 0) & (ratio[1:] >= 0))
        if not len(ends):
            continue
        density, last = np.log(line["density"].to_numpy()), ends[-1]
        measured = float(np.exp(np.interp(0, ratio[last : last + 2], density[last : last + 2])))
        predicted = line["predicted crossover"].iloc[0]
        rows.append((*key, round(measured, 4), round(predicted, 4), round(predicted / measured, 2)))
    return pd.DataFrame(rows, columns=["dtype", "N", "F", "measured", "predicted", "ratio"])


def summary(table: pd.DataFrame, crossing: pd.DataFrame) -> str:
    """The two answers in words."""
    good = (table["regret"] <= 0.1).mean()
    near = crossing["ratio"].between(1 / 1.5, 1.5).mean()
    machine = calibrate()
    return (
        f"The pick is within 10 % of the fastest layout in {good:.1%} of {len(table)} cells "
        f"(worst: {table['regret'].max():+.0%}). The predicted crossover density is within a "
        f"factor of 1.5 of the measured one in {near:.1%} of {len(crossing)} lines, ratios "
        f"{crossing['ratio'].min():.2f} to {crossing['ratio'].max():.2f}. Calibration in float32: "
        f"{machine.bandwidth / 1e9:.3g} GB/s, {machine.flop_rate / 1e9:.3g} Gflop/s, "
        f"{machine.gather_rate / 1e9:.3g} GB/s gathered, {1e6 * machine.latency:.3g} us per call."
    )


def main() -> None:
    """Writes the table of the cells and that of the crossovers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cells; about a minute")
    parser.add_argument("--seconds", type=float, default=0.4, help="per cell")
    settings = parser.parse_args()
    seconds = 0.05 if settings.quick else settings.seconds
    most, step = (11, 2) if settings.quick else (13, 1)
    torch.manual_seed(0)
    sizes = [*single_graphs(most, step), *batches(settings.quick)]
    rows = [
        row
        for dtype, size in itertools.product(DTYPES, sizes)
        for row in measure(size, dtype, seconds)
    ]
    table = pd.DataFrame(rows)
    crossing = crossovers(table)
    quick = "_quick" if settings.quick else ""
    write(f"layout_model{quick}", table.fillna(""), summary(table, crossing))
    write(f"layout_crossover{quick}", crossing)


if __name__ == "__main__":
    main()
