"""Why a connection is suggested, in words.

Legend: S scores, C candidates.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from gnnlab.errors import InputError
from gnnlab.networks.evidence import DEGREES, Evidence, as_pairs
from gnnlab.networks.network import Network
from gnnlab.networks.stack import Stack

_NAMED = 3  # mutual neighbours that are called by name
_RARE = 5  # connections of a neighbour that is rare to share


@dataclass(frozen=True)
class Explanation:
    """What speaks for a connection.

    Attributes:
        pair: The names of both nodes.
        probability: If half of all pairs were connections.
        is_connected: Whether they are connected already.
        shared: The names of the neighbours that they share, those of fewest connections first.
        num_rare: How many of those have at most five connections.
        scores: What each scorer says.
        ranks: Which place that is among the candidates of the first node, the best being 1.
        reasons: By scorer, how much it raises the combined score, the largest first.
    """

    pair: tuple[Hashable, Hashable]
    probability: float
    is_connected: bool
    shared: list[Hashable]
    num_rare: int
    scores: dict[str, float]
    ranks: dict[str, int]
    reasons: dict[str, float]

    def __str__(self) -> str:
        first, second = self.pair
        state = "are connected already" if self.is_connected else "are not connected"
        lines = [f"{first} and {second} {state}: probability {self.probability:.2f}."]
        lines.append(self._describe_shared())
        for name in [name for name, gain in self.reasons.items() if gain > 0][:_NAMED]:
            words, score = name.replace("-", " "), self.scores[name]
            lines.append(f"By {words} ({score:.3g}) number {self.ranks[name]} for {first}.")
        return "\n".join(lines)

    def _describe_shared(self) -> str:
        if not self.shared:
            return "No mutual neighbours."
        count, rare = len(self.shared), self.num_rare
        some = ", ".join(map(str, self.shared[:_NAMED]))
        some += f" and {count - _NAMED} more" if count > _NAMED else ""
        many = "" if count == 1 else "s"
        rarity = f", {rare} of them rare" if rare else ""
        return f"{count} mutual neighbour{many}{rarity}: {some}."


def explain_pair(
    network: Network,
    evidence: Evidence,
    stack: Stack,
    pair: tuple[int, int],
    candidates: np.ndarray,
) -> Explanation:
    """Compares a pair with the candidates of its first node.

    Args:
        network: The network.
        evidence: What it tells of pairs.
        stack: Makes one score of it.
        pair: The numbers of two nodes.
        candidates: ``[C]`` other nodes that might be suggested to the first one, -1 for none.

    Raises:
        InputError: If a node is paired with itself.
    """
    u, v = pair
    if u == v:
        raise InputError(
            "a node makes no pair with itself", where="second", value=repr(network.names[v])
        )
    others = candidates[(candidates >= 0) & (candidates != v)]
    targets = np.concatenate([[v], others])
    table = evidence.table(as_pairs(np.full(len(targets), u), targets))
    shared = np.intersect1d(network.neighbors(u), network.neighbors(v))
    shared = shared[np.argsort(network.degree[shared], kind="stable")]
    columns = {name: n for n, name in enumerate(evidence.names) if name not in DEGREES}
    gains = stack.importance(table[:1])[0]
    reasons = {name: float(gains[n]) for name, n in columns.items()}
    return Explanation(
        pair=(network.names[u], network.names[v]),
        probability=float(stack.probability(stack.score(table[:1]))[0]),
        is_connected=bool(network.connected(np.array([[u], [v]]))[0]),
        shared=[network.names[node] for node in shared],
        num_rare=int((network.degree[shared] <= _RARE).sum()),
        scores={name: float(table[0, n]) for name, n in columns.items()},
        ranks={name: 1 + int((table[1:, n] > table[0, n]).sum()) for name, n in columns.items()},
        reasons=dict(sorted(reasons.items(), key=lambda item: -item[1])),
    )
