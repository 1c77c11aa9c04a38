"""Sampled neighbourhoods: real edges, all equally likely, the same for the same seed."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Data, HeteroData
from torch_geometric.loader import LinkLoader, NodeLoader
from torch_geometric.nn import GCNConv, GraphSAGE
from torch_geometric.nn.conv.gcn_conv import gcn_norm
from torch_geometric.sampler import EdgeSamplerInput, NegativeSampling, NodeSamplerInput
from torch_geometric.utils import degree, k_hop_subgraph

from gnnlab.errors import DtypeError, GnnlabError, InputError, MemoryLimitError, UnknownNameError
from gnnlab.nn.sampling import NeighborSampler

FIELDS = ("node", "row", "col", "edge")


@st.composite
def graphs(draw):
    """A small graph, with loops, duplicate edges and isolated nodes, and one to four seeds."""
    num_nodes = draw(st.integers(1, 9))
    node = st.integers(0, num_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=30))
    edge_index = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).t()
    seeds = draw(st.lists(node, min_size=1, max_size=4))
    return Data(edge_index=edge_index, num_nodes=num_nodes), torch.tensor(seeds)


def random_graph(num_nodes=200, num_edges=2000):
    edge_index = torch.randint(num_nodes, (2, num_edges))
    return Data(x=torch.randn(num_nodes, 3), edge_index=edge_index)


def star(num_neighbors):
    """A node 0 that listens to all others."""
    source = torch.arange(1, num_neighbors + 1)
    edge_index = torch.stack([source, torch.zeros_like(source)])
    return Data(edge_index=edge_index, num_nodes=num_neighbors + 1)


def around(sampler, seeds):
    return sampler.sample_from_nodes(NodeSamplerInput(None, torch.as_tensor(seeds)))


def same(first, second):
    return all(torch.equal(getattr(first, name), getattr(second, name)) for name in FIELDS)


def assert_equally_likely(observed, expected):
    """A chi-square test that fails one time in some ten thousand, were the seed not fixed."""
    freedom = observed.numel() - 1
    statistic = ((observed - expected) ** 2 / expected).sum()
    assert statistic < freedom + 4 * (2 * freedom) ** 0.5


@settings(max_examples=100, deadline=None)
@given(graphs(), st.lists(st.sampled_from([1, 2, 3, -1]), min_size=1, max_size=3), st.data())
def test_samples_are_made_of_real_edges(graph, num_neighbors, data):
    graph, seeds = graph
    replace, disjoint = data.draw(st.booleans()), data.draw(st.booleans())
    sampler = NeighborSampler(graph, num_neighbors, replace=replace, disjoint=disjoint, seed=0)
    out = around(sampler, seeds)
    # The sample's edges are the graph's edges of these ids, in the same direction.
    ends = torch.stack([out.node[out.row], out.node[out.col]])
    assert torch.equal(ends, graph.edge_index[:, out.edge])
    # The seeds come first; every other node stands there once.
    assert torch.equal(out.node[: len(seeds)], seeds)
    tree = out.batch if disjoint else torch.zeros_like(out.node)
    found = set(zip(tree.tolist(), out.node.tolist(), strict=True))
    num_seeds = len(seeds) if disjoint else len(seeds.unique())
    assert len(found) == len(out.node) - len(seeds) + num_seeds
    if disjoint:
        assert torch.equal(out.batch[: len(seeds)], torch.arange(len(seeds)))
        assert torch.equal(out.batch[out.row], out.batch[out.col])
    # Hop k draws into the nodes of hop k - 1 alone, as many edges as it should.
    assert sum(out.num_sampled_nodes) == len(out.node)
    in_degree = degree(graph.edge_index[1], graph.num_nodes, dtype=torch.long)
    begin = 0
    col = out.col.split(out.num_sampled_edges)
    for hop, number in enumerate(num_neighbors):
        frontier = torch.arange(begin, begin + out.num_sampled_nodes[hop])
        begin += len(frontier)
        count = in_degree[out.node[frontier]]
        if number != -1:
            count = (count > 0) * number if replace else count.clamp(max=number)
        assert torch.equal(col[hop], frontier.repeat_interleave(count))
    if not replace:
        drawn = torch.stack([out.col, out.edge])
        assert drawn.unique(dim=1).size(1) == drawn.size(1)


@settings(max_examples=50, deadline=None)
@given(graphs(), st.integers(1, 3))
def test_all_neighbours_are_the_k_hop_subgraph(graph, num_hops):
    graph, seeds = graph
    out = around(NeighborSampler(graph, [-1] * num_hops), seeds.unique())
    node, _, _, mask = k_hop_subgraph(
        seeds, num_hops, graph.edge_index, num_nodes=graph.num_nodes, directed=True
    )
    assert torch.equal(out.node.sort().values, node)
    assert torch.equal(out.edge.sort().values, mask.nonzero().flatten())


@pytest.mark.parametrize(("num_neighbors", "size"), [(4, 1), (5, 4), (7, 3), (8, 5)])
def test_every_subset_is_equally_likely(num_neighbors, size):
    sampler = NeighborSampler(star(num_neighbors), [size], disjoint=True, seed=1)
    out = around(sampler, [0] * 20_000)
    subset = (2 ** out.edge.view(-1, size)).sum(dim=1)
    observed = subset.bincount(minlength=2**num_neighbors)
    possible = torch.tensor([bin(code).count("1") == size for code in range(2**num_neighbors)])
    assert observed[~possible].sum() == 0
    assert_equally_likely(observed[possible].double(), 20_000 / int(possible.sum()))


def test_hubs_are_sampled_evenly():
    sampler = NeighborSampler(star(1000), [400], disjoint=True, seed=2)
    out = around(sampler, [0] * 500)
    assert all(len(edge.unique()) == 400 for edge in out.edge.view(500, 400))
    # Fixed set sizes make the counts of the edges less variable than independent draws.
    observed = out.edge.bincount(minlength=1000).double()
    assert_equally_likely(observed, 500 * 0.4)
    assert ((observed - 200) ** 2).mean() == pytest.approx(500 * 0.4 * 0.6, rel=0.2)


def test_draws_with_replacement_are_independent():
    sampler = NeighborSampler(star(4), [3], replace=True, disjoint=True, seed=3)
    out = around(sampler, [0] * 20_000)
    outcome = (out.edge.view(-1, 3) * torch.tensor([16, 4, 1])).sum(dim=1)
    assert_equally_likely(outcome.bincount(minlength=64).double(), 20_000 / 64)


def test_degree_statistics_on_a_graph_with_hubs():
    """Every edge is drawn with the probability min(1, k / in-degree of its target)."""
    target = (20 * torch.rand(300) ** 2).long()
    graph = Data(edge_index=torch.stack([torch.randint(20, (300,)), target]), num_nodes=20)
    sampler = NeighborSampler(graph, [8], seed=4)
    observed, epochs = torch.zeros(300), 500
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        observed[around(sampler, torch.arange(20)).edge] += 1
    chance = (8 / degree(target, 20)[target]).clamp(max=1)
    sure = chance == 1
    assert 0 < sure.sum() < 100
    assert (observed[sure] == epochs).all()
    error = (observed - epochs * chance) / (epochs * chance * (1 - chance)).sqrt()
    assert error[~sure].abs().max() < 4.5
    assert error[~sure].square().mean() == pytest.approx(1, abs=0.25)


@pytest.mark.usefixtures("float64")
def test_a_graphsage_on_all_neighbours_is_exact():
    graph, seeds = random_graph(num_edges=600), torch.tensor([5, 0, 5, 150])
    model = GraphSAGE(3, 8, num_layers=2, out_channels=4)
    full = model(graph.x, graph.edge_index)
    batch = next(iter(NodeLoader(graph, NeighborSampler(graph, [-1, -1]), seeds, batch_size=4)))
    out = model(batch.x, batch.edge_index)
    torch.testing.assert_close(out[: batch.batch_size], full[seeds])
    trimmed = model(
        batch.x,
        batch.edge_index,
        num_sampled_nodes_per_hop=batch.num_sampled_nodes,
        num_sampled_edges_per_hop=batch.num_sampled_edges,
    )
    torch.testing.assert_close(trimmed[: batch.batch_size], full[seeds])


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("disjoint", [False, True])
def test_a_gcn_on_all_neighbours_is_exact(disjoint):
    """Weights of the whole graph travel with the edges, which takes the right edge ids."""
    graph = random_graph(num_edges=600)
    graph.edge_index, graph.edge_weight = gcn_norm(graph.edge_index, num_nodes=200)
    convs = [GCNConv(3, 8, normalize=False), GCNConv(8, 4, normalize=False)]

    def run(data):
        h = convs[0](data.x, data.edge_index, data.edge_weight).relu()
        return convs[1](h, data.edge_index, data.edge_weight)

    sampler = NeighborSampler(graph, [-1, -1], disjoint=disjoint)
    for batch in NodeLoader(graph, sampler, torch.arange(20), batch_size=10):
        out = run(batch)[: batch.batch_size]
        torch.testing.assert_close(out, run(graph)[batch.input_id])


def test_the_seed_decides_and_nothing_else():
    graph = random_graph()
    sampler, other = NeighborSampler(graph, [5, 5], seed=7), NeighborSampler(graph, [5, 5], seed=8)
    first = around(sampler, [1, 2, 3])
    state = torch.get_rng_state()
    around(sampler, [4, 5])
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(99)
    revived = pickle.loads(pickle.dumps(sampler))  # noqa: S301
    for copied in (sampler, copy.deepcopy(sampler), revived):
        assert same(around(copied, [1, 2, 3]), first)
    assert not same(around(other, [1, 2, 3]), first)
    sampler.set_epoch(1)
    assert not same(around(sampler, [1, 2, 3]), first)
    sampler.set_epoch(0)
    assert same(around(sampler, [1, 2, 3]), first)


def test_a_left_out_seed_comes_from_the_global_state():
    graph = random_graph()
    torch.manual_seed(5)
    first = around(NeighborSampler(graph, [3]), [0, 1])
    assert not same(around(NeighborSampler(graph, [3]), [0, 1]), first)
    torch.manual_seed(5)
    assert same(around(NeighborSampler(graph, [3]), [0, 1]), first)


def test_different_batches_draw_differently():
    sampler = NeighborSampler(star(30), [5], disjoint=True, seed=0)
    drawn = {tuple(around(sampler, [0] * size).edge[:5].tolist()) for size in range(1, 21)}
    assert len(drawn) == 20


def test_threads_share_a_sampler():
    sampler = NeighborSampler(random_graph(), [5, 5], seed=0)
    batches = torch.randint(200, (40, 8))
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seeds: around(sampler, seeds), batches))
    assert all(same(out, around(sampler, seeds)) for out, seeds in zip(together, batches))  # noqa: B905


@pytest.mark.parametrize("disjoint", [False, True])
def test_graphs_without_edges_or_nodes(disjoint):
    edge_index = torch.empty(2, 0, dtype=torch.long)
    sampler = NeighborSampler(
        Data(edge_index=edge_index, num_nodes=3), [2, -1], disjoint=disjoint, replace=True
    )
    out = around(sampler, [2, 0])
    assert out.node.tolist() == [2, 0]
    assert (out.num_sampled_nodes, out.num_sampled_edges) == ([2, 0, 0], [0, 0])
    empty = NeighborSampler(Data(edge_index=edge_index, num_nodes=0), [2], disjoint=disjoint)
    assert around(empty, torch.empty(0, dtype=torch.long)).node.numel() == 0


def test_repeated_seeds_all_hear_their_neighbours():
    graph = Data(edge_index=torch.tensor([[1, 2], [0, 1]]), num_nodes=3)
    out = around(NeighborSampler(graph, [-1, -1]), [0, 1, 0])
    assert out.node.tolist() == [0, 1, 0, 2]
    assert torch.stack([out.row, out.col]).tolist() == [[1, 3, 1], [0, 1, 2]]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_workers_draw_what_one_process_draws():
    graph = random_graph()
    sampler = NeighborSampler(graph, [4, 4], seed=3)
    alone = NodeLoader(graph, sampler, batch_size=64)
    workers = NodeLoader(graph, sampler, batch_size=64, num_workers=2, persistent_workers=True)
    epochs = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        epochs.append([batch.e_id for batch in workers])
        for batch, e_id in zip(alone, epochs[-1], strict=True):
            assert torch.equal(batch.e_id, e_id)
            assert torch.equal(batch.x, graph.x[batch.n_id])
    assert not torch.equal(epochs[0][0], epochs[1][0])


@pytest.mark.parametrize("disjoint", [False, True])
def test_link_loader_with_binary_negatives(disjoint):
    graph = random_graph()
    loader = LinkLoader(
        graph,
        NeighborSampler(graph, [3], disjoint=disjoint, seed=0),
        edge_label_index=graph.edge_index[:, :50],
        edge_label=torch.zeros(50),
        neg_sampling=NegativeSampling("binary", 2.0),
        batch_size=10,
    )
    for batch in loader:
        links = batch.n_id[batch.edge_label_index]
        assert links.shape == (2, 30)
        assert torch.equal(links[:, :10], graph.edge_index[:, batch.input_id])
        assert batch.edge_label.tolist() == [1] * 10 + [0] * 20
        assert torch.equal(batch.n_id[batch.edge_index], graph.edge_index[:, batch.e_id])


@pytest.mark.parametrize("disjoint", [False, True])
def test_link_loader_with_triplets(disjoint):
    graph = random_graph()
    weight = torch.zeros(200)
    weight[[3, 4]] = 1  # the only possible negatives
    loader = LinkLoader(
        graph,
        NeighborSampler(graph, [3], disjoint=disjoint, seed=0),
        neg_sampling=NegativeSampling("triplet", 2, dst_weight=weight),
        batch_size=500,
    )
    for batch in loader:
        source, target = graph.edge_index[:, batch.input_id]
        assert torch.equal(batch.n_id[batch.src_index], source)
        assert torch.equal(batch.n_id[batch.dst_pos_index], target)
        assert batch.dst_neg_index.shape == (500, 2)
        assert batch.n_id[batch.dst_neg_index].unique().tolist() == [3, 4]


def test_negatives_obey_the_seed_and_leave_the_global_state_alone():
    sampler = NeighborSampler(random_graph(), [3], seed=0)
    links = EdgeSamplerInput(None, torch.arange(5), torch.arange(5, 10))

    def draw():
        out = sampler.sample_from_edges(links, NegativeSampling("binary"))
        return out.node[out.metadata[1]]

    state = torch.get_rng_state()
    first = draw()
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(draw(), first)
    sampler.set_epoch(1)
    assert not torch.equal(draw(), first)


def test_links_without_negatives():
    graph = random_graph()
    out = NeighborSampler(graph, [3]).sample_from_edges(
        EdgeSamplerInput(None, torch.tensor([5, 5]), torch.tensor([1, 5]))
    )
    assert out.node[out.metadata[1]].tolist() == [[5, 5], [1, 5]]


def test_a_failed_batch_leaves_no_trace():
    sampler = NeighborSampler(star(3), [2**31 - 1], replace=True)
    with pytest.raises(MemoryLimitError, match="draw fewer"):
        around(sampler, [1, 0])
    assert around(sampler, [2]).node.tolist() == [2]
    sampler.num_neighbors = [3]
    assert set(around(sampler, [0]).node.tolist()) <= {0, 1, 2, 3}


@pytest.mark.parametrize("number", [0, -2, 1.5, "3", True, None, 2**31])
def test_bad_numbers_of_neighbours(number):
    with pytest.raises(InputError, match=r"num_neighbors\[1\]"):
        NeighborSampler(star(3), [2, number])


@pytest.mark.parametrize("num_neighbors", [[], 3, {"to": [2]}])
def test_numbers_of_neighbours_that_are_no_list(num_neighbors):
    with pytest.raises(InputError, match="one number of neighbours per hop"):
        NeighborSampler(star(3), num_neighbors)


@pytest.mark.parametrize("data", [HeteroData(), Data(x=torch.ones(2, 1)), None, torch.ones(2, 2)])
def test_data_that_cannot_be_sampled(data):
    with pytest.raises(InputError, match="homogeneous graphs with an edge_index"):
        NeighborSampler(data, [2])


def test_an_edge_out_of_the_graph():
    with pytest.raises(InputError, match=r"edge_index\[:, 1\]"):
        NeighborSampler(Data(edge_index=torch.tensor([[0, 1], [1, 2]]), num_nodes=2), [2])


@pytest.mark.parametrize(
    ("option", "message"),
    [("time_attr", "temporal"), ("weight_attr", "by edge weight"), ("subgraph_type", "subgraph")],
)
def test_options_that_are_not_supported(option, message):
    with pytest.raises(InputError, match=f"{message}.*not supported.*{option}"):
        NeighborSampler(star(3), [2], **{option: "time"})


def test_unknown_options_and_bad_seeds():
    with pytest.raises(UnknownNameError, match="use one of: replace, disjoint, seed"):
        NeighborSampler(star(3), [2], replacement=True)
    with pytest.raises(InputError, match="whole number"):
        NeighborSampler(star(3), [2], seed=0.5)


@pytest.mark.parametrize("node", [[-1], [0, 4]])
def test_seeds_out_of_the_graph(node):
    sampler = NeighborSampler(star(3), [2])
    with pytest.raises(InputError, match=f"not one of the 4 nodes.*{node[-1]}"):
        around(sampler, node)
    with pytest.raises(InputError, match="edge_label_index"):
        sampler.sample_from_edges(EdgeSamplerInput(None, torch.tensor(node), torch.tensor(node)))


@pytest.mark.parametrize("node", [torch.tensor([0.0]), torch.tensor([[0]]), torch.tensor([True])])
def test_seeds_that_are_no_list_of_nodes(node):
    with pytest.raises(DtypeError, match="list of whole numbers"):
        around(NeighborSampler(star(3), [2]), node)


def test_seeds_with_a_time_or_a_type():
    sampler, node = NeighborSampler(star(3), [2]), torch.tensor([0])
    with pytest.raises(InputError, match="temporal"):
        sampler.sample_from_nodes(NodeSamplerInput(None, node, time=node))
    with pytest.raises(InputError, match="homogeneous"):
        sampler.sample_from_nodes(NodeSamplerInput(None, node, input_type="house"))
    with pytest.raises(InputError, match="temporal"):
        sampler.sample_from_edges(EdgeSamplerInput(None, node, node, time=node))


@pytest.mark.parametrize("weight", [[1.0], [1, 1, -1, 1], [0, 0, 0, 0], [1, torch.nan, 1, 1]])
def test_bad_weights_of_negatives(weight):
    links = EdgeSamplerInput(None, torch.tensor([1]), torch.tensor([0]))
    negatives = NegativeSampling("triplet", dst_weight=torch.tensor(weight))
    with pytest.raises(InputError, match="dst_weight"):
        NeighborSampler(star(3), [2]).sample_from_edges(links, negatives)


def test_links_that_cannot_be_sampled():
    sampler = NeighborSampler(star(3), [2])
    none, one = torch.empty(0, dtype=torch.long), torch.tensor([1])
    with pytest.raises(GnnlabError, match="no link"):
        sampler.sample_from_edges(EdgeSamplerInput(None, none, none), NegativeSampling("triplet"))
    with pytest.raises(GnnlabError, match="no labels"):
        sampler.sample_from_edges(
            EdgeSamplerInput(None, one, one, label=one), NegativeSampling("triplet")
        )


def test_repr_names_the_settings():
    sampler = NeighborSampler(star(3), (2, -1), disjoint=True, seed=4)
    assert repr(sampler) == "NeighborSampler([2, -1], replace=False, disjoint=True, seed=4)"
