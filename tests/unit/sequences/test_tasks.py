from __future__ import annotations

import itertools
import time
from collections import Counter

import numpy as np
import pytest

from gnnlab.errors import InputError, UnknownNameError
from gnnlab.sequences import TASKS, BaumSweet, BinaryPalindrome, RandomCombinations, make_task

SIZES = {
    "random-combinations": (2, 5, 15),
    "baum-sweet": (1, 3, 6),
    "binary-palindrome": (2, 7, 20),
}
EVERY_TASK = [make_task(name, size) for name, sizes in SIZES.items() for size in sizes]


def digits_of(number):
    return [int(digit) for digit in f"{number:b}"]


def baum_sweet_by_counting(number):
    """Counts the zeros of each block bit by bit, another way than the label function's."""
    zeros = 0
    while number:
        if number & 1:
            if zeros % 2:
                return 0
            zeros = 0
        else:
            zeros += 1
        number >>= 1
    return int(zeros % 2 == 0)


@pytest.mark.parametrize("length", range(2, 7))
def test_random_combinations_all_permutations(length):
    task = RandomCombinations(length)
    for permutation in itertools.permutations(range(length)):
        assert task.label(permutation[:-1]) == permutation[-1]


def test_random_combinations_reported_example():
    numbers = [1, 2, 3, 4, 6, 7, 8, 9]  # the report counts from 1
    assert RandomCombinations(9).label([number - 1 for number in numbers]) + 1 == 5


def test_baum_sweet_all_numbers():
    for number in range(1, 2**12):
        expected = baum_sweet_by_counting(number)
        assert BaumSweet(len(str(number))).label(digits_of(number)) == expected
    # The beginning of the Baum-Sweet sequence as published (OEIS A086747), from its term 1 on.
    terms = [BaumSweet(len(str(n))).label(digits_of(n)) for n in range(1, 21)]
    assert terms == [1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0]


@pytest.mark.parametrize(
    ("number", "label"), [(124, 1), (3234, 0), (1, 1), (2, 0), (4, 1), (12, 1)]
)
def test_baum_sweet_reported_examples(number, label):
    assert BaumSweet(len(str(number))).label(digits_of(number)) == label


@pytest.mark.parametrize("length", range(2, 13))
def test_binary_palindrome_all_palindromes(length):
    task = BinaryPalindrome(length)
    num_palindromes = 0
    for digits in itertools.product((0, 1), repeat=length):
        if digits == digits[::-1]:
            num_palindromes += 1
            assert task.label(digits[:-1]) == digits[-1]
    assert num_palindromes == 2 ** ((length + 1) // 2)


@pytest.mark.parametrize("task", EVERY_TASK, ids=str)
def test_samples_carry_their_label(task):
    sequences, labels = task.sample(300, np.random.default_rng(0))
    assert len(sequences) == len(labels) == 300
    for sequence, label in zip(sequences, labels, strict=True):
        assert task.label(sequence.tolist()) == label
        assert len(sequence) in task.sequence_lengths
        assert 0 <= sequence.min() <= sequence.max() < task.num_symbols
        assert 0 <= label < task.num_classes


@pytest.mark.parametrize("task", EVERY_TASK, ids=str)
def test_samples_depend_on_nothing_but_the_generator(task):
    first, again = (task.sample(20, np.random.default_rng(7)) for _ in range(2))
    other = task.sample(20, np.random.default_rng(8))
    assert [s.tolist() for s in first[0]] == [s.tolist() for s in again[0]]
    assert first[1].tolist() == again[1].tolist()
    assert [s.tolist() for s in first[0]] != [s.tolist() for s in other[0]]


def frequencies(task, num_samples=20_000):
    sequences, labels = task.sample(num_samples, np.random.default_rng(1))
    pairs = zip((tuple(s.tolist()) for s in sequences), labels.tolist(), strict=True)
    return Counter(pairs)


def assert_uniform(counts, expected_support):
    """A chi-square statistic within six standard deviations, and nothing missing."""
    assert set(counts) == set(expected_support)
    mean = sum(counts.values()) / len(counts)
    statistic = sum((count - mean) ** 2 / mean for count in counts.values())
    freedom = len(counts) - 1
    assert statistic < freedom + 6 * (2 * freedom) ** 0.5


def test_random_combinations_are_uniform():
    counts = frequencies(RandomCombinations(4))
    assert_uniform(counts, [(p[:-1], p[-1]) for p in itertools.permutations(range(4))])


def test_binary_palindromes_are_uniform():
    task = BinaryPalindrome(7)
    prefixes = {(*half, *half[-2::-1])[:-1] for half in itertools.product((0, 1), repeat=4)}
    assert_uniform(frequencies(task), [(prefix, task.label(prefix)) for prefix in prefixes])


@pytest.mark.parametrize("digits", [1, 2])
def test_baum_sweet_is_balanced_and_uniform_given_the_label(digits):
    task = BaumSweet(digits)
    counts = frequencies(task)
    ones = sum(count for (_, label), count in counts.items() if label)
    assert abs(ones - 10_000) < 6 * 5000**0.5
    for label in (0, 1):
        expected = [tuple(digits_of(n)) for n in task.numbers if baum_sweet_by_counting(n) == label]
        found = {sequence: count for (sequence, y), count in counts.items() if y == label}
        assert_uniform(found, expected)


@pytest.mark.parametrize("digits", [3, 4, 5])
def test_baum_sweet_table_of_ones_is_complete(digits):
    task = BaumSweet(digits)
    assert task._ones.tolist() == [n for n in task.numbers if baum_sweet_by_counting(n)]


@pytest.mark.parametrize("task", EVERY_TASK, ids=str)
def test_sampling_is_fast(task):
    generator = np.random.default_rng(0)
    task.sample(128, generator)
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        task.sample(128, generator)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 1e-3


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("size", [-1, 0, 1.5, "five", None, True])
def test_senseless_sizes(name, size):
    with pytest.raises(InputError):
        make_task(name, size)


def test_bounds():
    for task in (RandomCombinations, BinaryPalindrome):
        with pytest.raises(InputError, match=r"length; found: 1\); use from 2"):
            task(1)
    with pytest.raises(InputError, match=r"digits; found: 10\); use from 1 to 9"):
        BaumSweet(10)


def test_unknown_task_lists_the_known_ones():
    known = "random-combinations, baum-sweet, binary-palindrome"
    with pytest.raises(UnknownNameError, match=known):
        make_task("parity", 5)


@pytest.mark.parametrize(
    ("task", "sequence"),
    [
        (RandomCombinations(4), [0, 1]),
        (RandomCombinations(4), [0, 1, 1]),
        (RandomCombinations(4), [0, 1, 4]),
        (BaumSweet(2), [0, 1, 1, 1]),
        (BaumSweet(2), [1, 1, 1]),
        (BaumSweet(2), [1, 2, 1, 1]),
        (BaumSweet(2), []),
        (BinaryPalindrome(4), [0, 1]),
        (BinaryPalindrome(4), [0, 1, 0]),
        (BinaryPalindrome(4), [0, 2, 2]),
    ],
)
def test_sequences_of_other_tasks_have_no_label(task, sequence):
    with pytest.raises(InputError, match="no sequence of"):
        task.label(sequence)


@pytest.mark.parametrize("task", EVERY_TASK, ids=str)
def test_defaults_are_the_reported_settings(task):
    is_first = task.name == "random-combinations"
    assert task.defaults == {
        "learning_rate": 1e-3 if is_first else 1e-4,
        "iterations": 2000 if is_first else 3000,
        "batch_size": 128 if is_first else 256,
        "hidden_size": 128 if is_first else 256,
        "max_norm": 10.0,
    }
    for size in task.reported_sizes:
        assert make_task(task.name, size).num_classes == (size if is_first else 2)
