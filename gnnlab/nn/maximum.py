r"""The maximum over predecessors, :math:`m_v = \max_{u \to v} x_u`, feature by feature.

Legend: E edges, R receivers, S senders, F features.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gnnlab.nn.csr import CSR
from gnnlab.nn.product import multiply


def maximum(csr: CSR, x: Tensor) -> Tensor:
    """Computes the largest value that arrives, zero where nothing does.

    Where several senders hold the maximum, they share its gradient in equal parts.

    Args:
        csr: The edges; weights are not looked at.
        x: ``[S, F]``.

    Returns:
        ``[R, F]``.

    Example:
        >>> csr = CSR.from_edge_index(torch.tensor([[0, 1], [2, 2]]), 3, 3)
        >>> maximum(csr, torch.tensor([[-1.0], [-2.0], [4.0]])).flatten()
        tensor([ 0.,  0., -1.])
    """
    if torch.compiler.is_compiling():
        return _scatter_maximum(csr, x)
    return _Maximum.apply(x, csr)


def _scatter_maximum(csr: CSR, x: Tensor) -> Tensor:
    row = csr.row.long().unsqueeze(-1).expand(-1, x.size(1))  # [E, F]
    largest = x.new_zeros(csr.num_receivers, x.size(1))
    return largest.scatter_reduce(0, row, x.index_select(0, csr.index), "amax", include_self=False)


class _Maximum(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, csr: CSR) -> Tensor:
        if x.is_cuda or not csr.num_edges or not x.size(1):
            return _scatter_maximum(csr, x)
        return torch.sparse.mm(csr.with_weight(None).as_tensor(x.dtype), x.contiguous(), "amax")

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.csr = inputs
        ctx.save_for_backward(x, output)
        ctx.save_for_forward(x, output)

    @staticmethod
    def backward(ctx, gradient):
        (x, output), csr = ctx.saved_tensors, ctx.csr
        holds = _holders(csr, x, output)  # [E, F]
        share = gradient / multiply(csr.arrivals, holds).clamp(min=1)  # [R, F]
        shares = holds * multiply(csr.arrivals.transposed(), share)  # [E, F]
        return multiply(csr.departures, shares), None

    @staticmethod
    def jvp(ctx, tangent, _):
        (x, output), csr = ctx.saved_tensors, ctx.csr
        holds = _holders(csr, x, output)
        sent = holds * multiply(csr.departures.transposed(), tangent)  # [E, F]
        return multiply(csr.arrivals, sent) / multiply(csr.arrivals, holds).clamp(min=1)

    @staticmethod
    def vmap(info, in_dims, x, csr):
        wide = x.movedim(in_dims[0], 1).flatten(1)  # [S, B * F]
        return _Maximum.apply(wide, csr).unflatten(1, (info.batch_size, -1)), 1


def _holders(csr: CSR, x: Tensor, output: Tensor) -> Tensor:
    """1 where the sender of an edge holds the maximum of its receiver, ``[E, F]``."""
    sent, largest = x.index_select(0, csr.index), output.index_select(0, csr.row)
    return (sent == largest).to(x.dtype).detach()
