"""Scorers that learn nothing, but know when connections came about.

Legend: N nodes, P pairs.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from torch import Tensor

from gnnlab.errors import InputError
from gnnlab.networks import SCORERS, Network
from gnnlab.networks.scorers import Scorer


class Recency(Scorer):
    r"""Who has met someone lately will meet someone soon.

    .. math::
        s(u, v) = \min(t_u, t_v) - t

    with the time :math:`t_u` at which u met someone for the last time, and the last moment t of the
    network: minus the time since the last contact of the one who has been silent for longer. A node
    that has met nobody counts as silent for twice the whole time.

    Example:
        >>> path = Network.of(["Jane", "Bingley", "Darcy"], [[0, 1], [1, 2]], edge_time=[1, 4])
        >>> Recency().fit(path).score(torch.tensor([[0, 1], [2, 2]])).tolist()
        [-3.0, 0.0]
    """

    leaves_out_own = False

    def _prepare(self, network: Network) -> None:
        times, ends = _times(network), network.edge_index.numpy()
        since = times - times.max()  # [E], at most 0
        self._last = np.full(network.num_nodes, 2 * since.min())
        for row in ends:
            # Silence of never having met anyone must not win over the first contact.
            np.maximum.at(self._last, row, since)

    def _score(self, u: np.ndarray, v: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        return np.minimum(self._last[u], self._last[v])


class Recent:
    """Another scorer that looks at the last connections only.

    Args:
        scorer: One of :data:`gnnlab.networks.SCORERS`.
        share: Which share of all connections, the last ones, it looks at.

    Example:
        >>> path = Network.of(["Jane", "Bingley", "Darcy"], [[0, 1], [1, 2]], edge_time=[1, 4])
        >>> recent = Recent("preferential-attachment", share=0.5).fit(path)
        >>> recent.score(torch.tensor([[0, 1], [1, 2]])).tolist()
        [0.0, 1.0]
    """

    def __init__(self, scorer: str, share: float):
        self.scorer, self.share = SCORERS[scorer](), share

    def fit(self, network: Network) -> Self:
        """Looks at a network's last connections."""
        order = np.argsort(_times(network), kind="stable")
        last = order[-max(1, round(self.share * len(order))) :]
        self.scorer.fit(network.only(network.edge_index[:, last]))
        return self

    def score(self, pairs: Tensor) -> np.ndarray:
        """``[P]`` for pairs ``[2, P]``."""
        return self.scorer.score(pairs)


def _times(network: Network) -> np.ndarray:
    if network.edge_time is None or not network.num_edges:
        raise InputError("connections with times are needed", where="network", value=network)
    return network.edge_time.numpy()
