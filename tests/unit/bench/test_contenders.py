"""All contenders compute the same numbers and gradients, on any graph and on batches."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from gnnlab.bench.contenders import CONTENDERS
from gnnlab.bench.graphs import make_graph
from gnnlab.bench.problem import Problem

INSTALLED = [contender for contender in CONTENDERS if contender.is_installed]
pytestmark = pytest.mark.filterwarnings("ignore:Sparse:UserWarning")


def names(contender):
    return f"{contender.name} ({contender.operation})"


def draw(kind, dtype=torch.float64, density=None):
    generator = torch.Generator().manual_seed(0)
    graph = make_graph(kind, 60, density, generator=generator)
    return Problem.draw(graph, 5, dtype, generator=generator)


def check_answer(contender, problem):
    side = contender.build(problem)
    out = side.rows(side())
    assert torch.allclose(out, problem.answer(contender.operation), rtol=0, atol=1e-12)


@pytest.mark.parametrize("contender", INSTALLED, ids=names)
def test_contender_gives_the_right_answer_on_a_batch(contender):
    check_answer(contender, draw("molecules"))


@pytest.mark.parametrize("contender", [c for c in INSTALLED if c.takes == "any"], ids=names)
def test_contender_gives_the_right_answer_on_one_graph(contender):
    check_answer(contender, draw("random", density=0.1))


@pytest.mark.parametrize("contender", INSTALLED, ids=names)
def test_contender_gives_the_right_gradients(contender):
    problem = draw("molecules")
    side, towards = contender.build(problem), torch.randn(problem.x.shape, dtype=torch.float64)
    side.rows(side()).backward(towards)
    x = problem.x.detach().clone().requires_grad_()
    matrix = torch.zeros(len(x), len(x), dtype=torch.float64)
    (source, target), weight = problem.normalized
    matrix[target, source] = weight
    weights = torch.eye(5).double() if contender.operation == "product" else problem.weight.t()
    (matrix @ x @ weights).backward(towards)
    assert torch.allclose(side.rows(side.x.grad), x.grad, rtol=0, atol=1e-12)


def test_names_are_unique_per_operation():
    keys = [(contender.operation, contender.name) for contender in CONTENDERS]
    assert len(set(keys)) == len(keys)


def test_a_package_that_is_missing_is_known():
    assert not replace(CONTENDERS[0], needs="no_such_package").is_installed


def test_answer_on_a_path_by_hand():
    graph = make_graph("path", 2, generator=torch.Generator())
    x = torch.nn.Parameter(torch.tensor([[2.0], [4.0]]))
    problem = Problem(graph, x, torch.tensor([[10.0]]), torch.tensor([1.0]))
    # Both nodes have degree 2 with their self-connections: both get the mean.
    assert torch.allclose(problem.answer("product"), torch.tensor([[3.0], [3.0]]).double())
    assert torch.allclose(problem.answer("layer"), torch.tensor([[31.0], [31.0]]).double())
