r"""Molecules as rows of fixed length: counted Morgan fragments and RDKit's descriptors.

Both depend on the molecule alone, not on the order of its atoms. Measured with 500 molecules on one
core (350 of the NCI set, 150 drug-like ones, 20 atoms on average): 0.05 ms a molecule for the
Morgan counts, 6 ms for the descriptors, of which 1 ms is QED alone; 11 ms for the drug-like ones.

Legend: B molecules, D columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from rdkit import Chem, rdBase
from rdkit.Chem import Descriptors, rdFingerprintGenerator
from torch import Tensor

from gnnlab.errors import InputError, MemoryLimitError, NotFittedError, ShapeError

#: What is left out of RDKit's list. Ipc and AvgIpc overflow, and take a minute for 1,000 atoms;
#: ExactMolWt is MolWt to five digits, and fr_Nhpyrrole counts what fr_Ar_NH counts.
_LEFT_OUT = {"Ipc", "AvgIpc", "ExactMolWt", "fr_Nhpyrrole"}
#: From here on the descriptors that fill a matrix of atom pairs take seconds a molecule.
_LARGE = 300
_OF_PAIRS = ("BCUT2D", "EState", "BalabanJ", "BertzCT")
#: A kernel of more rows than this would fill more than 4 GB while it is computed.
_MOST_PAIRS = 15_000**2
_LARGEST_COUNT = np.iinfo(np.uint8).max

_DESCRIPTORS: dict[str, Callable[[Chem.Mol], float]] = {
    name: function for name, function in Descriptors.descList if name not in _LEFT_OUT
}
#: The columns of :func:`rdkit_descriptors`. They may change with RDKit's version.
DESCRIPTOR_NAMES: tuple[str, ...] = tuple(_DESCRIPTORS)


def morgan_counts(
    mols: Sequence[Chem.Mol], radius: int = 2, size: int = 2048, *, chirality: bool = False
) -> np.ndarray:
    """How often each circular fragment occurs, hashed into ``size`` columns.

    The fragments are the neighbourhoods of every atom up to ``radius`` bonds
    (`Rogers and Hahn, 2010 <https://doi.org/10.1021/ci100050t>`_; radius 2 is ECFP4).
    ``morgan_counts(mols) > 0`` is the usual fingerprint of bits.

    Args:
        mols: Molecules, as :func:`~gnnlab.molecules.parse.parse_smiles` gives them.
        radius: How many bonds a fragment reaches from its centre.
        size: Number of columns; fragments that meet in one column are added.
        chirality: Whether fragments that are mirror images count as different.

    Returns:
        ``[B, size]`` of uint8; counts above 255 are written as 255.

    Raises:
        InputError: If ``radius`` is negative or ``size`` not positive.

    Example:
        >>> from gnnlab.molecules.parse import parse_smiles
        >>> counts = morgan_counts([parse_smiles("CCO"), parse_smiles("[Na+].[Cl-]")])
        >>> counts.shape, counts.sum(axis=1).tolist()
        ((2, 2048), [6, 2])
    """
    if radius < 0 or size < 1:
        raise InputError(
            "no such fragments",
            where="radius, size",
            value=(radius, size),
            remedy="use radius >= 0 and size >= 1",
        )
    generator = rdFingerprintGenerator.GetMorganGenerator(
        radius=radius, fpSize=size, includeChirality=chirality
    )
    counts = np.zeros((len(mols), size), dtype=np.uint8)  # [B, D]
    for row, mol in enumerate(mols):
        counts[row] = np.minimum(generator.GetCountFingerprintAsNumPy(mol), _LARGEST_COUNT)
    return counts


def tanimoto_kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    r"""The similarity of all pairs of rows of counts.

    .. math::
        k(x, y) = \frac{\sum_d \min(x_d, y_d)}{\sum_d \max(x_d, y_d)}

    For bits this is the Tanimoto coefficient, the shared bits among those that either molecule has;
    for counts it is the MinMax kernel of
    `Ralaivola et al., 2005 <https://doi.org/10.1016/j.neunet.2005.07.009>`_.

    Args:
        x: Counts ``[B, D]``, as :func:`morgan_counts` gives them.
        y: Counts ``[C, D]``.

    Returns:
        ``[B, C]``, between 0 and 1; 1 for two rows without any fragment.

    Raises:
        MemoryLimitError: If there are more than 225,000,000 pairs.

    Example:
        >>> tanimoto_kernel(np.array([[2, 1, 0]]), np.array([[1, 1, 1], [2, 1, 0]])).tolist()
        [[0.5, 1.0]]
    """
    if len(x) * len(y) > _MOST_PAIRS:
        raise MemoryLimitError(
            "too many molecules for a kernel of all pairs",
            where="molecules",
            value=(len(x), len(y)),
            remedy=f"take fewer, for at most {_MOST_PAIRS} pairs, or a method without a kernel",
        )
    # The minimum of two counts is the number of levels 1, 2, ... that both reach.
    shared = np.zeros((len(x), len(y)), dtype=np.float32)  # [B, C]
    for level in range(1, int(min(x.max(initial=0), y.max(initial=0))) + 1):
        columns = (x >= level).any(axis=0) & (y >= level).any(axis=0)
        left, right = x[:, columns] >= level, y[:, columns] >= level
        shared += left.astype(np.float32) @ right.astype(np.float32).T
    either = x.sum(axis=1, dtype=float)[:, None] + y.sum(axis=1, dtype=float) - shared
    return np.divide(shared, either, out=np.ones_like(either), where=either > 0)


def rdkit_descriptors(mols: Sequence[Chem.Mol]) -> np.ndarray:
    """RDKit's descriptors: sizes, surface, charges, ring and fragment counts, solubility, ...

    All of ``rdkit.Chem.Descriptors.descList`` but four: ``Ipc`` and ``AvgIpc``, which overflow, and
    ``ExactMolWt`` and ``fr_Nhpyrrole``, which repeat others.

    What RDKit cannot compute is NaN, and so is what it gives as infinite: partial charges of atoms
    without parameters (metals), eigenvalues of single atoms, and, above 300 atoms, the descriptors
    that need a matrix of all pairs of atoms. :class:`Scaler` puts the mean in their place.

    Args:
        mols: Molecules, as :func:`~gnnlab.molecules.parse.parse_smiles` gives them.

    Returns:
        ``[B, D]`` of float32; the columns are :data:`DESCRIPTOR_NAMES`.

    Example:
        >>> from gnnlab.molecules.parse import parse_smiles
        >>> values = rdkit_descriptors([parse_smiles("CCO"), parse_smiles("[Na+]")])
        >>> weights = values[:, DESCRIPTOR_NAMES.index("MolWt")]
        >>> [round(float(weight), 2) for weight in weights]
        [46.07, 22.99]
    """
    values = np.empty((len(mols), len(_DESCRIPTORS)))
    with rdBase.BlockLogs(), np.errstate(all="ignore"):
        for row, mol in enumerate(mols):
            is_large = mol.GetNumAtoms() > _LARGE
            values[row] = [
                np.nan
                if is_large and any(part in name for part in _OF_PAIRS)
                else _of(function, mol)
                for name, function in _DESCRIPTORS.items()
            ]
        values = values.astype(np.float32)
    return np.where(np.isfinite(values), values, np.nan)


def _of(descriptor: Callable[[Chem.Mol], float], mol: Chem.Mol) -> float:
    try:
        return descriptor(mol)
    except Exception:  # RDKit's 200 functions fail in many ways; all mean that there is no value.
        return np.nan


class Scaler:
    r"""Standardises columns by the mean and deviation of the rows that it was fitted to.

    .. math::
        \hat x_{bd} = \mathrm{clip}\left(\frac{x_{bd} - \mu_d}{\sigma_d}, -c, c\right),
        \qquad \hat x_{bd} = 0 \text{ where } x_{bd} \text{ is NaN}

    Columns that are constant, or have no value at all, are dropped.

    Args:
        limit: How many deviations :math:`c` from the mean a value may be; what lies beyond is
            clipped, so that a molecule unlike all others cannot give a huge input.

    Example:
        >>> scaler = Scaler().fit(np.array([[1.0, 5.0], [3.0, 5.0], [np.nan, 5.0]]))
        >>> scaler.transform(np.array([[2.0, 5.0], [3.0, 7.0], [np.nan, 7.0]])).tolist()
        [[0.0], [1.0], [0.0]]
    """

    def __init__(self, limit: float = 10.0):
        self.limit = limit
        self.mean: np.ndarray | None = None  # [D], of the columns that are kept
        self.deviation: np.ndarray | None = None  # [D]
        self.kept: np.ndarray | None = None  # [columns before], bool

    def fit(self, values: np.ndarray) -> Scaler:
        """Takes mean and deviation from ``values``: ``[B, D]``, NaN for what is missing.

        Raises:
            InputError: If there are no rows, or a value is infinite.
        """
        values = _to_float(values)
        if not len(values):
            raise InputError("there are no rows to take the mean of", where="values")
        has_value = ~np.isnan(values)
        count = np.maximum(has_value.sum(axis=0), 1)
        mean = np.where(has_value, values, 0).sum(axis=0) / count
        deviation = np.sqrt((np.where(has_value, values - mean, 0) ** 2).sum(axis=0) / count)
        # The mean of equal numbers is not always that number, to the last digit.
        self.kept = deviation > 1e-9 * np.abs(mean)
        self.mean, self.deviation = mean[self.kept], deviation[self.kept]
        return self

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Standardised rows ``[B, D]`` of float32 without the dropped columns; free of NaN.

        Raises:
            NotFittedError: If the scaler was not fitted.
            ShapeError: If the number of columns differs from that of the fitted rows.
            InputError: If a value is infinite.
        """
        if self.kept is None:
            raise NotFittedError("the scaler has no means yet", remedy="call fit first")
        values = _to_float(values)
        if values.shape[1] != len(self.kept):
            raise ShapeError(
                f"the scaler knows {len(self.kept)} columns", where="values", value=values.shape
            )
        scaled = (values[:, self.kept] - self.mean) / self.deviation
        return np.nan_to_num(np.clip(scaled, -self.limit, self.limit)).astype(np.float32)

    def state_dict(self) -> dict[str, Tensor]:
        """Its numbers as tensors, to be saved with a model.

        Raises:
            NotFittedError: If the scaler was not fitted.
        """
        if self.kept is None:
            raise NotFittedError("the scaler has no means yet", remedy="call fit first")
        return {
            "mean": torch.from_numpy(self.mean),
            "deviation": torch.from_numpy(self.deviation),
            "kept": torch.from_numpy(self.kept),
            "limit": torch.tensor(self.limit, dtype=torch.float64),
        }

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> Scaler:
        """The scaler that gave this :meth:`state_dict`."""
        scaler = cls(limit=state["limit"].item())
        scaler.mean, scaler.deviation, scaler.kept = (
            state[name].numpy() for name in ("mean", "deviation", "kept")
        )
        return scaler


def _to_float(values: Any) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2:
        raise ShapeError("rows and columns are needed", where="values", value=values.shape)
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise InputError("a value is infinite", where=f"row {row}, column {column}")
    return values
