from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from gnnlab.data import load_model, save_model
from gnnlab.errors import (
    FileFormatError,
    InputError,
    NonFiniteError,
    NotFittedError,
    ShapeError,
    UnknownNameError,
)
from gnnlab.molecules.companions import COMPANIONS
from gnnlab.molecules.embedded import crippen_logp, load_nci
from gnnlab.molecules.encoder import ENCODERS
from gnnlab.molecules.inputs import prepare
from gnnlab.molecules.predictor import PropertyPredictor, _epochs, _folds
from gnnlab.molecules.scaffolds import murcko_scaffold

CHAINS = [f"{'C' * n}{end}" for n in range(1, 16) for end in ("O", "N", "F", "")]
LENGTHS = np.array([float(s.count("C")) for s in CHAINS])
HAS_RING = np.array([0.0, 1.0] * 20)
RINGS = [f"{'C' * n}{ring}" for n in range(1, 21) for ring in ("CC", "C1CC1")]
SMALL = {
    "hidden_channels": 24,
    "epochs": 12,
    "batch_size": 15,
    "descriptors": False,
    "fingerprints": False,
}


def small(**changes):
    return PropertyPredictor(**SMALL | changes)


@pytest.fixture(scope="module")
def fitted():
    predictor = PropertyPredictor(hidden_channels=24, epochs=15, ensemble_size=2, batch_size=15)
    return predictor.fit(CHAINS, LENGTHS)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_encoder_learns(encoder):
    predictor = small(encoder=encoder, pooling="sum", epochs=40, learning_rate=5e-3)
    assert predictor.fit(CHAINS, LENGTHS).score(CHAINS, LENGTHS) > 0.9


def test_networks_and_companions_together(fitted):
    mean, std = fitted.estimate(CHAINS)
    assert fitted.score(CHAINS, LENGTHS) > 0.9
    assert mean.shape == std.shape == LENGTHS.shape
    assert set(fitted.blend_.weights) == {"networks", *COMPANIONS}
    assert sum(share[0] for share in fitted.blend_.weights.values()) == pytest.approx(1)
    assert (std >= fitted.blend_.noise[0] - 1e-12).all()
    assert np.unique(std).size > 10  # the networks disagree more on some than on others


def test_bad_rows_keep_their_places(fitted):
    mixed = ["CCO", None, "C1CC", "CCN", "", "C C", 7, "CCC" * 2000]
    predictions = fitted.predict(mixed)
    assert np.isnan(predictions).tolist() == [False, True, True, False, True, True, True, True]
    assert fitted.reasons_[0] == fitted.reasons_[3] == ""
    assert all(fitted.reasons_[row] for row in (1, 2, 4, 5, 6, 7))
    np.testing.assert_allclose(predictions[[0, 3]], fitted.predict(["CCO", "CCN"]), rtol=1e-5)


def test_bad_rows_do_not_disturb_training():
    smiles = ["Pequod!", *CHAINS, "C1CC"]
    y = np.array([3.0, *LENGTHS, np.nan])
    y[5] = np.nan
    predictor = small().fit(smiles, y)
    assert predictor.report_["row"].tolist() == [0, 5, 61]
    assert predictor.report_["reason"].iloc[1] == "no value to learn from"
    alone = small().fit(CHAINS[:4] + CHAINS[5:], np.delete(LENGTHS, 4))
    np.testing.assert_array_equal(alone.predict(CHAINS), predictor.predict(CHAINS))


def test_classes_and_scikit_learns_face():
    predictor = small(task="classification", epochs=25, pooling="max").fit(RINGS, HAS_RING)
    probability = predictor.predict_proba(RINGS)
    assert probability.shape == (40, 2)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert set(predictor.predict(RINGS)) <= {0.0, 1.0}
    assert predictor.score(RINGS, HAS_RING) > 0.9
    with pytest.raises(InputError, match="probabilities"):
        small().fit(CHAINS, LENGTHS).predict_proba(CHAINS)


def test_several_properties_with_gaps():
    y = np.stack([LENGTHS, -LENGTHS], axis=1)
    y[::3, 1] = np.nan
    predictor = PropertyPredictor(hidden_channels=24, epochs=15, descriptors=False).fit(CHAINS, y)
    predicted = predictor.predict(CHAINS)
    assert predicted.shape == y.shape
    assert np.corrcoef(predicted.T)[0, 1] < -0.9
    assert predictor.score(CHAINS, y) > 0.8


def test_cross_validation_of_scikit_learn():
    from sklearn.model_selection import cross_val_score

    scores = cross_val_score(small(pooling="sum", epochs=25), CHAINS, LENGTHS, cv=3)
    assert scores.shape == (3,)
    assert np.isfinite(scores).all()
    by_class = cross_val_score(
        small(task="classification"), RINGS, HAS_RING, cv=2, scoring="roc_auc"
    )
    assert np.isfinite(by_class).all()


def test_the_same_seed_gives_the_same_numbers():
    first, again = (small(seed=3).fit(CHAINS, LENGTHS).predict(CHAINS) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, small(seed=4).fit(CHAINS, LENGTHS).predict(CHAINS))


def test_saved_and_loaded(fitted, tmp_path):
    fitted.save(tmp_path / "model.safetensors")
    loaded = PropertyPredictor.load(tmp_path / "model.safetensors")
    for one, other in zip(fitted.estimate(CHAINS), loaded.estimate(CHAINS), strict=True):
        np.testing.assert_array_equal(one, other)
    assert loaded.get_params() == fitted.get_params()
    assert loaded.targets_ == fitted.targets_ == ("0",)


def test_names_of_properties_are_kept(tmp_path):
    y = pd.DataFrame({"sails": LENGTHS, "oars": -LENGTHS})
    predictor = small(epochs=1).fit(CHAINS, y)
    predictor.save(tmp_path / "model.safetensors")
    loaded = PropertyPredictor.load(tmp_path / "model.safetensors")
    assert loaded.targets_ == predictor.targets_ == ("sails", "oars")


@pytest.mark.parametrize(("count", "epochs"), [(100, 25), (4000, 25), (8000, 12), (41_000, 10)])
def test_many_molecules_need_fewer_passes(count, epochs):
    assert _epochs(count) == epochs


def test_files_that_are_something_else(fitted, tmp_path):
    path = tmp_path / "model.safetensors"
    fitted.save(path)
    tensors, config = load_model(path)
    for changed, match in [
        (config | {"kind": "harpoon"}, "no property predictor"),
        (config | {"descriptors": ["length of the whale"]}, "RDKit"),
        (config | {"parameters": {"ensemble_size": 3}}, "does not describe"),
    ]:
        save_model(path, tensors, changed)
        with pytest.raises(FileFormatError, match=match):
            PropertyPredictor.load(path)


@pytest.mark.parametrize(("changes", "smiles", "y", "error", "match"), [
    ({"task": "ranking"}, CHAINS, LENGTHS, UnknownNameError, "classification"),
    ({"encoder": "transformer"}, CHAINS, LENGTHS, UnknownNameError, "gcn"),
    ({"epochs": 0}, CHAINS, LENGTHS, InputError, "epochs"),
    ({"folds": "by moonlight"}, CHAINS, LENGTHS, UnknownNameError, "scaffold"),
    ({"folds": "scaffold"}, CHAINS, LENGTHS, InputError, "too few scaffolds"),
    ({"dropout": 1.0}, CHAINS, LENGTHS, InputError, "dropout"),
    ({}, CHAINS, LENGTHS[:5], ShapeError, "60 molecules"),
    ({}, CHAINS[:8], LENGTHS[:8], InputError, "at least 10"),
    ({}, ["Pequod!"] * 20, np.arange(20.0), InputError, "no row is a molecule"),
    ({}, CHAINS, np.full(60, 2.5), InputError, "equal"),
    ({}, CHAINS, np.full(60, np.nan), InputError, "no value is known"),
    ({}, CHAINS, np.where(LENGTHS > 3, np.inf, 1), NonFiniteError, "infinite"),
    ({"task": "classification"}, CHAINS, LENGTHS, InputError, "0 and 1"),
    ({"task": "classification"}, CHAINS, np.ones(60), InputError, "equal"),
    ({}, CHAINS, ["heavy"] * 60, InputError, "y"),
    ({}, "CCO", [1.0], InputError, "one string"),
])  # fmt: skip
def test_mistakes(changes, smiles, y, error, match):
    with pytest.raises(error, match=match):
        small(**changes).fit(smiles, y)


def test_folds_of_whole_scaffolds():
    smiles = load_nci(300).smiles
    inputs = prepare(smiles, descriptors=False, fingerprints=False)
    for size in (1, 3, 12):
        folds = _folds(inputs, size, "scaffold", seed=0)
        assert len(folds) == size
        for fold in folds:
            inside = {murcko_scaffold(smiles[place]) for place in fold}
            outside = {murcko_scaffold(smiles[p]) for p in set(range(len(inputs))) - set(fold)}
            assert not inside & outside
            assert 0 < len(fold) < (60 if size < 10 else 100)
    predictor = small(folds="scaffold", ensemble_size=2, epochs=1)
    assert len(predictor.fit(smiles, crippen_logp(smiles)).models_) == 2


def test_before_fit():
    for call in (lambda p: p.predict(["C"]), lambda p: p.save("x"), lambda p: p.score(["C"], [1])):
        with pytest.raises(NotFittedError):
            call(PropertyPredictor())


def test_with_one_network_all_molecules_have_the_same_uncertainty():
    predictor = small().fit(CHAINS, LENGTHS)
    std = predictor.estimate(CHAINS).std
    assert math.isclose(std.min(), std.max())
    assert std[0] == pytest.approx(predictor.blend_.noise[0])
