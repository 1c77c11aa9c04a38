r"""The exact ways to compute :math:`h_v = \text{cell}(x_v, \sum_{u \to v} h_u)` on a graph.

Every executor takes a cell, features, a schedule and perhaps an entering state, and gives an
:class:`Outcome`; all agree to rounding wherever they apply. ``scan`` and ``kernel`` (in
:mod:`gnnlab.nn.kernels`) know path graphs, ``levels`` every graph without a cycle, ``sync`` every
graph. Their slow, obviously right twin is :func:`gnnlab.nn.reference.recurrent`.

Legend: N nodes, E edges, G gates, H hidden, L levels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gnnlab.nn.cell import Cell, State
from gnnlab.nn.plans import Level, LevelPlan, PathPlan, SyncPlan, plan_of
from gnnlab.nn.product import multiply
from gnnlab.nn.rows import take_rows
from gnnlab.nn.scan import affine_scan
from gnnlab.nn.schedule import Schedule


class Outcome(NamedTuple):
    """What an executor computed."""

    h: Tensor  # [N, H], hidden states in the order of the nodes
    last: State | None = None  # the state at ``schedule.sinks``, if it was asked for
    gates: tuple[Tensor, ...] | None = None  # [N, H] each, if they were asked for


def run_levels(
    cell: Cell,
    x: Tensor,
    schedule: Schedule,
    state: State | None = None,
    want_state: bool = False,
    want_gates: bool = False,
) -> Outcome:
    """Level after level, the nodes of a level at once; messages wait in the receivers' inboxes."""
    plan: LevelPlan = plan_of(LevelPlan, schedule, x.device)
    rows = take_rows(cell.project(x), plan.order, plan.rank).split(plan.sizes)  # L of [n, G*H]
    inboxes: list[list[State]] = [[] for _ in plan.levels]
    states: list[State] = []
    gates: list[tuple[Tensor, ...]] = []
    for projected, level, inbox in zip(rows, plan.levels, inboxes, strict=True):
        if inbox:
            incoming = _receive(cell, inbox, level, projected)
            new_state, activations = cell.update(projected, incoming)
        elif state is None:
            new_state, activations = cell.begin(projected)
        else:
            entering = tuple(take_rows(s, plan.entry_order, plan.entry_rank) for s in state)
            new_state, activations = cell.update(projected, cell.message(entering, projected))
        _send(new_state, level, inboxes)
        inbox.clear()
        states.append(new_state if want_state else new_state[:1])
        if want_gates:
            gates.append(activations)
    if not states:
        return nothing(cell, x, want_state, want_gates)
    columns = [torch.cat(column) for column in zip(*states, strict=True)]  # [N, H], by level
    return Outcome(
        take_rows(columns[0], plan.rank, plan.order),
        tuple(column[plan.exits] for column in columns) if want_state else None,
        tuple(take_rows(torch.cat(g), plan.rank, plan.order) for g in zip(*gates, strict=True))
        if want_gates
        else None,
    )


def _send(state: State, level: Level, inboxes: list[list[State]]) -> None:
    """One gather, one row per outgoing edge, cut into one parcel per receiving level."""
    if not level.send_levels:
        return
    if level.send_index is not None:
        state = tuple(s.index_select(0, level.send_index) for s in state)
    elif level.send_count < level.size:
        state = tuple(s[: level.send_count] for s in state)
    parcels = zip(*(s.split(level.send_sizes) for s in state), strict=True)
    for receiver, parcel in zip(level.send_levels, parcels, strict=True):
        inboxes[receiver].append(parcel)


def _receive(cell: Cell, inbox: list[State], level: Level, projected: Tensor) -> State:
    """Joins the parcels of a level and adds the messages up at their targets."""
    incoming = inbox[0]
    if len(inbox) > 1:
        incoming = tuple(torch.cat(tensors) for tensors in zip(*inbox, strict=True))  # [e, H]
    index = level.receive_index
    if index is None:  # one message for every node, in order
        return cell.message(incoming, projected)
    if cell.has_edge_gate:
        incoming = cell.message(incoming, projected.index_select(0, index))
    # A level fits into the cache, where adding by index costs less than a product of our own.
    empty = projected.new_zeros(level.size, cell.hidden_size)
    return tuple(empty.index_add(0, index, message) for message in incoming)


def run_sync(
    cell: Cell,
    x: Tensor,
    schedule: Schedule,
    state: State | None = None,
    want_state: bool = False,
    want_gates: bool = False,
    *,
    steps: int,
) -> Outcome:
    """All nodes at once, ``steps`` times; after L steps a graph of L levels has settled.

    On a graph without a cycle ``state`` enters at the sources in every step. On a graph with one
    it is where the nodes start from.
    """
    plan: SyncPlan = plan_of(SyncPlan, schedule, x.device)
    edges, sources, sinks = plan.csr, plan.sources, plan.sinks
    projected = cell.project(x)  # [N, G*H]
    if cell.has_edge_gate:
        toward = multiply(edges.arrivals.transposed(), projected)  # [E, G*H]
    current = entering = cell.initial_state(projected)
    if state is not None and schedule.kind == "general":
        current = state
    elif state is not None:
        arriving = cell.message(state, projected.index_select(0, sources))
        entering = tuple(
            e.index_copy(0, sources, a) for e, a in zip(entering, arriving, strict=True)
        )
    gates: tuple[Tensor, ...] = ()
    if state is None:  # there is nothing to send yet
        current, gates = cell.begin(projected)
        steps -= 1
    for _ in range(steps):
        if cell.has_edge_gate:
            sent = tuple(multiply(edges.departures.transposed(), s) for s in current)  # [E, H]
            sums = tuple(multiply(edges.arrivals, m) for m in cell.message(sent, toward))
        else:
            sums = tuple(multiply(edges, s) for s in current)  # [N, H]
        incoming = tuple(e + s for e, s in zip(entering, sums, strict=True))
        current, gates = cell.update(projected, incoming)
    last = tuple(s.index_select(0, sinks) for s in current) if want_state else None
    return Outcome(current[0], last, gates if want_gates else None)


def run_scan(
    cell: Cell,
    x: Tensor,
    schedule: Schedule,
    state: State | None = None,
    want_state: bool = False,
) -> Outcome:
    """All paths of a batch as one parallel scan; a path begins where the factor is zero."""
    if not schedule.num_nodes:
        return nothing(cell, x, want_state)
    plan: PathPlan = plan_of(PathPlan, schedule, x.device)
    projected = take_rows(cell.project(x), plan.order, plan.rank)
    a, b = cell.affine_coefficients(projected)  # [N, H], path after path
    if state is not None:
        b = b.index_add(0, plan.starts, a.index_select(0, plan.starts) * state[0])
    h = affine_scan(a.index_fill(0, plan.starts, 0.0), b)
    last = (h.index_select(0, plan.ends),) if want_state else None
    return Outcome(take_rows(h, plan.rank, plan.order), last)


def nothing(cell: Cell, x: Tensor, want_state: bool = False, want_gates: bool = False) -> Outcome:
    """The outcome on a graph without nodes."""
    (h, *_) = state = cell.initial_state(cell.project(x))
    return Outcome(
        h, state if want_state else None, (h,) * len(cell.gate_names) if want_gates else None
    )
