"""An existing PyG model, trained as it is and then with one line more: the same losses, sooner.

Four families write letters, mostly among themselves. A model made of PyG's own layers learns from
the letters, and from what little is known of each person, who belongs to which family.

Run:  python examples/accelerate_pyg.py [--quick]
"""

from __future__ import annotations

import argparse
import copy
import time
import warnings

import torch
from torch_geometric.data import Data
from torch_geometric.nn.models import GAT, GCN

import gnnlab

FAMILIES = ("Bennet", "Buddenbrook", "Karamazov", "March")


def make_letters(num_people: int, letters_per_person: int) -> Data:
    """A random graph of letters, two of three of them within the writer's family."""
    num_letters, num_families = num_people * letters_per_person, len(FAMILIES)
    family = torch.arange(num_people) % num_families
    writer, anyone = torch.randint(num_people, (2, num_letters))
    relative = anyone - anyone % num_families + family[writer]
    reader = relative.where(torch.rand(num_letters) < 2 / 3, anyone)
    known = torch.nn.functional.one_hot(family, num_families)
    x = known + 2 * torch.randn(num_people, num_families)  # what is known, and much noise
    return Data(x=x, edge_index=torch.stack([writer, reader]), y=family)


def train(model: torch.nn.Module, data: Data, num_steps: int) -> tuple[list[float], float]:
    """The loss of every step, and the seconds that a step took after the first one."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for step in range(num_steps + 1):
        if step == 1:  # the first step sorts the graph
            start = time.perf_counter()
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(data.x, data.edge_index), data.y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, (time.perf_counter() - start) / num_steps


def main() -> None:
    """Trains the same model twice, then shows what is said of layers that are left alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small graph, a few steps")
    quick = parser.parse_args().quick
    num_people, num_steps = (2_000, 5) if quick else (50_000, 20)

    torch.manual_seed(0)
    data = make_letters(num_people, letters_per_person=10)
    model = GCN(len(FAMILIES), 64, num_layers=2, out_channels=len(FAMILIES))
    untouched = copy.deepcopy(model)

    model = gnnlab.accelerate(model)  # the one line

    losses, seconds = train(model, data, num_steps)
    expected, seconds_before = train(untouched, data, num_steps)
    print(f"{data.num_nodes} people, {data.num_edges} letters, {num_steps} steps")
    print(f"as it was:   {1e3 * seconds_before:7.1f} ms per step, last loss {expected[-1]:.6f}")
    print(f"accelerated: {1e3 * seconds:7.1f} ms per step, last loss {losses[-1]:.6f}")
    print(f"{seconds_before / seconds:.1f} times faster")

    with torch.no_grad():
        found = model(data.x, data.edge_index).argmax(dim=1)
    for number, name in enumerate(FAMILIES):
        share = (found[data.y == number] == number).double().mean().item()
        print(f"of the {name} family {share:.0%} are recognised")

    untouched.load_state_dict(model.state_dict())  # the weights fit the plain model as before

    with warnings.catch_warnings(record=True, action="always") as caught:
        gnnlab.accelerate(GAT(len(FAMILIES), 64, num_layers=2))
    print(caught[0].message)


if __name__ == "__main__":
    main()
