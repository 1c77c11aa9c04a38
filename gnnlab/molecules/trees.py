"""Boosted trees and random forests, kept as arrays, so that a model file holds them like weights.

Legend: B molecules, D features, T properties, K nodes of all trees, M trees.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from scipy.special import expit, logit
from torch import Tensor

from gnnlab.molecules.baselines import BASELINES

_TOGETHER = 1024  # molecules that walk through the trees at a time
_VOTES = 100  # trees of a random forest
_SURE = 1e-6  # the probability of a class that was never seen


class Forest(NamedTuple):
    """The trees of one property, node after node; a leaf is its own successor on both sides.

    Attributes:
        feature: ``[K]`` which feature a node looks at.
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
    def of(cls, trees: list[tuple[np.ndarray, ...]], bias: float) -> Forest:
        """From the first six attributes of each tree, whose nodes are numbered from 0.

        A leaf has no successors; what stands in their place does not matter.
        """
        sizes = [len(tree[0]) for tree in trees]
        root = np.cumsum([0, *sizes])[:-1]
        first = np.repeat(root, sizes)  # [K]
        feature, threshold, missing_left, left, right, value = map(
            np.concatenate, zip(*trees, strict=True)
        )
        place, is_leaf = np.arange(len(feature)), left <= 0
        return cls(
            np.where(is_leaf, 0, feature).astype(np.int16),
            threshold,
            missing_left.astype(bool),
            np.where(is_leaf, place, left + first).astype(np.int32),
            np.where(is_leaf, place, right + first).astype(np.int32),
            np.where(is_leaf, value, 0.0),
            root.astype(np.int32),
            np.array([bias]),
        )

    @classmethod
    def constant(cls, bias: float) -> Forest:
        """No trees: the same for all molecules."""
        dtypes = (np.int16, float, bool, np.int32, np.int32, float, np.int32)
        return cls(*(np.zeros(0, dtype) for dtype in dtypes), np.array([bias]))

    def predict(self, x: np.ndarray) -> np.ndarray:
        """From features ``[B, D]`` to the sum of what all trees say, ``[B]``."""
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


class Trees(ABC):
    """Trees for each property, grown by scikit-learn with the settings of a baseline.

    Args:
        task: ``"regression"`` or ``"classification"``.
        seed: Draws what the growing leaves to chance.

    Attributes:
        forests_: The :class:`Forest` of each property.
    """

    def __init__(self, task: str, seed: int = 0):
        self.task, self.seed = task, seed

    def fit(self, x: np.ndarray, y: np.ndarray) -> Self:
        """Learns from features ``[B, D]`` and properties ``[B, T]``, NaN where there is none."""
        known = ~np.isnan(y)
        self.forests_ = [
            self._grow(x[rows], values[rows])
            if len(np.unique(values[rows])) > 1  # a fold may have left out the only other value
            else Forest.constant(self._unlink(values[rows].mean() if rows.any() else 0.5))
            for values, rows in zip(y.T, known.T, strict=True)
        ]
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """``[B, T]`` for features ``[B, D]``: values, or probabilities of class 1."""
        return self._link(np.column_stack([forest.predict(x) for forest in self.forests_]))

    def bias(self, target: int) -> float:
        """What the trees of a property begin with: the mean value, or share of class 1."""
        return self._link(self.forests_[target].bias).item()

    def state_dict(self) -> dict[str, Tensor]:
        """What a model file has to hold."""
        return {
            f"{number}.{name}": torch.from_numpy(array)
            for number, forest in enumerate(self.forests_)
            for name, array in forest._asdict().items()
        }

    @classmethod
    def from_state_dict(cls, task: str, state: Mapping[str, Tensor]) -> Self:
        """The fitted trees again."""
        trees = cls(task)
        trees.forests_ = [
            Forest(*(state[f"{number}.{name}"].numpy() for name in Forest._fields))
            for number in range(len(state) // len(Forest._fields))
        ]
        return trees

    @abstractmethod
    def _grow(self, x: np.ndarray, y: np.ndarray) -> Forest:
        """The trees of one property."""

    def _link(self, out: np.ndarray) -> np.ndarray:
        """From what the trees say to values or probabilities."""
        return out

    def _unlink(self, value: float) -> float:
        return value


class BoostedTrees(Trees):
    r"""Trees that mend one another's errors.

    .. math::
        \hat y(x) = \mu + \sum_m \text{tree}_m(x), \qquad
        \text{of classes: } \hat y(x) = \sigma\Big(\mu + \sum_m \text{tree}_m(x)\Big)

    Example:
        >>> x = np.arange(60.0).reshape(-1, 1)
        >>> trees = BoostedTrees("regression").fit(x, x**2)
        >>> trees.predict(np.array([[5.0], [np.nan]])).shape
        (2, 1)
    """

    def _grow(self, x: np.ndarray, y: np.ndarray) -> Forest:
        recipe = BASELINES["boosting"]
        model: Any = recipe.make(self.task, self.seed, 1, **recipe.settings[self.task][0])
        model.fit(x, y)
        # scikit-learn has no public way to these trees; a test holds ours against its predictions.
        names = ("feature_idx", "num_threshold", "missing_go_to_left", "left", "right", "value")
        grown = [tuple(tree.nodes[name] for name in names) for (tree,) in model._predictors]
        return Forest.of(grown, np.ravel(model._baseline_prediction).item())

    def _link(self, out: np.ndarray) -> np.ndarray:
        return expit(out) if self.task == "classification" else out

    def _unlink(self, value: float) -> float:
        if self.task == "regression":
            return value
        return float(logit(np.clip(value, _SURE, 1 - _SURE)))


class RandomForest(Trees):
    r"""Trees that each saw other molecules and other features, and vote.

    .. math::
        \hat y(x) = \frac{1}{M} \sum_m \text{tree}_m(x)

    Fewer trees than those of the baseline, as a model file has to hold them.

    Example:
        >>> x = np.arange(60.0).reshape(-1, 1)
        >>> bool(80 < RandomForest("regression").fit(x, x**2).predict(np.array([[10.0]])) < 120)
        True
    """

    def _grow(self, x: np.ndarray, y: np.ndarray) -> Forest:
        recipe = BASELINES["random-forest"]
        model: Any = recipe.make(self.task, self.seed, 1, **recipe.settings[self.task][0])
        model.set_params(n_estimators=_VOTES).fit(recipe.arrange(self.task, x), y)
        mean = float(y.mean())
        grown = []
        for one in model.estimators_:
            tree = one.tree_
            value = (tree.value[:, 0, -1] - mean) / _VOTES  # the value, or the share of class 1
            grown.append(
                (
                    tree.feature,
                    tree.threshold,
                    np.zeros(tree.node_count),
                    tree.children_left,
                    tree.children_right,
                    value,
                )
            )
        return Forest.of(grown, mean)
