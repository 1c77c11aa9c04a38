"""The parallel scan against the step-by-step one, and everything that differentiates it."""

import pytest
import torch

from gnnlab.nn import affine_scan, reference

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("T", [1, 2, 15, 16, 17, 255, 256, 257, 1000, 5000])
def test_equals_the_slow_twin(T):
    a, b = torch.rand(T, 3).requires_grad_(), torch.randn(T, 3).requires_grad_()
    fast, slow = affine_scan(a, b), reference.affine_scan(a, b)
    torch.testing.assert_close(fast, slow, rtol=0, atol=1e-12)
    weights = torch.randn(T, 3)
    mine = torch.autograd.grad((fast * weights).sum(), (a, b))
    theirs = torch.autograd.grad((slow * weights).sum(), (a, b))
    torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-10)


def test_a_zero_factor_begins_anew():
    a, b = torch.rand(40, 2), torch.randn(40, 2)
    a[25] = 0
    torch.testing.assert_close(affine_scan(a, b)[25:], affine_scan(a[25:], b[25:]))


def test_no_steps():
    assert affine_scan(torch.zeros(0, 3), torch.zeros(0, 3)).shape == (0, 3)


@pytest.mark.parametrize("T", [3, 20])
def test_derivatives_of_all_kinds(T):
    a, b = torch.rand(T, 2).requires_grad_(), torch.randn(T, 2).requires_grad_()
    assert torch.autograd.gradcheck(affine_scan, (a, b), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(affine_scan, (a, b))
    a, b = a.detach(), b.detach()
    _, tangent = torch.func.jvp(affine_scan, (a, b), (torch.ones_like(a), torch.ones_like(b)))
    by_rows = torch.func.jacrev(affine_scan, argnums=(0, 1))(a, b)
    torch.testing.assert_close(tangent, sum(j.sum((2, 3)) for j in by_rows))
    many = torch.rand(4, T, 2)
    batched = torch.func.vmap(affine_scan, in_dims=(0, None))(many, b)
    torch.testing.assert_close(batched, torch.stack([affine_scan(row, b) for row in many]))
