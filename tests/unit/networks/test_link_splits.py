"""Splits: sizes as promised, nothing of a part in the message graph, and typed refusals."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.errors import InputError, NonFiniteError, ShapeError, UnknownNameError
from gnnlab.networks import Network
from gnnlab.networks.audit import audit
from gnnlab.networks.splits import NEGATIVES, Part, given_split, random_split, time_split


def make_network(num_nodes=40, num_edges=90, seed=0, times=None):
    graph = networkx.gnm_random_graph(num_nodes, num_edges, seed=seed)
    generator = np.random.default_rng(seed)
    return Network.of(
        range(num_nodes),
        np.array(graph.edges).T,
        edge_weight=generator.uniform(1, 2, num_edges),
        edge_time=generator.integers(0, times or 10 * num_edges, num_edges),
    )


KARATE = networkx.karate_club_graph()
KARATE = Network.of(range(34), np.array(KARATE.edges).T)
kinds = pytest.mark.parametrize("negatives", NEGATIVES)


@kinds
@pytest.mark.parametrize("split", [random_split, time_split])
def test_splits_are_clean(split, negatives):
    network = make_network()
    for seed in range(5):
        made = split(network, 0.1, 0.2, seed, negatives=negatives)
        assert str(audit(made, network)) == "clean"
        assert made.valid.positive.size(1) + made.test.positive.size(1) > 20


@settings(max_examples=30)
@given(st.integers(20, 60), st.floats(0.1, 0.4), st.floats(0.1, 0.4), st.integers(0, 99))
def test_the_parts_make_up_the_network(num_edges, valid, test, seed):
    network = make_network(40, num_edges, seed)
    split = random_split(network, valid, test, seed)
    positives = split.valid.positive, split.test.positive
    assert [part.size(1) for part in positives] == [int(valid * num_edges), int(test * num_edges)]
    keys = network.keys_of(torch.cat([split.message.edge_index, *positives], 1))
    assert np.array_equal(np.sort(keys), network.keys)
    place = np.searchsorted(network.keys, split.message.keys)
    assert split.message.edge_weight.equal(network.edge_weight[place])
    assert split.message.edge_time.equal(network.edge_time[place])


@settings(max_examples=40)
@given(st.integers(20, 300), st.integers(0, 99))
def test_nothing_of_the_future_is_in_a_split_by_time(times, seed):
    network = make_network(seed=seed, times=times)
    split = time_split(network, 0.2, 0.2, seed)
    assert split.message.edge_time.max() < split.valid.time.min()
    assert split.valid.time.max() < split.test.time.min()
    assert split.message.edge_weight is None
    assert split.test.positive.size(1) <= 18
    assert str(audit(split, network)) == "clean"
    place = np.searchsorted(network.keys, network.keys_of(split.test.positive))
    assert split.test.time.equal(network.edge_time[place])


def test_nobody_asks_for_those_who_have_met_no_one_before():
    """Of 40 nodes, half meet someone on the last day only: no pair of a part has one of them."""
    early = np.array(networkx.cycle_graph(20).edges).T
    late = np.array([[*range(8), 0, 1], [*range(20, 28), 10, 11]])
    time = np.concatenate([np.roll(np.arange(20), 10).reshape(4, 5).T.ravel(), np.full(10, 99)])
    network = Network.of(range(40), np.concatenate([early, late], 1), edge_time=time)
    for negatives in NEGATIVES:
        split = time_split(network, 0.1, 0.34, negatives=negatives, num_negatives=6)
        assert split.valid.negative.max() < 20
        assert split.test.positive.tolist() == [[0, 1], [10, 11]]
        assert split.test.negative.max() < 20
    strangers = Network.of(range(40), np.concatenate([early, late[:, :8]], 1), edge_time=time[:28])
    with pytest.raises(InputError, match=r"newcomers.*test"):
        time_split(strangers, 0.1, 0.3)


def test_negatives_of_the_parts_differ():
    network = make_network()
    split = random_split(network, 0.3, 0.3, num_negatives=300)
    keys = network.keys_of(torch.cat([split.valid.negative, split.test.negative], 1))
    assert len(np.unique(keys)) == 600


def test_hard_negatives_are_as_many_as_there_can_be():
    split = random_split(KARATE, negatives="hard")
    assert split.test.negative.shape[:2] == (2, 15)
    assert 20 < split.test.negative.size(2) < 64
    assert random_split(KARATE, negatives="hard", num_negatives=7).valid.negative.size(2) == 7


def test_positives_left_out_are_nowhere():
    network = make_network()
    split = random_split(network, 0.2, 0.2, max_positives=5)
    assert split.valid.positive.size(1) == split.test.positive.size(1) == 5
    assert split.message.num_edges == 90 - 2 * 18
    assert audit(split, network).clean


def test_a_part_may_be_empty():
    split = random_split(KARATE, valid=0)
    assert split.valid.positive.shape == split.valid.negative.shape == (2, 0)
    assert audit(split, KARATE).clean
    split = time_split(make_network(), valid=0.1, test=0)
    assert split.test.time.shape == (0,)


@kinds
def test_given(negatives):
    network = make_network()
    valid, test = network.edge_index[:, 3:6].flip(0), network.edge_index[:, 50:60]
    split = given_split(network, valid, test, negatives=negatives)
    assert split.message.num_edges == 90 - 13
    assert split.valid.positive.equal(valid)
    assert audit(split, network).clean
    own = Part(test, torch.tensor([[0], [0]]))
    assert given_split(network, valid, own).test is own


@pytest.mark.parametrize(
    ("valid", "test", "words"),
    [
        (
            [[0], [9]],
            [[1], [2]],
            r"no connection of the network \(at: valid\[:, 0\]; found: \[0, 9",
        ),
        ([[0, 1], [1, 2]], [[1, 2], [2, 99]], r"test\[:, 1\]; found: \[2, 99\]"),
        ([[0], [1]], [[1], [0]], "named twice"),
        ([[0, 1], [1, 2]], [[2], [3]], "left for training"),
    ],
)
def test_given_pairs_that_make_no_sense(valid, test, words):
    path = Network.of(range(10), [[0, 1, 2], [1, 2, 3]])
    with pytest.raises(InputError, match=words):
        given_split(path, torch.tensor(valid), torch.tensor(test))


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ((-0.1, 0.2), "at least 0"),
        ((0.1, 1.0), "below 1"),
        ((0.1, float("nan")), "at least 0"),
        ((0.5, 0.5), "leave something"),
        ((0, 0), "take something"),
        ((0.001, 0.2), "the valid part is empty"),
    ],
)
@pytest.mark.parametrize("split", [random_split, time_split])
def test_shares_that_make_no_sense(split, shares, words):
    with pytest.raises(InputError, match=words):
        split(make_network(), *shares)


@pytest.mark.parametrize("num_edges", [0, 1])
@pytest.mark.parametrize("split", [random_split, time_split])
def test_too_small(split, num_edges):
    edges = torch.tensor([[0], [1]])[:, :num_edges]
    network = Network.of(range(3), edges, edge_time=torch.ones(num_edges))
    with pytest.raises(InputError, match=f"part is empty.*of {num_edges} connections"):
        split(network, 0.4, 0.4)


@kinds
def test_a_complete_network_has_no_negatives(negatives):
    network = Network.of(range(8), np.array(networkx.complete_graph(8).edges).T)
    with pytest.raises(InputError):
        random_split(network, negatives=negatives)


def test_bad_arguments():
    with pytest.raises(UnknownNameError, match="uniform, degree, hard"):
        random_split(KARATE, negatives="easy")
    with pytest.raises(InputError, match="num_negatives"):
        random_split(KARATE, num_negatives=0)
    with pytest.raises(InputError, match="max_positives"):
        random_split(KARATE, max_positives=0)
    with pytest.raises(InputError, match="no times"):
        time_split(KARATE)
    with pytest.raises(InputError, match="the same time"):
        time_split(make_network(times=1))
    network = make_network()
    network.edge_time[7] = float("nan")
    with pytest.raises(NonFiniteError, match="has no time"):
        time_split(network)


def test_shapes_of_a_part():
    pairs = torch.zeros(2, 3, dtype=torch.int64)
    assert Part(pairs, torch.zeros(2, 3, 5)).negative.size(2) == 5
    for bad in ((pairs[0], pairs), (pairs, pairs[0]), (pairs, torch.zeros(2, 4, 5))):
        with pytest.raises(ShapeError):
            Part(*bad)
    with pytest.raises(ShapeError, match="time"):
        Part(pairs, pairs, torch.zeros(4))
