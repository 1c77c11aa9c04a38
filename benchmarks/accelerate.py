"""A training step of PyG's ready-made models, as they are and after gnnlab.accelerate.

    python benchmarks/accelerate.py [--seconds 30] [--quick]

Both sides of every row run in turns in one process, on a random directed graph in float32; medians
of a whole step: forward, loss, backward, optimiser. N nodes, E edges.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable

import pandas as pd
import torch
from measure import alternate, write
from torch import Tensor
from torch.nn import functional
from torch_geometric.nn.models import GCN, GIN, GraphSAGE

from gnnlab.nn.accelerate import accelerate

WIDTH = 64
MODELS = {
    "GCN (cached)": lambda: GCN(WIDTH, WIDTH, 2, WIDTH, cached=True),
    "GraphSAGE (mean)": lambda: GraphSAGE(WIDTH, WIDTH, 2, WIDTH),
    "GIN": lambda: GIN(WIDTH, WIDTH, 2, WIDTH),
}
TOLERANCE = 1e-5


def training_step(model: torch.nn.Module, x: Tensor, edge_index: Tensor, y: Tensor) -> Callable:
    """A call that trains for one step of full-batch classification."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        functional.cross_entropy(model(x, edge_index), y).backward()
        optimizer.step()

    return step


def compare(name: str, N: int, E: int, seconds: float) -> dict:
    """One row: the same model on the same graph, untouched and accelerated."""
    torch.manual_seed(0)
    x, y = torch.randn(N, WIDTH), torch.randint(WIDTH, (N,))
    edge_index = torch.randint(N, (2, E))
    untouched = MODELS[name]()
    accelerated = accelerate(copy.deepcopy(untouched))
    with torch.no_grad():
        difference = (untouched(x, edge_index) - accelerated(x, edge_index)).abs().max().item()
    assert difference <= TOLERANCE, f"{name}: outputs differ by {difference}"
    sides = {"untouched": untouched, "accelerated": accelerated}
    steps = {side: training_step(model, x, edge_index, y) for side, model in sides.items()}
    times = alternate(steps, seconds)
    return {
        "model": name,
        "nodes": N,
        "edges": E,
        "untouched [ms]": round(1e3 * times["untouched"], 1),
        "accelerated [ms]": round(1e3 * times["accelerated"], 1),
        "times faster": round(times["untouched"] / times["accelerated"], 2),
        "largest difference of an output": f"{difference:.1e}",
    }


def main() -> None:
    """Writes a row per model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="per row")
    parser.add_argument("--quick", action="store_true", help="a tenth of the graph")
    options = parser.parse_args()
    N, E = (10_000, 100_000) if options.quick else (100_000, 1_000_000)
    rows = [compare(name, N, E, options.seconds) for name in MODELS]
    note = f"2 layers, {WIDTH} features throughout, float32, a random directed graph."
    write("accelerate", pd.DataFrame(rows), note)


if __name__ == "__main__":
    main()
