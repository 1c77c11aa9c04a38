"""What every convolution promises, checked for each one that is registered in LAYERS."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch_geometric.data import Batch, Data
from torch_geometric.edge_index import EdgeIndex
from torch_geometric.nn import Sequential
from torch_geometric.utils import to_dense_adj, to_dense_batch

from gnnlab.errors import DtypeError, InputError, NonFiniteError, ShapeError
from gnnlab.nn import reference
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.attention import GATConv
from gnnlab.nn.gcn import GCNConv

pytestmark = pytest.mark.filterwarnings("ignore:Sparse CS. tensor support:UserWarning")


def gcn_oracle(layer, x, edge_index, edge_weight):
    own = None if layer.lin_self is None else layer.lin_self.weight
    options = {"edge_weight": edge_weight, "self_weight": own, "normalize": layer.normalize}
    return reference.gcn(x, edge_index, layer.lin.weight, layer.bias, **options)


def gat_oracle(layer, x, edge_index, _):
    options = {"negative_slope": layer.negative_slope, "self_loops": layer.self_loops}
    weights = layer.lin.weight.chunk(layer.heads)  # one [H, F] for each head
    heads = [
        reference.gat(x, edge_index, weight, source, target, **options)
        for weight, source, target in zip(weights, layer.att_src[0], layer.att_dst[0], strict=True)
    ]
    out = torch.cat(heads, dim=1) if layer.concat else sum(heads) / len(heads)
    return out if layer.bias is None else out + layer.bias


@dataclass
class Convolution:
    make: Callable[[], torch.nn.Module]
    oracle: Callable[..., Tensor]
    is_weighted: bool = True


LAYERS = {
    "gcn": Convolution(lambda: GCNConv(3, 4), gcn_oracle),
    "gcn-narrowing": Convolution(lambda: GCNConv(3, 2), gcn_oracle),
    "gcn-row": Convolution(lambda: GCNConv(3, 4, normalize="row"), gcn_oracle),
    "gcn-none": Convolution(lambda: GCNConv(3, 4, normalize=None, bias=False), gcn_oracle),
    "gcn-self-weight": Convolution(lambda: GCNConv(3, 4, self_weight=True), gcn_oracle),
    "gat": Convolution(lambda: GATConv(3, 4, heads=2), gat_oracle, False),
    "gat-no-loops": Convolution(
        lambda: GATConv(3, 4, heads=2, concat=False, self_loops=False), gat_oracle, False
    ),
}


def dense(edge_index, edge_weight, N):
    matrix = edge_weight.new_zeros(N, N)
    return matrix.index_put((edge_index[0], edge_index[1]), edge_weight, accumulate=True)


def sparse(edge_index, edge_weight, N):
    indices = edge_index.flip(0)  # an adj_t has row = target
    return torch.sparse_coo_tensor(indices, edge_weight, (N, N), check_invariants=False)


FORMS = {
    "edge list": lambda e, w, N: e,
    "EdgeIndex": lambda e, w, N: EdgeIndex(e, sparse_size=(N, N)),
    "coo": sparse,
    "csr": lambda e, w, N: sparse(e, w, N).to_sparse_csr(),
    "csc": lambda e, w, N: sparse(e, w, N).to_sparse_csc(),
    "dense": dense,
    "batch": lambda e, w, N: dense(e, w, N).unsqueeze(0),
    "Adjacency": lambda e, w, N: Adjacency.from_edge_index(e, N, w),
    "sparse Adjacency": lambda e, w, N: Adjacency.from_sparse(sparse(e, w, N)),
}


def apply(case, layer, form, x, edge_index, edge_weight):
    """Runs the layer on one of the forms."""
    if not case.is_weighted:
        edge_weight = torch.ones_like(edge_weight)
    edges = FORMS[form](edge_index, edge_weight, len(x))
    if form == "batch":
        return layer(x.unsqueeze(0), edges).squeeze(0)
    if case.is_weighted and form in ("edge list", "EdgeIndex"):
        return layer(x, edges, edge_weight)
    return layer(x, edges)


def random_graph(seed, max_nodes=7):
    """A directed graph with self loops, duplicate edges and isolated nodes."""
    generator = torch.Generator().manual_seed(seed)
    N = int(torch.randint(0, max_nodes + 1, (), generator=generator))
    E = int(torch.randint(0, 3 * N, (), generator=generator)) if N else 0
    edge_index = torch.randint(0, max(N - 1, 1), (2, E), generator=generator)  # the last is alone
    edge_index = torch.cat([edge_index, edge_index[:, : E // 4]], dim=1)
    edge_weight = 0.1 + torch.rand(edge_index.size(1), generator=generator, dtype=torch.float64)
    x = torch.randn(N, 3, generator=generator, dtype=torch.float64)
    return x, edge_index, edge_weight


@pytest.fixture(params=LAYERS)
def case(request):
    torch.manual_seed(0)
    return LAYERS[request.param]


@pytest.fixture
def layer(case):
    layer = case.make().double()
    if layer.bias is not None:
        torch.nn.init.normal_(layer.bias)
    return layer


def test_every_form_equals_the_oracle_on_200_graphs(case, layer):
    with torch.no_grad():
        for seed in range(200):
            x, edge_index, edge_weight = random_graph(seed)
            expected = case.oracle(layer, x, edge_index, edge_weight)
            for form in FORMS:
                out = apply(case, layer, form, x, edge_index, edge_weight)
                where = f"{form}, graph {seed}"
                torch.testing.assert_close(out, expected, rtol=0, atol=1e-10, msg=where)


@pytest.mark.parametrize("form", FORMS)
def test_gradients_equal_the_oracle(case, layer, form):
    x, edge_index, edge_weight = random_graph(seed=1)
    assert edge_index.size(1) > 3
    inputs = [x.requires_grad_(), *layer.parameters()]
    inputs += [edge_weight.requires_grad_()] if case.is_weighted else []
    expected = case.oracle(layer, x, edge_index, edge_weight)
    out = apply(case, layer, form, x, edge_index, edge_weight)
    direction = torch.randn_like(expected)
    expected_gradients = torch.autograd.grad((expected * direction).sum(), inputs)
    gradients = torch.autograd.grad((out * direction).sum(), inputs)
    torch.testing.assert_close(gradients, expected_gradients, rtol=0, atol=1e-10)


@pytest.mark.parametrize("form", ["EdgeIndex", "coo", "dense", "batch"])
@pytest.mark.parametrize(
    "edges",
    [[[0, 0, 2, 3, 1], [1, 1, 2, 1, 0]], [[0, 1, 2], [1, 2, 3]], [[], []]],
    ids=["general", "path", "no edges"],
)
def test_gradcheck(case, layer, form, edges):
    edge_index = torch.tensor(edges, dtype=torch.long).view(2, -1)
    weight = torch.linspace(0.5, 1.5, edge_index.size(1), dtype=torch.float64).requires_grad_()
    x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)

    def function(x, weight, *parameters):
        return apply(case, layer, form, x, edge_index, weight)

    assert torch.autograd.gradcheck(function, (x, weight, *layer.parameters()))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**20), data=st.data())
@pytest.mark.parametrize("name", LAYERS)
def test_permuting_nodes_and_edges_permutes_the_output(name, seed, data):
    case = LAYERS[name]
    layer = case.make().double()
    x, edge_index, edge_weight = random_graph(seed)
    order = torch.tensor(data.draw(st.permutations(range(len(x)))), dtype=torch.long)
    new_id = torch.argsort(order)
    edges = torch.randperm(edge_index.size(1))
    out = apply(case, layer, "edge list", x, edge_index, edge_weight)
    permuted = apply(
        case, layer, "edge list", x[order], new_id[edge_index][:, edges], edge_weight[edges]
    )
    torch.testing.assert_close(permuted, out[order], rtol=0, atol=1e-12)


def test_alone_equals_in_a_batch(case, layer):
    graphs = [random_graph(seed) for seed in range(20)]
    sizes = [len(x) for x, _, _ in graphs]
    assert {0, 1} < set(sizes)
    batch = Batch.from_data_list([Data(x=x, edge_index=e, weight=w) for x, e, w in graphs])
    together = apply(case, layer, "edge list", batch.x, batch.edge_index, batch.weight)
    weight = batch.weight if case.is_weighted else None
    matrices = to_dense_adj(batch.edge_index, batch.batch, weight, batch_size=20)
    padded = layer(to_dense_batch(batch.x, batch.batch, batch_size=20)[0], matrices)
    for graph, out, filled in zip(graphs, together.split(sizes), padded, strict=True):
        alone = apply(case, layer, "edge list", *graph)
        torch.testing.assert_close(out, alone, rtol=0, atol=1e-12)
        torch.testing.assert_close(filled[: len(alone)], alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("N", [0, 1])
@pytest.mark.parametrize("form", FORMS)
def test_graph_without_edges(case, layer, form, N):
    x, edge_index = torch.randn(N, 3, dtype=torch.float64), torch.zeros(2, 0, dtype=torch.long)
    out = apply(case, layer, form, x, edge_index, x.new_zeros(0))
    expected = case.oracle(layer, x, edge_index, None)
    torch.testing.assert_close(out, expected if N else expected.view(0, out.size(1)))


def test_good_citizen_of_pyg(case, layer):
    x, edge_index, _ = random_graph(seed=1)
    expected = layer(x, edge_index)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):  # noqa: S301
        assert torch.equal(twin(x, edge_index), expected)
    fresh = case.make().double()
    fresh.load_state_dict(layer.state_dict())
    assert torch.equal(fresh(x, edge_index), expected)
    fresh.reset_parameters()
    for old, new in zip(layer.parameters(), fresh.parameters(), strict=True):
        assert not torch.equal(old, new)
    stack = Sequential("x, edge_index", [(layer, "x, edge_index -> x"), torch.nn.ReLU()])
    assert torch.equal(stack(x, edge_index), expected.relu())
    assert repr(layer).startswith(f"{type(layer).__name__}(3, ")


EDGES = torch.tensor([[0, 1], [1, 2]])
X = torch.ones(3, 3, dtype=torch.float64)
BAD_INPUTS = {
    "wrong width": (X[:, :2], EDGES, ShapeError, "takes 3 features"),
    "one dimension": (X[0], EDGES, ShapeError, r"\[N, F\]"),
    "single precision": (X.float(), EDGES, DtypeError, "computes in torch.float64"),
    "integer features": (X.long(), EDGES, DtypeError, "floating"),
    "NaN features": (X.clone().fill_(torch.nan), EDGES, NonFiniteError, r"x\[0, 0\]"),
    "float ids": (X, torch.ones(2, 4), DtypeError, "integers"),
    "id too large": (X, torch.tensor([[0, 1], [1, 3]]), InputError, r"edge_index\[:, 1\].*3"),
    "negative id": (X, torch.tensor([[0, -1], [1, 2]]), InputError, r"edge_index\[:, 1\].*-1"),
    "no tensor": (X, [[0, 1], [1, 2]], DtypeError, "list"),
    "dense of another size": (X, torch.eye(4), ShapeError, "must have 3 nodes"),
    "adjacency of another size": (X, Adjacency.of(EDGES, 4), ShapeError, "must have 3 nodes"),
    "batch against one graph": (X, torch.ones(2, 3, 3), ShapeError, r"\[2, 3, 'F'\]"),
    "one graph against batch": (X.expand(2, 3, 3), EDGES, ShapeError, r"\[3, 'F'\]"),
    "boolean matrix": (X, torch.ones(3, 3, dtype=torch.bool), DtypeError, "bool"),
}


@pytest.mark.parametrize("bad", BAD_INPUTS)
def test_bad_input(layer, bad):
    x, edges, error, message = BAD_INPUTS[bad]
    with pytest.raises(error, match=message):
        layer(x, edges)
