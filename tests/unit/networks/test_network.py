"""The class Network against networkx and against obvious loops."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from gnnlab.errors import InputError, ShapeError, UnknownNameError
from gnnlab.networks import Network


@st.composite
def edge_lists(draw):
    """Names, and rows of ``(source, target, weight, time)`` with loops and repetitions."""
    num_nodes = draw(st.integers(1, 8))
    node = st.integers(0, num_nodes - 1)
    number = st.integers(1, 9)
    rows = draw(st.lists(st.tuples(node, node, number, number), max_size=25))
    return [f"n{i}" for i in range(num_nodes)], rows


def build(names, rows):
    u, v, weight, time = zip(*rows, strict=True) if rows else ([], [], [], [])
    return Network.of(names, [list(u), list(v)], edge_weight=weight, edge_time=time)


def to_networkx(names, rows):
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(names)))
    for u, v, weight, time in rows:
        if u != v:
            before = graph.get_edge_data(u, v, {"weight": 0, "time": 99})
            graph.add_edge(u, v, weight=before["weight"] + weight, time=min(before["time"], time))
    return graph


@given(edge_lists())
@settings(max_examples=50, deadline=None)
def test_connections_are_those_of_networkx(case):
    network, graph = build(*case), to_networkx(*case)
    edges = sorted(tuple(sorted(edge)) for edge in graph.edges)
    assert list(zip(*network.edge_index.tolist(), strict=True)) == edges
    assert network.edge_weight.tolist() == [graph.edges[edge]["weight"] for edge in edges]
    assert network.edge_time.tolist() == [graph.edges[edge]["time"] for edge in edges]
    assert (network.num_nodes, network.num_edges) == (len(graph), graph.number_of_edges())
    assert network.degree.tolist() == [degree for _, degree in graph.degree]
    for node in graph:
        assert network.neighbors(node).tolist() == sorted(graph.neighbors(node))
    expected = networkx.to_numpy_array(graph, weight=None)
    assert np.array_equal(network.adjacency.toarray(), expected)


@given(edge_lists())
@settings(max_examples=50, deadline=None)
def test_pairs_have_one_key_in_both_directions(case):
    network, graph = build(*case), to_networkx(*case)
    pairs = torch.cartesian_prod(*[torch.arange(network.num_nodes)] * 2).T  # [2, N N]
    keys = network.keys_of(pairs)
    assert (keys == network.keys_of(pairs.flip(0))).all()
    assert len(set(keys.tolist())) == network.num_nodes * (network.num_nodes + 1) // 2
    assert (np.diff(network.keys) > 0).all()
    assert network.connected(pairs).tolist() == [graph.has_edge(u, v) for u, v in pairs.T.tolist()]


@given(edge_lists(), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_and_their_directions_do_not_count(case, random):
    names, rows = case
    turned = [(v, u, *rest) if random.random() < 0.5 else (u, v, *rest) for u, v, *rest in rows]
    random.shuffle(turned)
    before, after = build(names, rows), build(names, turned)
    assert before.edge_index.equal(after.edge_index)
    assert before.edge_weight.equal(after.edge_weight)
    assert before.edge_time.equal(after.edge_time)


@given(edge_lists())
@settings(max_examples=30, deadline=None)
def test_pyg_gets_both_directions(case):
    network = build(*case)
    data = network.to_data()
    assert data.num_nodes == network.num_nodes
    dense = sparse.coo_array(
        (data.edge_weight.numpy(), tuple(data.edge_index.numpy())), shape=[network.num_nodes] * 2
    ).toarray()
    assert np.array_equal(dense, networkx.to_numpy_array(to_networkx(*case)))


def test_only_keeps_nodes_and_what_is_known_of_them():
    network = Network.of(
        ["Anna", "Kitty", "Levin"],
        [[0, 1], [1, 2]],
        edge_weight=[2.0, 3.0],
        x=np.eye(3),
        labels=["a", "b", "c"],
    )
    part = network.only(torch.tensor([[2, 1], [0, 0]]))
    assert part.edge_index.tolist() == [[0, 0], [1, 2]]
    assert part.names == network.names
    assert part.labels == network.labels
    assert part.edge_weight is None
    assert part.x.toarray().tolist() == np.eye(3).tolist()
    assert part.to_data().x.tolist() == np.eye(3).tolist()
    assert part.degree.tolist() == [2, 1, 1]
    assert network.degree.tolist() == [1, 2, 1]


def test_nodes_are_found_by_name_also_where_the_name_was_typed():
    network = Network.of([3, 7, "Natasha"], [[0], [1]])
    assert network.node(7) == network.node("7") == 1
    assert network.node("Natasha") == 2
    with pytest.raises(UnknownNameError, match="use 'Natasha'"):
        network.node("Natascha")
    with pytest.raises(UnknownNameError, match=r"there is no such node \(at: node; found: 8\)$"):
        network.node(8)
    with pytest.raises(UnknownNameError):
        network.node(["Natasha"])


def test_a_network_without_nodes_or_connections():
    for names in ([], ["Robinson"]):
        network = Network.of(names, np.empty((2, 0)))
        assert network.num_edges == 0
        assert network.adjacency.shape == (len(names), len(names))
        assert network.connected(np.empty((2, 0), dtype=np.int64)).tolist() == []
        assert network.to_data().num_nodes == len(names)
    assert network.connected(np.array([[0], [0]])).tolist() == [False]
    assert repr(network) == "Network(1 nodes, 0 connections)"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"edge_index": [[0], [3]]}, InputError),
        ({"edge_index": [[-1], [0]]}, InputError),
        ({"names": ["Anna", "Anna", "Kitty"]}, InputError),
        ({"edge_weight": [1.0, 2.0]}, ShapeError),
        ({"edge_time": []}, ShapeError),
        ({"x": np.eye(2)}, ShapeError),
        ({"labels": ["a"]}, ShapeError),
    ],
)
def test_parts_that_do_not_fit(options, error):
    fitting = {"names": ["Anna", "Kitty", "Levin"], "edge_index": [[0], [1]]}
    with pytest.raises(error):
        Network.of(**fitting | options)
