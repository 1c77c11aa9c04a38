"""Negatives: as many as asked for, all different, and never a connection."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.errors import InputError
from gnnlab.networks import Network
from gnnlab.networks import negatives as module
from gnnlab.networks.negatives import SAMPLERS, degree_matched_negatives, uniform_negatives

samplers = pytest.mark.parametrize("sample", SAMPLERS.values(), ids=SAMPLERS)


def make_network(num_nodes, num_edges, seed):
    graph = networkx.gnm_random_graph(num_nodes, num_edges, seed=seed)
    return Network.of(range(num_nodes), np.array(list(graph.edges)).reshape(-1, 2).T)


def assert_negatives(network, pairs, count):
    assert pairs.shape == (2, count)
    assert pairs.dtype == torch.int64
    assert (pairs[0] < pairs[1]).all()
    assert len(np.unique(network.keys_of(pairs))) == count
    assert not network.connected(pairs).any()


@samplers
@settings(max_examples=30)
@given(st.integers(0, 12), st.integers(0, 66), st.integers(0, 99), st.data())
def test_any_count_that_exists_is_met(sample, num_nodes, num_edges, seed, data):
    network = make_network(num_nodes, num_edges, seed)
    some = np.flatnonzero(network.degree) if sample is degree_matched_negatives else network.degree
    free = len(some) * (len(some) - 1) // 2 - network.num_edges
    count = data.draw(st.integers(0, free))
    assert_negatives(network, sample(network, count, seed), count)
    with pytest.raises(InputError, match=rf"there (is|are) {free}$"):
        sample(network, free + 1, seed)


@samplers
def test_no_pair_is_forbidden_and_no_other_node_comes_up(sample):
    network = make_network(40, 60, 0)
    nodes = np.arange(10, 40)
    first = sample(network, 100, nodes=nodes)
    second = sample(network, 100, forbidden=torch.cat([first.flip(0), first], 1), nodes=nodes)
    assert_negatives(network, torch.cat([first, second], 1), 200)
    assert min(first.min(), second.min()) >= 10


@samplers
def test_trial_and_listing_draw_alike(sample, monkeypatch):
    """A large sparse network is drawn from by trial, a small one from a list of all pairs."""
    network = make_network(60, 90, 1)
    seen = {}
    for few in (module._FEW, 0):
        monkeypatch.setattr(module, "_FEW", few)
        drawn = np.concatenate([sample(network, 150, seed) for seed in range(60)], axis=1)
        assert_negatives(network, sample(network, 150, 7), 150)
        seen[few] = np.bincount(drawn.ravel(), minlength=60) / 60
    # The counts of a node over 60 draws have a standard deviation of about 0.3.
    assert np.abs(seen[0] - seen[module._FEW or 2**20]).max() < 2


def test_uniform_pairs_are_equally_likely():
    network = make_network(9, 12, 3)
    keys = [network.keys_of(uniform_negatives(network, 6, seed)) for seed in range(2000)]
    counts = np.unique(np.concatenate(keys), return_counts=True)[1]
    assert len(counts) == 24
    assert abs(counts - 500).max() < 5 * np.sqrt(500 * 0.75)


def test_order_says_nothing():
    """A cut through the drawn pairs is a draw itself: the first half is not of smaller nodes."""
    network = make_network(2000, 3000, 0)
    first, second = uniform_negatives(network, 20_000).float().mean(0).chunk(2)
    assert abs(first.mean() - second.mean()) < 20


def test_degrees_are_matched():
    graph = networkx.barabasi_albert_graph(2000, 3, seed=0)
    network = Network.of(range(2000), np.array(graph.edges).T)
    wanted = network.degree[network.edge_index].mean()
    matched = network.degree[degree_matched_negatives(network, 6000)].mean()
    uniform = network.degree[uniform_negatives(network, 6000)].mean()
    assert abs(matched - wanted) < 0.15 * wanted
    assert uniform < 0.5 * wanted


@samplers
def test_seeds(sample):
    network = make_network(30, 60, 0)
    assert sample(network, 50, 1).equal(sample(network, 50, 1))
    assert not sample(network, 50, 1).equal(sample(network, 50, 2))


def test_hubs_that_know_each_other_end_the_trial(monkeypatch):
    """Nearly every draw hits the clique: an error says so, and nothing runs for ever."""
    monkeypatch.setattr(module, "_FEW", 0)
    monkeypatch.setattr(module, "_MOST_ROUNDS", 1)
    graph = networkx.complete_graph(40)
    graph.add_edges_from((40 + 2 * i, 41 + 2 * i) for i in range(60))
    network = Network.of(range(160), np.array(graph.edges).T)
    with pytest.raises(InputError, match="or uniform negatives"):
        degree_matched_negatives(network, 200)


@samplers
def test_negative_count(sample):
    with pytest.raises(InputError, match="a number of pairs is needed"):
        sample(make_network(5, 4, 0), -1)
