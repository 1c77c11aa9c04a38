"""SMILES or RDKit molecules to graphs, and back without loss.

Legend: N atoms, E bonds.
"""

from __future__ import annotations

import numpy as np
import torch
from rdkit import Chem
from torch_geometric.data import Data

from gnnlab.errors import MoleculeError, ShapeError
from gnnlab.molecules.features import (
    ATOM_COLUMNS,
    BOND_COLUMNS,
    EDGE_RECORD,
    NODE_RECORD,
    encode_atoms,
    encode_bonds,
)
from gnnlab.molecules.parse import parse_smiles
from gnnlab.molecules.records import MOST_ATOMS, Records, prepare, read_molecule, sanitize
from gnnlab.molecules.stereo import TETRAHEDRAL, first_neighbours

_BOND_TYPES, _CHIRAL_TAGS = Chem.BondType.values, Chem.ChiralType.values
_BOND_STEREO = {
    "any": Chem.BondStereo.STEREOANY,
    "cis": Chem.BondStereo.STEREOCIS,
    "trans": Chem.BondStereo.STEREOTRANS,
}


def from_smiles(smiles: str, *, max_atoms: int = MOST_ATOMS) -> Data:
    """Turns a SMILES string into a graph; see :func:`from_mol`.

    Args:
        smiles: One molecule; it is kept as ``data.smiles``.
        max_atoms: The largest molecule to accept.

    Raises:
        MoleculeError: If the string is not a molecule, or not one that a graph can hold.

    Example:
        >>> data = from_smiles("CO")
        >>> data.x.shape, data.edge_index.tolist(), data.smiles
        (torch.Size([2, 9]), [[0, 1], [1, 0]], 'CO')
    """
    mol = prepare(parse_smiles(smiles, max_atoms=max_atoms), max_atoms)
    return _to_data(read_molecule(mol), smiles)


def from_mol(mol: Chem.Mol, *, max_atoms: int = MOST_ATOMS) -> Data:
    """Turns an RDKit molecule into a graph.

    The atoms keep their order, and bond k becomes the two neighbouring edges 2k (as RDKit stores
    it) and 2k + 1 (against it), so that ``e ^ 1`` is the reverse of edge e. Features are
    categories and do not depend on the order of the atoms; see
    :mod:`gnnlab.molecules.features`. Coordinates, names and other properties are left out.

    Args:
        mol: Any molecule; it is not changed. What is not sanitised yet is sanitised in a copy.
        max_atoms: The largest molecule to accept.

    Returns:
        A graph with ``x`` ``[N, 9]``, ``edge_index`` ``[2, 2E]``, ``edge_attr`` ``[2E, 4]``, all
        int64, ``smiles`` (canonical), and for the way back ``node_record`` ``[N, 8]`` int32 and
        ``edge_record`` ``[2E]`` uint8.

    Raises:
        MoleculeError: If it has no atoms or too many, cannot be sanitised, or holds what a graph
            cannot: query atoms or bonds, relative or mixed stereo groups, atropisomers.

    Example:
        >>> from rdkit import Chem
        >>> to_smiles(from_mol(Chem.MolFromSmiles("OC[C@@H](C)N")))
        'C[C@@H](N)CO'
    """
    mol = prepare(mol, max_atoms)
    return _to_data(read_molecule(mol), Chem.MolToSmiles(mol))


def _to_data(records: Records, smiles: str) -> Data:
    atoms, bonds = records.atoms, records.bonds
    ends = np.stack([bonds["source"], bonds["target"]])
    return Data(
        x=torch.from_numpy(encode_atoms(atoms)).long(),
        edge_index=both_directions(torch.from_numpy(ends).long()),
        edge_attr=torch.from_numpy(encode_bonds(bonds)).long().repeat_interleave(2, 0),
        node_record=torch.from_numpy(np.stack([atoms[name] for name in NODE_RECORD], 1)),
        edge_record=torch.from_numpy(bonds["edge_record"].astype(np.uint8)).repeat_interleave(2),
        smiles=smiles,
    )


def both_directions(ends: torch.Tensor) -> torch.Tensor:
    """Bonds ``[2, E]`` to directed edges ``[2, 2E]``, the two of a bond beside each other."""
    return torch.stack([ends, ends.flip(0)], dim=2).view(2, -1)


def to_mol(data: Data) -> Chem.Mol:
    """Turns a graph back into the molecule that it was made of.

    Elements and bond types are read from ``x`` and ``edge_attr``, the bonds from the even edges,
    the rest from the records. Rings, hybridisation and conjugation are worked out by RDKit.

    Args:
        data: A graph from :func:`from_smiles`, :func:`from_mol` or a batch of them.

    Returns:
        A sanitised molecule with the same atom order and stereo.

    Raises:
        MoleculeError: If RDKit refuses what the graph says, or an attribute is missing.
        ShapeError: If the attributes do not fit together.

    Example:
        >>> [atom.GetSymbol() for atom in to_mol(from_smiles("[Na+].[O-]C")).GetAtoms()]
        ['Na', 'O', 'C']
    """
    _check(data)
    mol = Chem.RWMol()
    try:
        for atomic_num, record in zip(
            data.x[:, 0].tolist(), data.node_record.tolist(), strict=True
        ):
            mol.AddAtom(_atom(atomic_num, dict(zip(NODE_RECORD, record, strict=True))))
        _add_bonds(mol, data)
    except (RuntimeError, OverflowError, KeyError, IndexError) as error:
        raise MoleculeError(f"not a molecule: {error}", where="data") from error
    sanitize(mol)
    return mol.GetMol()


def to_smiles(data: Data) -> str:
    """The canonical SMILES of a graph, with stereo; errors as :func:`to_mol`.

    Example:
        >>> to_smiles(from_smiles("OC[C@@H](C)[15NH2]"))
        'C[C@@H]([15NH2])CO'
    """
    return Chem.MolToSmiles(to_mol(data))


def _check(data: Data) -> None:
    for name in ("x", "edge_index", "edge_attr", "node_record", "edge_record"):
        if getattr(data, name, None) is None:
            raise MoleculeError(
                f"the graph has no {name}",
                where="data",
                remedy="build it with from_smiles() or from_mol()",
            )
    num_atoms, num_edges = data.x.size(0), data.edge_index.size(1)
    shapes = {
        "x": (num_atoms, len(ATOM_COLUMNS)),
        "edge_attr": (num_edges, len(BOND_COLUMNS)),
        "node_record": (num_atoms, len(NODE_RECORD)),
        "edge_record": (num_edges,),
    }
    for name, shape in shapes.items():
        found = tuple(getattr(data, name).shape)
        if found != shape:
            raise ShapeError(f"{name} must have the shape {shape}", where="data", value=found)
    reverse = data.edge_index[:, 1::2].flip(0)
    if num_edges % 2 or not torch.equal(data.edge_index[:, ::2], reverse):
        raise ShapeError(
            "edge 2k + 1 must be the reverse of edge 2k", where="edge_index", value=num_edges
        )


def _atom(atomic_num: int, record: dict[str, int]) -> Chem.Atom:
    atom = Chem.Atom(atomic_num)
    atom.SetFormalCharge(record["formal_charge"])
    atom.SetNumExplicitHs(record["num_explicit_hs"])
    atom.SetNoImplicit(bool(record["no_implicit"]))
    atom.SetNumRadicalElectrons(record["num_radical_electrons"])
    atom.SetIsotope(record["isotope"])
    atom.SetAtomMapNum(record["atom_map"])
    atom.SetChiralTag(_CHIRAL_TAGS[record["chiral_tag"]])
    if record["chiral_tag"] > TETRAHEDRAL:
        atom.SetIntProp("_chiralPermutation", record["chiral_permutation"])
    return atom


def _add_bonds(mol: Chem.RWMol, data: Data) -> None:
    source, target = data.edge_index[:, ::2].numpy(force=True)
    types, sides = data.edge_attr[::2, 0].tolist(), data.edge_record[::2].tolist()
    is_aromatic = set()
    for begin, end, kind in zip(source.tolist(), target.tolist(), types, strict=True):
        bond = mol.GetBondWithIdx(mol.AddBond(begin, end, _BOND_TYPES[kind]) - 1)
        if bond.GetBondType() == Chem.BondType.AROMATIC:
            bond.SetIsAromatic(True)
            is_aromatic |= {begin, end}
    for index in is_aromatic:
        mol.GetAtomWithIdx(index).SetIsAromatic(True)
    for index, side in enumerate(sides):
        if side:
            bond = mol.GetBondWithIdx(index)
            if EDGE_RECORD[side] in ("cis", "trans"):
                ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
                bond.SetStereoAtoms(*first_neighbours(ends, source, target))
            bond.SetStereo(_BOND_STEREO[EDGE_RECORD[side]])
