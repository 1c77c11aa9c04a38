"""The books of growing molecules: masks, forced steps back, refusals."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.errors import DtypeError, InputError, ShapeError
from gnnlab.molecules.generation import (
    ADD,
    CLOSE,
    NO_ACTION,
    POP,
    PRESETS,
    ROOT,
    ActionSpace,
    AtomTypes,
    Ledger,
    replay,
)
from gnnlab.molecules.generation.random_policy import choose

SPACE = ActionSpace(AtomTypes.from_names(["C", "N", "O", "F"]), max_distance=6)
CARBON, NITROGEN, OXYGEN, FLUORINE = range(4)


def grown(*actions, max_atoms=20, space=SPACE):
    return replay(space, [actions], max_atoms)


def allowed(ledger, row=0):
    return set(np.flatnonzero(ledger.legal()[row]).tolist())


class SlowLedger:
    """One molecule by the words of the rules, without anything clever."""

    def __init__(self, space, max_atoms):
        self.space, self.max_atoms = space, max_atoms
        self.types, self.bonds, self.stack, self.children, self.last = [], {}, [], set(), 1

    def left(self, atom):
        used = sum(order for pair, order in self.bonds.items() if atom in pair)
        return int(self.space.types.capacity[self.types[atom]]) - used

    def is_legal(self, action):
        kind, atom, order, distance = (
            int(column[action])
            for column in (self.space.kind, self.space.type, self.space.order, self.space.distance)
        )
        if kind == ROOT:
            return not self.types
        if not self.stack:
            return False
        focus = self.stack[-1]
        if kind == POP:
            return True
        if kind == ADD:
            fits = order <= self.left(focus) and order <= self.space.types.capacity[atom]
            return bool(fits and len(self.types) < self.max_atoms)
        if distance >= len(self.stack) or distance <= self.last or focus in self.children:
            return False
        ancestor = self.stack[-1 - distance]
        is_bonded = (ancestor, focus) in self.bonds
        return not is_bonded and order <= min(self.left(focus), self.left(ancestor))

    def apply(self, action):
        kind = self.space.kind[action]
        order, distance = int(self.space.order[action]), self.space.distance[action]
        if kind in (ROOT, ADD):
            self.types.append(int(self.space.type[action]))
            born = len(self.types) - 1
            if self.stack:
                self.children.add(self.stack[-1])
                self.bonds[self.stack[-1], born] = order
            self.stack.append(born)
            self.last = 1
        elif kind == CLOSE:
            self.bonds[self.stack[-1 - distance], self.stack[-1]] = order
            self.last = distance
        else:
            self.stack.pop()
        while self.stack and self.left(self.stack[-1]) == 0:
            self.stack.pop()


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(sorted(PRESETS)),
    st.integers(1, 12),
    st.integers(2, 9),
)
def test_masks_and_states_are_those_of_the_slow_twin(seed, preset, max_atoms, max_distance):
    space = ActionSpace(AtomTypes.from_names(PRESETS[preset]), max_distance)
    generator = np.random.default_rng(seed)
    ledger, twins = Ledger(space, 3, max_atoms), [SlowLedger(space, max_atoms) for _ in range(3)]
    while not ledger.is_done.all():
        legal = ledger.legal()
        for row, twin in enumerate(twins):
            assert legal[row].tolist() == [twin.is_legal(action) for action in range(space.size)]
        # Rings are rare among equal choices; so every second time only they are left, if any.
        closing = legal & (space.kind == CLOSE)
        prefers = closing.any(1) & (generator.random(3) < 0.5)
        actions = choose(np.where(prefers[:, None], closing, legal), generator)
        ledger.apply(actions)
        for row, (twin, action) in enumerate(zip(twins, actions.tolist(), strict=True)):
            if action != NO_ACTION:
                twin.apply(action)
            size = len(twin.types)
            assert ledger.stack[row, : ledger.depth[row]].tolist() == twin.stack
            assert ledger.type[row, :size].tolist() == twin.types
            assert ledger.remaining[row, :size].tolist() == [*map(twin.left, range(size))]
            assert ledger.focus[row] == (twin.stack[-1] if twin.stack else -1)
            assert ledger.has_children[row] == bool(set(twin.stack[-1:]) & twin.children)
            atoms, bonds = ledger.graph(row)
            assert atoms == twin.types
            assert {(min(a, b), max(a, b)): order for a, b, order in bonds} == twin.bonds


def test_the_beginning():
    ledger = Ledger(SPACE, 2, 5)
    assert allowed(ledger) == {SPACE.root(kind) for kind in range(4)}
    assert not ledger.is_done.any()
    assert ledger.focus.tolist() == [-1, -1]
    assert ledger.focus_type.tolist() == [4, 4]
    assert not ledger.has_children.any()


def test_a_full_atom_is_left_without_an_action():
    assert grown(SPACE.root(FLUORINE), SPACE.add(FLUORINE, 1)).is_done[0]
    ledger = grown(SPACE.root(CARBON), SPACE.add(OXYGEN, 2))
    assert ledger.focus[0] == 0
    assert ledger.has_children[0]
    ledger = grown(SPACE.root(NITROGEN), SPACE.add(CARBON, 3), SPACE.add(FLUORINE, 1))
    assert ledger.is_done[0]  # three forced steps, one after the other


def test_one_atom():
    ledger = grown(SPACE.root(CARBON), max_atoms=1)
    assert allowed(ledger) == {SPACE.pop}
    ledger.apply([SPACE.pop])
    assert ledger.is_done[0]
    assert allowed(ledger) == set()


def test_two_closures_of_one_atom_go_outwards():
    chain = [SPACE.root(CARBON), *[SPACE.add(CARBON, 1)] * 4]
    closed = grown(*chain, SPACE.close(3, 1))
    assert {SPACE.distance[action] for action in allowed(closed)} == {0, 4}
    twice = grown(*chain, SPACE.close(2, 1), SPACE.close(4, 1))
    assert twice.graph(0)[1][4:] == [(4, 2, 1), (4, 0, 1)]
    with pytest.raises(InputError, match=r"molecule 0; .*ancestor 2 by a single bond"):
        grown(*chain, SPACE.close(4, 1), SPACE.close(2, 1))


def test_no_closure_after_a_child():
    ledger = grown(SPACE.root(CARBON), *[SPACE.add(CARBON, 1)] * 3, SPACE.add(FLUORINE, 1))
    assert ledger.focus[0] == 3
    assert not {CLOSE} & set(SPACE.kind[list(allowed(ledger))])
    with pytest.raises(InputError, match="an illegal action"):
        ledger.apply([SPACE.close(2, 1)])


def test_more_closures_than_there_was_room_for():
    space = ActionSpace(AtomTypes.from_names(["S"]), max_distance=11)
    actions = [space.root(0), *[space.add(0, 1)] * 11]
    for size in (4, 5, 6):  # three closures each from the last atoms
        actions += [space.close(distance, 1) for distance in (2, 3, 4)]
        actions += [space.add(0, 1)] * (size < 6)
    ledger = replay(space, [actions], 20)
    assert len(ledger.graph(0)[1]) == ledger.num_atoms[0] - 1 + 9
    assert ledger.remaining.min() >= 0


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (SPACE.root(CARBON), "begin with C"),
        (SPACE.add(CARBON, 3), "add C by a triple bond"),
        (SPACE.add(OXYGEN, 3), "add O by a triple bond"),
        (SPACE.close(2, 1), "close a ring to ancestor 2"),
        (SPACE.size, "no such action"),
        (-2, "no such action"),
    ],
)
def test_illegal_actions_are_named_and_change_nothing(action, words):
    ledger = replay(SPACE, [[SPACE.root(CARBON)], [SPACE.root(CARBON), SPACE.add(CARBON, 2)]], 20)
    before = ledger.remaining.copy()
    with pytest.raises(InputError, match=rf"molecule 1; found: action {action} \({words}"):
        ledger.apply([SPACE.add(CARBON, 1), action])
    np.testing.assert_array_equal(ledger.remaining, before)
    assert ledger.num_atoms.tolist() == [1, 2]


def test_a_finished_molecule_cannot_grow():
    with pytest.raises(InputError, match="finished"):
        grown(SPACE.root(CARBON), SPACE.pop, SPACE.pop)


@pytest.mark.parametrize(
    ("actions", "error"), [([0], ShapeError), ([[0, 0]], ShapeError), ([0.0, 0.0], DtypeError)]
)
def test_actions_that_are_none(actions, error):
    with pytest.raises(error, match="actions"):
        Ledger(SPACE, 2, 5).apply(actions)


@pytest.mark.parametrize("sizes", [(0, 5), (5, 0)])
def test_sizes_below_one(sizes):
    with pytest.raises(InputError, match="at least 1"):
        Ledger(SPACE, *sizes)


def test_keep_is_the_same_as_having_grown_only_those():
    sequences = [
        [SPACE.root(kind), SPACE.add(CARBON, 1), SPACE.add(NITROGEN, 1)] for kind in range(4)
    ]
    ledger = replay(SPACE, sequences, 9)
    ledger.legal()
    ledger.keep(np.array([False, True, False, True]))
    other = replay(SPACE, [sequences[1], sequences[3]], 9)
    np.testing.assert_array_equal(ledger.legal(), other.legal())
    ledger.apply([SPACE.close(2, 1), SPACE.pop])
    assert len(ledger) == 2
    assert ledger.graph(0)[1] == [(1, 0, 1), (2, 1, 1), (2, 0, 1)]
    assert ledger.remaining[:, :3].tolist() == [[1, 2, 1], [0, 2, 2]]


def test_the_caller_may_change_a_mask_but_not_the_books():
    ledger = Ledger(SPACE, 1, 5)
    ledger.legal()[:] = True
    assert allowed(ledger) == {0, 1, 2, 3}
    for name in ("stack", "type", "remaining", "parent", "order"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(ledger, name)[:] = 0


def test_window():
    ledger = grown(SPACE.root(NITROGEN), SPACE.add(CARBON, 2), SPACE.add(OXYGEN, 1))
    kind, remaining, order = (column.tolist() for column in ledger.window(5))
    assert kind == [[OXYGEN, CARBON, NITROGEN, 4, 4]]
    assert remaining == [[1, 1, 1, 5, 5]]
    assert order == [[1, 2, 0, 4, 4]]
    ledger.apply([SPACE.pop])
    assert ledger.window(2).type.tolist() == [[CARBON, NITROGEN]]
    assert ledger.focus_remaining.tolist() == [1]


def sequences_of(space, max_atoms):
    """How many complete sequences of actions there are."""
    count, growing = 0, [[]]
    while growing:
        ledger = replay(space, growing, max_atoms)
        count += int(ledger.is_done.sum())
        rows, actions = np.nonzero(ledger.legal())
        pairs = zip(rows.tolist(), actions.tolist(), strict=True)
        growing = [[*growing[row], action] for row, action in pairs]
    return count


def traversals_of(types, max_atoms):
    """How many molecules there are whose atoms are numbered as a search in depth first could."""
    count = 0
    for size in range(1, max_atoms + 1):
        pairs = list(combinations(range(size), 2))
        for orders in product(range(4), repeat=len(pairs)):
            bonds = {pair: order for pair, order in zip(pairs, orders, strict=True) if order}
            used = [sum(o for pair, o in bonds.items() if a in pair) for a in range(size)]
            if is_preorder(bonds, size):
                fitting = [sum(types.capacity >= total) for total in used]
                count += int(np.prod(fitting))
    return count


def is_preorder(bonds, size):
    # The next atom hangs on the latest one that still had a neighbour that was not yet reached.
    for atom in range(1, size):
        open_atoms = [a for a in range(atom) if any((a, b) in bonds for b in range(atom, size))]
        if not open_atoms or (open_atoms[-1], atom) not in bonds:
            return False
    return True


@pytest.mark.parametrize(
    ("names", "max_atoms"), [("C", 1), ("CO", 2), ("CNO", 3), (("C", "N+", "F"), 3), ("NF", 4)]
)
def test_complete_sequences_are_as_many_as_traversals(names, max_atoms):
    space = ActionSpace(AtomTypes.from_names(names), max_distance=3)
    assert sequences_of(space, max_atoms) == traversals_of(space.types, max_atoms) > 0
