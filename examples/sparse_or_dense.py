"""How should a graph be stored? The same layer on a list and on a matrix, and a measured answer.

Run:  python examples/sparse_or_dense.py [--quick]
"""

from __future__ import annotations

import argparse

import torch

from gnnlab.errors import MemoryLimitError
from gnnlab.nn import Adjacency, GCNConv, choose_layout


def friends(num_people: int, num_friendships: int) -> torch.Tensor:
    """A random social network ``[2, 2 * E]``: each friendship is an edge in both directions."""
    one_way = torch.randint(num_people, (2, num_friendships))
    return torch.cat([one_way, one_way.flip(0)], dim=1)


def main() -> None:
    """Compares the layouts of one graph, then asks for advice on graphs of many densities."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller graphs")
    num_people = 500 if parser.parse_args().quick else 3_000

    torch.manual_seed(0)
    edge_index = friends(num_people, 5 * num_people)
    x = torch.randn(num_people, 16)
    layer = GCNConv(16, 8)

    # A plain edge_index is remembered; an Adjacency says more, and can change its layout.
    graph = Adjacency.from_edge_index(edge_index, num_people)
    expected = layer(x, edge_index)
    for layout in ("csr", "coo", "dense"):
        difference = (layer(x, graph.to_layout(layout)) - expected).abs().max()
        print(f"{layout:>5}: largest difference {difference:.0e}")

    # A town as a matrix would take terabytes, which is said before anything is allocated.
    town = Adjacency.from_edge_index(friends(1_000_000, 100), 1_000_000)
    try:
        town.to_layout("dense")
    except MemoryLimitError as error:
        print(f"\n{error}\n")

    for density in (0.0001, 0.01, 0.9):
        choice = choose_layout(num_people, int(density * num_people**2), num_features=16)
        print(f"density {density:.2%}: {choice.explain()}")


if __name__ == "__main__":
    main()
