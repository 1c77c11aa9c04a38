"""The toy tasks: sequences without end whose labels are known.

Every task has two faces that the tests hold against each other: ``label``, which says in plain
Python what the task is, and ``sample``, which draws many examples at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import ClassVar

import numpy as np

from gnnlab.errors import InputError, UnknownNameError


class Task(ABC):
    """A source of labelled sequences of symbols.

    Attributes:
        name: Its name in ``TASKS``.
        num_symbols: Symbols are whole numbers below this.
        num_classes: Labels are whole numbers below this.
        defaults: Training settings of the reported experiment.
        reported_sizes: Sizes of the reported experiment.
    """

    name: ClassVar[str]
    num_symbols: int
    num_classes: int
    defaults: ClassVar[dict[str, float]]
    reported_sizes: ClassVar[tuple[int, ...]]

    @property
    @abstractmethod
    def sequence_lengths(self) -> range:
        """The lengths that its sequences can have."""

    @abstractmethod
    def label(self, sequence: Sequence[int]) -> int:
        """The label of one sequence.

        Raises:
            InputError: If it is no sequence of this task.
        """

    @abstractmethod
    def sample(
        self, num_samples: int, generator: np.random.Generator
    ) -> tuple[Sequence[np.ndarray], np.ndarray]:
        """Draws labelled sequences: an array ``[B, T]`` or a list of arrays, and labels ``[B]``."""


@dataclass(frozen=True)
class RandomCombinations(Task):
    """Which number is missing: a random permutation of 0..length-1 without its last number.

    Args:
        length: How many numbers there are; the sequences are one shorter.

    Raises:
        InputError: If ``length`` is below 2.

    Example:
        >>> RandomCombinations(5).label([3, 0, 4, 1])
        2
        >>> sequences, labels = RandomCombinations(5).sample(128, np.random.default_rng(0))
        >>> sequences.shape, labels.shape
        ((128, 4), (128,))
    """

    length: int

    name: ClassVar[str] = "random-combinations"
    defaults: ClassVar[dict[str, float]] = {
        "learning_rate": 1e-3,
        "iterations": 2000,
        "batch_size": 128,
        "hidden_size": 128,
        "max_norm": 10.0,
    }
    reported_sizes: ClassVar[tuple[int, ...]] = (5, 10, 15)

    def __post_init__(self):
        _check_size("length", self.length, 2)

    @property
    def num_symbols(self) -> int:
        """One symbol per number."""
        return self.length

    @property
    def num_classes(self) -> int:
        """Each number can be the missing one."""
        return self.length

    @property
    def sequence_lengths(self) -> range:
        """All sequences miss one number."""
        return range(self.length - 1, self.length)

    def label(self, sequence: Sequence[int]) -> int:
        """The number that is missing."""
        missing = set(range(self.length)) - set(sequence)
        if len(sequence) != self.length - 1 or len(missing) != 1:
            raise _not_of(self, sequence)
        return missing.pop()

    def sample(
        self, num_samples: int, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Random permutations without their last number, and that number."""
        ordered = np.tile(np.arange(self.length), (num_samples, 1))
        shuffled = generator.permuted(ordered, axis=1)
        return shuffled[:, :-1], shuffled[:, -1]


@dataclass(frozen=True)
class BaumSweet(Task):
    """Whether no block of zeros in a number's binary digits has odd length.

    The label is a term of the `Baum-Sweet sequence <https://oeis.org/A086747>`_: 1 if every
    maximal run of zeros is of even length, otherwise 0. The numbers have ``digits`` decimal digits,
    so their binary digits differ in length. Both labels are equally frequent, and given the label
    every number is equally likely.

    Args:
        digits: Number of decimal digits, 1 to 9.

    Raises:
        InputError: If ``digits`` is out of range.

    Example:
        >>> task = BaumSweet(3)
        >>> task.label([1, 1, 1, 1, 1, 0, 0]), BaumSweet(4).label([int(d) for d in f"{3234:b}"])
        (1, 0)
        >>> sequences, labels = task.sample(100, np.random.default_rng(0))
        >>> {len(sequence) for sequence in sequences} <= set(task.sequence_lengths)
        True
    """

    digits: int

    name: ClassVar[str] = "baum-sweet"
    num_symbols: ClassVar[int] = 2
    num_classes: ClassVar[int] = 2
    defaults: ClassVar[dict[str, float]] = {
        "learning_rate": 1e-4,
        "iterations": 3000,
        "batch_size": 256,
        "hidden_size": 256,
        "max_norm": 10.0,
    }
    reported_sizes: ClassVar[tuple[int, ...]] = (4, 5, 6)

    def __post_init__(self):
        # The table of all numbers with label 1 grows fivefold with every digit.
        _check_size("digits", self.digits, 1, 9)

    @property
    def numbers(self) -> range:
        """The numbers with that many decimal digits."""
        return range(10 ** (self.digits - 1), 10**self.digits)

    @property
    def sequence_lengths(self) -> range:
        """From the bits of the smallest number to those of the largest one."""
        return range(self.numbers[0].bit_length(), self.numbers[-1].bit_length() + 1)

    def label(self, sequence: Sequence[int]) -> int:
        """1 if every block of zeros is of even length."""
        digits = "".join(str(int(digit)) for digit in sequence)
        is_binary = digits.startswith("1") and set(digits) <= {"0", "1"}
        if not is_binary or int(digits, 2) not in self.numbers:
            raise _not_of(self, sequence)
        return int(all(len(zeros) % 2 == 0 for zeros in digits.split("1")))

    def sample(
        self, num_samples: int, generator: np.random.Generator
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Binary digits of random numbers, half of them with label 1, and the labels."""
        labels = generator.integers(2, size=num_samples)
        ones = self._ones
        with_one = ones[generator.integers(len(ones), size=num_samples)]
        # The k-th number with label 0 is k plus the numbers with label 1 that lie before it.
        rank = generator.integers(len(self.numbers) - len(ones), size=num_samples)
        before = np.searchsorted(ones - np.arange(len(ones)) - self.numbers[0], rank, side="right")
        with_zero = self.numbers[0] + rank + before
        return _binary_digits(np.where(labels == 1, with_one, with_zero)), labels

    @cached_property
    def _ones(self) -> np.ndarray:
        """All numbers with label 1 in ascending order.

        Binary digits whose blocks of zeros are even end in 1, or in 00, and what comes before is
        again such a string.
        """
        by_length = [np.array([0]), np.array([1])]
        while len(by_length) < self.sequence_lengths.stop:
            by_length.append(np.concatenate([2 * by_length[-1] + 1, 4 * by_length[-2]]))
        found = [(1 << (n - 1)) + by_length[n - 1] for n in self.sequence_lengths]
        found = np.sort(np.concatenate(found))
        return found[(found >= self.numbers.start) & (found < self.numbers.stop)]


@dataclass(frozen=True)
class BinaryPalindrome(Task):
    """The last digit of a binary palindrome, from all digits before it.

    Args:
        length: Number of digits of the palindrome; the sequences are one shorter.

    Raises:
        InputError: If ``length`` is below 2.

    Example:
        >>> BinaryPalindrome(6).label([1, 0, 0, 0, 0])
        1
        >>> sequences, labels = BinaryPalindrome(6).sample(128, np.random.default_rng(0))
        >>> sequences.shape, labels.shape
        ((128, 5), (128,))
    """

    length: int

    name: ClassVar[str] = "binary-palindrome"
    num_symbols: ClassVar[int] = 2
    num_classes: ClassVar[int] = 2
    defaults: ClassVar[dict[str, float]] = BaumSweet.defaults
    reported_sizes: ClassVar[tuple[int, ...]] = (10, 20)

    def __post_init__(self):
        _check_size("length", self.length, 2)

    @property
    def sequence_lengths(self) -> range:
        """All sequences lack the last digit."""
        return range(self.length - 1, self.length)

    def label(self, sequence: Sequence[int]) -> int:
        """The digit that makes the sequence a palindrome."""
        if len(sequence) == self.length - 1:
            for digit in (0, 1):
                palindrome = [*sequence, digit]
                if palindrome == palindrome[::-1] and set(palindrome) <= {0, 1}:
                    return digit
        raise _not_of(self, sequence)

    def sample(
        self, num_samples: int, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Random palindromes without their last digit, and that digit."""
        half = generator.integers(2, size=(num_samples, (self.length + 1) // 2))
        palindromes = np.concatenate([half, half[:, : self.length // 2][:, ::-1]], axis=1)
        return palindromes[:, :-1], palindromes[:, -1]


TASKS: dict[str, type[Task]] = {
    task.name: task for task in (RandomCombinations, BaumSweet, BinaryPalindrome)
}


def make_task(name: str, size: int) -> Task:
    """Builds the task that ``TASKS`` knows by ``name``.

    Args:
        name: One of ``TASKS``.
        size: Its length, for ``"baum-sweet"`` its number of decimal digits.

    Raises:
        UnknownNameError: If there is no such task; the message lists the known ones.

    Example:
        >>> make_task("baum-sweet", 4)
        BaumSweet(digits=4)
    """
    if name not in TASKS:
        raise UnknownNameError.of("task", name, TASKS)
    return TASKS[name](size)


def _check_size(name: str, size: int, smallest: int, largest: int | None = None) -> None:
    if not isinstance(size, Integral) or isinstance(size, bool):
        raise InputError("a whole number is needed", where=name, value=repr(size))
    if size < smallest or (largest is not None and size > largest):
        bounds = f"from {smallest}" + (f" to {largest}" if largest is not None else " on")
        raise InputError("the size is out of range", where=name, value=size, remedy=f"use {bounds}")


def _not_of(task: Task, sequence: Sequence[int]) -> InputError:
    return InputError(f"this is no sequence of {task}", where="sequence", value=list(sequence))


def _binary_digits(numbers: np.ndarray) -> list[np.ndarray]:
    """The binary digits of each number, most significant first."""
    lengths = np.frexp(numbers.astype(np.float64))[1]  # exact below 2 ** 53
    ends = np.cumsum(lengths)
    shift = np.repeat(ends, lengths) - 1 - np.arange(ends[-1])
    digits = np.repeat(numbers, lengths) >> shift & 1
    return [digits[start:end] for start, end in zip(ends - lengths, ends, strict=True)]
