"""Molecules grown by chance alone: the trial of the guarantee, and the simplest of all samplers.

Legend: B molecules, A actions.
"""

from __future__ import annotations

import numpy as np
from rdkit import Chem

from gnnlab.errors import InputError
from gnnlab.molecules.generation.actions import ActionSpace
from gnnlab.molecules.generation.ledger import NO_ACTION, Ledger
from gnnlab.molecules.generation.rebuild import to_mols

_TOGETHER = 512


def sample_random(
    space: ActionSpace, count: int, seed: int = 0, max_atoms: int = 38
) -> list[Chem.Mol]:
    """Molecules by choosing among the legal actions with equal probabilities, until all are done.

    Args:
        space: The actions.
        count: How many molecules.
        seed: Equal seeds give equal molecules, and a smaller ``count`` the first of them.
        max_atoms: The most atoms of one. Most are smaller: fluorine and its like, and bonds of
            high order, use up what is left.

    Returns:
        Sanitised molecules; none is ever refused.

    Raises:
        InputError: If ``count`` or ``seed`` is negative, or ``max_atoms`` below 1.

    Example:
        >>> from gnnlab.molecules.generation import AtomTypes
        >>> space = ActionSpace(AtomTypes.from_names(["C", "N", "O"]), max_distance=6)
        >>> [Chem.MolToSmiles(mol) for mol in sample_random(space, 3, seed=1, max_atoms=4)]
        ['N=C=CN', 'COCN', 'N1=NO1']
    """
    for name, value in (("count", count), ("seed", seed)):
        if value < 0:
            raise InputError("cannot be negative", where=name, value=value)
    mols = []
    for part, first in enumerate(range(0, count, _TOGETHER)):
        ledger = Ledger(space, _TOGETHER, max_atoms)
        generator = np.random.default_rng([seed, part])
        while not ledger.is_done.all():
            ledger.apply(choose(ledger.legal(), generator))
        ledger.keep(slice(0, count - first))
        mols += to_mols(ledger)
    return mols


def choose(legal: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """One of the legal actions of each molecule, ``[B, A]`` bool to ``[B]``; all equally likely.

    Where none is legal it is ``NO_ACTION``.

    Example:
        >>> legal = np.array([[False, True, False], [False, False, False]])
        >>> choose(legal, np.random.default_rng(0)).tolist()
        [1, -1]
    """
    counts = legal.sum(1)
    wanted = generator.integers(0, np.maximum(counts, 1))
    chosen = (legal.cumsum(1, dtype=np.int16) > wanted[:, None]).argmax(1)
    return np.where(counts > 0, chosen, NO_ACTION)
