"""What RDKit says about handedness, told so that it does not depend on the order of the atoms.

A centre is labelled with its CIP code. RDKit's quick codes, which every molecule gets when it is
read, leave out centres that depend on other centres, such as cis and trans on a ring; those are
labelled by RDKit's complete and much slower rules.

Legend: B molecules, N atoms, E bonds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdCIPLabeler, rdqueries

from gnnlab.molecules.features import ATOM_CATEGORIES, BOND_CATEGORIES, EDGE_RECORD

#: Columns of bonds that hold RDKit's own statement until :func:`label_stereo` has read it: the
#: kind, and the two neighbours that "cis" or "trans" refers to, the one at the bond's source first.
RAW_FIELDS = ("rdkit_stereo", "left", "right")

#: The largest chiral tag of a centre with four corners; the others need a permutation, too.
TETRAHEDRAL = int(Chem.ChiralType.CHI_TETRAHEDRAL_CCW)

# Labels of large cages would take minutes; with so many steps they stay "other".
_MOST_STEPS = 100_000
_CHIRALITY = {label: code for code, label in enumerate(ATOM_CATEGORIES["chirality"])}
_STEREO = {label: code for code, label in enumerate(BOND_CATEGORIES["stereo"])}
_OTHER_CHIRALITY, _OTHER_STEREO = len(_CHIRALITY) - 1, len(_STEREO) - 1
_HAS_CODE = rdqueries.HasPropQueryAtom("_CIPCode")
_CERTAIN = {
    Chem.BondStereo.STEREOANY: "any",
    Chem.BondStereo.STEREOZ: "Z",
    Chem.BondStereo.STEREOE: "E",
}
_SIDE = {
    Chem.BondStereo.STEREOANY: "any",
    Chem.BondStereo.STEREOZ: "cis",
    Chem.BondStereo.STEREOE: "trans",
    Chem.BondStereo.STEREOCIS: "cis",
    Chem.BondStereo.STEREOTRANS: "trans",
}
_OTHER_SIDE = {"cis": "trans", "trans": "cis"}


def cip_codes(mol: Chem.Mol) -> list[tuple[int, str]]:
    """The atoms that RDKit has given a CIP code, and the codes."""
    return [(a.GetIdx(), a.GetProp("_CIPCode")) for a in mol.GetAtomsMatchingQuery(_HAS_CODE)]


def label_stereo(
    num_atoms: np.ndarray,
    num_bonds: np.ndarray,
    atoms: dict[str, np.ndarray],
    bonds: dict[str, np.ndarray],
    codes: Sequence[Sequence[tuple[int, str]]],
    mol_at: Callable[[int], Chem.Mol],
) -> None:
    """Fills in ``chirality``, ``stereo`` and ``edge_record``, and takes the raw columns away.

    Args:
        num_atoms: ``[B]``.
        num_bonds: ``[B]``.
        atoms: Columns ``[N]``, of which ``chiral_tag`` is read.
        bonds: Columns ``[E]``, of which ``source``, ``target`` and ``RAW_FIELDS`` are read.
        codes: For each molecule what :func:`cip_codes` knows.
        mol_at: Gives molecule i where the codes are not enough.
    """
    atom_start, bond_start = (np.cumsum(counts) - counts for counts in (num_atoms, num_bonds))
    chirality, tag = atoms["chirality"], atoms["chiral_tag"]
    known = [(i, atom, code) for i, found in enumerate(codes) for atom, code in found]
    if known:
        molecule, place, code = zip(*known, strict=True)
        centre = atom_start[list(molecule)] + place
        chirality[centre] = [_CHIRALITY.get(label, _OTHER_CHIRALITY) for label in code]
        chirality[tag == 0] = 0
    # RDKit gives square planar and the like a code, too, but one that goes by the order of atoms.
    chirality[tag > TETRAHEDRAL] = _OTHER_CHIRALITY
    unknown = np.flatnonzero((tag != 0) & (chirality == 0))
    for i, centres in _by_molecule(unknown, atom_start):
        mol = _labelled(mol_at(i), (centres - atom_start[i]).tolist(), [])
        for centre in centres.tolist():
            atom = mol.GetAtomWithIdx(int(centre - atom_start[i]))
            chirality[centre] = _CHIRALITY.get(_code(atom), _OTHER_CHIRALITY)

    rdkit_stereo, left, right = (bonds.pop(name) for name in RAW_FIELDS)
    for i, doubles in _by_molecule(np.flatnonzero(rdkit_stereo), bond_start):
        links = slice(bond_start[i], bond_start[i] + num_bonds[i])
        source, target = bonds["source"][links], bonds["target"][links]
        for bond in doubles.tolist():
            kind = Chem.BondStereo.values[int(rdkit_stereo[bond])]
            index = int(bond - bond_start[i])
            ends = int(source[index]), int(target[index])
            side = _SIDE[kind]
            if side in _OTHER_SIDE:
                first = first_neighbours(ends, source, target)
                is_same = (left[bond] == first[0]) == (right[bond] == first[1])
                side = side if is_same else _OTHER_SIDE[side]
            bonds["edge_record"][bond] = EDGE_RECORD.index(side)
            label = _CERTAIN.get(kind)
            if label is None:
                label = _code(_labelled(mol_at(i), [], [index]).GetBondWithIdx(index))
            bonds["stereo"][bond] = _STEREO.get(label, _OTHER_STEREO)


def first_neighbours(
    ends: tuple[int, int], source: np.ndarray, target: np.ndarray
) -> tuple[int, int]:
    """For each of two bonded atoms its first neighbour in the list of bonds, the other aside."""
    found = []
    for atom, other in (ends, ends[::-1]):
        neighbours = (source + target - atom)[(source == atom) | (target == atom)]
        found.append(int(neighbours[neighbours != other][0]))
    return found[0], found[1]


def _by_molecule(items: np.ndarray, start: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Sorted atoms or bonds, shared out to the molecules that have some."""
    owner = np.searchsorted(start, items, side="right") - 1
    molecules, first = np.unique(owner, return_index=True)
    return list(zip(molecules.tolist(), np.split(items, first[1:]), strict=False))


def _labelled(mol: Chem.Mol, atoms: list[int], bonds: list[int]) -> Chem.Mol:
    copy = Chem.Mol(mol)
    try:
        with rdBase.BlockLogs():
            rdCIPLabeler.AssignCIPLabels(copy, atoms, bonds, _MOST_STEPS)
    except Exception:  # too many steps, or a cage that the rules do not cover
        return Chem.Mol(mol)
    return copy


def _code(item: Chem.Atom | Chem.Bond) -> str | None:
    return item.GetProp("_CIPCode") if item.HasProp("_CIPCode") else None
