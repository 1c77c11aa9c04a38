from __future__ import annotations

import numpy as np
import pytest

from gnnlab.molecules.blend import Blend

GENERATOR = np.random.default_rng(0)
Y = GENERATOR.normal(size=(200, 1))


def off_by(size, count=200):
    return Y[:count] + size * GENERATOR.normal(size=(count, 1))


@pytest.mark.parametrize(("by_network", "by_kernel", "low", "high"), [
    (0.1, 1.0, 0.0, 0.1),
    (1.0, 0.1, 0.9, 1.0),
    (0.5, 0.5, 0.4, 0.6),
])  # fmt: skip
def test_who_is_right_more_often_has_more_to_say(by_network, by_kernel, low, high):
    found = {"networks": off_by(by_network), "kernel": off_by(by_kernel)}
    blend = Blend.of(Y, found, "regression")
    assert low <= blend.weights["kernel"][0] <= high
    mean, std = blend.combine({name: values[None] for name, values in found.items()})
    error = np.sqrt(np.square(mean - Y).mean())
    assert error <= 1.02 * min(by_network, by_kernel) * 1.15
    assert std[0, 0] == pytest.approx(error)


@pytest.mark.parametrize("sizes", [(0.3, 0.4, 0.5), (0.3, 0.3, 3.0), (1.0,), (0.0, 0.0, 0.0)])
def test_shares_are_the_best_of_all_that_add_up_to_one(sizes):
    found = {str(number): off_by(size) for number, size in enumerate(sizes)}
    blend = Blend.of(Y, found, "regression")
    shares = np.array([share[0] for share in blend.weights.values()])
    assert shares.min() >= 0
    assert shares.sum() == pytest.approx(1)
    errors = np.hstack(list(found.values())) - Y
    disagreement = 10 * np.mean(np.var(errors, axis=1) * len(sizes))

    def cost(w):
        return np.sum((errors @ w) ** 2) + disagreement * np.sum((w - 1 / len(sizes)) ** 2)

    others = GENERATOR.dirichlet(np.ones(len(sizes)), size=500)
    nearby = 0.98 * shares + 0.02 * others
    assert all(cost(shares) <= cost(w) + 1e-5 for w in (*others, *nearby))


def test_few_molecules_say_little():
    found = {"networks": Y[:2] + 1.0, "kernel": Y[:2]}
    assert 0.5 < Blend.of(Y[:2], found, "regression").weights["kernel"][0] < 0.65


def test_only_molecules_that_all_have_predicted_count():
    half = np.where(np.arange(200)[:, None] % 2, Y + 0.5, np.nan)
    blend = Blend.of(Y, {"networks": half, "kernel": Y - 0.5}, "regression")
    assert blend.weights["networks"][0] == pytest.approx(0.5, abs=1e-4)
    assert blend.noise[0] == pytest.approx(0, abs=1e-3)
    nobody = Blend.of(Y, {"networks": half, "kernel": half[::-1]}, "regression")
    assert nobody.weights["kernel"].tolist() == [0.5]
    assert np.isnan(nobody.noise[0])


def test_networks_alone_and_their_spread():
    left_out = np.where(np.arange(200)[:, None] % 2, Y + 0.5, np.nan)
    blend = Blend.of(Y, {"networks": left_out}, "regression")
    assert blend.weights["networks"].tolist() == [1.0]
    assert blend.noise[0] == pytest.approx(0.5)
    mean, std = blend.combine({"networks": np.stack([Y - 2, Y + 2])})
    np.testing.assert_allclose(mean, Y)
    np.testing.assert_allclose(std, np.sqrt(0.5**2 + 2**2))


def test_probabilities_stay_probabilities():
    labels = (Y > 0).astype(float)
    found = {"networks": 0.8 * labels + 0.1, "kernel": 1.4 * labels - 0.2}
    blend = Blend.of(labels, found, "classification")
    mean, _ = blend.combine(
        {"networks": (0.9 * labels + 0.1)[None], "kernel": (3 * labels - 1)[None]}
    )
    assert mean.min() >= 0
    assert mean.max() <= 1
