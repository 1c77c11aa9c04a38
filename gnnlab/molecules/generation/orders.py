"""From many molecules to actions, from any root and in any order, again and again.

Legend: M molecules, N atoms of all of them, E bonds of all of them, S steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from gnnlab.errors import InputError, MoleculeError
from gnnlab.molecules.generation.actions import ActionSpace
from gnnlab.molecules.generation.kekule import read_kekule
from gnnlab.molecules.generation.ledger import NO_ACTION
from gnnlab.molecules.generation.walk import Plan, find_walk, plan
from gnnlab.molecules.records import MOST_ATOMS


@dataclass(frozen=True)
class GrowthGraphs:
    """Molecules as compact arrays, from which their actions can be read in some microseconds.

    Args:
        space: The actions.
        smiles: ``[M]`` canonical SMILES without stereo.
        rows: ``[M]`` which of the given molecules they are.
        errors: By row, why a given molecule is not among them.
        atom_pointer: ``[M + 1]`` where the atoms of each molecule begin.
        edge_pointer: ``[M + 1]`` where the edges of each molecule begin; a bond is two edges.
        atoms: ``[N]`` twice the type of each atom, plus 1 if its bonds leave some of its capacity.
        degrees: ``[N]`` the number of neighbours.
        neighbours: ``[2E]`` four times the neighbour, plus the order of the bond.
        num_actions: ``[M]`` how many actions a molecule takes, the same in every order.
    """

    space: ActionSpace
    smiles: list[str]
    rows: np.ndarray
    errors: dict[int, MoleculeError]
    atom_pointer: np.ndarray
    edge_pointer: np.ndarray
    atoms: np.ndarray
    degrees: np.ndarray
    neighbours: np.ndarray
    num_actions: np.ndarray

    @classmethod
    def of(
        cls, molecules: Iterable[str | Chem.Mol], space: ActionSpace, max_atoms: int = MOST_ATOMS
    ) -> GrowthGraphs:
        """Reads molecules, and keeps those that the actions can grow.

        Kept are elements, formal charges, bonds and hydrogens; dropped are stereo and atom-map
        numbers. A molecule is reported if it has several fragments, too many atoms, isotopes,
        radicals, hydrogens that stay atoms of their own, atoms or bonds that the types do not
        allow, numbers of hydrogens that RDKit would not choose by itself, or a ring so large that
        ``space.max_distance`` is too short in each of a hundred orders. That nothing else is lost
        is made sure by building every molecule again and comparing the canonical SMILES.

        Args:
            molecules: SMILES strings or molecules of RDKit.
            space: The actions.
            max_atoms: The most atoms, hydrogens not counted.

        Example:
            >>> from gnnlab.molecules.generation import AtomTypes
            >>> space = ActionSpace(AtomTypes.from_names(["C", "O"]))
            >>> graphs = GrowthGraphs.of(["C[C@H](O)CC", "CCN", "c1ccoc1"], space)
            >>> graphs.smiles, graphs.rows.tolist(), graphs.errors[1].what
            (['CCC(C)O', 'c1ccoc1'], [0, 2], 'an atom outside the table of types')
        """
        smiles, rows, errors, numbers = [], [], {}, _Numbers()
        for row, molecule in enumerate(molecules):
            try:
                graph = read_kekule(molecule, space.types, max_atoms)
                prepared = plan(graph, space)
                if find_walk(*prepared, space, None) is None:
                    raise MoleculeError(
                        f"a ring too large for a max_distance of {space.max_distance}",
                        value=graph.smiles,
                        remedy="use a larger one",
                    )
            except MoleculeError as error:
                errors[row] = _at_row(error, row)
                continue
            smiles.append(graph.smiles)
            rows.append(row)
            numbers.append(*prepared)
        return cls(space, smiles, np.array(rows, dtype=np.int64), errors, **numbers.to_arrays())

    def __len__(self) -> int:
        return len(self.smiles)

    def actions(self, index: int, generator: np.random.Generator | None = None) -> list[int]:
        """The ids of the actions that grow one molecule.

        Args:
            index: Which molecule, from 0 to M - 1.
            generator: Chooses the root, and whenever there is a choice the next of the neighbours
                that are left, all with equal probabilities. Without it they are taken in the order
                of the canonical SMILES. Orders with a closure beyond ``space.max_distance`` are
                passed over.

        Raises:
            InputError: If there is no such molecule.

        Example:
            >>> from gnnlab.molecules.generation import AtomTypes
            >>> space = ActionSpace(AtomTypes.from_names(["C", "O"]))
            >>> graphs = GrowthGraphs.of(["CC=O"], space)
            >>> [space.describe(action) for action in graphs.actions(0)]
            ['begin with C', 'add C by a single bond', 'add O by a double bond', 'step back', \
'step back']
        """
        prepared = self._plan(index)
        actions = find_walk(*prepared, self.space, generator)
        # Of a hundred draws none may fit where the order that `of` found does.
        return actions if actions is not None else find_walk(*prepared, self.space, None)

    def batch(
        self,
        indices: Sequence[int],
        generator: np.random.Generator | None = None,
        canonical: np.ndarray | bool = False,
    ) -> np.ndarray:
        """The actions of several molecules, ``[len(indices), S]`` int16.

        Rows are filled up with ``NO_ACTION``. The order of the rows decides which molecule gets
        which draws of the ``generator``; those that are ``canonical`` get none.
        """
        indices = np.asarray(indices, dtype=np.int64)
        shape = len(indices), self.num_actions[indices].max(initial=0)
        table = np.full(shape, NO_ACTION, dtype=np.int16)
        canonical = np.broadcast_to(canonical, len(indices)).tolist()
        for row, index in enumerate(indices.tolist()):
            actions = self.actions(index, None if canonical[row] else generator)
            table[row, : len(actions)] = actions
        return table

    def _plan(self, index: int) -> Plan:
        if not 0 <= index < len(self):
            raise InputError(f"there are {len(self)} molecules", where="index", value=index)
        begin, end = self.atom_pointer[index : index + 2].tolist()
        edge, last = self.edge_pointer[index : index + 2].tolist()
        codes = self.neighbours[edge:last].tolist()
        neighbours, first = [], 0
        for degree in self.degrees[begin:end].tolist():
            neighbours.append(codes[first : first + degree])
            first += degree
        return self.atoms[begin:end].tolist(), neighbours


def _at_row(error: MoleculeError, row: int) -> MoleculeError:
    where = f"row {row}" + (f", {error.where}" if error.where else "")
    return MoleculeError(error.what, where=where, value=error.value, remedy=error.remedy)


class _Numbers:
    """Plans on their way into arrays; as numbers, for millions of small lists are slow to keep."""

    def __init__(self):
        self.atoms, self.degrees, self.neighbours = [], [], []
        self.num_atoms, self.num_edges, self.num_free = [], [], []

    def append(self, atoms: list[int], neighbours: list[list[int]]) -> None:
        degrees = [len(codes) for codes in neighbours]
        self.atoms += atoms
        self.degrees += degrees
        for codes in neighbours:
            self.neighbours += codes
        self.num_atoms.append(len(atoms))
        self.num_edges.append(sum(degrees))
        self.num_free.append(sum(code & 1 for code in atoms))

    def to_arrays(self) -> dict[str, np.ndarray]:
        num_bonds = np.array(self.num_edges, dtype=np.int64) // 2
        return {
            "atom_pointer": _pointer(self.num_atoms),
            "edge_pointer": _pointer(self.num_edges),
            "atoms": np.array(self.atoms, dtype=np.int8),
            "degrees": np.array(self.degrees, dtype=np.int8),
            "neighbours": np.array(self.neighbours, dtype=np.int16),
            # A step for the root and for each bond, and one back from each atom that is not full.
            "num_actions": 1 + num_bonds + np.array(self.num_free, dtype=np.int64),
        }


def _pointer(counts: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)


def to_actions(
    space: ActionSpace, molecule: str | Chem.Mol, generator: np.random.Generator | None = None
) -> list[int]:
    """The actions that grow one molecule; see :meth:`GrowthGraphs.actions`.

    The inverse is :func:`~gnnlab.molecules.generation.from_actions`, up to what
    :meth:`GrowthGraphs.of` drops.

    Raises:
        MoleculeError: If the actions cannot grow it.

    Example:
        >>> from gnnlab.molecules.generation import AtomTypes
        >>> space = ActionSpace(AtomTypes.from_names(["C", "O"]), max_distance=5)
        >>> [space.describe(action) for action in to_actions(space, "C1CO1")[2:]]
        ['add O by a single bond', 'close a ring to ancestor 2 by a single bond', 'step back', \
'step back']
    """
    graphs = GrowthGraphs.of([molecule], space)
    for error in graphs.errors.values():
        raise MoleculeError(error.what, value=error.value, remedy=error.remedy)
    return graphs.actions(0, generator)
