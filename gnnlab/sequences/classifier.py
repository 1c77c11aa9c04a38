"""Classifying sequences, in the scikit-learn habit."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from typing import Self

import numpy as np
import torch
from torch.nn import functional

from gnnlab import training
from gnnlab.data import load_model, save_model
from gnnlab.errors import InputError
from gnnlab.sequences.labels import list_labels, number_labels, to_classes
from gnnlab.sequences.model import CELL_NAMES, SequenceModel
from gnnlab.sequences.paths import Steps, encode_sequences, is_symbolic, list_sequences
from gnnlab.sequences.storage import describe, restore
from gnnlab.sequences.streams import (
    DataBatches,
    TaskBatches,
    check_steps,
    compute_accuracy,
    compute_logits,
    cross_entropy,
    draw,
)
from gnnlab.sequences.tasks import Task
from gnnlab.sequences.vocabulary import Vocabulary, unique

__all__ = ["CELL_NAMES", "SequenceClassifier", "matched_hidden_size"]

_NUM_VALIDATION = 512


class SequenceClassifier(training.Estimator):
    """A recurrent network that tells the class of a sequence.

    It learns from a :class:`Task`, of which it draws fresh sequences without end, or from given
    sequences and labels. Sequences are strings, lists of symbols, ids (whole numbers from 0) or
    features per step; labels are anything hashable. The defaults are the reported experiment.

    Args:
        cell: One of ``CELL_NAMES``: ``"lstm"``, ``"bilstm"``, ``"gru"``, ...
        hidden_size: Width of the state in each direction.
        num_layers: Number of recurrent layers.
        embedding_size: Width of the table that symbols enter through.
        inputs: How symbols enter, ``"embedding"`` or ``"scalar"``; features enter as they are.
        learning_rate: Step size of Adam.
        batch_size: Number of sequences per iteration.
        iterations: Number of iterations.
        max_norm: Gradients are scaled down to this norm.
        evaluate_every: Iterations between two evaluations on the validation sequences.
        stop_at: Validation accuracy that ends the training early.
        seed: Seed of the weights and of the batches.
        executor: See :class:`gnnlab.nn.RecurrentConv`.
        accelerator: ``"cpu"``, ``"gpu"`` or ``"auto"``.

    Attributes:
        classes_: The labels.
        vocabulary_: The symbols, or ``None`` if the sequences are ids or features.
        model_: The :class:`SequenceModel`.
        history_: The :class:`gnnlab.training.History`.
        num_parameters_: Number of trainable parameters.

    Example:
        >>> classifier = SequenceClassifier(cell="gru", hidden_size=16, iterations=50)
        >>> classifier.fit(["bilbo", "frodo", "gimli", "gloin"], ["hobbit"] * 2 + ["dwarf"] * 2)
        SequenceClassifier(cell='gru', hidden_size=16, iterations=50)
        >>> classifier.predict(["gimli", "frodo"]).tolist()
        ['dwarf', 'hobbit']
    """

    def __init__(
        self,
        cell: str = "lstm",
        hidden_size: int = 128,
        num_layers: int = 1,
        embedding_size: int = 64,
        inputs: str = "embedding",
        learning_rate: float = 1e-3,
        batch_size: int = 128,
        iterations: int = 2000,
        max_norm: float | None = 10.0,
        evaluate_every: int = 10,
        stop_at: float | None = None,
        seed: int = 0,
        executor: str = "auto",
        accelerator: str = "auto",
    ):
        self.cell, self.hidden_size, self.num_layers = cell, hidden_size, num_layers
        self.embedding_size, self.inputs = embedding_size, inputs
        self.learning_rate, self.batch_size, self.iterations = learning_rate, batch_size, iterations
        self.max_norm, self.evaluate_every, self.stop_at = max_norm, evaluate_every, stop_at
        self.seed, self.executor, self.accelerator = seed, executor, accelerator

    def fit(
        self,
        X: Task | Sequence,
        y: Sequence[Hashable] | None = None,
        *,
        validation: tuple[Sequence, Sequence[Hashable]] | None = None,
        log_directory: str | os.PathLike | None = None,
        progress: bool | None = None,
    ) -> Self:
        """Learns anew.

        A task is validated on 512 fresh sequences of its own; given sequences on ``validation``.
        After Ctrl-C the classifier can be used, and KeyboardInterrupt is raised.

        Args:
            X: A task, or sequences.
            y: Their labels; not with a task.
            validation: Other sequences and labels, to measure the accuracy during training.
            log_directory: Folder for ``metrics.csv`` and ``model.safetensors``.
            progress: Whether to show a progress bar; by default if the output is a terminal.

        Raises:
            InputError: If a parameter, a sequence or a label makes no sense; names the row.
            TrainingError: If the loss is not finite; names the iteration.
        """
        self._forget()
        try:
            self._fit(X, y, validation, log_directory, progress)
        except InputError:
            self._forget()
            raise
        if self.history_.interrupted:
            raise KeyboardInterrupt
        return self

    def predict(self, X: Sequence) -> np.ndarray:
        """The most likely label of each sequence, ``[B]``.

        Raises:
            NotFittedError: Before ``fit``.
            InputError: If a sequence is not of the kind that was learned; names the row.
        """
        probabilities = self.predict_proba(X)  # [B, C]
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X: Sequence) -> np.ndarray:
        """The probabilities ``[B, C]`` of the classes, in the order of ``classes_``."""
        self._require_fitted()
        logits = compute_logits(self.model_, self._encode(X))
        return functional.softmax(logits, dim=-1).numpy()

    def score(
        self,
        X: Task | Sequence,
        y: Sequence[Hashable] | None = None,
        *,
        num_samples: int = 2000,
    ) -> float:
        """The accuracy on given sequences, or on fresh ones of a task.

        Args:
            X: A task, or sequences.
            y: Their labels; not with a task.
            num_samples: How many sequences of a task are drawn, apart from those of the training.
        """
        self._require_fitted()
        if isinstance(X, Task):
            _refuse_labels(y)
            generator = training.stream(self.seed, "score")
            X, y = X.sample(training.check_count("num_samples", num_samples), generator)
        predicted, labels = self.predict(X).tolist(), list_labels(y, len(X))
        return sum(p == label for p, label in zip(predicted, labels, strict=True)) / len(labels)

    def make_model(self, task: Task) -> SequenceModel:
        """The untrained model from which ``fit(task)`` starts."""
        in_channels = 1 if self.inputs == "scalar" else task.num_symbols
        return self.build(self.inputs, in_channels, task.num_classes)

    def build(self, inputs: str, in_channels: int, num_classes: int) -> SequenceModel:
        """An untrained model, drawn from the seed (see :class:`SequenceModel`)."""
        with training.seeded(self.seed):
            return SequenceModel(
                inputs,
                in_channels,
                num_classes,
                cell=self.cell,
                hidden_size=self.hidden_size,
                num_layers=self.num_layers,
                embedding_size=self.embedding_size,
                executor=self.executor,
            )

    def save(self, path: str | os.PathLike) -> None:
        """Writes the fitted classifier to one file, without its history.

        Raises:
            NotFittedError: Before ``fit``.
            InputError: If a label or symbol is more than text, a number or ``None``.
        """
        self._require_fitted()
        save_model(path, self.model_.state_dict(), describe(self))

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Reads a classifier that :meth:`save` wrote.

        Raises:
            InputError: If there is no such file.
            FileFormatError: If the file is damaged or holds something else.
        """
        tensors, config = load_model(path)
        return restore(cls, tensors, config, str(path))

    def _fit(self, X, y, validation, log_directory, progress) -> None:
        start = self._start_from_task if isinstance(X, Task) else self._start_from_data
        batches, held_out = start(X, y, validation)
        self.num_parameters_ = self.model_.num_parameters()
        if log_directory is not None:
            describe(self)  # what cannot be stored is better refused now than after the training

        def evaluate(model: SequenceModel) -> dict[str, float]:
            return {"validation_accuracy": compute_accuracy(model, *held_out)}

        self.history_ = training.fit(
            self.model_,
            batches,
            cross_entropy,
            iterations=self.iterations,
            learning_rate=self.learning_rate,
            max_norm=self.max_norm,
            seed=self.seed,
            evaluate=None if held_out is None else evaluate,
            evaluate_every=self.evaluate_every,
            stop=None if self.stop_at is None else self._reaches_stop,
            log_directory=log_directory,
            checkpoint=self.save,
            progress=progress,
            accelerator=self.accelerator,
        )

    def _start_from_task(self, task: Task, y, validation) -> tuple:
        _refuse_labels(y)
        _refuse_labels(validation, "validation")
        batch_size = training.check_count("batch_size", self.batch_size)
        batches = TaskBatches(task, batch_size, training.stream(self.seed, "training"))
        held_out = draw(task, _NUM_VALIDATION, training.stream(self.seed, "validation"))
        self.model_ = self.make_model(task)
        self.vocabulary_, self.classes_ = None, np.arange(task.num_classes)
        return batches, held_out

    def _start_from_data(self, X, y, validation) -> tuple:
        X = list_sequences(X)
        labels = list_labels(y, len(X))
        classes = unique(labels)
        if len(classes) < 2:
            raise InputError("two different labels are needed", where="y", value=classes)
        vocabulary = Vocabulary.from_sequences(X) if is_symbolic(X[0]) else None
        steps = encode_sequences(X, vocabulary)
        inputs, in_channels = self.inputs, 1
        if steps.x.is_floating_point():
            inputs, in_channels = "features", steps.x.size(1)
        elif inputs != "scalar":
            in_channels = int(steps.x.max()) + 1 if vocabulary is None else len(vocabulary)
        self.model_ = self.build(inputs, in_channels, len(classes))
        self.vocabulary_, self.classes_ = vocabulary, to_classes(classes)
        batches = DataBatches(
            steps,
            number_labels(labels, self.classes_),
            training.check_count("batch_size", self.batch_size),
            training.stream(self.seed, "training"),
        )
        if validation is None:
            if self.stop_at is not None:
                raise InputError("stop_at needs validation sequences", where="validation")
            return batches, None
        held_labels = list_labels(validation[1], len(validation[0]))
        return batches, (self._encode(validation[0]), number_labels(held_labels, self.classes_))

    def _reaches_stop(self, figures: dict[str, float]) -> bool:
        return figures["validation_accuracy"] >= self.stop_at

    def _encode(self, X: Sequence) -> Steps:
        """Checks sequences against what the model has learned."""
        steps = encode_sequences(X, self.vocabulary_)
        check_steps(self.model_, steps)
        return steps


def matched_hidden_size(
    cell: str, reference_parameters: int, task: Task, **parameters: object
) -> int:
    """The hidden size with which a classifier comes nearest to a number of parameters.

    Args:
        cell: Name of the cell.
        reference_parameters: The number of parameters to come near to.
        task: What will be learned, as it decides the widths of the input and of the output.
        parameters: Further parameters of the :class:`SequenceClassifier`.

    Example:
        >>> from gnnlab.sequences.tasks import RandomCombinations
        >>> task = RandomCombinations(15)
        >>> both = SequenceClassifier("bilstm", hidden_size=128).make_model(task).num_parameters()
        >>> size = matched_hidden_size("lstm", both, task)
        >>> one = SequenceClassifier("lstm", hidden_size=size).make_model(task).num_parameters()
        >>> size, one, both
        (193, 203046, 202447)
    """

    def distance(hidden_size: int) -> int:
        with torch.device("meta"):
            model = SequenceClassifier(cell, hidden_size, **parameters).make_model(task)
        return model.num_parameters() - reference_parameters

    low, high = 1, 2
    while distance(high) < 0:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if distance(middle) < 0 else (low, middle)
    return min(low, high, key=lambda hidden_size: abs(distance(hidden_size)))


def _refuse_labels(y: object, where: str = "y") -> None:
    if y is not None:
        raise InputError(
            "a task brings its own labels", where=where, remedy="leave it out, or pass sequences"
        )
