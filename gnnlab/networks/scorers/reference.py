r"""The slow twins of all scorers: obviously right, one pair at a time. The tests' oracle.

A connection is left out by removing it from the network and starting afresh: see :func:`without`.

Legend: N nodes, F features.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from gnnlab.networks.network import Network


def without(network: Network, u: int, v: int) -> Network:
    """The network without the connection of u and v."""
    kept = network.keys != network.keys_of(np.array([[u], [v]]))
    return network.only(network.edge_index[:, kept])


def common_neighbors(network: Network, u: int, v: int) -> float:
    """Counts the nodes that are connected with both."""
    return float(len(_shared(network, u, v)))


def jaccard(network: Network, u: int, v: int) -> float:
    """Compares two sets of neighbours; 0 where both are empty."""
    either = set(network.neighbors(u)) | set(network.neighbors(v))
    return len(_shared(network, u, v)) / len(either) if either else 0.0


def adamic_adar(network: Network, u: int, v: int) -> float:
    """Adds from the lowest degree to the highest, as the fast one does."""
    return _sum(1 / np.log(degree) for degree in _shared(network, u, v))


def resource_allocation(network: Network, u: int, v: int) -> float:
    """Adds from the lowest degree to the highest, as the fast one does."""
    return _sum(1 / degree for degree in _shared(network, u, v))


def preferential_attachment(network: Network, u: int, v: int) -> float:
    """Multiplies two degrees."""
    return float(len(network.neighbors(u)) * len(network.neighbors(v)))


def local_path(network: Network, u: int, v: int, beta: float = 0.005) -> float:
    """Takes powers of the dense adjacency."""
    A = network.adjacency.toarray()
    return (A @ A)[u, v] + beta * (A @ A @ A)[u, v]


def katz(network: Network, u: int, v: int, beta: float = 0.005) -> float:
    """Inverts a dense matrix."""
    return np.linalg.inv(np.eye(network.num_nodes) - beta * network.adjacency.toarray())[u, v]


def pagerank(network: Network, u: int, v: int, alpha: float = 0.15) -> float:
    """Solves for the time that a random walk from either node spends at the other."""
    A = network.adjacency.toarray()
    P = A / np.maximum(A.sum(1, keepdims=True), 1)  # [N, N]
    visits = alpha * np.linalg.inv(np.eye(len(A)) - (1 - alpha) * P)
    return visits[u, v] + visits[v, u]


def shortest_path(network: Network, u: int, v: int) -> float:
    """Lets networkx search."""
    import networkx

    graph = networkx.Graph(network.edge_index.T.tolist())
    graph.add_nodes_from(range(network.num_nodes))
    if not networkx.has_path(graph, u, v):
        return 0.0
    return 1 / networkx.shortest_path_length(graph, u, v)


def raw_features(network: Network, u: int, v: int) -> float:
    """The cosine of two dense rows."""
    return _cosine(network.x.toarray().astype(np.float64), u, v)


def idf_features(network: Network, u: int, v: int) -> float:
    """The cosine of two dense, weighted rows."""
    return _cosine(_weighted(network), u, v)


def smoothed_features(network: Network, u: int, v: int, hops: int = 1) -> float:
    """Smooths with the dense, normalised adjacency."""
    A = network.adjacency.toarray() + np.eye(network.num_nodes)
    root = np.sqrt(A.sum(1))
    x = _weighted(network)
    for _ in range(hops):
        x = (A / root / root[:, None]) @ x
    return _cosine(x, u, v)


def _shared(network: Network, u: int, v: int) -> list[int]:
    """The degrees of the shared neighbours, ascending."""
    shared = set(network.neighbors(u)) & set(network.neighbors(v))
    return sorted(len(network.neighbors(node)) for node in shared)


def _sum(values) -> float:
    total = 0.0  # one after the other: from Python 3.12 on, sum() corrects its rounding
    for value in values:
        total += value
    return float(total)


def _weighted(network: Network) -> np.ndarray:
    x = network.x.toarray().astype(np.float64)
    weights = [math.log(len(x) / (1 + np.count_nonzero(column))) for column in x.T]
    return x * np.maximum(weights, 0)


def _cosine(x: np.ndarray, u: int, v: int) -> float:
    length = np.linalg.norm(x[u]) * np.linalg.norm(x[v])
    return float(x[u] @ x[v] / length) if length > 0 else 0.0


#: The twin of each scorer of the registry: network and two nodes to a score.
REFERENCES: dict[str, Callable[[Network, int, int], float]] = {
    "common-neighbors": common_neighbors,
    "jaccard": jaccard,
    "adamic-adar": adamic_adar,
    "resource-allocation": resource_allocation,
    "preferential-attachment": preferential_attachment,
    "local-path": local_path,
    "katz": katz,
    "pagerank": pagerank,
    "shortest-path": shortest_path,
    "raw-features": raw_features,
    "idf-features": idf_features,
    "smoothed-features": smoothed_features,
    "smoothed-features-2": partial(smoothed_features, hops=2),
    "smoothed-features-3": partial(smoothed_features, hops=3),
}
