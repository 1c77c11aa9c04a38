"""Hard negatives against a slow twin that scores and ranks every pair; and the legacy mode."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.errors import InputError, MemoryLimitError
from gnnlab.networks import Network, legacy
from gnnlab.networks import hard as module
from gnnlab.networks.hard import count_hard, hard_negatives


def make_network(num_nodes=60, num_edges=100, seed=0, features=True):
    graph = networkx.gnm_random_graph(num_nodes, num_edges, seed=seed)
    generator = np.random.default_rng(seed)
    x = (generator.random((num_nodes, 12)) < 0.15).astype(np.float32) if features else None
    return Network.of(range(num_nodes), np.array(graph.edges).T, x=x)


def take_apart(network, num_positives):
    """The message graph without the positives, and these, some of them turned round."""
    positive = network.edge_index[:, :num_positives].clone()
    positive[:, ::2] = positive[:, ::2].flip(0)
    return network.only(network.edge_index[:, num_positives:]), positive


def score_all(message):
    """Every score of every pair, by inverting and multiplying whole matrices."""
    A = message.adjacency.toarray()
    inverse = np.diag(1 / np.maximum(A.sum(0), 1))
    scores = [A @ inverse @ A, 0.15 * np.linalg.inv(np.eye(len(A)) - 0.85 * inverse @ A)]
    if message.x is not None:
        x = message.x.toarray().astype(float)
        x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
        scores.append(x @ x.T)
    return np.round(scores, 5)


def best_rank(scores, candidates, node):
    """The rank of each candidate in the list that is best for it: 1 + how many are above."""
    ranks = []
    for row in scores[:, node, candidates]:
        above = (row[None, :] > row[:, None]).sum(1)
        ranks.append(np.where(row > 0, 1.0 + above, np.inf))
    return np.min(ranks, axis=0)


@pytest.mark.parametrize("features", [True, False])
@settings(max_examples=20)
@given(st.integers(0, 999), st.sampled_from([2, 7, 20]))
def test_the_best_ranked_are_chosen(features, seed, count):
    whole = make_network(seed=seed, features=features)
    message, positive = take_apart(whole, 20)
    negative = hard_negatives(message, positive, forbidden=whole, count=count, seed=seed).numpy()
    assert negative.shape == (2, 20, count)
    assert not whole.connected(negative.reshape(2, -1)).any()
    scores = score_all(message)
    half = (count + 1) // 2
    for number, (u, v) in enumerate(positive.T.tolist()):
        assert (negative[0, number, :half] == u).all()
        assert (negative[1, number, half:] == v).all()
        for node, chosen in ((u, negative[1, number, :half]), (v, negative[0, number, half:])):
            candidates = np.setdiff1d(np.arange(60), [*whole.neighbors(node), node])
            ranks = best_rank(scores, candidates, node)
            is_chosen = np.isin(candidates, chosen)
            assert is_chosen.sum() == len(chosen)
            # PageRank after 40 steps is not that of the inverse to the last digit.
            assert ranks[is_chosen].max() <= ranks[~is_chosen].min() + 3


def test_blocks_change_nothing(monkeypatch):
    message, positive = take_apart(make_network(), 30)
    at_once = hard_negatives(message, positive, count=50)
    monkeypatch.setattr(module, "_BLOCK", 60 * 7)
    monkeypatch.setattr(module, "_ROWS", 4)
    assert hard_negatives(message, positive, count=50).equal(at_once)


def count_equal(first, second):
    pairs = [{(u, v) for u, v in zip(*row, strict=True)} for row in first.transpose(0, 1).tolist()]
    others = [
        {(u, v) for u, v in zip(*row, strict=True)} for row in second.transpose(0, 1).tolist()
    ]
    return np.mean([len(a & b) / len(a) for a, b in zip(pairs, others, strict=True)])


def test_an_end_without_candidates_leaves_it_to_the_other():
    star = Network.of(range(10), [[0] * 9, range(1, 10)])
    positive = torch.tensor([[0], [1]])
    assert count_hard(star, positive) == 8
    negative = hard_negatives(star, positive, count=8)
    assert sorted(negative[0, 0].tolist()) == list(range(2, 10))
    assert (negative[1] == 1).all()
    with pytest.raises(InputError, match="use 1 to 8"):
        hard_negatives(star, positive, count=9)


def test_a_complete_network_has_none():
    network = Network.of(range(5), np.array(networkx.complete_graph(5).edges).T)
    with pytest.raises(InputError, match="cannot have any"):
        hard_negatives(network, network.edge_index, count=2)


def test_candidates_can_be_named():
    message, positive = take_apart(make_network(), 10)
    nodes = np.arange(30, 60)
    negative = hard_negatives(message, positive, count=20, nodes=nodes)
    partner = torch.where(negative == positive[:, :, None], 59, negative)
    assert partner.min() >= 30
    most = count_hard(make_network(), positive, nodes=nodes)
    assert (
        hard_negatives(message, positive, forbidden=make_network(), count=most, nodes=nodes).size(2)
        == most
    )


def test_no_positives():
    message = make_network()
    assert hard_negatives(message, message.edge_index[:, :0], count=5).shape == (2, 0, 5)


def test_seeds_order_equal_ranks_only():
    message, positive = take_apart(make_network(), 10)
    first, again, other = (hard_negatives(message, positive, count=30, seed=s) for s in (1, 1, 2))
    assert first.equal(again)
    assert not first.equal(other)
    assert count_equal(first, other) > 0.7


@pytest.fixture
def few_pushes(monkeypatch):
    monkeypatch.setattr(legacy, "_EPSILON", 1e-4)


def test_pushes_come_to_the_pagerank(few_pushes):
    message = make_network()
    neighbors = [message.neighbors(node).tolist() for node in range(60)]
    exact = score_all(message)[1]
    for node in (0, 17, 59):
        assert np.allclose(
            legacy._push(neighbors, node), exact[node], atol=1e-4 * max(message.degree)
        )


@pytest.mark.parametrize("features", [True, False])
def test_legacy_goes_on_where_it_stopped(features, few_pushes):
    whole = make_network(num_edges=200, features=features)
    message, positive = take_apart(whole, 24)
    valid, test = positive[:, :12], positive[:, 12:]
    known = message.only(torch.cat([message.edge_index, valid], 1))
    options = {"count": 20, "legacy": True}
    after = hard_negatives(message, test, forbidden=known, before=valid, **options)
    alone = hard_negatives(message, test, forbidden=known, **options)
    assert after.shape == (2, 12, 20)
    assert after[0, :, :10].eq(test[0, :, None]).all()
    assert after[1, :, 10:].eq(test[1, :, None]).all()
    assert not known.connected(after.reshape(2, -1)).any() or features
    assert not known.connected(alone.reshape(2, -1)).any()
    # What stays behind are random numbers that are used up, and overwritten similarities.
    assert not after.equal(alone)
    assert after.equal(hard_negatives(message, test, forbidden=known, before=valid, **options))


def test_legacy_keeps_the_fault_of_the_published_files():
    """The second time that a row is ranked, the worst comes first, and what was barred at once."""
    row = np.array([0.9, 0.5, 0.5, 0, -1])
    legacy._overwrite_by_rank(row)
    assert row.tolist() == [1, 3, 3, 4, 5]
    legacy._overwrite_by_rank(row)
    assert row.tolist() == [5, 4, 4, 2, 1]


def test_legacy_refusals(monkeypatch):
    message, positive = take_apart(make_network(), 10)
    with pytest.raises(InputError, match="even"):
        hard_negatives(message, positive, count=5, legacy=True)
    with pytest.raises(InputError, match="only the legacy mode"):
        hard_negatives(message, positive, before=positive)
    star = Network.of(range(5), [[0] * 4, range(1, 5)])
    with pytest.raises(InputError, match="too few candidates"):
        hard_negatives(star, torch.tensor([[0], [1]]), count=4, legacy=True)
    monkeypatch.setattr(legacy, "_MOST_NODES", 50)
    with pytest.raises(MemoryLimitError, match="leave legacy out"):
        hard_negatives(message, positive, count=4, legacy=True)
