r"""Asking for molecules with certain properties.

Legend: M molecules, B molecules to make, C properties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from rdkit import Chem
from rdkit.Chem import QED, Crippen, Descriptors, rdMolDescriptors
from torch import Tensor

from gnnlab.errors import InputError, UnknownNameError
from gnnlab.molecules.metrics.synthesis import sa_score

#: Properties that a generator can learn to be asked for, by name.
PROPERTIES: dict[str, Callable[[Chem.Mol], float]] = {
    "logp": Crippen.MolLogP,
    "qed": QED.qed,
    "sa": sa_score,
    "weight": Descriptors.MolWt,
    "rings": rdMolDescriptors.CalcNumRings,
}
_SHARE_ASKED = 0.5  # of the properties of a molecule that is asked for something, in training
_SHARE_FREE = 0.5  # of the molecules, of which nothing is asked


@dataclass(frozen=True)
class Conditions:
    r"""Turns wishes into numbers for the network.

    .. math::
        c = \big[g \odot (p - \mu) / \sigma \ \Vert\ g\big], \qquad
        g_i = 1 \text{ if property } i \text{ was asked for, else } 0

    Attributes:
        names: C names of :data:`PROPERTIES`.
        mean: ``[C]`` of the training molecules.
        std: ``[C]`` likewise.
        low: ``[C]`` the least that occurred.
        high: ``[C]`` the most.
    """

    names: tuple[str, ...]
    mean: np.ndarray
    std: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, names: Sequence[str], values: np.ndarray) -> Conditions:
        """From the properties ``[M, C]`` of the training molecules.

        Raises:
            InputError: If a property is the same for all of them.

        Example:
            >>> conditions = Conditions.of(["logp", "rings"], np.array([[1.0, 0], [3.0, 2]]))
            >>> conditions.ask({"logp": 3.0}, 1).tolist()  # as given as it is high
            [[1.0, 0.0, 1.0, 0.0]]
        """
        std = values.std(axis=0)
        if (std == 0).any():
            place = int(np.argmin(std))
            raise InputError(
                "the property is the same for all molecules",
                where=f"properties, {names[place]}",
                value=values[0, place],
                remedy="leave it out",
            )
        edges = values.min(axis=0), values.max(axis=0)
        return cls(tuple(names), values.mean(axis=0), std, *edges)

    def ask(self, wishes: Mapping[str, float | Sequence[float]], count: int) -> Tensor:
        """What tells the network the wishes, ``[B, 2C]``.

        Args:
            wishes: For some of the properties the value, or one for each molecule.
            count: B.

        Raises:
            UnknownNameError: If it has not learned about a property.
            InputError: If a wish is no number, lies outside of what the training molecules had, or
                there are more or fewer than molecules.
        """
        values = np.full((count, len(self.names)), np.nan)
        for name, wish in wishes.items():
            if name not in self.names:
                raise UnknownNameError.of("property", name, self.names)
            place = self.names.index(name)
            try:
                values[:, place] = np.asarray(wish, dtype=float)
            except (TypeError, ValueError) as error:
                raise InputError(
                    f"one number is needed, or {count}", where=f"condition, {name}", value=wish
                ) from error
            good = (values[:, place] >= self.low[place]) & (values[:, place] <= self.high[place])
            if not good.all():
                raise InputError(
                    "no molecule it has learned from is like that",
                    where=f"condition, {name}",
                    value=values[~good, place][0],
                    remedy=f"ask for {self.low[place]:.4g} to {self.high[place]:.4g}",
                )
        return self.encode(values)

    def encode(self, values: np.ndarray) -> Tensor:
        """``[B, C]`` with NaN for what is not asked, to ``[B, 2C]``."""
        given = ~np.isnan(values)
        scaled = np.where(given, (values - self.mean) / self.std, 0.0)
        return torch.from_numpy(np.concatenate([scaled, given], axis=1)).float()

    def distance(self, mols: Sequence[Chem.Mol], wishes: Tensor) -> np.ndarray:
        r"""How far molecules are from what was asked of them, ``[B]``.

        .. math::
            d = \sum_i g_i \, |p_i - p_i^*| / \sigma_i

        Args:
            mols: B molecules.
            wishes: ``[B, 2C]``, from :meth:`ask`.

        Example:
            >>> conditions = Conditions.of(["logp", "rings"], np.array([[1.0, 0], [3.0, 2]]))
            >>> wishes = conditions.ask({"rings": 2}, 1)
            >>> conditions.distance([Chem.MolFromSmiles("c1ccccc1")], wishes).tolist()
            [1.0]
        """
        wanted, is_asked = np.split(wishes.double().numpy(), 2, axis=1)  # [B, C]
        asked = np.flatnonzero(is_asked.any(axis=0))
        found = measure(mols, [self.names[place] for place in asked])
        scaled = (found - self.mean[asked]) / self.std[asked]
        return (is_asked[:, asked] * np.abs(scaled - wanted[:, asked])).sum(axis=1)

    def hide(self, values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """The values with some of them hidden, as in training: nothing is asked, or any subset."""
        is_asked = generator.random(values.shape) < _SHARE_ASKED
        is_free = generator.random((len(values), 1)) < _SHARE_FREE
        return np.where(is_asked & ~is_free, values, np.nan)


def measure(mols: Iterable[Chem.Mol], names: Sequence[str]) -> np.ndarray:
    """The properties of molecules, ``[M, C]``.

    Raises:
        UnknownNameError: If there is no such property.

    Example:
        >>> measure([Chem.MolFromSmiles("c1ccccc1")], ["rings", "weight"]).round(1).tolist()
        [[1.0, 78.1]]
    """
    for name in names:
        if name not in PROPERTIES:
            raise UnknownNameError.of("property", name, PROPERTIES)
    rows = [[PROPERTIES[name](mol) for name in names] for mol in mols]
    return np.array(rows, dtype=float).reshape(-1, len(names))
