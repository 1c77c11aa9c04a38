"""The graphs that are measured on: undirected, simple, of the wanted size and density."""

from __future__ import annotations

import pytest
import torch

from gnnlab.bench.graphs import GRAPHS, expected_edges, make_graph, real_networks, undirected
from gnnlab.errors import InputError

OPEN = {"random": 0.02, "power-law": 0.02}  # kinds that take a density


def draw(kind, num_nodes=300, density=None, seed=0):
    return make_graph(kind, num_nodes, density, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", GRAPHS)
def test_graph_is_undirected_without_loops_and_duplicates(kind):
    graph = draw(kind, density=OPEN.get(kind))
    source, target = graph.edge_index
    pairs = set(zip(source.tolist(), target.tolist(), strict=True))
    assert len(pairs) == graph.num_edges > 0
    assert pairs == {(v, u) for u, v in pairs}
    assert (source != target).all()
    assert 0 <= source.min() <= source.max() < graph.num_nodes
    assert torch.equal(draw(kind, density=OPEN.get(kind)).edge_index, graph.edge_index)


@pytest.mark.parametrize("kind", GRAPHS)
def test_number_of_edges_is_foreseen(kind):
    graph = draw(kind, 2000, OPEN.get(kind))
    expected = expected_edges(kind, graph.num_nodes, OPEN.get(kind))
    assert graph.num_edges == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("density", [0.0, 0.01, 0.3, 0.7])
def test_random_graph_has_the_wanted_density(density):
    assert draw("random", 100, density).density == pytest.approx(density, abs=2e-4)


def test_density_1_is_the_complete_graph():
    assert draw("random", 9, 1.0).num_edges == 9 * 8


def test_power_law_has_hubs():
    source, _ = draw("power-law", 2000, 0.005).edge_index
    degree = torch.bincount(source)
    assert degree.max() > 20 * degree.double().mean()


def test_grid_and_path_are_regular():
    source, target = draw("path", 5).edge_index
    assert sorted((target - source).tolist()) == [-1] * 4 + [1] * 4
    assert torch.bincount(draw("grid", 16).edge_index[0]).tolist() == [
        *(2, 3, 3, 2),
        *(3, 4, 4, 3),
        *(3, 4, 4, 3),
        *(2, 3, 3, 2),
    ]


def test_molecules_are_separate_connected_and_small():
    graph = draw("molecules", 500)
    assert graph.num_nodes == sum(graph.sizes) >= 500
    assert min(graph.sizes) >= 10
    assert max(graph.sizes) <= 40
    molecule = torch.arange(len(graph.sizes)).repeat_interleave(torch.tensor(graph.sizes))
    source, target = graph.edge_index
    assert torch.equal(molecule[source], molecule[target])
    first = torch.cat([torch.tensor([True]), molecule.diff() > 0])
    has_earlier = torch.zeros(graph.num_nodes, dtype=torch.bool)
    has_earlier[source[target < source]] = True
    assert torch.equal(has_earlier, ~first)  # so that every node hangs on the first one
    assert 2.0 < graph.num_edges / graph.num_nodes < 2.4


@pytest.mark.parametrize(
    ("kind", "num_nodes", "density", "message"),
    [
        ("star", 10, None, "unknown kind of graph"),
        ("random", 10, -0.1, "at: density; found: -0.1"),
        ("random", 10, 1.5, "at: density; found: 1.5"),
        ("random", 10, float("nan"), "at: density; found: nan"),
        ("random", 10, None, "needs a density"),
        ("random", 1, 0.5, "at: num_nodes; found: 1"),
        ("path", 10, 0.5, "density of its own"),
        ("power-law", 200, 0.999, "no graph of this kind is so dense"),
    ],
)
def test_impossible_graph_is_refused(kind, num_nodes, density, message):
    with pytest.raises(InputError, match=message):
        draw(kind, num_nodes, density)


def test_given_edges_become_undirected():
    graph = undirected("trio", torch.tensor([[0, 1, 2, 2], [1, 0, 2, 1]]), 3)
    assert graph.edge_index.tolist() == [[0, 1, 1, 2], [1, 0, 2, 1]]


def test_real_networks_are_those_that_are_there(tmp_path, monkeypatch):
    monkeypatch.delenv("GNNLAB_DATA", raising=False)
    assert real_networks() == {}
    folder = tmp_path / "links" / "small_seal"
    folder.mkdir(parents=True)
    (folder / "NS.txt").write_text("1 3 0.5\n3 2 1\n")
    monkeypatch.setenv("GNNLAB_DATA", str(tmp_path))
    assert {name: graph.num_edges for name, graph in real_networks().items()} == {"NS": 4}
