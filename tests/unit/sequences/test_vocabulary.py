from __future__ import annotations

import pickle

import pytest

from gnnlab.errors import DtypeError, InputError
from gnnlab.sequences import Vocabulary
from gnnlab.sequences.vocabulary import unique


def test_round_trip_of_words():
    vocabulary = Vocabulary.from_sequences([["white", "whale"], ["whale", "ahoy"]])
    assert list(vocabulary) == ["ahoy", "whale", "white"]
    assert vocabulary.decode(vocabulary.encode(["white", "ahoy"])) == ["white", "ahoy"]
    assert len(vocabulary) == 3
    assert "whale" in vocabulary
    assert "shark" not in vocabulary


def test_equality_and_pickle():
    vocabulary = Vocabulary("abc")
    assert pickle.loads(pickle.dumps(vocabulary)) == vocabulary  # noqa: S301
    assert vocabulary != Vocabulary("acb")
    assert len({vocabulary, Vocabulary("abc")}) == 1


def test_mixed_symbols_keep_their_order():
    assert list(Vocabulary.from_sequences([["two", 2], [1]])) == ["two", 2, 1]


@pytest.mark.parametrize(
    ("row", "where"), [(None, r"at: position 2"), (4, r"at: row 4, position 2")]
)
def test_an_unknown_symbol_is_named(row, where):
    with pytest.raises(InputError, match=where) as caught:
        Vocabulary("abc").encode("abqz", row)
    assert caught.value.value == "'q'"


@pytest.mark.parametrize("symbols", ["", "aba"])
def test_senseless_vocabularies(symbols):
    with pytest.raises(InputError):
        Vocabulary(symbols)


@pytest.mark.parametrize("number", [-1, 3])
def test_unknown_numbers(number):
    with pytest.raises(InputError, match="position 1"):
        Vocabulary("abc").decode([0, number])


def test_symbols_must_be_hashable():
    with pytest.raises(DtypeError, match="hashable"):
        unique([["a"], ["b"]])
    with pytest.raises(DtypeError, match="sequence of symbols"):
        Vocabulary("abc").encode([["a"]])
