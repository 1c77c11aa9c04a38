"""How a generator learns: every molecule in a new order each time, and an average of the weights.

Legend: B molecules, N events, A actions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from gnnlab.molecules.generation.events import Events, replay_events
from gnnlab.molecules.generation.model import GrowthModel
from gnnlab.molecules.generation.orders import GrowthGraphs
from gnnlab.molecules.generation.sampling import masked_log_softmax

_MEMORY = 0.999  # of the average of the weights, once it has seen as many


class GrowthBatches:
    """Batches of molecules, from another root and in another order of neighbours in every epoch.

    An epoch is the same whenever it is asked for, so a training can go on from any iteration.

    Args:
        graphs: The molecules.
        places: Which of them.
        max_atoms: The most atoms of one.
        batch_size: Molecules of a batch; the last one of an epoch may be smaller.
        seed: Draws the orders.
        canonical: The share of molecules that grow in the order of their canonical SMILES instead.
        first: The number of the first batch.
        wishes: What tells of the properties of some molecules, ``[B, 2C]``, from their places and a
            generator; ``None`` if the network is not to listen.
    """

    def __init__(
        self,
        graphs: GrowthGraphs,
        places: np.ndarray,
        max_atoms: int,
        batch_size: int,
        seed: int,
        canonical: float = 0.0,
        first: int = 0,
        wishes: Callable[[np.ndarray, np.random.Generator], Tensor] | None = None,
    ):
        self.wishes = wishes
        self.graphs, self.places, self.max_atoms = graphs, places, max_atoms
        self.batch_size, self.seed, self.next = batch_size, seed, first
        self.canonical = canonical

    def __len__(self) -> int:
        return -(-len(self.places) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Events, Tensor | None]]:
        epoch, first = divmod(self.next, len(self))
        order = np.random.default_rng([self.seed, epoch]).permutation(self.places)
        for place in range(first, len(self)):
            chosen = order[place * self.batch_size :][: self.batch_size]
            generator = np.random.default_rng([self.seed, epoch, place])
            self.next += 1
            canonical = generator.random(len(chosen)) < self.canonical  # [B]
            table = self.graphs.batch(chosen, generator, canonical)
            wishes = None if self.wishes is None else self.wishes(chosen, generator)
            yield replay_events(self.graphs.space, table, self.max_atoms, canonical), wishes


class Averaged(nn.Module):
    """A network in training, and the running average of its weights, which generalises better.

    Args:
        model: The network.
    """

    def __init__(self, model: GrowthModel):
        super().__init__()
        self.model = model
        self.average = AveragedModel(model, avg_fn=_run).requires_grad_(False)

    @property
    def result(self) -> GrowthModel:
        """The network with the averaged weights."""
        return self.average.module


def _run(average: Tensor, current: Tensor, count: Tensor) -> Tensor:
    # In a short training the first weights must not weigh as if it were a long one.
    memory = torch.clamp((1 + count) / (10 + count), max=_MEMORY)
    return current + memory * (average - current)


class ActionLoss:
    """The mean negative log-probability of the actions that were taken."""

    def __call__(
        self, averaged: Averaged, batch: tuple[Events, Tensor | None]
    ) -> tuple[Tensor, dict[str, float]]:
        """The loss per action, and per molecule as a figure."""
        events, wishes = batch
        averaged.average.update_parameters(averaged.model)
        device = averaged.model.head.weight.device
        wishes = None if wishes is None else wishes.to(device)
        loss = -log_probabilities(averaged.model, events.to(device), wishes).mean()
        per_molecule = len(events.action) / (int(events.molecule.max()) + 1)
        return loss, {"nats_per_molecule": float(loss.detach()) * per_molecule}


@torch.no_grad()
def score(model: GrowthModel, parts: Iterable[Events]) -> np.ndarray:
    """The log-probability ``[B]`` of each molecule of some batches, one after the other."""
    device, found = model.head.weight.device, []
    for events in parts:
        values = log_probabilities(model, events.to(device)).double().cpu()
        total = torch.zeros(int(events.molecule.max()) + 1, dtype=torch.float64)
        found.append(total.index_add(0, events.molecule.cpu(), values))
    return torch.cat(found).numpy()


def log_probabilities(
    model: GrowthModel, events: Events, condition: Tensor | None = None
) -> Tensor:
    """The log-probability ``[N]`` of the action that was taken at each event."""
    of_event = None if condition is None else condition[events.molecule]
    logits = model(events.features, events.schedule, of_event)  # [N, A]
    chosen = masked_log_softmax(logits, events.legal).gather(1, events.action.unsqueeze(1))
    return chosen.squeeze(1)
