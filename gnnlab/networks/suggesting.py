"""Suggestions with names, from whatever scores pairs of nodes.

Legend: N nodes, P pairs, C candidates of each node.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

import numpy as np

from gnnlab import training
from gnnlab.networks.candidates import Candidates
from gnnlab.networks.evidence import Evidence, as_pairs
from gnnlab.networks.explanation import Explanation, explain_pair
from gnnlab.networks.network import Network
from gnnlab.networks.stack import Stack

if TYPE_CHECKING:
    import pandas as pd

_CANDIDATES = 100
_TOGETHER = 2048  # nodes


class Suggester(training.Estimator):
    """Suggests new connections and says why.

    Attributes:
        network_: The network.
        evidence_: What it tells of pairs.
        stack_: Makes one score of it.
        candidates_: Where to look.
    """

    network_: Network
    evidence_: Evidence
    stack_: Stack
    candidates_: Candidates

    def suggest(self, node: Hashable, k: int = 10) -> pd.DataFrame:
        """The best new connections of a node.

        Args:
            node: Its name.
            k: How many; fewer if it is connected with almost all.

        Returns:
            One row per suggestion, the best first: ``node, suggestion, probability, score``. The
            probability is that among pairs of which half are connections.

        Raises:
            NotFittedError: Before ``fit``.
            UnknownNameError: If there is no such node; the message suggests names that are close.
            InputError: If k is no count.
        """
        self._require_fitted("stack_")
        return self._suggest(np.array([self.network_.node(node)]), training.check_count("k", k))

    def suggest_all(self, k: int = 10) -> pd.DataFrame:
        """The best new connections of every node, in memory of N times k.

        Args:
            k: How many for each.

        Returns:
            As for :meth:`suggest`, node by node.

        Raises:
            NotFittedError: Before ``fit``.
            InputError: If k is no count.
        """
        import pandas as pd

        self._require_fitted("stack_")
        training.check_count("k", k)
        nodes = np.arange(self.network_.num_nodes)
        parts = [
            self._suggest(nodes[first : first + _TOGETHER], k)
            for first in range(0, len(nodes), _TOGETHER)
        ]
        return pd.concat(parts, ignore_index=True)

    def explain(self, first: Hashable, second: Hashable) -> Explanation:
        """Why two nodes are, or are not, worth connecting; ``print`` it for the words.

        Raises:
            NotFittedError: Before ``fit``.
            UnknownNameError: If there is no such node.
            InputError: If both are the same.
        """
        self._require_fitted("stack_")
        u, v = self.network_.node(first), self.network_.node(second)
        candidates = self.candidates_.of(np.array([u]), _CANDIDATES)[0]
        return explain_pair(self.network_, self.evidence_, self.stack_, (u, v), candidates)

    def _suggest(self, nodes: np.ndarray, k: int) -> pd.DataFrame:
        import pandas as pd

        found = self.candidates_.of(nodes, max(_CANDIDATES, 2 * k))  # [Q, C]
        row, column = np.nonzero(found >= 0)
        source, target = nodes[row], found[row, column]
        score = self.stack_.score(self.evidence_.table(as_pairs(source, target)))
        order = np.lexsort((target, -score, row))
        place = np.arange(len(order)) - np.searchsorted(row[order], row[order])
        chosen = order[place < k]
        names = np.empty(self.network_.num_nodes, dtype=object)
        names[:] = list(self.network_.names)
        return pd.DataFrame(
            {
                "node": names[source[chosen]],
                "suggestion": names[target[chosen]],
                "probability": self.stack_.probability(score[chosen]),
                "score": score[chosen],
            }
        )
