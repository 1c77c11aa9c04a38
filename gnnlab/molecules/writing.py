"""Writing molecules to a file, by its ending."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
from rdkit import Chem
from rdkit.Chem import rdDepictor

from gnnlab.data import write_file
from gnnlab.errors import InputError, ShapeError
from gnnlab.molecules.parse import parse_all


def write_molecules(
    path: str | os.PathLike,
    smiles: Sequence[str],
    columns: Mapping[str, Sequence] | None = None,
) -> Path:
    """Writes molecules as SMILES, as a table, or as drawings with coordinates.

    Args:
        path: ``.smi`` has a molecule per line, ``.csv`` a table with the column ``smiles``, and
            ``.sdf`` (or ``.sd``) flat coordinates that other programs read.
        smiles: The molecules.
        columns: Further columns, a value for each molecule; ``.smi`` has room for none.

    Returns:
        The path.

    Raises:
        InputError: If the file has another ending, or its folder does not exist, or there are
            columns for an ``.smi``.
        ShapeError: If a column is longer or shorter.
        MoleculeError: If one is no molecule, for an ``.sdf``.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> path = write_molecules(folder / "drinks.csv", ["CCO", "O"], {"name": ["rum", "water"]})
        >>> print(path.read_text().strip())
        smiles,name
        CCO,rum
        O,water
    """
    path, columns = Path(path), dict(columns or {})
    for name, values in columns.items():
        if len(values) != len(smiles):
            raise ShapeError(
                f"there are {len(smiles)} molecules", where=name, value=f"{len(values)} values"
            )
    if path.suffix.lower() not in _WRITERS:
        raise InputError(
            "the ending says nothing",
            where="path",
            value=str(path),
            remedy=f"use one of {', '.join(_WRITERS)}",
        )
    write_file(path, _WRITERS[path.suffix.lower()](list(smiles), columns).encode())
    return path


def _to_smi(smiles: list[str], columns: dict[str, Sequence]) -> str:
    if columns:
        raise InputError(
            "there is no room for columns",
            where="path",
            value=".smi",
            remedy="write .csv or .sdf",
        )
    return "".join(f"{text}\n" for text in smiles)


def _to_csv(smiles: list[str], columns: dict[str, Sequence]) -> str:
    return pd.DataFrame({"smiles": smiles} | columns).to_csv(index=False, float_format="%.6g")


def _to_sdf(smiles: list[str], columns: dict[str, Sequence]) -> str:
    text = io.StringIO()
    with Chem.SDWriter(text) as writer:
        for row, mol in enumerate(parse_all(smiles)):
            rdDepictor.Compute2DCoords(mol)
            mol.SetProp("smiles", smiles[row])
            for name, values in columns.items():
                mol.SetProp(name, str(values[row]))
            writer.write(mol)
    return text.getvalue()


_WRITERS: dict[str, Callable[[list[str], dict], str]] = {
    ".smi": _to_smi,
    ".csv": _to_csv,
    ".sdf": _to_sdf,
    ".sd": _to_sdf,
}
