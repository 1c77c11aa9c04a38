"""Molecules that come with RDKit, so that everything can be tried without a download."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rdkit import RDConfig, rdBase
from rdkit.Chem import Crippen

from gnnlab.errors import InputError
from gnnlab.molecules.parse import parse_smiles
from gnnlab.molecules.reading import Molecules, read_molecules

_FOLDER = Path(RDConfig.RDDataDir) / "NCI"

#: What :func:`load_nci_properties` gives as targets, one column each; the card says what they are.
NCI_PROPERTIES = (
    *("AMW", "CLOGP", "DAYLIGHT_CLOGP", "P1", "NUM_HACCEPTORS", "NUM_HDONORS", "NUM_HETEROATOMS"),
    *("NUM_LIPINSKIHACCEPTORS", "NUM_LIPINSKIHDONORS", "NUM_RINGS", "NUM_ROTATABLEBONDS"),
    "NUM_ROTATABLEBONDS_O",
)


def load_nci(count: int | None = None) -> Molecules:
    """The first molecules of a collection of the National Cancer Institute, with their numbers.

    Nobody has tidied them: there are salts, metals, mixtures, molecules that are there twice, and
    eight rows that RDKit refuses to read. Their card is ``datasets/nci.md``.

    Args:
        count: How many rows to read from the beginning; by default all 4,999.

    Returns:
        Molecules without targets; the column ``name`` of their table holds the numbers.

    Raises:
        InputError: If ``count`` is below 1.

    Example:
        >>> molecules = load_nci(3)
        >>> molecules.smiles[0], molecules.table["name"].tolist()
        ('CC1=CC(=O)C=CC1=O', ['1', '2', '3'])
    """
    if count is not None and count < 1:
        raise InputError("at least one row is needed", where="count", value=count)
    path = _FOLDER / "first_5K.smi"
    frame = pd.read_csv(path, sep="\t", names=["smiles", "name"], dtype=str, nrows=count)
    return read_molecules(frame, "smiles")


def load_nci_properties() -> Molecules:
    """The first 200 molecules of the collection that were drawn, with properties as targets.

    Returns:
        Molecules whose targets are :data:`NCI_PROPERTIES`. Most are computed; ``P1``, given for 30
        molecules, looks measured.

    Example:
        >>> molecules = load_nci_properties()
        >>> measured = molecules.targets[:, molecules.columns.index("P1")]
        >>> len(molecules), int(np.isfinite(measured).sum())
        (200, 30)
    """
    return read_molecules(_FOLDER / "first_200.props.sdf", target_columns=NCI_PROPERTIES)


def crippen_logp(smiles: Sequence[str]) -> np.ndarray:
    """How much rather molecules are in octanol than in water, in powers of ten, by RDKit.

    Every atom adds a number that depends on its neighbours
    (`Wildman and Crippen, 1999 <https://doi.org/10.1021/ci990307l>`_). A property that costs
    nothing, for trying out what learns properties.

    Args:
        smiles: B molecules.

    Returns:
        ``[B]``.

    Raises:
        MoleculeError: If one cannot be read.

    Example:
        >>> crippen_logp(["CCO", "CCCCCCCC"]).round(2).tolist()  # alcohol, octane
        [-0.0, 3.37]
    """
    mols = [parse_smiles(text) for text in smiles]
    with rdBase.BlockLogs():
        return np.array([Crippen.MolLogP(mol) for mol in mols])
