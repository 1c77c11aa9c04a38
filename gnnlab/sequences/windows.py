"""Windows of text to learn from: at random places, or one after the other with carried state.

Legend: B texts side by side, T characters of a window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from gnnlab.errors import InputError
from gnnlab.sequences.language_model import Window
from gnnlab.sequences.paths import equal_paths

_BATCHES_AT_A_TIME = 1000
_SHARE_FRESH = 0.05


class RandomWindows:
    """Endless batches of windows from random places; every place is equally likely.

    Batch k depends on the seed and on k alone, so that a training can go on where it was.

    Args:
        segments: Characters ``[L]`` each; a window never crosses the end of one.
        length: T.
        batch_size: B.
        seed: Draws the places.
        first: The number of the first batch.

    Raises:
        InputError: If no segment is longer than a window.
    """

    def __init__(
        self, segments: Sequence[Tensor], length: int, batch_size: int, seed: int, first: int = 0
    ):
        long_enough = [segment for segment in segments if segment.numel() > length]
        if not long_enough:
            longest = max((segment.numel() for segment in segments), default=0)
            raise InputError(
                f"a window of {length} characters needs {length + 1} of text",
                where="text",
                value=f"{longest} characters",
                remedy="use a longer text, or a smaller window",
            )
        self.text = torch.cat(long_enough)
        sizes = torch.tensor([segment.numel() for segment in long_enough])
        begins = sizes.cumsum(0) - sizes
        self.places = torch.cat(  # every node at which a window can start
            [torch.arange(b, b + s - length) for b, s in zip(begins, sizes, strict=True)]
        )
        self.length, self.batch_size, self.seed, self.first = length, batch_size, seed, first

    def __iter__(self) -> Iterator[Window]:
        offsets = torch.arange(self.length + 1)
        schedule = equal_paths(self.batch_size, self.length)
        number = self.first
        while True:
            block, within = divmod(number, _BATCHES_AT_A_TIME)
            for chosen in self._draw(block)[within:]:
                window = self.text[self.places[chosen].unsqueeze(1) + offsets]  # [B, T + 1]
                yield Window(window[:, :-1].flatten(), window[:, 1:].flatten(), schedule)
                number += 1

    def _draw(self, block: int) -> Tensor:
        """The places of a thousand batches."""
        shape = (_BATCHES_AT_A_TIME, self.batch_size)
        return torch.randint(self.places.numel(), shape, generator=_generator(self.seed, block))


class ConsecutiveWindows:
    """Batches of windows that go on where the batch before ended, in B places of the text.

    The text is read as a ring, cut into B equal stretches. Whoever trains with these hands the
    state from window to window, except where a window is ``fresh``: now and then a stretch begins
    anew, because a model that never starts from zeros in training writes and judges badly from
    there, and for thousands of characters.

    Args:
        segments: Characters ``[L]`` each, read one after the other.
        length: T.
        batch_size: B.
        seed: Draws which windows are fresh.
        first: The number of the first batch.

    Raises:
        InputError: If there is not one character for each stretch and step.
    """

    def __init__(
        self, segments: Sequence[Tensor], length: int, batch_size: int, seed: int, first: int = 0
    ):
        text = torch.cat(list(segments))
        if text.numel() <= batch_size * length:
            raise InputError(
                f"{batch_size} stretches of {length} characters need {batch_size * length + 1}",
                where="text",
                value=f"{text.numel()} characters",
                remedy="use a longer text, or smaller batches or windows",
            )
        self.text, self.length, self.batch_size = text, length, batch_size
        self.seed, self.first = seed, first

    def __iter__(self) -> Iterator[Window]:
        size = self.text.numel()
        starts = torch.arange(self.batch_size) * (size // self.batch_size)
        offsets = torch.arange(self.length + 1)
        schedule = equal_paths(self.batch_size, self.length)
        number = self.first
        while True:
            block, within = divmod(number, _BATCHES_AT_A_TIME)
            for fresh in self._draw(block)[within:]:
                place = (starts + number * self.length).unsqueeze(1) + offsets  # [B, T + 1]
                window = self.text[place % size]
                yield Window(window[:, :-1].flatten(), window[:, 1:].flatten(), schedule, fresh)
                number += 1

    def _draw(self, block: int) -> Tensor:
        """Which windows of a thousand batches are fresh."""
        generator = _generator(self.seed, block)
        return torch.rand(_BATCHES_AT_A_TIME, self.batch_size, generator=generator) < _SHARE_FRESH


def _generator(seed: int, block: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed * 2**32 + block)
