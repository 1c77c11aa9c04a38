r"""The aggregation of node states over edges, :math:`A H`: one step of message passing.

Legend: N nodes, E edges, B graphs, F features.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gnnlab.errors import ShapeError, UnknownNameError
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.check import check_features
from gnnlab.nn.features import check_sparse, is_sparse
from gnnlab.nn.maximum import maximum
from gnnlab.nn.product import multiply

REDUCTIONS = ("sum", "mean", "max")


def aggregate(adjacency: Adjacency, x: Tensor, reduce: str = "sum") -> Tensor:
    r"""Gathers, at every node, the states of its predecessors.

    .. math::
        \text{sum: } m_v = \sum_{u \to v} A_{vu} \, x_u \qquad
        \text{mean: } m_v = \frac{\sum_{u \to v} A_{vu} \, x_u}{\sum_{u \to v} A_{vu}} \qquad
        \text{max: } m_v = \max_{u \to v} x_u

    A node without predecessors gets zeros. The maximum does not look at the weights, and where
    several predecessors hold it they share the gradient.

    Every layout computes in its own way, and all give the same numbers: ``"csr"`` by a fused
    product over compressed rows (:mod:`gnnlab.nn.product`), ``"coo"`` by gathering and adding,
    ``"dense"`` by a matrix product. Gradients to states and weights, of any order, forward-mode
    derivatives, ``torch.func``, ``torch.compile`` and autocast work in each. Sums run in the type
    of ``x``; the fused kernel adds half-precision numbers up in single precision.

    Args:
        adjacency: The graph, or a padded batch of graphs.
        x: The states of the nodes.
        reduce: ``"sum"``, ``"mean"`` or ``"max"``.

    Shape:
        - x: :math:`(N, F)`, for a padded batch :math:`(B, N, F)`
        - output: the same

    Raises:
        ShapeError: If ``x`` does not have one row for each node of the adjacency.
        UnknownNameError: If the reduction is not known.
        InputError: For a mean, if edges arrive at a node and their weights do not have a positive
            sum.

    Example:
        >>> edge_index = torch.tensor([[0, 1], [2, 2]])
        >>> aggregate(Adjacency.from_edge_index(edge_index, 3), torch.tensor([[1.0], [2.0], [4.0]]))
        tensor([[0.],
                [0.],
                [3.]])
    """
    check_match(adjacency, x)
    if reduce == "sum":
        return _sum(adjacency, x)
    if reduce == "mean":
        return _sum(adjacency.averaged(x.dtype), x)
    if reduce == "max":
        return maximum(adjacency.neighbours(), _rows(x)).view(x.shape)
    raise UnknownNameError.of("reduce", reduce, REDUCTIONS)


def _sum(adjacency: Adjacency, x: Tensor) -> Tensor:
    if adjacency.layout == "dense":
        return adjacency.weights(x.dtype).mT @ x  # transposed, for the matrix has row = source
    # Sorting edges cannot be traced: a graph that torch.compile meets first is taken as a list.
    if adjacency.layout == "csr" and (adjacency.has_csr or not torch.compiler.is_compiling()):
        weight = adjacency.entry_weight() if adjacency.has_learned_weights else None
        return multiply(adjacency.csr(), x, weight)
    source, target = adjacency.edge_index
    messages = x.index_select(0, source)  # [E, F]
    if adjacency.edge_weight is not None:
        messages = adjacency.weights(x.dtype).unsqueeze(-1) * messages
    return torch.zeros_like(x).index_add(0, target, messages)


def _rows(x: Tensor) -> Tensor:
    return x.flatten(0, 1) if x.dim() == 3 else x


def check_nodes(x: Tensor, num_features: int, weight: Tensor) -> None:
    """Checks what a layer gets: ``[N, F]``, sparse or not, or ``[B, N, F]`` of a padded batch.

    Args:
        x: The features.
        num_features: F, or -1 if a lazy layer does not know it yet.
        weight: A parameter of the layer, for its type of numbers.

    Raises:
        ShapeError: If ``x`` has another number of dimensions or features.
        DtypeError: If ``x`` does not hold floating-point numbers of the layer's type.
        NonFiniteError: If a value is NaN or infinite.
    """
    known = None if num_features == -1 else num_features
    if is_sparse(x):
        check_sparse(x, known, weight)
        return
    check_features(_rows(x) if isinstance(x, Tensor) else x, known, weight)


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
