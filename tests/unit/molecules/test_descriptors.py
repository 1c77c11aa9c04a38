from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rdkit import Chem, RDConfig
from rdkit.Chem import Descriptors, rdFingerprintGenerator

from gnnlab.data import load_model, save_model
from gnnlab.errors import InputError, MemoryLimitError, NotFittedError, ShapeError
from gnnlab.molecules.descriptors import (
    DESCRIPTOR_NAMES,
    Scaler,
    morgan_counts,
    rdkit_descriptors,
    tanimoto_kernel,
)
from gnnlab.molecules.parse import parse_smiles

ODD = [
    *("[Na+]", "[U]", "[H][H]", "[H+]", "*", "[Na+].[Cl-]", "[Fe+2].[Cl-].[Cl-]", "[2H]C"),
    *("F[P-](F)(F)(F)(F)F", "O=[Os](=O)(=O)=O", "[C-]#[O+]->[Fe]", "C[N+](C)(C)C", "C" * 301),
]


@pytest.fixture(scope="module")
def nci():
    with open(f"{RDConfig.RDDataDir}/NCI/first_5K.smi") as file:  # noqa: PTH123
        smiles = [line.split()[0] for _, line in zip(range(120), file, strict=False)]
    mols = [Chem.MolFromSmiles(text) for text in smiles]
    return [mol for mol in mols if mol is not None][:80]


def shuffled(mol, generator):
    order = generator.permutation(mol.GetNumAtoms()).tolist()
    return parse_smiles(Chem.MolToSmiles(Chem.RenumberAtoms(mol, order), canonical=False))


def test_morgan_counts_are_those_of_rdkit(nci):
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=3, fpSize=512)
    counts = morgan_counts(nci, radius=3, size=512)
    assert counts.dtype == np.uint8
    for row, mol in zip(counts, nci, strict=True):
        assert row.tolist() == list(generator.GetCountFingerprint(mol))


def test_morgan_counts_do_not_wrap_around():
    counts = morgan_counts([parse_smiles("C" * 600)])
    assert counts.max() == 255


def test_mirror_images_differ_only_on_request():
    mols = [parse_smiles(text) for text in ("C[C@H](N)O", "C[C@@H](N)O")]
    left, right = morgan_counts(mols)
    assert (left == right).all()
    left, right = morgan_counts(mols, chirality=True)
    assert (left != right).any()


@pytest.mark.parametrize("options", [{"radius": -1}, {"size": 0}])
def test_morgan_counts_refuse_what_cannot_be(options):
    with pytest.raises(InputError, match="radius, size"):
        morgan_counts([parse_smiles("C")], **options)


def test_descriptors_are_those_of_rdkit(nci):
    values = rdkit_descriptors(nci)
    assert values.shape == (len(nci), len(DESCRIPTOR_NAMES))
    for name, function in Descriptors.descList:
        if name in ("MolLogP", "TPSA", "RingCount", "qed", "fr_benzene"):
            expected = np.array([function(mol) for mol in nci], dtype=np.float32)
            assert (values[:, DESCRIPTOR_NAMES.index(name)] == expected).all()


def test_features_do_not_depend_on_the_order_of_atoms(nci):
    generator = np.random.default_rng(0)
    others = [shuffled(mol, generator) for mol in nci]
    assert (morgan_counts(nci) == morgan_counts(others)).all()
    np.testing.assert_allclose(
        rdkit_descriptors(nci), rdkit_descriptors(others), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("smiles", ODD)
def test_odd_molecules_have_descriptors(smiles, capfd):
    values = rdkit_descriptors([parse_smiles(smiles)])
    assert not np.isinf(values).any()
    assert np.isfinite(values[0, DESCRIPTOR_NAMES.index("MolWt")])
    assert np.isnan(values).sum() < 60
    assert capfd.readouterr() == ("", "")


def test_large_molecules_take_no_minutes():
    mol = parse_smiles("C" * 1000)
    start = time.perf_counter()
    values = rdkit_descriptors([mol])
    assert time.perf_counter() - start < 5
    assert np.isnan(values[0, DESCRIPTOR_NAMES.index("BertzCT")])


def test_no_molecules_are_no_rows():
    assert morgan_counts([]).shape == (0, 2048)
    assert rdkit_descriptors([]).shape == (0, len(DESCRIPTOR_NAMES))


def test_kernel_is_the_ratio_of_minimum_and_maximum():
    generator = np.random.default_rng(0)
    x = generator.poisson(0.5, (7, 30)).astype(np.uint8)
    y = generator.poisson(0.5, (5, 30)).astype(np.uint8)
    y[2] = 0
    minimum = np.minimum(x[:, None], y[None]).sum(-1)
    maximum = np.maximum(x[:, None], y[None]).sum(-1)
    np.testing.assert_allclose(tanimoto_kernel(x, y), minimum / maximum, rtol=1e-12)
    nothing = np.zeros((1, 30), dtype=np.uint8)
    assert tanimoto_kernel(nothing, nothing).tolist() == [[1.0]]


def test_kernel_of_too_many_pairs_is_refused():
    few, many = np.zeros((1, 1)), np.zeros((15_001, 1))
    with pytest.raises(MemoryLimitError, match="225000000 pairs"):
        tanimoto_kernel(many, many)
    assert tanimoto_kernel(many, few).shape == (15_001, 1)


def test_scaler_standardises():
    values = np.random.default_rng(0).normal(5, 3, (200, 4))
    scaled = Scaler().fit(values).transform(values)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-6)


def test_scaler_drops_constant_and_empty_columns():
    values = np.array(
        [[0.1, np.nan, 1.0, np.nan], [0.1, np.nan, 2.0, 7.0], [0.1, np.nan, 3.0, 7.0]]
    )
    scaler = Scaler().fit(values)
    assert scaler.kept.tolist() == [False, False, True, False]
    assert scaler.transform(values).shape == (3, 1)


def test_scaler_clips_what_is_far_away():
    scaler = Scaler(limit=3.0).fit(np.array([[0.0], [2.0]]))
    assert scaler.transform(np.array([[1e30], [-1e30], [2.0]])).tolist() == [[3.0], [-3.0], [1.0]]


@settings(max_examples=40, deadline=None)
@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(1, 4)),
        elements=st.floats(width=32, allow_infinity=False),
    )
)
def test_scaled_values_are_finite_and_within_the_limit(values):
    scaled = Scaler().fit(values[:3]).transform(values)
    assert np.isfinite(scaled).all()
    assert (np.abs(scaled) <= 10).all()


def test_scaler_goes_through_a_model_file(tmp_path):
    values = np.random.default_rng(1).normal(size=(20, 3)) * [1, 0, 5]
    scaler = Scaler(limit=4.0).fit(values)
    save_model(tmp_path / "scaler.safetensors", scaler.state_dict(), {})
    tensors, _ = load_model(tmp_path / "scaler.safetensors")
    assert all(isinstance(tensor, torch.Tensor) for tensor in tensors.values())
    again = Scaler.from_state_dict(tensors)
    assert (again.transform(values) == scaler.transform(values)).all()
    assert again.limit == 4.0


def test_scaler_says_what_is_wrong():
    with pytest.raises(NotFittedError):
        Scaler().transform(np.zeros((1, 1)))
    with pytest.raises(NotFittedError):
        Scaler().state_dict()
    with pytest.raises(InputError, match="no rows"):
        Scaler().fit(np.zeros((0, 3)))
    with pytest.raises(InputError, match="row 1, column 0"):
        Scaler().fit(np.array([[0.0], [np.inf]]))
    with pytest.raises(ShapeError, match="rows and columns"):
        Scaler().fit(np.zeros(3))
    with pytest.raises(ShapeError, match="2 columns"):
        Scaler().fit(np.array([[0.0, 1.0], [1.0, 0.0]])).transform(np.zeros((1, 3)))
