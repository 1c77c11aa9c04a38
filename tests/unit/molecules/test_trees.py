from __future__ import annotations

import numpy as np
import pytest
import torch

from gnnlab.molecules.baselines import BASELINES, Baseline
from gnnlab.molecules.trees import BoostedTrees, RandomForest

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(150, 6))
X[GENERATOR.random(X.shape) < 0.1] = np.nan
VALUES = np.nan_to_num(X[:, 0]) ** 2 + np.isnan(X[:, 1]) + 0.1 * GENERATOR.normal(size=150)
LABELS = {"regression": VALUES, "classification": (VALUES > 1).astype(float)}


@pytest.mark.parametrize("task", LABELS)
def test_the_same_numbers_as_scikit_learn(task):
    labels = np.stack([LABELS[task], LABELS[task][::-1]], axis=1)
    labels[::7, 1] = np.nan
    trees = BoostedTrees(task, seed=3).fit(X, labels)
    unseen = GENERATOR.normal(size=(2000, 6))
    unseen[GENERATOR.random(unseen.shape) < 0.2] = np.nan
    seen_and_unseen = np.concatenate([X, unseen])
    expected = Baseline("boosting", task, seed=3).fit(X, labels).predict(seen_and_unseen)
    np.testing.assert_allclose(trees.predict(seen_and_unseen), expected, rtol=1e-12, atol=1e-14)
    assert np.ptp(expected[:, 0]) > 0.5


def test_values_on_a_threshold_go_to_the_left():
    steps = np.repeat([0.0, 1.0], 40)[:, None]
    (forest,) = BoostedTrees("regression").fit(steps, steps).forests_
    threshold = forest.threshold[forest.root[0]]
    at, above = forest.predict(np.array([[threshold], [np.nextafter(threshold, 2)]]))
    assert at < 0.5 < above


def test_trees_are_kept_as_tensors():
    trees = BoostedTrees("classification").fit(X, LABELS["classification"][:, None])
    state = trees.state_dict()
    assert all(isinstance(tensor, torch.Tensor) for tensor in state.values())
    again = BoostedTrees.from_state_dict("classification", state)
    np.testing.assert_array_equal(again.predict(X), trees.predict(X))


@pytest.mark.parametrize("kind", [BoostedTrees, RandomForest])
@pytest.mark.parametrize(("task", "value"), [("regression", 2.5), ("classification", 1.0)])
def test_a_property_that_does_not_vary(kind, task, value):
    trees = kind(task).fit(X, np.full((150, 1), value))
    assert trees.predict(X) == pytest.approx(value, abs=1e-5)
    assert trees.bias(0) == pytest.approx(value, abs=1e-5)


def test_no_molecules_give_no_predictions():
    trees = BoostedTrees("regression").fit(X, VALUES[:, None])
    assert trees.predict(np.zeros((0, 6))).shape == (0, 1)


def test_the_settings_are_those_of_the_baseline():
    (forest,) = BoostedTrees("regression").fit(X, VALUES[:, None]).forests_
    assert len(forest.root) == BASELINES["boosting"].settings["regression"][0]["max_iter"]


@pytest.mark.parametrize("task", LABELS)
def test_a_forest_gives_the_numbers_of_scikit_learn(task):
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    counts = GENERATOR.poisson(0.6, size=(120, 9)).astype(np.uint8)
    labels = LABELS[task][:120]
    forest = RandomForest(task, seed=5).fit(counts, labels[:, None])
    kind = RandomForestRegressor if task == "regression" else RandomForestClassifier
    settings = BASELINES["random-forest"].settings[task][0]
    twin = kind(100, random_state=5, **settings).fit(counts, labels)
    unseen = GENERATOR.poisson(0.8, size=(500, 9)).astype(np.uint8)
    expected = twin.predict(unseen) if task == "regression" else twin.predict_proba(unseen)[:, 1]
    np.testing.assert_allclose(forest.predict(unseen)[:, 0], expected, rtol=1e-9, atol=1e-12)
    assert forest.bias(0) == pytest.approx(labels.mean())
    again = RandomForest.from_state_dict(task, forest.state_dict())
    np.testing.assert_array_equal(again.predict(unseen), forest.predict(unseen))
