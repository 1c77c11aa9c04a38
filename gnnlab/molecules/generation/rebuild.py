"""From actions, or from the books of a grown molecule, to RDKit molecules and SMILES.

Legend: B molecules, S steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from rdkit import Chem, rdBase

from gnnlab.errors import InputError, MoleculeError
from gnnlab.molecules.generation.actions import ActionSpace
from gnnlab.molecules.generation.ledger import NO_ACTION, Ledger
from gnnlab.molecules.generation.types import AtomTypes

Bond = tuple[int, int, int]

_BOND_TYPES = Chem.BondType.values


def build_mol(types: AtomTypes, atoms: Sequence[int], bonds: Iterable[Bond]) -> Chem.Mol:
    """The molecule with given atoms and bonds, sanitised.

    Args:
        types: The table of atom types.
        atoms: The type of each atom.
        bonds: Two atoms and the order (1, 2 or 3) of each bond.

    Raises:
        MoleculeError: If RDKit refuses it, which it does not if a ledger allowed it.

    Example:
        >>> types = AtomTypes.from_names(["C", "O"])
        >>> Chem.MolToSmiles(build_mol(types, [0, 0, 1], [(0, 1, 1), (1, 2, 2)]))
        'CC=O'
    """
    mol = Chem.RWMol()
    for kind in atoms:
        atom = Chem.Atom(types.elements[kind])
        if types.charges[kind]:
            atom.SetFormalCharge(types.charges[kind])
        mol.AddAtom(atom)
    for begin, end, order in bonds:
        mol.AddBond(begin, end, _BOND_TYPES[order])
    try:
        with rdBase.BlockLogs():
            Chem.SanitizeMol(mol)
    except Chem.MolSanitizeException as error:
        raise MoleculeError(f"cannot be sanitised: {error}") from error
    return mol.GetMol()


def to_mols(ledger: Ledger) -> list[Chem.Mol]:
    """The molecules of a ledger as they are now, finished or not; atoms in the order of birth.

    Raises:
        InputError: If one has no atom yet.

    Example:
        >>> space = ActionSpace(AtomTypes.from_names(["C", "O"]), max_distance=5)
        >>> ledger = Ledger(space, batch_size=2, max_atoms=9)
        >>> ledger.apply([space.root(0), space.root(1)])
        >>> [Chem.MolToSmiles(mol) for mol in to_mols(ledger)]
        ['C', 'O']
    """
    empty = np.flatnonzero(ledger.num_atoms == 0)
    if len(empty):
        raise InputError("no atoms yet", where=f"molecule {empty[0]}")
    types = ledger.space.types
    return [build_mol(types, *ledger.graph(row)) for row in range(len(ledger))]


def replay(space: ActionSpace, sequences: Sequence[Sequence[int]], max_atoms: int) -> Ledger:
    """The ledger of molecules whose actions are known, after the last of them.

    Args:
        space: The actions.
        sequences: B times the ids of the actions of one molecule.
        max_atoms: The most atoms of a molecule.

    Raises:
        InputError: If an action is not legal where it stands.

    Example:
        >>> space = ActionSpace(AtomTypes.from_names(["C", "O"]), max_distance=5)
        >>> replay(space, [[0, space.add(1, 1)], [0]], max_atoms=5).num_atoms.tolist()
        [2, 1]
    """
    lengths = np.array([len(actions) for actions in sequences], dtype=np.int64)
    table = np.full((len(lengths), lengths.max(initial=0)), NO_ACTION)  # [B, S]
    for row, actions in enumerate(sequences):
        table[row, : len(actions)] = actions
    ledger = Ledger(space, len(table), max_atoms)
    for step in range(table.shape[1]):
        ledger.apply(table[:, step])
    return ledger


def from_actions(space: ActionSpace, actions: Sequence[int]) -> Chem.Mol:
    """The molecule that a complete sequence of actions grows.

    Its stereo is undefined. The inverse is :func:`~gnnlab.molecules.generation.to_actions`.

    Raises:
        InputError: If an action is not legal where it stands, or the molecule is not finished.

    Example:
        >>> space = ActionSpace(AtomTypes.from_names(["C", "O"]), max_distance=5)
        >>> actions = [space.root(0), space.add(0, 1), space.add(1, 1), space.close(2, 1)]
        >>> Chem.MolToSmiles(from_actions(space, [*actions, space.pop, space.pop]))
        'C1CO1'
    """
    ledger = replay(space, [actions], max_atoms=max(len(actions), 1))
    if not ledger.is_done[0]:
        raise InputError(
            "the molecule is not finished",
            where="actions",
            value=f"{len(actions)} actions",
            remedy="step back until the root is left",
        )
    return to_mols(ledger)[0]
