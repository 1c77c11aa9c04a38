"""A network: nodes with the user's names, and the connections between them.

Legend: N nodes, E connections, P pairs, F features.
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch_geometric.data import Data

from gnnlab.errors import InputError, ShapeError, UnknownNameError

_CLOSE_NAMES = 3


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes with names, and undirected connections, each of them once.

    Make one with :meth:`of`, which brings connections into the order that is promised here, or
    with :func:`gnnlab.networks.read_network`.

    Attributes:
        names: The name of each of the N nodes.
        edge_index: ``[2, E]``; the smaller node first, ascending, no connection twice, none from a
            node to itself.
        edge_weight: ``[E]`` positive numbers, or ``None``.
        edge_time: ``[E]`` when two nodes met first, or ``None``.
        x: Features ``[N, F]`` as a SciPy sparse array, or ``None``.
        labels: What kind each node is of, or ``None``.

    Example:
        >>> network = Network.of(["Anna", "Kitty", "Levin"], [[1, 0, 1], [0, 1, 2]])
        >>> network.edge_index.tolist(), network.degree.tolist()
        ([[0, 1], [1, 2]], [1, 2, 1])
        >>> network.node("Kity")
        Traceback (most recent call last):
        ...
        gnnlab.errors.UnknownNameError: there is no such node (at: node; found: 'Kity'); use 'Kitty'
    """

    names: Sequence[Hashable]
    edge_index: Tensor
    edge_weight: Tensor | None = None
    edge_time: Tensor | None = None
    x: sparse.csr_array | None = None
    labels: Sequence[Hashable] | None = None

    @classmethod
    def of(
        cls,
        names: Sequence[Hashable],
        edge_index: Tensor | np.ndarray | Sequence[Sequence[int]],
        *,
        edge_weight: Tensor | Sequence[float] | None = None,
        edge_time: Tensor | Sequence[float] | None = None,
        x: sparse.sparray | np.ndarray | Tensor | None = None,
        labels: Sequence[Hashable] | None = None,
    ) -> Network:
        """Brings connections into order.

        A connection that stands there in both directions, or several times, is one: weights are
        added up, and the earliest time counts. Those from a node to itself are left out.

        Args:
            names: The names of the nodes, all different.
            edge_index: ``[2, any]`` numbers of nodes.
            edge_weight: A positive number for each of them.
            edge_time: A time for each of them.
            x: ``[N, F]``.
            labels: One for each node.

        Raises:
            ShapeError: If lengths do not fit.
            InputError: If a number names no node, or a name stands for two nodes.
        """
        index = np.asarray(edge_index, dtype=np.int64).reshape(2, -1)
        _require_nodes(index, len(names))
        if len(set(names)) < len(names):
            raise InputError("a name stands for two nodes", where="names")
        kept = index[0] != index[1]
        keys = index.min(0) * len(names) + index.max(0)  # [any]
        unique, place = np.unique(keys[kept], return_inverse=True)
        pairs = np.stack(np.divmod(unique, max(len(names), 1)))  # [2, E]
        weight = time = None
        if edge_weight is not None:
            values = _column(edge_weight, "edge_weight", index.shape[1])[kept]
            weight = torch.from_numpy(np.bincount(place, values, len(unique)))
        if edge_time is not None:
            values = _column(edge_time, "edge_time", index.shape[1])[kept]
            first = np.full(len(unique), np.inf)
            np.minimum.at(first, place, values)
            time = torch.from_numpy(first)
        for name, rows in (("x", x), ("labels", labels)):
            if rows is not None and (rows.shape[0] if name == "x" else len(rows)) != len(names):
                raise ShapeError("there must be one row per node", where=name, value=len(names))
        features = None if x is None else sparse.csr_array(x, dtype=np.float32)
        return cls(names, torch.from_numpy(pairs), weight, time, features, labels)

    @property
    def num_nodes(self) -> int:
        """N."""
        return len(self.names)

    @property
    def num_edges(self) -> int:
        """E."""
        return self.edge_index.size(1)

    @cached_property
    def adjacency(self) -> sparse.csr_array:
        """``[N, N]`` symmetric, 1 for every connection, without weights; columns ascend."""
        u, v = self.edge_index.numpy()
        rows, columns = np.concatenate([u, v]), np.concatenate([v, u])
        shape = (self.num_nodes, self.num_nodes)
        return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)

    @cached_property
    def degree(self) -> np.ndarray:
        """``[N]`` how many connections each node has."""
        return np.bincount(self.edge_index.numpy().ravel(), minlength=self.num_nodes)

    @cached_property
    def keys(self) -> np.ndarray:
        """``[E]`` one ascending number per connection: see :meth:`keys_of`."""
        return self.keys_of(self.edge_index)

    def keys_of(self, pairs: Tensor | np.ndarray) -> np.ndarray:
        """One number per pair of nodes, the same in both directions.

        Args:
            pairs: ``[2, P]``.
        """
        pairs = np.asarray(pairs)
        return pairs.min(0) * self.num_nodes + pairs.max(0)

    def connected(self, pairs: Tensor | np.ndarray) -> np.ndarray:
        """Which of the pairs ``[2, P]`` have a connection."""
        keys = self.keys_of(pairs)
        place = np.searchsorted(self.keys, keys)
        found = place < len(self.keys)
        found[found] = self.keys[place[found]] == keys[found]
        return found

    def neighbors(self, node: int) -> np.ndarray:
        """The nodes, ascending, that a node has a connection with."""
        start, stop = self.adjacency.indptr[node : node + 2]
        return self.adjacency.indices[start:stop]

    def node(self, name: Hashable) -> int:
        """The number of the node of that name.

        Raises:
            UnknownNameError: If there is none; suggests names that are close.
        """
        try:
            return self._numbers[name]
        except (KeyError, TypeError):
            pass
        if str(name) in self._written:
            return self._written[str(name)]
        near = difflib.get_close_matches(str(name), list(self._written), _CLOSE_NAMES)
        raise UnknownNameError(
            "there is no such node",
            where="node",
            value=repr(name),
            remedy=f"use {' or '.join(map(repr, near))}" if near else None,
        )

    def only(self, edge_index: Tensor) -> Network:
        """The same nodes with other connections, without weights and times."""
        ordered = Network.of(range(self.num_nodes), edge_index)
        return replace(self, edge_index=ordered.edge_index, edge_weight=None, edge_time=None)

    def to_data(self) -> Data:
        """PyG's graph, with both directions of every connection and dense features."""
        u, v = self.edge_index
        data = Data(edge_index=torch.stack([torch.cat([u, v]), torch.cat([v, u])]))
        data.num_nodes = self.num_nodes
        if self.edge_weight is not None:
            data.edge_weight = torch.cat([self.edge_weight, self.edge_weight]).float()
        if self.x is not None:
            data.x = torch.from_numpy(self.x.toarray())
        return data

    @cached_property
    def _numbers(self) -> dict[Hashable, int]:
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def _written(self) -> dict[str, int]:
        # What comes from a command line is text, whatever the names in the file are.
        return {str(name): number for number, name in reversed(list(enumerate(self.names)))}

    def __repr__(self) -> str:
        return f"Network({self.num_nodes} nodes, {self.num_edges} connections)"


def _require_nodes(index: np.ndarray, num_nodes: int) -> None:
    wrong = np.flatnonzero(((index < 0) | (index >= num_nodes)).any(0))
    if len(wrong):
        raise InputError(
            f"nodes are numbered from 0 to {num_nodes - 1}",
            where=f"edge_index[:, {wrong[0]}]",
            value=index[:, wrong[0]].tolist(),
        )


def _column(values: Tensor | Sequence[float], name: str, length: int) -> np.ndarray:
    column = np.asarray(values, dtype=np.float64)
    if column.shape != (length,):
        raise ShapeError("there must be one number per edge", where=name, value=column.shape)
    return column
