"""Products of matrices stay exact, and settings stay the caller's."""

import pytest
import torch

from gnnlab.training import products, wide_products


@pytest.fixture
def allowed(monkeypatch):
    monkeypatch.setattr(products, "_is_exact", lambda: True)


def test_products_are_exact():
    torch.manual_seed(0)
    left, right = torch.rand(300, 200), torch.rand(200, 400)
    with wide_products():
        product = left @ right
    exact = left.double() @ right.double()
    assert (product - exact).abs().max() < 1e-4


def test_gradients_are_exact():
    torch.manual_seed(0)
    x, weight = torch.rand(300, 200), torch.rand(400, 200, requires_grad=True)
    with wide_products():
        torch.nn.functional.linear(x, weight).square().sum().backward()
    exact = weight.detach().double().requires_grad_()
    torch.nn.functional.linear(x.double(), exact).square().sum().backward()
    assert torch.allclose(weight.grad.double(), exact.grad, rtol=1e-5)


def test_the_setting_holds_inside_only(allowed):
    before = torch.get_float32_matmul_precision()
    inside = []

    def fail():
        with wide_products():
            inside.append(torch.get_float32_matmul_precision())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert inside == ["medium"]
    assert torch.get_float32_matmul_precision() == before


def test_nothing_changes_where_numbers_would_be_rounded(monkeypatch):
    monkeypatch.setattr(products, "_is_exact", lambda: False)
    before = torch.get_float32_matmul_precision()
    with wide_products():
        assert torch.get_float32_matmul_precision() == before


def test_the_trial_finds_rounding(monkeypatch):
    linear = torch.nn.functional.linear

    def rounded(x, weight):
        return linear(x.bfloat16(), weight.bfloat16()).float()

    monkeypatch.setattr(torch.nn.functional, "linear", rounded)
    assert not products._is_exact.__wrapped__()


def test_finer_settings_of_the_caller_stay(allowed, monkeypatch):
    def mixed():
        raise RuntimeError

    monkeypatch.setattr(torch, "get_float32_matmul_precision", mixed)
    with wide_products():
        pass
