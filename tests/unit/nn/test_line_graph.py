from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.errors import InputError
from gnnlab.nn import RecurrentConv, RNNCell, line_graph, reference


@given(st.integers(0, 2**31), st.integers(1, 8), st.integers(0, 25))
@settings(max_examples=40, deadline=None)
def test_agrees_with_looking_at_every_pair(seed, num_nodes, num_edges):
    generator = torch.Generator().manual_seed(seed)
    edge_index = torch.randint(num_nodes, (2, num_edges), generator=generator)
    found = line_graph(edge_index, num_nodes)
    pairs = [tuple(pair) for pair in found.t().tolist()]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == reference.line_graph(edge_index, num_nodes)
    assert (found[1].diff() >= 0).all()


def test_an_end_that_is_no_node():
    with pytest.raises(InputError, match="edge_index"):
        line_graph(torch.tensor([[0], [3]]), 3)


def test_a_plain_recurrent_layer_on_it_is_directed_message_passing():
    # h(u->v) = relu(W x(u->v) + b + U (all that arrives at u - what v sent)), three times
    torch.manual_seed(0)
    bonds = torch.tensor([[0, 1, 1, 2, 3], [1, 2, 3, 4, 4]])
    edge_index = torch.stack([bonds, bonds.flip(0)], dim=2).flatten(1)  # e and e ^ 1 are opposite
    x = torch.randn(10, 4).double()
    cell = RNNCell(4, 6, nonlinearity="relu").double()
    conv = RecurrentConv(cell, executor="sync", steps=3)
    first = x @ cell.weight_ih.t() + cell.bias
    h = first.relu()
    for _ in range(2):
        arriving = torch.zeros(5, 6).double().index_add(0, edge_index[1], h)
        message = arriving[edge_index[0]] - h[torch.arange(10) ^ 1]
        h = (first + message @ cell.weight_hh.t()).relu()
    torch.testing.assert_close(conv(x, line_graph(edge_index, 5)), h)
