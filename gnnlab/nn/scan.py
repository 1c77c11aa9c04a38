r"""The parallel scan: :math:`h_t = a_t \odot h_{t-1} + b_t` for all t in few, large operations.

Legend: T steps, H hidden, L steps of a chunk, C chunks.
"""

from __future__ import annotations

import torch
from torch import Tensor

_CHUNK = 16  # measured: between 8 and 64 the time changes by less than a fifth


def affine_scan(a: Tensor, b: Tensor) -> Tensor:
    r"""All states of the recurrence :math:`h_t = a_t \odot h_{t-1} + b_t` with :math:`h_0 = 0`.

    The steps are cut into chunks of L. Within the chunks, all at once, the recurrence runs from
    zero and collects the products of its factors; the chunks' last states are a recurrence of the
    same kind, L times shorter, solved the same way; its states, times the products, are what the
    chunks were missing (`Blelloch, 1990 <https://www.cs.cmu.edu/~guyb/papers/Ble93.pdf>`_). Work
    and memory grow linearly with T, the number of operations with its logarithm.

    The gradient is a scan from the end: :math:`g_t = \partial h_t + a_{t+1} \odot g_{t+1}`, with
    :math:`\partial b_t = g_t` and :math:`\partial a_t = g_t \odot h_{t-1}`. It can be
    differentiated again, also forward and under ``torch.func``.

    Many sequences are one scan: laid one after the other, with a factor 0 at each beginning.

    Args:
        a: Factors ``[T, H]``.
        b: Offsets ``[T, H]``.

    Example:
        >>> affine_scan(torch.full((4, 1), 0.5), torch.ones(4, 1)).flatten()
        tensor([1.0000, 1.5000, 1.7500, 1.8750])
    """
    return _AffineScan.apply(a, b)


class _AffineScan(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(a: Tensor, b: Tensor) -> Tensor:
        return _scan(a, b)

    @staticmethod
    def setup_context(ctx, inputs, output):
        a, _ = inputs
        ctx.save_for_backward(a, output)
        ctx.save_for_forward(a, output)

    @staticmethod
    def backward(ctx, gradient):
        a, h = ctx.saved_tensors
        later = torch.cat([a[1:], torch.zeros_like(a[:1])])  # a_{t+1}
        g = affine_scan(later.flip(0), gradient.flip(0)).flip(0)
        return g * _delayed(h), g

    @staticmethod
    def jvp(ctx, tangent_a, tangent_b):
        a, h = ctx.saved_tensors
        offset = torch.zeros_like(h)
        if tangent_a is not None:
            offset = tangent_a * _delayed(h)
        if tangent_b is not None:
            offset = offset + tangent_b
        return affine_scan(a, offset)


def _delayed(h: Tensor) -> Tensor:
    """``h_{t-1}``: the rows one step later, zeros first."""
    return torch.cat([torch.zeros_like(h[:1]), h[:-1]])


def _scan(a: Tensor, b: Tensor) -> Tensor:
    T, H = a.shape
    if T <= _CHUNK:
        return torch.stack(_run(a.unbind(0), b.unbind(0))) if T else b.clone()
    C = -(-T // _CHUNK)
    if C * _CHUNK != T:
        filling = a.new_zeros(C * _CHUNK - T, H)
        a, b = torch.cat([a, filling]), torch.cat([b, filling])
    a, b = a.view(C, _CHUNK, H), b.view(C, _CHUNK, H)
    h = torch.stack(_run(a.unbind(1), b.unbind(1)), dim=1)  # [C, L, H], each chunk from zero
    factor = torch.stack(_products(a.unbind(1)), dim=1)  # [C, L, H], a_1 ... a_l of the chunk
    carry = _delayed(_scan(factor[:, -1], h[:, -1]))  # [C, H], state before each chunk
    return torch.addcmul(h, factor, carry.unsqueeze(1)).view(C * _CHUNK, H)[:T]


def _run(a: tuple[Tensor, ...], b: tuple[Tensor, ...]) -> list[Tensor]:
    states = [b[0]]
    for factor, offset in zip(a[1:], b[1:], strict=True):
        states.append(torch.addcmul(offset, factor, states[-1]))
    return states


def _products(a: tuple[Tensor, ...]) -> list[Tensor]:
    products = [a[0]]
    for factor in a[1:]:
        products.append(products[-1] * factor)
    return products
