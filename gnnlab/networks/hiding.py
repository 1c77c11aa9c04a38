"""Taking connections out of a network, and pairs to tell them from: what a predictor learns from.

Legend: N nodes, P hidden connections, M negatives of each.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from gnnlab.errors import UnknownNameError
from gnnlab.networks.negatives import uniform_negatives
from gnnlab.networks.network import Network
from gnnlab.networks.splits import LinkSplit, Part, given_split

#: What hidden connections can be told apart from: pairs that look like connections, or any.
NEGATIVES = ("hard", "uniform")

_SHARE = 0.1  # of the connections that are hidden at a time, to learn from
_ENOUGH = 2000  # hidden connections to learn from
_MOST_FOLDS = 5
_FEW_FOLDS = 2  # graph networks learn anew in each
_HARD = 100  # negatives of each end of a hidden connection
_UNIFORM = 50  # beside the hard ones
_ANY = 150  # uniform negatives of a hidden connection where there are no others
_BUDGET = 2e8  # hidden connections times connections: hard negatives are searched around each


def take_apart(network: Network, is_slow: bool, seed: int) -> Iterator[tuple[Network, np.ndarray]]:
    """Networks, and the rows of their connections that are to be hidden.

    Where there are times, the latest connections are hidden, and then those before them in what was
    there by then: what it takes to foresee is not what it takes to fill gaps.
    """
    most = min(_ENOUGH, int(_BUDGET / network.num_edges))
    hidden = max(1, min(int(_SHARE * network.num_edges), most))
    most_folds = _FEW_FOLDS if is_slow else _MOST_FOLDS
    num_folds = min(most_folds, network.num_edges // (hidden + 1), max(1, most // hidden))
    if network.edge_time is None:
        order = np.random.default_rng(seed).permutation(network.num_edges)
        for rows in np.split(order[: hidden * num_folds], num_folds):
            yield network, np.sort(rows)
        return
    order = np.argsort(network.edge_time.numpy(), kind="stable")
    for fold in range(num_folds):
        past = np.sort(order[: len(order) - fold * hidden])
        latest = order[len(past) - hidden : len(past)]
        yield network.only(network.edge_index[:, past]), np.searchsorted(past, np.sort(latest))


def hide(
    network: Network, rows: np.ndarray, negatives: str, missing: float, seed: int
) -> LinkSplit:
    """Hides the connections of some rows, and draws pairs to tell them from.

    Raises:
        UnknownNameError: If there are no such ``negatives``.
    """
    split = take_out(network, rows, seed)
    negative = draw_negatives(
        network, split, negatives, missing, seed, is_timed=network.edge_time is not None
    )
    return LinkSplit(split.message, Part(split.valid.positive, negative), split.test)


def take_out(network: Network, rows: np.ndarray, seed: int) -> LinkSplit:
    """Hides the connections of some rows; each has many hard negatives, the most similar first."""
    nothing = torch.empty(2, 0, dtype=torch.int64)
    return given_split(network, network.edge_index[:, rows], nothing, seed, negatives="hard")


def draw_negatives(
    network: Network,
    split: LinkSplit,
    kind: str,
    missing: float,
    seed: int,
    is_timed: bool = False,
) -> Tensor:
    """What hidden connections are told apart from, ``[2, P, M]``.

    Args:
        network: Where none of these pairs is connected.
        split: What :func:`take_out` made of it.
        kind: One of :data:`NEGATIVES`. ``"hard"`` are pairs of each end that look like connections;
            the first ones, as many as it may miss, are left out, and some uniform ones follow.
            ``"uniform"`` are pairs of any nodes.
        missing: How many connections a node may miss, as a share of those it has.
        seed: Draws the uniform ones.
        is_timed: Whether the hidden connections are the latest ones, so that uniform pairs are to
            be of nodes that were there before.

    Raises:
        UnknownNameError: If there is no such kind.
    """
    if kind not in NEGATIVES:
        raise UnknownNameError.of("kind of negatives", kind, NEGATIVES)
    if kind == "hard":
        return likely_negatives(network, split.valid, missing, seed)
    nodes = np.flatnonzero(split.message.degree) if is_timed else None
    return any_negatives(network, split.valid.positive.size(1), nodes, seed)


def any_negatives(network: Network, count: int, nodes: np.ndarray | None, seed: int) -> Tensor:
    """Uniform negatives ``[2, count, M]``; where there are few, some of them several times."""
    size = network.num_nodes if nodes is None else len(nodes)
    # More than there are in a network that is nearly complete.
    different = min(count * _ANY, max(1, size * (size - 1) // 2 - network.num_edges))
    pairs = uniform_negatives(network, different, seed, nodes=nodes)
    places = torch.arange(count * _ANY) % different
    return pairs[:, places].reshape(2, count, _ANY)


def likely_negatives(network: Network, part: Part, missing: float, seed: int) -> Tensor:
    """Some of a part's hard negatives, without the first ones, and uniform ones: ``[2, P, M]``."""
    positive, hard = part.positive, part.negative  # [2, P], [2, P, M]
    half = hard.size(2) // 2
    ends = []
    for first, end in zip((0, half), positive, strict=True):
        degree = torch.from_numpy(network.degree)[end]
        skip = (missing * degree).ceil().long().clamp(1, max(1, half // 4))  # [P]
        places = first + skip.unsqueeze(1) + torch.arange(min(_HARD, half))
        places = places.clamp(max=first + half - 1).expand(2, -1, -1)
        ends.append(hard.gather(2, places))
    others = np.random.default_rng(seed).integers(network.num_nodes, size=(len(end), _UNIFORM))
    uniform = torch.stack([positive[:1].t().expand(others.shape), torch.from_numpy(others)])
    wrong = network.connected(uniform.flatten(1)) | (uniform[0] == uniform[1]).flatten().numpy()
    last = hard[:, :, -1:].expand(uniform.shape)
    uniform = torch.where(torch.from_numpy(wrong).reshape(others.shape), last, uniform)
    return torch.cat([*ends, uniform], dim=2)
