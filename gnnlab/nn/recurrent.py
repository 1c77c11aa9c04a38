"""Recurrent message passing: states travel along edges, a cell makes a node's state.

Legend: N nodes, E edges, F input, H hidden, S nodes where states enter.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from gnnlab.errors import InputError, UnknownNameError
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.cell import Cell, State
from gnnlab.nn.check import check_features
from gnnlab.nn.executors import Outcome, run_levels, run_scan, run_sync
from gnnlab.nn.kernels import run_kernel
from gnnlab.nn.schedule import Schedule

EXECUTORS = ("auto", "kernel", "scan", "levels", "sync", "reference")


class RecurrentConv(nn.Module):
    r"""A recurrent network on a graph: each node's state from its input and its predecessors'.

    .. math::
        s_v = \text{cell}\Big(x_v, \sum_{u \to v} s_u\Big)

    On path graphs this is the recurrent network of the cell (an LSTM for :class:`LSTMCell`), on
    trees a recursive network, on any graph without a cycle the same, level by level. A graph with
    a cycle has no first node: there, all nodes are updated ``steps`` times from a zero state.

    ``bidirectional=True`` adds a second cell with weights of its own that works on the reversed
    graph, and puts both hidden states side by side: on a path graph a bidirectional LSTM.

    Executors, which agree to rounding (``"auto"`` takes the first that applies):

    - ``"scan"``: path graphs and affine cells (:class:`MinGRUCell`), a parallel scan;
    - ``"kernel"``: path graphs and cells that torch has fused kernels for. They cannot be
      differentiated twice on CUDA, nor by ``torch.func.vmap``; use ``"levels"`` for that;
    - ``"levels"``: graphs without a cycle, all nodes of a level at once;
    - ``"sync"``: any graph, all nodes ``steps`` times (default: as often as there are levels);
    - ``"reference"``: one node after the other, slow and obviously right.

    Args:
        cell: The node-update function.
        bidirectional: Whether to run on the reversed graph as well.
        executor: One of the above.
        steps: Number of synchronous updates. On a graph without a cycle that settles earlier it
            changes nothing.

    Shape:
        - x: :math:`(N, F)`; edge_index: :math:`(2, E)` from source to target, any other form of
          adjacency that :class:`GCNConv` takes (an entry of 2 is two edges), or a
          :class:`Schedule`; nodes in any order.
        - state: for each tensor of the cell's state one row per node of ``schedule.sources``: on
          path graphs one per sequence, in the order of their first nodes. On a graph with a cycle
          one per node. With ``bidirectional`` a pair, the second one for the reversed graph.
        - output: :math:`(N, H)`, or :math:`(N, 2H)` if bidirectional.

    Raises:
        CycleError: For a graph with a cycle when ``steps`` is not given; names one cycle.
        InputError: For features, edges or states that do not fit (see :mod:`gnnlab.errors`).

    Example:
        >>> conv = RecurrentConv(LSTMCell(3, 5))
        >>> path = torch.tensor([[0, 1, 2], [1, 2, 3]])
        >>> out, (h, c) = conv(torch.randn(4, 3), path, return_state=True)
        >>> out.shape, h.shape
        (torch.Size([4, 5]), torch.Size([1, 5]))
        >>> bool((out[3] == h[0]).all())
        True
    """

    def __init__(
        self,
        cell: Cell,
        bidirectional: bool = False,
        executor: str = "auto",
        steps: int | None = None,
    ):
        super().__init__()
        if executor not in EXECUTORS:
            raise UnknownNameError.of("executor", executor, EXECUTORS)
        if steps is not None and (not isinstance(steps, int) or steps < 1):
            raise InputError("at least one step is needed", where="steps", value=repr(steps))
        self.cell = cell
        self.cell_reverse = None
        if bidirectional:
            self.cell_reverse = copy.deepcopy(cell)
            self.cell_reverse.reset_parameters()
        self.executor, self.steps = executor, steps

    @property
    def bidirectional(self) -> bool:
        """Whether a second cell works on the reversed graph."""
        return self.cell_reverse is not None

    @property
    def in_channels(self) -> int:
        """F: width of the input."""
        return self.cell.input_size

    @property
    def out_channels(self) -> int:
        """Width of the output: H, or 2H if bidirectional."""
        return self.cell.hidden_size * (2 if self.bidirectional else 1)

    def reset_parameters(self) -> None:
        """Draws the parameters of the cells anew."""
        self.cell.reset_parameters()
        if self.bidirectional:
            self.cell_reverse.reset_parameters()

    def num_parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor | Adjacency | Schedule,
        state: State | Tensor | None = None,
        return_state: bool = False,
    ) -> Tensor | tuple[Tensor, State]:
        """Computes all nodes' hidden states, and with ``return_state`` the states that leave.

        The states that leave are those of ``schedule.sinks``: on path graphs the last node of each
        sequence. Handing them to the next call goes on where this one stopped.
        """
        check_features(x, self.in_channels, self.cell.weight_ih)
        schedule = Schedule.of(edge_index, x.size(0))
        if not self.bidirectional:
            outcome = self._run(self.cell, x, schedule, state, return_state)
            return (outcome.h, outcome.last) if return_state else outcome.h
        there, back = self._split(state)
        there = self._run(self.cell, x, schedule, there, return_state)
        back = self._run(self.cell_reverse, x, schedule.reversed(), back, return_state)
        h = torch.cat([there.h, back.h], dim=-1)  # [N, 2H]
        return (h, (there.last, back.last)) if return_state else h

    def gates(
        self,
        x: Tensor,
        edge_index: Tensor | Adjacency | Schedule,
        state: State | Tensor | None = None,
    ) -> dict[str, Tensor]:
        """The gate activations of every node, ``[N, H]`` by gate name, for looking at them.

        The gates of the reversed direction carry the suffix ``_reverse``.

        Example:
            >>> conv = RecurrentConv(LSTMCell(3, 5))
            >>> sorted(conv.gates(torch.randn(2, 3), torch.tensor([[0], [1]])))
            ['f', 'g', 'i', 'o']
        """
        check_features(x, self.in_channels, self.cell.weight_ih)
        schedule = Schedule.of(edge_index, x.size(0))
        directions = [(self.cell, schedule, "", state)]
        if self.bidirectional:
            there, back = self._split(state)
            directions = [
                (self.cell, schedule, "", there),
                (self.cell_reverse, schedule.reversed(), "_reverse", back),
            ]
        found = {}
        for cell, graph, suffix, entering in directions:
            if entering is not None:
                entering = cell.check_state(entering, graph.sources.numel())
            if self._is_sync(graph):
                outcome = run_sync(
                    cell, x, graph, entering, want_gates=True, steps=self._num_steps(graph)
                )
            else:
                outcome = run_levels(cell, x, graph, entering, want_gates=True)
            names = (name + suffix for name in cell.gate_names)
            found |= zip(names, outcome.gates, strict=True)
        return found

    def _split(self, state) -> tuple:
        if state is None:
            return None, None
        if not isinstance(state, tuple | list) or len(state) != 2:
            raise InputError(
                "a bidirectional layer takes a pair of states, one per direction", where="state"
            )
        return tuple(state)

    def _run(self, cell: Cell, x: Tensor, schedule: Schedule, state, want_state: bool) -> Outcome:
        if state is not None:
            state = cell.check_state(state, schedule.sources.numel())
        executor = self._choose(cell, schedule)
        if executor == "kernel":
            return run_kernel(cell, x, schedule, state, want_state)
        if executor == "scan":
            return run_scan(cell, x, schedule, state, want_state)
        if executor == "levels":
            return run_levels(cell, x, schedule, state, want_state)
        steps = self._num_steps(schedule)
        if executor == "sync":
            return run_sync(cell, x, schedule, state, want_state, steps=steps)
        from gnnlab.nn import reference

        h, last = reference.recurrent(cell, x, schedule, state, steps=self.steps)
        return Outcome(h, last)

    def _is_sync(self, schedule: Schedule) -> bool:
        if schedule.kind == "general":
            return True
        return self.executor == "sync" or (
            self.steps is not None and self.steps < schedule.num_levels
        )

    def _num_steps(self, schedule: Schedule) -> int:
        if self.steps is None:
            schedule.require_order()
            return schedule.num_levels
        return self.steps

    def _choose(self, cell: Cell, schedule: Schedule) -> str:
        if self.executor == "reference":
            return "reference"
        if self._is_sync(schedule) and self.executor in ("auto", "sync"):
            return "sync"
        is_path = schedule.kind == "path"
        applies = {
            "scan": is_path and cell.affine,
            "kernel": is_path and cell.kernel_mode is not None,
            "levels": schedule.kind != "general",
        }
        if self.executor == "auto":
            return next(name for name, fits in applies.items() if fits)
        schedule.require_order()
        if not applies[self.executor]:
            raise InputError(
                f"the executor {self.executor!r} cannot compute {cell} on this graph",
                where="executor",
                value=repr(schedule),
                remedy="use executor='auto'",
            )
        return self.executor

    def __repr__(self) -> str:
        extras = ", bidirectional=True" if self.bidirectional else ""
        extras += f", steps={self.steps}" if self.steps is not None else ""
        return f"RecurrentConv({self.cell}{extras})"
