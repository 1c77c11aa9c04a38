"""Everything that gnnlab knows about molecules, as plain integers read from RDKit.

The columns are those of :mod:`gnnlab.molecules.features` before categories are made of them, and
those of the records for the way back. Most molecules are read many at a time from RDKit's binary
form (see :mod:`gnnlab.molecules.binary`); here is the slow and sure way, atom by atom, which takes
whatever the fast one does not know.

Legend: B molecules, N atoms, E bonds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem, rdBase

from gnnlab.errors import MoleculeError
from gnnlab.molecules.features import ATOM_COLUMNS, BOND_COLUMNS, NODE_RECORD
from gnnlab.molecules.stereo import RAW_FIELDS, cip_codes, label_stereo

ATOM_FIELDS = tuple(dict.fromkeys((*ATOM_COLUMNS, *NODE_RECORD)))
BOND_FIELDS = ("source", "target", *BOND_COLUMNS, "edge_record")

#: The largest molecule that is accepted unless another limit is given. RDKit writes SMILES by
#: recursion, which ends the process at some ten thousand atoms in a chain.
MOST_ATOMS = 1000

_AROMATIC = Chem.BondType.AROMATIC
_RELATIVE = {
    Chem.BondStereo.STEREOZ,
    Chem.BondStereo.STEREOE,
    Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOTRANS,
}
_ATROPISOMERS = {Chem.BondStereo.STEREOATROPCW, Chem.BondStereo.STEREOATROPCCW}


@dataclass
class Records:
    """Columns of exact integers for the atoms and bonds of B molecules, one after the other.

    Args:
        num_atoms: ``[B]``.
        num_bonds: ``[B]``.
        atoms: ``[N]`` int32 for each of ``ATOM_FIELDS``.
        bonds: ``[E]`` int32 for each of ``BOND_FIELDS``; atoms are numbered from 0 per molecule.
    """

    num_atoms: np.ndarray
    num_bonds: np.ndarray
    atoms: dict[str, np.ndarray]
    bonds: dict[str, np.ndarray]

    def take(self, molecules: np.ndarray) -> Records:
        """The records of some of the molecules, in the order asked for."""
        atom = spans(starts(self.num_atoms)[molecules], self.num_atoms[molecules])
        bond = spans(starts(self.num_bonds)[molecules], self.num_bonds[molecules])
        return Records(
            self.num_atoms[molecules],
            self.num_bonds[molecules],
            {name: column[atom] for name, column in self.atoms.items()},
            {name: column[bond] for name, column in self.bonds.items()},
        )

    @classmethod
    def join(cls, parts: Sequence[Records]) -> Records:
        """One after the other."""
        return cls(
            np.concatenate([part.num_atoms for part in parts]),
            np.concatenate([part.num_bonds for part in parts]),
            {name: np.concatenate([part.atoms[name] for part in parts]) for name in ATOM_FIELDS},
            {name: np.concatenate([part.bonds[name] for part in parts]) for name in BOND_FIELDS},
        )


def starts(counts: np.ndarray) -> np.ndarray:
    """Where each of several runs begins when they stand one after the other."""
    return np.cumsum(counts) - counts


def spans(begin: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The numbers ``begin[i], ..., begin[i] + counts[i] - 1`` for one i after the other.

    Example:
        >>> spans(np.array([5, 0]), np.array([2, 3])).tolist()
        [5, 6, 0, 1, 2]
    """
    return np.repeat(begin - starts(counts), counts) + np.arange(counts.sum())


def prepare(mol: Chem.Mol, max_atoms: int = MOST_ATOMS) -> Chem.Mol:
    """The molecule as RDKit leaves it after reading: sanitised, stereo assigned.

    Returns:
        The molecule itself if it is so already, else a copy.

    Raises:
        MoleculeError: If it is none, has no atoms or too many, cannot be sanitised, or holds what a
            graph cannot: query atoms or bonds, stereo that is relative or a mixture.
    """
    if not isinstance(mol, Chem.Mol):
        raise MoleculeError("not a molecule", value=type(mol).__name__)
    if mol.GetNumAtoms() == 0:
        raise MoleculeError("no atoms")
    if mol.GetNumAtoms() > max_atoms:
        raise MoleculeError(
            f"too large: {mol.GetNumAtoms()} atoms, at most {max_atoms} allowed", where="mol"
        )
    if mol.HasQuery():
        raise MoleculeError("query atoms or bonds", remedy="a graph holds definite molecules only")
    absolute = Chem.StereoGroupType.STEREO_ABSOLUTE
    if any(group.GetGroupType() != absolute for group in mol.GetStereoGroups()):
        raise MoleculeError(
            "relative or mixed stereo groups",
            remedy="pick one isomer, or remove the groups with RDKit's RWMol.SetStereoGroups([])",
        )
    if _is_prepared(mol):
        return mol
    copy = Chem.Mol(mol)
    sanitize(copy)
    return copy


def sanitize(mol: Chem.Mol) -> None:
    """Sanitises a molecule and assigns its stereo in place, as RDKit does after reading.

    Raises:
        MoleculeError: If RDKit refuses the molecule.
    """
    try:
        with rdBase.BlockLogs():
            Chem.SanitizeMol(mol)
            # Cleaning keeps the stereo of a double bond only if the bonds beside it are drawn so.
            Chem.AssignStereochemistry(mol, cleanIt=False, force=True)
            Chem.SetDoubleBondNeighborDirections(mol)
            Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
    except Exception as error:  # RDKit raises several unrelated kinds
        raise MoleculeError(f"cannot be sanitised: {_first_line(error)}") from error


def _is_prepared(mol: Chem.Mol) -> bool:
    if not mol.HasProp("_StereochemDone") or mol.NeedsUpdatePropertyCache():
        return False
    # A kekulised molecule may keep its aromatic flags, and then is neither the one nor the other.
    return not any(b.GetIsAromatic() != (b.GetBondType() == _AROMATIC) for b in mol.GetBonds())


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def read_molecule(mol: Chem.Mol) -> Records:
    """Reads a prepared molecule atom by atom and bond by bond.

    Raises:
        MoleculeError: If a bond is stereo in a way that a graph cannot hold.
    """
    atoms = _columns([_read_atom(atom) for atom in mol.GetAtoms()], ATOM_FIELDS)
    bonds = _columns([_read_bond(bond) for bond in mol.GetBonds()], (*BOND_FIELDS, *RAW_FIELDS))
    counts = np.array([mol.GetNumAtoms()]), np.array([mol.GetNumBonds()])
    label_stereo(*counts, atoms, bonds, [cip_codes(mol)], lambda _: mol)
    return Records(*counts, atoms, bonds)


def _columns(rows: list[tuple[int, ...]], names: tuple[str, ...]) -> dict[str, np.ndarray]:
    table = np.array(rows, dtype=np.int32).reshape(len(rows), len(names))
    return {name: table[:, place].copy() for place, name in enumerate(names)}


def _read_atom(atom: Chem.Atom) -> tuple[int, ...]:
    has_permutation = atom.HasProp("_chiralPermutation")
    return (
        atom.GetAtomicNum(),
        0,  # chirality: label_stereo fills it in
        atom.GetDegree(),
        atom.GetFormalCharge(),
        atom.GetTotalNumHs(),
        atom.GetNumRadicalElectrons(),
        int(atom.GetHybridization()),
        int(atom.GetIsAromatic()),
        int(atom.IsInRing()),
        atom.GetNumExplicitHs(),
        int(atom.GetNoImplicit()),
        int(atom.GetChiralTag()),
        atom.GetIntProp("_chiralPermutation") if has_permutation else 0,
        atom.GetIsotope(),
        atom.GetAtomMapNum(),
    )


def _read_bond(bond: Chem.Bond) -> tuple[int, ...]:
    stereo, refers_to = bond.GetStereo(), tuple(bond.GetStereoAtoms())
    if stereo in _ATROPISOMERS:
        raise MoleculeError("a bond that cannot turn (atropisomer)", where=f"bond {bond.GetIdx()}")
    if stereo in _RELATIVE and len(refers_to) != 2:
        raise MoleculeError("stereo without its neighbours", where=f"bond {bond.GetIdx()}")
    left, right = refers_to if len(refers_to) == 2 else (0, 0)
    return (
        bond.GetBeginAtomIdx(),
        bond.GetEndAtomIdx(),
        int(bond.GetBondType()),
        0,  # stereo: label_stereo fills it in
        int(bond.GetIsConjugated()),
        int(bond.IsInRing()),
        0,  # edge_record: as stereo
        int(stereo),
        left,
        right,
    )
