import numpy as np
import pytest

from gnnlab.errors import InputError, NonFiniteError, ShapeError
from gnnlab.networks import bootstrap
from gnnlab.networks.bootstrap import over_seeds, paired_bootstrap


def test_interval_like_the_normal_one_for_many_positives():
    generator = np.random.default_rng(0)
    first, second = generator.normal(0.05, 1, 2000), np.zeros(2000)
    result = paired_bootstrap(first, second, resamples=4000)
    half = 1.96 * first.std() / np.sqrt(2000)
    assert result.mean == pytest.approx(first.mean())
    assert result.high - result.mean == pytest.approx(half, rel=0.1)
    assert result.mean - result.low == pytest.approx(half, rel=0.1)


def test_pairs_are_kept_together():
    # The models differ by little on every positive, and the positives by much.
    second = np.random.default_rng(0).random(50)
    result = paired_bootstrap(second + 0.01, second, resamples=500)
    assert result.low == pytest.approx(0.01)
    assert result.high == pytest.approx(0.01)
    assert result.p == pytest.approx(2 / 501)


def test_p_is_rarely_small_for_equal_models():
    generator = np.random.default_rng(1)
    found = [
        paired_bootstrap(*generator.random((2, 100)), resamples=400, seed=seed).p < 0.05
        for seed in range(200)
    ]
    assert 1 <= sum(found) <= 22


def test_the_other_way_round():
    first, second = np.random.default_rng(2).random((2, 30))
    one, other = paired_bootstrap(first, second), paired_bootstrap(second, first)
    assert (one.mean, one.low, one.p) == pytest.approx((-other.mean, -other.high, other.p))


def test_seeds_and_chunks(monkeypatch):
    first, second = np.random.default_rng(3).random((2, 30))
    result = paired_bootstrap(first, second, seed=4)
    assert result == paired_bootstrap(first, second, seed=4)
    assert result != paired_bootstrap(first, second, seed=5)
    monkeypatch.setattr(bootstrap, "_CHUNK", 100)
    assert result == paired_bootstrap(first, second, seed=4)


@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        ([1.0], [1.0, 2.0], ShapeError),
        ([[1.0]], [[1.0]], ShapeError),
        ([], [], InputError),
        ([np.nan], [1.0], NonFiniteError),
    ],
)
def test_values_that_cannot_be_compared(first, second, error):
    with pytest.raises(error):
        paired_bootstrap(np.array(first), np.array(second))


def test_nothing_to_draw():
    with pytest.raises(InputError, match="resamples"):
        paired_bootstrap(np.ones(2), np.ones(2), resamples=0)


def test_spread_over_seeds():
    spread = over_seeds([{"mrr": 1.0, "auc": 0.5}, {"mrr": 3.0, "auc": 0.5}])
    assert spread["mrr"].mean == 2.0
    assert spread["mrr"].std == pytest.approx(np.sqrt(2))
    assert spread["auc"].std == 0.0
    assert over_seeds([{"mrr": 1.0}])["mrr"].std == 0.0


@pytest.mark.parametrize("runs", [[], [{"mrr": 1.0}, {"auc": 1.0}]])
def test_runs_that_do_not_fit(runs):
    with pytest.raises(InputError):
        over_seeds(runs)
