from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from gnnlab.molecules import load_nci
from gnnlab.molecules.generation.actions import ActionSpace
from gnnlab.molecules.generation.events import columns, replay_events
from gnnlab.molecules.generation.learning import log_probabilities
from gnnlab.molecules.generation.ledger import Ledger
from gnnlab.molecules.generation.model import GrowthModel
from gnnlab.molecules.generation.orders import GrowthGraphs
from gnnlab.molecules.generation.sampling import Growth
from gnnlab.molecules.generation.types import PRESETS, AtomTypes
from gnnlab.nn import CELLS

SPACE = ActionSpace(AtomTypes.from_names(PRESETS["all"]), max_distance=30)
GRAPHS = GrowthGraphs.of(load_nci(40).smiles, SPACE)
TINY = ActionSpace(AtomTypes.from_names(["C", "O"]), max_distance=2)


def make_model(space=SPACE, cell="childsum", **sizes):
    torch.manual_seed(0)
    sizes = {"hidden_channels": 12, "embedding_channels": 8} | sizes
    return GrowthModel(columns(space), space.size, cell=cell, **sizes).double().eval()


def score_step_by_step(model, space, table, condition=None, canonical=False):
    """Log-probabilities by the way that sampling goes, molecules leaving as they are done."""
    growth = Growth(model, space, len(table), 100, condition, canonical)
    alive = np.arange(len(table))
    found = torch.zeros(len(table), dtype=torch.float64)
    for step in range(table.shape[1]):
        goes_on = table[alive, step] >= 0
        if not goes_on.all():
            growth.keep(np.flatnonzero(goes_on))
            alive = alive[goes_on]
        actions = table[alive, step].astype(int)
        found[alive] += growth.log_probabilities()[range(len(alive)), actions]
        growth.apply(actions)
    return found


@torch.no_grad()
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("num_properties", [0, 2])
@pytest.mark.parametrize("canonical", [False, True])
def test_sampling_and_training_give_the_same_likelihood(cell, num_properties, canonical):
    model = make_model(cell=cell, num_properties=num_properties, num_layers=2)
    table = GRAPHS.batch(range(len(GRAPHS)), np.random.default_rng(0), canonical)
    condition = torch.randn(len(table), 4, dtype=torch.float64) if num_properties else None
    events = replay_events(SPACE, table, 100, canonical)
    values = log_probabilities(model, events, condition)
    at_once = torch.zeros(len(table), dtype=torch.float64).index_add(0, events.molecule, values)
    by_steps = score_step_by_step(model, SPACE, table, condition, canonical)
    torch.testing.assert_close(by_steps, at_once, rtol=0, atol=1e-10)
    assert at_once.std() > 1


@torch.no_grad()
def test_the_network_knows_in_which_order_a_molecule_grows():
    model, rows = make_model(), [0, 1, 2]
    table = GRAPHS.batch(rows, canonical=True)
    mixed = log_probabilities(
        model, replay_events(SPACE, table, 100, np.array([True, False, True]))
    )
    events = replay_events(SPACE, table, 100, True)
    told, untold = (
        log_probabilities(model, replay_events(SPACE, table, 100, canonical))
        for canonical in (True, False)
    )
    assert (told != untold).any()
    torch.testing.assert_close(mixed, torch.where(events.molecule == 1, untold, told))


@torch.no_grad()
def test_later_actions_do_not_change_earlier_probabilities():
    model = make_model()
    space, carbon = SPACE, SPACE.types.index("C")
    begin = [space.root(carbon), space.add(carbon, 1), space.add(carbon, 1)]
    ring = [*begin, space.close(2, 1), space.pop, space.pop, space.pop]
    chain = [*begin, space.pop, space.add(carbon, 2), space.pop, space.pop]
    first, second = (
        log_probabilities(model, replay_events(space, np.array([row]), 9)) for row in (ring, chain)
    )
    torch.testing.assert_close(first[:3], second[:3], rtol=0, atol=1e-14)
    assert not torch.isclose(first[3], second[3])


def every_sequence(space, max_atoms):
    """All complete sequences of actions, by trying."""

    def ways(actions):
        ledger = Ledger(space, 1, max_atoms)
        for action in actions:
            ledger.apply([action])
        if ledger.is_done[0]:
            yield actions
            return
        for action in np.flatnonzero(ledger.legal()[0]):
            yield from ways([*actions, action])

    yield from ways([])


@torch.no_grad()
def test_the_probabilities_of_all_sequences_of_a_tiny_grammar_add_up_to_one():
    sequences = list(every_sequence(TINY, max_atoms=3))
    table = np.array(list(itertools.zip_longest(*sequences, fillvalue=-1))).T
    events = replay_events(TINY, table, max_atoms=3)
    for cell in ("childsum", "gru"):
        values = log_probabilities(make_model(TINY, cell), events)
        total = torch.zeros(len(table), dtype=torch.float64).index_add(0, events.molecule, values)
        assert total.exp().sum().item() == pytest.approx(1, abs=1e-9)
    assert len(sequences) == 83


def test_every_parameter_learns():
    model = make_model(num_properties=2).train()
    table = GRAPHS.batch(range(len(GRAPHS)))
    condition = torch.ones(len(table), 4, dtype=torch.float64)
    log_probabilities(model, replay_events(SPACE, table, 100), condition).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
