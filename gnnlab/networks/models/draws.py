"""Pairs without a connection, to learn from: drawn anew in every epoch.

Legend: E connections, P pairs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from gnnlab.errors import InputError
from gnnlab.networks.network import Network


def draw_uniform(network: Network, count: int, generator: np.random.Generator) -> Tensor:
    """Pairs of different nodes without a connection, all equally likely; pairs can repeat.

    Returns:
        ``[2, count]``.

    Raises:
        InputError: If all nodes are connected with each other.

    Example:
        >>> network = Network.of(["Watson", "Holmes", "Lestrade"], [[0, 1], [1, 2]])
        >>> draw_uniform(network, 2, np.random.default_rng(0)).sort(0).values.tolist()
        [[0, 0], [2, 2]]
    """
    N = network.num_nodes
    if network.num_edges >= N * (N - 1) // 2:
        raise InputError(
            "all nodes are connected with each other: there is no pair to tell them from",
            where="network",
            value=network,
        )
    pairs = np.empty((2, count), dtype=np.int64)
    open_places = np.arange(count)
    while len(open_places):
        drawn = generator.integers(N, size=(2, len(open_places)))
        pairs[:, open_places] = drawn
        bad = (drawn[0] == drawn[1]) | network.connected(drawn)
        open_places = open_places[bad]
    return torch.from_numpy(pairs)


def draw_hard(network: Network, count: int, generator: np.random.Generator) -> Tensor:
    r"""Half of them pairs that look like connections, the other half uniform.

    A walk of two steps begins at the end of a random connection. It ends at w with a probability
    that is proportional to the resource allocation index,

    .. math::
        P(w \mid u) = \frac{1}{d_u} \sum_{a \in N(u) \cap N(w)} \frac{1}{d_a}

    so pairs are the likelier to be drawn the more that heuristic would suggest them. A walk that
    ends at its beginning or at a neighbour of it is replaced by a uniform pair.

    Returns:
        ``[2, count]``.

    Raises:
        InputError: If all nodes are connected with each other.
    """
    pairs = draw_uniform(network, count, generator)
    half = count // 2
    start = network.edge_index.numpy().ravel()[generator.integers(2 * network.num_edges, size=half)]
    end = _step(network, _step(network, start, generator), generator)
    walks = np.stack([start, end])
    good = (start != end) & ~network.connected(walks)
    pairs[:, :half][:, torch.from_numpy(good)] = torch.from_numpy(walks[:, good])
    return pairs


def _step(network: Network, node: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A random neighbour of each node."""
    adjacency = network.adjacency
    choice = (generator.random(len(node)) * network.degree[node]).astype(np.int64)
    return adjacency.indices[adjacency.indptr[node] + choice].astype(np.int64)


#: Name -> function of a network, a number of pairs and a generator.
NEGATIVES: dict[str, Callable[[Network, int, np.random.Generator], Tensor]] = {
    "uniform": draw_uniform,
    "hard": draw_hard,
}
