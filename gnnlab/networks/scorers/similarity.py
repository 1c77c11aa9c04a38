r"""Scores from what nodes are like: the angle between their features.

Legend: N nodes, F features, P pairs.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from gnnlab.errors import InputError
from gnnlab.networks.network import Network
from gnnlab.networks.scorers.scorer import Scorer

_CHUNK = 2**20  # numbers of sparse vectors that are multiplied at a time
_DENSE_CHUNK = 2**18  # of dense ones, which are several times as fast
_DENSE = 1 / 3  # of the numbers are not zero: dense vectors take twice the memory there, or less

#: Vectors of nodes, ``[N, any]``.
Vectors = sparse.csr_array | np.ndarray


class RawFeatures(Scorer):
    r"""The cosine of the features of two nodes; 0 where one of them has none.

    .. math::
        s(u, v) = \frac{x_u \cdot x_v}{\lVert x_u \rVert \, \lVert x_v \rVert}

    Connections play no part.

    Example:
        >>> from gnnlab.networks import Network
        >>> letters = Network.of(["Jane", "Lizzy"], [[0], [1]], x=np.array([[1, 1], [1, 0]]))
        >>> RawFeatures().fit(letters).score(np.array([[0], [1]])).round(4).tolist()
        [0.7071]
    """

    def _prepare(self, network: Network) -> None:
        if network.x is None:
            raise InputError(
                "the network has no features",
                where="network.x",
                remedy="use a scorer that needs none, such as resource-allocation",
            )
        x = sparse.csr_array(network.x, dtype=np.float64)
        self._vectors = _compact(self._represent(x, network))
        self._squares = _dot(self._vectors, self._vectors)

    def _represent(self, x: sparse.csr_array, network: Network) -> sparse.csr_array:
        """Vectors ``[N, any]`` from features ``[N, F]``."""
        return x

    def _score(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        result = np.empty(len(u))
        for part in self._parts(u, v):
            left, right = u[part], v[part]
            dot = _dot(self._vectors[left], self._vectors[right])
            result[part] = _cosine(dot, self._squares[left], self._squares[right])
        return result

    def _parts(self, u: np.ndarray, v: np.ndarray) -> list[slice]:
        """Pairs in chunks that fit into the cache."""
        if isinstance(self._vectors, np.ndarray):
            bounds = np.arange(0, len(u), max(1, _DENSE_CHUNK // self._vectors.shape[1]))
        else:
            length = np.diff(self._vectors.indptr)
            end = np.cumsum(length[u] + length[v])
            bounds = np.searchsorted(end, np.arange(_CHUNK, end[-1], _CHUNK))
        bounds = np.unique([0, *bounds, len(u)])
        return list(map(slice, bounds[:-1], bounds[1:]))


class IdfFeatures(RawFeatures):
    r"""The cosine of features that count the more, the fewer nodes have them
    (`Spärck Jones, 1972 <https://doi.org/10.1108/eb026526>`_).

    .. math::
        \text{idf}_f = \max\left(0, \ln \frac{N}{1 + \text{number of nodes with feature } f}\right)

    Connections play no part.

    Example:
        >>> from gnnlab.networks import Network
        >>> x = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]])
        >>> letters = Network.of(["Jane", "Lizzy", "Mary", "Kitty"], [[0], [1]], x=x)
        >>> IdfFeatures().fit(letters).score(np.array([[0, 0], [1, 2]])).tolist()
        [1.0, 0.0]
    """  # noqa: D205

    def _represent(self, x: sparse.csr_array, network: Network) -> sparse.csr_array:
        count = np.bincount(x.indices[x.data != 0], minlength=x.shape[1])
        idf = np.log(np.maximum(network.num_nodes / (1 + count), 1))
        return sparse.csr_array(x @ sparse.diags_array(idf))


class SmoothedFeatures(IdfFeatures):
    r"""The cosine of idf-weighted features that were averaged with those of the neighbours
    (the propagation of `Wu et al., 2019 <https://arxiv.org/abs/1902.07153>`_).

    .. math::
        Z = \left(\tilde D^{-1/2} (A + I) \tilde D^{-1/2}\right)^{k} X \, \text{diag}(\text{idf}),
        \qquad \tilde D = D + I

    A connection mixes the features of its two nodes, so that a connected pair is more similar by
    itself. With one hop the score without the own connection is exact; with more it is not offered,
    because the connection then reaches into the features of others.

    Args:
        hops: k, at least 1. Memory grows with the hops towards ``8 N F`` bytes.

    Example:
        >>> from gnnlab.networks import Network
        >>> x = np.array([[1, 0], [0, 1], [0, 0]])
        >>> letters = Network.of(["Jane", "Lizzy", "Mary"], [[0], [1]], x=x)
        >>> smoothed, pair = SmoothedFeatures().fit(letters), np.array([[0], [1]])
        >>> smoothed.score(pair).round(4).tolist(), smoothed.score(pair, without_own=True).tolist()
        ([1.0], [0.0])
    """  # noqa: D205

    def __init__(self, hops: int = 1):
        if hops < 1:
            raise InputError("there must be a hop", where="hops", value=hops)
        self.hops, self.leaves_out_own = hops, hops == 1

    def _represent(self, x: sparse.csr_array, network: Network) -> sparse.csr_array:
        self._idf = super()._represent(x, network)
        size = network.degree + 1.0
        with_self = network.adjacency + sparse.eye_array(network.num_nodes)
        self._parts_of_sum = sparse.diags_array(1 / np.sqrt(size)) @ self._idf
        # A cosine does not see a node's own factor, so the outermost root of D is left out.
        vectors = with_self @ self._parts_of_sum
        for _ in range(self.hops - 1):
            vectors = with_self @ (sparse.diags_array(1 / size) @ vectors)
        return sparse.csr_array(vectors)

    def _score(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        result = super()._score(u, v, own)
        if own is None or not own.any():
            return result
        places = np.flatnonzero(own)
        for part in self._parts(u[own], v[own]):
            left, right = u[places[part]], v[places[part]]
            z_left, z_right = self._without(left, right), self._without(right, left)
            squares = _dot(z_left, z_left), _dot(z_right, z_right)
            result[places[part]] = _cosine(_dot(z_left, z_right), *squares)
        return result

    def _without(self, node: np.ndarray, other: np.ndarray) -> sparse.csr_array:
        """Smoothed vectors of nodes that have lost their connection to the others."""
        degree = self._network.degree[node]
        change = 1 / np.sqrt(degree) - 1 / np.sqrt(degree + 1.0)  # of a node's part in its own sum
        own = sparse.diags_array(change) @ self._idf[node]
        return sparse.csr_array(self._vectors[node]) - self._parts_of_sum[other] + own

    def __repr__(self) -> str:
        return f"SmoothedFeatures(hops={self.hops})"


def _compact(vectors: sparse.csr_array) -> Vectors:
    """The vectors as they are multiplied fastest."""
    if vectors.nnz > _DENSE * np.prod(vectors.shape):
        return vectors.toarray()
    vectors.sort_indices()
    return vectors


def _dot(a: Vectors, b: Vectors) -> np.ndarray:
    """The dot products ``[P]`` of the rows, whose order of summing depends on nothing else."""
    # A product of matrices would be faster, but its last digits depend on the other rows.
    return np.einsum("pf,pf->p", a, b) if isinstance(a, np.ndarray) else a.multiply(b).sum(axis=1)


def _cosine(dot: np.ndarray, square_u: np.ndarray, square_v: np.ndarray) -> np.ndarray:
    # One root of the product: counts stay whole numbers up to here, and equal cosines are ties.
    length = np.sqrt(square_u * square_v)
    return np.divide(dot, length, out=np.zeros(len(dot)), where=length > 0)
