"""node_jacobian on Cora against loops of torch.autograd.grad, for a two-layer GCN.

    python benchmarks/analysis_jacobian.py [--rounds 3]

1,000 pairs of nodes: 40 sources and 25 targets at random. A loop over pairs asks for the gradient
of every channel of every pair; it is measured on the 40 pairs of the first target, and its time
multiplied by 25. A loop over rows is what a careful user writes, one gradient for each channel of
each target, which serves all sources. All three give the same norms. The sides are measured in
turns, on one thread.
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np
import pandas as pd
import torch
import torch_geometric.nn as pyg
from measure import alternate, write
from torch import Tensor, nn

from gnnlab import training
from gnnlab.analysis import node_jacobian
from gnnlab.analysis.runs import both_ways
from gnnlab.networks.datasets import load_benchmark
from gnnlab.nn import GCNConv

HIDDEN, CLASSES = 16, 7


class TwoLayers(nn.Module):
    """The usual network for Cora."""

    def __init__(self, convolution: type[nn.Module], num_features: int):
        super().__init__()
        self.first, self.second = convolution(num_features, HIDDEN), convolution(HIDDEN, CLASSES)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """``[N, C]``."""
        return self.second(self.first(x, edge_index).relu(), edge_index)


def over_pairs(model, x: Tensor, edge_index: Tensor, sources: list, targets: list) -> Tensor:
    """A gradient for each channel of each pair."""
    x = x.clone().requires_grad_()
    out = model(x, edge_index)
    norms = [
        torch.stack(
            [torch.autograd.grad(y, x, retain_graph=True)[0][source] for y in out[target]]
        ).norm()
        for target in targets
        for source in sources
    ]
    return torch.stack(norms).view(len(targets), len(sources))


def over_rows(model, x: Tensor, edge_index: Tensor, sources: list, targets: list) -> Tensor:
    """A gradient for each channel of each target."""
    x = x.clone().requires_grad_()
    out = model(x, edge_index)
    rows = [
        torch.stack(
            [torch.autograd.grad(y, x, retain_graph=True)[0][sources] for y in out[target]]
        )  # [C, S, F]
        for target in targets
    ]
    return torch.stack(rows).pow(2).sum((1, 3)).sqrt()


def main() -> None:
    """Writes seconds and ratios for our layer and for PyG's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = load_benchmark("cora")
    x = torch.from_numpy(network.x.toarray()).float()
    draw = np.random.default_rng(0)
    sources, targets = (draw.permutation(len(x))[:n].tolist() for n in (40, 25))
    rows = []
    for name, convolution in {"gnnlab": GCNConv, "PyG": pyg.GCNConv}.items():
        with training.seeded(0):
            model = TwoLayers(convolution, x.size(1)).eval()
        given = (model, x, both_ways(network), sources, targets)
        ways = {"node_jacobian": node_jacobian, "over rows": over_rows, "over pairs": over_pairs}
        expected = over_rows(*given)
        sides = {key: partial(way, *given) for key, way in ways.items()}
        sides["over pairs"] = partial(over_pairs, *given[:-1], targets[:1])
        for side in sides.values():
            norms = side().float()
            torch.testing.assert_close(norms, expected[: len(norms)], rtol=1e-4, atol=1e-7)
        times = alternate(sides, seconds=1, rounds=options.rounds)
        times["over pairs"] *= len(targets)
        rows.append(
            {"layers": name}
            | {f"{key} [s]": f"{times[key]:.3g}" for key in ways}
            | {f"times {key}": f"{times[key] / times['node_jacobian']:.1f}" for key in
               ("over rows", "over pairs")}
        )  # fmt: skip
    note = (
        f"Cora, {network.num_nodes:,} nodes, {2 * network.num_edges:,} directed edges, "
        f"{x.size(1):,} features; GCN of {HIDDEN} hidden channels and {CLASSES} classes; 1,000 "
        f"pairs (40 sources, 25 targets); medians of {options.rounds} rounds, one thread. "
        "'times' says how many times as long the loops take."
    )
    write("analysis_jacobian", pd.DataFrame(rows), note)


if __name__ == "__main__":
    main()
