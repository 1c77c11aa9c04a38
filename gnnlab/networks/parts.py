"""What a split consists of, and how pairs without a connection are drawn for its parts.

Legend: N nodes, P positives, M negatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gnnlab.errors import InputError, ShapeError, UnknownNameError
from gnnlab.networks.hard import count_hard, hard_negatives
from gnnlab.networks.negatives import SAMPLERS
from gnnlab.networks.network import Network

#: How negatives are drawn: the first ones are shared by all positives of a part, ``"hard"`` ones
#: belong to one positive each.
NEGATIVES = (*SAMPLERS, "hard")
_NUM_HARD = 500


@dataclass(frozen=True, eq=False)
class Part:
    """Pairs to be told apart.

    Attributes:
        positive: ``[2, P]`` pairs with a connection.
        negative: ``[2, M]`` pairs without one, shared by all positives, or ``[2, P, M]``.
        time: ``[P]`` when each positive came about, if the split is one by time.

    Raises:
        ShapeError: If lengths do not fit.
    """

    positive: Tensor
    negative: Tensor
    time: Tensor | None = None

    def __post_init__(self):
        num_positives = self.positive.size(-1)
        if self.positive.shape != (2, num_positives):
            raise ShapeError("[2, P] is needed", where="positive", value=list(self.positive.shape))
        shape = list(self.negative.shape)
        if shape[:-1] not in ([2], [2, num_positives]):
            raise ShapeError(
                f"[2, M] or [2, {num_positives}, M] is needed", where="negative", value=shape
            )
        if self.time is not None and self.time.shape != (num_positives,):
            raise ShapeError(f"[{num_positives}] is needed", where="time", value=self.time.shape)


@dataclass(frozen=True, eq=False)
class LinkSplit:
    """A network taken apart.

    Attributes:
        message: All that a predictor may look at: the connections for training, and no others.
        valid: What settings are chosen on.
        test: What the result is measured on.
    """

    message: Network
    valid: Part
    test: Part


def draw_parts(
    network: Network,
    message: Network,
    positives: Sequence[Tensor],
    negatives: str,
    num_negatives: int | None,
    seed: int,
    nodes: Sequence[np.ndarray] | None = None,
) -> list[Part]:
    """Draws negatives for the positives of each part; shared ones are in one part only.

    Args:
        network: None of its connections is drawn.
        message: What hard negatives are judged by.
        positives: ``[2, P]`` for each part.
        negatives: One of :data:`NEGATIVES`.
        num_negatives: For each part if they are shared, for each positive if they are hard.
        seed: Another seed gives other negatives.
        nodes: Those to draw from, for each part; by default all.

    Raises:
        UnknownNameError: If there are no such negatives.
        InputError: If there are not so many.
    """
    if negatives not in NEGATIVES:
        raise UnknownNameError.of("negatives", negatives, NEGATIVES)
    if num_negatives is not None and num_negatives < 1:
        raise InputError("at least one is needed", where="num_negatives", value=num_negatives)
    nodes = nodes or [None] * len(positives)
    seeds = np.random.SeedSequence(seed).generate_state(len(positives))
    parts, earlier = [], torch.empty(2, 0, dtype=torch.int64)
    for positive, among, state in zip(positives, nodes, seeds.tolist(), strict=True):
        num_positives = positive.size(1)
        if not num_positives:
            drawn = torch.empty(2, 0, dtype=torch.int64)
        elif negatives == "hard":
            most = count_hard(network, positive, nodes=among)
            count = num_negatives or min(_NUM_HARD, most)
            drawn = hard_negatives(
                message, positive, forbidden=network, count=count, seed=state, nodes=among
            )
        else:
            count = num_negatives or num_positives
            sample = SAMPLERS[negatives]
            drawn = sample(network, count, state, forbidden=earlier, nodes=among)
            earlier = drawn
        parts.append(Part(positive, drawn))
    return parts
