"""The books of many growing molecules: what each of them may do next, and what it has become.

Legend: B molecules, N the most atoms of one, A actions, K the largest distance of a ring closure,
W the width of a window, R ring closures so far.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gnnlab.errors import DtypeError, InputError, ShapeError
from gnnlab.molecules.generation.actions import ADD, CLOSE, POP, ROOT, ActionSpace
from gnnlab.molecules.generation.types import MOST_ORDER

#: Stands for an action of a molecule that stays as it is, because it is finished or waits.
NO_ACTION = -1
_NO_BOND = MOST_ORDER + 1  # the order of a bond in a window where there is no atom


class Window(NamedTuple):
    """The focus and its nearest ancestors, nearest first; each ``[B, W]`` int64.

    Attributes:
        type: From 0 to T - 1; T where there is no atom.
        remaining: From 0 to the largest capacity C; C + 1 where there is no atom.
        order: Of the bond to the parent, 1 to 3; 0 at the root, 4 where there is no atom.
    """

    type: np.ndarray
    remaining: np.ndarray
    order: np.ndarray


class Ledger:
    """The states of B molecules that grow at the same time.

    A molecule is a stack of atoms from the root to the focus, and for every atom the part of its
    capacity that no bond has taken yet. An atom that has nothing left when it is the focus is
    left at once, without an action; when the root is left, the molecule is finished.

    Atoms are numbered in the order of their birth. The properties hold the present values; those
    with a row per atom are views of the ledger's own arrays that cannot be written to and that
    change with the next action.

    Args:
        space: The actions.
        batch_size: How many molecules.
        max_atoms: The most atoms of one.

    Raises:
        InputError: If ``batch_size`` or ``max_atoms`` is below 1.

    Example:
        >>> from gnnlab.molecules.generation import AtomTypes
        >>> space = ActionSpace(AtomTypes.from_names(["C", "O"]), max_distance=5)
        >>> ledger = Ledger(space, batch_size=1, max_atoms=9)
        >>> ledger.apply([space.root(0)])
        >>> ledger.apply([space.add(1, 2)])  # the oxygen has nothing left: back to the carbon
        >>> ledger.focus.tolist(), ledger.remaining[:, :2].tolist(), ledger.is_done.tolist()
        ([0], [[2, 0]], [False])
        >>> ledger.apply([space.pop])
        >>> ledger.is_done.tolist()
        [True]
    """

    def __init__(self, space: ActionSpace, batch_size: int, max_atoms: int):
        for name, value in (("batch_size", batch_size), ("max_atoms", max_atoms)):
            if value < 1:
                raise InputError("at least 1 is needed", where=name, value=value)
        self.space, self.max_atoms = space, max_atoms
        self._capacity = space.types.capacity
        most = int(self._capacity.max())
        by_order = np.minimum(self._capacity[:, None], np.arange(most + 1)[:, None, None])
        self._orders = np.arange(1, MOST_ORDER + 1, dtype=np.int8)
        # [C + 1, 3 T]: which atoms an atom with so much left can take.
        self._can_add = (self._orders <= by_order).reshape(most + 1, -1)
        shape = (batch_size, max_atoms)
        self._type = np.full(shape, len(space.types), dtype=np.int8)
        self._remaining = np.zeros(shape, dtype=np.int8)
        self._parent = np.full(shape, -1, dtype=np.int16)
        self._order = np.zeros(shape, dtype=np.int8)
        self._stack = np.zeros(shape, dtype=np.int16)  # the first `depth` are in use
        self._depth = np.zeros(batch_size, dtype=np.int64)
        self._num_atoms = np.zeros(batch_size, dtype=np.int64)
        self._last = np.ones(batch_size, dtype=np.int64)  # distance of the focus' latest closure
        self._num_closures = np.zeros(batch_size, dtype=np.int64)
        self._closures = np.zeros((batch_size, 8, 3), dtype=np.int16)  # from, to, order
        self._mask: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self._depth)

    @property
    def is_done(self) -> np.ndarray:
        """``[B]`` whether a molecule is finished."""
        return (self._depth == 0) & (self._num_atoms > 0)

    @property
    def depth(self) -> np.ndarray:
        """``[B]`` how many atoms are on the stack."""
        return self._depth.copy()

    @property
    def num_atoms(self) -> np.ndarray:
        """``[B]`` how many atoms there are."""
        return self._num_atoms.copy()

    @property
    def focus(self) -> np.ndarray:
        """``[B]`` the atom on top of the stack, -1 where there is none."""
        top = self._stack[np.arange(len(self)), np.maximum(self._depth - 1, 0)]
        return np.where(self._depth > 0, top, -1)

    @property
    def focus_type(self) -> np.ndarray:
        """``[B]`` the type of the focus, T where there is none."""
        return self.window(1).type[:, 0]

    @property
    def focus_remaining(self) -> np.ndarray:
        """``[B]`` what the focus has left, 0 where there is none."""
        focus = self.focus
        left = self._remaining[np.arange(len(self)), np.maximum(focus, 0)]
        return np.where(focus >= 0, left, 0)

    @property
    def has_children(self) -> np.ndarray:
        """``[B]`` whether the focus has children."""
        # Whatever is born while an atom is on the stack descends from it.
        return (self._depth > 0) & (self.focus < self._num_atoms - 1)

    @property
    def stack(self) -> np.ndarray:
        """``[B, N]`` the atoms from the root to the focus; only the first ``depth`` count."""
        return _read_only(self._stack)

    @property
    def type(self) -> np.ndarray:
        """``[B, N]`` the type of each atom, T where there is none."""
        return _read_only(self._type)

    @property
    def remaining(self) -> np.ndarray:
        """``[B, N]`` what each atom has left."""
        return _read_only(self._remaining)

    @property
    def parent(self) -> np.ndarray:
        """``[B, N]`` the parent of each atom, -1 for the root."""
        return _read_only(self._parent)

    @property
    def order(self) -> np.ndarray:
        """``[B, N]`` the order of the bond to the parent, 0 for the root."""
        return _read_only(self._order)

    def window(self, width: int) -> Window:
        """Type, remaining and order of the focus and its ``width - 1`` nearest ancestors."""
        place = self._depth[:, None] - 1 - np.arange(width)  # [B, W]
        rows = np.arange(len(self))[:, None]
        atom = self._stack[rows, np.maximum(place, 0)]  # [B, W]
        is_atom = place >= 0
        columns = (self._type, len(self._capacity)), (self._remaining, len(self._can_add))
        return Window(
            *(
                np.where(is_atom, column[rows, atom], reserved).astype(np.int64)
                for column, reserved in (*columns, (self._order, _NO_BOND))
            )
        )

    def legal(self) -> np.ndarray:
        """Which actions each molecule may do next, ``[B, A]`` bool; none once it is finished."""
        return self._legal().copy()

    def _legal(self) -> np.ndarray:
        if self._mask is None:
            self._mask = self._work_out_legal()
        return self._mask

    def _work_out_legal(self) -> np.ndarray:
        space, num_types = self.space, len(self._capacity)
        mask = np.zeros((len(self), space.size), dtype=bool)
        left, is_growing = self.focus_remaining, self._depth > 0
        mask[:, :num_types] = (self._num_atoms == 0)[:, None]
        can_add = np.where(is_growing & (self._num_atoms < self.max_atoms), left, 0)
        mask[:, num_types : space.first_closure] = self._can_add[can_add]
        mask[:, space.pop] = is_growing
        rows = np.flatnonzero(is_growing & ~self.has_children & (self._depth > 2))
        if len(rows):
            longest = min(int(self._depth[rows].max()) - 1, space.max_distance)
            distance = np.arange(2, longest + 1)
            place = self._depth[rows, None] - 1 - distance  # [rows, K - 1]
            ancestor = self._stack[rows[:, None], np.maximum(place, 0)]
            free = np.minimum(self._remaining[rows[:, None], ancestor], left[rows, None])
            free[(place < 0) | (distance <= self._last[rows, None])] = 0
            can_close = free[:, :, None] >= self._orders
            last = space.first_closure + MOST_ORDER * len(distance)
            mask[rows, space.first_closure : last] = can_close.reshape(len(rows), -1)
        return mask

    def apply(self, actions) -> None:
        """Does an action on each molecule, then leaves the atoms that have nothing left.

        Args:
            actions: ``[B]``; ``NO_ACTION`` (-1) for the molecules that stay as they are.

        Raises:
            ShapeError: If there is not one for each molecule.
            DtypeError: If they are no whole numbers.
            InputError: If one is not legal; names it and the molecule. Nothing is done then.
        """
        actions = np.asarray(actions)
        if actions.shape != (len(self),):
            raise ShapeError(
                f"there are {len(self)} molecules", where="actions", value=actions.shape
            )
        if actions.dtype.kind not in "iu":
            raise DtypeError("no whole numbers", where="actions", value=actions.dtype)
        self._check(actions)
        kind = np.where(actions == NO_ACTION, -1, self.space.kind[actions])
        self._mask = None
        for value, do in ((ADD, self._add), (CLOSE, self._close), (ROOT, self._add)):
            rows = np.flatnonzero(kind == value)
            if len(rows):
                do(rows, actions[rows])
        self._depth -= kind == POP
        self._leave_the_full(np.flatnonzero(actions >= 0))

    def _check(self, actions: np.ndarray) -> None:
        known = (actions >= 0) & (actions < self.space.size)
        allowed = self._legal()[np.arange(len(self)), np.where(known, actions, 0)] & known
        allowed |= actions == NO_ACTION
        if allowed.all():
            return
        row = int(np.argmin(allowed))
        action = int(actions[row])
        words = self.space.describe(action) if known[row] else "no such action"
        raise InputError(
            "a finished molecule cannot grow" if self.is_done[row] else "an illegal action",
            where=f"molecule {row}",
            value=f"action {action} ({words})",
            remedy="choose among those that legal() allows",
        )

    def _add(self, rows: np.ndarray, actions: np.ndarray) -> None:
        kind, order = self.space.type[actions], self.space.order[actions]
        born, depth = self._num_atoms[rows], self._depth[rows]
        parent = np.where(depth > 0, self._stack[rows, np.maximum(depth - 1, 0)], -1)
        self._type[rows, born] = kind
        self._remaining[rows, born] = self._capacity[kind] - order
        self._parent[rows, born] = parent
        self._order[rows, born] = order
        # Of a root, the order is 0 and the parent -1: nothing is taken from an atom that is none.
        self._remaining[rows, parent] -= order.astype(np.int8)
        self._stack[rows, depth] = born
        self._depth[rows] += 1
        self._num_atoms[rows] += 1
        self._last[rows] = 1

    def _close(self, rows: np.ndarray, actions: np.ndarray) -> None:
        distance, order = self.space.distance[actions], self.space.order[actions]
        top = self._depth[rows] - 1
        focus, ancestor = self._stack[rows, top], self._stack[rows, top - distance]
        self._remaining[rows, focus] -= order.astype(np.int8)
        self._remaining[rows, ancestor] -= order.astype(np.int8)
        self._last[rows] = distance
        place = self._num_closures[rows]
        if place.max() == self._closures.shape[1]:
            self._closures = np.concatenate([self._closures, np.zeros_like(self._closures)], axis=1)
        self._closures[rows, place] = np.stack([focus, ancestor, order], axis=1)
        self._num_closures[rows] += 1

    def _leave_the_full(self, rows: np.ndarray) -> None:
        while len(rows):
            rows = rows[self._depth[rows] > 0]
            focus = self._stack[rows, self._depth[rows] - 1]
            rows = rows[self._remaining[rows, focus] == 0]
            self._depth[rows] -= 1

    def keep(self, rows) -> None:
        """Keeps some of the molecules, in the order asked for; B becomes their number.

        Args:
            rows: Their numbers, or a mask ``[B]``.
        """
        arrays = ("_type", "_remaining", "_parent", "_order", "_stack", "_depth", "_num_atoms")
        for name in (*arrays, "_last", "_num_closures", "_closures"):
            setattr(self, name, getattr(self, name)[rows])
        self._mask = None if self._mask is None else self._mask[rows]

    def graph(self, row: int) -> tuple[list[int], list[tuple[int, int, int]]]:
        """The types of the atoms of one molecule, and its bonds: two atoms and the order each."""
        num_atoms = int(self._num_atoms[row])
        parents, orders = self._parent[row, 1:num_atoms], self._order[row, 1:num_atoms]
        tree = zip(range(1, num_atoms), parents.tolist(), orders.tolist(), strict=True)
        closures = self._closures[row, : self._num_closures[row]].tolist()
        return self._type[row, :num_atoms].tolist(), [*tree, *map(tuple, closures)]


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.setflags(write=False)
    return view
