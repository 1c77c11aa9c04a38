"""What holds for GATConv alone; what it shares with other layers is in test_convolutions.py."""

from __future__ import annotations

import pytest
import torch
from torch_geometric import nn as pyg
from torch_geometric.utils import coalesce, erdos_renyi_graph, scatter

from gnnlab.errors import InputError
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.attention import GATConv

EDGES = torch.tensor([[0, 2, 2, 3, 1, 1], [1, 1, 1, 3, 3, 0]])  # 2 -> 1 twice, 3 -> 3, 4 is alone


@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("concat", [True, False])
@pytest.mark.parametrize("self_loops", [True, False])
def test_equals_pyg_with_its_weights(heads, concat, self_loops):
    options = {"heads": heads, "concat": concat, "negative_slope": 0.1}
    theirs = pyg.GATConv(3, 5, add_self_loops=self_loops, **options).double()
    ours = GATConv(3, 5, self_loops=self_loops, **options).double()
    ours.load_state_dict(theirs.state_dict())
    assert repr(ours) == repr(theirs)
    for _ in range(10):
        edge_index = erdos_renyi_graph(9, 0.3, directed=True)
        edge_index = torch.cat([edge_index, torch.tensor([[2, 5], [2, 5]])], dim=1)
        x = torch.randn(9, 3, dtype=torch.float64)
        torch.testing.assert_close(ours(x, edge_index), theirs(x, edge_index))


@pytest.mark.parametrize("self_loops", [True, False])
def test_attention_sums_to_one_at_every_target(self_loops):
    layer = GATConv(3, 4, heads=2, self_loops=self_loops, dropout=0.5)
    out, (edges, alpha) = layer(torch.randn(5, 3), EDGES, return_attention=True)
    assert out.shape == (5, 8)
    assert alpha.shape == (edges.size(1), 2)
    sums = scatter(alpha, edges[1], dim_size=5)
    has_neighbour = torch.tensor([True, True, self_loops, True, self_loops])
    torch.testing.assert_close(sums, has_neighbour.float().unsqueeze(1).expand(5, 2))
    expected = {(0, 1), (2, 1), (3, 3), (1, 3), (1, 0)}
    expected |= {(v, v) for v in range(5)} if self_loops else set()
    assert set(map(tuple, edges.t().tolist())) == expected
    assert edges.size(1) == len(expected)


def test_attention_rebuilds_the_output():
    layer, x = GATConv(3, 4).double(), torch.randn(5, 3, dtype=torch.float64)
    out, (edges, alpha) = layer(x, EDGES, return_attention=True)
    messages = alpha * layer.lin(x)[edges[0]]
    torch.testing.assert_close(scatter(messages, edges[1], dim_size=5), out)


def test_attention_of_a_padded_batch_has_ids_of_its_own():
    matrices = torch.stack([Adjacency.of(EDGES, 5).to_dense(), torch.zeros(5, 5)])
    layer, x = GATConv(3, 4, heads=2), torch.randn(2, 5, 3)
    out, (edges, alpha) = layer(x, matrices, return_attention=True)
    _, (one_edges, one_alpha) = layer(x[0], EDGES, return_attention=True)
    assert out.shape == (2, 5, 8)
    ours = {tuple(e): a for e, a in zip(edges.t().tolist(), alpha.tolist(), strict=True)}
    for edge, weight in zip(one_edges.t().tolist(), one_alpha.tolist(), strict=True):
        assert ours.pop(tuple(edge)) == pytest.approx(weight)
    assert ours == {(v, v): [1.0, 1.0] for v in range(5, 10)}


def test_only_the_pattern_counts():
    layer, x = GATConv(3, 4), torch.randn(5, 3)
    expected = layer(x, coalesce(EDGES))
    weighted = Adjacency.from_edge_index(EDGES, 5, torch.tensor([3.0, 1, 2, -5, 0.1, 7]))
    torch.testing.assert_close(layer(x, EDGES), expected)
    torch.testing.assert_close(layer(x, weighted), expected)


def test_no_neighbour_gives_the_bias():
    layer = GATConv(3, 4, heads=2, self_loops=False)
    torch.nn.init.normal_(layer.bias)
    out = layer(torch.randn(5, 3), EDGES)
    assert torch.equal(out[4], layer.bias)
    assert not torch.equal(out[1], layer.bias)
    nothing = layer(torch.randn(5, 3), EDGES[:, :0])
    assert torch.equal(nothing, layer.bias.expand(5, -1))


def test_large_scores_do_not_overflow():
    layer = GATConv(3, 4).double()
    out, (_, alpha) = layer(
        1e6 * torch.randn(5, 3, dtype=torch.float64), EDGES, return_attention=True
    )
    assert out.isfinite().all()
    assert alpha.isfinite().all()


def test_dropout_acts_in_training_only():
    layer, x = GATConv(3, 4, dropout=0.9), torch.randn(5, 3)
    without = GATConv(3, 4)
    without.load_state_dict(layer.state_dict())
    torch.manual_seed(0)
    assert not torch.equal(layer(x, EDGES), without(x, EDGES))
    assert torch.equal(layer.eval()(x, EDGES), without(x, EDGES))


@pytest.mark.parametrize(
    ("heads", "concat", "bias", "expected"),
    [(1, True, True, 12 + 8 + 4), (3, True, True, 36 + 24 + 12), (3, False, False, 36 + 24)],
)
def test_number_of_parameters(heads, concat, bias, expected):
    layer = GATConv(3, 4, heads, concat=concat, bias=bias)
    assert sum(parameter.numel() for parameter in layer.parameters()) == expected


@pytest.mark.parametrize("options", [{"heads": 0}, {"dropout": -0.1}, {"dropout": 1.5}])
def test_settings_that_make_no_sense(options):
    (name,) = options
    with pytest.raises(InputError, match=f"at: {name}"):
        GATConv(3, 4, **options)


def test_lazy_width_is_read_off_the_first_input():
    lazy = GATConv(-1, 4, heads=2)
    assert lazy(torch.randn(5, 6), EDGES).shape == (5, 8)
    with pytest.raises(InputError, match="takes 6 features"):
        lazy(torch.randn(5, 3), EDGES)
