"""Neighbour sampling against PyG's, which needs pyg-lib or torch-sparse, through the same loader.

    python benchmarks/sampling.py [--seconds 20] [--quick]

Every batch holds 1024 seeds and is sampled without replacement. All sides of a row run in turns in
one process; medians. Without the compiled extras only our side is measured. N nodes, E edges.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import warnings
from collections.abc import Callable

import pandas as pd
import torch
import torch_geometric.typing
from measure import alternate, machine, write
from torch_geometric import sampler
from torch_geometric.data import Data
from torch_geometric.loader import NodeLoader

from gnnlab.bench.graphs import make_graph
from gnnlab.nn.sampling import NeighborSampler

KINDS = ("random", "power-law")
NUM_NEIGHBORS = ([15, 10, 5], [10, 10])
BATCH_SIZE = 1024
NUM_BATCHES = 20  # different ones, so that no side finds its graph in the cache


def theirs(data: Data, num_neighbors: list[int]) -> dict[str, sampler.BaseSampler]:
    """PyG's own sampler under the name of the compiled extra that it runs on, if there is one."""
    for extra in ("pyg_lib", "torch_sparse"):
        if getattr(torch_geometric.typing, f"WITH_{extra.upper()}"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it calls torch-sparse deprecated
                return {f"PyG on {extra}": sampler.NeighborSampler(data, num_neighbors)}
    return {}


def turns(
    data: Data, node_sampler: sampler.BaseSampler, batches: list[torch.Tensor]
) -> tuple[Callable[[], Data], float]:
    """A call that loads the next batch, and the mean number of edges in a batch."""
    loader = NodeLoader(data, node_sampler)
    num_edges = statistics.mean(loader(batch).num_edges for batch in batches)
    following = itertools.cycle(batches)
    return lambda: loader(next(following)), num_edges


def compare(kind: str, data: Data, num_neighbors: list[int], seconds: float) -> list[dict]:
    """One row per sampler: how long a batch takes on the same seeds."""
    samplers = {"gnnlab": NeighborSampler(data, num_neighbors, seed=0)}
    samplers |= theirs(data, num_neighbors)
    batches = list(torch.randperm(data.num_nodes)[: NUM_BATCHES * BATCH_SIZE].split(BATCH_SIZE))
    sides = {name: turns(data, side, batches) for name, side in samplers.items()}
    times = alternate({name: call for name, (call, _) in sides.items()}, seconds)
    counts = [num_edges for _, num_edges in sides.values()]
    assert max(counts) < 1.02 * min(counts), "the sides do not do the same work"
    return [
        {
            "graph": kind,
            "N": data.num_nodes,
            "E": data.num_edges,
            "neighbours": ", ".join(map(str, num_neighbors)),
            "sampler": name,
            "edges per batch": round(num_edges),
            "batch [ms]": round(1e3 * times[name], 1),
            "seeds per second": round(len(batches[0]) / times[name]),
            "edges per second": round(num_edges / times[name]),
            "times gnnlab": round(times[name] / times["gnnlab"], 1),
        }
        for name, (_, num_edges) in sides.items()
    ]


def main() -> None:
    """Writes a row per graph, numbers of neighbours and sampler."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="per graph and fan-out")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the graph, nothing written"
    )
    options = parser.parse_args()
    num_nodes, num_edges = (20_000, 400_000) if options.quick else (200_000, 4_000_000)
    torch.manual_seed(0)
    rows = []
    for kind in KINDS:
        density = num_edges / num_nodes**2
        graph = make_graph(kind, num_nodes, density, generator=torch.Generator().manual_seed(0))
        data = Data(edge_index=graph.edge_index, num_nodes=graph.num_nodes)
        for num_neighbors in NUM_NEIGHBORS:
            seconds = 2.0 if options.quick else options.seconds
            rows += compare(kind, data, num_neighbors, seconds)
    table = pd.DataFrame(rows)
    if options.quick:
        print(machine(), table.to_string(index=False), sep="\n")
    else:
        write("sampling", table)


if __name__ == "__main__":
    main()
