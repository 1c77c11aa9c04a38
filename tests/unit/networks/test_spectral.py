"""Waves of a network are those of its dense matrix."""

import networkx as nx
import numpy as np
import pytest

from gnnlab.errors import InputError
from gnnlab.networks import Network
from gnnlab.networks.scorers import Spectral

GRAPHS = {
    "karate": nx.karate_club_graph,
    "path": lambda: nx.path_graph(7),
    "star": lambda: nx.star_graph(5),
    "bipartite": lambda: nx.complete_bipartite_graph(3, 3),
    "grid": lambda: nx.convert_node_labels_to_integers(nx.grid_2d_graph(4, 5)),
    "with a lonely node": lambda: nx.disjoint_union(nx.cycle_graph(5), nx.empty_graph(1)),
}


def _network(graph):
    return Network.of(range(len(graph)), np.array(graph.edges, dtype=np.int64).T)


def _by_eigenvalues(network, dimensions):
    """The same from all eigenvalues of the dense matrix."""
    root = np.sqrt(np.maximum(network.degree, 1))
    value, z = np.linalg.eigh(network.adjacency.toarray() / np.outer(root, root))
    value, z = value[-dimensions:], z[:, -dimensions:]
    return (z * np.maximum(value, 0)) @ z.T * np.outer(root, root)


@pytest.mark.parametrize("name", GRAPHS)
def test_all_waves_are_those_of_the_dense_matrix(name):
    network = _network(GRAPHS[name]())
    pairs = np.stack(np.triu_indices(network.num_nodes, 1))
    expected = _by_eigenvalues(network, network.num_nodes)
    assert np.allclose(Spectral(network.num_nodes).fit(network).score(pairs), expected[*pairs])


def test_few_waves_are_the_slowest():
    network = _network(nx.karate_club_graph())
    pairs = np.stack(np.triu_indices(network.num_nodes, 1))
    expected = _by_eigenvalues(network, 4)[*pairs]
    assert np.allclose(Spectral(4).fit(network).score(pairs), expected, atol=1e-3)


def test_no_dimension_is_no_score():
    with pytest.raises(InputError, match="dimensions"):
        Spectral(0)
