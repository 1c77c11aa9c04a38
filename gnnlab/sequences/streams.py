"""Batches of path graphs for training and for answering.

Legend: N nodes, B sequences, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from gnnlab.errors import DtypeError, InputError, ShapeError
from gnnlab.nn import Schedule
from gnnlab.sequences.model import SequenceModel
from gnnlab.sequences.paths import Steps, encode_sequences, equal_paths, place_of
from gnnlab.sequences.tasks import Task

_CHUNK = 1024


class LabelledBatch(NamedTuple):
    """Sequences with the numbers of their classes."""

    x: Tensor  # [N] or [N, F]
    y: Tensor  # [B]
    schedule: Schedule


def label_batch(steps: Steps, y: Tensor) -> LabelledBatch:
    """A batch of these sequences."""
    return LabelledBatch(steps.x, y, make_schedule(steps.lengths))


def draw(task: Task, num_samples: int, generator: np.random.Generator) -> tuple[Steps, Tensor]:
    """Fresh sequences of a task and their labels."""
    sequences, labels = task.sample(num_samples, generator)
    return encode_sequences(sequences), torch.from_numpy(labels).long()


class TaskBatches:
    """Endless fresh batches of a task."""

    def __init__(self, task: Task, batch_size: int, generator: np.random.Generator):
        self.task, self.batch_size, self.generator = task, batch_size, generator

    def __iter__(self) -> Iterator[LabelledBatch]:
        while True:
            yield label_batch(*draw(self.task, self.batch_size, self.generator))


class DataBatches:
    """The batches of one pass over given sequences, shuffled anew in each pass."""

    def __init__(self, steps: Steps, y: Tensor, batch_size: int, generator: np.random.Generator):
        self.steps, self.y = steps, y
        self.batch_size, self.generator = batch_size, generator

    def __iter__(self) -> Iterator[LabelledBatch]:
        order = torch.from_numpy(self.generator.permutation(len(self.y)))
        for rows in order.split(self.batch_size):
            yield label_batch(take(self.steps, rows), self.y[rows])


def take(steps: Steps, rows: Tensor) -> Steps:
    """Some of the sequences, in the order of ``rows``."""
    start = (steps.lengths.cumsum(0) - steps.lengths)[rows]  # [B]
    lengths = steps.lengths[rows]  # [B]
    shift = start - (lengths.cumsum(0) - lengths)  # from a node's new place to its old one
    nodes = torch.repeat_interleave(shift, lengths)
    return Steps(steps.x[nodes + torch.arange(nodes.numel())], lengths)


def make_schedule(lengths: Tensor) -> Schedule:
    """The schedule of path graphs; when all lengths are equal, the same object every time."""
    shortest, longest = (int(length) for length in lengths.aminmax())
    if shortest == longest:
        return equal_paths(lengths.numel(), longest)
    return Schedule.from_lengths(lengths)


def check_steps(model: SequenceModel, steps: Steps) -> None:
    """Checks that sequences are of the kind that ``model`` takes.

    Raises:
        DtypeError: If they are ids where it takes features, or the other way round.
        ShapeError: If their features are of another number.
        InputError: If an id is too large; names row and position.
    """
    wants_features = model.inputs == "features"
    if wants_features != steps.x.is_floating_point():
        kinds = ("ids (whole numbers)", "features (real numbers)")
        raise DtypeError(
            f"the model has learned from {kinds[wants_features]}",
            where="X",
            value=kinds[not wants_features],
        )
    if wants_features and steps.x.size(1) != model.in_channels:
        raise ShapeError(
            f"the model has learned from {model.in_channels} features per step",
            where="X",
            value=steps.x.size(1),
        )
    if model.inputs == "embedding" and int(steps.x.max()) >= model.in_channels:
        node = int((steps.x >= model.in_channels).nonzero()[0])
        raise InputError(
            "the model has not learned a symbol",
            where=place_of(node, steps.lengths),
            value=int(steps.x[node]),
            remedy=f"use ids from 0 to {model.in_channels - 1}",
        )


@torch.no_grad()
def compute_logits(model: SequenceModel, steps: Steps) -> Tensor:
    """The model's logits ``[B, C]`` for sequences, a bounded number at a time, on the CPU."""
    device = model.output.weight.device
    found = []
    for rows in torch.arange(steps.lengths.numel()).split(_CHUNK):
        chunk = take(steps, rows)
        found.append(model(chunk.x.to(device), make_schedule(chunk.lengths)).cpu())
    return torch.cat(found)


def compute_accuracy(model: SequenceModel, steps: Steps, y: Tensor) -> float:
    """The share of sequences whose most likely class is ``y``."""
    return float((compute_logits(model, steps).argmax(dim=-1) == y).double().mean())


def cross_entropy(model: SequenceModel, batch: LabelledBatch) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch, and its accuracy."""
    logits = model(batch.x, batch.schedule)  # [B, C]
    accuracy = (logits.detach().argmax(dim=-1) == batch.y).float().mean()
    return functional.cross_entropy(logits, batch.y), {"accuracy": accuracy}
