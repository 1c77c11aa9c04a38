"""A network that grows, as a sequence of graphs; and what may be known of it before its future.

Legend: N nodes, E connections, T windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gnnlab import training
from gnnlab.errors import InputError
from gnnlab.networks import Network, Part, time_split
from gnnlab.nn import Adjacency

_WIDTH = 0.15
#: Meetings that are tried for each connection: about one in ten comes about.
_TRIES = 40


class Foresight(NamedTuple):
    """A network taken apart at two moments.

    Attributes:
        learning: All connections before the first moment: what is learned from.
        valid: The connections between the two, and pairs without one by then.
        past: All connections before the second moment, those of ``valid`` included: what may be
            looked at when the future is asked for.
        test: The connections after it, and pairs without one.
    """

    learning: Network
    valid: Part
    past: Network
    test: Part


def foresight(
    network: Network,
    valid: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    *,
    negatives: str = "uniform",
) -> Foresight:
    """Hides the future, and then the last part of the past.

    Only pairs of nodes are asked for that have both met someone before: that a node is there at all
    would else tell that it will meet someone. The past is cut without a look at the future: not
    even the negatives of ``valid`` tell which pairs will be connected later.

    Args:
        network: The whole network, with times.
        valid: The share of all connections for validation.
        test: The share of all connections for the test.
        seed: Another seed gives other negatives.
        negatives: One of the kinds of :func:`gnnlab.networks.time_split`.

    Raises:
        UnknownNameError: If there are no such negatives.
        NonFiniteError: If a time is NaN or infinite.
        InputError: If there are no times, or the network is too small for the shares.

    Example:
        >>> parts = foresight(changing_network(num_nodes=40, num_edges=100))
        >>> parts.learning.num_edges, parts.past.num_edges, parts.test.positive.size(1)
        (80, 90, 9)
    """
    for name, share in (("valid", valid), ("test", test)):
        if not 0 < share < 1 or valid + test >= 1:
            raise InputError(
                "a share above 0 that leaves some to learn from", where=name, value=share
            )
    later = time_split(network, 0, test, seed, negatives=negatives)
    earlier = time_split(later.message, valid / (1 - test), 0, seed, negatives=negatives)
    return Foresight(earlier.message, earlier.valid, later.message, later.test)


class Windows:
    """A growing network as T graphs on the same nodes, each with the connections of its time.

    Args:
        num_nodes: N.
        connections: ``[2, E_t]`` for each window, in the order of time.

    Attributes:
        features: ``[T, N, 2]``: the logarithms of 1 + the number of connections that a node made
            in the window, and of 1 + those that it has by the end of it.
        graphs: The graph of each window, in both directions.
    """

    def __init__(self, num_nodes: int, connections: Sequence[Tensor]):
        self.num_nodes, self.connections = num_nodes, list(connections)
        made = torch.stack([_degree(part, num_nodes) for part in self.connections])  # [T, N]
        self.features = torch.stack([made, made.cumsum(0)], dim=-1).log1p()
        self.graphs = [_both_ways(part, num_nodes) for part in self.connections]

    def __len__(self) -> int:
        return len(self.connections)

    @classmethod
    def of(cls, network: Network, count: int, last_of: Network | None = None) -> Windows:
        """Windows of equally many connections.

        Args:
            network: With times.
            count: T.
            last_of: The same network at a later time: its further connections follow in windows of
                about the same size.

        Raises:
            InputError: If ``count`` is no whole number from 2, or there are fewer connections.

        Example:
            >>> network = changing_network(num_nodes=40, num_edges=100)
            >>> windows = Windows.of(network, 5)
            >>> len(windows), windows.features.shape, windows.graphs[0].num_edges
            (5, torch.Size([5, 40, 2]), 40)
        """
        if training.check_count("windows", count) < 2 or count > network.num_edges:
            raise InputError(
                "windows need a next one, and a connection each",
                where="windows",
                value=count,
                remedy=f"use 2 to {network.num_edges}",
            )
        parts = _in_time(network.edge_index, network.edge_time, count)
        if last_of is not None:
            new = torch.from_numpy(~np.isin(last_of.keys, network.keys))
            further = max(1, round(int(new.sum()) * count / network.num_edges))
            parts += _in_time(last_of.edge_index[:, new], last_of.edge_time[new], further)
        return cls(network.num_nodes, parts)

    @cached_property
    def unions(self) -> list[Adjacency]:
        """The graph of all connections up to each window, that window included."""
        together = [
            torch.cat(self.connections[: t + 1], dim=1) for t in range(len(self.connections))
        ]
        return [_both_ways(part, self.num_nodes) for part in together]


def changing_network(num_nodes: int = 200, num_edges: int = 2000, seed: int = 0) -> Network:
    r"""A network in which time counts: everyone has a time of meeting others, and falls silent.

    At the time t, from 0 to 1, two nodes meet in proportion to the product of their activities,

    .. math::
        a_v(t) = \exp\Big(-\frac{(t - c_v)^2}{2 \sigma^2}\Big), \qquad \sigma = 0.15,

    with peaks :math:`c_v` that are spread evenly. Those with the most connections are those whose
    time is over: only what is recent tells who will meet next.

    Args:
        num_nodes: N.
        num_edges: Number of connections.
        seed: Another seed gives another network.

    Raises:
        InputError: If the nodes are too few for so many connections.

    Example:
        >>> changing_network()
        Network(200 nodes, 2000 connections)
    """
    generator = np.random.default_rng(seed)
    peak = generator.uniform(-_WIDTH, 1 + _WIDTH, size=num_nodes)
    pairs = generator.integers(num_nodes, size=(2, _TRIES * num_edges))
    time = generator.random(pairs.shape[1])
    activity = np.exp(-(((time - peak[pairs]) / _WIDTH) ** 2).sum(0) / 2)
    is_kept = generator.random(len(time)) < activity
    pairs, time = pairs[:, is_kept], time[is_kept]
    met = Network.of(range(num_nodes), pairs, edge_time=time)
    if met.num_edges < num_edges:
        raise InputError(
            "the nodes are too few for so many connections",
            where="num_edges",
            value=num_edges,
            remedy=f"use at most {met.num_edges}",
        )
    kept = np.sort(generator.permutation(met.num_edges)[:num_edges])
    return Network.of(met.names, met.edge_index[:, kept], edge_time=met.edge_time[kept])


def _in_time(edge_index: Tensor, edge_time: Tensor, count: int) -> list[Tensor]:
    order = np.argsort(edge_time.numpy(), kind="stable")
    return [edge_index[:, rows] for rows in np.array_split(order, count)]


def _degree(edge_index: Tensor, num_nodes: int) -> Tensor:
    return torch.bincount(edge_index.flatten(), minlength=num_nodes).float()


def _both_ways(edge_index: Tensor, num_nodes: int) -> Adjacency:
    both = torch.cat([edge_index, edge_index.flip(0)], dim=1)
    return Adjacency.from_edge_index(both, num_nodes)
