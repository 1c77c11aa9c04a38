"""What every scorer is: it looks at a network once, and then says how likely pairs are connected.

Legend: N nodes, P pairs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
from torch import Tensor

from gnnlab.errors import DtypeError, InputError, NotFittedError, ShapeError
from gnnlab.networks.network import Network


class Scorer(ABC):
    """Scores pairs of nodes of a network; higher is more likely to be a connection.

    A score is the same in both directions to the last bit, and does not depend on the other pairs
    that are asked for; those of :class:`~gnnlab.networks.scorers.inverse.InverseScorer` do so up to
    rounding in networks whose inverse is too large to be kept. The network that a scorer is fitted
    to is all that it looks at: pass the message graph of a split, never the whole network.

    Attributes:
        leaves_out_own: Whether ``score(pairs, without_own=True)`` is offered.
    """

    leaves_out_own: bool = True

    def fit(self, network: Network) -> Self:
        """Looks at a network.

        Raises:
            InputError: If the network lacks what the scorer needs.
        """
        self._prepare(network)
        self._network = network
        return self

    def score(self, pairs: Tensor | np.ndarray, *, without_own: bool = False) -> np.ndarray:
        """The scores ``[P]`` of pairs of nodes, float64.

        Args:
            pairs: ``[2, P]`` numbers of nodes.
            without_own: Give each connected pair the score that it would have if its own
                connection, and no other, were not there. A model that learns from scores of
                connected pairs needs this: pairs in question have no connection to be seen.

        Raises:
            NotFittedError: If the scorer was not fitted.
            ShapeError: If the pairs are not ``[2, P]``.
            DtypeError: If they are no integers.
            InputError: If a number names no node, a node is paired with itself, or the scorer
                cannot leave connections out.
        """
        if not hasattr(self, "_network"):
            raise NotFittedError("the scorer was not fitted", remedy="call fit(network) first")
        if without_own and not self.leaves_out_own:
            raise InputError(
                "this scorer cannot leave a pair's own connection out",
                where="without_own",
                value=repr(self),
                remedy="remove connections from the network, and fit to what is left",
            )
        u, v = _checked(pairs, self._network.num_nodes)
        if not len(u):
            return np.zeros(0)
        own = self._network.connected(np.stack([u, v])) if without_own else None
        return self._score(u, v, own)

    @abstractmethod
    def _prepare(self, network: Network) -> None:
        """Computes all that does not depend on the pairs."""

    @abstractmethod
    def _score(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        """Scores ``[P]`` of checked pairs; ``own`` ``[P]`` marks those to be disconnected."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def _checked(pairs: Tensor | np.ndarray, num_nodes: int) -> tuple[np.ndarray, np.ndarray]:
    array = np.asarray(pairs)
    if array.ndim != 2 or len(array) != 2:
        raise ShapeError("pairs of nodes are needed as [2, P]", where="pairs", value=array.shape)
    if array.size and array.dtype.kind not in "iu":
        raise DtypeError("nodes are whole numbers", where="pairs", value=array.dtype)
    u, v = array.astype(np.int64, copy=False)
    if not array.size:
        return u, v
    if array.min() < 0 or array.max() >= num_nodes:
        wrong = np.flatnonzero(((array < 0) | (array >= num_nodes)).any(0))[0]
        raise InputError(
            f"nodes are numbered from 0 to {num_nodes - 1}",
            where=f"pairs[:, {wrong}]",
            value=array[:, wrong].tolist(),
        )
    if (u == v).any():
        wrong = np.flatnonzero(u == v)[0]
        raise InputError(
            "a node makes no pair with itself",
            where=f"pairs[:, {wrong}]",
            value=[int(u[wrong])] * 2,
        )
    return u, v
