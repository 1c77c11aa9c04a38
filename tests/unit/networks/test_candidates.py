"""Candidates are what a sum over all pairs would choose."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.networks import Network
from gnnlab.networks import candidates as module
from gnnlab.networks.candidates import Candidates


def _random_network(num_nodes, num_edges, seed):
    draw = np.random.default_rng(seed)
    return Network.of(range(num_nodes), draw.integers(num_nodes, size=(2, num_edges)))


def _by_hand(network, node):
    """Resource allocation with every node that is neither a neighbour nor the node itself."""
    near = set(network.neighbors(node).tolist())
    return {
        other: sum(1 / network.degree[w] for w in near & set(network.neighbors(other).tolist()))
        for other in range(network.num_nodes)
        if other != node and other not in near
    }


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 25), st.integers(0, 60), st.integers(0, 1000))
def test_the_best_by_resource_allocation_are_found(num_nodes, num_edges, seed):
    network = _random_network(num_nodes, num_edges, seed)
    found = Candidates().fit(network).of(np.arange(num_nodes), 5)
    assert found.shape == (num_nodes, 5)
    for node in range(num_nodes):
        scores = _by_hand(network, node)
        chosen = [other for other in found[node] if other >= 0]
        assert len(set(chosen)) == len(chosen) == min(5, len(scores))
        lowest = min((scores[other] for other in chosen), default=0)
        assert all(scores[o] <= lowest + 1e-6 for o in scores if o not in chosen)


def test_blocks_change_nothing(monkeypatch):
    network = _random_network(30, 60, 0)
    whole = Candidates().fit(network).of(np.arange(30), 6)
    monkeypatch.setattr(module, "_TABLE", 70)
    assert (Candidates().fit(network).of(np.arange(30), 6) == whole).all()


def test_similar_nodes_are_candidates_without_shared_neighbours():
    network = Network.of(range(6), [[0, 2, 4], [1, 3, 5]])
    vectors = torch.zeros(6, 2)
    vectors[[0, 5]] = 1.0
    assert 5 in Candidates().fit(network, vectors).of(np.array([0]), 2)[0]


@pytest.mark.parametrize("num_nodes", [1, 2])
def test_where_there_is_nobody_there_are_none(num_nodes):
    network = Network.of(range(num_nodes), np.zeros((2, 0)))
    found = Candidates().fit(network).of(np.array([0]), 3)
    assert (found[0] >= 0).sum() == num_nodes - 1


def test_many_connections_come_first_where_nothing_is_shared():
    star_and_more = Network.of(range(7), [[0, 0, 0, 4], [1, 2, 3, 5]])
    assert Candidates().fit(star_and_more).of(np.array([6]), 1)[0, 0] == 0
