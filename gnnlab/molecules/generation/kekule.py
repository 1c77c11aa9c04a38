"""Reading a molecule as plain single, double and triple bonds between atoms of known types."""

from __future__ import annotations

from typing import NamedTuple

from rdkit import Chem, rdBase
from rdkit.Chem import rdqueries

from gnnlab.errors import MoleculeError
from gnnlab.molecules.generation.rebuild import Bond, build_mol
from gnnlab.molecules.generation.types import AtomTypes
from gnnlab.molecules.parse import parse_smiles
from gnnlab.molecules.records import MOST_ATOMS, prepare

_ORDERS = {Chem.BondType.SINGLE: 1, Chem.BondType.DOUBLE: 2, Chem.BondType.TRIPLE: 3}
_HAS_ISOTOPE = rdqueries.IsotopeGreaterQueryAtom(0)


class KekuleGraph(NamedTuple):
    """A molecule of heavy atoms, with all hydrogens implied.

    Attributes:
        smiles: Its canonical SMILES without stereo.
        atoms: The type of each atom, in an order that does not depend on the one that was given.
        bonds: Two atoms and the order of each bond.
    """

    smiles: str
    atoms: list[int]
    bonds: list[Bond]


def read_kekule(
    molecule: str | Chem.Mol, types: AtomTypes, max_atoms: int = MOST_ATOMS
) -> KekuleGraph:
    """Reads a molecule, and makes sure that it is all there by building it again.

    Stereo and atom-map numbers are dropped. Which bonds of an aromatic ring are the double ones
    does not depend on how the molecule was written down, as it is read from its canonical SMILES.

    Args:
        molecule: A SMILES string or a molecule of RDKit.
        types: The table of atom types.
        max_atoms: The most atoms, hydrogens not counted.

    Raises:
        MoleculeError: If it is no molecule, is too large, has several fragments, isotopes,
            radicals, atoms or bonds that the types do not allow, or numbers of hydrogens that
            RDKit would not choose by itself.

    Example:
        >>> graph = read_kekule("o1cccc1", AtomTypes.from_names(["C", "O"]))
        >>> graph.smiles, graph.atoms
        ('c1ccoc1', [0, 0, 0, 1, 0])
        >>> graph.bonds
        [(0, 1, 1), (1, 2, 2), (2, 3, 1), (3, 4, 1), (4, 0, 2)]
    """
    mol = prepare(molecule) if isinstance(molecule, Chem.Mol) else parse_smiles(molecule)
    with rdBase.BlockLogs():
        smiles = flat_smiles(mol)
        if "[H]" in smiles and (implied := Chem.MolFromSmiles(smiles)) is not None:
            smiles = Chem.MolToSmiles(implied)
        if "." in smiles:
            raise MoleculeError("several fragments", value=smiles, remedy="keep one of them")
        flat = Chem.Mol(mol) if smiles == molecule else Chem.MolFromSmiles(smiles)
        if flat is None:
            raise MoleculeError("RDKit does not read its own SMILES", value=smiles)
        if flat.GetNumAtoms() > max_atoms:
            raise MoleculeError(
                f"too large: {flat.GetNumAtoms()} atoms, at most {max_atoms} allowed", value=smiles
            )
        # Before kekulising, which changes it. Not every string of RDKit is read and written alike.
        expected = {smiles} if smiles == molecule else {smiles, Chem.MolToSmiles(flat)}
        Chem.Kekulize(flat, clearAromaticFlags=True)
        atoms, bonds = _read_atoms(flat, types, smiles), _read_bonds(flat, smiles)
        _check_capacity(atoms, bonds, types, smiles)
        back = Chem.MolToSmiles(build_mol(types, atoms, bonds))
    if back not in expected:
        raise MoleculeError(
            "hydrogens that RDKit would place otherwise", value=f"{smiles} comes back as {back}"
        )
    return KekuleGraph(back, atoms, bonds)


def flat_smiles(mol: Chem.Mol) -> str:
    """The canonical SMILES without stereo and atom-map numbers.

    Raises:
        MoleculeError: If there are isotopes, which such a SMILES would not tell.

    Example:
        >>> flat_smiles(Chem.MolFromSmiles("C[C@H](F)/C=C/[NH2:1]"))
        'CC(F)C=CN'
    """
    for atom in mol.GetAtomsMatchingQuery(_HAS_ISOTOPE):
        label = f"{atom.GetIsotope()}{atom.GetSymbol()}"
        raise MoleculeError("an isotope", where=f"atom {atom.GetIdx()}", value=label)
    smiles = Chem.MolToSmiles(mol, isomericSmiles=False)
    if ":" in smiles:
        mol = Chem.Mol(mol)
        for atom in mol.GetAtoms():
            atom.SetAtomMapNum(0)
        smiles = Chem.MolToSmiles(mol, isomericSmiles=False)
    return smiles


def _read_atoms(mol: Chem.Mol, types: AtomTypes, smiles: str) -> list[int]:
    numbers = {
        kind: place for place, kind in enumerate(zip(types.elements, types.charges, strict=True))
    }
    atoms = []
    # RDKit's own sequence of atoms asks for its length at every step.
    for atom in map(mol.GetAtomWithIdx, range(mol.GetNumAtoms())):
        kind = numbers.get((atom.GetSymbol(), atom.GetFormalCharge()))
        if kind is None:
            raise MoleculeError(
                "an atom outside the table of types",
                where=f"atom {atom.GetIdx()} of {smiles}",
                value=f"{atom.GetSymbol()} with charge {atom.GetFormalCharge()}",
                remedy=f"the table is {', '.join(types.names)}",
            )
        if atom.GetNumRadicalElectrons():
            raise MoleculeError(
                "a radical", where=f"atom {atom.GetIdx()} of {smiles}", value=atom.GetSymbol()
            )
        atoms.append(kind)
    return atoms


def _read_bonds(mol: Chem.Mol, smiles: str) -> list[Bond]:
    bonds = []
    for bond in map(mol.GetBondWithIdx, range(mol.GetNumBonds())):
        order = _ORDERS.get(bond.GetBondType())
        if order is None:
            raise MoleculeError(
                "a bond that is not single, double or triple",
                where=f"bond {bond.GetIdx()} of {smiles}",
                value=str(bond.GetBondType()).lower(),
            )
        bonds.append((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), order))
    return bonds


def _check_capacity(atoms: list[int], bonds: list[Bond], types: AtomTypes, smiles: str) -> None:
    left = [int(types.capacity[kind]) for kind in atoms]
    for begin, end, order in bonds:
        left[begin] -= order
        left[end] -= order
    if min(left) < 0:
        index = left.index(min(left))
        capacity = types.capacity[atoms[index]]
        raise MoleculeError(
            f"more bonds than the {capacity} of an atom's type",
            where=f"atom {index} of {smiles}",
            value=f"{types.names[atoms[index]]} with {capacity - left[index]}",
        )
