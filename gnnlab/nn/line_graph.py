"""The graph whose nodes are the edges of another one.

Legend: N nodes, E edges, L edges of the line graph.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gnnlab.nn.check import check_edge_index


def line_graph(edge_index: Tensor, num_nodes: int) -> Tensor:
    r"""Connects every directed edge with those that go on from it, except straight back.

    .. math::
        (u \to v) \to (v \to w) \quad \text{for } w \ne u

    A recurrent layer on this graph sends states along edges of edges, so that a message never
    returns at once to where it came from: with :class:`RNNCell` this is directed message passing
    (`Yang et al., 2019 <https://arxiv.org/abs/1904.01561>`_).

    Args:
        edge_index: ``[2, E]`` from source to target, in any order.
        num_nodes: N.

    Returns:
        ``[2, L]``: numbers of edges, sorted by the second row.

    Raises:
        InputError: If an edge has an end that is not a node.

    Example:
        >>> both_ways = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])  # 0 - 1 - 2
        >>> line_graph(both_ways, 3).tolist()  # 0->1 goes on as 1->2, and 2->1 as 1->0
        [[3, 0], [1, 2]]
    """
    source, target = check_edge_index(edge_index, num_nodes)
    arriving = target.argsort(stable=True)  # edges, grouped by the node where they end
    degree = torch.bincount(target, minlength=num_nodes)  # [N]
    begin = degree.cumsum(0) - degree
    count = degree[source]  # [E] edges that end where this one starts
    second = torch.repeat_interleave(count)  # [L]
    within = torch.arange(len(second), device=target.device) - (count.cumsum(0) - count)[second]
    first = arriving[begin[source[second]] + within]
    goes_on = source[first] != target[second]
    return torch.stack([first[goes_on], second[goes_on]])
