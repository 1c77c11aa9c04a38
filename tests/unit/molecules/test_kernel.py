from __future__ import annotations

import numpy as np
import pytest
import torch

from gnnlab.molecules import kernel
from gnnlab.molecules.descriptors import tanimoto_kernel
from gnnlab.molecules.kernel import TanimotoRidge


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    counts = generator.poisson(0.4, size=(60, 30)).astype(np.uint8)
    y = counts[:, :5].sum(1) + 0.1 * generator.normal(size=60)
    return counts, np.stack([y, -y + counts[:, 7]], axis=1)


def test_what_is_left_out_is_what_a_fit_without_it_predicts(data, monkeypatch):
    monkeypatch.setattr(kernel, "_NOISES", (0.1,))
    counts, y = data
    ridge = TanimotoRidge("regression").fit(counts, y)
    mean = y.mean(axis=0)
    for row in (0, 17, 59):
        rest = np.arange(60) != row
        K = tanimoto_kernel(counts[rest], counts[rest]).astype(float)
        alpha = np.linalg.solve(K + 0.1 * np.eye(59), y[rest] - mean)
        expected = tanimoto_kernel(counts[[row]], counts[rest]) @ alpha + mean
        np.testing.assert_allclose(ridge.left_out_[row], expected[0], rtol=1e-4)


def test_it_takes_the_noise_with_the_smallest_error_for_what_is_left_out(data, monkeypatch):
    counts, y = data
    chosen = np.square(TanimotoRidge("regression").fit(counts, y).left_out_ - y).mean(axis=0)
    for noise in kernel._NOISES:
        monkeypatch.setattr(kernel, "_NOISES", (noise,))
        alone = np.square(TanimotoRidge("regression").fit(counts, y).left_out_ - y).mean(axis=0)
        assert (chosen <= alone + 1e-9).all()


def test_landmarks_that_are_all_molecules_change_nothing(data, monkeypatch):
    counts, y = data
    exact = TanimotoRidge("regression").fit(counts, y)
    similarity = tanimoto_kernel(counts, counts)
    K = torch.from_numpy(similarity).double()
    centred = torch.from_numpy(y[:, 0] - y[:, 0].mean())
    fit = kernel._for_landmarks(K, np.arange(60))(torch.ones(60, dtype=torch.bool), centred)
    np.testing.assert_allclose((K @ fit.alpha).numpy() + y[:, 0].mean(),
                               exact.predict(counts)[:, 0], rtol=1e-3)  # fmt: skip
    np.testing.assert_allclose(y[:, 0] - fit.errors.numpy(), exact.left_out_[:, 0], rtol=2e-3)


def test_many_molecules_share_landmarks(data, monkeypatch):
    monkeypatch.setattr(kernel, "_LANDMARKS", 25)
    counts, y = data
    ridge = TanimotoRidge("regression", seed=1).fit(counts, y)
    assert ridge.landmarks_.shape == (25, 30)
    assert ridge.weight_.shape == (25, 2)
    mean_only = np.square(y - y.mean(axis=0)).mean(axis=0)
    assert (np.square(ridge.left_out_ - y).mean(axis=0) < 0.8 * mean_only).all()
    assert np.array_equal(
        ridge.landmarks_, TanimotoRidge("regression", seed=1).fit(counts, y).landmarks_
    )


def test_of_very_many_molecules_some_are_learned_from(data, monkeypatch):
    counts, y = data
    whole = TanimotoRidge("regression").fit(counts, y)
    monkeypatch.setattr(kernel, "_TOGETHER", 7)
    by_sevens = TanimotoRidge("regression").fit(counts, y)
    np.testing.assert_allclose(by_sevens.predict(counts), whole.predict(counts), rtol=1e-12)
    monkeypatch.setattr(kernel, "_MOST", 40)
    for landmarks in (40, 25):
        monkeypatch.setattr(kernel, "_LANDMARKS", landmarks)
        ridge = TanimotoRidge("regression").fit(counts, y)
        assert ridge.landmarks_.shape == (landmarks, 30)
        assert (~np.isnan(ridge.left_out_)).sum(axis=0).tolist() == [40, 40]
        np.testing.assert_array_equal(ridge.bias_, y.mean(axis=0))
        assert np.square(ridge.predict(counts) - y).mean() < np.square(y - y.mean(axis=0)).mean()


def test_unknown_values_do_not_count(data):
    counts, y = data
    y = y.copy()
    y[::3, 1] = np.nan
    ridge = TanimotoRidge("regression").fit(counts, y)
    known = ~np.isnan(y[:, 1])
    alone = TanimotoRidge("regression").fit(counts[known], y[known, 1:])
    np.testing.assert_allclose(ridge.predict(counts)[:, 1], alone.predict(counts)[:, 0], rtol=1e-5)
    assert np.isnan(ridge.left_out_[~known, 1]).all()
    again = TanimotoRidge.from_state_dict("regression", ridge.state_dict())
    np.testing.assert_array_equal(again.predict(counts), ridge.predict(counts))
