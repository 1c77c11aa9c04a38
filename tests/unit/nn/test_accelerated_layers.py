"""What every layer in FAST_LAYERS promises: PyG's numbers, PyG's objects, a graph read once."""

from __future__ import annotations

import copy
import pickle
import weakref

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch_geometric.edge_index import EdgeIndex
from torch_geometric.nn import (
    APPNP,
    ChebConv,
    GatedGraphConv,
    GCNConv,
    GINConv,
    GraphConv,
    LGConv,
    SAGEConv,
    SGConv,
    TAGConv,
)

from gnnlab.errors import NonFiniteError
from gnnlab.nn import CSR, Adjacency, accelerated_layers, aggregate
from gnnlab.nn.accelerate import FAST_LAYERS, accelerate

pytestmark = [
    pytest.mark.usefixtures("float64"),
    pytest.mark.filterwarnings("ignore:Sparse CS. tensor support:UserWarning"),
]
F = 3
WEIGHTED = (GCNConv, GraphConv, SGConv, APPNP, LGConv, ChebConv, TAGConv, GatedGraphConv)


def mlp(out_channels):
    return nn.Sequential(nn.Linear(F, 5), nn.Tanh(), nn.Linear(5, out_channels))


CASES = {
    GCNConv: {
        "narrowing": lambda: GCNConv(F, 2),
        "widening": lambda: GCNConv(F, 7, bias=False),
        "improved": lambda: GCNConv(F, F, improved=True),
        "cached": lambda: GCNConv(F, 2, cached=True),
        "no loops": lambda: GCNConv(F, 4, add_self_loops=False),
        "not normalised": lambda: GCNConv(F, 2, normalize=False),
        "lazy": lambda: GCNConv(-1, 7),
    },
    SAGEConv: {
        "mean": lambda: SAGEConv(F, 2),
        "widening": lambda: SAGEConv(F, 7),
        "sum": lambda: SAGEConv(F, 2, aggr="sum", bias=False),
        "max": lambda: SAGEConv(F, 2, aggr="max"),
        "project": lambda: SAGEConv(F, 4, project=True, normalize=True),
        "no root": lambda: SAGEConv(F, 2, root_weight=False),
        "lazy": lambda: SAGEConv(-1, 2),
    },
    GINConv: {
        "plain": lambda: GINConv(mlp(4)),
        "eps": lambda: GINConv(mlp(2), eps=0.5),
        "learned eps": lambda: GINConv(mlp(2), eps=-0.5, train_eps=True),
        "max": lambda: GINConv(mlp(2), aggr="max"),
    },
    GraphConv: {
        "sum": lambda: GraphConv(F, 2),
        "mean": lambda: GraphConv(F, 2, aggr="mean"),
        "widening mean": lambda: GraphConv(F, 7, aggr="mean", bias=False),
        "max": lambda: GraphConv(F, 2, aggr="max"),
    },
    SGConv: {
        "one step": lambda: SGConv(F, 4),
        "narrowing": lambda: SGConv(F, 2, K=3),
        "cached": lambda: SGConv(F, 2, K=2, cached=True),
        "no loops": lambda: SGConv(F, 2, K=2, add_self_loops=False, bias=False),
    },
    APPNP: {
        "plain": lambda: APPNP(3, 0.1),
        "dropout": lambda: APPNP(3, 0.2, dropout=0.4),
        "cached": lambda: APPNP(2, 0.1, cached=True),
        "no loops": lambda: APPNP(2, 0.1, add_self_loops=False),
        "not normalised": lambda: APPNP(2, 0.1, normalize=False),
    },
    LGConv: {
        "plain": LGConv,
        "not normalised": lambda: LGConv(normalize=False),
        "nodes first": lambda: LGConv(node_dim=0),
    },
    ChebConv: {
        "one term": lambda: ChebConv(F, 2, K=1),
        "two terms": lambda: ChebConv(F, 2, K=2),
        "narrowing": lambda: ChebConv(F, 2, K=4),
        "widening": lambda: ChebConv(F, 7, K=4, bias=False),
        "random walk": lambda: ChebConv(F, 2, K=3, normalization="rw"),
        "not normalised": lambda: ChebConv(F, 4, K=3, normalization=None),
    },
    TAGConv: {
        "narrowing": lambda: TAGConv(F, 2),
        "widening": lambda: TAGConv(F, 7, K=2),
        "not normalised": lambda: TAGConv(F, 2, normalize=False, bias=False),
    },
    GatedGraphConv: {
        "padded": lambda: GatedGraphConv(4, num_layers=2),
        "same width": lambda: GatedGraphConv(F, num_layers=3, bias=False),
        "mean": lambda: GatedGraphConv(4, num_layers=2, aggr="mean"),
        "max": lambda: GatedGraphConv(4, num_layers=2, aggr="max"),
    },
}
ALL = [
    pytest.param(make, id=f"{known.__name__}-{name}")
    for known, makers in CASES.items()
    for name, make in makers.items()
]
ONE_EACH = [
    pytest.param(next(iter(makers.values())), id=known.__name__) for known, makers in CASES.items()
]
CHANGING = [case for case in ALL if not case.id.endswith("cached")]  # cached layers keep a graph
SPARSE = [case for case in ALL if "Cheb" not in case.id]  # which takes no sparse tensor in PyG


def twins(make):
    """The same module twice: untouched, and accelerated."""
    untouched = make()
    return untouched, accelerate(copy.deepcopy(untouched))


def graph(num_nodes=9, num_edges=24):
    """A directed graph with self loops, one of them twice, duplicate edges, an isolated node."""
    edge_index = torch.randint(num_nodes - 1, (2, num_edges))
    more = torch.tensor([[0, 1, 1, 2, 3], [0, 1, 1, 3, 2]])
    edge_index = torch.cat([edge_index, edge_index[:, :4], more], dim=1)
    return features(num_nodes), edge_index, torch.rand(edge_index.size(1)) + 0.1


def features(num_nodes):
    """Halves, so that several predecessors often share a maximum; none is 0."""
    return torch.randint(-4, 4, (num_nodes, F)) / 2 + 0.25


def outcome(layer, x, edges, edge_weight=None, **options):
    """The output and all gradients, those of the input and the edge weights among them."""
    torch.manual_seed(1)
    x = x.clone().requires_grad_()
    if edge_weight is not None:
        options["edge_weight"] = edge_weight
    out = layer(x, edges, **options)
    inputs = [x, *layer.parameters()]
    if edge_weight is not None and edge_weight.requires_grad:
        inputs.append(edge_weight)
    loss = (out * torch.arange(out.numel()).view_as(out).cos()).sum()
    return [out, *torch.autograd.grad(loss, inputs, allow_unused=True, materialize_grads=True)]


def pickled(module):
    return pickle.loads(pickle.dumps(module))  # noqa: S301


def assert_same(results, expected, tolerance=1e-10):
    assert len(results) == len(expected)
    for result, wanted in zip(results, expected, strict=True):
        torch.testing.assert_close(result, wanted, rtol=tolerance, atol=tolerance)


def test_every_layer_is_tested_in_several_configurations():
    assert set(CASES) == set(FAST_LAYERS)
    assert min(len(makers) for makers in CASES.values()) >= 2


@pytest.mark.parametrize("make", ALL)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_values_and_gradients_are_pygs(make, data):
    num_nodes = data.draw(st.integers(1, 8))
    node = st.integers(0, num_nodes - 1)
    edges = data.draw(st.lists(st.tuples(node, node), max_size=20))
    weighting = data.draw(st.sampled_from(["none", "fixed", "learned"]))
    edge_index = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).t().contiguous()
    x, edge_weight = features(num_nodes), None
    untouched, accelerated = twins(make)
    if weighting != "none" and isinstance(untouched, WEIGHTED):
        edge_weight = torch.rand(len(edges)).requires_grad_(weighting == "learned")
    expected = outcome(untouched, x, edge_index, edge_weight)
    if expected[0].isnan().any():  # a Laplacian of nothing has no largest eigenvalue
        with pytest.raises(NonFiniteError, match="after normalisation"):
            accelerated(x, edge_index, edge_weight)
        return
    assert_same(outcome(accelerated, x, edge_index, edge_weight), expected)
    if not getattr(untouched, "cached", False):  # that of PyG cannot run backward again
        assert_same(outcome(accelerated, x, edge_index, edge_weight), expected)


@pytest.mark.parametrize("make", ALL)
def test_the_fast_form_is_what_computes(make, monkeypatch):
    _, accelerated = twins(make)
    x, edge_index, _ = graph()

    def refuse(*args, **kwargs):
        raise AssertionError("PyG's own message passing was called")

    monkeypatch.setattr(type(accelerated), "propagate", refuse)
    assert accelerated(x, edge_index).size(0) == len(x)


@pytest.mark.parametrize("make", ALL)
def test_nothing_else_of_the_layer_changes(make):
    untouched = make()
    known, names = type(untouched), list(untouched.state_dict())
    parameters = [id(parameter) for parameter in untouched.parameters()]
    accelerated = accelerate(untouched)
    assert accelerated is untouched
    assert isinstance(accelerated, known)
    assert [id(parameter) for parameter in accelerated.parameters()] == parameters
    assert list(accelerated.state_dict()) == names
    assert repr(accelerated).startswith(f"Fast{known.__name__}(")


@pytest.mark.parametrize("make", ALL)
def test_state_dicts_fit_in_both_directions(make):
    x, edge_index, _ = graph()
    untouched, accelerated = twins(make)
    untouched(x, edge_index)  # lazy layers learn their width
    accelerated.load_state_dict(untouched.state_dict())
    assert_same(accelerated.eval()(x, edge_index), untouched.eval()(x, edge_index))
    back = make().load_state_dict(accelerated.state_dict())
    assert not back.missing_keys
    assert not back.unexpected_keys


@pytest.mark.parametrize("make", ONE_EACH)
@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_copies_are_fast_and_equal(make, copied):
    x, edge_index, _ = graph()
    untouched, accelerated = twins(make)
    accelerated(x, edge_index)
    other = copied(accelerated)
    assert type(other) is type(accelerated)
    assert_same(outcome(other, x, edge_index), outcome(untouched, x, edge_index))


@pytest.mark.parametrize("make", ALL)
def test_the_graph_is_sorted_once(make, monkeypatch):
    x, edge_index, _ = graph()
    _, accelerated = twins(make)
    expected = outcome(accelerated, x, edge_index)
    monkeypatch.setattr(CSR, "from_edge_index", lambda *_: pytest.fail("sorted again"))
    monkeypatch.setattr(CSR, "_transpose", lambda *_: pytest.fail("transposed again"))
    if not getattr(accelerated, "dropout", 0):  # which draws new weights, and transposes them
        assert_same(outcome(accelerated, x, edge_index)[:1], expected[:1])


@pytest.mark.parametrize("known", [known for known in CASES if known in WEIGHTED])
def test_learned_weights_do_not_sort_the_graph_again(known, monkeypatch):
    x, edge_index, edge_weight = graph()
    _, accelerated = twins(next(iter(CASES[known].values())))
    edge_weight.requires_grad_()
    expected = outcome(accelerated, x, edge_index, edge_weight)
    monkeypatch.setattr(CSR, "from_edge_index", lambda *_: pytest.fail("sorted again"))
    assert_same(outcome(accelerated, x, edge_index, edge_weight), expected)


@pytest.mark.parametrize("make", CHANGING)
def test_a_graph_that_is_written_to_is_read_again(make):
    x, edge_index, edge_weight = graph()
    untouched, accelerated = twins(make)
    weights = [edge_weight] if isinstance(untouched, WEIGHTED) else []
    outcome(accelerated, x, edge_index, *weights)
    edge_index[1] = edge_index[1].roll(1)
    edge_weight.mul_(2).add_(1)
    expected = outcome(untouched, x, edge_index, *weights)
    assert_same(outcome(accelerated, x, edge_index, *weights), expected)


@pytest.mark.parametrize("make", ALL)
def test_a_graph_is_forgotten_with_its_tensor(make):
    x, edge_index, edge_weight = graph()
    _, accelerated = twins(make)
    weights = [edge_weight] if isinstance(accelerated, WEIGHTED) else []
    accelerated(x, edge_index, *weights)
    accelerated(x, edge_index)
    alive = [weakref.ref(edge_index), weakref.ref(edge_weight)]
    del edge_index, edge_weight, weights
    assert [tensor() for tensor in alive] == [None, None]


def test_the_gradient_of_a_maximum_of_zero_is_whole():
    """The gradient of torch's ``amax``, and so PyG's, is half of it: another zero is counted."""
    x, edge_index = torch.zeros(2, F, requires_grad=True), torch.tensor([[0], [1]])
    for layer, share in zip(
        twins(lambda: GINConv(nn.Identity(), aggr="max")), (0.5, 1), strict=True
    ):
        (gradient,) = torch.autograd.grad(layer(x, edge_index)[1].sum(), x)
        assert gradient[0].tolist() == [share] * F


@pytest.mark.parametrize("known", [GCNConv, APPNP, SGConv])
def test_a_cached_layer_keeps_its_first_graph(known):
    x, edge_index, _ = graph()
    untouched, accelerated = twins(CASES[known]["cached"])
    for layer in (untouched, accelerated):
        layer(x, edge_index)
    assert_same([accelerated(-x, edge_index[:, :5])], [untouched(-x, edge_index[:, :5])])
    for layer in (untouched, accelerated):
        layer.reset_parameters()
    accelerated.load_state_dict(untouched.state_dict())
    assert_same([accelerated(-x, edge_index[:, :5])], [untouched(-x, edge_index[:, :5])])


@pytest.mark.parametrize("known", CASES)
def test_layers_with_other_settings_share_a_graph(known):
    x, edge_index, edge_weight = graph()
    weights = [edge_weight] if known in WEIGHTED else []
    for make in CASES[known].values():
        untouched, accelerated = twins(make)
        expected = outcome(untouched, x, edge_index, *weights)
        assert_same(outcome(accelerated, x, edge_index, *weights), expected)


@pytest.mark.parametrize("known", [GCNConv, SAGEConv, GraphConv, SGConv, TAGConv, ChebConv])
@pytest.mark.parametrize("sizes", [(5, 2), (2, 5)])
def test_sums_run_on_the_narrower_side(known, sizes, monkeypatch):
    options = {"K": 3} if known in (SGConv, TAGConv, ChebConv) else {}
    layer = accelerate(known(*sizes, **options))
    widths, x = [], torch.rand(3, sizes[0], requires_grad=True)

    def record(adjacency, x):
        widths.append(x.size(1))
        return aggregate(adjacency, x)

    monkeypatch.setattr(accelerated_layers, "aggregate", record)
    layer(x, torch.tensor([[0, 1], [1, 2]]))
    assert set(widths) == {2}


def test_a_sum_that_needs_no_gradient_runs_before_the_map(monkeypatch):
    """Such as that of the first layer: 3 wide forward costs less than 2 forward and 2 backward."""
    layer, widths = accelerate(GCNConv(3, 2)), []
    monkeypatch.setattr(
        accelerated_layers, "aggregate", lambda a, x: widths.append(x.size(1)) or aggregate(a, x)
    )
    x, edge_index = torch.rand(3, 3), torch.tensor([[0, 1], [1, 2]])
    layer(x, edge_index)
    with torch.no_grad():
        layer(x, edge_index)
    assert widths == [3, 2]


def test_dropping_edges_sorts_the_graph_once(monkeypatch):
    x, edge_index, _ = graph()
    _, accelerated = twins(CASES[APPNP]["dropout"])
    sort, sorts = CSR.from_edge_index, []
    monkeypatch.setattr(CSR, "from_edge_index", lambda *a: sorts.append(a) or sort(*a))
    accelerated(x, edge_index)
    accelerated(x, edge_index)
    assert len(sorts) == 1


FORMS = {
    "EdgeIndex": lambda e, N: EdgeIndex(e, sparse_size=(N, N)),
    "Adjacency": lambda e, N: Adjacency.from_edge_index(e, N),
    "coo Adjacency": lambda e, N: Adjacency.from_edge_index(e, N, layout="coo"),
    "dense Adjacency": lambda e, N: Adjacency.from_edge_index(e, N).to_layout("dense"),
    "merged": lambda e, N: [Adjacency.from_edge_index(e, N)],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("make", ALL)
def test_other_forms_of_the_graph(make, form):
    x, edge_index, _ = graph()
    untouched, accelerated = twins(make)
    ones = None
    if form == "dense Adjacency" and isinstance(untouched, WEIGHTED):
        edge_index = torch.unique(edge_index, dim=1)
        ones = torch.ones(edge_index.size(1))  # not the same as None where loops are improved
    edges = FORMS[form](edge_index, len(x))
    assert_same(outcome(accelerated, x, edges), outcome(untouched, x, edge_index, ones))


@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr])
@pytest.mark.parametrize("make", SPARSE)
@pytest.mark.filterwarnings("ignore:Converting sparse tensor to CSR:UserWarning")
@pytest.mark.filterwarnings("ignore:Sparse invariant checks:UserWarning")
def test_a_sparse_tensor_means_what_it_means_to_pyg(make, layout):
    x, edge_index, weight = graph()
    untouched, accelerated = twins(make)
    edges = torch.unique(edge_index, dim=1)
    weight = weight[: edges.size(1)]
    size = (len(x), len(x))
    adj_t = torch.sparse_coo_tensor(edges.flip(0), weight, size, check_invariants=False)
    adj_t = adj_t.coalesce().to_sparse(layout=layout)
    assert_same(outcome(accelerated, x, adj_t), outcome(untouched, x, adj_t))


def test_chebyshev_with_a_given_largest_eigenvalue():
    x, edge_index, edge_weight = graph()
    untouched, accelerated = twins(lambda: ChebConv(F, 2, K=3, normalization=None))
    batch = (torch.arange(len(x)) > 4).long()
    edge_index = torch.where(edge_index > 4, edge_index.clamp(min=5), edge_index)
    for lambda_max in (2.5, torch.tensor(3.0), torch.tensor([2.0, 3.0]), 4):
        options = {"lambda_max": lambda_max, "batch": batch}
        assert_same(
            outcome(accelerated, x, edge_index, edge_weight, **options),
            outcome(untouched, x, edge_index, edge_weight, **options),
        )
