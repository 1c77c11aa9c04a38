"""Splits of a network's connections: what a predictor may look at, and what it has to find.

Legend: N nodes, E connections, P positives, M negatives.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from gnnlab.errors import InputError, NonFiniteError
from gnnlab.networks.network import Network
from gnnlab.networks.parts import NEGATIVES, LinkSplit, Part, draw_parts

__all__ = ["NEGATIVES", "LinkSplit", "Part", "given_split", "random_split", "time_split"]


def random_split(
    network: Network,
    valid: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
    *,
    negatives: str = "uniform",
    num_negatives: int | None = None,
    max_positives: int | None = None,
) -> LinkSplit:
    r"""Takes connections out at random: :math:`\lfloor share \cdot E \rfloor` for each part.

    No negative is a connection of the whole network, and no shared one comes twice.

    Args:
        network: The whole network.
        valid: The share of connections for validation; may be 0.
        test: The share for the test; may be 0.
        seed: Another seed gives another split.
        negatives: One of :data:`NEGATIVES`.
        num_negatives: How many: by default as many as positives for shared ones; 500 for each
            positive if they are hard, or as many as every positive can have.
        max_positives: The most positives of a part. The others of its share are left out of the
            split: a predictor sees them as little as those that it is asked for.

    Raises:
        UnknownNameError: If there are no such negatives.
        InputError: If the shares make no sense, the network is too small for them, or there are
            not so many negatives.

    Example:
        >>> ring = Network.of(range(10), [list(range(10)), [*range(1, 10), 0]])
        >>> split = random_split(ring)
        >>> split.message.num_edges, split.valid.positive.shape, split.test.negative.shape
        (7, torch.Size([2, 1]), torch.Size([2, 2]))
    """
    sizes = _count(network, valid, test)
    if max_positives is not None and max_positives < 1:
        raise InputError("at least one is needed", where="max_positives", value=max_positives)
    order = np.random.default_rng(seed).permutation(network.num_edges)
    test_rows, valid_rows, kept = np.split(order, [sizes[1], sum(sizes)])
    positives = [network.edge_index[:, rows[:max_positives]] for rows in (valid_rows, test_rows)]
    message = _keep(network, np.sort(kept))
    valid, test = draw_parts(network, message, positives, negatives, num_negatives, seed)
    return LinkSplit(message, valid, test)


def time_split(
    network: Network,
    valid: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    *,
    negatives: str = "uniform",
    num_negatives: int | None = None,
) -> LinkSplit:
    """Takes the latest connections for the test, and those before them for validation.

    Connections of the same time go together: a part has at most the share that it is to have.
    Only pairs of nodes are asked for that are in the message graph, connections and negatives
    alike: that somebody is among the candidates at all would tell that he is going to meet someone.
    Later connections of newcomers are in no part. Weights are left out, for they may have been
    added up over contacts that lie in the future.

    Args:
        network: The whole network, with times.
        valid: The share of connections for validation; may be 0.
        test: The share for the test; may be 0.
        seed: Another seed gives other negatives.
        negatives: One of :data:`NEGATIVES`.
        num_negatives: As for :func:`random_split`.

    Raises:
        UnknownNameError: If there are no such negatives.
        NonFiniteError: If a time is NaN or infinite.
        InputError: If there are no times, the shares make no sense, the network or the number of
            different times is too small for them, all later connections are those of newcomers, or
            there are not so many negatives.

    Example:
        >>> ring = Network.of(range(5), [range(5), [1, 2, 3, 4, 0]], edge_time=[3, 1, 4, 2, 5])
        >>> split = time_split(ring, valid=0.2, test=0.2)
        >>> split.message.edge_time.tolist(), split.valid.time.tolist(), split.test.time.tolist()
        ([3.0, 1.0, 2.0], [4.0], [5.0])
    """
    if network.edge_time is None:
        raise InputError("the connections have no times", where="network.edge_time")
    if not network.edge_time.isfinite().all():
        raise NonFiniteError("a connection has no time", where="network.edge_time")
    sizes = _count(network, valid, test)
    order = np.argsort(network.edge_time.numpy(), kind="stable")
    ordered = network.edge_time.numpy()[order]
    first_test = _next_time(ordered, len(ordered) - sizes[1])
    first_valid = _next_time(ordered, first_test - sizes[0])
    _, *rows = np.split(order, [first_valid, first_test])
    for name, size, part in zip(("valid", "test"), sizes, rows, strict=True):
        if size and not len(part):
            raise InputError("too many connections have the same time", where=name, value=size)
    message = replace(_keep(network, np.sort(order[:first_valid])), edge_weight=None)
    met = np.flatnonzero(message.degree)
    for name, size, part in zip(("valid", "test"), sizes, rows, strict=True):
        if size and not _among(network, part, met).any():
            raise InputError("all connections of the part are those of newcomers", where=name)
    rows = [part[_among(network, part, met)] for part in rows]
    positives = [network.edge_index[:, part] for part in rows]
    parts = draw_parts(network, message, positives, negatives, num_negatives, seed, [met, met])
    valid, test = (
        replace(part, time=network.edge_time[chosen])
        for part, chosen in zip(parts, rows, strict=True)
    )
    return LinkSplit(message, valid, test)


def given_split(
    network: Network,
    valid: Tensor | Part,
    test: Tensor | Part,
    seed: int = 0,
    *,
    negatives: str = "uniform",
    num_negatives: int | None = None,
) -> LinkSplit:
    """Takes out the connections that are named; all others may be looked at.

    Args:
        network: The whole network.
        valid: ``[2, any]`` connections for validation; a :class:`Part` has negatives of its own,
            which are taken as they are: :func:`gnnlab.networks.audit` says whether they are clean.
        test: The same for the test.
        seed: Another seed gives other negatives.
        negatives: One of :data:`NEGATIVES`, for parts that are named by their positives only.
        num_negatives: As for :func:`random_split`.

    Raises:
        UnknownNameError: If there are no such negatives.
        InputError: If a positive is no connection of the network or is named twice, none is left
            for training, or there are not so many negatives.

    Example:
        >>> path = Network.of(["Anna", "Kitty", "Levin", "Dolly"], [[0, 1, 2], [1, 2, 3]])
        >>> split = given_split(path, [[1], [0]], [[2], [3]])
        >>> split.message.edge_index.tolist(), split.test.positive.tolist()
        ([[1], [2]], [[2], [3]])
    """
    given = {"valid": valid, "test": test}
    pairs = {
        name: torch.as_tensor(part.positive if isinstance(part, Part) else part).reshape(2, -1)
        for name, part in given.items()
    }
    for name, positive in pairs.items():
        _require_connections(network, positive, name)
    keys = network.keys_of(torch.cat([pairs["valid"], pairs["test"]], dim=1))
    if len(np.unique(keys)) < len(keys):
        raise InputError("a connection is named twice", where="valid, test")
    kept = np.flatnonzero(~np.isin(network.keys, keys))
    if not len(kept):
        raise InputError("no connection is left for training", where="valid, test")
    message = _keep(network, kept)
    missing = [name for name, part in given.items() if not isinstance(part, Part)]
    positives = [pairs[name] for name in missing]
    drawn = draw_parts(network, message, positives, negatives, num_negatives, seed)
    given |= zip(missing, drawn, strict=True)
    return LinkSplit(message, **given)


def _require_connections(network: Network, pairs: Tensor, where: str) -> None:
    is_node = ((pairs >= 0) & (pairs < network.num_nodes)).all(0).numpy()
    is_good = is_node.copy()
    is_good[is_node] = network.connected(pairs[:, is_node])
    if not is_good.all():
        place = int(np.argmin(is_good))
        raise InputError(
            "a positive is no connection of the network",
            where=f"{where}[:, {place}]",
            value=pairs[:, place].tolist(),
        )


def _next_time(ordered: np.ndarray, start: int) -> int:
    """The first row from ``start`` on that does not share its time with the row before."""
    return int(np.searchsorted(ordered, ordered[start - 1], side="right"))


def _count(network: Network, valid: float, test: float) -> tuple[int, int]:
    for name, share in (("valid", valid), ("test", test)):
        if not 0 <= share < 1:
            raise InputError("a share is at least 0 and below 1", where=name, value=share)
    if not 0 < valid + test < 1:
        raise InputError(
            "the shares must leave something for training, and take something",
            where="valid, test",
            value=f"{valid}, {test}",
        )
    sizes = int(valid * network.num_edges), int(test * network.num_edges)
    for name, share, size in zip(("valid", "test"), (valid, test), sizes, strict=True):
        if share and not size:
            raise InputError(
                f"the network is too small: the {name} part is empty",
                where=name,
                value=f"{share} of {network.num_edges} connections",
                remedy="use a larger share, or 0",
            )
    return sizes


def _keep(network: Network, rows: np.ndarray) -> Network:
    """The same nodes with the connections of the ascending rows, weights and times included."""
    weight, time = (
        None if column is None else column[rows]
        for column in (network.edge_weight, network.edge_time)
    )
    return replace(
        network, edge_index=network.edge_index[:, rows], edge_weight=weight, edge_time=time
    )


def _among(network: Network, rows: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Which of some connections are between the nodes."""
    return np.isin(network.edge_index[:, rows], nodes).all(0)
