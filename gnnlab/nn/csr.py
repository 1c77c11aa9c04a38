"""Edges grouped by the node that receives them: the list of connections that a fast sum reads.

Legend: E edges, R receivers (rows), S senders (columns).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gnnlab.nn.remember import keep

_MOST = torch.iinfo(torch.int32).max


class CSR:
    r"""A sparse matrix in compressed rows: row v lists the edges that arrive at node v.

    The senders of row v are ``index[pointer[v] : pointer[v + 1]]``, in ascending order if the
    matrix was built from an edge list. Ids are stored in 32 bits where they fit, which halves what
    a product has to read of them.

    Args:
        pointer: ``[R + 1]``.
        index: ``[E]``, senders.
        num_senders: S, the number of columns.
        weight: ``[E]``, or ``None`` for ones.
        order: ``[E]``, where each entry stands in the edge list that the matrix was built from.

    Example:
        >>> csr = CSR.from_edge_index(torch.tensor([[2, 0, 0], [1, 1, 2]]), 3, 3)
        >>> csr.pointer.tolist(), csr.index.tolist(), csr.order.tolist()
        ([0, 0, 2, 3], [0, 2, 0], [1, 0, 2])
        >>> csr.transposed().index.tolist()
        [1, 2, 1]
    """

    def __init__(
        self,
        pointer: Tensor,
        index: Tensor,
        num_senders: int,
        weight: Tensor | None = None,
        order: Tensor | None = None,
    ):
        self.pointer, self.index, self.weight = pointer, index, weight
        self.num_receivers, self.num_senders = pointer.numel() - 1, num_senders
        self.order = order
        self.is_gather = False
        self._transposed: CSR | None = None
        self._derived: dict[object, Any] = {}

    @classmethod
    def from_edge_index(
        cls,
        edge_index: Tensor,
        num_senders: int,
        num_receivers: int,
        weight: Tensor | None = None,
    ) -> CSR:
        """Groups checked edges ``[2, E]`` by target, and by source within a target.

        Two stable sorts of one row each: torch sorts small integers by radix, in linear time.
        """
        small = torch.int32 if max(num_senders, num_receivers, edge_index.size(1)) < _MOST else None
        source, target = edge_index.to(small) if small else edge_index
        order = None
        if not _is_sorted(source):
            source, order = source.sort(stable=True)
            target = target[order]
        target, place = target.sort(stable=True)
        order = place if order is None else order[place]
        pointer = _pointer(target, num_receivers)
        weight = None if weight is None else weight[order]
        return cls(pointer, source[place], num_senders, weight, order)

    @classmethod
    def gather(cls, index: Tensor, num_senders: int) -> CSR:
        """The matrix whose row i holds one 1, at ``index[i]``: its product is a gather of rows."""
        pointer = torch.arange(index.numel() + 1, device=index.device, dtype=index.dtype)
        csr = cls(pointer, index, num_senders)
        csr.is_gather = True
        return csr

    @property
    def num_edges(self) -> int:
        """E: the number of entries."""
        return self.index.numel()

    @property
    def device(self) -> torch.device:
        """Where the arrays live."""
        return self.index.device

    @property
    def has_transposed(self) -> bool:
        """Whether the transposed matrix is at hand already."""
        return self._transposed is not None

    @property
    def row(self) -> Tensor:
        """``[E]``: the receiver of each entry."""

        def repeat() -> Tensor:
            node = torch.arange(self.num_receivers, device=self.device, dtype=self.index.dtype)
            return node.repeat_interleave(self.pointer.diff(), output_size=self.num_edges)

        return self._once("row", repeat)

    @property
    def flipped(self) -> Tensor:
        """``[E]``: the entries in the order in which the transposed matrix lists them."""
        return self._once("flipped", lambda: self.index.argsort(stable=True))

    @property
    def unflipped(self) -> Tensor:
        """``[E]``: the inverse of :attr:`flipped`."""
        return self._once("unflipped", lambda: inverse_permutation(self.flipped))

    @property
    def rank(self) -> Tensor:
        """``[E]``: the inverse of :attr:`order`, the entry of each edge of the list."""
        return self._once("rank", lambda: inverse_permutation(self.order))

    def transposed(self) -> CSR:
        """The matrix of the reversed edges: itself, if it is symmetric. Computed once.

        A sum over a symmetric graph and its gradient so read the same arrays.
        """
        if self._transposed is None:
            self.paired_with(self if self._is_symmetric else self._transpose())
        return self._transposed

    def paired_with(self, transposed: CSR) -> CSR:
        """This matrix, knowing its transposed one, which the caller has at hand."""
        self._transposed, transposed._transposed = transposed, self
        return self

    def with_weight(self, weight: Tensor | None) -> CSR:
        """The same pattern with other weights ``[E]``, in the order of the entries."""
        other = CSR(self.pointer, self.index, self.num_senders, weight, self.order)
        for name in ("row", "flipped"):
            if name in self._derived:
                other._derived[name] = self._derived[name]
        return other

    def weight_in(self, dtype: torch.dtype) -> Tensor | None:
        """The weights as numbers of another type, kept."""
        if self.weight is None or self.weight.dtype == dtype:
            return self.weight
        return self._once(("weight", dtype), lambda: self.weight.to(dtype))

    def as_tensor(self, dtype: torch.dtype) -> Tensor:
        """The matrix as a torch CSR tensor with weights of that type, kept."""

        def convert() -> Tensor:
            weight = self.weight_in(dtype)
            if weight is None:
                weight = torch.ones(self.num_edges, dtype=dtype, device=self.device)
            size = (self.num_receivers, self.num_senders)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Sparse CSR tensor support", UserWarning)
                return torch.sparse_csr_tensor(
                    self.pointer, self.index, weight, size, check_invariants=False
                )

        return self._once(("tensor", dtype), convert)

    @property
    def arrivals(self) -> CSR:
        """Which edge arrives where: R x E, so that its product adds up values of edges.

        Its transposed, E x R, hands every edge the value of its receiver.
        """

        def connect() -> CSR:
            edge = torch.arange(self.num_edges, device=self.device, dtype=self.index.dtype)
            sums = CSR(self.pointer, edge, self.num_edges)
            return sums.paired_with(CSR.gather(self.row, self.num_receivers))

        return self._once("arrivals", connect)

    @property
    def departures(self) -> CSR:
        """Which edge leaves where: S x E; its transposed hands every edge its sender's value."""

        def connect() -> CSR:
            sums = CSR(_pointer(self.index, self.num_senders), self.flipped, self.num_edges)
            return sums.paired_with(CSR.gather(self.index, self.num_senders))

        return self._once("departures", connect)

    def _once(self, key: object, build: Callable[[], Any]) -> Any:
        return keep(self._derived, key, build)

    def _transpose(self) -> CSR:
        weight = None if self.weight is None else self.weight[self.flipped]
        pointer = _pointer(self.index, self.num_senders)
        return CSR(pointer, self.row[self.flipped], self.num_receivers, weight)

    @property
    def _is_symmetric(self) -> bool:
        if self.num_receivers != self.num_senders:
            return False
        # Cheap questions first: most directed graphs already differ in their degrees.
        if not torch.equal(_pointer(self.index, self.num_senders), self.pointer):
            return False
        if not torch.equal(self.row[self.flipped], self.index):
            return False
        return self.weight is None or torch.equal(self.weight[self.flipped], self.weight)

    def __repr__(self) -> str:
        shape = f"{self.num_receivers} x {self.num_senders}"
        return f"CSR({shape}, num_edges={self.num_edges})"


def inverse_permutation(order: Tensor) -> Tensor:
    """The permutation that undoes ``order``."""
    inverse = torch.empty_like(order)
    inverse[order] = torch.arange(order.numel(), device=order.device, dtype=order.dtype)
    return inverse


def _is_sorted(ids: Tensor) -> bool:
    return bool((ids[1:] >= ids[:-1]).all())


def _pointer(row: Tensor, num_rows: int) -> Tensor:
    """Where each row begins, ``[num_rows + 1]``."""
    pointer = row.new_zeros(num_rows + 1)
    torch.cumsum(torch.bincount(row, minlength=num_rows), 0, out=pointer[1:])
    return pointer
