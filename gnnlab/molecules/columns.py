"""The columns of a table: which holds the molecules, and what numbers the targets are."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from gnnlab.errors import InputError
from gnnlab.molecules.tables import Table

#: Names, in lower case, by which the column of the SMILES is found.
SMILES_COLUMNS = (
    "smiles",
    "smi",
    "canonical_smiles",
    "isomeric_smiles",
    "mol",
    "molecule",
    "structure",
)
_MISSING = ("", "na", "n/a", "nan", "none", "null")
_TRUTH = {"true": 1.0, "false": 0.0}


def find_smiles_column(table: Table, name: str | None) -> str:
    """The column ``name``, or the one that can only be meant.

    Raises:
        InputError: If it does not exist, or none or several may be meant; lists them.
    """
    columns = list(table.frame.columns)
    if name is not None:
        _check_column(columns, name)
        return name
    if table.smiles_column is not None:
        return table.smiles_column
    usual = [column for column in columns if str(column).strip().lower() in SMILES_COLUMNS]
    if len(usual) == 1 or len(columns) == 1:
        return (usual or columns)[0]
    raise InputError(
        "the column of the SMILES cannot be told",
        where="smiles_column",
        remedy=f"name it; it may be one of: {_list_names(usual or columns)}",
    )


def check_targets(frame: pd.DataFrame, names: list[str], smiles_column: str) -> None:
    """Refuses target columns that do not exist or are named twice.

    Raises:
        InputError: Names the column.
    """
    for name in names:
        _check_column(list(frame.columns), name)
    if len(set(names)) < len(names) or smiles_column in names:
        raise InputError(
            "a column is named twice",
            where="target_columns",
            value=_list_names([smiles_column, *names]),
        )


def _check_column(columns: list, name: str) -> None:
    if name not in columns:
        raise InputError(
            "no such column",
            value=repr(name),
            remedy=f"the columns are: {_list_names(columns)}",
        )


def _list_names(names: list) -> str:
    return ", ".join(map(str, names[:20])) + (f", ... ({len(names)})" if len(names) > 20 else "")


def read_targets(frame: pd.DataFrame) -> tuple[np.ndarray, list[tuple[int, str, str]]]:
    """The columns of a table as numbers.

    Returns:
        ``[M, T]`` with NaN where a cell is missing or wrong, and the wrong cells: the label of the
        row, the name of the column, the reason.

    Raises:
        InputError: If a column has no number at all.

    Example:
        >>> read_targets(pd.DataFrame({"y": ["1.5", "", "high"]}))
        (array([[1.5],
               [nan],
               [nan]]), [(2, 'y', "not a number: 'high'")])
    """
    targets = np.full(frame.shape, math.nan)
    wrong = []
    for task, (name, cells) in enumerate(frame.items()):
        for place, (row, cell) in enumerate(cells.items()):
            number = _to_number(cell)
            if number is None:
                wrong.append((row, name, f"not a number: {str(cell)[:60]!r}"))
            else:
                targets[place, task] = number
        if np.isnan(targets[:, task]).all():
            raise InputError(
                "the target has no number at all",
                where=name,
                value=wrong[-1][2] if wrong and wrong[-1][1] == name else "blanks only",
                remedy="write classes as 0 and 1",
            )
    return targets, wrong


def _to_number(cell: object) -> float | None:
    """A finite number, NaN for a missing one, None for what is neither."""
    if isinstance(cell, str):
        word = cell.strip().lower()
        if word in _MISSING:
            return math.nan
        if word in _TRUTH:
            return _TRUTH[word]
        if "_" in word:  # Python reads 1_000 as a number.
            return None
    elif cell is None or cell is pd.NA:
        return math.nan
    try:
        number = float(cell)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if math.isinf(number) else number
