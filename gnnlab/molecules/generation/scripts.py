r"""Growing molecules around a core that stays.

A walk over the core is laid down before. A molecule takes its steps one by one, and whenever an
atom of the core would be left for good, the network may grow branches there instead. What the core
will still need of an atom's valence is kept back for it, so that its steps are legal when their
time comes. Nothing is rejected: every molecule holds the core, bond by bond.

Legend: B molecules, A actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from gnnlab.molecules.generation.actions import ADD, CLOSE, POP
from gnnlab.molecules.generation.cores import Core, Step
from gnnlab.molecules.generation.ledger import Ledger


class View(NamedTuple):
    """What a script sees of its molecule."""

    focus: int
    num_atoms: int
    max_atoms: int
    depth: int
    stack: np.ndarray
    remaining: np.ndarray
    legal: np.ndarray

    def ancestor(self, distance: int) -> int:
        """The ancestor of the focus so many steps up."""
        return int(self.stack[self.depth - 1 - distance])


class Bridge(NamedTuple):
    """What is to link two fragments.

    Attributes:
        start: The atom of the first fragment that it hangs on.
        steps: Those of the second fragment; the first one adds the atom that it ends at.
        least: The fewest atoms between both.
        most: The most of them.
    """

    start: int
    steps: list[Step]
    least: int
    most: int


@dataclass
class Script:
    """One molecule's way along its core.

    Attributes:
        core: The core; both fragments if there is a bridge.
        steps: Its steps that are left, the next one last.
        bridge: What is still to be linked.
        owner: Which atom of the core an atom of the molecule is.
        due: What the core will still need of the valence of an atom of the molecule.
    """

    core: Core
    steps: list[Step]
    bridge: Bridge | None = None
    owner: dict[int, int] = field(default_factory=dict)
    due: dict[int, int] = field(default_factory=dict)

    def allowed(self, view: View) -> np.ndarray:
        """Which actions ``[A]`` may be taken now."""
        if self._is_bridging(view):
            return self._towards_the_other(view)
        if self._is_beside(view):
            return self._beside(view)
        kind, step = self.core.space.kind, self._next(view)
        if kind[step.action] == POP and step.atom in self.core.open:
            return view.legal & ((kind == POP) | self._affordable(view))
        allowed = np.zeros_like(view.legal)
        allowed[step.action] = True
        return allowed

    def take(self, view: View, action: int) -> int:
        """Notes an action that is going to be done.

        Returns:
            The action; to leave a bridge is to go on to the other fragment instead.
        """
        if self._is_bridging(view):
            if action == self.core.space.pop:
                first, *others = self.bridge.steps
                self.steps += reversed(others)
                self.bridge = None
                self._be_born(view, first, bound=0)
                return first.action
        elif not self._is_beside(view) and action == self._next(view).action:
            self._follow(view, self.steps.pop())
        return action

    def _is_beside(self, view: View) -> bool:
        return view.num_atoms > 0 and view.focus not in self.owner

    def _is_bridging(self, view: View) -> bool:
        if self.bridge is None or not view.num_atoms:
            return False
        if view.focus not in self.owner:
            return True
        return self._next(view) == Step(self.core.space.pop, self.bridge.start)

    def _next(self, view: View) -> Step:
        """The next step of the core; ways back from atoms that were left by themselves are over."""
        pop, atom = self.core.space.pop, self.owner.get(view.focus)
        while self.steps[-1].action == pop and self.steps[-1].atom != atom:
            self.steps.pop()
        return self.steps[-1]

    def _follow(self, view: View, step: Step) -> None:
        space = self.core.space
        kind, order = space.kind[step.action], int(space.order[step.action])
        if kind == POP:
            return
        if view.focus >= 0:
            self.due[view.focus] -= order
        if kind == CLOSE:
            self.due[view.ancestor(space.distance[step.action])] -= order
        else:
            self._be_born(view, step, bound=order)

    def _be_born(self, view: View, step: Step, bound: int) -> None:
        self.owner[view.num_atoms] = step.atom
        self.due[view.num_atoms] = self.core.valence(step.atom) - bound

    def _affordable(self, view: View) -> np.ndarray:
        """Adding an atom, as long as there is room for the rest of the core."""
        kind, steps = (
            self.core.space.kind,
            [*self.steps, *(self.bridge.steps if self.bridge else ())],
        )
        to_come = sum(kind[step.action] == ADD for step in steps)
        return (kind == ADD) & (view.num_atoms + to_come < view.max_atoms)

    def _beside(self, view: View) -> np.ndarray:
        """What an atom beside the core may do: all that takes nothing away from the core."""
        space = self.core.space
        allowed = view.legal & ((space.kind != ADD) | self._affordable(view))
        for action in np.flatnonzero(allowed & (space.kind == CLOSE)):
            other = view.ancestor(space.distance[action])
            if other in self.owner and (
                self.owner[other] not in self.core.open
                or view.remaining[other] - self.due[other] < space.order[action]
            ):
                allowed[action] = False
        return allowed

    def _towards_the_other(self, view: View) -> np.ndarray:
        """What keeps a valence free for the other fragment, at the atom in focus."""
        space, bridge = self.core.space, self.bridge
        birth = {atom: born for born, atom in self.owner.items()}[bridge.start]
        length = view.depth - 1 - view.stack[: view.depth].tolist().index(birth)
        is_pop = space.kind == POP
        if length >= bridge.most:
            return view.legal & is_pop
        left = view.remaining[view.focus] - space.order
        left = np.where(space.kind == ADD, space.types.capacity[space.type] - space.order, left)
        allowed = self._beside(view) & ~is_pop & (left > 0)
        return allowed | (view.legal & is_pop & (length >= bridge.least))


class Plan:
    """The scripts of B molecules that grow together.

    Args:
        scripts: One for each.
    """

    def __init__(self, scripts: Sequence[Script]):
        self.scripts = list(scripts)

    def views(self, ledger: Ledger) -> list[View]:
        """What each script sees now."""
        numbers = (ledger.focus.tolist(), ledger.num_atoms.tolist(), ledger.depth.tolist())
        rows = zip(*numbers, ledger.stack, ledger.remaining, ledger.legal(), strict=True)
        return [
            View(focus, num_atoms, ledger.max_atoms, depth, *arrays)
            for focus, num_atoms, depth, *arrays in rows
        ]

    def keep(self, rows: np.ndarray) -> None:
        """Keeps some of the molecules."""
        self.scripts = [self.scripts[row] for row in rows]


def decorate(core: Core, count: int, generator: np.random.Generator) -> Plan:
    """Scripts for molecules around a scaffold, each along another walk."""
    return Plan([Script(core, core.walk(generator)[::-1]) for _ in range(count)])


def link(
    first: Core, second: Core, lengths: tuple[int, int], count: int, generator: np.random.Generator
) -> Plan:
    """Scripts for molecules that link two fragments, of which each has one open atom.

    Only what lies between them grows.
    """
    both = first + second
    start, end = sorted(both.open)
    fixed = Core(both.space, both.types, both.bonds, frozenset())
    scripts = []
    for _ in range(count):
        _, *others = fixed.walk(generator, root=end)
        steps = [Step(both.space.add(both.types[end], 1), end), *others]
        root = int(generator.integers(len(first)))
        scripts.append(
            Script(fixed, fixed.walk(generator, root)[::-1], Bridge(start, steps, *lengths))
        )
    return Plan(scripts)
