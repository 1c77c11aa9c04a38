"""What a molecule is to be grown around: a scaffold, or two fragments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from rdkit import Chem

from gnnlab.errors import InputError
from gnnlab.molecules.generation.actions import ActionSpace
from gnnlab.molecules.generation.kekule import read_kekule
from gnnlab.molecules.parse import parse_smiles


class Step(NamedTuple):
    """An action of a core: on which of its atoms, and for a new atom, which one it is."""

    action: int
    atom: int


@dataclass(frozen=True)
class Core:
    """A molecule to grow around.

    Attributes:
        space: The actions.
        types: The type of each atom.
        bonds: For each atom its neighbours, and the order of the bond to each.
        open: The atoms where something may grow.
    """

    space: ActionSpace
    types: list[int]
    bonds: list[dict[int, int]]
    open: frozenset[int]

    @classmethod
    def of(cls, smiles: str, space: ActionSpace, attachments: Sequence[int] | None = None) -> Core:
        """Reads a core.

        Args:
            smiles: The molecule.
            space: The actions.
            attachments: The atoms where something may grow, numbered from 0 as they stand in
                ``smiles``; by default all that have a hydrogen to give.

        Raises:
            MoleculeError: If it is no molecule, or the actions cannot grow it.
            InputError: If an attachment is no atom or has no free valence, or no atom has.

        Example:
            >>> from gnnlab.molecules.generation import AtomTypes
            >>> space = ActionSpace(AtomTypes.from_names(["C", "N", "O"]))
            >>> sorted(Core.of("O=C1CCN1", space).open)  # in the order of the canonical SMILES
            [2, 3, 4]
        """
        mol = parse_smiles(smiles)
        graph = read_kekule(mol, space.types, max_atoms=1000)
        bonds: list[dict[int, int]] = [{} for _ in graph.atoms]
        for begin, end, order in graph.bonds:
            bonds[begin][end] = bonds[end][begin] = order
        free = {
            atom
            for atom, kind in enumerate(graph.atoms)
            if space.types.capacity[kind] > sum(bonds[atom].values())
        }
        if attachments is not None:
            number = dict(zip(mol.GetSubstructMatch(Chem.MolFromSmiles(graph.smiles)),
                              range(len(graph.atoms)), strict=True))  # fmt: skip
            for given in attachments:
                if number.get(given) not in free:
                    raise InputError(
                        "no such atom" if given not in number else "an atom without free valence",
                        where="attachments",
                        value=f"atom {given} of {smiles}",
                    )
            free = {number[given] for given in attachments}
        if not free:
            raise InputError("no atom has a free valence", where="scaffold", value=smiles)
        return cls(space, list(graph.atoms), bonds, frozenset(free))

    def __len__(self) -> int:
        return len(self.types)

    def __add__(self, other: Core) -> Core:
        """Both beside each other, the atoms of the other one numbered after one's own."""
        first = len(self)
        moved = [{first + n: order for n, order in bonds.items()} for bonds in other.bonds]
        is_open = self.open | {first + atom for atom in other.open}
        return Core(self.space, self.types + other.types, self.bonds + moved, is_open)

    def valence(self, atom: int) -> int:
        """The sum of the orders of an atom's bonds."""
        return sum(self.bonds[atom].values())

    def walk(self, generator: np.random.Generator, root: int | None = None) -> list[Step]:
        """The steps that grow the core from an atom, in a random order of neighbours.

        Atoms that nothing is left of in the core alone are left without a step.
        """
        space, capacity = self.space, self.space.types.capacity
        root = int(generator.integers(len(self))) if root is None else root
        depth: dict[int, int] = {}
        steps = [Step(space.root(self.types[root]), root)]

        def visit(atom: int, parent: int | None) -> None:
            depth[atom] = len(path)
            path.append(atom)
            back = [n for n in self.bonds[atom] if n in depth and n != parent]
            for other in sorted(back, key=lambda n: -depth[n]):
                distance = depth[atom] - depth[other]
                if distance > 0:
                    steps.append(Step(space.close(distance, self.bonds[atom][other]), atom))
            for other in generator.permutation(list(self.bonds[atom])).tolist():
                if other not in depth:
                    steps.append(Step(space.add(self.types[other], self.bonds[atom][other]), other))
                    visit(other, atom)
            if capacity[self.types[atom]] > self.valence(atom):
                steps.append(Step(space.pop, atom))
            path.pop()

        path: list[int] = []
        visit(root, None)
        return steps
