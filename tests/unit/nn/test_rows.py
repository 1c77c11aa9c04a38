"""Moving rows: values as indexing, gradients as autograd's own."""

import pytest
import torch

from gnnlab.nn.plans import PaddedPlan
from gnnlab.nn.rows import pad_rows, take_rows, unpad_rows
from gnnlab.nn.schedule import Schedule

pytestmark = pytest.mark.usefixtures("float64")


def test_a_permutation_and_its_gradients():
    index = torch.randperm(6)
    x = torch.randn(6, 2, requires_grad=True)
    assert torch.equal(take_rows(x, index, index.argsort()), x[index])
    assert take_rows(x, None, None) is x
    run = lambda x: take_rows(x, index, index.argsort())  # noqa: E731
    assert torch.autograd.gradcheck(run, x, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(run, x)
    jacobian = torch.func.jacrev(run)(x.detach())
    torch.testing.assert_close(jacobian, torch.func.jacfwd(run)(x.detach()))


def test_padding_and_back():
    plan = PaddedPlan(Schedule.from_lengths([3, 1, 2]), torch.device("cpu"))
    x = torch.randn(6, 2, requires_grad=True)
    padded = pad_rows(x, plan.index, plan.rank)
    assert padded.shape == (9, 2)
    assert plan.waste == 1.5
    assert torch.equal(unpad_rows(padded, plan.index, plan.rank), x)

    def run(x):  # nothing of the filling is read, as pad_rows demands
        return unpad_rows(pad_rows(x, plan.index, plan.rank) ** 2, plan.index, plan.rank)

    assert torch.autograd.gradcheck(run, x)
    assert torch.autograd.gradgradcheck(run, x)
    filled = torch.randn(9, 2, requires_grad=True)
    assert torch.autograd.gradcheck(lambda f: unpad_rows(f, plan.index, plan.rank), filled)
