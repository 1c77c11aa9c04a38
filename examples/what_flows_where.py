"""What flows where: routes, Jacobians between nodes, gradients through time, over-smoothing.

The same questions for a graph and for a sequence, answered by the same functions: who can have
heard of whom, how strongly one node depends on another, what remains after many layers. The last
part compares a recurrent network with graph networks of equal size on one task.

Run:  python examples/what_flows_where.py [--quick]
"""

from __future__ import annotations

import argparse

import torch
from torch_geometric.nn import GCN
from torch_geometric.utils import to_undirected

from gnnlab.analysis import (
    gradient_through_time,
    hops,
    node_jacobian,
    receptive_field,
    shortest_paths,
    smoothing,
    squashing,
)
from gnnlab.analysis.compare import compare_sequences
from gnnlab.nn import LSTMCell, RNNCell


def main() -> None:
    """Asks all questions once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="shorter training")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    torch.manual_seed(0)

    A, B, C, D, E, F = range(6)
    edges = torch.tensor([(A, B), (A, E), (A, F), (B, D), (C, D), (D, F)])
    edge_index = to_undirected(edges.t())
    print(f"From C to E it takes {hops(edge_index, C, E):.0f} updates, along")
    for route in shortest_paths(edge_index, C, E):
        print(" ", "-".join("ABCDEF"[node] for node in route))
    seen = receptive_field(edge_index, E, num_layers=2)
    print("After two layers E has heard of", ", ".join("ABCDEF"[node] for node in seen.tolist()))

    # A model of PyG, whole: two nodes three hops apart are strangers to two layers.
    model = GCN(4, 8, num_layers=2)
    influence = node_jacobian(model, torch.randn(6, 4), edge_index, sources=C)  # [6, 1]
    for node, norm in zip("ABCDEF", influence[:, 0].tolist(), strict=True):
        print(f"  what {node} owes to C: {norm:.3f}")

    # The same on a path graph is back-propagation through time.
    x = torch.randn(30, 1, 4, dtype=torch.float64)  # [T, B, F]
    for cell in (RNNCell(4, 16), LSTMCell(4, 16)):
        flow = gradient_through_time(cell.double(), x)
        near, far = flow.spectral_norms[10].mean(), flow.spectral_norms[29].mean()
        print(f"{type(cell).__name__}: 10 steps back {near:.1e}, 29 steps back {far:.1e}")

    deep = smoothing(GCN(4, 16, num_layers=16), torch.randn(6, 4), edge_index)
    energy = deep["dirichlet_energy"]
    print(f"Dirichlet energy of 16 layers: from {energy[0]:.3g} to {energy.iloc[-1]:.1e}")
    pairs = squashing(model, torch.randn(6, 4), edge_index, sources=C)
    print(pairs.round(3).to_string(index=False))

    iterations = 100 if quick else 400
    table = compare_sequences((5,) if quick else (5, 10), seeds=1, iterations=iterations)
    print("\nThe first digit, asked for at the end, by networks of equal size")
    print(table[["length", "model", "depth", "receptive", "accuracy"]].to_string(index=False))


if __name__ == "__main__":
    main()
