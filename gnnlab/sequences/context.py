"""How much of the past a character model really uses.

Legend: M characters to foresee, C characters read before them, V known characters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from gnnlab.errors import InputError
from gnnlab.sequences.paths import equal_paths
from gnnlab.sequences.text import TextGenerator

POSITIONS = (1, 2, 3, 5, 8, 12, 20, 30, 45, 70, 100, 150, 250, 400, 600)
_AT_A_TIME = 20_000  # nodes of all paths


def bits_by_position(
    generator: TextGenerator,
    texts: Sequence[str],
    positions: Sequence[int] = POSITIONS,
    num_characters: int = 2000,
) -> pd.DataFrame:
    r"""Bits per character against the position in the sequence.

    The same characters are asked for at every position: for position C the model starts from
    nothing and reads the C characters before each of them. So the rows differ in the past that the
    model could see, and in nothing else,

    .. math::
        b_C = -\frac{1}{M} \sum_{t} \log_2 p(s_t \mid s_{t-C} \dots s_{t-1})

    Args:
        generator: A fitted generator.
        texts: What it did not learn from, each longer than the largest position.
        positions: The values of C.
        num_characters: M, spread evenly over the texts; all there are if there are fewer.

    Returns:
        A table with ``position``, ``bits`` and ``standard_error`` (of the mean over characters).

    Raises:
        NotFittedError: Before ``fit``.
        InputError: If a position is not positive, or no text has a known character behind the
            largest one.

    Example:
        >>> text = "Reynard went to the king, and the king sent for Bruin. " * 20
        >>> generator = TextGenerator(hidden_size=32, iterations=100, learning_rate=0.01).fit(text)
        >>> table = bits_by_position(generator, [text[:80]], (1, 4, 16))
        >>> table["position"].tolist(), bool(table["bits"].iloc[0] > table["bits"].iloc[-1])
        ([1, 4, 16], True)
    """
    generator._require_fitted()
    if not positions or min(positions) < 1:
        raise InputError("a position is a whole number from 1", where="positions", value=positions)
    pasts = _pasts(generator, texts, max(positions), num_characters)
    rows = []
    for position in positions:
        bits = _bits(generator, pasts[:, -position - 1 :])  # [M]
        error = bits.std().item() / math.sqrt(bits.numel()) if bits.numel() > 1 else math.nan
        rows.append((position, bits.mean().item(), error))
    return pd.DataFrame(rows, columns=["position", "bits", "standard_error"])


def _pasts(generator: TextGenerator, texts: Sequence[str], past: int, count: int) -> Tensor:
    """Known characters, each behind ``past`` others: ``[M, past + 1]``."""
    characters = generator.characters_
    windows = [
        encoded.unfold(0, past + 1, 1)
        for encoded in (characters.encode(text) for text in texts)
        if encoded.numel() > past
    ]
    found = torch.cat(windows) if windows else torch.empty(0, past + 1, dtype=torch.long)
    found = found[found[:, -1] != characters.unknown]
    if not len(found):
        raise InputError(
            f"no text has a known character behind {past} others",
            where="texts",
            remedy="pass longer texts, or smaller positions",
        )
    chosen = np.linspace(0, len(found) - 1, min(count, len(found))).round().astype(int)
    return found[torch.from_numpy(chosen)]


@torch.no_grad()
def _bits(generator: TextGenerator, windows: Tensor) -> Tensor:
    r"""Bits for the last character of each window ``[M, C + 1]``."""
    length = windows.size(1) - 1
    bits = []
    for part in windows.split(max(_AT_A_TIME // length, 1)):
        logits, _ = generator.model_(part[:, :-1].flatten(), equal_paths(len(part), length))
        last = logits.view(len(part), length, -1)[:, -1]  # [M, V]
        bits.append(functional.cross_entropy(last, part[:, -1], reduction="none") / math.log(2))
    return torch.cat(bits)
