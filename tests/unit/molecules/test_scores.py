from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.errors import InputError, NonFiniteError, ShapeError, UnknownNameError
from gnnlab.molecules.scores import SCORES, evaluate

NAN = np.nan
REGRESSION = [name for name, score in SCORES.items() if score.task == "regression"]
CLASSIFICATION = [name for name, score in SCORES.items() if score.task == "classification"]


def labels_of(name, size, seed=0):
    generator = np.random.default_rng(seed)
    if SCORES[name].task == "regression":
        return generator.normal(size=size)
    y = generator.integers(0, 2, size=size).astype(float)
    y[:2] = np.array([0, 1]) if y.ndim == 1 else np.array([[0], [1]])
    return y


@pytest.mark.parametrize(
    ("name", "y", "predictions", "expected"),
    [
        ("rmse", [0, 0, 3], [0, 0, 0], 3**0.5),
        ("mae", [0, 0, 3], [0, 0, 0], 1.0),
        ("r2", [0, 1, 2], [1, 1, 1], 0.0),
        ("pearson", [0, 1, 2], [5, 4, 3], -1.0),
        ("spearman", [0, 1, 2], [1, 2, 100], 1.0),
        ("roc-auc", [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], 0.75),
        ("prc-auc", [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], (1 + 2 / 3) / 2),
        ("accuracy", [0, 1, 0, 1], [0.1, 0.5, 0.6, 0.7], 0.75),
    ],
)
def test_by_hand(name, y, predictions, expected):
    assert evaluate(name, y, predictions).value == pytest.approx(expected)


@pytest.mark.parametrize("name", SCORES)
def test_perfect_predictions_are_best(name):
    y = labels_of(name, 30)
    best = evaluate(name, y, y).value
    worse = evaluate(name, y, np.roll(y, 1)).value
    assert (best > worse) == SCORES[name].higher_is_better
    assert best == pytest.approx(1.0 if SCORES[name].higher_is_better else 0.0)


@pytest.mark.parametrize("name", SCORES)
def test_rows_without_label_do_not_count(name):
    y = labels_of(name, 30)
    predictions = np.random.default_rng(1).uniform(size=30)
    with_gaps = np.insert(y, [0, 10, 30], NAN)
    padded = np.insert(predictions, [0, 10, 30], [NAN, 0.9, NAN])
    assert evaluate(name, with_gaps, padded).value == evaluate(name, y, predictions).value


@pytest.mark.parametrize("name", SCORES)
def test_mean_over_targets(name):
    y, predictions = labels_of(name, (30, 3)), np.random.default_rng(1).uniform(size=(30, 3))
    y[5:9, 1] = NAN
    found = evaluate(name, y, predictions, ["Ishmael", "Ahab", "Queequeg"])
    each = [evaluate(name, y[:, target], predictions[:, target]).value for target in range(3)]
    assert list(found.per_target.values()) == each
    assert found.value == pytest.approx(np.mean(each))
    assert list(found.per_target) == ["Ishmael", "Ahab", "Queequeg"]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 20))
def test_a_subset_is_scored_by_its_rows(seed, size):
    generator = np.random.default_rng(seed)
    y, predictions, mask = (
        generator.normal(size=size),
        generator.normal(size=size),
        np.arange(size) % 2,
    )
    expected = np.sqrt(np.mean((y - predictions)[mask == 1] ** 2))
    assert evaluate("rmse", y[mask == 1], predictions[mask == 1]).value == pytest.approx(expected)


@pytest.mark.parametrize("name", ["roc-auc", "prc-auc"])
def test_a_target_of_one_class_is_skipped_and_named(name):
    y = [[0, 1, NAN], [1, 1, NAN]]
    found = evaluate(name, y, np.full((2, 3), 0.5), ["Dorothea", "Rosamond", "Casaubon"])
    assert found.skipped == {"Rosamond": "one class only: 1", "Casaubon": "no labels"}
    assert list(found.per_target) == ["Dorothea"]


@pytest.mark.parametrize(
    ("name", "y"),
    [("roc-auc", [1, 1]), ("prc-auc", [0, 0]), ("r2", [2, 2]), ("pearson", [2, 2]), ("rmse", [])],
)
def test_no_target_that_defines_the_score(name, y):
    with pytest.raises(InputError, match=f"no target defines the score {name}"):
        evaluate(name, y, np.full(len(y), 0.5))


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_one_prediction_for_all_has_no_correlation(name):
    assert evaluate(name, [1.0, 2.0, 3.0], [0.1 + 0.2, 0.3, 0.3]).value == 0.0


@pytest.mark.parametrize("name", SCORES)
def test_a_missing_prediction_is_never_left_out_silently(name):
    y, predictions = labels_of(name, 5), np.full(5, 0.5)
    predictions[3] = NAN
    with pytest.raises(NonFiniteError, match=r"1 labelled rows.*row 3, target 0"):
        evaluate(name, y, predictions)


@pytest.mark.parametrize("name", CLASSIFICATION)
def test_classes_are_checked(name):
    with pytest.raises(InputError, match=r"0 and 1.*row 2"):
        evaluate(name, [0, 1, 2], [0.5, 0.5, 0.5])


@pytest.mark.parametrize("name", REGRESSION)
def test_infinite_labels_are_refused(name):
    with pytest.raises(NonFiniteError, match="row 1"):
        evaluate(name, [0.0, np.inf], [0.0, 0.0])


def test_accuracy_needs_probabilities():
    with pytest.raises(InputError, match="probabilities"):
        evaluate("accuracy", [0, 1], [-3.0, 2.0])


def test_wrong_arguments():
    with pytest.raises(UnknownNameError, match="roc-auc"):
        evaluate("auc", [0, 1], [0, 1])
    with pytest.raises(ShapeError, match="one shape"):
        evaluate("rmse", [0, 1], [0, 1, 2])
    with pytest.raises(ShapeError, match="target_names"):
        evaluate("rmse", [0, 1], [0, 1], ["a", "b"])
    with pytest.raises(ShapeError, match="dimensions"):
        evaluate("rmse", np.zeros((2, 2, 2)), np.zeros((2, 2, 2)))
    with pytest.raises(InputError, match="numbers are needed"):
        evaluate("rmse", ["Ahab"], [0])
