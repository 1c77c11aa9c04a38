"""Over-smoothing: the definitions of the measures, and the closed form of a linear GCN."""

from __future__ import annotations

import math

import networkx
import pytest
import torch
import torch_geometric.nn as pyg
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torch_geometric.utils import from_networkx

from gnnlab.analysis import oversmoothing as module
from gnnlab.analysis.jacobian import jacobian_blocks
from gnnlab.analysis.oversmoothing import (
    dirichlet_energy,
    effective_rank,
    mean_average_distance,
    smoothing,
)
from gnnlab.analysis.states import layer_states
from gnnlab.errors import (
    DtypeError,
    GnnlabError,
    InputError,
    NonFiniteError,
    ShapeError,
    UnknownNameError,
)
from gnnlab.nn import (
    GATConv,
    GatedGraphConv,
    GCNConv,
    GraphRNN,
    RecurrentConv,
    accelerate,
    make_cell,
)

pytestmark = pytest.mark.usefixtures("float64")
KARATE = from_networkx(networkx.karate_club_graph()).edge_index
N = 34
PATH = torch.tensor([[0, 1, 2], [1, 2, 3]])
MEASURES = [
    "dirichlet_energy",
    "normalized_dirichlet_energy",
    "mean_average_distance",
    "mean_average_distance_all",
    "effective_rank",
]


class Pooled(nn.Module):
    """One row for the graph; the convolution works on what is pooled."""

    def __init__(self):
        super().__init__()
        self.pool, self.conv = nn.AdaptiveAvgPool1d(1), GCNConv(3, 2)

    def forward(self, x, edge_index):
        return self.conv(self.pool(x.t()).t(), edge_index[:, :0])


class Shared(nn.Module):
    """One layer, called several times, with an activation that works in place."""

    def __init__(self, conv, times):
        super().__init__()
        self.conv, self.times, self.drop = conv, times, nn.Dropout(0.5)

    def forward(self, x, edge_index, slope=0.1):
        for _ in range(self.times):
            x = functional.leaky_relu_(self.conv(self.drop(x), edge_index), slope)
        return x


MODELS = {  # and the rows below the input that their table has
    "ours gcn": (lambda: GCNConv(3, 4), ["GCNConv"]),
    "ours gat": (lambda: GATConv(3, 4, heads=2), ["GATConv"]),
    "ours gated": (lambda: GatedGraphConv(make_cell("lstm", 4, 4), 3), ["GatedGraphConv.cell"] * 3),
    "ours recurrent": (lambda: RecurrentConv(make_cell("gru", 3, 4), steps=2), ["RecurrentConv"]),
    "ours shared": (lambda: Shared(GCNConv(3, 3), 4), ["conv"] * 4),
    "ours stack": (lambda: GraphRNN(3, 4, 2), ["layers.0", "layers.1"]),
    "pyg gcn": (lambda: pyg.GCNConv(3, 4), ["GCNConv"]),
    "pyg gat": (lambda: pyg.GATConv(3, 4, heads=2), ["GATConv"]),
    "pyg gated": (lambda: pyg.GatedGraphConv(4, 3), ["GatedGraphConv.rnn"] * 3),
    "pyg fast": (lambda: accelerate(pyg.GatedGraphConv(4, 3)), ["FastGatedGraphConv.rnn"] * 3),
    "pyg model": (lambda: pyg.GCN(3, 4, num_layers=3), ["convs.0", "convs.1", "convs.2"]),
    "pyg gin": (lambda: pyg.GIN(3, 4, num_layers=2), ["convs.0", "convs.1"]),
    "pyg sage": (lambda: pyg.GraphSAGE(3, 4, num_layers=2, jk="cat"), ["convs.0", "convs.1"]),
}


@st.composite
def states_on_graphs(draw):
    num_nodes = draw(st.integers(1, 7))
    node = st.integers(0, num_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=15))
    torch.manual_seed(draw(st.integers(0, 99)))
    h = torch.randn(num_nodes, draw(st.integers(1, 4)), dtype=torch.float64)
    h[draw(st.lists(node, max_size=2))] = 0
    return h, torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).t()


def neighbours_of(edge_index, num_nodes):
    """Slow twin: the adjacency of the simple graph, entry by entry."""
    matrix = torch.zeros(num_nodes, num_nodes)
    for u, v in edge_index.t().tolist():
        if u != v:
            matrix[u, v] = matrix[v, u] = 1
    return matrix


def laplacians(edge_index, num_nodes):
    """D - A, and I minus the matrix of a GCN."""
    adjacency = neighbours_of(edge_index, num_nodes).double()
    eye = torch.eye(num_nodes)
    scale = (1 + adjacency.sum(1)).rsqrt()
    smooth = scale[:, None] * (adjacency + eye) * scale
    return torch.diag(adjacency.sum(1)) - adjacency, eye - smooth


@settings(max_examples=40, deadline=None)
@given(states_on_graphs())
def test_energies_are_the_traces_with_the_laplacians(given_states):
    h, edge_index = given_states
    for normalized, laplacian in enumerate(laplacians(edge_index, len(h))):
        expected = float((h.t() @ laplacian.double() @ h).trace())
        found = dirichlet_energy(h, edge_index, normalized=bool(normalized))
        assert found == pytest.approx(expected, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(states_on_graphs())
def test_mean_average_distance_is_the_mean_of_the_means(given_states):
    h, edge_index = given_states
    N = len(h)
    everyone = torch.ones(N, N) - torch.eye(N)
    for edges, neighbours in ((edge_index, neighbours_of(edge_index, N)), (None, everyone)):
        means = []
        for v in range(N):
            others = [u for u in range(N) if neighbours[u, v] and h[u].any() and h[v].any()]
            distances = [1 - float(functional.cosine_similarity(h[u], h[v], dim=0)) for u in others]
            means += [sum(distances) / len(distances)] if distances else []
        expected = sum(means) / len(means) if means else math.nan
        found = mean_average_distance(h, edges)
        assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_few_pairs_at_a_time_give_the_same(monkeypatch):
    h = torch.randn(N, 5)
    at_once = dirichlet_energy(h, KARATE), mean_average_distance(h, KARATE)
    monkeypatch.setattr(module, "_NUMBERS_AT_ONCE", 11)
    assert (dirichlet_energy(h, KARATE), mean_average_distance(h, KARATE)) == pytest.approx(at_once)


def test_small_angles_keep_their_digits():
    angle = 1e-10  # its cosine is 1 in float64
    h = torch.tensor([[1.0, 0.0], [math.cos(angle), math.sin(angle)]])
    edge_index = torch.tensor([[0], [1]])
    assert mean_average_distance(h, edge_index) == pytest.approx(angle**2 / 2, rel=1e-6)
    assert mean_average_distance(h) == pytest.approx(angle**2 / 2, rel=1e-6)


def test_directions_do_not_depend_on_the_size_of_the_states():
    h = torch.randn(N, 5)
    longer = h * torch.rand(N, 1).add(0.1) * 1e3
    for edges in (KARATE, None):
        assert mean_average_distance(h, edges) == pytest.approx(
            mean_average_distance(longer, edges)
        )
    assert effective_rank(h) == pytest.approx(effective_rank(1e-6 * h))


@pytest.mark.parametrize(("values", "expected"), [((1, 1, 1), 3), ((5, 0, 0), 1), ((0, 0, 0), 0)])
def test_effective_rank_counts_equal_singular_values(values, expected):
    left, right = torch.linalg.qr(torch.randn(6, 3))[0], torch.linalg.qr(torch.randn(3, 3))[0]
    h = left @ torch.diag(torch.tensor(values).double()) @ right
    assert effective_rank(h) == pytest.approx(expected, abs=1e-10)


def test_effective_rank_is_the_entropy_of_the_singular_values():
    h = torch.diag(torch.tensor([3.0, 1.0]))
    assert effective_rank(h) == pytest.approx(
        math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    )


def test_one_direction_is_all_smooth():
    h = torch.rand(N, 1).add(1) * torch.randn(1, 6)
    assert effective_rank(h) == pytest.approx(1)
    assert mean_average_distance(h, KARATE) == pytest.approx(0, abs=1e-14)
    assert dirichlet_energy(h, KARATE) > 1  # they are still of unequal length


@pytest.mark.parametrize("name", MODELS)
def test_every_call_of_a_layer_is_a_row(name):
    make, rows = MODELS[name]
    edge_index = PATH if name == "ours stack" else KARATE
    x = torch.randn(int(edge_index.max()) + 1, 3)
    table = smoothing(make(), x, edge_index)
    assert table["layer"].tolist() == ["x", *rows]
    assert table["depth"].tolist() == list(range(len(rows) + 1))
    assert (table[MEASURES[:4]] > 0).all(axis=None)
    assert table["effective_rank"].iloc[0] == pytest.approx(effective_rank(x))


def test_rows_are_the_states_at_that_moment():
    model = Shared(GCNConv(3, 3), 3)
    x = torch.randn(N, 3)
    table = smoothing(model, x, KARATE, slope=0.3)
    model.eval()
    for depth in range(1, 4):
        h = model.conv(x, KARATE)
        assert table["dirichlet_energy"][depth] == pytest.approx(dirichlet_energy(h, KARATE))
        x = functional.leaky_relu(h, 0.3)


def test_named_layers_are_looked_at_instead():
    model = pyg.GCN(3, 4, num_layers=3, act="relu")
    x = torch.randn(N, 3)
    table = smoothing(model, x, KARATE, layers=["act"])
    assert table["layer"].tolist() == ["x", "act", "act"]
    (_, first), _ = layer_states(model, x, KARATE, layers=["act"])
    torch.testing.assert_close(first, model.convs[0](x, KARATE).relu())


def test_parts_of_a_convolution_are_not_rows():
    class Outer(pyg.MessagePassing):
        def __init__(self):
            super().__init__()
            self.inner = pyg.GCNConv(3, 4)

        def forward(self, x, edge_index):
            return self.inner(x, edge_index)

    states = layer_states(nn.ModuleDict({"outer": Outer()})["outer"], torch.randn(N, 3), KARATE)
    assert [state.layer for state in states] == ["Outer"]


def test_several_heads_and_tuples_are_one_state():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = pyg.GATConv(3, 4, heads=2)

        def forward(self, x, edge_index):
            return self.conv(x, edge_index, return_attention_weights=True)[0].sum()

    ((layer, h),) = layer_states(Model(), torch.randn(N, 3), KARATE)
    assert (layer, h.shape) == ("conv", (N, 8))


def test_model_is_handed_back_as_it_was():
    model = pyg.GCN(3, 4, num_layers=2, dropout=0.5)
    model.convs[1].eval()
    before = [module.training for module in model.modules()]
    smoothing(model, torch.randn(N, 3), KARATE)
    with pytest.raises(GnnlabError, match="not finite"):
        smoothing(model, torch.full((N, 3), math.nan), KARATE)
    assert [module.training for module in model.modules()] == before
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("conv", [GCNConv, pyg.GCNConv], ids=["ours", "pyg"])
def test_energies_of_a_linear_gcn_follow_from_the_eigenvalues(conv):
    """H_k = A_hat^k X W^k: each eigenvector of A_hat fades with the power of its eigenvalue."""
    rotation = torch.linalg.qr(torch.randn(5, 5))[0]
    model = Shared(conv(5, 5, bias=False), 40)
    model.conv.lin.weight.data = 0.9 * rotation
    x = torch.randn(N, 5)
    table = smoothing(model, x, KARATE, slope=1.0)  # the activation does nothing
    values, vectors = torch.linalg.eigh(torch.eye(N) - laplacians(KARATE, N)[1])
    share = (vectors.t() @ x).square().sum(1)
    for depth in range(41):
        size = 0.9 ** (2 * depth) * values ** (2 * depth) * share
        expected = float(((1 - values) * size).sum())
        assert table["normalized_dirichlet_energy"][depth] == pytest.approx(expected, rel=1e-9)
    # In the end the second largest eigenvalue alone decides.
    pace = (
        table["normalized_dirichlet_energy"].iloc[-1]
        / table["normalized_dirichlet_energy"].iloc[-2]
    )
    assert pace == pytest.approx(float((0.9 * values[-2]) ** 2), rel=0.02)


@pytest.mark.parametrize("conv", [GCNConv, pyg.GCNConv], ids=["ours", "pyg"])
def test_singular_values_of_a_linear_layer_are_products(conv):
    """Squared: those of A_hat times those of W, `paper <https://arxiv.org/abs/2502.10818>`_."""
    layer = conv(3, 4)
    blocks = jacobian_blocks(layer, torch.randn(N, 3), KARATE)  # [N, N, 4, 3]
    found = torch.linalg.svdvals(blocks.transpose(1, 2).reshape(N * 4, N * 3)).square()
    smooth = torch.eye(N) - laplacians(KARATE, N)[1]
    W = layer.lin.weight
    products = torch.outer(torch.linalg.eigvalsh(smooth).square(), torch.linalg.eigvalsh(W.t() @ W))
    expected = products.flatten().sort(descending=True).values
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_a_deep_gcn_smooths_and_one_that_remembers_does_not():
    x = torch.randn(N, 8)
    deep = smoothing(Shared(GCNConv(8, 8), 30), x, KARATE)["mean_average_distance"]
    gated = smoothing(GatedGraphConv(make_cell("gru", 8, 8), 30), x, KARATE)[
        "mean_average_distance"
    ]
    assert deep.iloc[-1] < 1e-3 * deep.iloc[0]
    assert gated.iloc[-1] > 10 * deep.iloc[-1]


def test_graphs_without_edges_or_nodes_have_no_pairs():
    none = torch.empty(2, 0, dtype=torch.int64)
    table = smoothing(GCNConv(3, 4), torch.randn(2, 3), none)
    assert (table["dirichlet_energy"] == 0).all()
    assert table["mean_average_distance"].isna().all()
    assert table["mean_average_distance_all"].notna().all()
    assert (effective_rank(torch.empty(0, 3)), dirichlet_energy(torch.empty(0, 3), none)) == (0, 0)
    assert math.isnan(mean_average_distance(torch.empty(0, 3)))


X = torch.zeros(N, 3, dtype=torch.float64)
BAD = {
    "no module": (lambda x, edge_index: x, X, {}, InputError, "torch.nn.Module"),
    "no convolution": (nn.Bilinear(3, 3, 2), X, {}, InputError, "no graph convolution"),
    "unknown layer": (GCNConv(3, 2), X, {"layers": ["mordor"]}, UnknownNameError, "GCNConv, lin"),
    "not called": (
        Shared(GCNConv(3, 3), 0),
        X,
        {"layers": ["conv"]},
        InputError,
        "does not call this layer",
    ),
    "only pooled": (Pooled(), X, {}, InputError, "no graph convolution"),
    "pooled": (Pooled(), X, {"layers": ["pool"]}, ShapeError, "a row for each of the 34 nodes"),
    "whole numbers": (GCNConv(3, 2), X.long(), {}, DtypeError, "floating-point"),
    "one dimension": (GCNConv(3, 2), X[0], {}, ShapeError, r"\[N, F\]"),
    "too few nodes": (GCNConv(3, 2), X[1:], {}, InputError, "an edge leaves the graph of 33"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(name):
    model, x, arguments, error, words = BAD[name]
    if isinstance(model, nn.Module):
        model = model.double()
    with pytest.raises(error, match=words):
        smoothing(model, x, KARATE, **arguments)


def test_exploding_states_are_refused_by_name():
    model = pyg.GCN(3, 3, num_layers=3)
    model.convs[1].lin.weight.data *= math.inf
    with pytest.raises(NonFiniteError, match=r"layer convs\.1"):
        smoothing(model, torch.rand(N, 3) + 1, KARATE)
