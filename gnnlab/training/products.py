"""Matrix products at the full width of the processor, where that changes nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch

_SIZE = 256  # of the trial; oneDNN is not asked for very small products
_TOLERANCE = 1e-5  # numbers of eight bits, as on processors with tiles, miss it hundredfold


@contextmanager
def wide_products() -> Iterator[None]:
    """Lets oneDNN compute the products of float32 matrices inside a block, if it is as exact.

    PyTorch leaves them to MKL, which uses half the width of some processors: on one with AVX-512
    of another maker than MKL's, oneDNN is twice as fast. PyTorch asks oneDNN only if numbers may
    be rounded to bfloat16. Where the processor would really round, a trial shows it, and
    everything stays as it is.

    Example:
        >>> with wide_products():
        ...     bool((torch.full((2, 300), 1 / 3) @ torch.ones(300, 2) - 100).abs().max() < 1e-3)
        True
    """
    try:
        before = torch.get_float32_matmul_precision()
    except RuntimeError:  # the caller has made finer settings, which are to stay
        yield
        return
    if not _is_exact():
        yield
        return
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@cache
def _is_exact() -> bool:
    """Whether products in that mode are as good as float32 can be."""
    generator = torch.Generator().manual_seed(0)
    left, right = torch.rand(2, _SIZE, _SIZE, generator=generator)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        products = (left @ right, torch.nn.functional.linear(left, right.t()))
    finally:
        torch.set_float32_matmul_precision(before)
    exact = left.double() @ right.double()
    return all(bool(((p - exact).abs() <= _TOLERANCE * exact).all()) for p in products)
