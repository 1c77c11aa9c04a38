"""What every layout promises for every reduction, each compared with the slow twin."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck
from torch.func import hessian, jacfwd, jacrev, jvp, vmap

from gnnlab.errors import InputError, ShapeError, UnknownNameError
from gnnlab.nn import reference
from gnnlab.nn.adjacency import LAYOUTS, Adjacency
from gnnlab.nn.aggregate import REDUCTIONS, aggregate

EDGES = torch.tensor([[0, 0, 1, 2, 2, 2], [1, 1, 2, 2, 0, 1]])  # twice 0 -> 1, and a self loop
WEIGHT = torch.tensor([0.5, 1.0, 2.0, 4.0, 0.25, 3.0], dtype=torch.float64)
X = torch.tensor([[0.0, 9.0], [2.0, 3.0], [-4.0, 5.0], [6.0, 7.0]], dtype=torch.float64)


def in_layout(layout, edge_weight=None):
    return Adjacency.from_edge_index(EDGES, 4, edge_weight).to_layout(layout)


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return request.param


@pytest.fixture(params=REDUCTIONS)
def reduce(request):
    return request.param


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
def test_equals_the_twin(layout, reduce, weight):
    adjacency = in_layout(layout, weight)
    assert adjacency.layout == layout
    expected = reference.aggregate(X, EDGES, weight, reduce)
    torch.testing.assert_close(aggregate(adjacency, X, reduce), expected, rtol=0, atol=1e-14)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**20), symmetric=st.booleans(), weighted=st.booleans())
def test_values_and_gradients_on_random_graphs(seed, symmetric, weighted):
    generator = torch.Generator().manual_seed(seed)
    N, E, F = (int(torch.randint(1, most, (), generator=generator)) for most in (9, 30, 4))
    edges = torch.randint(0, N, (2, E), generator=generator)
    weight = 0.1 + torch.rand(E, generator=generator, dtype=torch.float64) if weighted else None
    if symmetric:
        edges = torch.cat([edges, edges.flip(0)], dim=1)
        weight = None if weight is None else weight.repeat(2)
    x = torch.randn(N, F, generator=generator, dtype=torch.float64, requires_grad=True)
    direction = torch.randn(N, F, generator=generator, dtype=torch.float64)
    for reduce in REDUCTIONS:
        expected = reference.aggregate(x, edges, weight, reduce)
        expected_gradient = torch.autograd.grad((expected * direction).sum(), x)
        for layout in LAYOUTS:
            adjacency = Adjacency.from_edge_index(edges, N, weight).to_layout(layout)
            dense_ones = adjacency.layout == "dense" and weight is None
            out = aggregate(
                Adjacency.from_dense(adjacency.matrix.double()) if dense_ones else adjacency,
                x,
                reduce,
            )
            gradient = torch.autograd.grad((out * direction).sum(), x)
            torch.testing.assert_close(out, expected, rtol=0, atol=1e-12)
            torch.testing.assert_close(gradient, expected_gradient, rtol=0, atol=1e-12)


def test_those_who_hold_the_maximum_share_its_gradient(layout):
    x = torch.tensor([[1.0], [1.0], [0.0], [0.0]], dtype=torch.float64, requires_grad=True)
    edges = torch.tensor([[0, 1, 2], [3, 3, 3]])
    aggregate(Adjacency.from_edge_index(edges, 4).to_layout(layout), x, "max").sum().backward()
    assert x.grad.flatten().tolist() == [0.5, 0.5, 0.0, 0.0]


def test_derivatives_of_first_and_second_order(layout, reduce):
    x, weight = X.clone().requires_grad_(), WEIGHT.clone().requires_grad_()
    if reduce == "max":

        def function(x):
            return aggregate(in_layout(layout), x, reduce)

        inputs = (x,)
    else:

        def function(x, weight):
            return aggregate(in_layout(layout, weight), x, reduce)

        inputs = (x, weight)
    assert gradcheck(function, inputs, check_forward_ad=True, check_batched_grad=True)
    assert gradgradcheck(function, inputs)


def test_function_transforms(layout, reduce):
    adjacency = in_layout(layout, WEIGHT)

    def function(x):
        return aggregate(adjacency, x, reduce)

    expected = torch.autograd.functional.jacobian(function, X)
    torch.testing.assert_close(jacrev(function)(X), expected)
    torch.testing.assert_close(jacfwd(function)(X), expected)
    tangent = torch.ones_like(X)
    out, moved = jvp(function, (X,), (tangent,))
    torch.testing.assert_close(out, function(X))
    torch.testing.assert_close(moved, (expected * tangent).sum((2, 3)))
    batch = torch.stack([X, 2 * X, -X], dim=1)  # [N, B, F]
    each = torch.stack([function(batch[:, b]) for b in range(3)], dim=1)
    torch.testing.assert_close(vmap(function, in_dims=1, out_dims=1)(batch), each)
    assert hessian(lambda x: function(x).square().sum())(X).shape == (4, 2, 4, 2)


@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_transforms_of_learned_weights(reduce):
    def function(weight):
        return aggregate(Adjacency("coo", 4, edge_index=EDGES, edge_weight=weight), X, reduce)

    def in_csr(weight):
        return aggregate(Adjacency("csr", 4, edge_index=EDGES, edge_weight=weight), X, reduce)

    expected = torch.autograd.functional.jacobian(function, WEIGHT)
    torch.testing.assert_close(jacrev(in_csr)(WEIGHT), expected)
    torch.testing.assert_close(jacfwd(in_csr)(WEIGHT), expected)
    weights = torch.stack([WEIGHT, 2 * WEIGHT, WEIGHT.flip(0)])
    torch.testing.assert_close(vmap(in_csr)(weights), torch.stack(list(map(function, weights))))


@pytest.mark.parametrize("warm", [True, False])
def test_compiles_without_a_break(layout, reduce, warm):
    torch.compiler.reset()
    adjacency = in_layout(layout, WEIGHT)
    if warm or reduce == "max":  # the pattern of a maximum is looked up, not traced
        aggregate(adjacency, X.clone().requires_grad_(), reduce).sum().backward()
    x, y = X.clone().requires_grad_(), X.clone().requires_grad_()
    compiled = torch.compile(
        lambda x: aggregate(adjacency, x, reduce) * 2, fullgraph=True, backend="aot_eager"
    )
    out, expected = compiled(x), aggregate(adjacency, y, reduce) * 2
    torch.testing.assert_close(out, expected)
    out.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(x.grad, y.grad)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_computes_in_the_type_of_the_features(layout, reduce, dtype):
    adjacency = in_layout(layout, WEIGHT)
    out = aggregate(adjacency, X.to(dtype), reduce)
    assert out.dtype == dtype
    torch.testing.assert_close(out.double(), aggregate(adjacency, X, reduce), rtol=2e-2, atol=2e-2)


def test_autocast(layout):
    linear = torch.nn.Linear(2, 3)
    with torch.autocast("cpu", torch.bfloat16):
        out = aggregate(in_layout(layout, WEIGHT.float()), linear(X.float()))
    assert out.dtype == torch.bfloat16
    out.float().sum().backward()
    assert linear.weight.grad.isfinite().all()


def test_batch_keeps_its_graphs_apart(reduce):
    matrices = torch.rand(2, 4, 4, dtype=torch.float64)
    x = torch.rand(2, 4, 3, dtype=torch.float64)
    out = aggregate(Adjacency.from_dense(matrices), x, reduce)
    for graph in range(2):
        expected = aggregate(Adjacency.from_dense(matrices[graph]), x[graph], reduce)
        torch.testing.assert_close(out[graph], expected)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (3, 2)])
def test_nothing_to_add(layout, reduce, shape):
    no_edges = torch.zeros(2, 0, dtype=torch.long)
    adjacency = Adjacency.from_edge_index(no_edges, shape[0]).to_layout(layout)
    x = torch.ones(shape, requires_grad=True)
    out = aggregate(adjacency, x, reduce)
    assert out.shape == shape
    assert not out.any()
    out.sum().backward()
    assert not x.grad.any()


def test_bad_input(layout, reduce):
    with pytest.raises(ShapeError, match=r"\[4, 'F'\].*found: \[3, 2\]"):
        aggregate(in_layout(layout), X[:3], reduce)
    with pytest.raises(UnknownNameError, match=r"'median'.*sum, mean, max"):
        aggregate(in_layout(layout), X, "median")


def test_a_mean_needs_weights_with_a_positive_sum(layout):
    weight = torch.tensor([1.0, -1.0, 1.0, -3.0, 1.0, 0.5])
    with pytest.raises(InputError, match=r"node 2; found: -2\.0"):
        aggregate(in_layout(layout, weight), X.float(), "mean")
