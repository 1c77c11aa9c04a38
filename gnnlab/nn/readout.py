"""One vector per graph from the vectors of its nodes.

Legend: N nodes of all graphs, B graphs, H hidden.
"""

from __future__ import annotations

from torch import Tensor

from gnnlab.errors import UnknownNameError

READOUTS = ("sum", "mean", "max")


def readout(x: Tensor, batch: Tensor, num_graphs: int, reduce: str = "sum") -> Tensor:
    r"""Pools the nodes of each graph.

    .. math::
        z_b = \sum_{v \in b} h_v, \quad \frac{1}{|b|} \sum_{v \in b} h_v, \quad
        \text{or} \quad \max_{v \in b} h_v

    The number of graphs is said, not guessed from the largest number in ``batch``, so that a graph
    without nodes keeps its row: zeros.

    Args:
        x: ``[N, H]``.
        batch: ``[N]``, the graph of each node.
        num_graphs: B.
        reduce: One of ``READOUTS``.

    Returns:
        ``[B, H]``.

    Raises:
        UnknownNameError: If there is no such reduction.

    Example:
        >>> import torch
        >>> x = torch.tensor([[1.0], [3.0], [5.0]])
        >>> readout(x, torch.tensor([0, 0, 2]), num_graphs=3, reduce="mean").tolist()
        [[2.0], [0.0], [5.0]]
    """
    if reduce not in READOUTS:
        raise UnknownNameError.of("readout", reduce, READOUTS)
    zeros = x.new_zeros(num_graphs, x.size(1))
    if reduce == "max":
        index = batch.unsqueeze(1).expand_as(x)
        return zeros.scatter_reduce(0, index, x, "amax", include_self=False)
    total = zeros.index_add(0, batch, x)
    if reduce == "sum":
        return total
    sizes = x.new_zeros(num_graphs).index_add(0, batch, x.new_ones(len(x)))
    return total / sizes.clamp(min=1).unsqueeze(1)
