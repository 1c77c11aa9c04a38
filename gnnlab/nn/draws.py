"""Random draws and numbering for neighbour sampling, all rows at once.

Legend: D rows, k draws per row, M keys.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Stands in a table of places for what has none yet.
UNSEEN = torch.iinfo(torch.int64).max


def draw_below(limit: Tensor, generator: torch.Generator) -> Tensor:
    """Whole numbers from 0 to below ``limit``, equally likely up to a part in 2^53 of the limit."""
    uniform = torch.rand(limit.shape, dtype=torch.float64, generator=generator)
    return (uniform * limit).to(limit.dtype)


def draw_distinct(limit: Tensor, generator: torch.Generator) -> Tensor:
    """The same with different numbers in each row, for limits ``[D, k]`` above k, equal in a row.

    Floyd's algorithm for all rows at once: slot j draws a number from 0 to its ``last``, which is
    ``limit - k + j``, and holds ``last`` instead if an earlier slot holds that number already.
    """
    slot = torch.arange(limit.size(1), dtype=limit.dtype)
    last = limit - limit.size(1) + slot  # [D, k]
    drawn = draw_below(last + 1, generator)
    value, order = drawn.sort(dim=1, stable=True)
    is_repeated = torch.zeros_like(drawn, dtype=torch.bool)
    is_repeated.scatter_(1, order[:, 1:], value[:, 1:] == value[:, :-1])
    # An earlier slot may also hold the number as its own last one, in place of what it drew. Which
    # slots do so is settled after a few rounds, as chains of such slots are short.
    earlier = drawn - last[:, :1]
    is_last = earlier >= 0
    earlier = earlier.clamp(min=0).long()
    before, holds_last = None, is_repeated
    while before is None or not torch.equal(holds_last, before):
        before, holds_last = holds_last, is_repeated | (is_last & holds_last.gather(1, earlier))
    return torch.where(holds_last, last, drawn)


def number_keys(place: Tensor, key: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Looks up keys ``[M]`` in a table of places and numbers the new ones from ``size`` onwards.

    Returns:
        The place of each key ``[M]``, and which keys were met for the first time ``[M]``.
    """
    turn = torch.arange(size, size + key.numel())
    place.scatter_reduce_(0, key, turn, "amin")  # the first of several equal keys wins
    is_new = place.index_select(0, key) == turn
    new = key[is_new]
    place.scatter_(0, new, turn[: new.numel()])
    return place.index_select(0, key), is_new


def compress_keys(known: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    """A table that holds the places of the ``known`` keys, and where each ``key`` looks in it."""
    unique, where = torch.cat([known, key]).unique(return_inverse=True)
    place = torch.full_like(unique, UNSEEN)
    place[where[: known.numel()]] = torch.arange(known.numel())
    return place, where[known.numel() :]
