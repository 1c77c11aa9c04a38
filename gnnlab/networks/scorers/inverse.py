r"""Scores that are entries of the inverse of a symmetric matrix, which counts walks of all lengths.

Legend: N nodes, P pairs, S sources.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from gnnlab.networks.scorers.blocks import by_source
from gnnlab.networks.scorers.scorer import Scorer

_SOURCES = 16  # solved at a time: more do not fit into the cache


class InverseScorer(Scorer):
    r"""Takes entries of :math:`G = M^{-1}` for pairs of nodes.

    A connection contributes ``-across`` to :math:`M_{uv}` and ``diagonal`` to :math:`M_{uu}` and
    :math:`M_{vv}`. Without it :math:`G_{uv}` follows from :math:`G_{uu}, G_{uv}, G_{vv}` alone: the
    inverse of this 2 x 2 part is changed by the contribution, and inverted back (the matrix
    inversion lemma).
    """

    #: What a connection contributes to M, and the smallest entry of G that is not taken for 0.
    _diagonal: float
    _across: float
    _smallest: float

    @abstractmethod
    def _solve(self, sources: np.ndarray) -> np.ndarray:
        """Columns ``[N, S]`` of G."""

    def _inverse(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        """Entries ``[P]`` of G, without their connections where ``own`` ``[P]`` says so."""
        degree = self._network.degree
        # From the node of higher degree, for many pairs share such a node; by number among equals.
        swap = (degree[u] < degree[v]) | ((degree[u] == degree[v]) & (u < v))
        u, v = np.where(swap, v, u), np.where(swap, u, v)
        if own is None:
            return self._entries(u, v)
        same_u, same_v = u[own], v[own]
        first, second = np.concatenate([u, same_u, same_v]), np.concatenate([v, same_u, same_v])
        uv, uu, vv = np.split(self._entries(first, second), [len(u), len(u) + len(same_u)])
        uv[own] = self._without(uu, uv[own], vv)
        return uv

    def _entries(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        result = np.empty(len(u))
        for block in by_source(u, v, _SOURCES):
            result[block.positions] = self._solve(block.sources)[block.target, block.row]
        return np.maximum(result, 0)

    def _without(self, uu: np.ndarray, uv: np.ndarray, vv: np.ndarray) -> np.ndarray:
        determinant = uu * vv - uv**2
        nu, nv = vv / determinant - self._diagonal, uu / determinant - self._diagonal
        link = uv / determinant - self._across
        # What is left where no other walk leads across is rounding.
        apart = link < self._smallest
        return np.where(apart, 0, link / np.where(apart, 1, nu * nv - link**2))
