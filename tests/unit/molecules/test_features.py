"""The columns of molecular graphs mean what they say."""

import numpy as np
import pytest
import torch
from rdkit import Chem
from torch_geometric.utils import from_smiles as pyg_from_smiles
from torch_geometric.utils.smiles import e_map, x_map

from gnnlab.molecules.features import (
    ATOM_CATEGORIES,
    ATOM_COLUMNS,
    BOND_CATEGORIES,
    BOND_COLUMNS,
    encode_atoms,
    encode_bonds,
)
from gnnlab.molecules.graph import from_smiles, to_smiles

MOLECULES = [
    "C[N+](C)(C)CC([O-])=O",
    "c1ccc2[nH]ccc2c1",
    "C/C=C/[C@H](O)Cl",
    "[CH2]C#N",
    "FS(F)(F)(F)(F)F",
]


def column(data, name):
    return data.x[:, list(ATOM_COLUMNS).index(name)].tolist()


def bond_column(data, name):
    return data.edge_attr[::2, list(BOND_COLUMNS).index(name)].tolist()


def test_numbers_of_categories_fit_a_byte_and_their_lists():
    for columns, categories in ((ATOM_COLUMNS, ATOM_CATEGORIES), (BOND_COLUMNS, BOND_CATEGORIES)):
        assert list(columns) == list(categories)
        for name, number in columns.items():
            assert number == len(set(categories[name])) <= 256


def test_words_stand_where_rdkit_counts_them():
    assert ATOM_CATEGORIES["hybridization"] == tuple(
        str(value).upper() if str(value) != "OTHER" else "other"
        for value in Chem.HybridizationType.values.values()
    )
    assert BOND_CATEGORIES["bond_type"] == tuple(map(str, Chem.BondType.values.values()))


@pytest.mark.parametrize("smiles", MOLECULES)
def test_it_is_at_least_the_information_of_pyg(smiles):
    ours, theirs = from_smiles(smiles), pyg_from_smiles(smiles)
    hydrogens = column(ours, "num_hs")
    for place, name in enumerate(x_map):
        expected = [x_map[name][code] for code in theirs.x[:, place].tolist()]
        if name == "chirality":  # theirs depends on the order of the atoms
            continue
        found = [ATOM_CATEGORIES[name][c] for c in column(ours, name)]
        if name == "degree":  # theirs counts the hydrogens again
            found = [sum(pair) for pair in zip(found, hydrogens, strict=True)]
        assert found == expected, name
    bonds = {tuple(e): a for e, a in zip(ours.edge_index.T.tolist(), ours.edge_attr, strict=True)}
    for edge, theirs_attr in zip(
        theirs.edge_index.T.tolist(), theirs.edge_attr.tolist(), strict=True
    ):
        kind, stereo, conjugated = (e_map[n][c] for n, c in zip(e_map, theirs_attr, strict=True))
        attr = bonds[tuple(edge)].tolist()
        assert BOND_CATEGORIES["bond_type"][attr[0]] == kind
        assert f"STEREO{BOND_CATEGORIES['stereo'][attr[1]].upper()}" == stereo
        assert bool(attr[2]) == conjugated


@pytest.mark.parametrize(
    ("smiles", "labels"),
    [
        ("C[C@H](O)F", ["none", "R", "none", "none"]),
        ("C[C@@H](O)F", ["none", "S", "none", "none"]),
        ("C[C@H]1CC[C@@H](C)CC1", ["none", "s", "none", "none", "s", "none", "none", "none"]),
        ("C[C@H]1CC[C@H](C)CC1", ["none", "r", "none", "none", "r", "none", "none", "none"]),
        ("CC(O)F", ["none"] * 4),
    ],
)
def test_chirality_is_the_cip_label(smiles, labels):
    found = [
        ATOM_CATEGORIES["chirality"][code] for code in column(from_smiles(smiles), "chirality")
    ]
    assert found == labels


@pytest.mark.parametrize(
    ("smiles", "label"), [("F/C=C/F", "E"), ("F/C=C\\F", "Z"), ("FC=CF", "none")]
)
def test_stereo_of_double_bonds(smiles, label):
    code = bond_column(from_smiles(smiles), "stereo")[1]
    assert BOND_CATEGORIES["stereo"][code] == label


def test_rings_and_bridges_between_them():
    data = from_smiles("C1CC1C1CC1")
    assert column(data, "is_in_ring") == [1] * 6
    assert sum(bond_column(data, "is_in_ring")) == 6


@pytest.mark.parametrize(
    ("smiles", "name"),
    [("[W+8]", "formal_charge"), ("[Fe]" + "(C)" * 11 + "C", "degree"), ("[SiH4]", None)],
)
def test_values_beyond_the_table_become_other_and_come_back(smiles, name):
    data = from_smiles(smiles)
    is_other = {n: ATOM_COLUMNS[n] - 1 in column(data, n) for n in ("formal_charge", "degree")}
    assert is_other == {"formal_charge": name == "formal_charge", "degree": name == "degree"}
    assert to_smiles(data) == Chem.CanonSmiles(smiles)


def test_codes_stay_inside_their_lists_for_any_number():
    numbers = np.array([-300, -6, -1, 0, 1, 300], dtype=np.int32)
    for encode, columns in ((encode_atoms, ATOM_COLUMNS), (encode_bonds, BOND_COLUMNS)):
        codes = encode(dict.fromkeys(columns, numbers))
        assert codes.dtype == np.uint8
        assert (codes < np.array(list(columns.values()))).all()


def test_one_hot_and_embedding_tables_can_be_made_of_the_columns():
    data = from_smiles(".".join(MOLECULES))
    for place, number in enumerate(ATOM_COLUMNS.values()):
        assert torch.nn.functional.one_hot(data.x[:, place], number).sum() == data.num_nodes
