"""Recurrent aggregation: a group's result is its own, as a drop-in for PyG's."""

import pytest
import torch
from torch_geometric.nn import SAGEConv, aggr

from gnnlab.errors import InputError
from gnnlab.nn import GRUAggregation, LSTMAggregation

pytestmark = pytest.mark.usefixtures("float64")

AGGREGATIONS = {
    LSTMAggregation: (torch.nn.LSTM, aggr.LSTMAggregation),
    GRUAggregation: (torch.nn.GRU, aggr.GRUAggregation),
}
INDEX = torch.tensor([0, 0, 0, 2, 3, 3, 3, 3, 3])


@pytest.mark.parametrize("kind", AGGREGATIONS)
def test_equals_a_network_over_each_group(kind):
    aggregate, x = kind(3, 5), torch.randn(9, 3)
    network = aggregate.conv.cell.to_torch()
    out = aggregate(x, INDEX)
    for group in range(4):
        expected = torch.zeros(5)
        members = x[INDEX.eq(group)]
        if len(members):
            expected = network(members)[0][-1]
        torch.testing.assert_close(out[group], expected, rtol=0, atol=1e-14)
    ptr = torch.tensor([0, 3, 3, 4, 9])
    torch.testing.assert_close(aggregate(x, ptr=ptr), out, rtol=0, atol=0)
    place = torch.tensor([3, 0, 4, 1, 5, 6, 2, 7, 8])  # keeps the order inside the groups
    torch.testing.assert_close(aggregate(x[place], INDEX[place]), out, rtol=0, atol=0)
    assert aggregate(x, INDEX, dim_size=6)[4:].eq(0).all()
    torch.testing.assert_close(aggregate(x)[0], network(x)[0][-1], rtol=0, atol=1e-14)
    assert aggregate(x[:0], INDEX[:0], dim_size=2).eq(0).all()


@pytest.mark.parametrize("kind", AGGREGATIONS)
def test_a_group_does_not_see_its_company_while_in_pyg_it_does(kind):
    x = torch.randn(9, 3)
    ours, theirs = kind(3, 5), AGGREGATIONS[kind][1](3, 5)
    small, index = x[:3], INDEX[:3]
    alone, together = ours(small, index)[0], ours(x, INDEX)[0]
    torch.testing.assert_close(alone, together, rtol=0, atol=1e-14)
    assert (theirs(small, index)[0] - theirs(x, INDEX)[0]).abs().max() > 1e-3


@pytest.mark.parametrize("kind", AGGREGATIONS)
def test_works_inside_a_layer_of_pyg(kind):
    conv = SAGEConv(3, 3, aggr=kind(3, 3))
    out = conv(torch.randn(4, 3), torch.tensor([[0, 1, 2, 3], [1, 1, 3, 0]]))
    out.sum().backward()
    assert out.shape == (4, 3)
    assert conv.aggr_module.conv.cell.weight_ih.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", AGGREGATIONS)
def test_gradients(kind):
    aggregate = kind(2, 3)
    x = torch.randn(5, 2, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: aggregate(x, torch.tensor([1, 1, 0, 2, 1])), x)


def test_only_rows_can_be_grouped():
    with pytest.raises(InputError, match=r"\[N, F\]"):
        LSTMAggregation(3, 5)(torch.randn(2, 4, 3), INDEX)
