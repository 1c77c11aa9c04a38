from __future__ import annotations

import itertools

import pytest
import torch

from gnnlab.errors import InputError, UnknownNameError
from gnnlab.training import STREAMS, seeded, stream


def test_streams_are_repeatable_and_apart():
    numbers = {
        (seed, name): stream(seed, name).integers(2**62, size=4).tolist()
        for seed, name in itertools.product(range(5), STREAMS)
    }
    assert numbers[0, "score"] == stream(0, "score").integers(2**62, size=4).tolist()
    every = [number for drawn in numbers.values() for number in drawn]
    assert len(set(every)) == len(every)


def test_unknown_stream():
    with pytest.raises(UnknownNameError, match="training, validation, score"):
        stream(0, "test")


@pytest.mark.parametrize("seed", [-1, 1.0, True, "zero", 2**63])
def test_senseless_seed(seed):
    with pytest.raises(InputError, match="seed"):
        stream(seed, "score")


def test_seeded_puts_the_generator_back_even_after_an_error():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with pytest.raises(InputError), seeded(1):
        stream(torch.rand(7), "score")
    assert torch.equal(torch.rand(3), expected)
