"""SMILES as sequences of symbols, and the many strings that one molecule has."""

from __future__ import annotations

import re

import numpy as np
from rdkit import Chem

_SYMBOL = re.compile(r"\[[^\]]*\]|Br|Cl|%\d\d|.")
_SEEDS = 2**31 - 1  # RDKit takes those below, from 1


def split_smiles(smiles: str) -> list[str]:
    """The symbols of a SMILES string: atoms, also those of two letters or in brackets, and marks.

    Example:
        >>> split_smiles("ClC[C@H](Br)c1ccccc1")[:7]
        ['Cl', 'C', '[C@H]', '(', 'Br', ')', 'c']
    """
    return _SYMBOL.findall(smiles)


def random_smiles(mol: Chem.Mol, generator: np.random.Generator) -> str:
    """One of the strings of a molecule: from a random atom, with branches in random order.

    A sequence needs an order of the atoms, and a molecule has none. To learn from many of its
    strings tells a sequence model so (`Bjerrum, 2017 <https://arxiv.org/abs/1703.07076>`_).

    Example:
        >>> from gnnlab.molecules import canonical_smiles, parse_smiles
        >>> generator = np.random.default_rng(0)
        >>> strings = {random_smiles(parse_smiles("CCO"), generator) for _ in range(50)}
        >>> sorted(strings)
        ['C(C)O', 'C(O)C', 'CCO', 'OCC']
        >>> {canonical_smiles(parse_smiles(string)) for string in strings}
        {'CCO'}
    """
    return Chem.MolToRandomSmilesVect(mol, 1, int(generator.integers(1, _SEEDS)))[0]
