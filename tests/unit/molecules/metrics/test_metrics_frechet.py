"""The Fréchet distance against the root of the product, as it is usually written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from gnnlab.errors import InputError
from gnnlab.molecules.metrics.frechet import Gaussian, frechet_distance


def draw(num, dimensions, seed):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(num, dimensions)) @ generator.normal(size=(dimensions,) * 2)


def slow_distance(one, other):
    root = linalg.sqrtm(np.cov(one.T) @ np.cov(other.T)).real
    shift = one.mean(axis=0) - other.mean(axis=0)
    return shift @ shift + np.trace(np.cov(one.T) + np.cov(other.T) - 2 * root)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 6), st.integers(0, 99))
def test_is_what_the_root_of_the_product_gives(dimensions, seed):
    one, other = draw(40, dimensions, seed), 0.5 + draw(30, dimensions, seed + 1)
    distance = frechet_distance(Gaussian.of([one]), Gaussian.of([other]))
    assert distance == pytest.approx(slow_distance(one, other), rel=1e-7, abs=1e-9)


def test_is_symmetric_and_zero_for_the_same():
    one, other = (Gaussian.of([draw(90, 40, seed)]) for seed in (1, 2))
    assert frechet_distance(one, other) == pytest.approx(frechet_distance(other, one), rel=1e-12)
    assert frechet_distance(one, one) <= 1e-10


def test_fewer_molecules_than_dimensions_are_no_obstacle():
    # Rank 2 in 300 dimensions; moving all rows by a vector of length 3 moves the mean alone.
    rows = draw(3, 300, 1)
    moved = rows + np.eye(300)[0] * 3
    assert np.linalg.matrix_rank(Gaussian.of([rows]).covariance) == 2
    distance = frechet_distance(Gaussian.of([rows]), Gaussian.of([moved]))
    assert distance == pytest.approx(9, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=6), st.integers(0, 99))
def test_batches_make_no_difference(sizes, seed):
    rows = draw(sum(sizes), 3, seed) + 100
    found = Gaussian.of(np.split(rows, np.cumsum(sizes)[:-1]))
    np.testing.assert_allclose(found.mean, rows.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(rows.T), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("batches", [[], [np.zeros((1, 4))]])
def test_one_row_has_no_covariance(batches):
    with pytest.raises(InputError, match=r"needs two molecules.*fcd=False"):
        Gaussian.of(batches)
