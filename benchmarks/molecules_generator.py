"""Generators trained on 90,000 molecules of MOSES, judged by MOSES' metrics on 30,000 samples.

    gnnlab molecules train-generator --dataset moses --epochs 6 --out runs/graph
    python benchmarks/molecules_lstm.py runs/lstm
    python benchmarks/molecules_generator.py graph=runs/graph lstm=runs/lstm --cache FOLDER

Trainings take hours, so they are made by the command line; this samples with three seeds and
compares with both published test sets. A folder of a character model, such as `molecules_lstm.py`
trains, is one that has learned from the same molecules, one per line. `chance` is the name of
chance alone, under the same ledger of valences as the graph generator. Each is sampled at the
temperature at which 5,000 molecules are nearest, by FCD, to 30,000 of the training molecules. Rows
are kept in `results/molecules_generator`, a file for each name; the table shows all that stand
there. Seconds are those of making 30,000 molecules.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from measure import RESULTS, write

from gnnlab.errors import FileFormatError
from gnnlab.molecules import MoleculeGenerator, canonical_smiles
from gnnlab.molecules.generation import PRESETS, ActionSpace, AtomTypes, sample_random
from gnnlab.molecules.metrics import Reference, evaluate
from gnnlab.molecules.moses import load_moses
from gnnlab.sequences import TextGenerator

COUNT = 30_000
TRIED = 5_000
TEMPERATURES = (0.8, 0.9, 1.0)
STREAMS = 500  # texts that a character model writes at a time
LETTERS = 48  # of a line, rather more than less
FOLDER = RESULTS / "molecules_generator"

#: From how many, which temperature and which seed to rows.
Sampler = Callable[[int, float, int], list[str]]


def by_chance(count: int, temperature: float, seed: int) -> list[str]:
    """Molecules of MOSES' atom types by chance alone, whatever the temperature."""
    space = ActionSpace(AtomTypes.from_names(PRESETS["moses"]))
    return [canonical_smiles(mol) for mol in sample_random(space, count, seed, max_atoms=27)]


def load(name: str, folder: str) -> Sampler:
    """The sampler of a trained model of either kind."""
    if name == "chance":
        return by_chance
    path = Path(folder) / "model.safetensors"
    try:
        generator = MoleculeGenerator.load(path)
    except FileFormatError:
        writer = TextGenerator.load(path)

        def write_lines(count: int, temperature: float, seed: int) -> list[str]:
            """The whole lines of texts that are long enough; valid or not."""
            options = {"num_samples": STREAMS, "temperature": temperature, "seed": seed}
            texts = writer.generate("\n", count * LETTERS // STREAMS, **options)
            lines = [line for text in texts for line in text.split("\n")[:-1]]
            return lines[:count]

        return write_lines
    return lambda count, temperature, seed: generator.sample(
        count, temperature=temperature, seed=seed
    )


def choose_temperature(name: str, sample: Sampler, train: Reference) -> float:
    """The temperature at which molecules are nearest to those that were learned from."""
    distances = {}
    for temperature in TEMPERATURES if name != "chance" else (1.0,):
        scores = evaluate(sample(TRIED, temperature, 100), {"Train": train}, filters=False)
        distances[temperature] = scores["FCD/Train"]
        print(name, temperature, scores, flush=True)
    return min(distances, key=distances.get)


def judge(
    name: str, sample: Sampler, temperature: float, seeds: int, known: dict, train: list[str]
) -> pd.DataFrame:
    """A row per seed."""
    rows = []
    for seed in range(seeds):
        start = time.perf_counter()
        molecules = sample(COUNT, temperature, seed)
        seconds = time.perf_counter() - start
        scores = evaluate(molecules, known, train, num_workers=torch.get_num_threads())
        place = {"model": name, "seed": seed, "temperature": temperature}
        rows.append(place | {"molecules/s": COUNT / seconds} | scores)
        print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def main() -> None:
    """Writes rows by model and seed, and means and deviations over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--cache", type=Path, help="a folder for what is known of the references")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    places = (argument.partition("=")[::2] for argument in options.runs)
    samplers = {name: load(name, folder) for name, folder in places}
    train = load_moses("train_90k")
    parts = {"Train": train[:COUNT]}
    parts |= {"Test": load_moses("test"), "TestSF": load_moses("test_scaffolds")}
    shared = {"num_workers": torch.get_num_threads(), "cache": options.cache}
    known = {
        name: Reference.of(rows, **shared, properties=name != "TestSF", name=name)
        for name, rows in parts.items()
    }
    nearest = known.pop("Train")
    FOLDER.mkdir(exist_ok=True)
    for name, sample in samplers.items():
        temperature = choose_temperature(name, sample, nearest)
        table = judge(name, sample, temperature, options.seeds, known, train)
        table.to_csv(FOLDER / f"{name}.csv", index=False)
    table = pd.concat([pd.read_csv(path) for path in sorted(FOLDER.glob("*.csv"))])
    groups = table.drop(columns="seed").groupby("model", sort=False)
    mean, std = groups.mean(), groups.std().fillna(0)
    result = mean.apply(lambda c: c.map("{:.4g}".format)) + " ± " + std.map("{:.1g}".format)
    write(
        "molecules_generator",
        result.T.rename_axis("metric").reset_index(),
        f"{COUNT:,} molecules, {options.seeds} seeds of sampling; Novelty against the 90,000.",
    )


if __name__ == "__main__":
    main()
