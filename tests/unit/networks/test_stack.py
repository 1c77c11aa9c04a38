"""Scores are combined without ever being held against a pair."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.errors import FileFormatError, ShapeError
from gnnlab.networks.stack import MonotoneNetwork, Stack


@pytest.fixture(autouse=True, scope="module")
def _few_iterations():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gnnlab.networks.stack._ITERATIONS", 100)
        yield


def _tables(num_positives=60, num_negatives=20, seed=0):
    """The first score tells connections apart, the second is noise, the third speaks against."""
    draw = np.random.default_rng(seed)
    positive = draw.gamma(2.0, size=(num_positives, 3))
    negative = draw.gamma(2.0, size=(num_positives, num_negatives, 3))
    positive[:, 0] += 3
    negative[:, :, 2] += 3
    return positive.astype(np.float32), negative.astype(np.float32)


@pytest.fixture(scope="module")
def stack():
    return Stack().fit(*_tables(), np.array([True, True, False]))


def test_positives_come_first(stack):
    positive, negative = _tables(seed=1)
    ahead = stack.score(positive)[:, None] > stack.score(negative.reshape(-1, 3)).reshape(60, 20)
    assert ahead.mean() > 0.95


def test_one_of_the_tried_sizes_is_taken(stack):
    assert stack.ranks_[stack.units_] == max(stack.ranks_.values())
    assert len(stack.network_.out_weight) == stack.units_


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 50), min_size=3, max_size=3), st.floats(0, 50))
def test_more_evidence_never_lowers_a_score(stack, scores, more):
    table = np.array([scores, scores, scores], dtype=np.float32)
    table[1, 0] += more
    table[2, 1] += more
    before, *after = stack.score(table)
    assert min(after) >= before - 1e-5


@pytest.mark.parametrize("units", [0, 4])
def test_the_network_is_its_formula(units):
    torch.manual_seed(0)
    rising = torch.tensor([True, False])
    network = MonotoneNetwork(rising, units).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn_like(parameter))
    x = torch.tensor([0.7, -1.3], dtype=torch.float64)
    w, W, b, a = (p.detach() for p in network.parameters())
    expected = abs(w[0]) * x[0] + w[1] * x[1]
    for k in range(units):
        expected = expected + abs(a[k]) * torch.tanh(abs(W[k, 0]) * x[0] + W[k, 1] * x[1] + b[k])
    assert torch.isclose(network(x), expected, atol=1e-12)


def test_probabilities_rise_with_scores_and_fit_the_shares(stack):
    positive, negative = _tables(num_positives=400, seed=2)
    scores = np.sort(stack.score(positive))
    probability = stack.probability(scores)
    assert (np.diff(probability) >= 0).all()
    assert probability.mean() > 0.7
    assert stack.probability(stack.score(negative.reshape(-1, 3))).mean() < 0.3


def test_the_seed_decides():
    tables = (*_tables(), np.array([True, True, False]))
    first, second, other = (Stack(seed).fit(*tables).score(tables[0]) for seed in (0, 0, 1))
    assert (first == second).all()
    assert (first != other).any()


def test_the_score_that_tells_them_apart_matters_most(stack):
    positive, _ = _tables(seed=3)
    gains = stack.importance(positive).mean(0)
    assert gains[0] == max(gains[:2])


def test_a_stack_comes_back_from_its_state(stack):
    restored = Stack.restored(*stack.state())
    table = _tables(seed=4)[0]
    assert (restored.score(table) == stack.score(table)).all()
    assert (restored.probability(np.arange(3.0)) == stack.probability(np.arange(3.0))).all()


def test_a_damaged_state_is_refused(stack):
    tensors, config = stack.state()
    del tensors["median"]
    with pytest.raises(FileFormatError):
        Stack.restored(tensors, config)


def test_shapes_are_checked():
    positive, negative = _tables()
    with pytest.raises(ShapeError):
        Stack().fit(positive, negative[:, :, :2], np.array([True, True, False]))


def test_a_score_that_is_always_zero_does_no_harm():
    positive, negative = _tables()
    positive[:, 1], negative[:, :, 1] = 0, 0
    scores = Stack().fit(positive, negative, np.array([True, True, False])).score(positive)
    assert np.isfinite(scores).all()


def test_few_positives_are_not_learned_from():
    """The second score, by chance, speaks against the three connections: it is not believed."""
    positive, negative = _tables(num_positives=3)
    positive[:, 1], negative[:, :, 1] = 0, 5
    stack = Stack().fit(positive, negative, np.array([True, True, False]))
    table = np.array([[1, 1, 1], [2, 1, 1], [1, 2, 1], [1, 1, 2]], dtype=np.float32)
    low, first, second, third = stack.score(table)
    assert first > low
    assert second > low
    assert third == low
    assert stack.ranks_ == {}


def test_a_better_score_is_never_the_lower_probability():
    positive, negative = _tables(num_positives=3)
    rising = np.array([True, True, True])
    probability = Stack().fit(negative[:, 0], positive[:, None], rising).probability(np.arange(5.0))
    assert (np.diff(probability) >= 0).all()


def test_probabilities_do_not_depend_on_the_level_of_a_network(stack, monkeypatch):
    """Of two networks that rank alike, one can score all pairs higher than the other."""

    class Raised(torch.nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, x):
            return self.network(x) + 3

    learn = Stack._learn

    def learn_raised(self, positive, *others):
        network = learn(self, positive, *others)
        return Raised(network) if len(positive) == 60 else network

    monkeypatch.setattr(Stack, "_learn", learn_raised)
    raised = Stack().fit(*_tables(), np.array([True, True, False]))
    table = _tables(seed=5)[0]
    assert raised.score(table) == pytest.approx(stack.score(table) + 3, abs=1e-5)
    probability = stack.probability(stack.score(table))
    assert raised.probability(raised.score(table)) == pytest.approx(probability, abs=1e-5)


def test_few_positives_and_no_score_that_can_only_speak_for_a_connection():
    state = torch.random.get_rng_state()
    stack = Stack().fit(*_tables(num_positives=3), np.array([False, False, False]))
    low, high = stack.score(np.array([[1, 1, 1], [2, 2, 2]], dtype=np.float32))
    assert high > low
    assert torch.equal(torch.random.get_rng_state(), state)
