"""A GraphSAGE learns from small samples of a graph, and answers as if it had seen all of it.

The people of Middlemarch mostly know their own family, and what is said of a single person is too
little to tell which one. A batch is some people and a few acquaintances of theirs, so that its
cost does not grow with the town.

Run:  python examples/neighbour_sampling.py [--quick]
"""

from __future__ import annotations

import argparse

import torch
from torch.nn.functional import cross_entropy
from torch_geometric.data import Data
from torch_geometric.loader import NodeLoader
from torch_geometric.nn import GraphSAGE

from gnnlab.nn import NeighborSampler

FAMILIES = ("Brooke", "Vincy", "Garth", "Bulstrode")
NUM_FEATURES = 16


def make_town(num_people: int, num_acquaintances: int = 20) -> Data:
    """People with a family, a vague description, and acquaintances mostly in the family."""
    family = torch.randint(len(FAMILIES), (num_people,))
    portrait = torch.randn(len(FAMILIES), NUM_FEATURES)
    x = portrait[family] + 6 * torch.randn(num_people, NUM_FEATURES)  # [N, F]
    listener = torch.arange(num_people).repeat_interleave(num_acquaintances)  # [E]
    # Two out of three acquaintances are relatives; people are sorted by family to find them.
    by_family = family.argsort()
    size = family.bincount()
    first = size.cumsum(0) - size
    own = family[listener]
    relative = by_family[first[own] + (torch.rand(len(listener)) * size[own]).long()]
    anybody = torch.randint(num_people, (len(listener),))
    speaker = torch.where(torch.rand(len(listener)) < 2 / 3, relative, anybody)
    return Data(x=x, y=family, edge_index=torch.stack([speaker, listener]))


def main() -> None:
    """Trains on sampled batches, then compares samples of all neighbours with the whole graph."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small town")
    quick = parser.parse_args().quick

    torch.manual_seed(0)
    data = make_town(num_people=5_000 if quick else 100_000)
    train, test = torch.randperm(data.num_nodes).split(int(0.8 * data.num_nodes))
    model = GraphSAGE(NUM_FEATURES, 32, num_layers=2, out_channels=len(FAMILIES))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

    # Ten acquaintances of each person, and five of each of those.
    sampler = NeighborSampler(data, num_neighbors=[10, 5], seed=0)
    loader = NodeLoader(data, sampler, input_nodes=train, batch_size=256, shuffle=True)
    for epoch in range(3):
        total, num_people = 0.0, 0
        for batch in loader:
            out = model(batch.x, batch.edge_index)[: batch.batch_size]  # the seeds come first
            loss = cross_entropy(out, batch.y[: batch.batch_size])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * batch.batch_size
            num_people += batch.num_nodes
        mean = num_people // len(loader)
        print(f"epoch {epoch}: loss {total / len(train):.3f}, {mean:,} people in a batch")

    model.eval()
    with torch.no_grad():
        # -1 takes all neighbours: two hops of them are everything that two layers can read.
        everybody = NeighborSampler(data, num_neighbors=[-1, -1])
        parts = [
            model(batch.x, batch.edge_index)[: batch.batch_size]
            for batch in NodeLoader(data, everybody, input_nodes=test, batch_size=100)
        ]
        sampled, whole = torch.cat(parts), model(data.x, data.edge_index)[test]
    accuracy = (sampled.argmax(dim=1) == data.y[test]).double().mean().item()
    difference = (sampled - whole).abs().max().item()
    print(f"accuracy {accuracy:.3f} on {len(test):,} people who were not asked before")
    print(f"largest difference between samples of all neighbours and the whole: {difference:.0e}")


if __name__ == "__main__":
    main()
