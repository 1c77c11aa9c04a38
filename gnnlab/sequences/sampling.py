"""Choosing the next character: greedily, by temperature, among the most likely.

Legend: B texts side by side, V characters.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gnnlab.errors import InputError


class Choice:
    r"""A way to choose from logits.

    .. math::
        p_i \propto \exp(z_i / t)

    A high temperature t evens the characters out, a low one prefers the likely, and without one
    the most likely is taken (greedy).

    Args:
        temperature: t, or ``None`` for greedy.
        top_k: Choose among the k most likely only.
        top_p: Choose among the most likely that together have this probability only.
        seed: Draws the numbers.

    Raises:
        InputError: If a number makes no sense, or there is one beside greedy.

    Example:
        >>> logits = torch.tensor([[0.0, 3.0, 1.0]])
        >>> Choice()(logits).tolist(), Choice(temperature=1.0, top_k=1)(logits).tolist()
        ([1], [1])
    """

    def __init__(
        self,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ):
        if temperature is not None and not 0 < temperature < math.inf:
            raise InputError(
                "a temperature is a positive number",
                where="temperature",
                value=temperature,
                remedy="leave it out for the most likely character",
            )
        if top_k is not None and (not isinstance(top_k, int) or top_k < 1):
            raise InputError("a whole number from 1 is needed", where="top_k", value=repr(top_k))
        if top_p is not None and not 0 < top_p <= 1:
            raise InputError("a probability above 0 is needed", where="top_p", value=top_p)
        if temperature is None and (top_k is not None or top_p is not None):
            raise InputError(
                "the most likely character is one, whatever else is likely",
                where="top_k" if top_k is not None else "top_p",
                remedy="give a temperature as well, such as 1.0",
            )
        self.temperature, self.top_k, self.top_p = temperature, top_k, top_p
        self.generator = torch.Generator()
        if seed is None:
            self.generator.seed()
        else:
            self.generator.manual_seed(seed)

    def __call__(self, logits: Tensor) -> Tensor:
        """One of V for each row of ``[B, V]``: ``[B]``."""
        if self.temperature is None:
            return logits.argmax(-1)
        # Differences from the largest: a temperature near zero must not overflow.
        logits = (logits - logits.amax(-1, keepdim=True)).double() / self.temperature
        if self.top_k is not None and self.top_k < logits.size(-1):
            least = logits.topk(self.top_k).values[:, -1:]  # [B, 1]
            logits = logits.masked_fill(logits < least, -math.inf)
        if self.top_p is not None:
            logits = self._nucleus(logits)
        probability = logits.softmax(-1)
        return torch.multinomial(probability, 1, generator=self.generator).squeeze(1)

    def _nucleus(self, logits: Tensor) -> Tensor:
        ordered, order = logits.sort(dim=-1, descending=True)
        probability = ordered.softmax(-1)
        # A character stays if those before it do not yet have the probability asked for.
        drop = probability.cumsum(-1) - probability >= self.top_p
        return logits.scatter(-1, order, ordered.masked_fill(drop, -math.inf))
