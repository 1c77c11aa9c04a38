"""Symbols and their numbers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence

import numpy as np

from gnnlab.errors import DtypeError, InputError


class Vocabulary:
    """A fixed set of symbols (characters, words, anything hashable), numbered from 0.

    Args:
        symbols: The symbols in the order of their numbers, none twice.

    Raises:
        InputError: If there is no symbol, or one stands twice.

    Example:
        >>> vocabulary = Vocabulary.from_sequences(["abba", "cab"])
        >>> vocabulary
        Vocabulary(['a', 'b', 'c'])
        >>> vocabulary.encode("cab").tolist(), vocabulary.decode([2, 0, 1])
        ([2, 0, 1], ['c', 'a', 'b'])
    """

    def __init__(self, symbols: Iterable[Hashable]):
        self.symbols = tuple(symbols)
        self._number = {symbol: number for number, symbol in enumerate(self.symbols)}
        if not self.symbols:
            raise InputError("a vocabulary needs a symbol", where="symbols", value=[])
        if len(self._number) < len(self.symbols):
            twice = next(s for n, s in enumerate(self.symbols) if self._number[s] != n)
            raise InputError("a symbol stands twice", where="symbols", value=repr(twice))

    @classmethod
    def from_sequences(cls, sequences: Iterable[Iterable[Hashable]]) -> Vocabulary:
        """All symbols that occur, sorted if they can be, otherwise as they first occur."""
        return cls(unique(symbol for sequence in sequences for symbol in sequence))

    def encode(self, sequence: Iterable[Hashable], row: int | None = None) -> np.ndarray:
        """The numbers ``[T]`` of a sequence's symbols.

        Args:
            sequence: T symbols.
            row: Where the sequence stands in its list, for the error.

        Raises:
            InputError: If a symbol is not in the vocabulary; names row, position and symbol.
        """
        symbols = list(sequence)
        try:
            return np.array([self._number[symbol] for symbol in symbols], dtype=np.int64)
        except KeyError:
            position = next(p for p, symbol in enumerate(symbols) if symbol not in self._number)
        except TypeError as error:
            raise DtypeError(
                "a sequence of symbols is needed", where=f"row {row}", value=str(error)
            ) from error
        raise InputError(
            "the vocabulary does not know a symbol",
            where=place(row, position),
            value=repr(symbols[position]),
            remedy=f"use its {len(self)} symbols, such as {', '.join(map(repr, self.symbols[:5]))}",
        )

    def decode(self, numbers: Iterable[int]) -> list:
        """The symbols of some numbers.

        Raises:
            InputError: If there is no symbol of that number.
        """
        numbers = [int(number) for number in numbers]
        for position, number in enumerate(numbers):
            if not 0 <= number < len(self):
                raise InputError(
                    f"symbols have numbers from 0 to {len(self) - 1}",
                    where=place(None, position),
                    value=number,
                )
        return [self.symbols[number] for number in numbers]

    def __len__(self) -> int:
        return len(self.symbols)

    def __iter__(self) -> Iterator:
        return iter(self.symbols)

    def __contains__(self, symbol: Hashable) -> bool:
        return symbol in self._number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.symbols == other.symbols

    def __hash__(self) -> int:
        return hash(self.symbols)

    def __repr__(self) -> str:
        return f"Vocabulary({list(self.symbols)!r})"


def unique(values: Iterable[Hashable]) -> list:
    """The different values, sorted if they can be, otherwise as they first occur.

    Raises:
        DtypeError: If a value is not hashable.

    Example:
        >>> unique("hobbit"), unique([2, "two", 2])
        (['b', 'h', 'i', 'o', 't'], [2, 'two'])
    """
    try:
        found = dict.fromkeys(values)
    except TypeError as error:
        raise DtypeError("symbols and labels must be hashable", value=str(error)) from error
    try:
        return sorted(found)
    except TypeError:
        return list(found)


def place(row: int | None, position: int | Sequence[int]) -> str:
    """Words for a place in a list of sequences, counted from 0 as Python does."""
    inside = f"position {position}"
    return inside if row is None else f"row {row}, {inside}"
