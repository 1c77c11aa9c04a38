from __future__ import annotations

import numpy as np
import pytest

from gnnlab.molecules.blend import Blend

GENERATOR = np.random.default_rng(0)
Y = GENERATOR.normal(size=(200, 1))


@pytest.mark.parametrize(("by_network", "by_kernel", "low", "high"), [
    (0.1, 1.0, 0.0, 0.1),
    (1.0, 0.1, 0.9, 1.0),
    (0.5, 0.5, 0.4, 0.6),
])  # fmt: skip
def test_who_is_right_more_often_has_more_to_say(by_network, by_kernel, low, high):
    network = Y + by_network * GENERATOR.normal(size=Y.shape)
    kernel = Y + by_kernel * GENERATOR.normal(size=Y.shape)
    blend = Blend.of(Y, network, kernel, "regression")
    assert low <= blend.weight[0] <= high
    mean, std = blend.combine(network[None], kernel)
    error = np.sqrt(np.square(mean - Y).mean())
    assert error <= 1.02 * min(by_network, by_kernel) * 1.15
    assert std[0, 0] == pytest.approx(error)


def test_few_molecules_say_little():
    blend = Blend.of(Y[:2], Y[:2] + 1.0, Y[:2], "regression")
    assert 0.5 < blend.weight[0] < 0.65


def test_without_a_kernel_the_networks_are_alone_and_their_spread_counts():
    left_out = np.where(np.arange(200)[:, None] % 2, Y + 0.5, np.nan)
    blend = Blend.of(Y, left_out, None, "regression")
    assert blend.weight.tolist() == [0.0]
    assert blend.noise[0] == pytest.approx(0.5)
    mean, std = blend.combine(np.stack([Y - 2, Y + 2]), None)
    np.testing.assert_allclose(mean, Y)
    np.testing.assert_allclose(std, np.sqrt(0.5**2 + 2**2))


def test_probabilities_stay_probabilities():
    labels = (Y > 0).astype(float)
    blend = Blend.of(labels, 0.8 * labels + 0.1, 1.4 * labels - 0.2, "classification")
    mean, _ = blend.combine((0.9 * labels + 0.1)[None], 3 * labels - 1)
    assert mean.min() >= 0
    assert mean.max() <= 1
