"""ChemNet's activations are those of the package that brings it, also without its distance."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from gnnlab.errors import InputError
from gnnlab.molecules import load_nci
from gnnlab.molecules.metrics import Reference, chemnet, evaluate
from gnnlab.molecules.metrics.chemnet import describe_activations


@pytest.fixture
def fcd_torch():
    return pytest.importorskip("fcd_torch")


def test_activations_are_those_of_the_package(fcd_torch, monkeypatch):
    monkeypatch.setattr(chemnet, "_BATCH", 7)
    smiles = [*load_nci(10).canonical, "C" * 400]  # One that is longer than ChemNet can read.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The package uses a name that numpy will drop.
        expected = fcd_torch.FCD().get_predictions(smiles)
    found = describe_activations(smiles)
    np.testing.assert_allclose(found.mean, expected.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.covariance, np.cov(expected.T), atol=1e-6)


def test_distance_to_oneself_and_to_others(fcd_torch, tmp_path):
    smiles = load_nci(14).canonical
    reference = Reference.of(smiles, cache=tmp_path)
    kept = Reference.of(smiles, cache=tmp_path)
    np.testing.assert_array_equal(kept.activations.covariance, reference.activations.covariance)
    same = evaluate([*smiles[::-1], "no molecule"], reference, filters=False)
    other = evaluate(smiles[:7], {"Test": reference, "TestSF": smiles[7:]}, filters=False)
    assert same["FCD/Test"] == pytest.approx(0, abs=1e-6)
    assert 0.1 < other["FCD/Test"] < other["FCD/TestSF"]


def test_two_molecules_are_needed(fcd_torch):
    with pytest.raises(InputError, match="needs two molecules"):
        evaluate(["CCO", "C("], ["CCO", "CCN"], filters=False)


def test_without_the_package_nothing_is_begun(monkeypatch):
    monkeypatch.setattr(chemnet, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install gnnlab\[fcd\], or .* fcd=False"):
        evaluate(["CCO"], object())
    with pytest.raises(InputError, match="fcd_torch"):
        Reference.of(["CCO", "CCN"])
    assert evaluate(["CCO"], ["CCO"], fcd=False, filters=False)["SNN/Test"] == 1
