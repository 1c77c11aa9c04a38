r"""The Katz index: all walks between two nodes.

Legend: N nodes, P pairs, S sources.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from gnnlab.errors import InputError
from gnnlab.networks.network import Network
from gnnlab.networks.scorers.inverse import InverseScorer

_MOST_STEPS = 64
_NOTHING = 1e-17  # of what was counted before


class Katz(InverseScorer):
    r"""The number of walks, each step of which costs a factor (`Katz, 1953
    <https://doi.org/10.1007/BF02289026>`_).

    .. math::
        s(u, v) = \sum_{l \ge 1} \beta^l (A^l)_{uv} = \left((I - \beta A)^{-1} - I\right)_{uv}

    In large networks walks of up to 64 steps are added, for every node that pairs start from, until
    longer ones add nothing to any score. Because all terms are positive, far pairs are as exact as
    near ones. The score without a pair's own connection is exact to ``1e-15``; less is 0.

    The series ends only if :math:`\beta` is small for the network. It is lowered to half of
    :math:`(\max_u \sum_{w \in N(u)} d_w)^{-1/2}`, a lower bound of the limit, where it is larger;
    see ``used_beta`` after ``fit``.

    Args:
        beta: The factor, above 0.

    Example:
        >>> from gnnlab.networks import Network
        >>> triangle = Network.of(["Athos", "Porthos", "Aramis"], [[0, 1, 2], [1, 2, 0]])
        >>> katz, pair = Katz(beta=0.1).fit(triangle), np.array([[0], [1]])
        >>> katz.score(pair).round(4).tolist(), katz.score(pair, without_own=True).round(4).tolist()
        ([0.1136], [0.0102])
    """  # noqa: D205

    _diagonal = 0.0
    _smallest = 1e-15

    def __init__(self, beta: float = 0.005):
        if beta <= 0:
            raise InputError("a positive factor is needed", where="beta", value=beta)
        self.beta = beta

    @property
    def used_beta(self) -> float:
        """The factor, lowered where the series would not end."""
        return self._across

    def _prepare(self, network: Network) -> None:
        two_steps = max(1.0, (network.adjacency @ network.degree).max(initial=0))
        self._across = min(self.beta, 0.5 / np.sqrt(two_steps))
        self._step = self._across * network.adjacency

    def _score(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        return self._inverse(u, v, own)

    def _matrix(self) -> tuple[csr_array, np.ndarray]:
        return -self._step, np.ones(self._network.num_nodes)

    def _solve(self, sources: np.ndarray) -> np.ndarray:
        walks = np.zeros((self._network.num_nodes, len(sources)))
        walks[sources, np.arange(len(sources))] = 1
        total, was_nothing = walks.copy(), False
        for _ in range(_MOST_STEPS):
            walks = self._step @ walks
            total += walks
            # Twice in a row, for in a network of two sides every other step leads to one of them.
            is_nothing = bool((walks <= _NOTHING * total).all())
            if is_nothing and was_nothing:
                break
            was_nothing = is_nothing
        return total

    def __repr__(self) -> str:
        return f"Katz(beta={self.beta:g})"
