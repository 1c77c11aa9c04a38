r"""Over-squashing: where much information has to pass through few edges, and how little arrives.

The Jacobian says how much of a node reaches another one through a model. Resistance and curvature
know the graph only: they say where a bottleneck is, whatever the model.

Legend: N nodes, E edges, P connected pairs, T targets, S sources.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gnnlab.analysis.jacobian import Nodes, node_jacobian
from gnnlab.analysis.paths import check_graph, distances, to_nodes
from gnnlab.analysis.resistance import effective_resistance
from gnnlab.analysis.undirected import connected_pairs, num_neighbours
from gnnlab.nn.check import check_edge_index, check_width

# Neighbours that are looked up at once when triangles are counted.
_LOOKUPS = 2**22


def squashing(
    model: Callable[..., Tensor],
    x: Tensor,
    edge_index: Tensor,
    sources: Nodes = None,
    targets: Nodes = None,
    *,
    method: str = "dense",
    **arguments: Any,
) -> pd.DataFrame:
    r"""Puts what reaches a node through a model beside what the graph lets through.

    If a model over-squashes, the norm of the Jacobian falls with the resistance between two nodes
    also among those that are equally far apart (`Di Giovanni et al., 2023
    <https://arxiv.org/abs/2302.02941>`_).

    Args:
        model: A layer or model, or any function ``model(x, edge_index)`` that returns ``[N, H]``.
        x: ``[N, F]``.
        edge_index: ``[2, E]``.
        sources: The nodes whose input moves; all if not given.
        targets: The nodes whose output is watched; all if not given.
        method: Of :func:`~gnnlab.analysis.resistance.effective_resistance`; ``"iterative"`` for
            large graphs.
        arguments: Goes to :func:`~gnnlab.analysis.node_jacobian`, and on to the model.

    Returns:
        A row per pair with the columns

        - ``source``, ``target``
        - ``jacobian``: the norm of :math:`\partial h_{target} / \partial x_{source}`
        - ``hops`` along the directed edges from source to target; infinite if there is no route
        - ``resistance``, without directions; infinite if the nodes are not connected at all
        - ``curvature``: the lowest Forman curvature of an edge on a shortest route, the narrowest
          place; NaN if there is no route, or no edge on it
        - ``is_connected``: whether a route leads from source to target.

    Raises:
        UnknownNameError: If there is no such method.
        ShapeError, DtypeError, InputError: If ``x`` and ``edge_index`` are no graph with features,
            or a node lies outside it.
        MemoryLimitError: If the graph is too large for the dense method, or the table is.

    Example:
        A message through a bridge, to a node beyond it and to one that nothing reaches.

        >>> edge_index = torch.tensor([[0, 1, 2, 0, 3, 4, 5], [1, 2, 0, 3, 4, 5, 3]])
        >>> def model(x, edge_index):
        ...     return x + torch.zeros_like(x).index_add(0, edge_index[1], x[edge_index[0]])
        >>> table = squashing(model, torch.ones(7, 1), edge_index, sources=0, targets=[3, 6])
        >>> print(table.round(2).to_string(index=False))
         source  target  jacobian  hops  resistance  curvature  is_connected
              0       3       1.0   1.0         1.0       -2.0          True
              0       6       0.0   inf         inf        NaN         False
    """
    check_width(x, None)
    num_nodes = x.size(0)
    edge_index = check_edge_index(edge_index, num_nodes)
    sources = to_nodes(sources, num_nodes, "sources")
    targets = to_nodes(targets, num_nodes, "targets")
    resistance = effective_resistance(edge_index, sources, targets, num_nodes, method=method)
    jacobian = node_jacobian(model, x, edge_index, sources, targets, **arguments)  # [T, S]
    hops = distances(edge_index, sources.tolist(), num_nodes)  # [S, N]
    curvature = _lowest_on_routes(edge_index, forman_curvature(edge_index), hops)  # [S, N]
    hops, curvature = hops[:, targets], curvature[:, targets]  # [S, T]
    return pd.DataFrame(
        {
            "source": np.repeat(sources.numpy(), len(targets)),
            "target": np.tile(targets.numpy(), len(sources)),
            "jacobian": jacobian.t().cpu().double().flatten().numpy(),
            "hops": hops.ravel(),
            "resistance": resistance.t().flatten().numpy(),
            "curvature": curvature.ravel(),
            "is_connected": np.isfinite(hops).ravel(),
        }
    )


def forman_curvature(edge_index: Tensor) -> Tensor:
    r"""The Forman curvature of every edge, with the triangles that hold it together.

    .. math::
        F_{uv} = 4 - d_u - d_v + 3 \, \triangle_{uv}

    with the number of neighbours :math:`d` and of triangles :math:`\triangle` on the edge (`Fesser
    & Weber, 2023 <https://arxiv.org/abs/2309.09384>`_). It is low for a bridge between hubs, high
    inside a cluster. The graph is taken without directions, parallel edges and self loops. Time is
    of order :math:`\sum_{uv} \min(d_u, d_v)`, close to linear on sparse graphs.

    Args:
        edge_index: ``[2, E]``.

    Returns:
        ``[E]``, both directions of an edge alike; NaN for a self loop.

    Raises:
        ShapeError, DtypeError, InputError: If this is no edge list.

    Example:
        A triangle with a tail.

        >>> forman_curvature(torch.tensor([[0, 1, 2, 2, 1], [1, 2, 0, 3, 1]]))
        tensor([3., 2., 2., 0., nan])
    """
    edge_index, num_nodes = check_graph(edge_index, None)
    pairs = connected_pairs(edge_index, num_nodes)  # [2, P]
    degree = num_neighbours(pairs, num_nodes)
    triangles = _count_triangles(*pairs.cpu().numpy(), degree.cpu().numpy())
    curvature = 4 - degree[pairs].sum(0) + 3 * torch.from_numpy(triangles).to(pairs.device)
    low, high = edge_index.amin(0), edge_index.amax(0)
    result = torch.full((len(low),), torch.nan, device=edge_index.device)
    is_edge = low < high
    numbers = (low * num_nodes + high)[is_edge]
    place = torch.searchsorted(pairs[0] * num_nodes + pairs[1], numbers)
    result[is_edge] = curvature[place].to(result.dtype)
    return result


def _count_triangles(u: np.ndarray, v: np.ndarray, degree: np.ndarray) -> np.ndarray:
    """``[P]``: with how many nodes both ends are connected.

    The neighbours of the end that has fewer are looked up among those of the other, so that a hub
    costs no more than the nodes around it.
    """
    num_nodes = len(degree)
    known = np.sort(np.concatenate([u * num_nodes + v, v * num_nodes + u]))  # [2P]
    neighbours = known % max(num_nodes, 1)  # [2P], those of node 0 first
    start = np.cumsum(degree) - degree
    few, many = np.where(degree[u] <= degree[v], (u, v), (v, u))
    effort = np.cumsum(degree[few])
    triangles = np.zeros(len(u), dtype=np.int64)
    borders = np.searchsorted(effort, np.arange(_LOOKUPS, effort[-1] if len(u) else 0, _LOOKUPS))
    for part in np.split(np.arange(len(u)), borders):
        count = degree[few[part]]
        edge = np.repeat(np.arange(len(part)), count)
        slot = np.arange(len(edge)) + np.repeat(start[few[part]] - np.cumsum(count) + count, count)
        wanted = neighbours[slot] * num_nodes + many[part][edge]
        found = known[np.searchsorted(known, wanted).clip(max=len(known) - 1)] == wanted
        triangles[part] = np.bincount(edge[found], minlength=len(part))
    return triangles


def _lowest_on_routes(edge_index: Tensor, curvature: Tensor, hops: np.ndarray) -> np.ndarray:
    """``[S, N]``: the lowest curvature of the edges on all shortest routes; NaN without any."""
    tails, heads = edge_index.cpu().numpy()
    curvature = curvature.cpu().double().numpy()
    lowest = np.full(hops.shape, np.inf)
    for found, hop in zip(lowest, hops, strict=True):
        is_step = np.isfinite(hop[tails]) & (hop[tails] + 1 == hop[heads])
        steps = np.flatnonzero(is_step)
        steps = steps[hop[tails[steps]].argsort(kind="stable")]
        # All routes to the nodes of a level are known before any goes on from there.
        borders = np.flatnonzero(np.diff(hop[tails[steps]])) + 1
        for level in np.split(steps, borders):
            so_far = np.minimum(found[tails[level]], curvature[level])
            np.minimum.at(found, heads[level], so_far)
    lowest[np.isinf(lowest)] = np.nan
    return lowest
