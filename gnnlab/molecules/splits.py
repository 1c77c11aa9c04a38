"""Splits into training, validation and test rows; no molecule is ever in two of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from rdkit import Chem

from gnnlab.errors import InputError, ShapeError, UnknownNameError
from gnnlab.molecules.reading import Molecules
from gnnlab.molecules.scaffolds import group_by_scaffold, group_equal

#: What a column may call the three parts, in lower case.
PART_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}
MODES = ("balanced", "deterministic")
_EIGHT_ONE_ONE = (0.8, 0.1, 0.1)
# (0.7 + 0.1) * 10 is a little less than 8, which must not cost a part its last row.
_ROUNDING = 1e-6


class Split(NamedTuple):
    """The rows of the three parts, each in ascending order; they count the good rows from 0."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def random_split(
    molecules: Molecules | Sequence[str | Chem.Mol],
    fractions: tuple[float, float, float] = _EIGHT_ONE_ONE,
    seed: int = 0,
) -> Split:
    """Draws the parts at random; rows of equal molecules go together.

    Args:
        molecules: What `read_molecules` returns, or a list of SMILES or RDKit molecules.
        fractions: The shares of training, validation and test; they are met to the row if all
            molecules differ.
        seed: Another seed gives another split.

    Raises:
        InputError: If the fractions are no shares of one, or leave a part empty.
        MoleculeError: If a molecule cannot be parsed; names the row.

    Example:
        >>> split = random_split(["C" * n for n in range(1, 11)], seed=1)
        >>> split.train.size, split.validation.size, split.test.size
        (8, 1, 1)
    """
    _check_fractions(fractions)
    groups = group_equal(molecules)
    order = np.random.default_rng(seed).permutation(len(groups))
    sizes = np.array([len(groups[group]) for group in order])
    ends = np.round(np.cumsum(fractions[:2]) * sizes.sum())
    # A group belongs where its middle lies, so that a big one moves no border by more than half.
    parts = np.searchsorted(ends, np.cumsum(sizes) - sizes / 2, side="right")
    chosen = [[groups[group] for group in order[parts == part]] for part in range(3)]
    return _to_split(chosen, fractions)


def scaffold_split(
    molecules: Molecules | Sequence[str | Chem.Mol],
    fractions: tuple[float, float, float] = _EIGHT_ONE_ONE,
    mode: str = "balanced",
    seed: int = 0,
) -> Split:
    """Keeps molecules of one Bemis-Murcko scaffold together: the test shows unseen scaffolds.

    Molecules without a ring count as one scaffold.

    Args:
        molecules: What `read_molecules` returns, or a list of SMILES or RDKit molecules.
        fractions: The shares of training, validation and test; met as far as the sizes of the
            scaffolds allow.
        mode: ``"deterministic"`` goes from the largest scaffold to the smallest (of equal ones,
            from the one that appears last) and fills training, then validation, then test, as
            MoleculeNet does. ``"balanced"`` puts the scaffolds that would take more than half of
            validation or test first, then the others, each lot shuffled, and gives each to the
            first part that has room for it, as chemprop does.
        seed: Shuffles the balanced split; the deterministic one has none.

    Raises:
        UnknownNameError: If the mode is unknown.
        InputError: If the fractions are no shares of one, or leave a part empty.
        MoleculeError: If a molecule cannot be parsed; names the row.

    Example:
        >>> smiles = ["c1ccccc1" + "C" * n for n in range(8)] + ["C1CC1", "C1CCC1"]
        >>> split = scaffold_split(smiles, mode="deterministic")
        >>> split.train.tolist(), split.validation.tolist(), split.test.tolist()
        ([0, 1, 2, 3, 4, 5, 6, 7], [9], [8])
    """
    _check_fractions(fractions)
    if mode not in MODES:
        raise UnknownNameError.of("mode", mode, MODES)
    groups = group_by_scaffold(molecules)
    if mode == "deterministic":
        chosen = _fill_in_order(groups, fractions)
    else:
        chosen = _fill_balanced(groups, fractions, np.random.default_rng(seed))
    return _to_split(chosen, fractions)


def column_split(
    molecules: Molecules | Sequence[str | Chem.Mol], column: str | Sequence[str]
) -> Split:
    """Takes the parts from a column that says ``train``, ``valid`` or ``test`` in each row.

    Args:
        molecules: What `read_molecules` returns, or a list of SMILES or RDKit molecules.
        column: The name of a column of ``molecules.table``, or the words themselves, one per row.
            Capitals do not count, and the usual other words are known; a part that does not
            occur is empty.

    Raises:
        ShapeError: If there are more or fewer words than molecules.
        InputError: If there is no such column, a word is unknown, there is no training row, or a
            molecule is in two parts; names the rows.

    Example:
        >>> split = column_split(["C", "CC", "CCC"], ["Train", "Test", "train"])
        >>> split.train.tolist(), split.validation.tolist(), split.test.tolist()
        ([0, 2], [], [1])
    """
    words = _get_words(molecules, column)
    numbers = {name: part for part, names in enumerate(PART_NAMES.values()) for name in names}
    parts = np.array([numbers.get(str(word).strip().lower(), -1) for word in words])
    if (parts < 0).any():
        row = int(np.argmin(parts))
        raise InputError(
            "unknown part",
            where=f"row {row}",
            value=repr(words[row]),
            remedy=f"use one of: {', '.join(numbers)}",
        )
    torn = [rows for rows in group_equal(molecules) if np.ptp(parts[rows]) > 0]
    if torn:
        raise InputError(
            "a molecule is in two parts",
            where=f"rows {torn[0].tolist()}, and {len(torn) - 1} more molecules",
            remedy='leave one out, for example by read_molecules(..., duplicates="drop")',
        )
    return _to_split([[np.flatnonzero(parts == part)] for part in range(3)], (1, 0, 0))


def _get_words(molecules, column) -> list:
    if isinstance(column, str):
        table = getattr(molecules, "table", None)
        if table is None or column not in table:
            known = [] if table is None else map(str, table.columns)
            raise InputError(
                "no such column",
                value=repr(column),
                remedy=f"the columns are: {', '.join(known) or 'none'}",
            )
        return table[column].tolist()
    if len(column) != len(molecules):
        raise ShapeError(
            f"there are {len(molecules)} molecules", where="column", value=f"{len(column)} words"
        )
    return list(column)


def _check_fractions(fractions: Sequence[float]) -> None:
    shares = np.asarray(fractions, dtype=float)
    if shares.shape != (3,) or not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-6:
        raise InputError(
            "three shares that add up to 1 are needed", where="fractions", value=fractions
        )
    if shares[0] == 0:
        raise InputError("the training part needs a share", where="fractions", value=fractions)


def _fill_in_order(groups, fractions) -> list[list[np.ndarray]]:
    groups = sorted(groups, key=lambda rows: (len(rows), rows[0]), reverse=True)
    total = sum(map(len, groups))
    ends = np.cumsum(fractions[:2]) * total + _ROUNDING
    parts, sizes = [[], [], []], [0, 0, 0]
    for rows in groups:
        if sizes[0] + len(rows) <= ends[0]:
            part = 0
        else:
            part = 1 if sizes[0] + sizes[1] + len(rows) <= ends[1] else 2
        parts[part].append(rows)
        sizes[part] += len(rows)
    return parts


def _fill_balanced(groups, fractions, generator) -> list[list[np.ndarray]]:
    room = np.array(fractions) * sum(map(len, groups)) + _ROUNDING
    half = room[1:][room[1:] > 1].min(initial=np.inf) / 2
    shuffled = [groups[group] for group in generator.permutation(len(groups))]
    big = [rows for rows in shuffled if len(rows) > half]
    small = [rows for rows in shuffled if len(rows) <= half]
    parts = [[], [], []]
    for rows in big + small:
        part = next((part for part in (0, 1) if len(rows) <= room[part]), 2)
        parts[part].append(rows)
        room[part] -= len(rows)
    return parts


def _to_split(parts: list[list[np.ndarray]], fractions: Sequence[float]) -> Split:
    rows = [np.sort(np.concatenate([np.empty(0, dtype=int), *part])) for part in parts]
    for name, part, fraction in zip(Split._fields, rows, fractions, strict=True):
        if fraction > 0 and part.size == 0:
            raise InputError(
                f"the {name} part is empty",
                where="fractions",
                value=f"{fraction} of {sum(map(len, rows))} molecules",
                remedy="use more molecules or another share",
            )
    return Split(*rows)
