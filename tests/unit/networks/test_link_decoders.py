import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.errors import UnknownNameError
from gnnlab.networks import Network
from gnnlab.networks.models import DECODERS
from gnnlab.networks.models.decoders import make_decoder
from gnnlab.networks.models.neighbor_lists import NeighborLists

H = 8


@st.composite
def graphs(draw):
    """A random graph, as networkx has it and as the models read it."""
    graph = nx.gnp_random_graph(
        draw(st.integers(2, 12)), draw(st.floats(0, 1)), seed=draw(st.integers(0, 99))
    )
    edges = np.array(graph.edges, dtype=np.int64).reshape(-1, 2).T
    return graph, NeighborLists.of(Network.of(range(len(graph)), edges))


def all_pairs(num_nodes):
    return torch.combinations(torch.arange(num_nodes)).t()


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_common_neighbours_are_those_of_networkx(case):
    graph, lists = case
    pairs = all_pairs(len(graph))
    common = lists.common(pairs)
    for place, (u, v) in enumerate(pairs.t().tolist()):
        found = common.index[common.pointer[place] : common.pointer[place + 1]]
        assert found.tolist() == sorted(nx.common_neighbors(graph, u, v))


@settings(max_examples=40, deadline=None)
@given(graphs(), st.integers(0, 99))
def test_connections_are_left_out_in_both_directions(case, seed):
    graph, lists = case
    pairs = all_pairs(len(graph))
    chosen = pairs[:, torch.from_numpy(np.random.default_rng(seed).random(pairs.size(1)) < 0.3)]
    shorter = lists.without(chosen.flip(0))
    graph.remove_edges_from(chosen.t().tolist())
    assert shorter.degree.tolist() == [degree for _, degree in graph.degree]
    for node in graph:
        found = shorter.index[shorter.pointer[node] : shorter.pointer[node + 1]]
        assert found.tolist() == sorted(graph[node])


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=10, deadline=None)
@given(case=graphs())
def test_scores_are_symmetric_to_the_last_bit(name, case):
    graph, lists = case
    decoder, h = make_decoder(name, H, 0.0), torch.randn(len(graph), H)
    pairs = all_pairs(len(graph))
    assert torch.equal(decoder(h, lists, pairs), decoder(h, lists, pairs.flip(0)))


@pytest.mark.parametrize("name", DECODERS)
def test_a_score_does_not_depend_on_the_other_pairs(name):
    graph = nx.karate_club_graph()
    lists = NeighborLists.of(Network.of(range(34), np.array(graph.edges).T))
    decoder, h = make_decoder(name, H, 0.5).double().eval(), torch.randn(34, H).double()
    pairs = all_pairs(34)
    together = decoder(h, lists, pairs)
    alone = torch.cat([decoder(h, lists, pair) for pair in pairs[:, ::40].split(1, 1)])
    torch.testing.assert_close(alone, together[::40])


@pytest.mark.parametrize("name", DECODERS)
def test_only_the_common_decoder_sees_who_is_shared(name):
    h = torch.randn(3, H).double()
    shared = NeighborLists.of(Network.of(range(3), [[0, 1], [1, 2]]))
    pair = torch.tensor([[0], [2]])
    decoder = make_decoder(name, H, 0.0).double()
    before = decoder(h, shared, pair)
    h[1] += 1
    assert torch.equal(decoder(h, shared, pair), before) == (name != "common")


def test_the_shared_states_are_added_up():
    graph = nx.karate_club_graph()
    lists = NeighborLists.of(Network.of(range(34), np.array(graph.edges).T))
    h, pairs = torch.randn(34, H).double(), all_pairs(34)
    decoder = make_decoder("common", H, 0.0).double()
    sums = [h[sorted(nx.common_neighbors(graph, u, v))].sum(0) for u, v in pairs.t().tolist()]
    z = decoder.pair(h[pairs[0]] * h[pairs[1]]) + decoder.beta * decoder.shared(torch.stack(sums))
    torch.testing.assert_close(decoder(h, lists, pairs), decoder.head(z).squeeze(1))


def test_an_unknown_decoder_is_named():
    with pytest.raises(UnknownNameError, match=r"ncn.*use one of: dot, mlp, common"):
        make_decoder("ncn", H, 0.0)
