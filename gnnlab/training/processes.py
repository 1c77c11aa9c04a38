"""Several processes that train one model, started by torchrun."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, Protocol, Self, runtime_checkable


class Processes(NamedTuple):
    """How many processes train together, and which of them this is.

    Attributes:
        rank: The number of this process, from 0.
        count: Of all processes.
        local_count: Of those on this machine.
    """

    rank: int = 0
    count: int = 1
    local_count: int = 1

    @classmethod
    def here(cls) -> Self:
        """Those that ``torchrun`` has started; one, if it has started none.

        Example:
            >>> Processes.here()
            Processes(rank=0, count=1, local_count=1)
        """
        if "TORCHELASTIC_RUN_ID" not in os.environ:
            return cls()
        return cls(*(int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")))

    def share(self, batches: Iterable) -> Iterator:
        """Every ``count``-th batch, from the one of this number."""
        if self.count > 1 and isinstance(batches, Shared):
            return iter(batches.share(self.rank, self.count))
        return islice(iter(batches), self.rank, None, self.count)


@runtime_checkable
class Shared(Protocol):
    """Batches that a process need not make if they are not its own."""

    def share(self, rank: int, count: int) -> Iterable:
        """Every ``count``-th batch, from number ``rank``."""
