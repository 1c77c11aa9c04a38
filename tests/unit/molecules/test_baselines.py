from __future__ import annotations

import numpy as np
import pytest

from gnnlab.errors import (
    DtypeError,
    InputError,
    MoleculeError,
    NonFiniteError,
    NotFittedError,
    ShapeError,
    UnknownNameError,
)
from gnnlab.molecules.baselines import BASELINES, Baseline, _svm
from gnnlab.molecules.descriptors import morgan_counts
from gnnlab.molecules.embedded import crippen_logp, load_nci
from gnnlab.molecules.parse import parse_smiles
from gnnlab.molecules.scores import evaluate

NAN = np.nan
#: Alcohols and amines on chains of carbon and sulphur: small, and all different.
MOLECULES = [f"{'C' * n}{'S' * s}C{end}" for n in range(1, 9) for s in (0, 1, 2) for end in "ON"]
WEIGHT = np.array([sum(a.GetMass() for a in parse_smiles(m).GetAtoms()) for m in MOLECULES])
IS_ALCOHOL = np.array([float(m.endswith("O")) for m in MOLECULES])
TRAIN, TEST = slice(0, None, 2), slice(1, None, 2)
LEARNERS = [name for name in BASELINES if name != "mean"]


WITH_GAPS = np.where(np.arange(48)[:, None] % [3, 5] == 0, NAN, [[0, 1]] * 24 + [[1, 0]] * 24)


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch):
    monkeypatch.setattr("gnnlab.molecules.baselines._TREES", 10)


@pytest.mark.parametrize("name", LEARNERS)
def test_better_than_the_mean(name):
    y = WEIGHT / 100
    errors = {}
    for baseline in (name, "mean"):
        model = Baseline(baseline, "regression").fit(MOLECULES[TRAIN], y[TRAIN])
        errors[baseline] = evaluate("rmse", y[TEST], model.predict(MOLECULES[TEST])).value
    assert errors[name] < 0.7 * errors["mean"]


@pytest.mark.parametrize("name", LEARNERS)
def test_classes_are_told_apart(name):
    train = [row for row in range(48) if row % 4 < 2]
    test = [row for row in range(48) if row % 4 >= 2]
    model = Baseline(name, "classification").fit(
        [MOLECULES[row] for row in train], IS_ALCOHOL[train]
    )
    predicted = model.predict([MOLECULES[row] for row in test])
    assert predicted.shape == (24, 1)
    assert ((predicted >= 0) & (predicted <= 1)).all()
    assert evaluate("roc-auc", IS_ALCOHOL[test], predicted).value > 0.95
    assert evaluate("accuracy", IS_ALCOHOL[test], predicted).value > 0.9


def test_mean_is_the_mean_of_what_is_known():
    model = Baseline("mean", "regression").fit(["C", "CC", "CCC"], [[1, NAN], [2, 5], [6, 7]])
    assert model.predict(["O", "N"]).tolist() == [[3, 6], [3, 6]]
    share = Baseline("mean", "classification").fit(["C", "CC", "CCC", "O"], [0, 1, 1, 1])
    assert share.predict(["N"]).tolist() == [[0.75]]


@pytest.mark.parametrize("task", ["regression", "classification"])
@pytest.mark.parametrize("name", BASELINES)
def test_targets_do_not_see_each_other(name, task):
    """Two targets at once, with gaps, give what each gives alone on its labelled rows."""
    x = Baseline(name, task).features(MOLECULES)
    both = Baseline(name, task).fit(x, WITH_GAPS).predict(x)
    for target in range(2):
        labelled = ~np.isnan(WITH_GAPS[:, target])
        alone = Baseline(name, task).fit(x[labelled], WITH_GAPS[labelled, target]).predict(x)
        assert (both[:, [target]] == alone).all()


@pytest.mark.parametrize("task", ["regression", "classification"])
@pytest.mark.parametrize("name", BASELINES)
def test_same_seed_same_numbers(name, task):
    y = IS_ALCOHOL if task == "classification" else WEIGHT
    first, second = (
        Baseline(name, task, seed=3).fit(MOLECULES, y).predict(MOLECULES) for _ in range(2)
    )
    assert (first == second).all()


def test_another_seed_gives_another_forest():
    x = Baseline("random-forest", "regression").features(MOLECULES)
    first, second = (
        Baseline("random-forest", "regression", seed=seed).fit(x, WEIGHT).predict(x)
        for seed in (0, 1)
    )
    assert (first != second).any()


def test_trees_without_zeros_are_the_same_trees():
    smiles = load_nci(400).smiles
    x = morgan_counts([parse_smiles(molecule) for molecule in smiles])
    y = (crippen_logp(smiles) > 2).astype(float)
    baseline = Baseline("random-forest", "classification").fit(x[:300], y[:300])
    recipe = BASELINES["random-forest"]
    dense = recipe.make("classification", 0, 1, **recipe.settings["classification"][0])
    expected = dense.fit(x[:300], y[:300]).predict_proba(x)[:, 1]
    np.testing.assert_array_equal(baseline.predict(x)[:, 0], expected)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize(("task", "value"), [("regression", 7.0), ("classification", 1.0)])
def test_equal_labels_are_predicted_as_they_are(name, task, value):
    model = Baseline(name, task).fit(MOLECULES[:6], [value] * 6, (MOLECULES[6:8], [value] * 2))
    assert model.predict(MOLECULES[:2]).tolist() == [[value], [value]]


def test_units_do_not_matter_to_the_svm():
    x = Baseline("svm", "regression").features(MOLECULES)
    metres, nanometres = (
        Baseline("svm", "regression").fit(x, WEIGHT * unit).predict(x) for unit in (1, 1e9)
    )
    np.testing.assert_allclose(nanometres, metres * 1e9, rtol=1e-6)


def test_validation_rows_choose_the_settings():
    x = Baseline("svm", "regression").features(MOLECULES)
    y, known = WEIGHT + 30 * np.random.default_rng(0).normal(size=48), slice(0, 24)
    usual = Baseline("svm", "regression").fit(x[known], y[known])
    rows = slice(24, None)
    errors = {}
    for penalty in (1.0, 3.0, 10.0):
        model = _svm("regression", 0, 1, C=penalty).fit(x[known], y[known])
        errors[penalty] = evaluate("rmse", y[rows], model.predict(x[rows])).value
    best = min(errors, key=errors.get)
    chosen = Baseline("svm", "regression").fit(x[known], y[known], (x[rows], y[rows]))
    assert usual.settings == [{"C": 3.0}]
    assert chosen.settings == [{"C": best}]
    assert best != 3.0
    assert evaluate("rmse", y[rows], chosen.predict(x[rows])).value == errors[best]


def test_validation_of_one_class_leaves_the_usual_settings():
    model = Baseline("svm", "classification").fit(
        MOLECULES, IS_ALCOHOL, (["CO", "CCO", "N"], [1.0, 1.0, NAN])
    )
    assert model.settings == [{"C": 3.0}]


def test_molecules_strings_and_features_are_the_same():
    mols = [parse_smiles(molecule) for molecule in MOLECULES]
    model = Baseline("svm", "regression").fit(mols, WEIGHT)
    expected = model.predict(mols)
    assert (model.predict(MOLECULES) == expected).all()
    assert (model.predict(model.features(MOLECULES)) == expected).all()


def test_a_bad_row_is_named():
    with pytest.raises(MoleculeError, match=r"not parsable.*row 1"):
        Baseline("svm", "regression").fit(["C", "Ahab", "CC"], [1, 2, 3])
    model = Baseline("mean", "regression").fit(["C", "CC"], [1, 2])
    with pytest.raises(MoleculeError, match=r"not a string.*row 0"):
        model.predict([None, "C"])


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([0, 1], ShapeError, "3 molecules"),
        ([[1, NAN], [1, NAN], [0, NAN]], InputError, r"no label.*target 1"),
        ([0, 1, 2], InputError, r"0 and 1.*row 2"),
        ([0, np.inf, 1], NonFiniteError, "row 1"),
        (["a", "b", "c"], InputError, "numbers"),
    ],
)
def test_bad_labels(y, error, message):
    with pytest.raises(error, match=message):
        Baseline("mean", "classification").fit(["C", "CC", "CCC"], y)


def test_wrong_arguments():
    with pytest.raises(UnknownNameError, match="random-forest"):
        Baseline("forest", "regression")
    with pytest.raises(UnknownNameError, match="classification"):
        Baseline("mean", "ranking")
    with pytest.raises(NotFittedError):
        Baseline("mean", "regression").predict(["C"])
    with pytest.raises(DtypeError, match="list of molecules"):
        Baseline("mean", "regression").fit("CCO", [1])
    with pytest.raises(InputError, match="no molecules"):
        Baseline("mean", "regression").fit([], [])
    with pytest.raises(ShapeError, match="1 targets"):
        Baseline("mean", "regression").fit(["C", "CC"], [1, 2], (["C"], [[1, 2]]))
