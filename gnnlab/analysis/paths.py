"""How far information travels along the edges, by which routes, and whom it reaches.

Messages flow from source to target, one edge per update. Whatever the layers compute, a node can
know nothing of a node from which no route leads to it.

Legend: N nodes, E edges.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

from gnnlab import training
from gnnlab.errors import DtypeError, InputError, MemoryLimitError, ShapeError
from gnnlab.nn.check import check_edge_index
from gnnlab.nn.memory import check_dense_memory

#: The number of shortest routes grows exponentially with the size of, for example, a grid.
MAX_ROUTES = 100_000


def hops(edge_index: Tensor, source: int, target: int, num_nodes: int | None = None) -> float:
    """Number of updates until ``target`` can know of ``source``.

    This is the length of the shortest route along directed edges; a network of fewer layers cannot
    tell two inputs apart that differ at the source only.

    Args:
        edge_index: ``[2, E]``.
        source: Where the information is.
        target: Where it is wanted.
        num_nodes: N; one more than the largest node of the edges if not given.

    Returns:
        A whole number, or infinity if the information never arrives.

    Raises:
        ShapeError, DtypeError, InputError: If the edge list is not one of this graph, or a node
            lies outside it.

    Example:
        Six nodes A to F: news from C reach E in the fourth update, by one of two routes.

        >>> from torch_geometric.utils import to_undirected
        >>> A, B, C, D, E, F = range(6)
        >>> edges = [(A, B), (A, E), (A, F), (B, D), (C, D), (D, F)]
        >>> edge_index = to_undirected(torch.tensor(edges).t())
        >>> hops(edge_index, C, E)
        4.0
        >>> routes = shortest_paths(edge_index, C, E)
        >>> ["-".join("ABCDEF"[node] for node in route) for route in routes]
        ['C-D-B-A-E', 'C-D-F-A-E']
        >>> hops(edge_index, C, 6, num_nodes=7)
        inf
    """
    edge_index, num_nodes = check_graph(edge_index, num_nodes)
    source = _to_node(source, num_nodes, "source")
    target = _to_node(target, num_nodes, "target")
    return float(distances(edge_index, [source], num_nodes)[0, target])


def shortest_paths(
    edge_index: Tensor, source: int, target: int, num_nodes: int | None = None
) -> list[list[int]]:
    """All shortest routes from ``source`` to ``target``, in the order of their nodes' numbers.

    Parallel edges are one route. See :func:`hops` for an example.

    Args:
        edge_index: ``[2, E]``.
        source: The first node of every route.
        target: The last one.
        num_nodes: N; one more than the largest node of the edges if not given.

    Returns:
        The nodes of each route; no route at all if the information never arrives.

    Raises:
        ShapeError, DtypeError, InputError: If the edge list is not one of this graph, or a node
            lies outside it.
        MemoryLimitError: If there are more than :data:`MAX_ROUTES` routes.

    Example:
        >>> shortest_paths(torch.tensor([[0, 0, 1, 2], [1, 2, 3, 3]]), 0, 3)
        [[0, 1, 3], [0, 2, 3]]
    """
    length = hops(edge_index, source, target, num_nodes)
    if np.isinf(length):
        return []
    edge_index, num_nodes = check_graph(edge_index, num_nodes)
    behind = distances(edge_index, [source], num_nodes)[0]
    ahead = distances(edge_index.flip(0), [target], num_nodes)[0]
    tails, heads = edge_index.cpu().numpy()
    is_on_route = behind[tails] + 1 + ahead[heads] == length
    successors: dict[int, set[int]] = {}
    for tail, head in zip(tails[is_on_route].tolist(), heads[is_on_route].tolist(), strict=True):
        successors.setdefault(tail, set()).add(head)
    routes = [[int(source)]]
    for _ in range(int(length)):
        routes = [[*route, node] for route in routes for node in sorted(successors[route[-1]])]
        # Every beginning leads on to the target, so the number of routes never shrinks again.
        if len(routes) > MAX_ROUTES:
            raise MemoryLimitError(
                f"there are more than {MAX_ROUTES} shortest routes of {int(length)} edges",
                where=f"from {source} to {target}",
                remedy="ask for their length only: hops(...)",
            )
    return routes


def receptive_field(
    edge_index: Tensor, node: int, num_layers: int, num_nodes: int | None = None
) -> Tensor:
    """The nodes that ``node`` can have heard of after ``num_layers`` updates, itself among them.

    Args:
        edge_index: ``[2, E]``.
        node: The node that listens.
        num_layers: Number of updates; one per layer of most convolutions, ``steps`` of a gated
            graph network, the number of levels of a recurrent layer.
        num_nodes: N; one more than the largest node of the edges if not given.

    Returns:
        Their numbers in ascending order.

    Raises:
        ShapeError, DtypeError, InputError: If the edge list is not one of this graph, the node
            lies outside it, or the number of layers is negative.

    Example:
        >>> receptive_field(torch.tensor([[0, 1, 2], [1, 2, 3]]), 3, num_layers=2)
        tensor([1, 2, 3])
    """
    edge_index, num_nodes = check_graph(edge_index, num_nodes)
    training.check_count("num_layers", num_layers, 0)
    node = _to_node(node, num_nodes, "node")
    distance = distances(edge_index.flip(0), [node], num_nodes, limit=num_layers)[0]
    return torch.from_numpy(np.flatnonzero(np.isfinite(distance))).to(edge_index.device)


def adjacency_matrix(
    edge_index: Tensor,
    labels: Sequence[Hashable] | None = None,
    self_loops: bool = True,
    num_nodes: int | None = None,
) -> pd.DataFrame:
    r"""The adjacency as a table: what a node's next state is computed from stands in its column.

    .. math::
        (A + I)_{uv} = \text{number of edges } u \to v \; + \; [u = v]

    Args:
        edge_index: ``[2, E]``.
        labels: The names of the nodes; their numbers if not given.
        self_loops: Whether to add I, because a node remembers itself.
        num_nodes: N; the number of labels, or else one more than the largest node of the edges,
            if not given.

    Returns:
        Rows are sources, columns are targets.

    Raises:
        ShapeError, DtypeError, InputError: If the edge list is not one of this graph, or the labels
            are not as many names as there are nodes.
        MemoryLimitError: If the table would not fit.

    Example:
        >>> from torch_geometric.utils import to_undirected
        >>> A, B, C, D, E, F = range(6)
        >>> edges = [(A, B), (A, E), (A, F), (B, D), (C, D), (D, F)]
        >>> adjacency_matrix(to_undirected(torch.tensor(edges).t()), labels="ABCDEF")
           A  B  C  D  E  F
        A  1  1  0  0  1  1
        B  1  1  0  1  0  0
        C  0  0  1  1  0  0
        D  0  1  1  1  0  1
        E  1  0  0  0  1  0
        F  1  0  0  1  0  1
    """
    if labels is not None and num_nodes is None:
        num_nodes = len(labels)
    edge_index, num_nodes = check_graph(edge_index, num_nodes)
    check_dense_memory(num_nodes, torch.int64)
    names = list(range(num_nodes) if labels is None else labels)
    if len(names) != num_nodes:
        raise ShapeError(
            f"there are {num_nodes} nodes", where="labels", value=f"{len(names)} names"
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError("two nodes have one name", where="labels", value=repr(twice))
    matrix = np.eye(num_nodes, dtype=np.int64) * self_loops
    np.add.at(matrix, tuple(edge_index.cpu().numpy()), 1)
    return pd.DataFrame(matrix, index=names, columns=names)


def distances(
    edge_index: Tensor, sources: Sequence[int], num_nodes: int, limit: float = np.inf
) -> np.ndarray:
    """Number of updates from each of the sources to every node, as ``[sources, N]``.

    Args:
        edge_index: ``[2, E]``; ``edge_index.flip(0)`` gives the distances *to* the nodes.
        sources: Nodes of the graph.
        num_nodes: N.
        limit: What is farther away counts as out of reach, which saves time.

    Returns:
        Whole numbers; infinity for what is out of reach.

    Example:
        >>> distances(torch.tensor([[0, 1], [1, 2]]), [0, 1], 3)
        array([[ 0.,  1.,  2.],
               [inf,  0.,  1.]])
    """
    tails, heads = check_edge_index(edge_index, num_nodes).cpu().numpy()
    graph = csr_matrix((np.ones(len(tails)), (tails, heads)), shape=(num_nodes, num_nodes))
    return dijkstra(graph, indices=list(sources), unweighted=True, limit=limit)


def to_nodes(nodes: int | Sequence[int] | Tensor | None, num_nodes: int, where: str) -> Tensor:
    """One node, several or all (``None``) as a tensor of int64.

    Args:
        nodes: Their numbers.
        num_nodes: N.
        where: What the argument is called.

    Raises:
        DtypeError: If they are no whole numbers.
        ShapeError: If they have more than one dimension.
        InputError: If one lies outside the graph; names the first.

    Example:
        >>> to_nodes([2, 0], 3, "targets")
        tensor([2, 0])
        >>> to_nodes(3, 3, "source")
        Traceback (most recent call last):
        ...
        gnnlab.errors.InputError: the node is not in the graph (at: source; found: 3); use 0 to 2
    """
    if nodes is None:
        return torch.arange(num_nodes)
    try:
        chosen = torch.as_tensor(nodes)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DtypeError("nodes are whole numbers", where=where, value=repr(nodes)) from error
    if chosen.dim() > 1:
        raise ShapeError("a list of nodes is needed", where=where, value=list(chosen.shape))
    is_whole = not (chosen.is_floating_point() or chosen.is_complex() or chosen.dtype == torch.bool)
    if chosen.numel() and not is_whole:
        raise DtypeError(
            "nodes are whole numbers",
            where=where,
            value=chosen.dtype,
            remedy="turn a mask into numbers with mask.nonzero().flatten()",
        )
    chosen = chosen.reshape(-1).long().cpu()
    bad = chosen[(chosen < 0) | (chosen >= num_nodes)]
    if bad.numel():
        raise InputError(
            "the node is not in the graph",
            where=where,
            value=int(bad[0]),
            remedy=f"use 0 to {num_nodes - 1}" if num_nodes else "the graph has no nodes",
        )
    return chosen


def _to_node(node: int, num_nodes: int, where: str) -> int:
    nodes = to_nodes(node, num_nodes, where)
    if node is None or len(nodes) != 1:
        raise ShapeError("one node is needed", where=where, value=repr(node))
    return int(nodes[0])


def check_graph(edge_index: Tensor, num_nodes: int | None) -> tuple[Tensor, int]:
    """The checked edges and N, by default one more than the largest node.

    Raises:
        ShapeError, DtypeError, InputError: If they are no edges of such a graph.
    """
    if num_nodes is None:
        has_edges = isinstance(edge_index, Tensor) and edge_index.numel() > 0
        num_nodes = int(edge_index.max()) + 1 if has_edges else 0
    num_nodes = training.check_count("num_nodes", num_nodes, 0)
    return check_edge_index(edge_index, num_nodes), num_nodes
