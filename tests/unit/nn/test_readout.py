from __future__ import annotations

import pytest
import torch

from gnnlab.errors import UnknownNameError
from gnnlab.nn import READOUTS, readout, reference


@pytest.mark.parametrize("reduce", READOUTS)
def test_agrees_with_one_graph_after_the_other(reduce):
    torch.manual_seed(0)
    x = torch.randn(9, 3, dtype=torch.double, requires_grad=True)
    batch = torch.tensor([4, 0, 0, 2, 2, 2, 4, 0, 5])  # in any order, 1 and 3 without nodes
    weight = torch.randn(7, 3).double()
    found, twin = readout(x, batch, 7, reduce), reference.readout(x, batch, 7, reduce)
    torch.testing.assert_close(found, twin)
    gradients = [torch.autograd.grad((out * weight).sum(), x)[0] for out in (found, twin)]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("reduce", READOUTS)
def test_a_graph_does_not_see_its_batch(reduce):
    x = torch.randn(6, 2)
    together = readout(x, torch.tensor([0, 0, 1, 1, 1, 1]), 2, reduce)
    alone = readout(x[2:], torch.zeros(4, dtype=torch.long), 1, reduce)
    assert torch.equal(together[1:], alone)


def test_unknown_reduction():
    with pytest.raises(UnknownNameError, match="mean"):
        readout(torch.zeros(1, 1), torch.zeros(1, dtype=torch.long), 1, "median")
