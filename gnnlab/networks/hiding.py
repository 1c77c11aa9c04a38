"""Taking connections out of a network, and pairs to tell them from: what a predictor learns from.

Legend: N nodes, P hidden connections, M negatives of each.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from gnnlab.networks.network import Network
from gnnlab.networks.splits import LinkSplit, Part, given_split

_SHARE = 0.1  # of the connections that are hidden at a time, to learn from
_ENOUGH = 2000  # hidden connections to learn from
_MOST_FOLDS = 5
_FEW_FOLDS = 2  # graph networks learn anew in each
_HARD = 100  # negatives of each end of a hidden connection
_UNIFORM = 50
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


def hide(network: Network, rows: np.ndarray, missing: float, seed: int) -> LinkSplit:
    """Hides the connections of some rows, and draws pairs to tell them from.

    Of the pairs of each end that look most like a connection, as many are left out as it may miss;
    the next ones follow, and some uniform ones.
    """
    split = take_out(network, rows, seed)
    negative = likely_negatives(network, split.valid, missing, seed)
    return LinkSplit(split.message, Part(split.valid.positive, negative), split.test)


def take_out(network: Network, rows: np.ndarray, seed: int) -> LinkSplit:
    """Hides the connections of some rows; each has many hard negatives, the most similar first."""
    nothing = torch.empty(2, 0, dtype=torch.int64)
    return given_split(network, network.edge_index[:, rows], nothing, seed, negatives="hard")


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
