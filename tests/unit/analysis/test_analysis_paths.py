from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.utils import k_hop_subgraph, to_dense_adj, to_undirected

from gnnlab.analysis import paths
from gnnlab.analysis.paths import (
    adjacency_matrix,
    distances,
    hops,
    receptive_field,
    shortest_paths,
    to_nodes,
)
from gnnlab.errors import DtypeError, GnnlabError, InputError, MemoryLimitError, ShapeError

A, B, C, D, E, F = range(6)
SIX = to_undirected(torch.tensor([(A, B), (A, E), (A, F), (B, D), (C, D), (D, F)]).t())
PATH = torch.tensor([[0, 1, 2], [1, 2, 3]])
NO_EDGES = torch.empty(2, 0, dtype=torch.int64)


@st.composite
def graphs(draw):
    num_nodes = draw(st.integers(1, 8))
    node = st.integers(0, num_nodes - 1)
    pairs = draw(st.lists(st.tuples(node, node), max_size=20))
    return torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).t(), num_nodes


def test_news_from_c_reach_e_in_four_updates():
    assert hops(SIX, C, E) == 4
    assert shortest_paths(SIX, C, E) == [[C, D, B, A, E], [C, D, F, A, E]]
    assert hops(SIX, E, C) == 4


def test_messages_do_not_travel_against_the_edges():
    assert hops(PATH, 0, 3) == 3
    assert hops(PATH, 3, 0) == math.inf
    assert shortest_paths(PATH, 3, 0) == []


def test_a_node_knows_itself_at_once():
    assert hops(PATH, 2, 2) == 0
    assert shortest_paths(PATH, 2, 2) == [[2]]
    assert receptive_field(PATH, 2, 0).tolist() == [2]


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_distances_are_the_first_nonzero_power_of_the_adjacency(graph):
    edge_index, num_nodes = graph
    dense = torch.zeros(num_nodes, num_nodes)
    dense[edge_index[0], edge_index[1]] = 1
    expected = np.full((num_nodes, num_nodes), np.inf)
    power = torch.eye(num_nodes)
    for step in range(num_nodes):
        reached = (power > 0).numpy() & np.isinf(expected)
        expected[reached] = step
        power = ((power @ dense) > 0).float()
    np.testing.assert_array_equal(distances(edge_index, range(num_nodes), num_nodes), expected)


@settings(max_examples=40, deadline=None)
@given(graphs(), st.data())
def test_shortest_paths_are_as_many_as_the_power_counts(graph, data):
    edge_index, num_nodes = graph
    source, target = (data.draw(st.integers(0, num_nodes - 1)) for _ in range(2))
    routes = shortest_paths(edge_index, source, target, num_nodes)
    length = hops(edge_index, source, target, num_nodes)
    dense = torch.zeros(num_nodes, num_nodes, dtype=torch.int64)
    dense[edge_index[0], edge_index[1]] = 1
    count = 0 if math.isinf(length) else torch.matrix_power(dense, int(length))[source, target]
    assert len(routes) == count
    assert routes == sorted({tuple(route): route for route in routes}.values())
    edges = set(map(tuple, edge_index.t().tolist()))
    for route in routes:
        assert (route[0], route[-1], len(route)) == (source, target, length + 1)
        assert set(pairwise(route)) <= edges


@settings(max_examples=40, deadline=None)
@given(graphs(), st.data())
def test_receptive_field_is_the_one_that_pyg_cuts_out(graph, data):
    edge_index, num_nodes = graph
    node, num_layers = data.draw(st.integers(0, num_nodes - 1)), data.draw(st.integers(0, 4))
    field = receptive_field(edge_index, node, num_layers, num_nodes)
    expected, *_ = k_hop_subgraph(node, num_layers, edge_index, num_nodes=num_nodes)
    assert field.tolist() == expected.tolist()


def test_too_many_routes_are_refused(monkeypatch):
    monkeypatch.setattr(paths, "MAX_ROUTES", 3)
    # Diamonds in a row: the number of routes doubles with each.
    diamonds = torch.tensor([(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (3, 5), (4, 6), (5, 6)]).t()
    assert len(shortest_paths(diamonds, 0, 3)) == 2
    with pytest.raises(MemoryLimitError, match="more than 3 shortest routes"):
        shortest_paths(diamonds, 0, 6)


def test_adjacency_matrix_of_the_six_nodes():
    table = adjacency_matrix(SIX, labels="ABCDEF")
    assert list(table.columns) == list(table.index) == list("ABCDEF")
    assert table.loc["D"].tolist() == [0, 1, 1, 1, 0, 1]
    plain = adjacency_matrix(SIX, self_loops=False)
    np.testing.assert_array_equal(plain, to_dense_adj(SIX)[0])
    np.testing.assert_array_equal(table.to_numpy() - plain.to_numpy(), np.eye(6))


def test_adjacency_matrix_counts_edges_and_has_sources_as_rows():
    table = adjacency_matrix(torch.tensor([[0, 0, 1], [1, 1, 1]]), self_loops=False, num_nodes=3)
    assert table.to_numpy().tolist() == [[0, 2, 0], [0, 1, 0], [0, 0, 0]]


def test_graph_without_edges():
    assert hops(NO_EDGES, 0, 1, num_nodes=2) == math.inf
    assert receptive_field(NO_EDGES, 1, 3, num_nodes=2).tolist() == [1]
    assert adjacency_matrix(NO_EDGES).shape == (0, 0)
    assert adjacency_matrix(NO_EDGES, ["Emma"]).to_numpy().tolist() == [[1]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: hops(PATH, 4, 0), InputError, "source; found: 4"),
        (lambda: hops(PATH, 0, -1), InputError, "target; found: -1"),
        (lambda: hops(NO_EDGES, 0, 0), InputError, "has no nodes"),
        (lambda: hops(PATH.t(), 0, 1), ShapeError, "edge_index"),
        (lambda: hops(PATH.float(), 0, 1), DtypeError, "edge_index"),
        (lambda: hops([[0], [1]], 0, 1), DtypeError, "edge_index"),
        (lambda: hops(PATH, 0, 1, num_nodes=3), InputError, r"edge_index\[:, 2\]"),
        (lambda: hops(PATH, 0, 1, num_nodes=2.5), InputError, "num_nodes"),
        (lambda: hops(PATH, 0.5, 1), DtypeError, "source"),
        (lambda: hops(PATH, "C", 1), DtypeError, "source"),
        (lambda: shortest_paths(PATH, 9, 0), InputError, "source; found: 9"),
        (lambda: receptive_field(PATH, 9, 1), InputError, "node; found: 9"),
        (lambda: receptive_field(PATH, 1, -1), InputError, "num_layers"),
        (lambda: receptive_field(PATH, 1, True), InputError, "num_layers"),
        (lambda: adjacency_matrix(PATH, "ABC"), InputError, "edge_index"),
        (lambda: adjacency_matrix(PATH, "ABCD", num_nodes=5), ShapeError, "labels"),
        (lambda: adjacency_matrix(PATH, "ABCA"), InputError, "'A'"),
        (lambda: adjacency_matrix(PATH, num_nodes=2**24), MemoryLimitError, "16777216"),
        (lambda: to_nodes([[0, 1]], 4, "targets"), ShapeError, "targets"),
        (lambda: to_nodes(torch.tensor([True, False]), 2, "targets"), DtypeError, "mask"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, GnnlabError)


@pytest.mark.parametrize("call", [hops, shortest_paths])
def test_source_and_target_are_one_node_each(call):
    for pair in (([0, 1], 2), (0, [1, 2]), ([], 2)):
        with pytest.raises(ShapeError, match="one node"):
            call(PATH, *pair)


def test_nodes_in_every_form():
    assert to_nodes(None, 3, "sources").tolist() == [0, 1, 2]
    assert to_nodes(np.int64(1), 3, "sources").tolist() == [1]
    assert to_nodes([], 3, "sources").tolist() == []
    assert to_nodes(torch.tensor([2, 2], dtype=torch.int32), 3, "sources").tolist() == [2, 2]
