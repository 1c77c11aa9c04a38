r"""The product of a sparse matrix with node states, exact under every transformation of torch.

torch's ``embedding_bag`` sums, for every bag, the rows of a table that the bag lists. With the
receivers as bags and the edges as their lists this is :math:`A H`, computed row by row without
writing a message per edge, by a kernel that fetches rows ahead. It takes one pass over the edges,
whereas gathering and adding takes several and stores E rows.

The derivatives are products again: towards the states with the transposed matrix, towards the
weights by one dot product per edge. Nothing is kept for them but the arrays of the graph.

Legend: E edges, R receivers, S senders, F features.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gnnlab.nn.csr import CSR
from gnnlab.nn.remember import carries_gradients
from gnnlab.nn.rows import take_rows

_SUM = 0  # embedding_bag's number for it
_DOT_CHUNK = 2**20  # numbers of each factor that are gathered at a time: stays in the cache


def multiply(csr: CSR, x: Tensor, weight: Tensor | None = None) -> Tensor:
    r"""Computes :math:`y_v = \sum_{u \to v} w_{vu} \, x_u`.

    Supports gradients of any order, forward-mode derivatives, ``torch.func`` and ``torch.compile``.

    Args:
        csr: The edges, with fixed weights or none.
        x: ``[S, F]``, floating-point numbers.
        weight: ``[E]``, in the order of the entries, in place of the fixed weights; gradients flow
            to it.

    Returns:
        ``[R, F]``.

    Example:
        >>> csr = CSR.from_edge_index(torch.tensor([[0, 1], [2, 2]]), 3, 3)
        >>> multiply(csr, torch.tensor([[1.0], [2.0], [4.0]])).flatten()
        tensor([0., 0., 3.])
    """
    if torch.compiler.is_compiling():
        if weight is None and csr.has_transposed:
            return _product_op(x, *_arrays(csr, x), *_arrays(csr.transposed(), x))
        return _gather_and_add(csr, x, csr.weight if weight is None else weight)
    if weight is None:
        # A function of our own costs more than a product over a small graph.
        return _Product.apply(x, csr) if carries_gradients(x) else _run(csr, x)
    return _WeightedProduct.apply(x, weight.to(x.dtype), csr)


def _run(csr: CSR, x: Tensor) -> Tensor:
    if csr.is_gather:
        return x.index_select(0, csr.index)
    return _kernel(x, *_arrays(csr, x))


def _kernel(x: Tensor, pointer: Tensor, index: Tensor, weight: Tensor | None) -> Tensor:
    """``[R, F]``."""
    # Rows that are not contiguous, such as an expanded gradient, miss the fast kernel.
    return torch.embedding_bag(
        x.contiguous(), index, pointer, False, _SUM, False, weight, include_last_offset=True
    )[0]


def _arrays(csr: CSR, x: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
    return csr.pointer, csr.index, csr.weight_in(x.dtype)


def _gather_and_add(csr: CSR, x: Tensor, weight: Tensor | None) -> Tensor:
    messages = x.index_select(0, csr.index)  # [E, F]
    if weight is not None:
        messages = weight.to(x.dtype).unsqueeze(-1) * messages
    return x.new_zeros(csr.num_receivers, x.size(1)).index_add(0, csr.row, messages)


class _Product(torch.autograd.Function):
    """Weights are fixed."""

    @staticmethod
    def forward(x: Tensor, csr: CSR) -> Tensor:
        return _run(csr, x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.csr = inputs[1]

    @staticmethod
    def backward(ctx, gradient):
        return multiply(ctx.csr.transposed(), gradient), None

    @staticmethod
    def jvp(ctx, tangent, _):
        return _Product.apply(tangent, ctx.csr)

    @staticmethod
    def vmap(info, in_dims, x, csr):
        # A batch of states is a wider state.
        wide = x.movedim(in_dims[0], 1).flatten(1)  # [S, B * F]
        return _Product.apply(wide, csr).unflatten(1, (info.batch_size, -1)), 1


class _WeightedProduct(torch.autograd.Function):
    """Weights ``[E]`` are learned: the matrix is only a pattern."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, csr: CSR) -> Tensor:
        return _kernel(x, csr.pointer, csr.index, weight.contiguous())

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, weight, ctx.csr = inputs
        ctx.save_for_backward(x, weight)
        ctx.save_for_forward(x, weight)

    @staticmethod
    def backward(ctx, gradient):
        (x, weight), csr = ctx.saved_tensors, ctx.csr
        to_x = to_weight = None
        if ctx.needs_input_grad[0]:
            to_x = _WeightedProduct.apply(gradient, flip(csr, weight), csr.transposed())
        if ctx.needs_input_grad[1]:
            to_weight = _EdgeDot.apply(gradient, x, csr)
        return to_x, to_weight, None

    @staticmethod
    def jvp(ctx, x_tangent, weight_tangent, _):
        (x, weight), csr = ctx.saved_tensors, ctx.csr
        return _add(
            None if x_tangent is None else _WeightedProduct.apply(x_tangent, weight, csr),
            None if weight_tangent is None else _WeightedProduct.apply(x, weight_tangent, csr),
        )

    @staticmethod
    def vmap(info, in_dims, x, weight, csr):
        return _one_by_one(_WeightedProduct, info, in_dims, x, weight, csr)


class _EdgeDot(torch.autograd.Function):
    """The dot product of receiver and sender on every edge: how a weight moves the sum."""

    @staticmethod
    def forward(received: Tensor, sent: Tensor, csr: CSR) -> Tensor:
        chunk = max(_DOT_CHUNK // max(received.size(1), 1), 1)
        parts = [
            (received.index_select(0, row) * sent.index_select(0, index)).sum(1)
            for row, index in zip(csr.row.split(chunk), csr.index.split(chunk), strict=True)
        ]
        return torch.cat(parts)  # [E]

    @staticmethod
    def setup_context(ctx, inputs, output):
        received, sent, ctx.csr = inputs
        ctx.save_for_backward(received, sent)
        ctx.save_for_forward(received, sent)

    @staticmethod
    def backward(ctx, gradient):
        (received, sent), csr = ctx.saved_tensors, ctx.csr
        to_received = to_sent = None
        if ctx.needs_input_grad[0]:
            to_received = _WeightedProduct.apply(sent, gradient, csr)
        if ctx.needs_input_grad[1]:
            to_sent = _WeightedProduct.apply(received, flip(csr, gradient), csr.transposed())
        return to_received, to_sent, None

    @staticmethod
    def jvp(ctx, received_tangent, sent_tangent, _):
        (received, sent), csr = ctx.saved_tensors, ctx.csr
        return _add(
            None if received_tangent is None else _EdgeDot.apply(received_tangent, sent, csr),
            None if sent_tangent is None else _EdgeDot.apply(received, sent_tangent, csr),
        )

    @staticmethod
    def vmap(info, in_dims, received, sent, csr):
        return _one_by_one(_EdgeDot, info, in_dims, received, sent, csr)


def flip(csr: CSR, weight: Tensor) -> Tensor:
    """Values of the entries ``[E]`` in the order in which the transposed matrix lists them."""
    return take_rows(weight, csr.flipped, csr.unflipped)


def _add(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    if one is None or other is None:
        return one if other is None else other
    return one + other


def _one_by_one(function, info, in_dims, *inputs):
    """The batching rule of functions that are linear in two inputs: one call per member."""
    columns = [
        [value] * info.batch_size if dim is None else value.unbind(dim)
        for value, dim in zip(inputs, in_dims, strict=True)
    ]
    return torch.stack([function.apply(*row) for row in zip(*columns, strict=True)]), 0


@torch.library.custom_op("gnnlab::product", mutates_args=())
def _product_op(
    x: Tensor,
    pointer: Tensor,
    index: Tensor,
    weight: Tensor | None,
    back_pointer: Tensor,
    back_index: Tensor,
    back_weight: Tensor | None,
) -> Tensor:
    """The product as torch.compile wants it: arrays only, those of the transposed among them."""
    return _kernel(x, pointer, index, weight)


@_product_op.register_fake
def _(x, pointer, index, weight, back_pointer, back_index, back_weight):
    return x.new_empty(pointer.size(0) - 1, x.size(1))


def _keep_arrays(ctx, inputs, output):
    ctx.save_for_backward(*inputs[1:])


def _product_op_backward(ctx, gradient):
    arrays = ctx.saved_tensors
    return _product_op(gradient, *arrays[3:], *arrays[:3]), *(None,) * 6


_product_op.register_autograd(_product_op_backward, setup_context=_keep_arrays)
