"""In which order the nodes of a graph can be computed: found once, kept, merged over batches.

Legend: N nodes, E edges, L levels, B paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from gnnlab.errors import CycleError, InputError
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.check import check_edge_index

KINDS = ("path", "tree", "dag", "general")


class Schedule:
    r"""The order of computation in a graph whose messages flow from source to target.

    A node can be computed when all its predecessors are: its *level* is the length of the longest
    path that ends in it,

    .. math::
        \text{level}(v) = \max_{u \to v} (\text{level}(u) + 1), \qquad 0 \text{ for sources},

    and all nodes of a level are computed at once. ``kind`` is ``"path"`` (disjoint paths: every
    sequence is one), ``"tree"`` (no node has two predecessors, or none has two successors),
    ``"dag"`` (no cycle) or ``"general"`` (with a cycle; no levels).

    Schedules live on the CPU and do not change. Build one with :meth:`of`, which remembers the
    schedule of every edge list that it has seen.

    Attributes:
        edge_index: ``[2, E]``.
        num_nodes: N.
        kind: One of ``KINDS``.
        level: ``[N]``, or ``None`` for a general graph.
        path: ``[N]``, the number of a node's path in the order of the paths' first nodes, or
            ``None`` if the kind is not ``"path"``.

    Example:
        >>> schedule = Schedule.from_edge_index(torch.tensor([[2, 0], [0, 1]]), num_nodes=4)
        >>> schedule
        Schedule(path, num_nodes=4, num_edges=2, num_levels=3)
        >>> schedule.level.tolist(), schedule.path.tolist()
        ([1, 2, 0, 0], [0, 0, 0, 1])
    """

    def __init__(
        self,
        edge_index: Tensor,
        num_nodes: int,
        kind: str,
        level: Tensor | None = None,
        path: Tensor | None = None,
    ):
        self.edge_index, self.num_nodes, self.kind = edge_index, num_nodes, kind
        self.level, self.path = level, path
        self.plans: dict = {}  # executor's plan by (plan class, device), see gnnlab.nn.plans

    @classmethod
    def from_edge_index(cls, edge_index: Tensor, num_nodes: int) -> Schedule:
        """Analyses an edge list ``[2, E]`` without a Python loop over the nodes of a path.

        Raises:
            ShapeError, DtypeError, InputError: If the edge list is not one of this graph.
        """
        # A copy: what is remembered under a tensor must not keep that tensor alive.
        edge_index = check_edge_index(edge_index, num_nodes).cpu().clone()
        source, target = edge_index
        if bool((target == source + 1).all() & (target[1:] > target[:-1]).all()):
            return cls._from_chains(target, num_nodes)
        indegree = torch.bincount(target, minlength=num_nodes)
        outdegree = torch.bincount(source, minlength=num_nodes)
        single_in, single_out = bool((indegree <= 1).all()), bool((outdegree <= 1).all())
        if single_in:
            level, root = _levels_by_pointer_doubling(source, target, num_nodes)
        else:
            level, root = _levels_by_frontiers(edge_index, indegree, outdegree), None
        if level is None:
            return cls(edge_index, num_nodes, "general")
        if single_in and single_out:
            return cls(edge_index, num_nodes, "path", level, _number_roots(root))
        return cls(edge_index, num_nodes, "tree" if single_in or single_out else "dag", level)

    @classmethod
    def from_lengths(cls, lengths: Sequence[int] | Tensor) -> Schedule:
        """The path graphs of sequences whose nodes lie one sequence after the other.

        Example:
            >>> Schedule.from_lengths([3, 2]).edge_index.tolist()
            [[0, 1, 3], [1, 2, 4]]
        """
        lengths = torch.as_tensor(lengths, dtype=torch.int64, device="cpu")
        if lengths.numel() and int(lengths.min()) < 1:
            row = int((lengths < 1).nonzero()[0])
            raise InputError(
                "a sequence is empty", where=f"lengths[{row}]", value=int(lengths[row])
            )
        num_nodes = int(lengths.sum())
        path = torch.repeat_interleave(lengths)
        start = lengths.cumsum(0) - lengths
        level = torch.arange(num_nodes) - start[path]
        target = level.nonzero().squeeze(1)
        return cls(torch.stack([target - 1, target]), num_nodes, "path", level, path)

    @classmethod
    def _from_chains(cls, target: Tensor, num_nodes: int) -> Schedule:
        """The layout of :meth:`from_lengths`, which most batches have, recognised by its edges."""
        is_first = torch.ones(num_nodes + 1, dtype=torch.bool)
        is_first[target] = False
        return cls.from_lengths(is_first.nonzero().squeeze(1).diff())

    @classmethod
    def of(cls, edges: Tensor | Adjacency | Schedule, num_nodes: int) -> Schedule:
        """The schedule of ``edges``: given, remembered, or built and remembered.

        Any form of adjacency will do, with whole numbers as weights: an entry of 2 is two edges.
        A schedule is remembered as long as its tensor lives and is not written to.
        """
        if isinstance(edges, Schedule):
            if edges.num_nodes != num_nodes:
                raise InputError(
                    f"the schedule is for {edges.num_nodes} nodes", where="x", value=num_nodes
                )
            return edges
        if isinstance(edges, Adjacency):
            edges = Adjacency.of(edges, num_nodes).to_multigraph()
        if not isinstance(edges, Tensor) or edges.is_inference():
            return cls._build(edges, num_nodes)
        key = (edges._version, num_nodes)
        found = _REMEMBERED.get(edges)
        if found is None or found[0] != key:
            found = (key, cls._build(edges, num_nodes))
            _REMEMBERED[edges] = found
        return found[1]

    @classmethod
    def _build(cls, edges: Tensor, num_nodes: int) -> Schedule:
        return cls.from_edge_index(Adjacency.of(edges, num_nodes).to_multigraph(), num_nodes)

    @classmethod
    def merge(cls, schedules: Sequence[Schedule]) -> Schedule:
        """The schedule of a batch: levels do not depend on the batch, so none is computed again.

        Example:
            >>> Schedule.merge([Schedule.from_lengths([3]), Schedule.from_lengths([2])])
            Schedule(path, num_nodes=5, num_edges=3, num_levels=3)
        """
        if not schedules:
            raise InputError("there is nothing to merge", where="schedules", value=[])
        sizes = torch.tensor([schedule.num_nodes for schedule in schedules])
        offsets = (sizes.cumsum(0) - sizes).tolist()
        edge_index = torch.cat(
            [s.edge_index + offset for s, offset in zip(schedules, offsets, strict=True)], dim=1
        )
        kind = max((schedule.kind for schedule in schedules), key=KINDS.index)
        level = path = None
        if kind != "general":
            level = torch.cat([schedule.level for schedule in schedules])
        if kind == "path":
            counts = torch.tensor([schedule.sources.numel() for schedule in schedules])
            first = (counts.cumsum(0) - counts).tolist()
            path = torch.cat([s.path + f for s, f in zip(schedules, first, strict=True)])
        return cls(edge_index, int(sizes.sum()), kind, level, path)

    def reversed(self) -> Schedule:
        """The schedule of the graph with all edges turned around."""
        return self._reversed

    @cached_property
    def _reversed(self) -> Schedule:
        edge_index = self.edge_index.flip(0)
        if self.kind == "path":
            level = self.lengths[self.path] - 1 - self.level
            # Paths keep their numbers, so that both directions of a sequence share a row.
            turned = Schedule(edge_index, self.num_nodes, "path", level, self.path)
        else:
            turned = Schedule.from_edge_index(edge_index, self.num_nodes)
        turned.__dict__["_reversed"] = self
        return turned

    @cached_property
    def num_levels(self) -> int:
        """L: the number of steps in which all nodes are computed."""
        self.require_order()
        return int(self.level.max()) + 1 if self.num_nodes else 0

    @cached_property
    def lengths(self) -> Tensor:
        """``[B]``: the number of nodes on each path (path graphs only)."""
        return torch.bincount(self.path)

    @cached_property
    def sources(self) -> Tensor:
        """The nodes where states enter: on path graphs the first node of each path.

        Otherwise the nodes without predecessors in ascending order; on a general graph all nodes.
        """
        if self.kind == "general":
            return torch.arange(self.num_nodes)
        return self._in_path_order((self.level == 0).nonzero().squeeze(1))

    @cached_property
    def sinks(self) -> Tensor:
        """The nodes where states leave: on path graphs the last node of each path.

        Otherwise the nodes without successors in ascending order; on a general graph all nodes.
        """
        if self.kind == "general":
            return torch.arange(self.num_nodes)
        outdegree = torch.bincount(self.edge_index[0], minlength=self.num_nodes)
        return self._in_path_order((outdegree == 0).nonzero().squeeze(1))

    def _in_path_order(self, nodes: Tensor) -> Tensor:
        return nodes if self.path is None else nodes[self.path[nodes].argsort()]

    def require_order(self) -> None:
        """Raises CycleError, naming one cycle, if the nodes cannot be put in an order."""
        if self.kind == "general":
            raise CycleError(
                "the graph has a cycle, so no node of it can be computed first",
                where="edge_index",
                value=" -> ".join(map(str, self.find_cycle())),
                remedy="pass steps=K to update all nodes K times, or remove the cycle",
            )

    def find_cycle(self) -> list[int]:
        """The node ids along one cycle, first one repeated at the end; empty if there is none."""
        indegree = torch.bincount(self.edge_index[1], minlength=self.num_nodes)
        outdegree = torch.bincount(self.edge_index[0], minlength=self.num_nodes)
        waiting = _remove_frontiers(self.edge_index, indegree, outdegree)[1] > 0
        if not waiting.any():
            return []
        source, target = self.edge_index
        inside = waiting[source] & waiting[target]
        predecessor = torch.empty(self.num_nodes, dtype=torch.int64)
        predecessor[target[inside]] = source[inside]
        # Every waiting node has a waiting predecessor, so walking back must meet itself.
        walk, seen = [int(waiting.nonzero()[0])], {}
        while walk[-1] not in seen:
            seen[walk[-1]] = len(walk) - 1
            walk.append(int(predecessor[walk[-1]]))
        return walk[seen[walk[-1]] :][::-1]

    def __repr__(self) -> str:
        levels = "" if self.kind == "general" else f", num_levels={self.num_levels}"
        return (
            f"Schedule({self.kind}, num_nodes={self.num_nodes}, "
            f"num_edges={self.edge_index.size(1)}{levels})"
        )


_REMEMBERED = WeakTensorKeyDictionary()


def _levels_by_pointer_doubling(
    source: Tensor, target: Tensor, num_nodes: int
) -> tuple[Tensor | None, Tensor | None]:
    """Depth and root of every node when none has two predecessors, in log2(depth) rounds."""
    pointer = torch.arange(num_nodes)
    pointer[target] = source
    is_root = torch.ones(num_nodes, dtype=torch.bool)
    is_root[target] = False
    level = (~is_root).long()
    for _ in range(num_nodes.bit_length()):
        if bool(is_root[pointer].all()):
            return level, pointer
        level = level + level[pointer]  # a pointer at a root adds nothing any more
        pointer = pointer[pointer]
    return (level, pointer) if bool(is_root[pointer].all()) else (None, None)


def _number_roots(root: Tensor) -> Tensor:
    """Numbers the paths in the order of their first nodes."""
    return torch.unique(root, return_inverse=True)[1]


def _remove_frontiers(
    edge_index: Tensor, indegree: Tensor, outdegree: Tensor
) -> tuple[Tensor, Tensor]:
    """Kahn's algorithm by whole frontiers: levels, and the degrees that are left on cycles."""
    source, target = edge_index
    receivers = target[source.argsort(stable=True)]  # grouped by sender
    start = outdegree.cumsum(0) - outdegree
    waiting = indegree.clone()
    level = torch.zeros_like(indegree)
    frontier = (indegree == 0).nonzero().squeeze(1)
    depth = 0
    while frontier.numel():
        level[frontier] = depth
        counts = outdegree[frontier]
        slot = torch.repeat_interleave(start[frontier] - (counts.cumsum(0) - counts), counts)
        reached = receivers[slot + torch.arange(slot.numel())]
        waiting.index_add_(0, reached, torch.full_like(reached, -1))
        frontier = torch.unique(reached[waiting[reached] == 0])
        depth += 1
    return level, waiting


def _levels_by_frontiers(edge_index: Tensor, indegree: Tensor, outdegree: Tensor) -> Tensor | None:
    level, waiting = _remove_frontiers(edge_index, indegree, outdegree)
    return None if bool((waiting > 0).any()) else level
