"""Which nodes are worth a closer look as new connections of a node.

Legend: N nodes, Q nodes that are given candidates, C candidates of each.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from gnnlab.networks.network import Network

_TABLE = 2**22  # numbers in a table of nodes by nodes: 16 MiB


class Candidates:
    r"""The nodes that a node's neighbours lead to, and those that resemble it.

    Scoring all pairs of a large network takes too long, and most of them share nothing. Candidates
    of u are, in turn, the best by resource allocation,

    .. math::
        s(u, v) = \sum_{w \in N(u) \cap N(v)} \frac{1}{d_w},

    and the best by the product of vectors, if there are some. Where these say nothing, nodes with
    many connections follow. Memory is that of N times C numbers, whatever N.

    Example:
        >>> path = Network.of(["Jane", "Bingley", "Darcy", "Lizzy"], [[0, 1, 2], [1, 2, 3]])
        >>> sorted(Candidates().fit(path).of(np.array([0]), 2)[0].tolist())
        [2, 3]
    """

    def fit(self, network: Network, vectors: Tensor | None = None) -> Self:
        """Looks at a network, and at vectors ``[N, any]`` of its nodes."""
        self._network, self._vectors = network, vectors
        self._shares = sparse.diags_array(1 / np.maximum(network.degree, 1)) @ network.adjacency
        self._shares = sparse.csr_array(self._shares, dtype=np.float32)
        # Less than any shared neighbour, and enough to put nodes of many connections first.
        self._fill = network.degree.astype(np.float32) / (1e3 * max(network.num_nodes, 1) ** 2)
        return self

    def of(self, nodes: np.ndarray, count: int) -> np.ndarray:
        """Candidates ``[Q, C]`` of some nodes, -1 where there are no more.

        Args:
            nodes: ``[Q]``.
            count: C.
        """
        size = max(1, _TABLE // max(self._network.num_nodes, 1))
        parts = [
            self._of_block(nodes[first : first + size], count)
            for first in range(0, len(nodes), size)
        ]
        return np.concatenate(parts) if parts else np.empty((0, count), dtype=np.int64)

    def _of_block(self, nodes: np.ndarray, count: int) -> np.ndarray:
        rows = self._network.adjacency[nodes]
        shared = (rows.astype(np.float32) @ self._shares).toarray() + self._fill  # [Q, N]
        taken = np.repeat(np.arange(len(nodes)), np.diff(rows.indptr)), rows.indices
        kinds = [torch.from_numpy(shared)]
        if self._vectors is not None:
            kinds.append(self._vectors[nodes] @ self._vectors.t())
        best = []
        for score in kinds:
            score[taken] = -torch.inf
            score[np.arange(len(nodes)), nodes] = -torch.inf
            top = score.topk(min(-(-count // len(kinds)), score.size(1)))
            best.append(torch.where(top.values > -torch.inf, top.indices, -1).numpy())
        return _merged(best, count)


def _merged(lists: list[np.ndarray], count: int) -> np.ndarray:
    """Several lists per row as one of ``count``, none twice, -1 at the end."""
    merged = np.sort(np.concatenate(lists, axis=1), axis=1)
    merged[:, 1:][merged[:, 1:] == merged[:, :-1]] = -1
    merged = np.sort(merged, axis=1)[:, ::-1]
    result = np.full((len(merged), count), -1, dtype=np.int64)
    result[:, : merged.shape[1]] = merged[:, :count]
    return result
