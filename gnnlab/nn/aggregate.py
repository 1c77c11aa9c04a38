r"""The product of an adjacency with node states, :math:`A H`: one step of message passing.

Legend: N nodes, E edges, B graphs, F features.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gnnlab.errors import ShapeError
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.check import check_features


def aggregate(adjacency: Adjacency, x: Tensor) -> Tensor:
    r"""Sums, at every node, the weighted states of its predecessors.

    .. math::
        m_v = \sum_{u \to v} A_{vu} \, x_u

    Every layout computes in its own way and all give the same numbers: a dense adjacency by a
    matrix product, a sparse one by a sparse product, an edge list by gathering and adding.

    Args:
        adjacency: The graph, or a padded batch of graphs.
        x: The states of the nodes.

    Shape:
        - x: :math:`(N, F)`, for a padded batch :math:`(B, N, F)`
        - output: the same

    Raises:
        ShapeError: If ``x`` does not have one row for each node of the adjacency.

    Example:
        >>> edge_index = torch.tensor([[0, 1], [2, 2]])
        >>> aggregate(Adjacency.from_edge_index(edge_index, 3), torch.tensor([[1.0], [2.0], [4.0]]))
        tensor([[0.],
                [0.],
                [3.]])
    """
    check_match(adjacency, x)
    if adjacency.layout == "dense":
        return adjacency.weights(x.dtype).mT @ x  # transposed, for the matrix has row = source
    source, target = adjacency.edge_index
    weight = adjacency.weights(x.dtype)  # [E]
    if adjacency.layout == "sparse":
        size = (adjacency.num_nodes, adjacency.num_nodes)
        # The ids were checked when the adjacency was built.
        matrix = torch.sparse_coo_tensor(
            torch.stack([target, source]), weight, size, check_invariants=False
        )
        return torch.sparse.mm(matrix, x)
    return torch.zeros_like(x).index_add(0, target, weight.unsqueeze(-1) * x[source])


def check_nodes(x: Tensor, num_features: int, weight: Tensor) -> None:
    """Checks what a layer gets: ``[N, F]``, or ``[B, N, F]`` of a padded batch.

    Args:
        x: The features.
        num_features: F, or -1 if a lazy layer does not know it yet.
        weight: A parameter of the layer, for its type of numbers.

    Raises:
        ShapeError: If ``x`` has another number of dimensions or features.
        DtypeError: If ``x`` does not hold floating-point numbers of the layer's type.
        NonFiniteError: If a value is NaN or infinite.
    """
    is_batch = isinstance(x, Tensor) and x.dim() == 3
    known = None if num_features == -1 else num_features
    check_features(x.flatten(0, 1) if is_batch else x, known, weight)


def check_match(adjacency: Adjacency, x: Tensor) -> None:
    """Checks that ``x`` has one row for each node of the adjacency.

    Raises:
        ShapeError: If it has not.
    """
    if tuple(x.shape[:-1]) != adjacency.node_shape:
        raise ShapeError(
            f"the node features must be {[*adjacency.node_shape, 'F']} for this adjacency",
            where="x",
            value=list(x.shape),
            remedy="a padded batch of adjacencies takes x as [B, N, F], any other x as [N, F]",
        )
