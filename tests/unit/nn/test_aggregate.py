from __future__ import annotations

import pytest
import torch

from gnnlab.errors import ShapeError
from gnnlab.nn.adjacency import LAYOUTS, Adjacency
from gnnlab.nn.aggregate import aggregate

EDGES = torch.tensor([[0, 0, 1, 2, 2, 2], [1, 1, 2, 2, 0, 1]])  # twice 0 -> 1, and a self loop
X = torch.arange(8.0, dtype=torch.float64).view(4, 2)


def in_layout(layout, edge_weight=None):
    return Adjacency.from_edge_index(EDGES, 4, edge_weight).to_layout(layout)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_sums_over_the_predecessors(layout):
    adjacency = in_layout(layout)
    assert adjacency.layout == layout
    expected = torch.stack([X[2], 2 * X[0] + X[2], X[1] + X[2], 0 * X[3]])
    torch.testing.assert_close(aggregate(adjacency, X), expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradients_reach_weights_and_features(layout):
    weight = torch.rand(6, dtype=torch.float64).requires_grad_()
    x = X.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda w, x: aggregate(in_layout(layout, w), x), (weight, x))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_computes_in_the_type_of_the_features(layout, dtype):
    adjacency = in_layout(layout, torch.rand(6, dtype=torch.float64))
    assert aggregate(adjacency, X.to(dtype)).dtype == dtype


def test_batch_keeps_its_graphs_apart():
    matrices = torch.rand(2, 4, 4, dtype=torch.float64)
    x = torch.rand(2, 4, 3, dtype=torch.float64)
    out = aggregate(Adjacency.from_dense(matrices), x)
    for graph in range(2):
        expected = aggregate(Adjacency.from_dense(matrices[graph]), x[graph])
        torch.testing.assert_close(out[graph], expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_another_number_of_nodes_is_an_error(layout):
    with pytest.raises(ShapeError, match=r"\[4, 'F'\].*found: \[3, 2\]"):
        aggregate(in_layout(layout), X[:3])
