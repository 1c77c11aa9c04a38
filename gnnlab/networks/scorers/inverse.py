r"""Scores that are entries of the inverse of a symmetric matrix, which counts walks of all lengths.

Legend: N nodes, P pairs, S sources.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

import numpy as np
from scipy.linalg import lapack
from scipy.sparse import csr_array

from gnnlab.networks.network import Network
from gnnlab.networks.scorers.blocks import by_source
from gnnlab.networks.scorers.scorer import Scorer

_SOURCES = 16  # solved at a time: more do not fit into the cache
_MOST_NODES = 10_000  # of networks whose inverse is kept: 800 MB
# A quarter of the columns, one by one, take as long as the whole inverse, if a processor multiplies
# sparse numbers a two-hundredth as fast as dense ones: N^3 = N / 4 * 40 steps * E * 175.
_NODES_PER_EDGE = 1750


class InverseScorer(Scorer):
    r"""Takes entries of :math:`G = M^{-1}` for pairs of nodes.

    A connection contributes ``-across`` to :math:`M_{uv}` and ``diagonal`` to :math:`M_{uu}` and
    :math:`M_{vv}`. Without it :math:`G_{uv}` follows from :math:`G_{uu}, G_{uv}, G_{vv}` alone: the
    inverse of this 2 x 2 part is changed by the contribution, and inverted back (the matrix
    inversion lemma).

    Where it costs less than a quarter of the columns, which depends on the network alone, the whole
    of G is computed and kept, by Cholesky's factors. All entries of M beside its diagonal are
    negative or zero, so that only numbers of the same sign are added up on the way: small entries
    are as exact as large ones.

    Elsewhere columns of G are computed, those of the nodes that most pairs have in common: a
    thousand pairs that each stand among hundreds with one of their nodes need two thousand columns,
    however many nodes these pairs end at. G is symmetric on paper only, so company may then change
    a score in its last digits, by less than what the scorers say of their exactness.
    """

    #: What a connection contributes to M, and the smallest entry of G that is not taken for 0.
    _diagonal: float
    _across: float
    _smallest: float

    @abstractmethod
    def _matrix(self) -> tuple[csr_array, np.ndarray]:
        """M ``[N, N]`` beside its diagonal, and the diagonal ``[N]``."""

    @abstractmethod
    def _solve(self, sources: np.ndarray) -> np.ndarray:
        """Columns ``[N, S]`` of G."""

    def fit(self, network: Network) -> Self:
        """Looks at a network."""
        self._whole: np.ndarray | None = None
        return super().fit(network)

    def _inverse(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        """Entries ``[P]`` of G, without their connections where ``own`` ``[P]`` says so."""
        if own is None:
            return self._entries(u, v)
        same_u, same_v = u[own], v[own]
        first, second = np.concatenate([u, same_u, same_v]), np.concatenate([v, same_u, same_v])
        uv, uu, vv = np.split(self._entries(first, second), [len(u), len(u) + len(same_u)])
        uv[own] = self._without(uu, uv[own], vv)
        return uv

    def _entries(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        if self._is_kept():
            if self._whole is None:
                self._whole = self._invert()
            return np.maximum(self._whole[np.maximum(u, v), np.minimum(u, v)], 0)
        result = np.empty(len(u))
        for block in by_source(*self._from_the_busier(u, v), _SOURCES):
            result[block.positions] = self._solve(block.sources)[block.target, block.row]
        return np.maximum(result, 0)

    def _from_the_busier(self, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both nodes ``[P]`` of each pair, first the one that more of the pairs have."""
        count = np.bincount(np.concatenate([u, v]), minlength=self._network.num_nodes)
        order = np.lexsort((self._network.degree, count))  # by number among equals
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        swap = place[u] < place[v]
        return np.where(swap, v, u), np.where(swap, u, v)

    def _invert(self) -> np.ndarray:
        """G, of which only the part below the diagonal means something."""
        across, diagonal = self._matrix()
        matrix = (
            across.toarray().T
        )  # symmetric; in the order that LAPACK can work in without a copy
        np.fill_diagonal(matrix, diagonal)
        # M is positive definite for every network, so nothing can fail.
        factor, _ = lapack.dpotrf(matrix, lower=1, clean=0, overwrite_a=1)
        return lapack.dpotri(factor, lower=1, overwrite_c=1)[0]

    def _is_kept(self) -> bool:
        size = self._network.num_nodes
        return size <= _MOST_NODES and size**2 <= _NODES_PER_EDGE * self._network.adjacency.nnz

    def _without(self, uu: np.ndarray, uv: np.ndarray, vv: np.ndarray) -> np.ndarray:
        determinant = uu * vv - uv**2
        nu, nv = vv / determinant - self._diagonal, uu / determinant - self._diagonal
        link = uv / determinant - self._across
        # What is left where no other walk leads across is rounding.
        apart = link < self._smallest
        return np.where(apart, 0, link / np.where(apart, 1, nu * nv - link**2))
