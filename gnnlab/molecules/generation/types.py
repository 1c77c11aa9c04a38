"""Which kinds of atoms a generator builds with, and how many bonds each may have.

Legend: T types.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from rdkit import Chem, rdBase

from gnnlab.errors import InputError, UnknownNameError

#: The largest sum of bond orders of an atom, hydrogens left out, by element and formal charge.
#: RDKit allows P 3 and 5, S and Se 2, 4 and 6, and fills the sums between up with hydrogens.
CAPACITIES = {
    **{"B": 3, "B-": 4, "Br": 1, "C": 4, "C+": 3, "C-": 3, "Cl": 1, "F": 1, "I": 1},
    **{"N": 3, "N+": 4, "N-": 2, "O": 2, "O+": 3, "O-": 1, "P": 5, "P+": 4},
    **{"S": 6, "S+": 3, "S-": 1, "Se": 6, "Si": 4},
}

#: Tables for the data sets that generators are compared on, and one with every type there is.
PRESETS = {
    "moses": ("C", "N", "O", "S", "F", "Cl", "Br"),
    "qm9": ("C", "O", "N", "F", "N+", "O-", "N-", "C-"),
    "zinc250k": (
        *("C", "N", "O", "S", "F", "N+", "Cl", "O-", "Br"),
        *("N-", "I", "S-", "P", "O+", "S+", "C-", "P+"),
    ),
    "all": tuple(CAPACITIES),
}

MOST_ORDER = 3
_BOND_TYPES = Chem.BondType.values


@dataclass(frozen=True)
class AtomTypes:
    """A table of atom types: an element with a formal charge is one type.

    Every type is checked against the RDKit at hand: an atom of it with every choice of single,
    double and triple bonds to carbons whose orders sum up to at most its capacity must be accepted,
    without radicals, and come back from its SMILES. This is what the guarantee of
    :mod:`gnnlab.molecules.generation` rests on, and takes some milliseconds per type, once.

    Args:
        elements: ``[T]`` symbols.
        charges: ``[T]`` formal charges.

    Attributes:
        capacity: ``[T]`` int8, the largest sum of bond orders to other atoms of the graph.

    Raises:
        InputError: If a type is there twice or fails the check, or there is none.
        UnknownNameError: If a type is not among :data:`CAPACITIES`.

    Example:
        >>> types = AtomTypes.from_names(["C", "N+", "O-"])
        >>> types.names, types.capacity.tolist(), types.index("O", -1)
        (('C', 'N+', 'O-'), [4, 4, 1], 2)
    """

    elements: tuple[str, ...]
    charges: tuple[int, ...]
    capacity: np.ndarray = field(init=False, compare=False, repr=False)

    def __post_init__(self):
        names = self.names
        if not names:
            raise InputError("no atom types", where="types", remedy="give at least one")
        repeated = [name for name, count in Counter(names).items() if count > 1]
        if repeated:
            raise InputError("an atom type is there twice", where="types", value=repeated[0])
        for name in names:
            if name not in CAPACITIES:
                raise UnknownNameError.of("atom type", name, CAPACITIES)
            check_type(*_split(name), CAPACITIES[name])
        capacity = np.array([CAPACITIES[name] for name in names], dtype=np.int8)
        capacity.setflags(write=False)
        object.__setattr__(self, "capacity", capacity)

    @classmethod
    def from_names(cls, names: Iterable[str]) -> AtomTypes:
        """From names such as ``("C", "N+", "O-")``; ``types.names`` is the way back."""
        pairs = [_split(name) for name in names]
        return cls(tuple(element for element, _ in pairs), tuple(charge for _, charge in pairs))

    @classmethod
    def of(cls, mols: Iterable[Chem.Mol]) -> AtomTypes:
        """The types that occur in molecules, the most frequent first, ties by name.

        Types that are not among :data:`CAPACITIES` are left out; the molecules that hold them are
        reported by :meth:`GrowthGraphs.of <gnnlab.molecules.generation.GrowthGraphs.of>`.

        Raises:
            InputError: If none is left.

        Example:
            >>> AtomTypes.of([Chem.MolFromSmiles("C[N+](=O)[O-]"), Chem.MolFromSmiles("CCO")]).names
            ('C', 'O', 'N+', 'O-')
        """
        counts = Counter(
            (atom.GetSymbol(), atom.GetFormalCharge()) for mol in mols for atom in mol.GetAtoms()
        )
        named = Counter({_join(*kind): count for kind, count in counts.items()})
        known = [name for name in named if name in CAPACITIES]
        return cls.from_names(sorted(known, key=lambda name: (-named[name], name)))

    @property
    def names(self) -> tuple[str, ...]:
        """``[T]`` names: the element, and a sign for each unit of charge."""
        return tuple(map(_join, self.elements, self.charges))

    def __len__(self) -> int:
        return len(self.elements)

    def index(self, symbol: str, charge: int = 0) -> int:
        """The number of a type.

        Raises:
            UnknownNameError: If it is not in the table.
        """
        name = _join(symbol, charge)
        if name not in self.names:
            raise UnknownNameError.of("atom type", name, self.names)
        return self.names.index(name)


def _split(name: str) -> tuple[str, int]:
    if name not in CAPACITIES:
        raise UnknownNameError.of("atom type", name, CAPACITIES)
    return name.rstrip("+-"), name.count("+") - name.count("-")


def _join(element: str, charge: int) -> str:
    return element + ("+" * charge if charge > 0 else "-" * -charge)


@cache
def check_type(element: str, charge: int, capacity: int) -> None:
    """Tries a type of atom with every choice of bonds that its capacity allows.

    Raises:
        InputError: If RDKit refuses one, changes its charge, or reads it back with a radical, with
            other hydrogens, or not at all.

    Example:
        >>> check_type("N", 0, 4)
        Traceback (most recent call last):
        ...
        gnnlab.errors.InputError: RDKit does not allow this atom type (at: types; found: 'N' with \
bond orders (3, 1)); lower its capacity
    """
    for total in range(capacity + 1):
        for orders in _partitions(total, MOST_ORDER):
            if not _is_stable(element, charge, orders):
                raise InputError(
                    "RDKit does not allow this atom type",
                    where="types",
                    value=f"{_join(element, charge)!r} with bond orders {orders}",
                    remedy="lower its capacity",
                )


def _partitions(total: int, most: int) -> Iterator[tuple[int, ...]]:
    """The ways to write a sum of numbers from 1 to ``most``, the largest first."""
    if total == 0:
        yield ()
    for first in range(min(total, most), 0, -1):
        for rest in _partitions(total - first, first):
            yield (first, *rest)


def _is_stable(element: str, charge: int, orders: tuple[int, ...]) -> bool:
    mol = Chem.RWMol()
    centre = Chem.Atom(element)
    centre.SetFormalCharge(charge)
    mol.AddAtom(centre)
    for order in orders:
        mol.AddBond(0, mol.AddAtom(Chem.Atom("C")), _BOND_TYPES[order])
    with rdBase.BlockLogs():
        try:
            Chem.SanitizeMol(mol)
        except Chem.MolSanitizeException:
            return False
        back = Chem.MolFromSmiles(Chem.MolToSmiles(mol))
    return (
        back is not None
        and mol.GetAtomWithIdx(0).GetFormalCharge() == charge
        and not any(atom.GetNumRadicalElectrons() for atom in back.GetAtoms())
        and _describe(mol) == _describe(back)
    )


def _describe(mol: Chem.Mol) -> list[tuple[str, int, int]]:
    return sorted(
        (atom.GetSymbol(), atom.GetFormalCharge(), atom.GetTotalNumHs()) for atom in mol.GetAtoms()
    )
