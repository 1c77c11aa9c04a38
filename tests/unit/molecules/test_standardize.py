from __future__ import annotations

import json

import pytest
from rdkit import Chem

from gnnlab.errors import UnknownNameError
from gnnlab.molecules.parse import parse_smiles
from gnnlab.molecules.standardize import CHOICES, Standardization

ALL = Standardization(salts="largest", charges="neutralise", tautomers="canonical", stereo="drop")


@pytest.mark.parametrize(
    ("options", "before", "after"),
    [
        ({"salts": "largest"}, "CC(=O)[O-].[Na+]", "CC(=O)[O-]"),
        ({"salts": "largest"}, "CO.O=[Os](=O)(=O)=O", "CO"),
        ({"charges": "neutralise"}, "CC(=O)[O-]", "CC(=O)O"),
        ({"charges": "neutralise"}, "C[NH3+]", "CN"),
        ({"charges": "neutralise"}, "[NH3+]CC(=O)[O-]", "NCC(=O)O"),
        ({"tautomers": "canonical"}, "Oc1ccccn1", "O=c1cccc[nH]1"),
        ({"tautomers": "canonical"}, "C[C@@H](O)C(O)=N", "C[C@@H](O)C(N)=O"),
        ({"stereo": "drop"}, "C[C@H](N)O", "CC(N)O"),
        ({"stereo": "drop"}, "C/C=C/C", "CC=CC"),
    ],
)
def test_each_option_changes_what_it_names(options, before, after):
    mol = parse_smiles(before)
    changed, changes = Standardization(**options)(mol)
    assert Chem.MolToSmiles(changed) == after
    assert changes == list(options)
    assert Chem.MolToSmiles(mol) == Chem.CanonSmiles(before), "the molecule given is not touched"


@pytest.mark.parametrize("smiles", ["C[N+](=O)[O-]", "C[N+](C)(C)C", "CCO", "c1ccccc1"])
def test_what_is_standard_stays(smiles):
    mol, changes = ALL(parse_smiles(smiles))
    assert changes == []
    assert Chem.MolToSmiles(mol) == Chem.CanonSmiles(smiles)


def test_nothing_is_changed_by_default():
    mol = parse_smiles("C[C@H](N)C(=O)[O-].[Na+]")
    assert Standardization()(mol) == (mol, [])


def test_options_work_together_and_twice():
    mol, changes = ALL(parse_smiles("C[C@H]([NH3+])C(=O)[O-].[Na+].[Cl-]"))
    assert (Chem.MolToSmiles(mol), changes) == ("CC(N)C(=O)O", ["salts", "charges", "stereo"])
    assert ALL(mol)[1] == []


def test_atom_maps_survive():
    mol, _ = ALL(parse_smiles("[CH3:7][C:2](=[O:3])[O-:4].[Na+]"))
    assert [atom.GetAtomMapNum() for atom in mol.GetAtoms()] == [7, 2, 3, 4]


def test_options_can_be_saved():
    assert Standardization(**json.loads(json.dumps(ALL.to_dict()))) == ALL


@pytest.mark.parametrize("option", CHOICES)
def test_unknown_choices_are_refused(option):
    with pytest.raises(UnknownNameError, match=f"{option}.*'burn'.*keep"):
        Standardization(**{option: "burn"})


def test_rdkit_stays_silent(capfd):
    ALL(parse_smiles("CC(=O)[O-].[Na+]"))
    assert capfd.readouterr() == ("", "")
