"""Chapter on new molecules: grown bond by bond, so that all of them are valid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from gnnlab.molecules import MoleculeGenerator, canonical_smiles, draw_grid, parse_smiles
from gnnlab.molecules.embedded import load_nci
from gnnlab.molecules.generation import sample_random, to_actions
from gnnlab.molecules.generation.conditions import measure
from gnnlab.molecules.metrics import evaluate
from gnnlab.sequences.runs import one_thread
from gnnlab.tour.page import Chapter, Picture, Table, Text

_PARACETAMOL = "CC(=O)NC1=CC=C(O)C=C1"
_INDOLE = "c1ccc2[nH]ccc2c1"
_WISHES = (-1.0, 0.0, 1.0)  # standard deviations from the mean
_DRAWN = 24


def new_molecules(folder: Path, quick: bool) -> Chapter:
    """How a molecule grows, why it is valid, and what a generator makes after a minute."""
    torch.manual_seed(0)
    smiles = load_nci(400 if quick else None).smiles
    with one_thread():
        generator = MoleculeGenerator(
            ("logp",),
            hidden_channels=32 if quick else 128,
            epochs=2 if quick else 6,
            learning_rate=4e-3,
        ).fit(smiles, progress=False)
        return Chapter(
            "New molecules, all of them valid",
            [
                *_growing(generator),
                *_making(generator, smiles, folder, 100 if quick else 1000),
                *_asking(generator, folder, 50 if quick else 300),
                Text(
                    "On molecules of your own: `gnnlab molecules train-generator FILE --property "
                    "logp`, then `gnnlab molecules generate MODEL -n 100 --condition logp=2.5 "
                    f"--scaffold '{_INDOLE}' --out new.sdf --draw new.svg`."
                ),
            ],
        )


def _growing(generator: MoleculeGenerator) -> list[Text | Table]:
    space = generator.space_
    actions = to_actions(space, _PARACETAMOL)
    steps = pd.DataFrame(
        {"step": map(str, range(1, len(actions) + 1)), "action": map(space.describe, actions)}
    )
    mols = sample_random(space, 300, max_atoms=generator.max_atoms_)
    accepted = len([parse_smiles(canonical_smiles(mol)) for mol in mols])
    return [
        Text(
            "A molecule can be grown like a maze is walked: add an atom to the one in focus, close "
            "a ring to an atom on the way back, or step back. A ledger keeps account of every "
            "atom's valence and forbids whatever chemistry would not allow; stepping back is "
            "always allowed, so there is no dead end. Whatever is chosen, the molecule is valid: "
            "nothing is rejected, nothing is repaired."
        ),
        Table(steps, "Paracetamol, step by step. Atoms that are full are left by themselves."),
        Text(
            f"Chance alone as the chooser: of {len(mols)} molecules RDKit accepts {accepted}. They "
            "are valid, but strange. To choose well is the work of a recurrent network. Each step "
            "is a node, and hears from the step before, from the last step at the same atom, and, "
            "when a ring has just been closed, from the other end of the ring: a recurrent network "
            "where the molecule is a chain, a graph network where it branches and closes rings."
        ),
    ]


def _making(
    generator: MoleculeGenerator, smiles: list[str], folder: Path, count: int
) -> list[Text | Table | Picture]:
    made = generator.sample(count, seed=0)
    by_chance = sample_random(generator.space_, count, seed=1, max_atoms=generator.max_atoms_)
    columns = {"network": made, "chance": [canonical_smiles(mol) for mol in by_chance]}
    scores = {
        name: evaluate(molecules, smiles[: 5 * count], smiles, fcd=False, filters=False)
        for name, molecules in columns.items()
    }
    shown = {
        "valid": "valid",
        f"unique@{count}": "unique@1000",
        "new": "Novelty",
        "similarity to the nearest real molecule": "SNN/Test",
        "cosine of fragments with real ones": "Frag/Test",
        "distance of logP": "logP",
        "distance of weight": "weight",
    }
    table = pd.DataFrame(
        [(words, *(scores[name][key] for name in columns)) for words, key in shown.items()],
        columns=["measure", *columns],
    )
    seconds = generator.history_.seconds
    return [
        Text(
            f"{len(smiles) - len(generator.errors_):,} molecules that come with RDKit, "
            f"{seconds:.0f} seconds of training, {generator.num_parameters_:,} parameters, "
            f"{count:,} new molecules:"
        ),
        Table(table, "MOSES' measures against some of the real molecules."),
        Picture(
            draw_grid(made[:_DRAWN], folder / "made.png", num_columns=6),
            f"The first {_DRAWN} of them, none left out.",
        ),
    ]


def _asking(generator: MoleculeGenerator, folder: Path, count: int) -> list[Text | Table | Picture]:
    rows, learned = [], generator.conditions_
    for wish in np.round(learned.mean[0] + np.array(_WISHES) * learned.std[0], 1):
        row = {"logP asked for": wish}
        for candidates in (1, 4):
            wishes = {"condition": {"logp": wish}, "candidates": candidates}
            made = generator.sample(count, **wishes, seed=1)
            found = measure(map(parse_smiles, made), ["logp"])[:, 0]
            row[f"mean error, {candidates} grown"] = np.abs(found - wish).mean()
        rows.append(row)
    table = pd.DataFrame(rows)
    around = generator.sample(12, scaffold=_INDOLE, seed=2)
    return [
        Text(
            "It can be asked for a property, which half of the molecules told it in training. "
            "Several are grown for each that is wanted, and the nearest is kept:"
        ),
        Table(table, f"{count} molecules for each wish."),
        Text("And it can grow molecules around a core that stays, bond by bond:"),
        Picture(
            draw_grid(around, folder / "around.png", num_columns=6),
            "Twelve molecules around indole.",
        ),
    ]
