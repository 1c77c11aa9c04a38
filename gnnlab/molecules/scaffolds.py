"""Groups of rows that a split must not tear apart: equal molecules, and equal scaffolds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem.Scaffolds import MurckoScaffold

from gnnlab.molecules.parse import canonical_smiles, parse_all, parse_smiles
from gnnlab.molecules.reading import Molecules


def murcko_scaffold(molecule: str | Chem.Mol) -> str:
    """The rings of a molecule and what links them, as canonical SMILES without stereo.

    The framework of `Bemis & Murcko, 1996 <https://doi.org/10.1021/jm9602928>`_, in RDKit's
    version: atoms that hang on it by a double bond belong to it. All molecules without a ring
    share the empty scaffold.

    Raises:
        MoleculeError: If the molecule cannot be parsed.

    Example:
        >>> murcko_scaffold("Cc1ccc(CC2CCNCC2)cc1O"), murcko_scaffold("CCO")
        ('c1ccc(CC2CCNCC2)cc1', '')
    """
    mol = parse_smiles(molecule) if isinstance(molecule, str) else molecule
    with rdBase.BlockLogs():
        return MurckoScaffold.MurckoScaffoldSmiles(mol=mol)


def group_equal(molecules: Molecules | Sequence[str | Chem.Mol]) -> list[np.ndarray]:
    """Rows of equal molecules (equal canonical SMILES), in the order of their first rows.

    Raises:
        MoleculeError: If a molecule cannot be parsed; names the row.

    Example:
        >>> [rows.tolist() for rows in group_equal(["CCO", "CC", "OCC"])]
        [[0, 2], [1]]
    """
    if isinstance(molecules, Molecules):
        return _group(molecules.canonical)
    return _group(canonical_smiles(mol) for mol in parse_all(molecules))


def group_by_scaffold(molecules: Molecules | Sequence[str | Chem.Mol]) -> list[np.ndarray]:
    """Rows of molecules with the same scaffold, in the order of their first rows.

    Equal molecules are always in the same group.

    Raises:
        MoleculeError: If a molecule cannot be parsed; names the row.

    Example:
        >>> [rows.tolist() for rows in group_by_scaffold(["c1ccccc1", "CO", "Cc1ccccc1", "N"])]
        [[0, 2], [1, 3]]
    """
    smiles = molecules.smiles if isinstance(molecules, Molecules) else list(molecules)
    scaffolds = np.empty(len(smiles), dtype=object)
    for rows in group_equal(molecules):
        scaffolds[rows] = murcko_scaffold(smiles[rows[0]])
    return _group(scaffolds)


def _group(keys: Iterable[str]) -> list[np.ndarray]:
    groups: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        groups.setdefault(key, []).append(row)
    return [np.array(rows) for rows in groups.values()]
