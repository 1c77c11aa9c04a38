"""Characters as numbers, with a place for those that were never seen."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from gnnlab.sequences.vocabulary import Vocabulary


class Characters:
    """The characters of a text, numbered; all others share the number after the last.

    Args:
        symbols: The known characters in the order of their numbers.

    Example:
        >>> characters = Characters.of("hello")
        >>> characters.encode("hole?").tolist(), characters.count_unknown("hole?")
        ([1, 3, 2, 0, 4], 1)
        >>> characters.decode([1, 3, 2, 0])
        'hole'
    """

    def __init__(self, symbols: Iterable[str]):
        self.vocabulary = Vocabulary(symbols)
        self._number = {symbol: number for number, symbol in enumerate(self.vocabulary)}

    @classmethod
    def of(cls, text: str) -> Characters:
        """All characters that occur in a text, sorted."""
        return cls(sorted(set(text)))

    @property
    def unknown(self) -> int:
        """The number of every character that is not known."""
        return len(self.vocabulary)

    def encode(self, text: str) -> Tensor:
        """The numbers ``[T]`` of a text's characters."""
        number, unknown = self._number, self.unknown
        return torch.tensor([number.get(symbol, unknown) for symbol in text], dtype=torch.long)

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of some numbers of known characters."""
        return "".join(self.vocabulary.decode(numbers))

    def count_unknown(self, text: str) -> int:
        """How many characters of a text are not known."""
        return sum(symbol not in self._number for symbol in text)

    def __len__(self) -> int:
        """The number of known characters."""
        return len(self.vocabulary)
