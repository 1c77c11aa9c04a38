r"""Scores from the ways that lead from one node to another.

Legend: N nodes, P pairs, S sources, B pairs of a block.
"""

from __future__ import annotations

import numpy as np

from gnnlab.networks.network import Network
from gnnlab.networks.scorers.blocks import by_source
from gnnlab.networks.scorers.neighborhoods import Neighborhoods
from gnnlab.networks.scorers.scorer import Scorer

_BITS = 64


class LocalPath(Scorer):
    r"""Walks of two and three steps (the local path index of `Lü, Jin & Zhou, 2009
    <https://doi.org/10.1103/PhysRevE.80.046122>`_).

    .. math::
        s(u, v) = (A^2)_{uv} + \beta (A^3)_{uv}

    Without the own connection, :math:`d_u + d_v - 1` walks of three steps are missing.

    Args:
        beta: What a walk of three steps counts.

    Example:
        >>> from gnnlab.networks import Network
        >>> triangle = Network.of(["Athos", "Porthos", "Aramis"], [[0, 1, 2], [1, 2, 0]])
        >>> scorer, pair = LocalPath(beta=0.1).fit(triangle), np.array([[0], [1]])
        >>> scorer.score(pair).tolist(), scorer.score(pair, without_own=True).tolist()
        ([1.3], [1.0])
    """  # noqa: D205

    def __init__(self, beta: float = 0.005):
        self.beta = beta

    def _prepare(self, network: Network) -> None:
        self._neighborhoods = Neighborhoods(network)

    def _score(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        source, target = self._neighborhoods.directed(u, v)
        two, three = np.empty(len(u)), np.empty(len(u))
        for block in self._neighborhoods.blocks(source, target):
            table = self._neighborhoods.two_steps(block.sources, self._neighborhoods.adjacency)
            two[block.positions] = table[block.row, block.target]
            three[block.positions] = self._neighborhoods.sums(table, block)
        if own is not None:
            three -= own * (self._network.degree[u] + self._network.degree[v] - 1)
        return two + self.beta * three

    def __repr__(self) -> str:
        return f"LocalPath(beta={self.beta:g})"


class ShortestPath(Scorer):
    r"""One through the number of steps between two nodes; 0 where no path leads.

    .. math::
        s(u, v) = 1 / \text{distance}(u, v)

    A connected pair scores 1. Without its own connection the way round counts.

    Breadth-first search runs from 64 nodes at a time, each of them one bit of a number per node.

    Example:
        >>> from gnnlab.networks import Network
        >>> names = ["Emma", "Harriet", "Knightley", "Elton"]
        >>> square = Network.of(names, [[0, 1, 2, 3], [1, 2, 3, 0]])
        >>> path, pairs = ShortestPath().fit(square), np.array([[0, 0], [1, 2]])
        >>> path.score(pairs).tolist(), path.score(pairs, without_own=True).round(3).tolist()
        ([1.0, 0.5], [0.333, 0.5])
    """

    def _prepare(self, network: Network) -> None:
        self._neighborhoods = Neighborhoods(network)
        self._linked = np.flatnonzero(network.degree)
        self._starts = network.adjacency.indptr[self._linked]

    def _score(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        distance = np.zeros(len(u))
        apart = np.arange(len(u)) if own is None else np.flatnonzero(~own)
        # From the node of higher degree, for many pairs share such a node.
        swap = self._network.degree[u] < self._network.degree[v]
        source, target = np.where(swap, v, u), np.where(swap, u, v)
        for block in by_source(source[apart], target[apart], _BITS):
            positions = apart[block.positions]
            distance[positions] = self._search(block.sources, block.row, block.target)
        if own is not None:
            shared = self._neighborhoods.shared(u, v, np.ones(self._network.num_nodes))
            distance[own & (shared > 0)] = 2
            rest = np.flatnonzero(own & (shared == 0))
            for first in range(0, len(rest), _BITS):
                part = rest[first : first + _BITS]
                row = np.arange(len(part))
                distance[part] = self._search(source[part], row, target[part], own=True)
        return np.divide(1, distance, out=np.zeros(len(u)), where=distance > 0)

    def _search(
        self, sources: np.ndarray, row: np.ndarray, target: np.ndarray, own: bool = False
    ) -> np.ndarray:
        """Steps ``[B]`` from ``sources[row]`` to the targets, 0 where no path leads.

        With ``own`` every pair has a row of its own, and does not use its own connection.
        """
        bits = np.uint64(1) << np.arange(len(sources), dtype=np.uint64)
        bit = bits[row]
        reached = np.zeros(self._network.num_nodes, np.uint64)
        np.bitwise_or.at(reached, sources, bits)
        frontier, steps = reached.copy(), 0
        distance, open_pairs = np.zeros(len(target)), np.arange(len(target))
        while len(open_pairs) and frontier.any():
            steps += 1
            frontier = self._neighbors_of(frontier) & ~reached
            if own and steps == 1:
                # A search leaves its source in the first step only.
                np.bitwise_and.at(frontier, target, ~bit)
            reached |= frontier
            found = (reached[target[open_pairs]] & bit[open_pairs]) != 0
            distance[open_pairs[found]] = steps
            open_pairs = open_pairs[~found]
        return distance

    def _neighbors_of(self, frontier: np.ndarray) -> np.ndarray:
        """``[N]`` for each node the bits that any of its neighbours has."""
        result = np.zeros_like(frontier)
        if len(self._linked):
            gathered = frontier[self._network.adjacency.indices]
            result[self._linked] = np.bitwise_or.reduceat(gathered, self._starts)
        return result
