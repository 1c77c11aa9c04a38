"""What is found out about single molecules."""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pytest
from rdkit import Chem, DataStructs, RDConfig
from rdkit.Chem import QED, AllChem, Crippen, Descriptors, rdFingerprintGenerator
from rdkit.Chem.Scaffolds import MurckoScaffold

from gnnlab.errors import InputError
from gnnlab.molecules import load_nci
from gnnlab.molecules.metrics import PROPERTIES, chunks, sa_score, synthesis
from gnnlab.molecules.metrics.chunks import canonical_set, map_chunks
from gnnlab.molecules.metrics.profile import Profile

ROWS = [*load_nci(60).smiles, None, "", "C1CC", "CCO Ishmael", 7]


@pytest.fixture(scope="module")
def profile():
    return Profile.of(ROWS)


@pytest.fixture(scope="module")
def mols(profile):
    return [Chem.MolFromSmiles(text) for text in profile.smiles]


def test_bad_rows_are_named_with_a_reason(profile):
    assert profile.num_rows == len(ROWS)
    assert len(profile.smiles) == 60
    assert list(profile.errors) == [60, 61, 62, 63, 64]
    assert [error.what.partition(":")[0] for error in profile.errors.values()] == [
        *("not a string", "empty", "not parsable", "whitespace inside", "not a string")
    ]


def test_smiles_are_canonical_with_stereo(profile):
    assert profile.smiles == [Chem.CanonSmiles(text) for text in ROWS[:60]]
    assert Profile.of(["C(/F)=C\\F"]).smiles == ["F/C=C/F"]


def test_fingerprints_are_those_of_rdkit(profile, mols):
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    assert profile.fingerprints.shape == (60, 128)
    for row, mol in zip(np.unpackbits(profile.fingerprints, axis=1), mols, strict=True):
        expected = np.zeros(1024)
        DataStructs.ConvertToNumpyArray(generator.GetFingerprint(mol), expected)
        np.testing.assert_array_equal(row, expected)


def test_fragments_and_scaffolds_are_counted(profile, mols):
    pieces, scaffolds = Counter(), Counter()
    for mol in mols:
        pieces.update(Chem.MolToSmiles(AllChem.FragmentOnBRICSBonds(mol)).split("."))
        scaffold = MurckoScaffold.GetScaffoldForMol(mol)
        if Chem.GetSSSR(scaffold) and len(Chem.GetSSSR(scaffold)) >= 2:
            scaffolds[Chem.MolToSmiles(scaffold)] += 1
    assert profile.fragments == pieces
    assert profile.scaffolds == scaffolds
    assert 0 < scaffolds.total() < 60


def test_properties_are_those_of_rdkit(profile, mols):
    assert list(PROPERTIES) == ["logP", "SA", "QED", "weight"]
    for column, of in {0: Crippen.MolLogP, 2: QED.qed, 3: Descriptors.MolWt}.items():
        np.testing.assert_array_equal(profile.properties[:, column], [of(mol) for mol in mols])
    assert ((profile.properties[:, 1] >= 1) & (profile.properties[:, 1] <= 10)).all()


def test_nothing_depends_on_how_a_molecule_is_written(profile, mols):
    other = Profile.of([Chem.MolToRandomSmilesVect(mol, 1, randomSeed=3)[0] for mol in mols])
    assert other.smiles == profile.smiles
    np.testing.assert_array_equal(other.properties, profile.properties)
    assert other.fragments == profile.fragments


def test_processes_and_chunks_make_no_difference(profile, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 30)
    seen = []
    other = Profile.of(ROWS, None, 2, "rows", lambda *step: seen.append(step))
    assert seen == [("rows", 30, 65), ("rows", 60, 65), ("rows", 65, 65)]
    assert other.smiles == profile.smiles
    assert other.scaffolds == profile.scaffolds
    assert list(other.errors) == list(profile.errors)
    np.testing.assert_array_equal(other.fingerprints, profile.fingerprints)
    np.testing.assert_array_equal(other.properties, profile.properties)


def test_a_chunk_without_a_molecule_leaves_the_shapes(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 2)
    profile = Profile.of(["C(", None, "CCO"], ("[#7]",))
    assert profile.fingerprints.shape == (1, 128)
    assert profile.properties.shape == (1, 4)
    assert profile.passes.tolist() == [True]
    assert Profile.of(["C("]).fingerprints.shape == (0, 128)


def test_training_molecules_are_made_canonical(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 2)
    assert canonical_set(["OCC", "CCO", None, "C(", "N"]) == {"CCO", "N"}
    assert list(map_chunks(lambda rows, first: (first, rows), "abc")) == [(0, "ab"), (2, "c")]


@pytest.mark.parametrize(("smiles", "expected"), [("CC(=O)Oc1ccccc1C(=O)O", 1.5800), ("C", 7.3284)])
def test_sa_score_leaves_the_path_alone(smiles, expected):
    before = list(sys.path)
    assert sa_score(Chem.MolFromSmiles(smiles)) == pytest.approx(expected, abs=1e-4)
    assert sys.path == before


def test_sa_score_that_is_not_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(RDConfig, "RDContribDir", str(tmp_path))
    with pytest.raises(InputError, match="SA_Score is missing"):
        synthesis._load.__wrapped__()
