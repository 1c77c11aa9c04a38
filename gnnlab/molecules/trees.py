"""Boosted trees on descriptors, kept as arrays, so that a model file holds them like any weights.

Legend: B molecules, D descriptors, T properties, K nodes of all trees, M trees.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.special import expit, logit
from torch import Tensor

from gnnlab.molecules.baselines import BASELINES

_TOGETHER = 1024  # molecules that walk through the trees at a time
_SURE = 1e-6  # the probability of a class that was never seen


class Forest(NamedTuple):
    """The trees of one property, node after node; a leaf is its own successor on both sides.

    Attributes:
        feature: ``[K]`` which descriptor a node looks at.
        threshold: ``[K]`` up to which value, included, the way goes to the left.
        missing_left: ``[K]`` whether it does so without a value.
        left: ``[K]`` the next node on the left.
        right: ``[K]`` the next node on the right.
        value: ``[K]`` what a leaf adds.
        root: ``[M]`` the first node of each tree.
        bias: ``[1]`` what the trees begin with.
    """

    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    root: np.ndarray
    bias: np.ndarray

    @classmethod
    def of(cls, trees: list[np.ndarray], bias: float) -> Forest:
        """From the nodes of each tree as scikit-learn's histogram boosting has them."""
        sizes = [len(nodes) for nodes in trees]
        root = np.cumsum([0, *sizes])[:-1]
        first = np.repeat(root, sizes)  # [K]
        nodes = np.concatenate(trees)
        place, is_leaf = np.arange(len(nodes)), nodes["is_leaf"].astype(bool)
        return cls(
            nodes["feature_idx"].astype(np.int16),
            nodes["num_threshold"],
            nodes["missing_go_to_left"].astype(bool),
            np.where(is_leaf, place, nodes["left"] + first).astype(np.int32),
            np.where(is_leaf, place, nodes["right"] + first).astype(np.int32),
            np.where(is_leaf, nodes["value"], 0.0),
            root.astype(np.int32),
            np.array([bias]),
        )

    @classmethod
    def constant(cls, bias: float) -> Forest:
        """No trees: the same for all molecules."""
        dtypes = (np.int16, float, bool, np.int32, np.int32, float, np.int32)
        return cls(*(np.zeros(0, dtype) for dtype in dtypes), np.array([bias]))

    def predict(self, x: np.ndarray) -> np.ndarray:
        """From descriptors ``[B, D]`` to values, or log-odds of class 1, ``[B]``."""
        parts = [self._walk(x[first : first + _TOGETHER]) for first in range(0, len(x), _TOGETHER)]
        return np.concatenate([*parts, np.zeros(0)]) + self.bias

    def _walk(self, x: np.ndarray) -> np.ndarray:
        molecule = np.arange(len(x))[:, None]
        node = np.broadcast_to(self.root, (len(x), len(self.root)))  # [B, M]
        while True:
            value = x[molecule, self.feature[node]]  # [B, M]
            goes_left = (value <= self.threshold[node]) | (
                np.isnan(value) & self.missing_left[node]
            )
            following = np.where(goes_left, self.left[node], self.right[node])
            if (following == node).all():
                return self.value[node].sum(axis=1)
            node = following


class BoostedTrees:
    r"""Trees that mend one another's errors, one sequence for each property.

    .. math::
        \hat y(x) = \mu + \sum_m \text{tree}_m(x), \qquad
        \text{of classes: } \hat y(x) = \sigma\Big(\mu + \sum_m \text{tree}_m(x)\Big)

    They are grown by scikit-learn, with the settings of the baseline ``boosting``.

    Args:
        task: ``"regression"`` or ``"classification"``.
        seed: Draws the descriptors that a node may choose from.

    Attributes:
        forests_: The :class:`Forest` of each property.

    Example:
        >>> x = np.arange(60.0).reshape(-1, 1)
        >>> trees = BoostedTrees("regression").fit(x, x**2)
        >>> trees.predict(np.array([[5.0], [np.nan]])).shape
        (2, 1)
    """

    def __init__(self, task: str, seed: int = 0):
        self.task, self.seed = task, seed

    def fit(self, x: np.ndarray, y: np.ndarray) -> BoostedTrees:
        """Learns from descriptors ``[B, D]`` and properties ``[B, T]``, NaN where there is none."""
        known = ~np.isnan(y)
        self.forests_ = [
            self._grow(x[rows], values[rows]) for values, rows in zip(y.T, known.T, strict=True)
        ]
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """``[B, T]`` for descriptors ``[B, D]``: values, or probabilities of class 1."""
        out = np.column_stack([forest.predict(x) for forest in self.forests_])
        return expit(out) if self.task == "classification" else out

    def bias(self, target: int) -> float:
        """What the trees of a property begin with: the mean value, or share of class 1."""
        (bias,) = self.forests_[target].bias
        return float(expit(bias)) if self.task == "classification" else float(bias)

    def state_dict(self) -> dict[str, Tensor]:
        """What a model file has to hold."""
        return {
            f"{number}.{name}": torch.from_numpy(array)
            for number, forest in enumerate(self.forests_)
            for name, array in forest._asdict().items()
        }

    @classmethod
    def from_state_dict(cls, task: str, state: Mapping[str, Tensor]) -> BoostedTrees:
        """The fitted trees again."""
        trees = cls(task)
        count = len(state) // len(Forest._fields)
        trees.forests_ = [
            Forest(*(state[f"{number}.{name}"].numpy() for name in Forest._fields))
            for number in range(count)
        ]
        return trees

    def _grow(self, x: np.ndarray, y: np.ndarray) -> Forest:
        """The trees of one property."""
        if not len(y) or (y == y[0]).all():  # a fold may have left out the only other value
            mean = y.mean() if len(y) else 0.5 * (self.task == "classification")
            if self.task == "classification":
                mean = logit(np.clip(mean, _SURE, 1 - _SURE))
            return Forest.constant(mean)
        recipe = BASELINES["boosting"]
        model: Any = recipe.make(self.task, self.seed, 1, **recipe.settings[self.task][0])
        model.fit(x, y)
        # scikit-learn has no public way to its trees; the tests hold ours against its predictions.
        trees = [predictor.nodes for (predictor,) in model._predictors]
        return Forest.of(trees, np.ravel(model._baseline_prediction).item())
