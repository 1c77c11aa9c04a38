"""Sums over the neighbours that two nodes share, for many pairs at once: the hot path.

Legend: N nodes, E connections, P pairs, S sources, B pairs of a block.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from gnnlab.networks.network import Network
from gnnlab.networks.scorers.blocks import Block, by_source

_TABLE = 2**23  # numbers in a table of sources by nodes: 64 MiB
_CHUNK = 2**18  # neighbours that are looked up at a time: stays in the cache
_LOOK_UP_COST = 1.5  # of a neighbour in a table, in steps of a sparse product (measured)
_BANDS = 16


class Neighborhoods:
    """The neighbours of all nodes, with the nodes renumbered by ascending degree.

    Weights of shared neighbours depend on their degrees. Added in the new order they give the same
    sum, to the last bit, for both directions of a pair, and for all pairs that share neighbours of
    the same degrees: scores that are equal on paper are ties.

    Two ways lead to the sums, and for each source the cheaper one is taken. *Walks*: one row of a
    sparse product holds the sums of a source with all nodes. *Lists*: the source's neighbours are
    marked in a table, and the shorter list of each partner is looked up there. Both add in the same
    order, so that nobody can tell which one ran. Pairs start from their node of higher degree.

    Attributes:
        number: ``[N]`` the new number of each node.
        degree: ``[N]`` by new number, ascending.
        adjacency: ``[N, N]`` by new numbers.
        walks: ``[N]`` how many steps the row of a sparse product takes.
    """

    def __init__(self, network: Network):
        order = np.argsort(network.degree, kind="stable")
        self.number = np.empty_like(order)
        self.number[order] = np.arange(len(order))
        self.degree = network.degree[order]
        u, v = self.number[network.edge_index.numpy()].astype(np.int32)
        rows, columns = np.concatenate([u, v]), np.concatenate([v, u])
        shape = (network.num_nodes, network.num_nodes)
        self.adjacency = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
        self.adjacency.sort_indices()
        self.walks = self.adjacency @ self.degree

    def shared(self, u: np.ndarray, v: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The weights of shared neighbours, added up for each pair: ``[P]``.

        Args:
            u: ``[P]`` nodes by the network's numbers.
            v: ``[P]``.
            weight: ``[N]`` numbers by new number, none of them negative.
        """
        source, target = self.directed(u, v)
        look_ups = np.bincount(source, self.degree[target], len(self.degree))
        cheaper = self.walks + len(self.degree) < _LOOK_UP_COST * look_ups
        by_walks = cheaper[source]
        if by_walks.all():
            return self._by_walks(source, target, weight)
        result = np.empty(len(u))
        for way, chosen in ((self._by_walks, by_walks), (self._by_lists, ~by_walks)):
            result[chosen] = way(source[chosen], target[chosen], weight)
        return result

    def directed(self, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """New numbers of pairs, those of higher degree first: ``source > target``."""
        u, v = self.number[u], self.number[v]
        return np.maximum(u, v), np.minimum(u, v)

    def blocks(self, source: np.ndarray, target: np.ndarray) -> Iterator[Block]:
        """Blocks of pairs whose tables ``[S, N]`` are small enough."""
        return by_source(source, target, max(1, _TABLE // len(self.degree)))

    def two_steps(self, sources: np.ndarray, weighted: sparse.csr_array) -> np.ndarray:
        """Sums over the nodes between each source and all nodes: ``[S, N]``.

        Args:
            sources: ``[S]``.
            weighted: ``[N, N]`` the adjacency, with row i times the weight of node i.
        """
        return (self.adjacency[sources] @ weighted).toarray()

    def sums(self, table: np.ndarray, block: Block) -> np.ndarray:
        """A table's row of each pair, added up over the neighbours of its target: ``[B]``."""
        count, flat = self.degree[block.target], table.ravel()
        end = np.cumsum(count)
        cuts = np.searchsorted(end, np.arange(_CHUNK, end[-1], _CHUNK))
        bounds = np.unique([0, *cuts, len(end)])
        start = (block.row * table.shape[1]).astype(np.int32)
        result = np.empty(len(end))
        for part in map(slice, bounds[:-1], bounds[1:]):
            lists = self.adjacency[block.target[part]]  # [B, N]
            places = lists.indices + np.repeat(start[part], count[part])
            # Times a matrix of ones: looked up and added in one pass, from the first to the last.
            ones = sparse.csr_array(
                (lists.data, places, lists.indptr), shape=(lists.shape[0], len(flat))
            )
            result[part] = ones @ flat
        return result

    def _by_walks(self, source: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        result = np.empty(len(source))
        data = np.repeat(weight, self.degree)
        parts = (data, self.adjacency.indices, self.adjacency.indptr)
        weighted = sparse.csr_array(parts, shape=self.adjacency.shape)
        # Targets come before their sources: whoever comes later need not be walked to.
        band, width = -(-len(self.degree) // _BANDS), 0
        for block in self.blocks(source, target):
            if block.sources[-1] >= width:
                width = band * (1 + block.sources[-1] // band)
                columns = weighted[:, :width]
            table = self.two_steps(block.sources, columns)
            result[block.positions] = table.ravel().take(block.row * table.shape[1] + block.target)
        return result

    def _by_lists(self, source: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        result, table = np.empty(len(source)), None
        for block in self.blocks(source, target):
            if table is None:
                table = np.zeros((len(block.sources), len(self.degree)))
            marks = self.adjacency[block.sources].nonzero()
            table[marks] = weight[marks[1]]
            result[block.positions] = self.sums(table, block)
            table[marks] = 0
        return result
