"""Over-squashing: resistance and curvature against networkx and brute force, and the table."""

from __future__ import annotations

import math
from itertools import pairwise

import networkx
import numpy as np
import pytest
import torch
import torch_geometric.nn as pyg
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.utils import from_networkx, to_undirected

from gnnlab.analysis import oversquashing, resistance
from gnnlab.analysis.jacobian import node_jacobian
from gnnlab.analysis.oversquashing import forman_curvature
from gnnlab.analysis.paths import hops, shortest_paths
from gnnlab.analysis.resistance import METHODS, effective_resistance
from gnnlab.analysis.undirected import connected_pairs
from gnnlab.errors import (
    DtypeError,
    InputError,
    MemoryLimitError,
    ShapeError,
    UnknownNameError,
)
from gnnlab.nn import GCNConv

pytestmark = pytest.mark.usefixtures("float64")
GRAPHS = {
    "karate": networkx.karate_club_graph(),
    "barbell": networkx.barbell_graph(6, 3),
    "path": networkx.path_graph(30),
    "star": networkx.star_graph(12),
    "complete": networkx.complete_graph(7),
    "grid": networkx.convert_node_labels_to_integers(networkx.grid_2d_graph(4, 6)),
    "two parts": networkx.disjoint_union(networkx.cycle_graph(5), networkx.path_graph(4)),
}


@st.composite
def edge_lists(draw):
    """Directed edges with self loops and duplicates; some nodes have none."""
    num_nodes = draw(st.integers(1, 9))
    node = st.integers(0, num_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=25))
    return torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).t(), num_nodes


def to_graph(edge_index, num_nodes):
    graph = networkx.Graph()
    graph.add_nodes_from(range(num_nodes))
    graph.add_edges_from((u, v) for u, v in edge_index.t().tolist() if u != v)
    return graph


def resistances_by_networkx(graph):
    found = np.full((len(graph), len(graph)), np.inf)
    for part in networkx.connected_components(graph):
        inside = graph.subgraph(part)
        for u, row in networkx.resistance_distance(inside, weight=None).items():
            for v, value in row.items():
                found[u, v] = value
    return torch.from_numpy(found)


def curvature_by_hand(graph, u, v):
    if u == v:
        return math.nan
    triangles = len(set(graph[u]) & set(graph[v]))
    return 4 - len(graph[u]) - len(graph[v]) + 3 * triangles


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", GRAPHS)
def test_resistances_are_those_of_networkx(name, method):
    graph = GRAPHS[name]
    edge_index = from_networkx(graph).edge_index
    found = effective_resistance(edge_index, num_nodes=len(graph), method=method)
    torch.testing.assert_close(found, resistances_by_networkx(graph), rtol=0, atol=1e-8)


@settings(max_examples=30, deadline=None)
@given(edge_lists())
def test_resistances_of_any_graph_are_those_of_networkx(drawn):
    edge_index, num_nodes = drawn
    expected = resistances_by_networkx(to_graph(edge_index, num_nodes))
    for method in METHODS:
        found = effective_resistance(edge_index, num_nodes=num_nodes, method=method)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-8)


def test_resistance_is_at_most_the_number_of_hops_and_equal_on_a_tree():
    karate = from_networkx(GRAPHS["karate"]).edge_index
    distance = torch.tensor([[hops(karate, u, v) for u in range(34)] for v in range(34)])
    assert (effective_resistance(karate) <= distance + 1e-12).all()
    path = torch.stack([torch.arange(9), torch.arange(1, 10)])
    expected = (torch.arange(10.0)[:, None] - torch.arange(10.0)).abs()
    torch.testing.assert_close(effective_resistance(path), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_rows_are_targets_and_columns_are_sources(method):
    karate = from_networkx(GRAPHS["karate"]).edge_index
    whole = effective_resistance(karate)
    part = effective_resistance(karate, sources=[5, 0, 5], targets=[33, 5], method=method)
    torch.testing.assert_close(part, whole[[33, 5]][:, [5, 0, 5]], rtol=0, atol=1e-9)
    assert (part[1, [0, 2]] == 0).all()


def test_large_graphs_are_refused_and_solved_iteratively():
    ring = torch.stack([torch.arange(2001), (torch.arange(2001) + 1) % 2001])
    with pytest.raises(MemoryLimitError, match=r"2001 x 2001.*method='iterative'"):
        effective_resistance(ring, 0, 1)
    found = effective_resistance(ring, 0, [1, 1000], method="iterative").flatten()
    expected = torch.tensor([2000.0, 1000 * 1001]) / 2001  # the two ways around, side by side
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=0)
    far = torch.tensor([[0], [10**9]])
    with pytest.raises(MemoryLimitError, match="fewer sources or targets"):
        effective_resistance(far[:, :0], num_nodes=10**6, method="iterative")


def test_what_does_not_converge_is_said(monkeypatch):
    from scipy.sparse import linalg

    monkeypatch.setattr(linalg, "cg", lambda matrix, current, **options: (current, 77))
    with pytest.raises(InputError, match=r"did not converge in 77 steps.*node 0"):
        effective_resistance(torch.tensor([[0], [1]]), method="iterative")


@pytest.mark.parametrize("name", GRAPHS)
def test_curvature_is_the_formula(name):
    graph = GRAPHS[name]
    edge_index = from_networkx(graph).edge_index
    expected = [curvature_by_hand(graph, u, v) for u, v in edge_index.t().tolist()]
    assert forman_curvature(edge_index).tolist() == expected


@settings(max_examples=50, deadline=None)
@given(edge_lists(), st.sampled_from([1, 3, oversquashing._LOOKUPS]))
def test_curvature_of_any_graph_is_the_formula(drawn, lookups):
    edge_index, num_nodes = drawn
    graph = to_graph(edge_index, num_nodes)
    expected = [curvature_by_hand(graph, u, v) for u, v in edge_index.t().tolist()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oversquashing, "_LOOKUPS", lookups)
        found = forman_curvature(edge_index)
    np.testing.assert_array_equal(found.numpy(), np.array(expected))


def test_a_hub_costs_no_more_than_its_neighbours(monkeypatch):
    star = torch.stack([torch.zeros(5_000, dtype=torch.int64), torch.arange(1, 5_001)])
    looked_up = []
    real = np.searchsorted
    monkeypatch.setattr(
        np, "searchsorted", lambda *given: looked_up.append(len(given[1])) or real(*given)
    )
    assert set(forman_curvature(star).tolist()) == {4.0 - 5_000 - 1}
    assert sum(looked_up) <= 5_001


@settings(max_examples=40, deadline=None)
@given(edge_lists(), st.data())
def test_table_joins_what_the_parts_say(drawn, data):
    edge_index, num_nodes = drawn
    node = st.lists(st.integers(0, num_nodes - 1), min_size=1, max_size=3)
    sources, targets = data.draw(node), data.draw(node)
    graph = to_graph(edge_index, num_nodes)
    resistances = resistances_by_networkx(graph)

    def model(x, edge_index):
        return (x + torch.zeros_like(x).index_add(0, edge_index[1], x[edge_index[0]])).tanh()

    x = torch.randn(num_nodes, 2, dtype=torch.float64)
    table = oversquashing.squashing(model, x, edge_index, sources, targets)
    norms = node_jacobian(model, x, edge_index, sources, targets)
    assert list(zip(table["source"], table["target"], strict=True)) == [
        (s, t) for s in sources for t in targets
    ]
    torch.testing.assert_close(torch.tensor(table["jacobian"]), norms.t().flatten())
    for row in table.itertuples():
        routes = shortest_paths(edge_index, row.source, row.target, num_nodes)
        steps = [step for route in routes for step in pairwise(route)]
        lowest = min((curvature_by_hand(graph, *step) for step in steps), default=math.nan)
        assert row.curvature == pytest.approx(lowest, nan_ok=True)
        assert row.hops == hops(edge_index, row.source, row.target, num_nodes)
        assert row.is_connected == bool(routes)
        expected = float(resistances[row.target, row.source])
        assert row.resistance == pytest.approx(expected, abs=1e-8)


def test_pairs_without_a_route_say_so():
    """0 -> 1 -> 2, and 3 alone: messages go one way, a current goes both."""
    edge_index = torch.tensor([[0, 1], [1, 2]])
    table = oversquashing.squashing(GCNConv(2, 2), torch.randn(4, 2), edge_index, [2, 0], [0, 3])
    assert table["hops"].tolist() == [math.inf] * 2 + [0, math.inf]
    assert table["resistance"].tolist() == pytest.approx([2, math.inf, 0, math.inf])
    assert table["curvature"].isna().all()
    assert table["is_connected"].tolist() == [False, False, True, False]
    assert table["jacobian"].tolist()[:2] == [0, 0]


def test_less_arrives_through_the_bridge_of_a_barbell():
    edge_index = from_networkx(GRAPHS["barbell"]).edge_index  # 0..5, 6 7 8, 9..14
    model = pyg.GCN(4, 16, num_layers=6, act="tanh")
    table = oversquashing.squashing(model, torch.randn(15, 4), edge_index, 0, [1, 14], order="l1")
    inside, across = table.itertuples()
    assert across.jacobian < inside.jacobian / 10
    assert (inside.hops, across.hops) == (1, 6)
    assert (inside.curvature, across.curvature) == (4 - 5 - 5 + 3 * 4, 4 - 6 - 2)
    assert across.resistance == pytest.approx(1 / 3 + 4 + 1 / 3)


def test_large_graphs_are_refused_before_the_model_runs():
    ring = to_undirected(torch.stack([torch.arange(2001), (torch.arange(2001) + 1) % 2001]))
    x = torch.randn(2001, 2)
    with pytest.raises(MemoryLimitError, match="2001"):
        oversquashing.squashing(lambda x, edge_index: 1 / 0, x, ring, 0, 1)
    table = oversquashing.squashing(GCNConv(2, 2), x, ring, 0, [1, 7], method="iterative")
    assert table["resistance"].tolist() == pytest.approx([2000 / 2001, 7 * 1994 / 2001])


def test_memory_is_asked_for_before_it_is_taken(monkeypatch):
    from gnnlab.analysis import jacobian

    monkeypatch.setattr(jacobian, "available_memory", lambda device: 100)
    with pytest.raises(MemoryLimitError, match="fewer sources or targets"):
        resistance.effective_resistance(torch.tensor([[0, 1], [1, 2]]))


EDGE = torch.tensor([[0], [1]])
BAD = {
    "method": ((EDGE,), {"method": "guess"}, UnknownNameError, "dense, iterative"),
    "tolerance": ((EDGE,), {"tolerance": 0}, InputError, "between 0 and 1"),
    "source": ((EDGE, 2), {}, InputError, "source.*found: 2"),
    "target": ((EDGE, 0, [-1]), {}, InputError, "target.*found: -1"),
    "floating edges": ((EDGE.double(),), {}, DtypeError, "integers"),
    "pairs": ((EDGE.t().expand(3, 2),), {}, ShapeError, r"\[2, E\]"),
    "too few nodes": ((EDGE, 0, 0, 1), {}, InputError, "leaves the graph of 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(name):
    given, options, error, words = BAD[name]
    with pytest.raises(error, match=words):
        effective_resistance(*given, **options)


@pytest.mark.parametrize("bad", [torch.tensor([0, 1]), torch.tensor([[0], [-1]]), EDGE / 2])
def test_bad_edges_have_no_curvature(bad):
    with pytest.raises(InputError, match="edge_index"):
        forman_curvature(bad)


def test_graphs_without_edges():
    none = torch.empty(2, 0, dtype=torch.int64)
    assert connected_pairs(none, 0).shape == (2, 0)
    assert forman_curvature(none).shape == (0,)
    assert effective_resistance(none).shape == (0, 0)
    assert effective_resistance(none, num_nodes=2).tolist() == [[0, math.inf], [math.inf, 0]]


@pytest.mark.parametrize("turn", [False, True])
def test_the_narrowest_place_is_found_whatever_the_order_of_the_edges(turn):
    """A path 0 to 4 that begins at a hub, in order and against it."""
    edges = torch.tensor([[0, 1, 2, 3, 5, 6, 7], [1, 2, 3, 4, 0, 0, 0]])
    edges = edges.flip(1) if turn else edges
    table = oversquashing.squashing(GCNConv(2, 2), torch.randn(8, 2), edges, 0, [1, 4])
    assert table["curvature"].tolist() == [4 - 4 - 2] * 2
