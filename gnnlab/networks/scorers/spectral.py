r"""A score from the slowest waves of a network: nodes are close where random walks mix late.

Legend: N nodes, K dimensions, P pairs.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from gnnlab.errors import InputError
from gnnlab.networks.network import Network
from gnnlab.networks.scorers.scorer import Scorer

_ROUNDS = 8  # of the power iteration
_TOGETHER = 2**17  # pairs


class Spectral(Scorer):
    r"""The part of a network's adjacency that K waves explain (`Liben-Nowell & Kleinberg, 2007
    <https://doi.org/10.1002/asi.20591>`_, section 4.3, on the normalised adjacency).

    .. math::
        s(u, v) = \sqrt{d_u d_v} \sum_{k=1}^{K} \lambda_k\, z_{uk}\, z_{vk}, \qquad
        D^{-1/2} A D^{-1/2} = \sum_k \lambda_k z_k z_k^T

    with the largest positive eigenvalues, found by randomised power iteration (`Halko et al., 2011
    <https://arxiv.org/abs/0909.4061>`_). What an own connection adds to all waves cannot be taken
    out again.

    Args:
        dimensions: K; fewer in networks of fewer nodes.

    Example:
        >>> from gnnlab.networks import Network
        >>> cliques = Network.of(range(6), [[0, 0, 1, 3, 3, 4, 2], [1, 2, 2, 4, 5, 5, 3]])
        >>> near, far = Spectral(2).fit(cliques).score(np.array([[0, 0], [1, 5]]))
        >>> bool(near > far)
        True
    """  # noqa: D205

    leaves_out_own = False

    def __init__(self, dimensions: int = 64):
        if dimensions < 1:
            raise InputError("at least one is needed", where="dimensions", value=dimensions)
        self.dimensions = dimensions

    def _prepare(self, network: Network) -> None:
        from sklearn.utils.extmath import randomized_svd

        root = np.sqrt(np.maximum(network.degree, 1))
        scale = sparse.diags_array(1 / root)
        # Eigenvalues plus one are never negative: singular vectors are eigenvectors.
        shifted = scale @ network.adjacency @ scale + sparse.eye_array(network.num_nodes)
        count = min(self.dimensions, network.num_nodes)
        z, value, _ = randomized_svd(
            sparse.csr_array(shifted), count, n_iter=_ROUNDS, random_state=0
        )
        self._vectors = z * np.sqrt(np.maximum(value - 1, 0)) * root[:, None]  # [N, K]

    def _score(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        result = np.empty(len(u))
        for first in range(0, len(u), _TOGETHER):
            part = slice(first, first + _TOGETHER)
            result[part] = (self._vectors[u[part]] * self._vectors[v[part]]).sum(1)
        return result

    def __repr__(self) -> str:
        return f"Spectral(dimensions={self.dimensions})"
