import math

import numpy as np
import pytest
import torch

from gnnlab.errors import InputError, NotFittedError
from gnnlab.sequences import TextGenerator
from gnnlab.sequences.context import bits_by_position

TEXT = "Reynard went to the king. The king sent for Bruin the bear. " * 30


@pytest.fixture(scope="module")
def generator():
    return TextGenerator(hidden_size=24, window=10, iterations=60, learning_rate=0.01).fit(TEXT)


def test_the_bits_are_those_of_a_fresh_reading(generator):
    text = TEXT[17:97]
    table = bits_by_position(generator, [text], positions=(3, 9))
    for position, bits in zip(table["position"], table["bits"], strict=True):
        expected = []
        for place in range(9, len(text)):
            x = generator.characters_.encode(text[place - position : place + 1])
            state = None
            for number in x[:-1]:  # one character after the other, without any batch
                logits, state = generator.model_.step(number.view(1), state)
            probability = torch.softmax(logits[0].double(), 0)[x[-1]].item()
            expected.append(-math.log2(probability))
        assert bits == pytest.approx(np.mean(expected), rel=1e-4)


def test_more_past_helps_a_model_that_has_learned(generator):
    table = bits_by_position(generator, [TEXT[:300]], positions=(1, 8))
    assert table["bits"].iloc[1] < table["bits"].iloc[0] - 0.2
    assert (table["standard_error"] > 0).all()


def test_the_characters_asked_for_are_the_same_at_every_position(generator):
    # A text whose last third is easier: were the targets different, position 1 would notice.
    alone = bits_by_position(generator, [TEXT[:200]], positions=(1, 50))["bits"].iloc[0]
    again = bits_by_position(generator, [TEXT[49:200]], positions=(1,))["bits"].iloc[0]
    assert alone == pytest.approx(again, rel=1e-5)


def test_unknown_characters_are_read_and_not_asked_for(generator):
    plain = bits_by_position(generator, ["the king. the king"], positions=(2,), num_characters=99)
    mixed = bits_by_position(generator, ["the king. the king§"], positions=(2,), num_characters=99)
    assert mixed["bits"].iloc[0] == pytest.approx(plain["bits"].iloc[0])


@pytest.mark.parametrize("positions", [(0,), (), (3, -1)])
def test_positions_are_positive(generator, positions):
    with pytest.raises(InputError, match="position"):
        bits_by_position(generator, [TEXT], positions)


@pytest.mark.parametrize("texts", [[], ["short"], ["§" * 40]])
def test_texts_must_be_long_enough(generator, texts):
    with pytest.raises(InputError, match="behind 10 others"):
        bits_by_position(generator, texts, (10,))


def test_before_fit():
    with pytest.raises(NotFittedError):
        bits_by_position(TextGenerator(), [TEXT], (1,))
