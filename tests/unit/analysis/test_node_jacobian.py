from __future__ import annotations

import pytest
import torch
import torch_geometric.nn as pyg
from torch import nn
from torch_geometric.data import Data
from torch_geometric.utils import influence as pyg_influence
from torch_geometric.utils import to_undirected

from gnnlab.analysis import jacobian
from gnnlab.analysis.jacobian import (
    ORDERS,
    jacobian_blocks,
    measured_field,
    node_jacobian,
    total_influence,
)
from gnnlab.analysis.paths import distances, receptive_field
from gnnlab.errors import GnnlabError, InputError, MemoryLimitError, ShapeError, UnknownNameError
from gnnlab.nn import CELLS, GATConv, GatedGraphConv, GCNConv, RecurrentConv, make_cell

pytestmark = pytest.mark.usefixtures("float64")
PATH = torch.stack([torch.arange(5), torch.arange(1, 6)])
EDGES = torch.tensor(
    [[0, 1, 2, 3, 4, 5, 6, 2, 0], [1, 2, 3, 4, 5, 6, 7, 0, 5]]
)  # 8 nodes, directed


class TwoLayers(nn.Module):
    """Dropout between the layers, so that training and eval mode differ."""

    def __init__(self, conv, width=4):
        super().__init__()
        self.first, self.second = conv(3, width), conv(width, 2)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x, edge_index, edge_weight=None):
        weight = () if edge_weight is None else (edge_weight,)
        h = self.dropout(self.first(x, edge_index, *weight).tanh())
        return self.second(h, edge_index, *weight)


class Stubborn(torch.autograd.Function):
    """A backward pass that looks at its values, which a batched pass cannot."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient if gradient.abs().sum().item() > 0 else torch.zeros_like(gradient)


def loop(model, x, edge_index, sources, targets, **arguments):
    """Slow twin: one call of autograd for each target and channel, ``[T, S, H, F]``."""
    x = x.clone().requires_grad_()
    out = model(x, edge_index, **arguments)
    blocks = torch.zeros(len(targets), len(sources), out.size(1), x.size(1))
    for row, target in enumerate(targets):
        for channel in range(out.size(1)):
            (gradient,) = torch.autograd.grad(out[target, channel], x, retain_graph=True)
            for column, source in enumerate(sources):
                blocks[row, column, channel] = gradient[source]
    return blocks


MODELS = {
    "gcn": lambda: TwoLayers(GCNConv),
    "gat": lambda: TwoLayers(GATConv),
    "gated": lambda: GatedGraphConv(make_cell("gru", 4, 4), steps=2),
    "recurrent": lambda: RecurrentConv(make_cell("lstm", 3, 4), steps=2),
    "pyg gcn": lambda: TwoLayers(pyg.GCNConv),
    "pyg gat": lambda: TwoLayers(pyg.GATConv),
    "pyg sage": lambda: TwoLayers(pyg.SAGEConv),
    "stubborn": lambda: (
        lambda x, edge_index: Stubborn.apply(x).index_add(0, edge_index[1], x[edge_index[0]] ** 2)
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_equals_the_loop(name, monkeypatch):
    model = MODELS[name]()
    if isinstance(model, nn.Module):
        model.eval()
    x, sources, targets = torch.randn(8, 3), [5, 0, 0, 3], [7, 2, 5]
    expected = loop(model, x, EDGES, sources, targets)
    norms = {
        "fro": expected.square().sum((2, 3)).sqrt(),
        "l1": expected.abs().sum((2, 3)),
        "spectral": torch.linalg.svdvals(expected)[..., 0],
    }
    assert (norms["fro"] > 0).any()
    for chunk in (jacobian._CHUNK, 300, 1):  # all at once, some rows, row by row
        monkeypatch.setattr(jacobian, "_CHUNK", chunk)
        blocks = jacobian_blocks(model, x, EDGES, sources, targets)
        torch.testing.assert_close(blocks, expected, rtol=0, atol=1e-12)
        for order in ORDERS:
            found = node_jacobian(model, x, EDGES, sources, targets, order=order)
            torch.testing.assert_close(found, norms[order], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_all_rows_are_one_pass_where_that_is_possible(name, monkeypatch):
    calls, real = [], torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda *a, **k: calls.append(a) or real(*a, **k))
    out = MODELS[name]()(x := torch.randn(8, 3), EDGES)
    node_jacobian(MODELS[name](), x, EDGES)
    assert len(calls) == (1 + out.numel() if name == "stubborn" else 1)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("executor", ["auto", "levels"])
def test_on_a_path_it_is_the_product_of_the_steps(name, executor):
    cell = make_cell(name, 3, 4)
    x = torch.randn(6, 3)
    blocks = jacobian_blocks(RecurrentConv(cell, executor=executor), x, PATH)  # [6, 6, H, F]

    def step(row, *state):
        projected = cell.project(row)
        return torch.cat(cell.update(projected, cell.message(state, projected))[0], dim=1)

    state = tuple(torch.zeros(1, 4) for _ in cell.state_names)
    by_input, by_state = [], []  # d state_t / d x_t and d state_t / d state_{t-1}, all of the state
    for row in x.split(1):
        to_input, *to_state = torch.autograd.functional.jacobian(step, (row, *state))
        by_input.append(to_input.flatten(0, 1).flatten(1))
        by_state.append(torch.cat([part.flatten(0, 1).flatten(1) for part in to_state], dim=1))
        state = step(row, *state).detach().split(4, dim=1)
    for source in range(6):
        product = by_input[source]
        for target in range(source, 6):
            if target > source:
                product = by_state[target] @ product
            assert (blocks[target, source] - product[:4]).abs().max() < 1e-10
            assert blocks[target, source].abs().max() > 1e-8
        assert (blocks[:source, source] == 0).all()


@pytest.mark.parametrize("conv", [GCNConv, pyg.GCNConv, GATConv])
def test_zero_outside_the_receptive_field_and_only_there(conv):
    model, x = TwoLayers(conv), torch.randn(8, 3)
    norms = node_jacobian(model, x, EDGES)
    for node in range(8):
        field = receptive_field(EDGES, node, 2).tolist()
        assert norms[node].nonzero().flatten().tolist() == field
        assert measured_field(model, x, EDGES, node).tolist() == field


def test_tiny_norms_do_not_vanish_in_float32():
    x = torch.ones(1, 2, dtype=torch.float32)
    norms = node_jacobian(lambda x, edges: 1e-30 * x, x, PATH[:, :0])
    assert norms.dtype == torch.float32
    assert abs(norms.item() / (2**0.5 * 1e-30) - 1) < 1e-5


def test_modes_and_gradients_are_left_as_they_were():
    model = TwoLayers(GCNConv)
    model.first.eval()
    x = torch.randn(8, 3)
    with torch.no_grad():
        one, two = (node_jacobian(model, x, EDGES) for _ in range(2))
    assert torch.equal(one, two)  # no dropout
    assert (model.training, model.first.training, model.second.training) == (True, False, True)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not x.requires_grad
    assert not one.requires_grad


def test_mode_is_restored_after_an_error():
    model = nn.Linear(3, 2)
    with pytest.raises(TypeError):
        node_jacobian(model, torch.randn(8, 3), EDGES)
    assert model.training


def test_arguments_go_to_the_model():
    model, weight = TwoLayers(GCNConv).eval(), torch.rand(EDGES.size(1))
    x = torch.randn(8, 3)
    expected = loop(model, x, EDGES, range(8), range(8), edge_weight=weight)
    found = node_jacobian(model, x, EDGES, order="l1", edge_weight=weight)
    torch.testing.assert_close(found, expected.abs().sum((2, 3)))


@pytest.mark.parametrize("max_hops", [3, 4])
@pytest.mark.parametrize("directed", [True, False])
def test_total_influence_is_that_of_pyg(max_hops, directed):
    edge_index = EDGES if directed else to_undirected(EDGES)
    # PyG's function adds up in float32 only.
    x, model = torch.randn(8, 3).float(), TwoLayers(pyg.GCNConv).float().eval()
    per_hop, breadth = total_influence(model, x, edge_index, max_hops)
    data = Data(x=x, edge_index=edge_index)
    mean, expected_breadth = pyg_influence.total_influence(
        model, data, max_hops, normalize=True, average=True
    )
    torch.testing.assert_close(per_hop.mean(0) / per_hop[:, 0].mean(), mean)
    assert breadth == pytest.approx(expected_breadth, rel=1e-6)
    for node in range(8):
        expected = pyg_influence.jacobian_l1(model, data, max_hops, node, "cpu")
        found = node_jacobian(model, x, edge_index, targets=node, order="l1")[0]
        torch.testing.assert_close(found, expected)


def test_total_influence_counts_every_node_once_within_reach():
    x, model = torch.randn(8, 3), TwoLayers(GCNConv)
    influence = total_influence(model, x, EDGES, max_hops=1, targets=[6, 2])
    norms = node_jacobian(model, x, EDGES, targets=[6, 2], order="l1")
    near = torch.from_numpy(distances(EDGES.flip(0), [6, 2], 8) <= 1)
    torch.testing.assert_close(influence.per_hop.sum(1), (norms * near).sum(1))
    assert influence.per_hop.shape == (2, 2)


def test_no_nodes_asked_for():
    x = torch.randn(8, 3)
    assert node_jacobian(GCNConv(3, 2), x, EDGES, sources=[]).shape == (8, 0)
    assert jacobian_blocks(GCNConv(3, 2), x, EDGES, targets=[]).shape == (0, 8, 2, 3)
    assert node_jacobian(lambda x, edges: x[:, :0], x, EDGES).tolist() == [[0] * 8] * 8


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sources": 8}, InputError, "sources; found: 8"),
        ({"targets": [0, -1]}, InputError, "targets; found: -1"),
        ({"order": "nuclear"}, UnknownNameError, "fro, l1, spectral"),
        ({"x": torch.randn(8)}, ShapeError, "x"),
        ({"model": lambda x, edges: x.mean(0, keepdim=True)}, ShapeError, r"\[1, 3\]"),
        ({"model": lambda x, edges: x.sum(1)}, ShapeError, "8 nodes"),
        ({"model": lambda x, edges: (x, x)}, ShapeError, "tuple"),
        ({"model": lambda x, edges: x.detach()}, InputError, "does not depend on x"),
        ({"model": lambda x, edges: nn.Linear(3, 2)(torch.ones(8, 3))}, InputError, "depend"),
    ],
)
def test_bad_input_to_the_jacobian_is_named(options, error, message):
    defaults = {"model": lambda x, edges: 2 * x, "x": torch.randn(8, 3), "edge_index": EDGES}
    with pytest.raises(error, match=message) as caught:
        node_jacobian(**defaults | options)
    assert isinstance(caught.value, GnnlabError)


def test_a_result_that_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(jacobian, "available_memory", lambda device: 1000)
    assert node_jacobian(GCNConv(3, 2), torch.randn(8, 3), EDGES, targets=[1]).shape == (1, 8)
    with pytest.raises(MemoryLimitError, match=r"\[8, 8\] needs 512.0 B"):
        node_jacobian(GCNConv(3, 2), torch.randn(8, 3), EDGES)
