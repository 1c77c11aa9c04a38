r"""Effective resistance: how well two nodes are connected, over all routes together.

Every edge is a resistor of 1 ohm. One route of k edges makes k ohm; every further route makes it
less. Where it is high, much has to squeeze through few edges.

Legend: N nodes, E edges, T targets, S sources, K different nodes among them.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from gnnlab.analysis.jacobian import Nodes, check_memory
from gnnlab.analysis.paths import check_graph, to_nodes
from gnnlab.analysis.undirected import connected_pairs
from gnnlab.errors import InputError, MemoryLimitError, UnknownNameError

METHODS = ("dense", "iterative")
#: Largest graph for the dense method, which takes time of order N³: half a second here.
MAX_DENSE_NODES = 2_000


def effective_resistance(
    edge_index: Tensor,
    sources: Nodes = None,
    targets: Nodes = None,
    num_nodes: int | None = None,
    *,
    method: str = "dense",
    tolerance: float = 1e-10,
) -> Tensor:
    r"""The effective resistance between nodes (`Black et al., 2023 <https://arxiv.org/abs/2302.06835>`_).

    .. math::
        R_{uv} = (e_u - e_v)^\top L^{+} (e_u - e_v), \qquad L = D - A

    with the pseudo-inverse of the Laplacian of the graph without its directions, parallel edges
    and self loops. It bounds what a deep network can carry from u to v: the higher, the less. It
    is at most the number of hops, and equal to it if there is one route only.

    Args:
        edge_index: ``[2, E]``.
        sources: The nodes u; all if not given.
        targets: The nodes v; all if not given.
        num_nodes: N; one more than the largest node of the edges if not given.
        method: ``"dense"`` inverts a matrix ``[N, N]``, up to :data:`MAX_DENSE_NODES` nodes.
            ``"iterative"`` solves one sparse system per source and target by conjugate gradients.
        tolerance: Of the iterative method, the residual that may remain, as a share.

    Returns:
        ``[T, S]`` in float64, as :func:`~gnnlab.analysis.node_jacobian`. The resistance between
        nodes that no route connects is infinite.

    Raises:
        UnknownNameError: If there is no such method.
        ShapeError, DtypeError, InputError: If the edge list is not one of this graph, a node lies
            outside it, or the conjugate gradients do not come down to the tolerance.
        MemoryLimitError: If the graph is too large for the dense method, or the result does not
            fit.

    Example:
        Two resistors in a row, and two such rows side by side; node 4 is not connected.

        >>> square = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
        >>> effective_resistance(square, sources=0, num_nodes=5).flatten().round(decimals=6)
        tensor([0.0000, 0.7500, 1.0000, 0.7500,    inf], dtype=torch.float64)
    """
    if method not in METHODS:
        raise UnknownNameError.of("method", method, METHODS)
    if not 0 < tolerance < 1:
        raise InputError("a share between 0 and 1", where="tolerance", value=tolerance)
    edge_index, num_nodes = check_graph(edge_index, num_nodes)
    if method == "dense" and num_nodes > MAX_DENSE_NODES:
        raise MemoryLimitError(
            f"a dense inverse of {num_nodes} x {num_nodes} takes too long: the limit is "
            f"{MAX_DENSE_NODES} nodes",
            where="num_nodes",
            value=num_nodes,
            remedy="pass method='iterative' and name the sources and targets",
        )
    sources = to_nodes(sources, num_nodes, "sources").numpy()
    targets = to_nodes(targets, num_nodes, "targets").numpy()
    nodes, place = np.unique(np.concatenate([targets, sources]), return_inverse=True)
    rows, columns = place[: len(targets), None], place[len(targets) :]
    like = torch.empty(0, dtype=torch.float64)
    check_memory((len(nodes), len(nodes)), like)
    check_memory((len(targets), len(sources)), like)
    laplacian, component = _laplacian(edge_index, num_nodes)
    if method == "dense":
        potential = _invert(laplacian, component)[np.ix_(nodes, nodes)]  # [K, K]
    else:
        potential = _solve(laplacian, component, nodes, tolerance)
    own = potential.diagonal()
    resistance = own[rows] + own[columns] - potential[rows, columns] - potential[columns, rows]
    resistance[nodes[rows] == nodes[columns]] = 0.0
    resistance[component[nodes[rows]] != component[nodes[columns]]] = np.inf
    return torch.from_numpy(resistance)


def _laplacian(edge_index: Tensor, num_nodes: int) -> tuple[csr_array, np.ndarray]:
    """The sparse Laplacian, and the number of the component that each node belongs to."""
    u, v = connected_pairs(edge_index, num_nodes).cpu().numpy()
    entries = (np.ones(2 * len(u)), (np.concatenate([u, v]), np.concatenate([v, u])))
    adjacency = csr_array(entries, shape=(num_nodes, num_nodes))
    component = connected_components(adjacency, directed=False)[1]
    return csr_array(diags_array(adjacency.sum(axis=1)) - adjacency), component


def _invert(laplacian: csr_array, component: np.ndarray) -> np.ndarray:
    """``[N, N]``: the pseudo-inverse, but for a constant within each component.

    The mean over a component is added first. That makes the matrix regular, and leaves the
    difference of two potentials in a component as it is.
    """
    together = component[:, None] == component  # [N, N]
    return np.linalg.inv(laplacian.toarray() + together / np.bincount(component)[component])


def _solve(
    laplacian: csr_array, component: np.ndarray, nodes: np.ndarray, tolerance: float
) -> np.ndarray:
    """``[K, K]``: row k the potential at ``nodes`` when a current of 1 enters at the k-th node."""
    from scipy.sparse.linalg import cg

    size = np.bincount(component)
    scale = diags_array(1 / np.maximum(laplacian.diagonal(), 1))
    potential = np.empty((len(nodes), len(nodes)))
    for row, node in enumerate(nodes):
        # What enters at the node leaves everywhere in its component: otherwise nothing would flow.
        current = np.where(component == component[node], -1 / size[component[node]], 0.0)  # [N]
        current[node] += 1
        solution, failure = cg(laplacian, current, rtol=tolerance, M=scale)
        if failure:
            raise InputError(
                f"the conjugate gradients did not converge in {failure} steps",
                where=f"node {node}",
                value=f"tolerance {tolerance}",
                remedy="allow a larger tolerance",
            )
        potential[row] = solution[nodes]
    return potential
