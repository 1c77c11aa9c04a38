"""The predictors that stand beside each graph network, by name.

Legend: B molecules, D features, T properties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import NamedTuple, Protocol, Self

import numpy as np
from torch import Tensor

from gnnlab.molecules.inputs import Inputs
from gnnlab.molecules.kernel import TanimotoRidge
from gnnlab.molecules.trees import BoostedTrees, RandomForest


class Companion(Protocol):
    """A predictor without a graph that a model file can hold."""

    def fit(self, x: np.ndarray, y: np.ndarray) -> Self:
        """Learns from ``[B, D]`` and ``[B, T]``, NaN where nothing is known."""

    def predict(self, x: np.ndarray) -> np.ndarray:
        """``[B, T]``: values, or probabilities of class 1."""

    def bias(self, target: int) -> float:
        """What it says of nothing at all."""

    def state_dict(self) -> dict[str, Tensor]:
        """What a model file has to hold."""


class Kind(NamedTuple):
    """How a companion is made, and what it reads.

    Attributes:
        make: From task and seed.
        restore: From the task and its tensors.
        reads: The part of :class:`Inputs` that it reads.
    """

    make: Callable[[str, int], Companion]
    restore: Callable[[str, Mapping[str, Tensor]], Companion]
    reads: str

    def features(self, inputs: Inputs) -> np.ndarray:
        """``[B, D]``."""
        return attrgetter(self.reads)(inputs)


#: Name -> how it is made.
COMPANIONS: dict[str, Kind] = {
    "trees": Kind(BoostedTrees, BoostedTrees.from_state_dict, "descriptors"),
    "forest": Kind(RandomForest, RandomForest.from_state_dict, "counts"),
    "kernel": Kind(TanimotoRidge, TanimotoRidge.from_state_dict, "counts"),
}


def companions_of(descriptors: bool, fingerprints: bool) -> dict[str, Kind]:
    """Those that can read what there is.

    Example:
        >>> list(companions_of(descriptors=False, fingerprints=True))
        ['forest', 'kernel']
    """
    there = {"descriptors": descriptors, "counts": fingerprints}
    return {name: kind for name, kind in COMPANIONS.items() if there[kind.reads]}
