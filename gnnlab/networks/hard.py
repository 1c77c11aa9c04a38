"""Hard negatives: for each positive, pairs that look as if they had a connection.

Legend: N nodes, P positives, M negatives of each, S sources whose rows are scored at a time.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from scipy.stats import rankdata
from torch import Tensor

from gnnlab.errors import InputError
from gnnlab.networks.legacy import draw_legacy
from gnnlab.networks.network import Network

_ALPHA = 0.15
# 0.85 ** 40 of a walk's chance to go on: its later steps have 0.15 % of the whole PageRank.
_NUM_STEPS = 40
#: Numbers in one dense block of scores.
_BLOCK = 2**21
#: Positives that are written at a time.
_ROWS = 1024


def hard_negatives(
    message: Network,
    positive: Tensor,
    *,
    forbidden: Network | None = None,
    count: int = 500,
    seed: int = 0,
    nodes: np.ndarray | None = None,
    legacy: bool = False,
    before: Tensor | None = None,
) -> Tensor:
    r"""Draws negatives that share an end with their positive, and look like connections.

    The way of HeaRT (`Li et al., 2023 <https://arxiv.org/abs/2306.10453>`_), put right.
    For a positive :math:`(u, v)`, half of them are :math:`(u, w)`, the others :math:`(w, v)`. The
    candidates :math:`w` of an end are ranked three times: by resource allocation, by personalised
    PageRank, and by the cosine of the features where there are any. The best of its ranks counts;
    equal ones come in random order. A score of 0 is no rank: candidates that have no other come
    last. If an end has too few candidates, the other end gives more.

    Args:
        message: The connections that scores are computed from.
        positive: ``[2, P]``.
        forbidden: A network whose connections are no candidates either, besides those of
            ``message`` and the positives; of a split, the whole network.
        count: M.
        seed: Orders equal ranks.
        nodes: Those that can be candidates; by default all.
        legacy: Compute what the published files were computed with, which differs in four points:
            :math:`|\Gamma(u) \cap \Gamma(w)| / |\Gamma(w)|` stands in the place of resource
            allocation; a score of 0 has the rank behind the last one, and equal ranks go by
            their place; the rows of features are overwritten by their ranks, so that a later
            positive with the same end sees ranks for similarities, and the connections that it
            should not see; candidates at random can come twice. Takes minutes for CiteSeer.
        before: With ``legacy``, ``[2, any]`` positives whose negatives were drawn before.

    Returns:
        ``[2, P, M]``, the first half with the first end of the positive in the first row.

    Raises:
        InputError: If a positive cannot have so many, and how many there are.

    Example:
        >>> ring = Network.of(range(8), [list(range(8)), [*range(1, 8), 0]])
        >>> hard_negatives(ring, torch.tensor([[0], [1]]), count=4)[:, 0].tolist()
        [[0, 0, 7, 3], [6, 2, 1, 1]]
    """
    if legacy:
        return draw_legacy(message, positive, forbidden or message, count, seed, before)
    if before is not None:
        raise InputError("only the legacy mode looks at earlier positives", where="before")
    if not positive.size(1):
        return positive.new_empty(2, 0, count)
    forbidden = _join(message, positive, forbidden)
    is_candidate = _mark(message.num_nodes, nodes)
    first, second = _share(forbidden, positive, count, is_candidate)
    sources, place = np.unique(positive.numpy(), return_inverse=True)
    best = _rank_all(
        message, forbidden, sources, max(first.max(), second.max()), is_candidate, seed
    )
    place = place.reshape(2, -1)
    negative = np.empty((2, positive.size(1), count), dtype=np.int64)
    column = np.arange(count)
    for start in range(0, positive.size(1), _ROWS):
        rows = slice(start, start + _ROWS)
        u, v = positive.numpy()[:, rows, None]
        is_first = column < first[rows, None]  # [_ROWS, M]
        owner = np.where(is_first, place[0, rows, None], place[1, rows, None])
        w = best[owner, np.where(is_first, column, column - first[rows, None])]
        negative[:, rows] = np.where(is_first, [u + 0 * w, w], [w, v + 0 * w])
    return torch.from_numpy(negative)


def count_hard(network: Network, positive: Tensor, *, nodes: np.ndarray | None = None) -> int:
    """The most hard negatives that each of the positives can have.

    Args:
        network: Its connections, and the positives, are no negatives.
        positive: ``[2, P]``.
        nodes: Those that can be candidates; by default all.

    Example:
        >>> count_hard(Network.of(range(4), [[0, 1], [1, 2]]), torch.tensor([[0], [1]]))
        3
    """
    free = _count_free(_join(network, positive, None), positive, _mark(network.num_nodes, nodes))
    return int(free.sum(0).min(initial=np.iinfo(np.int64).max))


def _join(message: Network, positive: Tensor, forbidden: Network | None) -> Network:
    edges = [message.edge_index, positive] + ([] if forbidden is None else [forbidden.edge_index])
    return message.only(torch.cat(edges, dim=1))


def _mark(num_nodes: int, nodes: np.ndarray | None) -> np.ndarray:
    if nodes is None:
        return np.ones(num_nodes, dtype=bool)
    is_candidate = np.zeros(num_nodes, dtype=bool)
    is_candidate[nodes] = True
    return is_candidate


def _count_free(forbidden: Network, positive: Tensor, is_candidate: np.ndarray) -> np.ndarray:
    """How many candidates the two ends of each positive have: ``[2, P]``."""
    ends = positive.numpy()
    barred = forbidden.adjacency @ is_candidate.astype(np.float64)
    return is_candidate.sum() - is_candidate[ends] - barred[ends].astype(np.int64)


def _share(
    forbidden: Network, positive: Tensor, count: int, is_candidate: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How many negatives the first and the second end of each positive give."""
    free = _count_free(forbidden, positive, is_candidate)
    most = free.sum(0).min(initial=count)
    if not 1 <= count <= most:
        raise InputError(
            "a positive cannot have so many hard negatives",
            where="count",
            value=count,
            remedy=f"use 1 to {most}" if most else "use other negatives: it cannot have any",
        )
    first = np.minimum(np.maximum((count + 1) // 2, count - free[1]), free[0])
    return first, count - first


def _rank_all(
    message: Network,
    forbidden: Network,
    sources: np.ndarray,
    count: int,
    is_candidate: np.ndarray,
    seed: int,
) -> np.ndarray:
    """The best candidates of each source, best first; behind those that it has, anything."""
    generator = np.random.default_rng(seed)
    score_rows = _make_scores(message)
    num_nodes = message.num_nodes
    count = min(count, num_nodes)
    size = max(_BLOCK // num_nodes, 1)
    best = np.empty((len(sources), count), dtype=np.int32)
    for start in range(0, len(sources), size):
        block = sources[start : start + size]
        barred = forbidden.adjacency[block].toarray() > 0  # [S, N]
        barred[np.arange(len(block)), block] = True
        barred |= ~is_candidate
        ranks = np.full(barred.shape, num_nodes, dtype=np.float32)
        for scores in score_rows(block):
            scores[barred] = 0
            of_score = rankdata(-scores, method="min", axis=1)
            np.minimum(ranks, of_score, out=ranks, where=scores > 0)
        ranks += generator.random(ranks.shape, dtype=np.float32) / 2
        ranks[barred] = np.inf
        top = np.argpartition(ranks, count - 1, axis=1)[:, :count]
        order = np.argsort(np.take_along_axis(ranks, top, axis=1), axis=1)
        best[start : start + size] = np.take_along_axis(top, order, axis=1)
    return best


def _make_scores(message: Network):
    """A function from sources to their rows ``[S, N]`` of each score, one after the other."""
    adjacency = message.adjacency.astype(np.float32)
    inverse = sparse.diags_array(1 / np.maximum(message.degree, 1).astype(np.float32))
    to_neighbors = sparse.csr_array(inverse @ adjacency)
    step = sparse.csr_array((1 - _ALPHA) * to_neighbors.T)
    unit = None if message.x is None else normalize_rows(message.x)

    def score_rows(sources: np.ndarray):
        yield (adjacency[sources] @ to_neighbors).toarray()
        walk = np.zeros((message.num_nodes, len(sources)), dtype=np.float32)
        walk[sources, np.arange(len(sources))] = _ALPHA
        pagerank = walk.copy()
        for _ in range(_NUM_STEPS):
            walk = step @ walk
            pagerank += walk
        yield np.ascontiguousarray(pagerank.T)
        if unit is not None:
            yield (unit[sources] @ unit.T).toarray()

    return score_rows


def normalize_rows(x: sparse.csr_array) -> sparse.csr_array:
    """Rows of length 1; those of zeros stay."""
    length = np.sqrt(x.multiply(x).sum(axis=1))
    inverse = 1 / np.where(length > 0, length, 1).astype(x.dtype)
    return sparse.csr_array(sparse.diags_array(inverse) @ x)
