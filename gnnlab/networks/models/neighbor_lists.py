"""Who is connected with whom, as the learned scorers ask for it.

Legend: N nodes, M directed connections, P pairs, C neighbours that are looked up.
"""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from gnnlab.networks.network import Network
from gnnlab.nn import CSR, Adjacency


class NeighborLists:
    r"""Sorted lists of neighbours that can be shortened and intersected.

    Every connection is one number, :math:`\text{target} \cdot N + \text{source}`, and the numbers
    ascend. To leave connections out, and to find the common neighbours of many pairs, is then a
    search in one sorted list, without a loop over the pairs.

    Args:
        keys: ``[M]`` those numbers, ascending, none of them twice.
        num_nodes: N.

    Example:
        >>> network = Network.of(["Athos", "Porthos", "Aramis"], [[0, 1, 0], [1, 2, 2]])
        >>> friends = NeighborLists.of(network)
        >>> friends.degree.tolist(), friends.common(torch.tensor([[0], [2]])).index.tolist()
        ([2, 2, 2], [1])
        >>> friends.without(torch.tensor([[2], [1]])).degree.tolist()
        [2, 1, 1]
    """

    def __init__(self, keys: Tensor, num_nodes: int):
        self.keys, self.num_nodes = keys, num_nodes

    @classmethod
    def of(cls, network: Network) -> NeighborLists:
        """Both directions of every connection."""
        return cls.from_edge_index(
            torch.cat([network.edge_index, network.edge_index.flip(0)], 1), network.num_nodes
        )

    @classmethod
    def from_edge_index(cls, edge_index: Tensor, num_nodes: int) -> NeighborLists:
        """Edges ``[2, any]`` from source to target, such as a sampled part of a graph."""
        source, target = edge_index
        return cls((target * num_nodes + source).unique(), num_nodes)

    @cached_property
    def pointer(self) -> Tensor:
        """``[N + 1]`` where the neighbours of each node begin."""
        first = torch.arange(self.num_nodes + 1, device=self.keys.device) * self.num_nodes
        return torch.searchsorted(self.keys, first)

    @cached_property
    def index(self) -> Tensor:
        """``[M]`` the neighbours of node 0, of node 1, and so on, each list ascending."""
        return self.keys % max(self.num_nodes, 1)

    @property
    def degree(self) -> Tensor:
        """``[N]`` how many neighbours each node has."""
        return self.pointer.diff()

    @cached_property
    def adjacency(self) -> Adjacency:
        """The graph, as the layers of :mod:`gnnlab.nn` take it."""
        target = self.keys.div(max(self.num_nodes, 1), rounding_mode="floor")
        return Adjacency.from_edge_index(torch.stack([self.index, target]), self.num_nodes)

    def without(self, pairs: Tensor) -> NeighborLists:
        """The graph without the connections of the pairs ``[2, P]``, in both directions."""
        u, v = pairs
        place, found = self._find(torch.cat([u * self.num_nodes + v, v * self.num_nodes + u]))
        kept = torch.ones_like(self.keys, dtype=torch.bool)
        kept[place[found]] = False
        return NeighborLists(self.keys[kept], self.num_nodes)

    def common(self, pairs: Tensor) -> CSR:
        r"""The common neighbours of pairs ``[2, P]``.

        Walks along the shorter of the two lists of each pair and looks every neighbour up in the
        other one: :math:`O(C \log M)`, where C is what the shorter lists hold.

        Returns:
            A row for each pair, P x N, with the common neighbours in ascending order.
        """
        u, v = pairs
        swap = self.degree[u] > self.degree[v]
        few, many = torch.where(swap, v, u), torch.where(swap, u, v)
        count = self.degree[few]  # [P]
        total = int(count.sum())
        pair = torch.arange(len(few), device=few.device)
        pair = pair.repeat_interleave(count, output_size=total)  # [C]
        entry = torch.arange(total, device=few.device)
        entry += (self.pointer[few] - count.cumsum(0) + count)[pair]
        node = self.index[entry]
        _, found = self._find(many[pair] * self.num_nodes + node)
        pointer = count.new_zeros(len(few) + 1)
        torch.cumsum(torch.bincount(pair[found], minlength=len(few)), 0, out=pointer[1:])
        return CSR(pointer, node[found], self.num_nodes)

    def to(self, device: torch.device | str) -> NeighborLists:
        """The same on another device; itself, if it is there already."""
        keys = self.keys.to(device)
        return self if keys is self.keys else NeighborLists(keys, self.num_nodes)

    def _find(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Where connections stand, and whether they are there at all."""
        place = torch.searchsorted(self.keys, keys)
        found = place < len(self.keys)
        found[found.clone()] = self.keys[place[found]] == keys[found]
        return place, found

    def __repr__(self) -> str:
        return f"NeighborLists({self.num_nodes} nodes, {len(self.keys)} directed connections)"
