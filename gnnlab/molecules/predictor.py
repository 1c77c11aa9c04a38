"""Predicting properties of molecules, in the scikit-learn habit.

Legend: B molecules, T properties.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import torch

from gnnlab import training
from gnnlab.data import load_model, save_model
from gnnlab.errors import InputError, MoleculeError, UnknownNameError
from gnnlab.molecules.blend import Blend
from gnnlab.molecules.companions import COMPANIONS, companions_of
from gnnlab.molecules.descriptors import Scaler
from gnnlab.molecules.inputs import Inputs, prepare
from gnnlab.molecules.members import Examples, fit_member, predict_member
from gnnlab.molecules.model import PropertyModel
from gnnlab.molecules.predictor_storage import describe, restore
from gnnlab.molecules.scaffolds import group_by_scaffold
from gnnlab.molecules.scores import evaluate
from gnnlab.molecules.targets import Targets

TASKS = ("regression", "classification")
FOLDS = ("random", "scaffold")
_SCORES = {"regression": "r2", "classification": "roc-auc"}


class Estimate(NamedTuple):
    """Predictions with their uncertainty, in the order of the molecules that were asked about.

    Attributes:
        mean: ``[B]`` or ``[B, T]``; NaN for what is no molecule.
        std: Standard deviation of the error to expect, in the same units; NaN likewise.
    """

    mean: np.ndarray
    std: np.ndarray


class PropertyPredictor(training.Estimator):
    r"""Learns properties of molecules from SMILES.

    An ensemble of graph networks, each of which stops by molecules that it does not learn from
    (another tenth of them for each), joined by companions that have proved themselves on small
    data: boosted trees on RDKit's descriptors, a random forest and a kernel regression on Morgan
    fragments:

    .. math::
        \hat y(x) = w_1 \frac{1}{K} \sum_k \text{network}_k(x) + w_2\, \text{trees}(x)
        + w_3\, \text{forest}(x) + w_4\, \text{kernel}(x)

    The shares w are those that predict left-out molecules best (:class:`Blend`): for this each
    companion learns once beside each network, from the same molecules, and then from all. With
    ``descriptors=False, fingerprints=False`` it is the graph networks alone.

    Args:
        task: ``"regression"``, or ``"classification"`` for classes 0 and 1. Several properties are
            learned together by giving ``fit`` several columns, with NaN for what is not known.
        encoder: The graph network, one of ``gnnlab.molecules.ENCODERS``.
        hidden_channels: Width of its states.
        num_layers: Its layers or steps: how many bonds far an atom sees.
        pooling: ``"mean"``, ``"sum"`` or ``"max"`` over the atoms.
        dropout: Share of the numbers that is dropped in training.
        descriptors: Whether RDKit's descriptors of the whole molecule are given to the networks,
            and to boosted trees that join them.
        fingerprints: Whether a random forest and a kernel regression on fragments join them.
        ensemble_size: Number of networks K.
        folds: What a network and its companions leave out: ``"random"`` molecules, or whole
            ``"scaffold"`` groups, for those who will ask about molecules of other kinds.
        batch_size: Molecules per iteration.
        epochs: The most passes over the molecules; by default 25, and above 4,000 molecules as many
            as make 100,000 molecules together, but ten at least.
        patience: Passes without progress after which a network stops.
        learning_rate: Step size of Adam at the beginning.
        seed: Seed of weights, folds and orders.
        num_workers: Processes that read molecules.
        accelerator: ``"cpu"``, ``"gpu"`` or ``"auto"``.

    Attributes:
        models_: The networks.
        companions_: By name: ``"trees"``, ``"forest"``, ``"kernel"``, as far as they join.
        blend_: The :class:`Blend`: how they are joined, and the error to expect.
        histories_: The :class:`gnnlab.training.History` of each network.
        targets_: Names of the properties: those of the columns of a table, or numbers from 0.
        report_: A row for each molecule that was not learned from: ``row``, ``smiles``, ``reason``.
        num_parameters_: Trainable parameters of all networks.

    Example:
        >>> smiles = ["C" * n + "O" for n in range(1, 13)]
        >>> predictor = PropertyPredictor(hidden_channels=16, epochs=40, descriptors=False)
        >>> predictor = predictor.fit(smiles, [float(n) for n in range(1, 13)])
        >>> mean, std = predictor.estimate(["CCCCCO", "Moby Dick"])
        >>> bool(4 < mean[0] < 6), str(mean[1]), predictor.reasons_
        (True, 'nan', ['', 'whitespace inside'])
    """

    def __init__(
        self,
        task: str = "regression",
        encoder: str = "bonds",
        hidden_channels: int = 128,
        num_layers: int = 3,
        pooling: str = "sum",
        dropout: float = 0.1,
        descriptors: bool = True,
        fingerprints: bool = True,
        ensemble_size: int = 1,
        folds: str = "random",
        batch_size: int = 25,
        epochs: int | None = None,
        patience: int = 10,
        learning_rate: float = 2e-3,
        seed: int = 0,
        num_workers: int = 1,
        accelerator: str = "auto",
    ):
        self.task, self.encoder, self.hidden_channels = task, encoder, hidden_channels
        self.num_layers, self.pooling, self.dropout = num_layers, pooling, dropout
        self.descriptors, self.fingerprints = descriptors, fingerprints
        self.ensemble_size, self.folds = ensemble_size, folds
        self.batch_size, self.epochs, self.patience = batch_size, epochs, patience
        self.learning_rate, self.seed = learning_rate, seed
        self.num_workers, self.accelerator = num_workers, accelerator

    def fit(self, smiles: Sequence[str] | Inputs, y: Any, *, progress: bool | None = None) -> Self:
        """Learns anew. Bad rows are left out, and listed in ``report_``.

        Args:
            smiles: Molecules, or what :func:`~gnnlab.molecules.inputs.prepare` made of them, which
                saves time where the same molecules are read often.
            y: ``[B]`` or ``[B, T]``, also as a table with named columns; NaN where a property is
                not known.
            progress: Whether to show a progress bar; by default if the output is a terminal.

        Raises:
            InputError: If a parameter makes no sense, no row is good, there are too few molecules,
                or a property is constant, infinite, or (of classes) not 0 and 1.
            ShapeError: If there are more or fewer values than molecules.
            TrainingError: If the loss is not finite.
        """
        self._check()
        self._forget()
        inputs = self._read(smiles)
        targets = Targets.of(y, inputs.num_rows, self.task)
        known = ~np.isnan(targets.values[inputs.rows]).all(axis=1)
        self.report_ = _report(inputs.errors, inputs.rows[~known])
        places = np.flatnonzero(known)
        self._learn(inputs.take(places), targets.take(inputs.rows[places]), progress)
        return self

    def _learn(self, inputs: Inputs, targets: Targets, progress: bool | None) -> None:
        folds = _folds(inputs, self.ensemble_size, self.folds, self.seed)
        self.targets_, self.scale_ = targets.names, targets.scale()
        self.scaler_ = None
        if self.descriptors:
            self.scaler_ = Scaler().fit(inputs.descriptors)
        examples = self._examples(inputs, targets.scaled())
        kinds = companions_of(self.descriptors, self.fingerprints)
        left_out = {name: np.full(targets.values.shape, np.nan) for name in ("networks", *kinds)}
        models, self.histories_ = [], []
        for number, fold in enumerate(folds):
            learn = np.setdiff1d(np.arange(len(inputs)), fold)
            model = self.build(targets.values.shape[1], number)
            history = fit_member(
                model,
                examples,
                (learn, fold),
                task=self.task,
                epochs=self.epochs or _epochs(len(learn)),
                patience=self.patience,
                batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                seed=self.seed + number,
                progress=progress,
                accelerator=self.accelerator,
            )
            if history.interrupted:
                self._forget()
                raise KeyboardInterrupt
            models.append(model)
            self.histories_.append(history)
            left_out["networks"][fold] = self.scale_.unscale(predict_member(model, examples, fold))
            for name, kind in kinds.items():
                x = kind.features(inputs)
                companion = kind.make(self.task, self.seed).fit(x[learn], targets.values[learn])
                left_out[name][fold] = companion.predict(x[fold])
        self.models_ = models
        self.companions_ = {
            name: kind.make(self.task, self.seed).fit(kind.features(inputs), targets.values)
            for name, kind in kinds.items()
        }
        self.num_parameters_ = sum(model.num_parameters() for model in models)
        self.blend_ = Blend.of(targets.values, left_out, self.task)

    def predict(self, smiles: Sequence[str]) -> np.ndarray:
        """Values ``[B]`` or ``[B, T]``, or classes 0 and 1; NaN for what is no molecule.

        ``reasons_`` tells afterwards why. For scikit-learn's scorers and for users alike the order
        is that of the question.

        Raises:
            NotFittedError: Before ``fit``.
            InputError: If no row is a molecule.
        """
        mean = self.estimate(smiles).mean
        if self.task == "regression":
            return mean
        return np.where(np.isnan(mean), np.nan, mean >= 0.5)

    def predict_proba(self, smiles: Sequence[str]) -> np.ndarray:
        """Probabilities of the classes.

        Returns:
            Of one property ``[B, 2]``, as scikit-learn has it; of several ``[B, T]``, of class 1.

        Raises:
            NotFittedError: Before ``fit``.
            InputError: For a regression, or if no row is a molecule.
        """
        if self.task != "classification":
            raise InputError("a regression has no probabilities", where="task", value=self.task)
        mean = self.estimate(smiles).mean
        return np.stack([1 - mean, mean], axis=1) if mean.ndim == 1 else mean

    def estimate(self, smiles: Sequence[str] | Inputs) -> Estimate:
        """Predictions (of classes: probabilities of class 1) and how far off they may be.

        The standard deviation is what the networks' disagreement and the errors on left-out
        molecules let expect; with one network it is the same for all molecules.

        Raises:
            NotFittedError: Before ``fit``.
            InputError: If no row is a molecule.
        """
        self._require_fitted("models_")
        inputs = self._read(smiles)
        found = self.blend_.combine(self._predictions(inputs))
        self.reasons_ = [""] * inputs.num_rows
        for row, error in inputs.errors.items():
            self.reasons_[row] = error.what
        return Estimate(*(self._expand(values, inputs) for values in found))

    def score(self, smiles: Sequence[str], y: Any) -> float:
        """How good the predictions are; what is no molecule does not count.

        Returns:
            The coefficient of determination, or of classes the area under the ROC curve; of several
            properties the mean.

        Raises:
            NotFittedError: Before ``fit``.
            InputError: If ``y`` does not define the score.
        """
        mean = self.estimate(smiles).mean
        targets = Targets.of(y, len(mean), self.task, to_learn=False)
        mean = mean.reshape(targets.values.shape)
        good = ~np.isnan(mean).any(axis=1)
        return evaluate(_SCORES[self.task], targets.values[good], mean[good]).value

    def save(self, path: str | os.PathLike) -> None:
        """Writes the fitted predictor to one file, without its histories.

        Raises:
            NotFittedError: Before ``fit``.
        """
        self._require_fitted("models_")
        tensors, config = describe(self)
        save_model(path, tensors, config)

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Reads a predictor that :meth:`save` wrote.

        Raises:
            InputError: If there is no such file.
            FileFormatError: If the file is damaged or holds something else.
        """
        tensors, config = load_model(path)
        return restore(cls, tensors, config, str(path))

    def build(self, num_targets: int, member: int = 0) -> PropertyModel:
        """An untrained network, drawn from the seed."""
        with training.seeded(self.seed + member):
            return PropertyModel(
                num_targets,
                self.encoder,
                self.hidden_channels,
                self.num_layers,
                self.dropout,
                len(self.scaler_.mean) if self.descriptors else 0,
                self.pooling,
            )

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn wants to know before a cross-validation."""
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        classifies = self.task == "classification"
        return Tags(
            estimator_type="classifier" if classifies else "regressor",
            target_tags=TargetTags(required=True, multi_output=True),
            classifier_tags=ClassifierTags() if classifies else None,
            regressor_tags=None if classifies else RegressorTags(),
        )

    @property
    def classes_(self) -> np.ndarray:
        """The classes, for scikit-learn."""
        if self.task != "classification":
            raise AttributeError("a regression has no classes")
        return np.array([0.0, 1.0])

    def _check(self) -> None:
        if self.task not in TASKS:
            raise UnknownNameError.of("task", self.task, TASKS)
        if self.folds not in FOLDS:
            raise UnknownNameError.of("folds", self.folds, FOLDS)
        for name in ("hidden_channels", "num_layers", "ensemble_size", "batch_size", "patience",
                     "num_workers"):  # fmt: skip
            training.check_count(name, getattr(self, name))
        if self.epochs is not None:
            training.check_count("epochs", self.epochs)
        if not 0 <= self.dropout < 1:
            raise InputError("a share from 0 to below 1", where="dropout", value=self.dropout)

    def _read(self, smiles: Sequence[str] | Inputs) -> Inputs:
        if isinstance(smiles, Inputs):
            return smiles
        return prepare(smiles, self.descriptors, self.fingerprints, self.num_workers)

    def _examples(self, inputs: Inputs, y: torch.Tensor | None) -> Examples:
        extra = None
        if self.descriptors:
            extra = torch.from_numpy(self.scaler_.transform(inputs.descriptors)).float()
        return Examples(inputs.graphs, extra, y)

    def _predictions(self, inputs: Inputs) -> dict[str, np.ndarray]:
        """What the networks say, ``[K, B, T]``, and each companion, ``[1, B, T]``."""
        examples, everything = self._examples(inputs, None), np.arange(len(inputs))
        outs = [predict_member(model, examples, everything) for model in self.models_]
        found = {"networks": np.stack([self.scale_.unscale(out) for out in outs])}
        for name, companion in self.companions_.items():
            found[name] = companion.predict(COMPANIONS[name].features(inputs))[None]
        return found

    def _expand(self, values: np.ndarray, inputs: Inputs) -> np.ndarray:
        """Values of the good rows among all rows; one property as ``[B]`` if it was given so."""
        expanded = np.full((inputs.num_rows, values.shape[1]), np.nan)
        expanded[inputs.rows] = values
        return expanded[:, 0] if self.scale_.is_flat else expanded


def _folds(inputs: Inputs, size: int, kind: str, seed: int) -> list[np.ndarray]:
    """For each network the molecules that stop it: a tenth each, or less for more than ten."""
    count, needed = len(inputs), max(size, 10)
    if count < needed:
        raise InputError(
            f"at least {needed} molecules are needed", where="smiles", value=f"{count} good rows"
        )
    generator = np.random.default_rng(seed)
    if kind == "random":
        return np.array_split(generator.permutation(count), needed)[:size]
    groups = group_by_scaffold(inputs.graphs.smiles)
    shuffled = [groups[place] for place in generator.permutation(len(groups))]
    parts: list[list[np.ndarray]] = [[] for _ in range(needed)]
    sizes = np.zeros(needed, dtype=int)
    for group in sorted(shuffled, key=len, reverse=True):
        lightest = int(sizes.argmin())
        parts[lightest].append(group)
        sizes[lightest] += len(group)
    # A scaffold that very many molecules share is better learned from than left out.
    filled = sorted((np.concatenate(part) for part in parts if part), key=len)
    if len(filled) < max(size, 2):
        raise InputError(
            "there are too few scaffolds",
            where="folds",
            value=f"{len(groups)} scaffolds for {size} networks",
            remedy="use folds='random'",
        )
    return filled[:size]


def _epochs(count: int) -> int:
    """Passes over so many molecules: small sets need more of them."""
    return max(10, min(25, 100_000 // count))


def _report(errors: dict[int, MoleculeError], without_value: np.ndarray) -> pd.DataFrame:
    rows = [(row, error.value, error.what) for row, error in errors.items()]
    rows += [(int(row), None, "no value to learn from") for row in without_value]
    return pd.DataFrame(sorted(rows, key=itemgetter(0)), columns=["row", "smiles", "reason"])
