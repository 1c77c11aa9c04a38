"""Growing molecules with a network: many at a time, each step from remembered states.

Legend: B molecules, A actions, S the most atoms of a molecule, H hidden.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from gnnlab.molecules.generation.actions import ActionSpace
from gnnlab.molecules.generation.events import Trace, closed_atom, describe
from gnnlab.molecules.generation.ledger import NO_ACTION, Ledger
from gnnlab.molecules.generation.model import GrowthModel, Memory
from gnnlab.molecules.generation.rebuild import build_mol
from gnnlab.molecules.generation.scripts import Plan

_TOGETHER = 512
_FINISHED = 0.5  # of the molecules, at which they are put aside
#: Takes log-probabilities ``[B, A]`` of the legal actions and gives actions ``[B]``.
Chooser = Callable[[Tensor], Tensor]


def masked_log_softmax(logits: Tensor, legal: Tensor) -> Tensor:
    """Log-probabilities ``[N, A]`` over the legal actions; minus infinity elsewhere."""
    return logits.masked_fill(~legal, -torch.inf).log_softmax(dim=-1)


class Growth:
    """B molecules that grow together, and the states that the network remembers of them.

    Args:
        model: The network.
        space: The actions.
        batch_size: B.
        max_atoms: S.
        condition: ``[B, 2C]`` what is asked for, if the network listens.
        canonical: Whether they are to grow in the order of their canonical SMILES.
    """

    def __init__(
        self,
        model: GrowthModel,
        space: ActionSpace,
        batch_size: int,
        max_atoms: int,
        condition: Tensor | None = None,
        canonical: bool = False,
    ):
        self.model, self.condition, self.canonical = model, condition, canonical
        self.ledger, self.trace = (
            Ledger(space, batch_size, max_atoms),
            Trace(batch_size, max_atoms),
        )
        self.last_action = np.full(batch_size, space.size)
        self.closed = np.full(batch_size, -1)
        weight = model.head.weight
        cells = [layer.cell for layer in model.layers]
        self.before: Memory = [
            tuple(weight.new_zeros(batch_size, c.hidden_size) for _ in c.state_names) for c in cells
        ]
        self.at_atom: Memory = [
            tuple(weight.new_zeros(batch_size, max_atoms, c.hidden_size) for _ in c.state_names)
            for c in cells
        ]

    def log_probabilities(self) -> Tensor:
        """``[B, A]`` of the next action of each molecule; to be asked once per step."""
        focus, device = self.ledger.focus, self.model.head.weight.device
        heard = self.trace.advance(focus, self.closed)  # [B, 3]
        predecessors = []
        for edge, atom in enumerate((None, focus, self.closed)):
            rows = np.flatnonzero(heard[:, edge] >= 0)
            at = rows if atom is None else (rows, atom[rows])
            memory = self.before if atom is None else self.at_atom
            remembered = [tuple(state[at] for state in layer) for layer in memory]
            predecessors.append((torch.from_numpy(rows).to(device), remembered))
        features = torch.from_numpy(describe(self.ledger, self.last_action, self.canonical))
        features = features.to(device)
        logits, self.before = self.model.step(features, predecessors, self.condition)
        here = np.flatnonzero(focus >= 0)
        for layer, states in zip(self.at_atom, self.before, strict=True):
            for remembered, state in zip(layer, states, strict=True):
                remembered[here, focus[here]] = state[here]
        return masked_log_softmax(logits, torch.from_numpy(self.ledger.legal()).to(device))

    def apply(self, actions: np.ndarray) -> None:
        """Does an action on each molecule; ``NO_ACTION`` on those that are finished."""
        self.closed = closed_atom(self.ledger, actions)
        self.ledger.apply(actions)
        self.last_action = np.where(actions == NO_ACTION, self.ledger.space.size, actions)

    def keep(self, rows: np.ndarray) -> None:
        """Keeps some of the molecules."""
        self.ledger.keep(rows)
        self.trace.keep(rows)
        self.last_action, self.closed = self.last_action[rows], self.closed[rows]
        self.before, self.at_atom = (
            [tuple(state[rows] for state in layer) for layer in memory]
            for memory in (self.before, self.at_atom)
        )
        if self.condition is not None:
            self.condition = self.condition[rows]


class Draw:
    """Draws actions by their probabilities.

    Args:
        temperature: Above 1 more daring, below 1 more careful.
        seed: Makes the molecules repeatable.
    """

    def __init__(self, temperature: float = 1.0, seed: int | None = None):
        self.temperature = temperature
        self.generator = torch.Generator()
        if seed is None:
            self.generator.seed()
        else:
            self.generator.manual_seed(seed)

    def __call__(self, log_probabilities: Tensor) -> Tensor:
        """``[B]`` from ``[B, A]``."""
        weights = (log_probabilities.cpu() / self.temperature).softmax(dim=-1)
        return torch.multinomial(weights, 1, generator=self.generator).squeeze(1)


@torch.no_grad()
def grow(growth: Growth, choose: Chooser, plan: Plan | None = None) -> list[Chem.Mol]:
    """Lets all molecules grow to their end.

    Args:
        growth: The molecules, as they are.
        choose: Chooses the actions.
        plan: What they are to be grown around.

    Returns:
        The molecules in the order of the batch.
    """
    found: list[Chem.Mol | None] = [None] * len(growth.ledger)
    number = np.arange(len(found))
    while len(number):
        is_done = growth.ledger.is_done
        # To copy what is remembered takes longer than to carry a few finished ones along.
        if is_done.mean() >= _FINISHED:
            done = np.flatnonzero(is_done)
            for row in done:
                mol = build_mol(growth.ledger.space.types, *growth.ledger.graph(row))
                found[number[row]] = mol
            growth.keep(np.flatnonzero(~is_done))
            if plan is not None:
                plan.keep(np.flatnonzero(~is_done))
            number = np.delete(number, done)
            continue
        growing = np.flatnonzero(~is_done)
        actions = np.full(len(number), NO_ACTION)
        log_probabilities = growth.log_probabilities()[growing]
        if plan is None:
            actions[growing] = choose(log_probabilities).numpy()
        else:
            actions[growing] = _choose_by(plan, growing, growth.ledger, log_probabilities, choose)
        growth.apply(actions)
    return found


def make(
    begin: Callable[..., Growth],
    count: int,
    choose: Chooser,
    plan: Callable[[int], Plan] | None = None,
    wishes: Tensor | None = None,
) -> list[Chem.Mol]:
    """Makes any number of molecules, 512 at a time.

    Args:
        begin: From ``batch_size`` and ``condition`` to molecules that are about to grow.
        count: How many.
        choose: Chooses the actions.
        plan: From a number of molecules to what they are to be grown around.
        wishes: ``[count, 2C]`` what is asked for.
    """
    found: list[Chem.Mol] = []
    while len(found) < count:
        part = slice(len(found), min(len(found) + _TOGETHER, count))
        size = part.stop - part.start
        growth = begin(batch_size=size, condition=None if wishes is None else wishes[part])
        found += grow(growth, choose, plan and plan(size))
    return found


def _choose_by(
    plan: Plan, growing: np.ndarray, ledger: Ledger, log_probabilities: Tensor, choose: Chooser
) -> list[int]:
    """Chooses among what the scripts of some molecules allow."""
    views = plan.views(ledger)
    parts = [(plan.scripts[row], views[row]) for row in growing]
    allowed = torch.from_numpy(np.stack([script.allowed(view) for script, view in parts]))
    forbidden = ~allowed.to(log_probabilities.device)
    chosen = choose(log_probabilities.masked_fill(forbidden, -torch.inf)).tolist()
    return [script.take(view, action) for (script, view), action in zip(parts, chosen, strict=True)]
