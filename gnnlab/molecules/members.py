"""One network of a property predictor: how it learns, and when it stops.

Legend: B molecules, T properties, D descriptors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import Batch

from gnnlab import training
from gnnlab.molecules.graphs import MoleculeGraphs
from gnnlab.molecules.model import PropertyModel

_LAST_RATE = 0.05  # of the first learning rate
_PREDICT_TOGETHER = 512


class Examples(NamedTuple):
    """Molecules and what is known of them.

    Attributes:
        graphs: B graphs.
        descriptors: ``[B, D]`` scaled, or ``None``.
        y: ``[B, T]`` scaled, NaN where nothing is known; ``None`` if it is what is asked.
    """

    graphs: MoleculeGraphs
    descriptors: Tensor | None = None
    y: Tensor | None = None

    def __len__(self) -> int:
        return len(self.graphs)

    def batch(self, places: np.ndarray) -> tuple[Batch, Tensor | None, Tensor | None]:
        """Some of them, as the model reads them."""
        further = (None if part is None else part[places] for part in (self.descriptors, self.y))
        return self.graphs.batch(places), *further


class Epochs:
    """Batches in a new random order in each epoch.

    Args:
        examples: What to learn from.
        places: Which of them.
        batch_size: Molecules of a batch; the last one of an epoch may be smaller.
        seed: Draws the orders.
    """

    def __init__(self, examples: Examples, places: np.ndarray, batch_size: int, seed: int):
        self.examples, self.places, self.batch_size = examples, places, batch_size
        self.generator = np.random.default_rng(seed)

    def __len__(self) -> int:
        return -(-len(self.places) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Batch, Tensor | None, Tensor]]:
        order = self.generator.permutation(self.places)
        for first in range(0, len(order), self.batch_size):
            yield self.examples.batch(order[first : first + self.batch_size])


class KnownLoss:
    """The mean loss over what is known: squared errors, or cross-entropy of two classes.

    Args:
        task: ``"regression"`` or ``"classification"``.
    """

    def __init__(self, task: str):
        losses = {
            "regression": functional.mse_loss,
            "classification": functional.binary_cross_entropy_with_logits,
        }
        self.loss = losses[task]

    def __call__(self, model: nn.Module, batch: tuple) -> tuple[Tensor, dict[str, float]]:
        """The loss of a batch; zero for one of which nothing is known."""
        graphs, descriptors, y = batch
        out = model(graphs, descriptors)  # [B, T]
        known = ~y.isnan()
        loss = self.loss(out[known], y[known], reduction="sum") / known.sum().clamp(min=1)
        return loss, {}


class BestWeights:
    """Keeps the weights of the epoch with the lowest validation loss, and knows when to stop.

    Args:
        examples: The validation molecules are among these.
        places: Which they are.
        loss: Of the task.
        patience: Epochs without a better loss after which to stop.
    """

    def __init__(self, examples: Examples, places: np.ndarray, loss: KnownLoss, patience: int):
        self.examples, self.places, self.loss, self.patience = examples, places, loss, patience
        self.lowest, self.waited = float("inf"), 0
        self.weights: dict[str, Tensor] = {}

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """The loss of the validation molecules."""
        device = next(model.parameters()).device
        total, count = 0.0, 0
        for first in range(0, len(self.places), _PREDICT_TOGETHER):
            batch = self.examples.batch(self.places[first : first + _PREDICT_TOGETHER])
            known = int((~batch[2].isnan()).sum())
            total += known * float(self.loss(model, _to(batch, device))[0])
            count += known
        value = total / max(count, 1)
        self.waited += 1
        if value < self.lowest:
            self.lowest, self.waited = value, 0
            self.weights = {k: v.detach().clone() for k, v in model.state_dict().items()}
        return {"validation_loss": value}

    def stop(self, figures: dict[str, float]) -> bool:
        """Whether patience has come to its end."""
        return self.waited >= self.patience


def fit_member(
    model: PropertyModel,
    examples: Examples,
    split: tuple[np.ndarray, np.ndarray],
    *,
    task: str,
    epochs: int,
    patience: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    progress: bool | None,
    accelerator: str,
) -> training.History:
    """Trains a model in place and leaves it with its best weights.

    The learning rate falls evenly from epoch to epoch, to a twentieth at the end.

    Args:
        model: What to train.
        examples: Molecules to learn from and to validate with.
        split: The places of both.
        task: ``"regression"`` or ``"classification"``.
        epochs: The most epochs.
        patience: Epochs without a lower validation loss after which to stop.
        batch_size: Molecules of a batch.
        learning_rate: Of Adam, at the beginning.
        seed: Draws the order of the molecules and what is dropped.
        progress: Whether to show a progress bar.
        accelerator: ``"cpu"``, ``"gpu"`` or ``"auto"``.
    """
    learn, validate = split
    batches = Epochs(examples, learn, batch_size, seed)
    loss = KnownLoss(task)
    best = BestWeights(examples, validate, loss, patience)
    history = training.fit(
        model,
        batches,
        loss,
        iterations=epochs * len(batches),
        learning_rate=learning_rate,
        decay=_LAST_RATE ** (1 / epochs),
        decay_every=len(batches),
        max_norm=5.0,
        seed=seed,
        evaluate=best.evaluate,
        evaluate_every=len(batches),
        stop=best.stop,
        progress=progress,
        accelerator=accelerator,
    )
    model.load_state_dict(best.weights)
    return history


@torch.no_grad()
def predict_member(model: PropertyModel, examples: Examples, places: np.ndarray) -> np.ndarray:
    """The model's scaled predictions ``[B, T]`` for some of the examples."""
    model.eval()
    parts = [
        model(*examples.batch(places[first : first + _PREDICT_TOGETHER])[:2])
        for first in range(0, len(places), _PREDICT_TOGETHER)
    ]
    return torch.cat(parts).double().numpy()


def _to(batch: tuple, device: torch.device) -> tuple:
    return tuple(None if part is None else part.to(device) for part in batch)
