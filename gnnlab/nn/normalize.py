r"""The normalisations of an adjacency: self-connections added, then scaled by the degrees.

With :math:`A_{vu}` the weight of the edge from u to v and :math:`D` the diagonal of the weighted
in-degrees of :math:`A + I`:

- ``"sym"``: :math:`D^{-1/2} (A + I) D^{-1/2}`
- ``"row"``: :math:`D^{-1} (A + I)`, the mean over a node and its predecessors
- ``None``: :math:`A + I`

:math:`A + I` is meant literally: a self loop that the graph already has counts in addition.

Legend: N nodes, E edges, B graphs (a dense adjacency may have a leading B).
"""

from __future__ import annotations

import torch
from torch import Tensor

from gnnlab.errors import InputError, UnknownNameError
from gnnlab.nn.check import hides_values

NORMALIZATIONS = ("sym", "row", None)


def check_normalization(mode: str | None) -> None:
    """Checks that ``mode`` is one of :data:`NORMALIZATIONS`.

    Raises:
        UnknownNameError: If it is not; lists the known ones.
    """
    if mode not in NORMALIZATIONS:
        raise UnknownNameError.of("normalize", mode, map(repr, NORMALIZATIONS))


def add_self_connections(edge_index: Tensor, num_nodes: int) -> Tensor:
    """Appends the N edges from a node to itself: ``[2, E + N]``."""
    self_connections = torch.arange(num_nodes, device=edge_index.device).expand(2, -1)  # [2, N]
    return torch.cat([edge_index, self_connections], dim=1)


def normalize_edges(
    edge_index: Tensor, edge_weight: Tensor, num_nodes: int, mode: str | None
) -> Tensor:
    """Scales the weights of an edge list that has its self-connections at the end.

    Args:
        edge_index: ``[2, E + N]``, as :func:`add_self_connections` gives it.
        edge_weight: ``[E]``, without the self-connections.
        num_nodes: N.
        mode: ``"sym"``, ``"row"`` or ``None``.

    Returns:
        The new weights, ``[E + N]``.

    Raises:
        InputError: If a weighted in-degree is not positive.
    """
    edge_weight = torch.cat([edge_weight, edge_weight.new_ones(num_nodes)])  # [E + N]
    if mode is None:
        return edge_weight
    source, target = edge_index
    degree = edge_weight.new_zeros(num_nodes).index_add(0, target, edge_weight)  # [N]
    _check_degree(degree)
    if mode == "row":
        return edge_weight / degree[target]
    scale = degree.rsqrt()
    # The scales first: their product does not depend on the direction, to the last bit, so that a
    # symmetric graph stays symmetric.
    return edge_weight * (scale[source] * scale[target])


def normalize_dense(matrix: Tensor, mode: str | None) -> Tensor:
    """Normalises a dense adjacency, ``[N, N]`` or ``[B, N, N]`` with row = source.

    Raises:
        InputError: If a weighted in-degree is not positive.
    """
    matrix = matrix + torch.eye(matrix.size(-1), dtype=matrix.dtype, device=matrix.device)
    if mode is None:
        return matrix
    degree = matrix.sum(dim=-2)  # [N]: what arrives at a node stands in its column
    _check_degree(degree)
    if mode == "row":
        return matrix / degree.unsqueeze(-2)
    scale = degree.rsqrt()
    return matrix * (scale.unsqueeze(-1) * scale.unsqueeze(-2))


def average_edges(edge_index: Tensor, edge_weight: Tensor, num_nodes: int) -> Tensor:
    r"""Divides the weights by what arrives at the target: a weighted mean, zero without edges.

    Raises:
        InputError: If edges arrive at a node and their weights do not have a positive sum.
    """
    target = edge_index[1]
    degree = edge_weight.new_zeros(num_nodes).index_add(0, target, edge_weight)  # [N]
    has_edges = torch.bincount(target, minlength=num_nodes) > 0
    degree = degree.where(has_edges, 1)
    _check_degree(degree)
    return edge_weight / degree[target]


def average_dense(matrix: Tensor) -> Tensor:
    """Divides a dense adjacency by its column sums; errors as :func:`average_edges`."""
    degree = matrix.sum(dim=-2).where((matrix != 0).any(dim=-2), 1)
    _check_degree(degree)
    return matrix / degree.unsqueeze(-2)


def _check_degree(degree: Tensor) -> None:
    if hides_values(degree):
        return
    bad = ~((degree > 0) & degree.isfinite())
    if bad.any():
        place = bad.nonzero()[0].tolist()
        names = ("node",) if len(place) == 1 else ("graph", "node")
        raise InputError(
            "the edge weights into a node (1 for a self-connection) must have a positive sum",
            where=", ".join(f"{name} {number}" for name, number in zip(names, place, strict=True)),
            value=float(degree[tuple(place)].detach()),
            remedy="make negative weights smaller, or take the plain sum (normalize=None)",
        )
