"""The hard negatives of the published files, faults included, for comparison with those files.

What is wrong with them says :func:`gnnlab.networks.hard.hard_negatives`, which does it right.

Legend: N nodes, F features, P positives, M negatives of each.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from gnnlab.errors import InputError, MemoryLimitError
from gnnlab.networks.network import Network

_ALPHA = 0.15
_EPSILON = 1e-7
_MOST_NODES = 20_000
_BARRED = -1


def draw_legacy(
    message: Network,
    positive: Tensor,
    forbidden: Network,
    count: int,
    seed: int,
    before: Tensor | None,
) -> Tensor:
    """Draws negatives in the way of the published files.

    Args:
        message: The connections that scores are computed from.
        positive: ``[2, P]``.
        forbidden: Its connections are no negatives.
        count: M, an even number.
        seed: For candidates that no score tells anything of.
        before: ``[2, any]`` positives whose negatives were drawn before, with ``message`` as all
            that was forbidden.

    Returns:
        ``[2, P, M]``.

    Raises:
        InputError: If the count is odd, or a node has no candidate at all.
        MemoryLimitError: If the similarities of all pairs of nodes are too many.
    """
    if count < 2 or count % 2:
        raise InputError("an even number is needed", where="count", value=count)
    if message.num_nodes > _MOST_NODES:
        raise MemoryLimitError(
            f"the legacy mode compares all pairs of at most {_MOST_NODES} nodes",
            value=message.num_nodes,
            remedy="leave legacy out",
        )
    draw = _LegacyDraw(message, count // 2, seed)
    if before is not None:
        for pair in before.T.tolist():
            draw(pair, message)
    drawn = [draw(pair, forbidden) for pair in positive.T.tolist()]
    return torch.from_numpy(np.array(drawn, dtype=np.int64).reshape(-1, 2, count).swapaxes(0, 1))


class _LegacyDraw:
    """Carries what one positive leaves behind for the next: similarities, and random numbers."""

    def __init__(self, message: Network, half: int, seed: int):
        self.message, self.half = message, half
        self.generator = np.random.RandomState(seed)
        self.adjacency = message.adjacency.astype(np.float32)
        inverse = 1 / np.maximum(message.degree, 1).astype(np.float32)
        self.overlap = (self.adjacency * inverse).tocsr()
        self.similarity = None if message.x is None else _compare(message)  # [N, N]
        self.neighbors = [message.neighbors(node).tolist() for node in range(message.num_nodes)]
        self.pagerank: dict[int, np.ndarray] = {}

    def __call__(self, pair: list[int], forbidden: Network) -> np.ndarray:
        """The negatives of one positive: ``[2, M]``."""
        barred = [self._bar(forbidden, *ends) for ends in (pair, pair[::-1])]
        if self.similarity is not None:
            # Both rows are marked before either is ranked: each is a view of the one matrix.
            for node, is_barred in zip(pair, barred, strict=True):
                self.similarity[node, is_barred] = _BARRED
        first, second = (self._choose(*row) for row in zip(pair, barred, strict=True))
        u, v = (np.full(self.half, node) for node in pair)
        return np.stack([np.concatenate([u, second]), np.concatenate([first, v])])

    def _bar(self, forbidden: Network, node: int, partner: int) -> np.ndarray:
        is_barred = np.zeros(self.message.num_nodes, dtype=bool)
        is_barred[[*forbidden.neighbors(node), node, partner]] = True
        return is_barred

    def _choose(self, node: int, is_barred: np.ndarray) -> np.ndarray:
        if node not in self.pagerank:
            self.pagerank[node] = _push(self.neighbors, node)
        overlap = (self.adjacency[[node]] @ self.overlap).toarray()[0]
        rows = [overlap, self.pagerank[node].copy()]
        for row in rows:
            row[is_barred] = _BARRED
        if self.similarity is not None:
            rows.append(self.similarity[node])
        is_zero = np.all([row == 0 for row in rows], axis=0)
        for row in rows:
            _overwrite_by_rank(row)
        num_scored = len(is_zero) - is_zero.sum() - is_barred.sum()
        if num_scored < self.half and not is_zero.any():
            raise InputError("a node has too few candidates", where="count", value=2 * self.half)
        # Its order of equal ranks is that of the published files.
        best = torch.topk(-torch.from_numpy(np.min(rows, axis=0)), min(self.half, num_scored))
        missing = max(self.half - num_scored, 0)
        more = self.generator.choice(is_zero.nonzero()[0], missing) if missing else []
        return np.concatenate([best.indices.numpy(), more]).astype(np.int64)


def _compare(message: Network) -> np.ndarray:
    """The cosine of all pairs; in another order of operations other ranks would be equal."""
    x = torch.from_numpy(message.x.toarray())  # [N, F]
    x = x / x.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return (x @ x.T).numpy()


def _overwrite_by_rank(row: np.ndarray) -> None:
    is_scored, is_zero, is_barred = row > 0, row == 0, row < 0
    ascending = rankdata(row[is_scored], method="min")
    ranks = ascending.max(initial=0) - ascending + 1
    last = ranks.max(initial=0)
    row[is_scored], row[is_zero], row[is_barred] = ranks, last + 1, last + 2


def _push(neighbors: list[list[int]], source: int) -> np.ndarray:
    """Personalised PageRank by pushes (Andersen, Chung and Lang, 2006), the newest node first."""
    score, rest = [0.0] * len(neighbors), [0.0] * len(neighbors)
    limits = [_ALPHA * _EPSILON * len(others) for others in neighbors]
    rest[source] = _ALPHA
    waiting, is_waiting = [source], bytearray(len(neighbors))
    while waiting:
        node = waiting.pop()
        is_waiting[node] = False
        score[node] += rest[node]
        others = neighbors[node]
        share = (1 - _ALPHA) * rest[node] / max(len(others), 1)
        rest[node] = 0.0
        for other in others:
            rest[other] += share
            if rest[other] >= limits[other] and not is_waiting[other]:
                is_waiting[other] = True
                waiting.append(other)
    return np.array(score, dtype=np.float32)
