"""A graph without its directions: which nodes are connected, and with how many others.

Legend: N nodes, E edges, P connected pairs.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gnnlab.nn.check import check_edge_index


def connected_pairs(edge_index: Tensor, num_nodes: int) -> Tensor:
    """The pairs of different nodes with an edge between them, whatever its direction.

    Self loops connect nobody, and any number of edges between two nodes connect them once.

    Args:
        edge_index: ``[2, E]``.
        num_nodes: N.

    Returns:
        ``[2, P]``, the smaller node of each pair first, in ascending order.

    Raises:
        ShapeError, DtypeError, InputError: If the edge list is not one of this graph.

    Example:
        >>> connected_pairs(torch.tensor([[2, 0, 1, 1], [1, 1, 2, 1]]), 3)
        tensor([[0, 1],
                [1, 2]])
    """
    edge_index = check_edge_index(edge_index, num_nodes)
    low, high = edge_index.amin(0), edge_index.amax(0)
    numbers = torch.unique((low * num_nodes + high)[low < high])  # [P]
    width = max(num_nodes, 1)
    return torch.stack([numbers // width, numbers % width])


def num_neighbours(pairs: Tensor, num_nodes: int) -> Tensor:
    """``[N]``: with how many others each node is connected.

    Example:
        >>> num_neighbours(torch.tensor([[0, 0], [1, 2]]), 4)
        tensor([2, 1, 1, 0])
    """
    return torch.bincount(pairs.flatten(), minlength=num_nodes)
