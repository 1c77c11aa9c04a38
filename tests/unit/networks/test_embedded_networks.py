from __future__ import annotations

import networkx
import pytest

from gnnlab.networks.embedded import EMBEDDED

GRAPHS = {
    "karate-club": networkx.karate_club_graph,
    "les-miserables": networkx.les_miserables_graph,
    "davis-southern-women": networkx.davis_southern_women_graph,
    "florentine-families": networkx.florentine_families_graph,
}
SIZES = {
    "karate-club": (34, 78),
    "les-miserables": (77, 254),
    "davis-southern-women": (32, 89),
    "florentine-families": (15, 20),
}


@pytest.mark.parametrize("name", EMBEDDED)
def test_networks_are_those_of_networkx(name):
    network, graph = EMBEDDED[name](), GRAPHS[name]()
    assert (network.num_nodes, network.num_edges) == SIZES[name]
    assert network.names == list(graph)
    pairs = [(network.names[u], network.names[v]) for u, v in network.edge_index.T.tolist()]
    assert all(graph.has_edge(*pair) for pair in pairs)
    if network.edge_weight is not None:
        weights = [graph.edges[pair]["weight"] for pair in pairs]
        assert network.edge_weight.tolist() == weights


def test_what_is_known_of_nodes_and_connections():
    club = EMBEDDED["karate-club"]()
    assert {club.labels[0], club.labels[33]} == {"Mr. Hi", "Officer"}
    assert club.edge_weight.max() > 1
    novel = EMBEDDED["les-miserables"]()
    assert novel.edge_weight.max() == 31  # Cosette and Valjean
    women = EMBEDDED["davis-southern-women"]()
    u, v = women.edge_index.tolist()
    assert all(women.labels[a] != women.labels[b] for a, b in zip(u, v, strict=True))
    assert (women.labels.count("woman"), women.labels.count("event")) == (18, 14)
    assert EMBEDDED["florentine-families"]().edge_weight is None
