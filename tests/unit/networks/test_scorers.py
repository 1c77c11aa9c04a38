import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.errors import DtypeError, InputError, NotFittedError, ShapeError
from gnnlab.networks.network import Network
from gnnlab.networks.scorers import (
    SCORERS,
    Katz,
    PageRank,
    SmoothedFeatures,
    inverse,
    neighborhoods,
    similarity,
)
from gnnlab.networks.scorers.blocks import by_source
from gnnlab.networks.scorers.reference import REFERENCES, without

TOLERANCE = {"pagerank": 1e-9, "katz": 1e-13}


def network_of(graph: nx.Graph, seed: int = 0) -> Network:
    features = np.random.default_rng(seed).random((len(graph), 7)) < 0.3
    edges = np.array(list(graph.edges), dtype=np.int64).reshape(-1, 2)
    return Network.of(range(len(graph)), edges.T, x=features)


def random_network(num_nodes: int, num_edges: int, seed: int) -> Network:
    edges = np.random.default_rng(seed).integers(0, num_nodes, (2, num_edges))
    return network_of(nx.empty_graph(num_nodes), seed).only(torch.from_numpy(edges))


def all_pairs(network: Network) -> np.ndarray:
    return np.stack(np.triu_indices(network.num_nodes, 1))


@pytest.fixture(scope="module")
def karate() -> Network:
    return network_of(nx.karate_club_graph())


def test_every_scorer_has_a_slow_twin():
    # The waves are drawn at random: that scorer is an approximation by design.
    assert SCORERS.keys() - REFERENCES.keys() <= {"spectral"}
    assert REFERENCES.keys() <= SCORERS.keys()


@pytest.mark.parametrize("name", REFERENCES)
@settings(max_examples=30, deadline=None)
@given(st.integers(2, 12), st.integers(0, 30), st.integers(0, 2**16))
def test_like_the_slow_twin(name, num_nodes, num_edges, seed):
    network = random_network(num_nodes, num_edges, seed)
    pairs = all_pairs(network)
    scorer = SCORERS[name]().fit(network)
    expected = [REFERENCES[name](network, u, v) for u, v in pairs.T]
    tolerance = TOLERANCE.get(name, 1e-12)
    np.testing.assert_allclose(scorer.score(pairs), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", [name for name in REFERENCES if SCORERS[name]().leaves_out_own])
@settings(max_examples=30, deadline=None)
@given(st.integers(2, 10), st.integers(1, 24), st.integers(0, 2**16))
def test_without_own_is_as_if_the_connection_were_removed(name, num_nodes, num_edges, seed):
    network = random_network(num_nodes, num_edges, seed)
    pairs = all_pairs(network)
    expected = [REFERENCES[name](without(network, u, v), u, v) for u, v in pairs.T]
    score = SCORERS[name]().fit(network).score(pairs, without_own=True)
    tolerance = TOLERANCE.get(name, 1e-12)
    np.testing.assert_allclose(score, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("graph", [nx.cycle_graph(9), nx.path_graph(8), nx.barbell_graph(5, 3)])
@pytest.mark.parametrize("name", ["pagerank", "katz", "shortest-path"])
def test_way_round_a_removed_connection(name, graph):
    network = network_of(graph)
    pairs = network.edge_index.numpy()
    expected = [REFERENCES[name](without(network, u, v), u, v) for u, v in pairs.T]
    score = SCORERS[name]().fit(network).score(pairs, without_own=True)
    np.testing.assert_allclose(
        score, expected, rtol=1e-4, atol=1e-9 if name == "pagerank" else 1e-15
    )


@pytest.mark.parametrize("without_own", [False, True])
@pytest.mark.parametrize("name", SCORERS)
def test_both_directions_and_any_company_give_the_same_bits(name, without_own):
    network = random_network(60, 400, 1)
    scorer = SCORERS[name]().fit(network)
    without_own = without_own and scorer.leaves_out_own
    pairs = all_pairs(network)
    score = scorer.score(pairs, without_own=without_own)
    np.testing.assert_array_equal(score, scorer.score(pairs[::-1], without_own=without_own))
    some = np.random.default_rng(0).permutation(pairs.shape[1])[:50]
    alone = [scorer.score(pairs[:, [i]], without_own=without_own)[0] for i in some]
    np.testing.assert_array_equal(score[some], alone)


@pytest.mark.parametrize("name", ["adamic-adar", "resource-allocation"])
def test_pairs_with_shared_neighbors_of_the_same_degrees_tie(name):
    # Two copies of a graph, the second with its nodes in another order.
    one = nx.gnm_random_graph(40, 200, seed=3)
    order = np.random.default_rng(5).permutation(40)
    two = nx.relabel_nodes(one, {node: 40 + int(order[node]) for node in one})
    scorer = SCORERS[name]().fit(network_of(nx.compose(one, two)))
    pairs = np.stack(np.triu_indices(40, 1))
    np.testing.assert_array_equal(scorer.score(pairs), scorer.score(40 + order[pairs]))


@pytest.mark.parametrize("name", ["adamic-adar", "resource-allocation", "common-neighbors"])
@pytest.mark.parametrize("way", range(3))
def test_bitwise_like_the_slow_twin_whichever_way_is_taken(name, way, monkeypatch):
    network = random_network(40, 300, 2)
    pairs = all_pairs(network)
    expected = [REFERENCES[name](network, u, v) for u, v in pairs.T]
    choose = lambda self, source, target: np.full(network.num_nodes, way)  # noqa: E731
    monkeypatch.setattr(neighborhoods.Neighborhoods, "_cheapest", choose)
    np.testing.assert_array_equal(SCORERS[name]().fit(network).score(pairs), expected)


@pytest.mark.parametrize(("count", "way"), [(1000, 2), (10_000, 1), (124_750, 0)])
def test_few_pairs_are_merged_more_are_looked_up_and_many_walked(count, way):
    network = random_network(500, 20_000, 0)
    pairs = all_pairs(network)
    order = np.random.default_rng(0).permutation(pairs.shape[1])
    lists = neighborhoods.Neighborhoods(network)
    source, target = lists.directed(*pairs[:, order[:count]])
    ways = lists._cheapest(source, target)[source]
    assert np.bincount(ways, minlength=3).argmax() == way


@pytest.mark.parametrize("num_features", [301, 1024])
def test_full_vectors_like_sparse_ones_and_the_same_bits_in_any_company(num_features, monkeypatch):
    draw = np.random.default_rng(0)
    x = draw.random((30, num_features)) * (draw.random((30, num_features)) < 0.5)
    network = Network.of(range(30), np.random.default_rng(1).integers(0, 30, (2, 90)), x=x)
    full, pairs = SmoothedFeatures(hops=2).fit(network), all_pairs(network)
    score = full.score(pairs)
    monkeypatch.setattr(similarity, "_DENSE", 2)
    thin = SmoothedFeatures(hops=2).fit(network)
    assert isinstance(full._vectors, np.ndarray)
    assert not isinstance(thin._vectors, np.ndarray)
    np.testing.assert_allclose(score, thin.score(pairs), rtol=1e-13)
    for size in (1, 3 * num_features, 10**9):
        monkeypatch.setattr(similarity, "_DENSE_CHUNK", size)
        np.testing.assert_array_equal(full.score(pairs[::-1]), score)


@pytest.mark.parametrize("name", ["adamic-adar", "local-path"])
def test_small_tables_and_chunks_change_nothing(name, monkeypatch):
    network = random_network(40, 300, 2)
    scorer, pairs = SCORERS[name]().fit(network), all_pairs(network)
    expected = scorer.score(pairs)
    monkeypatch.setattr(neighborhoods, "_TABLE", 100)
    monkeypatch.setattr(neighborhoods, "_CHUNK", 5)
    np.testing.assert_array_equal(scorer.score(pairs), expected)


def test_like_networkx(karate):
    graph, pairs = nx.karate_club_graph(), all_pairs(karate)
    for name, function in {
        "jaccard": nx.jaccard_coefficient,
        "adamic-adar": nx.adamic_adar_index,
        "resource-allocation": nx.resource_allocation_index,
        "preferential-attachment": nx.preferential_attachment,
    }.items():
        expected = [score for _, _, score in function(graph, pairs.T.tolist())]
        np.testing.assert_allclose(SCORERS[name]().fit(karate).score(pairs), expected, rtol=1e-12)


def test_pagerank_like_networkx(karate):
    graph = nx.karate_club_graph()
    pagerank = PageRank().fit(karate)
    from_node = [
        nx.pagerank(graph, 0.85, {node: 1}, weight=None, tol=1e-12, max_iter=1000)
        for node in (0, 33)
    ]
    score = pagerank.score(np.array([[0], [33]]))
    np.testing.assert_allclose(score, from_node[0][33] + from_node[1][0], rtol=1e-8)


@pytest.mark.parametrize("name", SCORERS)
@pytest.mark.parametrize("num_edges", [0, 1])
def test_hardly_any_connection(name, num_edges):
    network = network_of(nx.empty_graph(4)).only(torch.tensor([[0], [1]])[:, :num_edges])
    scorer = SCORERS[name]().fit(network)
    assert np.isfinite(scorer.score(all_pairs(network))).all()
    assert scorer.score(np.zeros((2, 0), np.int64)).shape == (0,)


def test_tensors_and_arrays_are_the_same(karate):
    pairs, scorer = all_pairs(karate), SCORERS["jaccard"]().fit(karate)
    np.testing.assert_array_equal(scorer.score(pairs), scorer.score(torch.from_numpy(pairs)))
    assert scorer.score(pairs).dtype == np.float64


@pytest.mark.parametrize(
    ("pairs", "error"),
    [
        ([[0, 1], [2, 34]], InputError),
        ([[0, -1], [2, 3]], InputError),
        ([[0, 5], [2, 5]], InputError),
        ([[0.0], [1.0]], DtypeError),
        ([0, 1], ShapeError),
        ([[0], [1], [2]], ShapeError),
    ],
)
def test_wrong_pairs(karate, pairs, error):
    with pytest.raises(error, match="pairs"):
        SCORERS["common-neighbors"]().fit(karate).score(np.array(pairs))


def test_what_cannot_be_done_is_said(karate):
    with pytest.raises(NotFittedError):
        SCORERS["katz"]().score(np.array([[0], [1]]))
    with pytest.raises(InputError, match="without_own"):
        SmoothedFeatures(hops=2).fit(karate).score(np.array([[0], [1]]), without_own=True)
    featureless = Network.of(range(2), [[0], [1]])
    with pytest.raises(InputError, match="no features"):
        SCORERS["idf-features"]().fit(featureless)
    for wrong in (lambda: SmoothedFeatures(0), lambda: Katz(0.0), lambda: PageRank(1.0)):
        with pytest.raises(InputError):
            wrong()


def test_katz_lowers_beta_where_the_series_would_not_end():
    network = network_of(nx.complete_graph(300))
    katz = Katz().fit(network)
    assert katz.used_beta < 1 / 299 < katz.beta
    assert np.isfinite(katz.score(np.array([[0], [1]]))).all()
    assert Katz().fit(network_of(nx.path_graph(5))).used_beta == 0.005


def test_shortest_path_over_many_sources():
    # More than 64 pairs that are left without their connection, and more than 64 sources.
    graph = nx.cycle_graph(200)
    scorer = SCORERS["shortest-path"]().fit(network_of(graph))
    pairs = np.array(graph.edges).T
    np.testing.assert_array_equal(scorer.score(pairs, without_own=True), np.full(200, 1 / 199))
    opposite = np.stack([np.arange(100), np.arange(100) + 100])
    np.testing.assert_array_equal(scorer.score(opposite), np.full(100, 0.01))


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_blocks_hold_every_pair_once(source, size):
    source = np.array(source)
    target = np.arange(len(source)) * 7
    blocks = list(by_source(source, target, size))
    for block in blocks:
        assert len(block.sources) <= size
        np.testing.assert_array_equal(block.sources[block.row], source[block.positions])
        np.testing.assert_array_equal(block.target, target[block.positions])
    positions = np.concatenate([block.positions for block in blocks])
    np.testing.assert_array_equal(np.sort(positions), np.arange(len(source)))
    sources = np.concatenate([block.sources for block in blocks])
    np.testing.assert_array_equal(sources, np.unique(source))


@pytest.mark.parametrize(
    "graph",
    [
        nx.path_graph(60),
        nx.star_graph(300),
        nx.barbell_graph(20, 30),
        nx.gnp_random_graph(120, 0.03, seed=1),
        nx.complete_bipartite_graph(4, 30),
    ],
)
@pytest.mark.parametrize("without_own", [False, True])
@pytest.mark.parametrize("kind", [Katz, PageRank])
def test_the_whole_inverse_and_single_columns_agree(kind, without_own, graph, monkeypatch):
    network = network_of(graph)
    pairs = all_pairs(network)
    whole = kind().fit(network)
    assert whole._is_kept()
    expected = whole.score(pairs, without_own=without_own)
    monkeypatch.setattr(inverse, "_MOST_NODES", 0)
    columns = kind().fit(network)
    assert not columns._is_kept()
    found = columns.score(pairs, without_own=without_own)
    # A path of 60 nodes: the farthest pair has 0.005^59, and is as exact as the nearest.
    bounds = {"rtol": 1e-9, "atol": 1e-15 if without_own else 0} if kind is Katz else {"rtol": 1e-9}
    np.testing.assert_allclose(found, expected, **{"atol": 1e-9} | bounds)


@pytest.mark.parametrize("kind", [Katz, PageRank])
def test_single_columns_are_those_of_nodes_that_many_pairs_have(kind, monkeypatch):
    monkeypatch.setattr(inverse, "_MOST_NODES", 0)
    solved = []

    class Watched(kind):
        def _solve(self, sources):
            solved.extend(sources.tolist())
            return super()._solve(sources)

    network = random_network(60, 400, 1)
    # Two nodes of low degree among many others, now before and now behind them.
    few = np.argsort(network.degree)[:2]
    others = np.setdiff1d(np.arange(60), few)
    pairs = np.concatenate([np.stack([np.full(58, node), others]) for node in few], axis=1)
    pairs[:, ::2] = pairs[::-1, ::2]
    together = Watched().fit(network).score(pairs)
    assert sorted(solved) == sorted(few)
    alone = [kind().fit(network).score(pairs[:, [i]])[0] for i in range(pairs.shape[1])]
    np.testing.assert_allclose(together, alone, rtol=1e-9 if kind is PageRank else 1e-13)
