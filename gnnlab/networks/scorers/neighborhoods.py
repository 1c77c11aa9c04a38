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
_CHUNK = 2**18  # neighbours that are looked up or merged at a time: stays in the cache
# In steps of a sparse product, measured: of a source's neighbour that is marked in a table, of a
# partner's that is looked up there, and of one in two lists that are merged.
_MARK_COST, _LOOK_UP_COST, _MERGE_COST = 12.0, 1.5, 1.0
_BANDS = 16


class Neighborhoods:
    """The neighbours of all nodes, with the nodes renumbered by ascending degree.

    Weights of shared neighbours depend on their degrees. Added in the new order they give the same
    sum, to the last bit, for both directions of a pair, and for all pairs that share neighbours of
    the same degrees: scores that are equal on paper are ties.

    Three ways lead to the sums, and for each source the cheapest one is taken. *Walks*: one row of
    a sparse product holds the sums of a source with all nodes. *Lists*: the source's neighbours are
    marked in a table, and the shorter list of each partner is looked up there. *Merging*: the
    sorted lists of both nodes are gone through together. All add in the same order, so that nobody
    can tell which one ran. Pairs start from their node of higher degree.

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
        way = self._cheapest(source, target)[source]
        result = np.empty(len(u))
        for number, sums in enumerate((self._by_walks, self._by_lists, self._by_merging)):
            chosen = way == number
            if chosen.all():
                return sums(source, target, weight)
            if chosen.any():
                result[chosen] = sums(source[chosen], target[chosen], weight)
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
        start = (block.row * table.shape[1]).astype(np.int32)
        result = np.empty(len(count))
        for part in chunks(count):
            lists = self.adjacency[block.target[part]]  # [B, N]
            places = lists.indices + np.repeat(start[part], count[part])
            # Times a matrix of ones: looked up and added in one pass, from the first to the last.
            ones = sparse.csr_array(
                (lists.data, places, lists.indptr), shape=(lists.shape[0], len(flat))
            )
            result[part] = ones @ flat
        return result

    def _cheapest(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Which of the ways to take from each node, ``[N]``."""
        count = len(self.degree)
        pairs = np.bincount(source, minlength=count)
        look_ups = np.bincount(source, self.degree[target], count)
        walks = self.walks + count
        lists = _MARK_COST * self.degree + _LOOK_UP_COST * look_ups
        merging = _MERGE_COST * (pairs * self.degree + look_ups)
        way = np.where(lists < walks, 1, 0)
        return np.where(merging < np.minimum(walks, lists), 2, way)

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

    def _by_merging(self, source: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        result = np.empty(len(source))
        for part in chunks(self.degree[source] + self.degree[target]):
            both = self.adjacency[source[part]].multiply(self.adjacency[target[part]])  # [B, N]
            result[part] = both @ weight
        return result


def chunks(counts: np.ndarray) -> Iterator[slice]:
    """Parts of a list whose counts come to about ``_CHUNK``, or of one place with more.

    Example:
        >>> list(chunks(np.array([200_000, 200_000, 200_000])))
        [slice(0, 1, None), slice(1, 2, None), slice(2, 3, None)]
    """
    end = np.cumsum(counts)
    cuts = np.searchsorted(end, np.arange(_CHUNK, end[-1] if len(end) else 0, _CHUNK))
    bounds = np.unique([0, *cuts, len(end)]).tolist()
    return map(slice, bounds[:-1], bounds[1:])
