r"""How well scores rank connections above pairs that have none.

**Ties.** Scores are rounded to 24 binary digits (as float32 keeps them) before they are compared:
sums in another order differ in the last digits of float64, and what is a tie on paper must be one
here. A tie is never decided by chance:

=================  =================================================================================
``mrr``            A tie is half a win: the rank is the mean of the best and the worst possible.
``hits@K``         A tie with the K-th highest negative is a miss (the definition of OGB).
``ranked-hits@K``  The rank with half wins must be K or better (the definition of HeaRT).
``auc``            A tie is half a win.
``ap``             Equal scores are one step of the precision-recall curve.
=================  =================================================================================

Legend: P positives, M negatives, Q nodes that are given suggestions, R connections to be found.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gnnlab.errors import InputError, NonFiniteError, ShapeError

_DIGITS = 24
_CHUNK = 2**22  # comparisons at a time


def rank_metrics(
    positive_scores: np.ndarray,
    negative_scores: np.ndarray,
    at: Sequence[int] = (1, 3, 10, 20, 50, 100),
) -> dict[str, float]:
    r"""Metrics of the ranks of positives among negatives.

    .. math::
        \text{mrr} = \frac{1}{P} \sum_{i=1}^{P} \frac{1}{r_i}, \qquad
        r_i = 1 + \tfrac{1}{2} \left(\#\{n > p_i\} + \#\{n \ge p_i\}\right)

    ``hits@K`` is the share of positives above the K-th highest negative (1 if there are fewer
    than K), as in `OGB <https://ogb.stanford.edu/docs/linkprop/>`_; it is defined for negatives
    that all positives share, and left out for others. ``ranked-hits@K`` is the share of ranks
    :math:`r_i \le K`. ``auc`` and ``ap`` are scikit-learn's, of all positives and all negatives.

    Args:
        positive_scores: ``[P]``, higher for more likely connections.
        negative_scores: ``[M]`` shared by all positives, or ``[P, M]`` each positive's own.
        at: The K of the hits.

    Returns:
        Shares from 0 to 1 by name.

    Raises:
        ShapeError: If the shapes do not fit.
        NonFiniteError: If a score is NaN or infinite.
        InputError: If there are no positives or no negatives, or a K is below 1.

    Example:
        >>> metrics = rank_metrics(np.array([0.9, 0.4]), np.array([0.4, 0.1, 0.0]), at=[1])
        >>> {name: round(value, 3) for name, value in metrics.items()}
        {'mrr': 0.833, 'ranked-hits@1': 0.5, 'hits@1': 0.5, 'auc': 0.917, 'ap': 0.833}
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    positive, negative = _checked(positive_scores, negative_scores)
    for k in at:
        if k < 1:
            raise InputError("a rank is 1 or more", where="at", value=k)
    rank = _ranks(positive, negative)
    metrics = {"mrr": float((1 / rank).mean())}
    metrics |= {f"ranked-hits@{k}": float((rank <= k).mean()) for k in at}
    if negative.ndim == 1:
        metrics |= {f"hits@{k}": _hits(positive, negative, k) for k in at}
    y = np.repeat([1, 0], [positive.size, negative.size])
    scores = np.concatenate([positive, negative.ravel()])
    metrics["auc"] = float(roc_auc_score(y, scores))
    metrics["ap"] = float(average_precision_score(y, scores))
    return metrics


def ranks(positive_scores: np.ndarray, negative_scores: np.ndarray) -> np.ndarray:
    """The rank ``[P]`` of each positive among the negatives, a tie being half a win.

    Memory is that of the ranks and the scores; nothing of size P x M is made.

    Args:
        positive_scores: ``[P]``.
        negative_scores: ``[M]`` shared by all positives, or ``[P, M]`` each positive's own.

    Raises:
        ShapeError: If the shapes do not fit.
        NonFiniteError: If a score is NaN or infinite.
        InputError: If there are no positives or no negatives.

    Example:
        >>> ranks(np.array([0.9, 0.4]), np.array([0.4, 0.1, 0.0])).tolist()
        [1.0, 1.5]
    """
    return _ranks(*_checked(positive_scores, negative_scores))


def suggestion_metrics(
    suggested: Tensor, relevant: Tensor, at: Sequence[int] = (10,)
) -> dict[str, float]:
    r"""Metrics of lists of suggestions, by torch_geometric: ``precision@K, recall@K, ndcg@K``.

    Each is a mean over the nodes that have anything to be found. The order in the lists counts as
    it stands: ties were decided by whoever made them.

    Args:
        suggested: ``[Q, K]`` nodes that are suggested to each of Q nodes, best first; -1 where
            there are no more.
        relevant: ``[2, R]`` what is to be found: which of the Q nodes, and the node to suggest to
            it; none twice.
        at: The K; at most the length of the lists.

    Raises:
        ShapeError: If the lists are too short, or a tensor has another shape.
        InputError: If a row number lies outside the lists.

    Example:
        >>> suggested, relevant = torch.tensor([[4, 2], [3, 0]]), torch.tensor([[0], [4]])
        >>> found = suggestion_metrics(suggested, relevant, at=[2])
        >>> {name: round(value, 3) for name, value in found.items()}
        {'precision@2': 0.5, 'recall@2': 1.0, 'ndcg@2': 1.0}
    """
    from torch_geometric.metrics import LinkPredNDCG, LinkPredPrecision, LinkPredRecall

    if suggested.dim() != 2 or suggested.size(1) < max(at, default=1):
        raise ShapeError(
            f"lists of at least {max(at, default=1)} suggestions are needed as [Q, K]",
            where="suggested",
            value=list(suggested.shape),
        )
    if relevant.dim() != 2 or len(relevant) != 2:
        raise ShapeError(
            "what is to be found is needed as [2, R]", where="relevant", value=list(relevant.shape)
        )
    if relevant.numel() and not 0 <= relevant[0].min() <= relevant[0].max() < len(suggested):
        raise InputError(f"there are {len(suggested)} lists", where="relevant[0]")
    # Behind all nodes, where torch_geometric finds no match; it takes -1 for the row before.
    nobody = max(int(nodes.max()) for nodes in (suggested, relevant[1]) if nodes.numel()) + 1
    suggested = torch.where(suggested < 0, nobody, suggested)
    kinds = {"precision": LinkPredPrecision, "recall": LinkPredRecall, "ndcg": LinkPredNDCG}
    metrics = {}
    for name, kind in kinds.items():
        for k in at:
            metric = kind(k)
            metric.update(suggested[:, :k], relevant)
            metrics[f"{name}@{k}"] = float(metric.compute())
    return metrics


def rounded(scores: np.ndarray) -> np.ndarray:
    """Scores of 24 binary digits, in the range of float64: what ties are judged by."""
    mantissa, exponent = np.frexp(np.asarray(scores, dtype=np.float64))
    return np.ldexp(np.round(np.ldexp(mantissa, _DIGITS)), exponent - _DIGITS)


def _checked(positive: np.ndarray, negative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    positive, negative = np.asarray(positive), np.asarray(negative)
    fits = negative.ndim == 1 or (negative.ndim == 2 and len(negative) == len(positive))
    if positive.ndim != 1 or not fits:
        raise ShapeError(
            "positives are needed as [P], negatives as [M] or [P, M]",
            where="negative_scores",
            value=f"{negative.shape} for positives {positive.shape}",
        )
    for name, scores in (("positive_scores", positive), ("negative_scores", negative)):
        if not scores.size:
            raise InputError("there is nothing to be ranked", where=name)
        if not np.isfinite(scores).all():
            place = np.argwhere(~np.isfinite(scores))[0]
            raise NonFiniteError(
                "scores must be finite",
                where=f"{name}{place.tolist()}",
                value=scores[tuple(place)],
            )
    return rounded(positive), rounded(negative)


def _ranks(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    if negative.ndim == 1:
        ordered = np.sort(negative)
        higher = len(ordered) - np.searchsorted(ordered, positive, side="right")
        not_lower = len(ordered) - np.searchsorted(ordered, positive, side="left")
        return 1 + 0.5 * (higher + not_lower)
    result = np.empty(len(positive))
    size = max(1, _CHUNK // negative.shape[1])
    for part in (slice(first, first + size) for first in range(0, len(positive), size)):
        score = positive[part, None]
        twice = (negative[part] > score).sum(1) + (negative[part] >= score).sum(1)
        result[part] = 1 + 0.5 * twice
    return result


def _hits(positive: np.ndarray, negative: np.ndarray, k: int) -> float:
    if len(negative) < k:
        return 1.0
    return float((positive > np.partition(negative, -k)[-k]).mean())
