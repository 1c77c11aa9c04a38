"""Generators trained on 90,000 molecules of MOSES, judged by MOSES' metrics on 30,000 samples.

    gnnlab molecules train-generator --dataset moses --out runs/graph
    gnnlab text train moses.smi --out runs/lstm
    python benchmarks/molecules_generator.py graph=runs/graph lstm=runs/lstm --cache FOLDER

Trainings take hours, so they are made by the command line; this samples with three seeds and
compares with both published test sets. A folder of `gnnlab text` is a character LSTM that has
learned from the same molecules, one per line. Chance, under the same ledger of valences as the
graph generator, is always there. Seconds are those of making 30,000 molecules.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from measure import write

from gnnlab.errors import FileFormatError
from gnnlab.molecules import MoleculeGenerator, canonical_smiles
from gnnlab.molecules.generation import PRESETS, ActionSpace, AtomTypes, sample_random
from gnnlab.molecules.metrics import Reference, evaluate
from gnnlab.molecules.moses import load_moses
from gnnlab.sequences import TextGenerator

COUNT = 30_000
STREAMS = 500  # texts that a character model writes at a time
LETTERS = 48  # of a line, rather more than less

Sampler = Callable[[int], list[str]]


def by_chance(seed: int) -> list[str]:
    """Molecules of MOSES' atom types by chance alone."""
    space = ActionSpace(AtomTypes.from_names(PRESETS["moses"]))
    return [canonical_smiles(mol) for mol in sample_random(space, COUNT, seed, max_atoms=27)]


def write_lines(generator: TextGenerator, seed: int) -> list[str]:
    """The whole lines of texts that are long enough; valid or not."""
    length = COUNT * LETTERS // STREAMS
    texts = generator.generate("\n", length, num_samples=STREAMS, temperature=1.0, seed=seed)
    lines = [line for text in texts for line in text.split("\n")[:-1]]
    return lines[:COUNT]


def load(folder: Path) -> Sampler:
    """The sampler of a trained model of either kind."""
    path = folder / "model.safetensors"
    try:
        generator = MoleculeGenerator.load(path)
    except FileFormatError:
        return partial(write_lines, TextGenerator.load(path))
    return lambda seed: generator.sample(COUNT, seed=seed)


def judge(name: str, sample: Sampler, seeds: int, known: dict, train: list[str]) -> list[dict]:
    """A row per seed."""
    rows = []
    for seed in range(seeds):
        start = time.perf_counter()
        molecules = sample(seed)
        seconds = time.perf_counter() - start
        scores = evaluate(molecules, known, train, num_workers=torch.get_num_threads())
        rows.append({"model": name, "seed": seed, "molecules/s": COUNT / seconds} | scores)
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Writes means and deviations over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", metavar="NAME=FOLDER")
    parser.add_argument("--cache", type=Path, help="a folder for what is known of the references")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    samplers = {"chance": by_chance}
    for name, folder in (argument.split("=", 1) for argument in options.runs):
        samplers[name] = load(Path(folder))
    workers = torch.get_num_threads()
    known = {
        key: Reference.of(load_moses(part), num_workers=workers, cache=options.cache, name=key)
        for key, part in {"Test": "test", "TestSF": "test_scaffolds"}.items()
    }
    train = load_moses("train_90k")
    rows = [
        row
        for name, sample in samplers.items()
        for row in judge(name, sample, options.seeds, known, train)
    ]
    table = pd.DataFrame(rows).drop(columns="seed")
    groups = table.groupby("model", sort=False)
    mean, std = groups.mean(), groups.std().fillna(0)
    result = mean.apply(lambda c: c.map("{:.4g}".format)) + " ± " + std.map("{:.1g}".format)
    write(
        "molecules_generator",
        result.T.rename_axis("metric").reset_index(),
        f"{COUNT:,} molecules, {options.seeds} seeds of sampling; Novelty against the 90,000.",
    )


if __name__ == "__main__":
    main()
