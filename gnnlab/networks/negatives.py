"""Pairs without a connection, which a predictor has to tell from those that have one.

Legend: N nodes, P pairs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from gnnlab.errors import InputError
from gnnlab.networks.network import Network

#: All pairs are listed if there are no more than this, or if most of them are needed.
_FEW = 2**20
_LISTED_SHARE = 1 / 8
_MOST_ROUNDS = 200


def uniform_negatives(
    network: Network,
    count: int,
    seed: int = 0,
    *,
    forbidden: Tensor | None = None,
    nodes: np.ndarray | None = None,
) -> Tensor:
    """Draws pairs of nodes without a connection, each of them equally likely.

    No pair comes twice, in either direction, and no node is paired with itself.

    Args:
        network: None of its connections is drawn.
        count: How many.
        seed: Another seed gives other pairs.
        forbidden: ``[2, any]`` more pairs that are not to be drawn.
        nodes: Those to draw from; by default all.

    Returns:
        ``[2, count]``, the smaller node first, in random order.

    Raises:
        InputError: If there are not so many, and how many there are.

    Example:
        >>> path = Network.of(["Anna", "Kitty", "Levin"], [[0, 1], [1, 2]])
        >>> uniform_negatives(path, 1).tolist()
        [[0], [2]]
        >>> uniform_negatives(path, 2)
        Traceback (most recent call last):
        ...
        gnnlab.errors.InputError: there are not so many pairs without a connection (at: count; \
found: 2); there is 1
    """
    nodes = np.arange(network.num_nodes) if nodes is None else np.unique(nodes)
    return _draw(network, count, seed, forbidden, nodes, np.ones(len(nodes)))


def degree_matched_negatives(
    network: Network,
    count: int,
    seed: int = 0,
    *,
    forbidden: Tensor | None = None,
    nodes: np.ndarray | None = None,
) -> Tensor:
    """Draws pairs without a connection whose ends are drawn as those of connections are.

    A node comes up in proportion to its degree, so that it does not help to know only that
    hubs have many connections. A node without a connection is in no pair.

    Args:
        network: None of its connections is drawn.
        count: How many.
        seed: Another seed gives other pairs.
        forbidden: ``[2, any]`` more pairs that are not to be drawn.
        nodes: Those to draw from; by default all.

    Returns:
        ``[2, count]`` different pairs, the smaller node first, in random order.

    Raises:
        InputError: If there are not so many.

    Example:
        >>> star = Network.of(range(9), [[0, 0, 0], [1, 2, 3]])
        >>> sorted(zip(*degree_matched_negatives(star, 3).tolist()))
        [(1, 2), (1, 3), (2, 3)]
    """
    nodes = np.arange(network.num_nodes) if nodes is None else np.unique(nodes)
    nodes = nodes[network.degree[nodes] > 0]
    return _draw(network, count, seed, forbidden, nodes, network.degree[nodes].astype(float))


#: How pairs that all positives share are drawn.
SAMPLERS: dict[str, Callable[..., Tensor]] = {
    "uniform": uniform_negatives,
    "degree": degree_matched_negatives,
}


def _draw(
    network: Network,
    count: int,
    seed: int,
    forbidden: Tensor | None,
    nodes: np.ndarray,
    weight: np.ndarray,
) -> Tensor:
    """Pairs of ascending ``nodes``, an end as likely as its ``weight`` says."""
    if count < 0:
        raise InputError("a number of pairs is needed", where="count", value=count)
    taken = _keys_within(network, forbidden, nodes)
    total = len(nodes) * (len(nodes) - 1) // 2
    available = total - len(taken)
    if count > available:
        raise InputError(
            "there are not so many pairs without a connection",
            where="count",
            value=count,
            remedy=f"there {'is' if available == 1 else 'are'} {available}",
        )
    generator = np.random.default_rng(seed)
    is_listed = total <= _FEW or count + len(taken) > _LISTED_SHARE * total
    draw = _choose_listed if is_listed else _choose_by_trial
    keys = draw(count, taken, weight, generator) if count else np.empty(0, dtype=np.int64)
    return torch.from_numpy(nodes[np.stack(np.divmod(keys, max(len(nodes), 1)))])


def _keys_within(network: Network, forbidden: Tensor | None, nodes: np.ndarray) -> np.ndarray:
    """Ascending keys of what is not to be drawn, the nodes numbered by their place in ``nodes``."""
    pairs = network.edge_index.numpy()
    if forbidden is not None:
        more = np.asarray(forbidden).reshape(2, -1)
        pairs = np.concatenate([pairs, more[:, more[0] != more[1]]], axis=1)
    place = np.full(network.num_nodes, -1)
    place[nodes] = np.arange(len(nodes))
    pairs = np.sort(place[pairs], axis=0)
    u, v = pairs[:, pairs[0] >= 0]
    keys = np.sort(u * len(nodes) + v)
    return keys[np.diff(keys, prepend=-1) > 0]


def _choose_listed(
    count: int, taken: np.ndarray, weight: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    u, v = np.triu_indices(len(weight), 1)
    keys = u * len(weight) + v
    is_free = np.ones(len(keys), dtype=bool)
    is_free[np.searchsorted(keys, taken)] = False
    keys, chance = keys[is_free], (weight[u] * weight[v])[is_free]
    # The first to ring, of clocks that go as fast as their pair is likely, are a weighted draw.
    rings = generator.exponential(size=len(keys)) / chance
    first = np.argpartition(rings, count - 1)[:count]
    return keys[first[np.argsort(rings[first])]]


def _choose_by_trial(
    count: int, taken: np.ndarray, weight: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    ends = np.cumsum(weight)
    found = np.empty(0, dtype=np.int64)
    for _ in range(_MOST_ROUNDS):
        tries = int(1.25 * (count - len(found))) + 64
        # A sum can round up to the end itself, which is behind the last node.
        drawn = np.searchsorted(ends, generator.random((2, tries)) * ends[-1], side="right")
        u, v = np.sort(np.minimum(drawn, len(ends) - 1), axis=0)
        keys = (u * len(ends) + v)[u != v]
        place = np.minimum(np.searchsorted(taken, keys), max(len(taken) - 1, 0))
        if len(taken):
            keys = keys[taken[place] != keys]
        keys = np.concatenate([found, keys])
        # In the order of drawing: a cut through ascending keys would prefer the first nodes.
        found = keys[np.sort(np.unique(keys, return_index=True)[1])][:count]
        if len(found) == count:
            return found
    raise InputError(
        "nearly all pairs of hubs have a connection: others come up too rarely",
        where="count",
        value=count,
        remedy=f"use at most {len(found)}, or uniform negatives",
    )
