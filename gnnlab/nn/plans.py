"""What an executor needs to know about a schedule, worked out once per schedule and device.

Legend: N nodes, E edges, L levels, B paths, T steps of the longest path.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gnnlab.nn.csr import CSR
from gnnlab.nn.schedule import Schedule


def plan_of(kind: type, schedule: Schedule, device: torch.device):
    """The plan of ``kind`` for ``schedule`` on ``device``, made at the first call."""
    key = (kind, device)
    if key not in schedule.plans:
        schedule.plans[key] = kind(schedule, device)
    return schedule.plans[key]


class PathPlan:
    """Where the nodes of path graphs stand in the three layouts of sequence kernels.

    Attributes:
        num_paths, num_steps: B and T.
        is_sequential: Nodes already lie one path after the other, each from its first node on.
        is_even: All paths have T nodes.
        order, rank: The permutation to that layout ``[N]`` and its inverse; ``None`` if sequential.
        starts, ends: ``[B]``, the first and the last row of each path in that layout.
    """

    def __init__(self, schedule: Schedule, device: torch.device):
        lengths, level, path = schedule.lengths, schedule.level, schedule.path
        self.num_paths, self.num_steps = lengths.numel(), schedule.num_levels
        self.is_even = bool((lengths == self.num_steps).all())
        starts = lengths.cumsum(0) - lengths
        rank = starts[path] + level
        self.is_sequential = bool((rank == torch.arange(schedule.num_nodes)).all())
        self.starts, self.ends = starts.to(device), (starts + lengths - 1).to(device)
        self.rank = None if self.is_sequential else rank.to(device)
        self.order = None if self.is_sequential else rank.argsort().to(device)


class PaddedPlan:
    """The layout ``[B, T]`` with every path filled up to T steps.

    A path is filled up with its own last node: nothing after the end of a path is ever read.

    Attributes:
        index: ``[B * T]``, the node at each place; rank: ``[N]``, the place of each node.
        waste: Places over nodes.
    """

    def __init__(self, schedule: Schedule, device: torch.device):
        lengths, level, path = schedule.lengths, schedule.level, schedule.path
        self.num_paths, self.num_steps = lengths.numel(), schedule.num_levels
        rank = path * self.num_steps + level
        last = schedule.sinks.repeat_interleave(self.num_steps)
        self.index = last.index_copy(0, rank, torch.arange(schedule.num_nodes)).to(device)
        self.rank = rank.to(device)
        self.waste = self.index.numel() / max(schedule.num_nodes, 1)


class PackedPlan:
    """The layout of ``PackedSequence``: step after step, the longest path first.

    Attributes:
        order, rank: ``[N]``, the permutation from nodes to packed rows and its inverse.
        batch_sizes: ``[T]`` on the CPU, as torch's kernels want it.
        path_order, path_rank: ``[B]``, paths by falling length, and its inverse.
    """

    def __init__(self, schedule: Schedule, device: torch.device):
        path_order = schedule.lengths.argsort(descending=True, stable=True)
        path_rank = path_order.argsort()
        order = (schedule.level * path_order.numel() + path_rank[schedule.path]).argsort()
        self.batch_sizes = torch.bincount(schedule.level)
        self.path_order, self.path_rank = path_order.to(device), path_rank.to(device)
        self.order, self.rank = order.to(device), order.argsort().to(device)


class Level(NamedTuple):
    """What one level sends and receives; ``None`` stands for "all of them, in order"."""

    size: int
    send_index: Tensor | None  # rows of this level's states, one for every outgoing edge
    send_count: int  # number of outgoing edges
    send_sizes: list[int]  # outgoing edges per receiving level
    send_levels: list[int]  # the receiving levels
    receive_index: Tensor | None  # row of this level for every incoming edge


class SyncPlan:
    """The whole graph, for steps in which all nodes are computed at once.

    Attributes:
        csr: The edges grouped by target.
        sources, sinks: Where states enter and leave.
    """

    def __init__(self, schedule: Schedule, device: torch.device):
        num_nodes = schedule.num_nodes
        self.csr = CSR.from_edge_index(schedule.edge_index.to(device), num_nodes, num_nodes)
        self.sources, self.sinks = schedule.sources.to(device), schedule.sinks.to(device)


class LevelPlan:
    """Nodes sorted by level, and for every level the mail that leaves it and that reaches it.

    A level's states are gathered once, one row per outgoing edge sorted by receiving level, and
    split into one parcel per receiving level. A receiving level joins its parcels and adds them up
    at their targets. Every edge is so touched once in each direction of differentiation, whatever
    the shape of the graph: the cost is linear in N + E.

    Attributes:
        order, rank: ``[N]``, the permutation to level-by-level order and its inverse.
        entry_order, entry_rank: ``[S]``, from the rows of an entering state to those of level 0.
        exits: ``[S]``, the rows, in level-by-level order, of the nodes where states leave.
        levels: One :class:`Level` each.
    """

    def __init__(self, schedule: Schedule, device: torch.device):
        schedule.require_order()
        level, num_levels = schedule.level, schedule.num_levels
        order = self._order(schedule)
        rank = order.argsort()
        sizes = torch.bincount(level, minlength=num_levels)
        row = rank - (sizes.cumsum(0) - sizes)[level]  # place of a node inside its level
        source, target = schedule.edge_index
        source_level, target_level = level[source], level[target]
        parcel = source_level * num_levels + target_level

        leaving = (parcel * schedule.num_nodes + row[target]).argsort(stable=True)
        arriving = (
            (target_level * num_levels + source_level) * schedule.num_nodes + row[target]
        ).argsort(stable=True)
        send = _LevelIndex(row[source[leaving]], source_level[leaving], num_levels, device)
        receive = _LevelIndex(row[target[arriving]], target_level[arriving], num_levels, device)

        parcels, counts = torch.unique(parcel, return_counts=True)
        senders = (parcels // max(num_levels, 1)).tolist()
        send_levels: list[list[int]] = [[] for _ in range(num_levels)]
        send_sizes: list[list[int]] = [[] for _ in range(num_levels)]
        receivers = (parcels % max(num_levels, 1)).tolist()
        for sender, receiver, count in zip(senders, receivers, counts.tolist(), strict=True):
            send_levels[sender].append(receiver)
            send_sizes[sender].append(count)

        is_sorted = bool((order == torch.arange(schedule.num_nodes)).all())
        self.order = None if is_sorted else order.to(device)
        self.rank = None if is_sorted else rank.to(device)
        entry_rank = rank[schedule.sources]  # level 0 comes first, so these are its rows
        self.entry_order, self.entry_rank = entry_rank.argsort().to(device), entry_rank.to(device)
        self.exits = rank[schedule.sinks].to(device)
        self.sizes = sizes.tolist()
        self.levels = [
            Level(
                size,
                send.index(k),
                send.counts[k],
                send_sizes[k],
                send_levels[k],
                receive.index(k),
            )
            for k, size in enumerate(self.sizes)
        ]

    @staticmethod
    def _order(schedule: Schedule) -> Tensor:
        if schedule.kind != "path":
            return schedule.level.argsort(stable=True)
        # Longest path first: then the nodes that follow a level's are its first ones, in order.
        path_rank = schedule.lengths.argsort(descending=True, stable=True).argsort()
        return (schedule.level * path_rank.numel() + path_rank[schedule.path]).argsort()


class _LevelIndex:
    """An index per level, cut from one long tensor; knows which ones are 0, 1, 2, ..."""

    def __init__(self, index: Tensor, level: Tensor, num_levels: int, device: torch.device):
        counts = torch.bincount(level, minlength=num_levels)
        within = torch.arange(index.numel()) - (counts.cumsum(0) - counts)[level]
        out_of_order = torch.bincount(level[index != within], minlength=num_levels)
        self.counts = counts.tolist()
        self._in_order = (out_of_order == 0).tolist()
        self._parts = index.to(device).split(self.counts)

    def index(self, level: int) -> Tensor | None:
        """The index of one level, or ``None`` if it is 0, 1, 2, ..."""
        return None if self._in_order[level] else self._parts[level]
