"""The forms in which users hand over an adjacency, each read into checked tensors.

Legend: N nodes, E edges, B graphs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gnnlab.errors import DtypeError, InputError, ShapeError
from gnnlab.nn.check import check_edge_index, check_finite

_SPARSE_LAYOUTS = (torch.sparse_coo, torch.sparse_csr, torch.sparse_csc)


def read_edge_index(
    edge_index: Tensor, num_nodes: int, edge_weight: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Checks an edge list and its weights.

    Returns:
        The edges as a plain ``[2, E]`` tensor, row 0 the sources, and the weights ``[E]``, if any.

    Raises:
        ShapeError: If a tensor has the wrong shape.
        DtypeError: If the ids are not integers or the weights not floating-point numbers.
        InputError: If an id is not in 0..N-1.
        NonFiniteError: If a weight is NaN or infinite.
    """
    edge_index = check_edge_index(edge_index, num_nodes)
    if edge_weight is not None:
        _check_weights(edge_weight, "edge_weight")
        if edge_weight.shape != edge_index.shape[1:]:
            raise ShapeError(
                f"the {edge_index.size(1)} edges need one weight each",
                where="edge_weight",
                value=list(edge_weight.shape),
                remedy="pass edge_weight as a tensor [E]",
            )
    return edge_index, edge_weight


def read_dense(matrix: Tensor) -> Tensor:
    """Checks a dense adjacency, ``[N, N]`` or ``[B, N, N]``.

    Raises:
        ShapeError: If the matrices are not square.
        DtypeError: If the entries are not floating-point numbers.
        NonFiniteError: If an entry is NaN or infinite.
    """
    _check_square(matrix, "a dense adjacency has the shape [N, N] or [B, N, N]", dims=(2, 3))
    _check_weights(matrix, "matrix")
    return matrix


def read_sparse(adj_t: Tensor) -> tuple[Tensor, Tensor]:
    """Checks a torch sparse tensor with row = target.

    Returns:
        The edges ``[2, E]``, row 0 the sources, and their weights ``[E]``.

    Raises:
        ShapeError: If the matrix is not square.
        DtypeError: If it has another layout or its entries are not floating-point numbers.
        NonFiniteError: If an entry is NaN or infinite.
    """
    if adj_t.layout not in _SPARSE_LAYOUTS:
        raise DtypeError(
            "a sparse adjacency is read as COO, CSR or CSC",
            where="adj_t",
            value=adj_t.layout,
            remedy="convert with .to_sparse_csr()",
        )
    _check_square(adj_t, "a sparse adjacency has the shape [N, N]", dims=(2,))
    entries = adj_t.to_sparse_coo().coalesce()
    _check_weights(entries.values(), "adj_t.values()")
    return entries.indices().flip(0), entries.values()  # from (target, source) to (source, target)


def is_scipy(edges: Any) -> bool:
    """Whether this is a SciPy sparse matrix or array, asked without importing SciPy."""
    return type(edges).__module__.startswith("scipy.sparse")


def read_scipy(matrix: Any) -> tuple[Tensor, Tensor]:
    """Checks a SciPy sparse matrix with row = source.

    Returns:
        The edges ``[2, E]``, row 0 the sources, and their weights ``[E]``; numbers that are not
        floating-point become float32.

    Raises:
        DtypeError: If it is not a SciPy sparse matrix, or its entries are not real numbers.
        ShapeError: If the matrix is not square.
        NonFiniteError: If an entry is NaN or infinite.
    """
    if not is_scipy(matrix):
        raise DtypeError(
            "this is not a SciPy sparse matrix", where="matrix", value=type(matrix).__name__
        )
    if len(matrix.shape) != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeError("an adjacency has the shape [N, N]", where="matrix", value=matrix.shape)
    entries = matrix.tocoo()
    weight = torch.as_tensor(entries.data)
    if not weight.is_floating_point() and not weight.is_complex():
        weight = weight.float()
    _check_weights(weight, "matrix.data")
    row, column = (torch.as_tensor(ids, dtype=torch.int64) for ids in (entries.row, entries.col))
    return torch.stack([row, column]), weight


def whole_weights(edge_index: Tensor, weight: Tensor) -> Tensor:
    """Reads weights as numbers of edges.

    Raises:
        InputError: If one is not a whole number from 0; names the edge.
    """
    bad = (weight < 0) | (weight != weight.round())
    if bad.any():
        edge = int(bad.nonzero()[0])
        raise InputError(
            "states are added up along whole edges, without weights",
            where="edge {} -> {}".format(*edge_index[:, edge].tolist()),
            value=float(weight[edge]),
            remedy="use weights 1, 2, ..., or GatedGraphConv, where messages have weights",
        )
    return weight.long()


def looks_dense(edges: Tensor, num_nodes: int) -> bool:
    """Whether a strided tensor is a dense adjacency rather than an edge list.

    Edge lists hold integers. A floating-point ``[2, E]`` is still taken for one, so that ids of the
    wrong type are reported as such, unless it is the matrix of a graph with two nodes.
    """
    if edges.dim() != 2:
        return edges.dim() == 3
    holds_weights = edges.is_floating_point() or edges.dtype == torch.bool
    return holds_weights and (edges.size(0) != 2 or edges.size(1) == 2 == num_nodes)


def _check_square(matrix: Tensor, what: str, dims: tuple[int, ...]) -> None:
    if matrix.dim() not in dims or matrix.size(-1) != matrix.size(-2):
        raise ShapeError(what, where="adjacency", value=list(matrix.shape))


def _check_weights(weights: Tensor, where: str) -> None:
    if not isinstance(weights, Tensor) or not weights.is_floating_point():
        raise DtypeError(
            "edge weights must be a tensor of floating-point numbers",
            where=where,
            value=weights.dtype if isinstance(weights, Tensor) else type(weights).__name__,
            remedy="convert with torch.as_tensor(...).float()",
        )
    check_finite(weights, where)
