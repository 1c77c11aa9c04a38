"""The properties to learn: checked, scaled for the networks, and scaled back.

Legend: B molecules, T properties.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor

from gnnlab.errors import InputError, NonFiniteError, ShapeError
from gnnlab.molecules.scores import to_columns


@dataclass(frozen=True)
class Scale:
    """How a network's numbers become properties.

    Attributes:
        task: ``"regression"`` or ``"classification"``.
        mean: ``[T]`` of the known values; zeros for classes.
        std: ``[T]`` likewise; ones for classes.
        is_flat: Whether the user gave one property as ``[B]``.
    """

    task: str
    mean: np.ndarray
    std: np.ndarray
    is_flat: bool

    def unscale(self, out: np.ndarray) -> np.ndarray:
        """A network's ``[B, T]`` to values, or to probabilities of class 1."""
        return out * self.std + self.mean if self.task == "regression" else expit(out)


@dataclass(frozen=True)
class Targets:
    """Values of properties.

    Attributes:
        values: ``[B, T]``, NaN where nothing is known.
        task: ``"regression"`` or ``"classification"``.
        is_flat: Whether they were given as ``[B]``.
        names: Of the properties: those of a table's columns, or numbers from 0.

    Example:
        >>> Targets.of([0, 1, None], 3, "classification").values.ravel().tolist()
        [0.0, 1.0, nan]
    """

    values: np.ndarray
    task: str
    is_flat: bool
    names: tuple[str, ...]

    @classmethod
    def of(cls, y: Any, count: int, task: str, to_learn: bool = True) -> Targets:
        """Checks what a user gave for ``count`` molecules.

        Raises:
            InputError: If they are no numbers, a class is not 0 or 1, or (to learn from) a property
                has fewer than two different values.
            ShapeError: If there are more or fewer than molecules.
            NonFiniteError: If one is infinite.
        """
        values = to_columns("y", y)  # [B, T]
        if len(values) != count:
            raise ShapeError(f"there are {count} molecules", where="y", value=f"{len(values)} rows")
        if np.isinf(values).any():
            row, column = np.argwhere(np.isinf(values))[0]
            raise NonFiniteError("a value is infinite", where=f"y[{row}, {column}]")
        strange = ~np.isnan(values) & ~np.isin(values, (0, 1))
        if task == "classification" and strange.any():
            row, column = np.argwhere(strange)[0]
            raise InputError(
                "the classes are 0 and 1", where=f"y[{row}, {column}]", value=values[row, column]
            )
        names = tuple(map(str, getattr(y, "columns", range(values.shape[1]))))
        targets = cls(values, task, np.ndim(y) == 1, names)
        if to_learn:
            targets._check_variation()
        return targets

    def _check_variation(self) -> None:
        for column, values in enumerate(self.values.T):
            found = np.unique(values[~np.isnan(values)])
            if len(found) < 2:
                raise InputError(
                    "there is nothing to learn: all known values are equal"
                    if len(found)
                    else "there is nothing to learn: no value is known",
                    where=f"y, column {column}",
                    value=found[0] if len(found) else None,
                    remedy="leave the column out",
                )

    def take(self, rows: np.ndarray) -> Targets:
        """Those of some molecules, which must still differ."""
        targets = replace(self, values=self.values[rows])
        targets._check_variation()
        return targets

    def scale(self) -> Scale:
        """Mean and standard deviation of each property."""
        width = self.values.shape[1]
        if self.task == "classification":
            return Scale(self.task, np.zeros(width), np.ones(width), self.is_flat)
        mean, std = np.nanmean(self.values, axis=0), np.nanstd(self.values, axis=0)
        return Scale(self.task, mean, std, self.is_flat)

    def scaled(self) -> Tensor:
        """What a network learns: ``[B, T]`` with mean 0 and variance 1; classes as they are."""
        scale = self.scale()
        return torch.from_numpy((self.values - scale.mean) / scale.std).float()
