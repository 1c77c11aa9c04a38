"""What holds for GCNConv alone; what it shares with other layers is in test_convolutions.py."""

from __future__ import annotations

import pytest
import torch
from torch_geometric import nn as pyg

from gnnlab.errors import InputError, ShapeError, UnknownNameError
from gnnlab.nn import gcn
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.gcn import GCNConv


def directed_graph(seed, num_nodes=8, num_edges=20):
    """A directed graph with duplicate edges and without self loops."""
    generator = torch.Generator().manual_seed(seed)
    source = torch.randint(0, num_nodes, (num_edges,), generator=generator)
    step = torch.randint(1, num_nodes, (num_edges,), generator=generator)
    return torch.stack([source, (source + step) % num_nodes])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_equals_pyg_with_its_weights(seed, is_weighted, bias):
    theirs = pyg.GCNConv(3, 5, bias=bias).double()
    ours = GCNConv(3, 5, bias=bias).double()
    ours.load_state_dict(theirs.state_dict())
    x, edge_index = torch.randn(8, 3, dtype=torch.float64), directed_graph(seed)
    weight = torch.rand(20, dtype=torch.float64) if is_weighted else None
    torch.testing.assert_close(ours(x, edge_index, weight), theirs(x, edge_index, weight))
    assert repr(ours) == repr(theirs) == "GCNConv(3, 5)"


def test_dense_is_not_transposed_on_directed_graphs():
    layer, x = GCNConv(3, 5), torch.randn(4, 3)
    path = torch.tensor([[0, 1, 2], [1, 2, 3]])
    matrix = torch.diag(torch.ones(3), 1)  # entry [u, v] is the edge u -> v
    torch.testing.assert_close(layer(x, matrix), layer(x, path))
    assert not torch.allclose(layer(x, matrix.t()), layer(x, path))


def test_an_own_loop_counts_in_addition():
    layer = GCNConv(1, 1, bias=False)
    torch.nn.init.ones_(layer.lin.weight)
    edge_index = torch.tensor([[0, 1], [1, 1]])  # degrees with the identity: 1 and 3
    out = layer(torch.tensor([[1.0], [0.0]]), edge_index)
    torch.testing.assert_close(out, torch.tensor([[1.0], [3**-0.5]]))
    out = layer(torch.tensor([[0.0], [1.0]]), edge_index)
    torch.testing.assert_close(out, torch.tensor([[0.0], [2 / 3]]))


@pytest.mark.parametrize("normalize", ["sym", "row", None])
def test_equal_self_weight_is_the_plain_layer(normalize):
    plain = GCNConv(3, 5, normalize=normalize).double()
    separate = GCNConv(3, 5, normalize=normalize, self_weight=True).double()
    weight = plain.lin.weight
    separate.load_state_dict({**plain.state_dict(), "lin_self.weight": weight})
    x, edge_index = torch.randn(8, 3, dtype=torch.float64), directed_graph(0)
    edge_index[:, 0] = 4  # a self loop
    torch.testing.assert_close(separate(x, edge_index), plain(x, edge_index))
    torch.nn.init.zeros_(separate.lin_self.weight)
    assert not torch.allclose(separate(x, edge_index), plain(x, edge_index))


def test_self_weight_tells_a_node_from_its_neighbours():
    layer = GCNConv(1, 1, self_weight=True, normalize="row", bias=False)
    torch.nn.init.ones_(layer.lin.weight)
    torch.nn.init.constant_(layer.lin_self.weight, 10)
    out = layer(torch.tensor([[1.0], [2.0]]), torch.tensor([[0, 1], [1, 0]]))
    torch.testing.assert_close(out, torch.tensor([[(10 + 2) / 2], [(20 + 1) / 2]]))


@pytest.mark.parametrize(
    ("self_weight", "bias", "expected"),
    [(False, True, 3 * 5 + 5), (False, False, 3 * 5), (True, True, 2 * 3 * 5 + 5)],
)
def test_number_of_parameters(self_weight, bias, expected):
    layer = GCNConv(3, 5, self_weight=self_weight, bias=bias)
    assert sum(parameter.numel() for parameter in layer.parameters()) == expected


@pytest.mark.parametrize(("in_channels", "out_channels"), [(2, 7), (7, 2)])
def test_sums_over_the_narrower_width(monkeypatch, in_channels, out_channels):
    widths = []

    def spy(adjacency, x, aggregate=gcn.aggregate):
        widths.append(x.size(1))
        return aggregate(adjacency, x)

    monkeypatch.setattr(gcn, "aggregate", spy)
    GCNConv(in_channels, out_channels)(torch.randn(8, in_channels), directed_graph(0))
    assert widths == [2]


def test_prepared_adjacency_serves_many_steps():
    layer, x = GCNConv(3, 5), torch.randn(8, 3)
    adjacency = Adjacency.from_edge_index(directed_graph(0), 8)
    for _ in range(2):
        layer(x, adjacency).sum().backward()
    normalized = adjacency.normalized("sym", x.dtype)
    layer(x, adjacency)
    assert adjacency.normalized("sym", x.dtype) is normalized


def test_unknown_normalisation():
    with pytest.raises(UnknownNameError, match=r"'mean'.*'sym', 'row', None"):
        GCNConv(3, 4, normalize="mean")


def test_bad_edge_weights():
    layer, x, edge_index = GCNConv(3, 4), torch.ones(8, 3), directed_graph(0)
    with pytest.raises(ShapeError, match="20 edges"):
        layer(x, edge_index, torch.ones(19))
    with pytest.raises(InputError, match="positive sum"):
        layer(x, edge_index, -torch.ones(20))
    with pytest.raises(InputError, match="holds its own weights"):
        layer(x, torch.eye(8), torch.ones(20))


def test_lazy_width_is_read_off_the_first_input():
    lazy, edge_index = GCNConv(-1, 4, self_weight=True), torch.tensor([[0], [1]])
    assert lazy(torch.randn(2, 5), edge_index).shape == (2, 4)
    with pytest.raises(ShapeError, match="takes 5 features"):
        lazy(torch.randn(2, 3), edge_index)
