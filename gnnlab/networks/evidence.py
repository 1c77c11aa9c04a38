"""What a network tells of pairs of nodes: one column for each scorer.

Legend: N nodes, P pairs, S columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, Self

import numpy as np
import torch
from torch import Tensor

from gnnlab.errors import UnknownNameError
from gnnlab.networks.network import Network
from gnnlab.networks.scorers import SCORERS

#: Columns that stand beside the scorers', and that may speak for or against a connection.
DEGREES = ("lower-degree", "higher-degree")
#: Scorers that follow whole neighbourhoods of each node, and so take long in large networks.
FAR_SIGHTED = ("local-path", "katz", "pagerank", "shortest-path")
_AMBIGUOUS = (*DEGREES, "preferential-attachment")
_LARGE = 20_000  # nodes
_TOGETHER = 2**18  # pairs


class PairScorer(Protocol):
    """Whatever scores pairs of nodes; higher is more likely to be a connection."""

    def fit(self, network: Network) -> Self:
        """Looks at a network."""

    def score(self, pairs: Tensor) -> np.ndarray:
        """``[P]`` for pairs ``[2, P]``."""


class Evidence:
    """The scores of several scorers, and the degrees of both nodes.

    Args:
        scorers: Scorers by name.

    Attributes:
        names: ``[S]`` the columns.
        is_rising: ``[S]`` which of them can only speak for a connection.

    Example:
        >>> path = Network.of(["Jane", "Bingley", "Darcy"], [[0, 1], [1, 2]])
        >>> evidence = Evidence({"common-neighbors": SCORERS["common-neighbors"]()}).fit(path)
        >>> evidence.names, evidence.table(torch.tensor([[0], [2]])).tolist()
        (['common-neighbors', 'lower-degree', 'higher-degree'], [[1.0, 1.0, 1.0]])
    """

    def __init__(self, scorers: Mapping[str, PairScorer]):
        self.scorers = dict(scorers)
        self.names = [*self.scorers, *DEGREES]
        self.is_rising = np.array([name not in _AMBIGUOUS for name in self.names])

    def fit(self, network: Network) -> Self:
        """Looks at a network."""
        self._degree = network.degree
        for scorer in self.scorers.values():
            scorer.fit(network)
        return self

    def table(self, pairs: Tensor) -> np.ndarray:
        """The scores ``[P, S]`` float32 of pairs ``[2, P]``; what comes twice is looked at once."""
        source, target = pairs.numpy()
        keys, place = np.unique(source * len(self._degree) + target, return_inverse=True)
        different = torch.from_numpy(np.stack(np.divmod(keys, len(self._degree))))
        return self._look(different)[place]

    def _look(self, pairs: Tensor) -> np.ndarray:
        table = np.empty((pairs.size(1), len(self.names)), dtype=np.float32)
        for first in range(0, len(table), _TOGETHER):
            part = slice(first, first + _TOGETHER)
            chosen = pairs[:, part]
            for column, scorer in enumerate(self.scorers.values()):
                table[part, column] = scorer.score(chosen)
            table[part, -len(DEGREES) :] = np.sort(self._degree[chosen.numpy().T], axis=1)
        return table


def usual_scorers(network: Network) -> list[str]:
    """The scorers that suit a network: those of features if it has some, far ones if it is small.

    Example:
        >>> "katz" in usual_scorers(Network.of(["Jane", "Bingley"], [[0], [1]]))
        True
    """
    is_large = network.num_nodes > _LARGE
    return [
        name
        for name in SCORERS
        if not (network.x is None and "features" in name) and not (is_large and name in FAR_SIGHTED)
    ]


def make_scorers(names: list[str]) -> dict[str, PairScorer]:
    """Scorers that have not looked at anything yet.

    Raises:
        UnknownNameError: If there is no such scorer.
    """
    for name in names:
        if name not in SCORERS:
            raise UnknownNameError.of("scorer", name, SCORERS)
    return {name: SCORERS[name]() for name in names}


def as_pairs(source: np.ndarray, target: np.ndarray) -> Tensor:
    """Pairs ``[2, P]`` from two arrays of nodes."""
    return torch.from_numpy(np.stack([source, target]).astype(np.int64))
