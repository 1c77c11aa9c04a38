"""Is a molecule as probable step by step, as it is sampled, as all at once, as it is learned?

    python benchmarks/molecules_likelihood.py runs/graph

200 molecules that were not learned from are scored both ways by a trained generator, in single and
in double precision, in the order of the canonical SMILES and in random ones. Then all complete
sequences of actions with up to three atoms of carbon and oxygen are written down, and the
probabilities that an untrained network gives them are added up.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measure import write

from gnnlab.molecules import MoleculeGenerator
from gnnlab.molecules.generation import ActionSpace, AtomTypes, GrowthGraphs, Ledger
from gnnlab.molecules.generation.events import columns, replay_events
from gnnlab.molecules.generation.learning import score
from gnnlab.molecules.generation.model import GrowthModel
from gnnlab.molecules.generation.sampling import Growth
from gnnlab.molecules.moses import load_moses

COUNT = 200
MOST_ATOMS = 3


@torch.no_grad()
def score_step_by_step(growth: Growth, table: np.ndarray) -> np.ndarray:
    """The log-probability of each row of actions, from remembered states."""
    found, alive = np.zeros(len(table)), np.arange(len(table))
    for step in range(table.shape[1]):
        goes_on = np.flatnonzero(table[alive, step] >= 0)
        if len(goes_on) < len(alive):
            growth.keep(goes_on)
            alive = alive[goes_on]
        actions = table[alive, step].astype(int)
        found[alive] += growth.log_probabilities()[range(len(alive)), actions].double().numpy()
        growth.apply(actions)
    return found


def compare(generator: MoleculeGenerator, dtype: torch.dtype, canonical: bool) -> dict[str, object]:
    """A row: the largest difference between the two ways."""
    space, most, model = generator.space_, generator.max_atoms_, generator.model_.to(dtype)
    graphs = GrowthGraphs.of(load_moses("test")[:COUNT], space, most)
    table = graphs.batch(range(len(graphs)), np.random.default_rng(0), canonical)
    at_once = score(model, [replay_events(space, table, most, canonical)])
    growth = Growth(model, space, len(table), most, canonical=canonical)
    difference = np.abs(score_step_by_step(growth, table) - at_once)
    return {
        "what": f"{'canonical' if canonical else 'random'} order, {dtype}".replace("torch.", ""),
        "sequences": len(table),
        "mean log-probability": at_once.mean().round(3),
        "largest difference per molecule": f"{difference.max():.1e}",
    }


def every_sequence(space: ActionSpace, actions: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """All complete sequences that begin like this."""
    ledger = Ledger(space, 1, MOST_ATOMS)
    for action in actions:
        ledger.apply([action])
    if ledger.is_done[0]:
        yield actions
        return
    for action in np.flatnonzero(ledger.legal()[0]).tolist():
        yield from every_sequence(space, (*actions, action))


def add_up() -> dict[str, object]:
    """A row: how far the probabilities of all sequences are from 1."""
    space = ActionSpace(AtomTypes.from_names(["C", "O"]), max_distance=2)
    sequences = list(every_sequence(space))
    table = np.array(list(zip_longest(*sequences, fillvalue=-1))).T
    torch.manual_seed(0)
    model = GrowthModel(columns(space), space.size, hidden_channels=12).double().eval()
    total = np.exp(score(model, [replay_events(space, table, MOST_ATOMS)])).sum()
    return {
        "what": "all sequences of up to three C and O",
        "sequences": len(table),
        "sum less 1": f"{total - 1:.1e}",
    }


def main() -> None:
    """Writes a row for each order and precision, and one for the sum."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    generator = MoleculeGenerator.load(parser.parse_args().run / "model.safetensors")
    rows = [
        compare(generator, dtype, canonical)
        for dtype in (torch.float32, torch.float64)
        for canonical in (True, False)
    ]
    write("molecules_likelihood", pd.DataFrame([*rows, add_up()]).astype(object).fillna(""))


if __name__ == "__main__":
    main()
