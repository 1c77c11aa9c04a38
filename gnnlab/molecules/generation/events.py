r"""The graph of events: what the network sees when a molecule has grown so far, and from where.

An event is the moment before an action. It hears from the event before it; when its focus has been
the focus before, from the latest event there; and after a ring closure from the latest event at
the other end. So what a finished branch has become reaches the atom that it hangs on, and a ring
is a cycle of messages as it is one of atoms, while no event hears from a later one. Chains grow
path graphs, and there the network is an ordinary recurrent one.

Legend: B molecules, N events, A actions, F columns, S the most atoms of a molecule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gnnlab.molecules.generation.actions import CLOSE, ActionSpace
from gnnlab.molecules.generation.ledger import NO_ACTION, Ledger
from gnnlab.nn import Schedule

_WINDOW = 8  # the focus and the ancestors that an event looks at directly
_LARGEST = 63  # what is counted, is counted up to here
_NONE = -1
_TOGETHER = 512


def columns(space: ActionSpace) -> dict[str, int]:
    """Name and number of categories of each column of :func:`describe`.

    Example:
        >>> from gnnlab.molecules.generation import AtomTypes
        >>> list(columns(ActionSpace(AtomTypes.from_names(["C"]), 5)))[:4]
        ['action', 'depth', 'num_atoms', 'has_children']
    """
    of_atom = (len(space.types) + 1) * (int(space.types.capacity.max()) + 2) * 5
    counted = {"action": space.size + 1, "depth": _LARGEST + 1, "num_atoms": _LARGEST + 1}
    flags = {"has_children": 2, "canonical": 2}
    return counted | flags | {f"atom_{k}": of_atom for k in range(_WINDOW)}


def describe(
    ledger: Ledger, last_action: np.ndarray, canonical: np.ndarray | bool = False
) -> np.ndarray:
    """What is read at the events of all molecules: ``[B, F]`` int64.

    The last action, how deep and large the molecule is, whether it grows in the order of its
    canonical SMILES, and of the focus and each of its nearest ancestors the type, what is left, and
    the order of the bond to its parent.

    Args:
        ledger: The molecules as they are.
        last_action: ``[B]``; A at the start.
        canonical: ``[B]``, or one for all.
    """
    type, remaining, order = ledger.window(_WINDOW)  # [B, 8] each
    most = int(ledger.space.types.capacity.max()) + 2
    atoms = (type * most + remaining) * 5 + order
    counted = np.minimum(np.stack([ledger.depth, ledger.num_atoms], axis=1), _LARGEST)
    canonical = np.broadcast_to(canonical, len(ledger))
    return np.column_stack([last_action, counted, ledger.has_children, canonical, atoms])


class Trace:
    """Which earlier events the next event of each molecule hears from.

    Args:
        batch_size: B.
        max_atoms: S.
    """

    def __init__(self, batch_size: int, max_atoms: int):
        self.step = 0
        self.latest = np.full((batch_size, max_atoms), _NONE)  # [B, S] step of the last event there

    def advance(self, focus: np.ndarray, closed: np.ndarray) -> np.ndarray:
        """Takes the next step.

        Args:
            focus: ``[B]`` the atom in focus, -1 if there is none.
            closed: ``[B]`` the atom that the last action has closed a ring to, -1 if it has not.

        Returns:
            ``[B, 3]`` the steps of the event before, of the latest one at the focus and of the
            latest one at the other end of the closure; -1 where there is none, or it is among the
            others.
        """
        rows = np.arange(len(self.latest))
        before = np.full(len(rows), self.step - 1)
        at_focus, at_closure = (
            np.where(atom >= 0, self.latest[rows, atom], _NONE) for atom in (focus, closed)
        )
        at_focus[at_focus == before] = _NONE
        at_closure[(at_closure == before) | (at_closure == at_focus)] = _NONE
        here = focus >= 0
        self.latest[rows[here], focus[here]] = self.step
        self.step += 1
        return np.stack([before, at_focus, at_closure], axis=1)

    def keep(self, rows: np.ndarray | slice) -> None:
        """Keeps some of the molecules."""
        self.latest = self.latest[rows]


def closed_atom(ledger: Ledger, actions: np.ndarray) -> np.ndarray:
    """``[B]`` the atom that each action is going to close a ring to, -1 if it does not."""
    closes = ledger.space.kind[actions] == CLOSE
    place = np.maximum(ledger.depth - 1 - ledger.space.distance[actions], 0)
    return np.where(closes, ledger.stack[np.arange(len(ledger)), place], _NONE)


class Events(NamedTuple):
    """All events of some molecules, step by step.

    Attributes:
        features: ``[N, F]``.
        legal: ``[N, A]`` bool.
        action: ``[N]`` the action that was taken.
        molecule: ``[N]`` whose event it is.
        schedule: The graph of events.
    """

    features: Tensor
    legal: Tensor
    action: Tensor
    molecule: Tensor
    schedule: Schedule

    def to(self, device: torch.device) -> Events:
        """The same on another device."""
        return Events(*(t.to(device) for t in self[:4]), self.schedule)


def replay_events(
    space: ActionSpace, table: np.ndarray, max_atoms: int, canonical: np.ndarray | bool = False
) -> Events:
    """The events of molecules whose actions are known.

    Args:
        space: The actions.
        table: ``[B, steps]`` the ids of the actions of each molecule, filled up with -1.
        max_atoms: S.
        canonical: ``[B]`` which grow in the order of their canonical SMILES, or one for all.

    Raises:
        InputError: If an action is not legal where it stands.

    Example:
        >>> from gnnlab.molecules.generation import AtomTypes
        >>> space = ActionSpace(AtomTypes.from_names(["C", "O"]), max_distance=5)
        >>> triangle = [space.root(0), space.add(0, 1), space.add(1, 1), space.close(2, 1)]
        >>> table = np.array([[*triangle, space.pop, space.pop]])
        >>> events = replay_events(space, table, max_atoms=3)
        >>> events.schedule.edge_index.tolist()  # 4 hears of the ring: from its focus, 2, and 1
        [[0, 1, 2, 3, 2, 1, 4, 1], [1, 2, 3, 4, 4, 4, 5, 5]]
    """
    lengths = np.count_nonzero(table != NO_ACTION, axis=1)
    molecule = np.argsort(-lengths, kind="stable")  # those that still grow are the first rows
    table = table[molecule].astype(np.int64)
    canonical = np.broadcast_to(canonical, len(table))[molecule]
    sizes = (lengths[:, None] > np.arange(lengths.max())).sum(axis=0)  # events of each step
    first = np.cumsum(sizes) - sizes  # the number of each step's first event
    ledger, trace = Ledger(space, len(table), max_atoms), Trace(len(table), max_atoms)
    last_action, closed = np.full(len(table), space.size), np.full(len(table), _NONE)
    features, legal, edges = [], [], []
    for step, size in enumerate(sizes):
        if size < len(ledger):
            ledger.keep(slice(size))
            trace.keep(slice(size))
            last_action, closed = last_action[:size], closed[:size]
        heard = trace.advance(ledger.focus, closed)  # [size, 3]
        row, _ = np.nonzero(heard >= 0)
        edges.append(np.stack([first[heard[heard >= 0]] + row, first[step] + row]))
        features.append(describe(ledger, last_action, canonical[:size]))
        legal.append(ledger.legal())
        last_action = table[:size, step]
        closed = closed_atom(ledger, last_action)
        ledger.apply(last_action)
    level = torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes))
    edge_index = torch.from_numpy(np.concatenate(edges, axis=1))
    return Events(
        torch.from_numpy(np.concatenate(features)),
        torch.from_numpy(np.concatenate(legal)),
        torch.from_numpy(np.concatenate([table[:n, step] for step, n in enumerate(sizes)])),
        torch.from_numpy(np.concatenate([molecule[:n] for n in sizes])),
        Schedule(edge_index, len(level), "dag", level),
    )


def replay_in_parts(
    space: ActionSpace, table: np.ndarray, max_atoms: int, canonical: bool = False
) -> Iterator[Events]:
    """:func:`replay_events` of many molecules, 512 at a time."""
    for first in range(0, len(table), _TOGETHER):
        yield replay_events(space, table[first : first + _TOGETHER], max_atoms, canonical)
