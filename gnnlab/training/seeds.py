"""Random numbers: every use has a stream of its own, and the caller's generators stay untouched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from gnnlab.errors import UnknownNameError
from gnnlab.training.check import check_seed

#: The uses of random numbers. Streams of one seed never overlap.
STREAMS = ("training", "validation", "score")


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator of one use of random numbers.

    Args:
        seed: A whole number from 0.
        name: One of ``STREAMS``.

    Raises:
        InputError: If the seed is no such number.
        UnknownNameError: If there is no such stream.

    Example:
        >>> stream(0, "training").integers(10, size=3).tolist()
        [8, 9, 0]
        >>> stream(0, "score").integers(10, size=3).tolist()
        [6, 8, 4]
    """
    if name not in STREAMS:
        raise UnknownNameError.of("stream", name, STREAMS)
    sequence = np.random.SeedSequence(check_seed(seed), spawn_key=(STREAMS.index(name),))
    return np.random.default_rng(sequence)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seeds torch inside a block, and puts its generators back afterwards.

    Example:
        >>> with seeded(1):
        ...     first = torch.rand(2)
        >>> with seeded(1):
        ...     bool((torch.rand(2) == first).all())
        True
    """
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(check_seed(seed))
        yield
