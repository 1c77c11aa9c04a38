"""Training of the networks on path graphs: the same batches, optimiser and budget for all."""

from __future__ import annotations

import time
from typing import NamedTuple

from gnnlab import training
from gnnlab.analysis.compare.path_models import PathModel, matched_width
from gnnlab.errors import InputError
from gnnlab.sequences import Task, make_task
from gnnlab.sequences.streams import TaskBatches, compute_accuracy, cross_entropy, draw

_BATCH_SIZE = 32
_LEARNING_RATE = 3e-3
_MAX_NORM = 1.0
_NUM_VALIDATION = 512
_NUM_TEST = 2000


class Trained(NamedTuple):
    """A network that has learned a task."""

    model: PathModel
    iterations: int  # fewer than allowed, if it made no more mistakes
    accuracy: float  # on fresh sequences
    seconds: float  # of the training


def train(
    name: str, task: Task, *, depth: int, parameters: int, seed: int, iterations: int
) -> Trained:
    """Trains one network; all get the same batches, the same optimiser and the same budget.

    It ends early when 512 other sequences are classified without a mistake.

    Args:
        name: One of ``PATH_MODELS``.
        task: What to learn.
        depth: K of the synchronous networks.
        parameters: The number of parameters to come near to.
        seed: Seed of the weights and of all sequences.
        iterations: The largest number of iterations; 0 leaves the network as it was drawn.

    Raises:
        UnknownNameError, InputError: If an argument makes no sense.
        TrainingError: If the loss is not finite.
    """
    width = matched_width(name, task, parameters, depth)
    with training.seeded(seed):
        model = PathModel(name, task.num_symbols, task.num_classes, width, depth)
    num_done, seconds = _fit(model, task, seed, iterations) if iterations else (0, 0.0)
    accuracy = compute_accuracy(model, *draw(task, _NUM_TEST, training.stream(seed, "score")))
    return Trained(model, num_done, accuracy, seconds)


def _fit(model: PathModel, task: Task, seed: int, iterations: int) -> tuple[int, float]:
    """Trains; the numbers of iterations and of seconds that it took."""
    held_out = draw(task, _NUM_VALIDATION, training.stream(seed, "validation"))
    start = time.perf_counter()
    history = training.fit(
        model,
        TaskBatches(task, _BATCH_SIZE, training.stream(seed, "training")),
        cross_entropy,
        iterations=iterations,
        learning_rate=_LEARNING_RATE,
        max_norm=_MAX_NORM,
        seed=seed,
        evaluate=lambda model: {"accuracy": compute_accuracy(model, *held_out)},
        stop=lambda figures: figures["accuracy"] == 1.0,
        progress=False,
        accelerator="cpu",
    )
    if history.interrupted:
        raise KeyboardInterrupt
    return int(history.rows[-1]["iteration"]), time.perf_counter() - start


def make_path_task(name: str, length: int) -> Task:
    """The task whose sequences all have ``length`` steps.

    Raises:
        UnknownNameError: If there is no such task.
        InputError: If its sequences are of several lengths.

    Example:
        >>> make_path_task("binary-palindrome", 5)
        BinaryPalindrome(length=6)
    """
    task = make_task(name, training.check_count("length", length) + 1)
    if task.sequence_lengths != range(length, length + 1):
        raise InputError(
            "a task whose sequences are all of one length is needed",
            where="task",
            value=repr(name),
            remedy="use 'binary-palindrome' or 'random-combinations'",
        )
    return task
