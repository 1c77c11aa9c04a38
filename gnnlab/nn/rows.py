"""Moving rows between layouts, with a gradient that is a gather as well."""

from __future__ import annotations

import torch
from torch import Tensor


class _TakeRows(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, index: Tensor, inverse: Tensor) -> Tensor:
        return x.index_select(0, index)

    @staticmethod
    def setup_context(ctx, inputs, output):
        _, index, inverse = inputs
        ctx.save_for_backward(index, inverse)
        ctx.save_for_forward(index, inverse)

    @staticmethod
    def backward(ctx, gradient):
        index, inverse = ctx.saved_tensors
        return _TakeRows.apply(gradient, inverse, index), None, None

    @staticmethod
    def jvp(ctx, tangent, _index, _inverse):
        index, inverse = ctx.saved_tensors
        return _TakeRows.apply(tangent, index, inverse)


def take_rows(x: Tensor, index: Tensor | None, inverse: Tensor | None) -> Tensor:
    r"""``x[index]`` for a permutation ``index`` whose inverse is known; ``x`` itself for ``None``.

    The usual gradient of a gather is a sum into zeros, which costs several times as much as the
    gather. For a permutation it is a gather by the inverse:

    .. math::
        y_i = x_{\text{index}_i} \quad\Rightarrow\quad
        \partial x_j = \partial y_{\text{inverse}_j}

    Example:
        >>> index = torch.tensor([2, 0, 1])
        >>> take_rows(torch.tensor([[5.0], [6.0], [7.0]]), index, index.argsort()).flatten()
        tensor([7., 5., 6.])
    """
    return x if index is None else _TakeRows.apply(x, index, inverse)


class _PadRows(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, index: Tensor, rank: Tensor) -> Tensor:
        return x.index_select(0, index)

    @staticmethod
    def setup_context(ctx, inputs, output):
        _, index, rank = inputs
        ctx.save_for_backward(index, rank)

    @staticmethod
    def backward(ctx, gradient):
        index, rank = ctx.saved_tensors
        return unpad_rows(gradient, index, rank), None, None


class _UnpadRows(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, index: Tensor, rank: Tensor) -> Tensor:
        return x.index_select(0, rank)

    @staticmethod
    def setup_context(ctx, inputs, output):
        _, index, rank = inputs
        ctx.save_for_backward(index, rank)

    @staticmethod
    def backward(ctx, gradient):
        index, rank = ctx.saved_tensors
        empty = gradient.new_zeros(index.numel(), gradient.size(1))
        return empty.index_copy(0, rank, gradient), None, None


def pad_rows(x: Tensor, index: Tensor, rank: Tensor) -> Tensor:
    """``x[index]``, where row ``rank[i]`` is the one true copy of row i and the rest is filling.

    The caller promises that nothing depends on the filling, so that its gradient is zero.
    """
    return _PadRows.apply(x, index, rank)


def unpad_rows(x: Tensor, index: Tensor, rank: Tensor) -> Tensor:
    """``x[rank]``: the true copies only; the inverse of :func:`pad_rows`."""
    return _UnpadRows.apply(x, index, rank)
