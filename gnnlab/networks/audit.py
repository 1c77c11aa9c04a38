"""Proof that a split lets nothing through: no test connection can be seen before the test.

Legend: P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from gnnlab.networks.network import Network
from gnnlab.networks.splits import LinkSplit, Part


@dataclass(frozen=True)
class Audit:
    """What was found wrong with a split.

    Attributes:
        findings: One sentence for each kind of fault: how many pairs, and one of them by name.
    """

    findings: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def __str__(self) -> str:
        return "\n".join(self.findings) or "clean"


def audit(split: LinkSplit, network: Network | None = None) -> Audit:
    """Looks for leaks in a split, wherever it comes from.

    Pairs are undirected here: a test positive that the message graph has in the other direction is
    a leak. It is checked that

    - no positive is a connection of the message graph, and none is in both parts or in one twice,
    - no negative is a connection of the message graph, a positive of any part, or a connection of
      the whole network, if that is given, and none comes twice for the same positives,
    - no pair joins a node with itself or names a node that does not exist,
    - every positive and every connection of the message graph is in the whole network, if given,
    - if the parts have times: the message graph ends before validation begins, and validation
      before the test; no time is unknown; and no negative has a node that has not been met by the
      end of its part, which would tell it from the positives.

    Args:
        split: The split.
        network: The whole network; without it a negative that is a connection which is in no part
            goes unnoticed.

    Example:
        >>> message = Network.of(["Anna", "Kitty", "Levin", "Dolly"], [[0, 1], [1, 2]])
        >>> shared = torch.tensor([[0], [3]])
        >>> valid, test = torch.tensor([[2], [3]]), torch.tensor([[2], [1]])
        >>> print(audit(LinkSplit(message, Part(valid, shared), Part(test, shared))))
        a positive of test is a connection of the message graph too (1 of 1, like 'Levin' - 'Kitty')
    """
    report = _Report(split.message)
    parts = {"valid": split.valid, "test": split.test}
    pairs = {f"positive of {name}": part.positive for name, part in parts.items()}
    pairs |= {f"negative of {name}": part.negative.reshape(2, -1) for name, part in parts.items()}
    pairs["connection of the message graph"] = split.message.edge_index
    if report.names_strangers(pairs):
        return Audit(tuple(report.findings))
    for what, ends in pairs.items():
        report.tell(what, ends, ends[0] == ends[1], "joins a node with itself")
    _check_repeats(report, parts)
    _check_overlaps(report, pairs)
    if network is not None:
        _check_whole(report, pairs, network)
    if split.valid.time is not None or split.test.time is not None:
        _check_times(report, split)
    return Audit(tuple(report.findings))


class _Report:
    """Puts what was found into words, with the names of the nodes."""

    def __init__(self, message: Network):
        self.message = message
        self.findings: list[str] = []

    def tell(self, what: str, pairs: Tensor, is_bad: np.ndarray | Tensor, fault: str) -> None:
        bad = np.flatnonzero(np.asarray(is_bad))
        if len(bad):
            u, v = (repr(self.message.names[node]) for node in pairs[:, bad[0]].tolist())
            self.add(what, fault, len(bad), pairs.size(1), f"{u} - {v}")

    def add(self, what: str, fault: str, number: int, total: int, example: str) -> None:
        self.findings.append(f"a {what} {fault} ({number} of {total}, like {example})")

    def names_strangers(self, pairs: dict[str, Tensor]) -> bool:
        for what, ends in pairs.items():
            strange = ends[:, ((ends < 0) | (ends >= self.message.num_nodes)).any(0)]
            if strange.numel():
                pair = " - ".join(map(str, strange[:, 0].tolist()))
                fault = "has a node that does not exist"
                self.add(what, fault, strange.size(1), ends.size(1), pair)
        return bool(self.findings)


def _check_repeats(report: _Report, parts: dict[str, Part]) -> None:
    for name, part in parts.items():
        keys = report.message.keys_of(part.positive)
        repeated = _is_repeated(keys[None])[0]
        report.tell(f"positive of {name}", part.positive, repeated, "comes twice")
        keys = report.message.keys_of(part.negative)
        repeated = _is_repeated(np.atleast_2d(keys)).reshape(-1)
        report.tell(f"negative of {name}", part.negative.reshape(2, -1), repeated, "comes twice")


def _is_repeated(keys: np.ndarray) -> np.ndarray:
    """Which of each row's keys stood in the same row before."""
    order = np.argsort(keys, axis=1, kind="stable")
    ordered = np.take_along_axis(keys, order, axis=1)
    repeated = np.zeros(keys.shape, dtype=bool)
    np.put_along_axis(repeated, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    return repeated


def _check_overlaps(report: _Report, pairs: dict[str, Tensor]) -> None:
    """No positive is to be in two places, and no negative in any place of positives."""
    keys = {what: report.message.keys_of(ends) for what, ends in pairs.items()}
    places = ["connection of the message graph", "positive of valid", "positive of test"]
    for number, place in enumerate(places):
        later = places[number + 1 :]
        for what in (*later, "negative of valid", "negative of test"):
            report.tell(what, pairs[what], np.isin(keys[what], keys[place]), f"is a {place} too")


def _check_whole(report: _Report, pairs: dict[str, Tensor], network: Network) -> None:
    """What is told apart here is a connection of the whole network, and what is not, is none."""
    if network.num_nodes != report.message.num_nodes:
        report.findings.append(
            f"the network has {network.num_nodes} nodes, the split {report.message.num_nodes}"
        )
        return
    known = np.concatenate(
        [network.keys_of(ends) for what, ends in pairs.items() if "negative" not in what]
    )
    for what, ends in pairs.items():
        keys = network.keys_of(ends)
        is_connected = np.isin(keys, network.keys)
        if "negative" in what:
            is_new = is_connected & ~np.isin(keys, known)
            report.tell(what, ends, is_new, "is a connection of the network, though of no part")
        else:
            report.tell(what, ends, ~is_connected, "is no connection of the network")


def _check_times(report: _Report, split: LinkSplit) -> None:
    stages = {
        "connection of the message graph": (split.message.edge_index, split.message.edge_time),
        "positive of valid": (split.valid.positive, split.valid.time),
        "positive of test": (split.test.positive, split.test.time),
    }
    stages = {what: (pairs, time) for what, (pairs, time) in stages.items() if pairs.numel()}
    for what, (pairs, time) in stages.items():
        unknown = np.ones(pairs.size(1)) if time is None else ~time.isfinite()
        report.tell(what, pairs, unknown, "has no time")
    dated = [(what, *stage) for what, stage in stages.items() if stage[1] is not None]
    for number, (what, pairs, time) in enumerate(dated):
        for later, _, start in dated[number + 1 :]:
            report.tell(what, pairs, time >= start.min(), f"is not before the first {later}")
    seen = np.zeros(report.message.num_nodes, dtype=bool)
    seen[split.message.edge_index] = True
    for name, part in (("valid", split.valid), ("test", split.test)):
        seen[part.positive] = True
        ends = part.negative.reshape(2, -1)
        report.tell(
            f"negative of {name}", ends, ~seen[ends.numpy()].all(0), "has a node nobody has met yet"
        )
