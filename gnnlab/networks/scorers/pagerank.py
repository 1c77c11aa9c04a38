r"""Personalised PageRank of two nodes for each other.

Legend: N nodes, P pairs, S sources.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse

from gnnlab.errors import InputError
from gnnlab.networks.network import Network
from gnnlab.networks.scorers.inverse import InverseScorer

_TOLERANCE = 1e-12


class PageRank(InverseScorer):
    r"""How often each of two nodes is met on random walks from the other (`Page et al., 1999
    <http://ilpubs.stanford.edu:8090/422/>`_; for pairs `Liben-Nowell & Kleinberg, 2007
    <https://doi.org/10.1002/asi.20591>`_).

    .. math::
        s(u, v) = \pi_u(v) + \pi_v(u) = \alpha (d_u + d_v) G_{uv}, \qquad
        G = \left(D - (1 - \alpha) A\right)^{-1}

    :math:`\pi_u(v)` is the share of time spent at v by a walk that goes back to u with probability
    :math:`\alpha` at every step. Because connections have no direction, one symmetric system gives
    both shares. In large networks it is solved by Chebyshev's iteration until the entries of
    :math:`D^{1/2} G D^{1/2}` are off by less than ``1e-12``: about 50 products with the
    adjacency for every node that pairs start from. The score without a pair's own
    connection is exact as well, to ``1e-9``.

    Args:
        alpha: The probability of going back, above 0 and below 1.

    Example:
        >>> from gnnlab.networks import Network
        >>> path = Network.of(["Jane", "Bingley", "Darcy"], [[0, 1], [1, 2]])
        >>> pagerank, pairs = PageRank().fit(path), np.array([[0, 0], [1, 2]])
        >>> pagerank.score(pairs).round(4).tolist()
        [0.6892, 0.3905]
        >>> pagerank.score(pairs, without_own=True).round(4).tolist()
        [0.0, 0.3905]
    """  # noqa: D205

    _diagonal = 1.0
    _smallest = 1e-10

    def __init__(self, alpha: float = 0.15):
        if not 0 < alpha < 1:
            raise InputError("a probability between 0 and 1 is needed", where="alpha", value=alpha)
        self.alpha, self._across = alpha, 1 - alpha

    def _prepare(self, network: Network) -> None:
        self._root = np.sqrt(np.maximum(network.degree, 1))
        scale = sparse.diags_array(self._across**0.5 / self._root)
        self._step = sparse.csr_array(scale @ network.adjacency @ scale)

    def _score(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        both = self._network.degree[u] + self._network.degree[v]
        both = both if own is None else both - 2 * own
        return self.alpha * both * self._inverse(u, v, own)

    def _matrix(self) -> tuple[sparse.csr_array, np.ndarray]:
        return -self._across * self._network.adjacency, self._root**2

    def _solve(self, sources: np.ndarray) -> np.ndarray:
        diagonal = sources, np.arange(len(sources))
        now = np.zeros((len(self._root), len(sources)))
        now[diagonal] = 1
        # The eigenvalues of the step lie within 1 - alpha of zero; so much does every step gain.
        gain = self._across / (1 + math.sqrt(1 - self._across**2))
        num_steps = math.ceil(math.log(_TOLERANCE * self.alpha / 2) / math.log(gain))
        before, omega = np.zeros_like(now), 2.0
        for _ in range(num_steps):
            omega = 1 / (1 - self._across**2 * omega / 4)
            after = self._step @ now  # omega (step now + 1 - before) + before
            after[diagonal] += 1
            after -= before
            after *= omega
            after += before
            before, now = now, after
        return now / (self._root[:, None] * self._root[sources])

    def __repr__(self) -> str:
        return f"PageRank(alpha={self.alpha:g})"
