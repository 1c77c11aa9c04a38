from __future__ import annotations

import numpy as np
import pytest
import torch

from gnnlab.molecules import load_nci
from gnnlab.molecules.generation.actions import ADD, CLOSE, POP, ROOT, ActionSpace
from gnnlab.molecules.generation.events import Trace, columns, describe, replay_events
from gnnlab.molecules.generation.ledger import Ledger
from gnnlab.molecules.generation.orders import GrowthGraphs
from gnnlab.molecules.generation.types import PRESETS, AtomTypes

SPACE = ActionSpace(AtomTypes.from_names(PRESETS["all"]), max_distance=30)
GRAPHS = GrowthGraphs.of(load_nci(120).smiles, SPACE)


def edges_by_hand(actions):
    """The edges of one molecule's events, with a stack and a dictionary."""
    left, stack, latest, edges = [], [], {}, set()
    born, closed = 0, None
    for event, action in enumerate(actions):
        before = {event - 1} if event else set()
        here = {latest[stack[-1]]} if stack and stack[-1] in latest else set()
        there = {latest[closed]} if closed is not None else set()
        edges |= {(source, event) for source in before | here | there}
        if stack:
            latest[stack[-1]] = event
        closed = None
        kind, order = SPACE.kind[action], SPACE.order[action]
        if kind in (ROOT, ADD):
            if stack:
                left[stack[-1]] -= order
            left.append(SPACE.types.capacity[SPACE.type[action]] - order)
            stack.append(born)
            born += 1
        elif kind == CLOSE:
            closed = stack[-1 - SPACE.distance[action]]
            left[stack[-1]] -= order
            left[closed] -= order
        elif kind == POP:
            stack.pop()
        while stack and left[stack[-1]] == 0:
            stack.pop()
    assert not stack
    return edges


def test_edges_are_those_of_a_simple_minded_walk():
    generator = np.random.default_rng(0)
    table = GRAPHS.batch(range(len(GRAPHS)), generator)
    events = replay_events(SPACE, table, max_atoms=100)
    step = events.schedule.level
    found = [set() for _ in table]
    source, target = events.schedule.edge_index
    for a, b in zip(source.tolist(), target.tolist(), strict=True):
        assert events.molecule[a] == events.molecule[b]
        found[int(events.molecule[a])].add((int(step[a]), int(step[b])))
    for row, edges in zip(table, found, strict=True):
        assert edges == edges_by_hand(row[row >= 0])
    assert len(source) == sum(map(len, found))  # and none of them twice


def test_an_event_per_action_and_every_action_is_legal():
    table = GRAPHS.batch(range(30), np.random.default_rng(1))
    events = replay_events(SPACE, table, max_atoms=100)
    assert len(events.action) == np.count_nonzero(table >= 0)
    assert events.legal.gather(1, events.action.unsqueeze(1)).all()
    for number, row in enumerate(table):
        assert events.action[events.molecule == number].tolist() == row[row >= 0].tolist()
    sizes = torch.tensor(list(columns(SPACE).values()))
    assert (events.features >= 0).all()
    assert (events.features < sizes).all()


def test_the_level_of_an_event_is_its_longest_way_from_the_start():
    from gnnlab.nn import Schedule

    table = GRAPHS.batch(range(20), np.random.default_rng(2))
    schedule = replay_events(SPACE, table, max_atoms=100).schedule
    worked_out = Schedule.from_edge_index(schedule.edge_index, schedule.num_nodes)
    assert torch.equal(worked_out.level, schedule.level)


def test_molecules_beside_it_do_not_change_an_event():
    table = GRAPHS.batch(range(10), np.random.default_rng(3))
    together = replay_events(SPACE, table, max_atoms=100)
    alone = replay_events(SPACE, table[4:5], max_atoms=100)
    mine = together.molecule == 4
    assert torch.equal(together.features[mine], alone.features)
    assert torch.equal(together.legal[mine], alone.legal)


def test_an_event_tells_the_last_action_the_focus_and_its_ancestors():
    ledger = Ledger(SPACE, 1, 9)
    start = describe(ledger, np.array([SPACE.size]))
    carbon, oxygen = (SPACE.types.index(symbol) for symbol in "CO")
    ledger.apply([SPACE.root(carbon)])
    rooted = describe(ledger, np.array([SPACE.root(carbon)]))
    ledger.apply([SPACE.add(oxygen, 1)])
    grown = describe(ledger, np.array([SPACE.add(oxygen, 1)]))
    names = list(columns(SPACE))
    assert start[0, names.index("depth")] == 0
    assert [rooted[0, names.index(n)] for n in ("depth", "num_atoms", "has_children")] == [1, 1, 0]
    assert grown[0, names.index("action")] == SPACE.add(oxygen, 1)
    # The carbon is an ancestor now, and has one bond fewer left.
    assert grown[0, names.index("atom_1")] == rooted[0, names.index("atom_0")] - 5


@pytest.mark.parametrize("rows", [[1], [0, 2]])
def test_a_trace_that_keeps_some(rows):
    focus, closed = np.array([0, 0, 0]), np.full(3, -1)
    trace = Trace(3, 4)
    trace.advance(np.array([-1, -1, -1]), closed)
    trace.advance(focus, closed)
    trace.keep(np.array(rows))
    trace.advance(np.full(len(rows), 1), closed[rows])
    heard = trace.advance(np.zeros(len(rows), dtype=int), closed[rows])
    assert heard.tolist() == [[2, 1, -1]] * len(rows)
