r"""Scores from the neighbours of two nodes: :math:`N(u)` are those of u, :math:`d_u` their number.

A pair's own connection is neither a shared neighbour nor does it change the degree of one. It
counts only where the degrees of the pair itself do: in :class:`Jaccard` and
:class:`PreferentialAttachment`.

Legend: N nodes, P pairs.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from gnnlab.networks.network import Network
from gnnlab.networks.scorers.neighborhoods import Neighborhoods
from gnnlab.networks.scorers.scorer import Scorer


class _SharedNeighbors(Scorer):
    """A sum over shared neighbours of a weight that their degree decides."""

    def _prepare(self, network: Network) -> None:
        self._neighborhoods = Neighborhoods(network)
        # Whoever is shared by two nodes has two neighbours; the others' weights are never used.
        self._weight = self._weigh(np.maximum(self._neighborhoods.degree, 2).astype(np.float64))

    @abstractmethod
    def _weigh(self, degree: np.ndarray) -> np.ndarray:
        """``[N]`` from ``[N]`` degrees of two and more."""

    def _score(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        return self._neighborhoods.shared(u, v, self._weight)


class CommonNeighbors(_SharedNeighbors):
    r"""The number of common neighbours (`Liben-Nowell & Kleinberg, 2007
    <https://doi.org/10.1002/asi.20591>`_).

    .. math::
        s(u, v) = |N(u) \cap N(v)|

    Example:
        >>> from gnnlab.networks import Network
        >>> names = ["Emma", "Harriet", "Knightley", "Elton"]
        >>> square = Network.of(names, [[0, 1, 2, 3], [1, 2, 3, 0]])
        >>> CommonNeighbors().fit(square).score(np.array([[0, 0], [2, 1]])).tolist()
        [2.0, 0.0]
    """  # noqa: D205

    def _weigh(self, degree: np.ndarray) -> np.ndarray:
        return np.ones_like(degree)


class AdamicAdar(_SharedNeighbors):
    r"""Common neighbours, the less the more others they know (`Adamic & Adar, 2003
    <https://doi.org/10.1016/S0378-8733(03)00009-1>`_).

    .. math::
        s(u, v) = \sum_{w \in N(u) \cap N(v)} \frac{1}{\ln d_w}

    Example:
        >>> from gnnlab.networks import Network
        >>> path = Network.of(["Jane", "Bingley", "Darcy"], [[0, 1], [1, 2]])
        >>> AdamicAdar().fit(path).score(np.array([[0], [2]])).round(4).tolist()
        [1.4427]
    """  # noqa: D205

    def _weigh(self, degree: np.ndarray) -> np.ndarray:
        return 1 / np.log(degree)


class ResourceAllocation(_SharedNeighbors):
    r"""What u's neighbours pass on to v if each divides one unit among all whom it knows
    (`Zhou et al., 2009 <https://doi.org/10.1140/epjb/e2009-00335-8>`_).

    .. math::
        s(u, v) = \sum_{w \in N(u) \cap N(v)} \frac{1}{d_w}

    Example:
        >>> from gnnlab.networks import Network
        >>> path = Network.of(["Jane", "Bingley", "Darcy"], [[0, 1], [1, 2]])
        >>> ResourceAllocation().fit(path).score(np.array([[0], [2]])).tolist()
        [0.5]
    """  # noqa: D205

    def _weigh(self, degree: np.ndarray) -> np.ndarray:
        return 1 / degree


class Jaccard(CommonNeighbors):
    r"""The share of common neighbours among all neighbours; 0 where there are none.

    .. math::
        s(u, v) = \frac{|N(u) \cap N(v)|}{|N(u) \cup N(v)|}

    Without the own connection, u and v are no longer among each other's neighbours.

    Example:
        >>> from gnnlab.networks import Network
        >>> triangle = Network.of(["Athos", "Porthos", "Aramis"], [[0, 1, 2], [1, 2, 0]])
        >>> jaccard, pair = Jaccard().fit(triangle), np.array([[0], [1]])
        >>> jaccard.score(pair).round(3).tolist(), jaccard.score(pair, without_own=True).tolist()
        ([0.333], [1.0])
    """

    def _score(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        shared = super()._score(u, v, own)
        du, dv = degrees_without(self._network, u, v, own)
        return shared / np.maximum(du + dv - shared, 1)


class PreferentialAttachment(Scorer):
    r"""Who knows many gets to know many (`Barabási & Albert, 1999
    <https://doi.org/10.1126/science.286.5439.509>`_).

    .. math::
        s(u, v) = d_u \, d_v

    Without the own connection both degrees are less by one.

    Example:
        >>> from gnnlab.networks import Network
        >>> path = Network.of(["Jane", "Bingley", "Darcy"], [[0, 1], [1, 2]])
        >>> PreferentialAttachment().fit(path).score(np.array([[0, 0], [1, 2]])).tolist()
        [2.0, 1.0]
    """  # noqa: D205

    def _prepare(self, network: Network) -> None:
        """The degrees are the network's own."""

    def _score(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        du, dv = degrees_without(self._network, u, v, own)
        return (du * dv).astype(np.float64)


def degrees_without(
    network: Network, u: np.ndarray, v: np.ndarray, own: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Degrees ``[P]`` of both nodes of each pair, less by one where ``own`` ``[P]`` says so."""
    less = 0 if own is None else own.astype(np.int64)
    return network.degree[u] - less, network.degree[v] - less
