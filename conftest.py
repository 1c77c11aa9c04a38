"""What the doctests of the package can use without importing it."""

import pytest


@pytest.fixture(autouse=True)
def _names_for_doctests(doctest_namespace):
    import torch

    from gnnlab import nn

    torch.manual_seed(0)
    doctest_namespace["torch"] = torch
    doctest_namespace |= {name: getattr(nn, name) for name in nn.__all__}
