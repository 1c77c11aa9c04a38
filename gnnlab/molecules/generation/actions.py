"""The fixed list of steps by which a molecule grows, numbered.

Legend: T types, K the largest distance of a ring closure, A = T + 3 T + 3 (K - 1) + 1 actions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gnnlab.errors import InputError
from gnnlab.molecules.generation.types import MOST_ORDER, AtomTypes

#: What an action does; the values of ``ActionSpace.kind``.
ROOT, ADD, CLOSE, POP = range(4)
_ORDER_NAMES = ("", "single", "double", "triple")


@dataclass(frozen=True)
class ActionSpace:
    """All steps by which a molecule can grow, in one list that is the same for every molecule.

    In the order of their ids: ``ROOT(t)`` sets the first atom; ``ADD(t, o)`` bonds a new atom of
    type t to the focus with order o and makes it the focus; ``CLOSE(k, o)`` bonds the focus to its
    k-th ancestor, which closes a ring of k + 1 atoms or of fewer; ``POP`` leaves the focus for its
    parent. A search in depth first never meets an edge that leads elsewhere than to an ancestor
    (`Tarjan, 1972 <https://doi.org/10.1137/0201010>`_), so no other kind of step is needed.

    Args:
        types: The atom types.
        max_distance: The largest k, at least 2. Molecules of at most one atom more than this can
            be grown in any order.

    Attributes:
        size: The number of actions A; where a previous action is embedded, A stands for the start.
        kind: ``[A]`` ``ROOT``, ``ADD``, ``CLOSE`` or ``POP``.
        type: ``[A]`` the type of the new atom, -1 where there is none.
        order: ``[A]`` the order of the new bond, 0 where there is none.
        distance: ``[A]`` k of a closure, 0 elsewhere.

    Raises:
        InputError: If ``max_distance`` is below 2.

    Example:
        >>> space = ActionSpace(AtomTypes.from_names(["C", "O"]), max_distance=5)
        >>> space.size, space.add(1, 2), space.describe(space.add(1, 2))
        (21, 6, 'add O by a double bond')
        >>> space.describe(space.close(5, 1)), space.describe(space.pop)
        ('close a ring to ancestor 5 by a single bond', 'step back')
    """

    types: AtomTypes
    max_distance: int = 40
    kind: np.ndarray = field(init=False, compare=False, repr=False)
    type: np.ndarray = field(init=False, compare=False, repr=False)
    order: np.ndarray = field(init=False, compare=False, repr=False)
    distance: np.ndarray = field(init=False, compare=False, repr=False)

    def __post_init__(self):
        if self.max_distance < 2:
            raise InputError(
                "too short for a ring",
                where="max_distance",
                value=self.max_distance,
                remedy="use at least 2",
            )
        num_types, num_distances = len(self.types), self.max_distance - 1
        adds, closures = MOST_ORDER * num_types, MOST_ORDER * num_distances
        counts = [num_types, adds, closures, 1]
        every, none = np.arange(num_types), np.full(closures + 1, -1)
        orders = np.arange(1, MOST_ORDER + 1)
        columns = {
            "kind": np.repeat([ROOT, ADD, CLOSE, POP], counts),
            "type": np.concatenate([every, np.repeat(every, MOST_ORDER), none]),
            "order": np.concatenate(
                [every * 0, np.tile(orders, num_types), np.tile(orders, num_distances), [0]]
            ),
            "distance": np.concatenate(
                [np.zeros(num_types + adds), 2 + np.arange(closures) // MOST_ORDER, [0]]
            ),
        }
        for name, column in columns.items():
            column = column.astype(np.int64)
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    @property
    def size(self) -> int:
        """The number of actions."""
        return self.pop + 1

    @property
    def pop(self) -> int:
        """The action that steps back."""
        return self.first_closure + MOST_ORDER * (self.max_distance - 1)

    @property
    def first_closure(self) -> int:
        """The first of the actions that close a ring."""
        return len(self.types) * (1 + MOST_ORDER)

    def root(self, kind: int) -> int:
        """The action that begins with an atom of type ``kind``."""
        return self._checked("type", kind, 0, len(self.types) - 1)

    def add(self, kind: int, order: int) -> int:
        """The action that adds an atom of type ``kind`` by a bond of order ``order``."""
        kind = self._checked("type", kind, 0, len(self.types) - 1)
        order = self._checked("order", order, 1, MOST_ORDER)
        return len(self.types) + MOST_ORDER * kind + order - 1

    def close(self, distance: int, order: int) -> int:
        """The action that closes a ring to the ancestor ``distance`` by a bond of ``order``."""
        place = self._checked("distance", distance, 2, self.max_distance) - 2
        order = self._checked("order", order, 1, MOST_ORDER)
        return self.first_closure + MOST_ORDER * place + order - 1

    def describe(self, action: int) -> str:
        """An action in words."""
        action = self._checked("action", action, 0, self.pop)
        bond = f"by a {_ORDER_NAMES[self.order[action]]} bond"
        if self.kind[action] == POP:
            return "step back"
        if self.kind[action] == CLOSE:
            return f"close a ring to ancestor {self.distance[action]} {bond}"
        name = self.types.names[self.type[action]]
        return f"begin with {name}" if self.kind[action] == ROOT else f"add {name} {bond}"

    @staticmethod
    def _checked(name: str, value: int, least: int, most: int) -> int:
        if not least <= value <= most:
            raise InputError(f"not from {least} to {most}", where=name, value=value)
        return int(value)
