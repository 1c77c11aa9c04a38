"""Property prediction beside chemprop on the same random splits: error and seconds of a run.

    python benchmarks/molecules_chemprop.py CHEMPROP [--benchmark esol] [--seeds N]

CHEMPROP is the program ``chemprop`` of an environment that has it (``pip install torch==2.13.0
chemprop==2.3.1``). It runs at its defaults, on the same training, validation and test rows; its
validation rows choose its weights, ours are learned from, as each of our networks leaves out a
tenth of its own. Seconds are those of the whole command there, reading and starting included, and
of reading, learning and predicting here. Both sides take turns, with all cores.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measure import write

from gnnlab.molecules import PropertyPredictor, load_benchmark, random_split
from gnnlab.molecules.scores import evaluate
from gnnlab.molecules.splits import Split

OURS = {
    "gnnlab": {},
    "gnnlab, 3 networks": {"ensemble_size": 3},
    "gnnlab, graph alone": {"descriptors": False, "fingerprints": False},
}


def run_chemprop(program: str, smiles: list[str], y: np.ndarray, split: Split) -> tuple:
    """Root mean squared error on the test rows, and seconds."""
    part = np.empty(len(smiles), dtype=object)
    for name, rows in zip(("train", "val", "test"), split, strict=True):
        part[rows] = name
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.csv"
        pd.DataFrame({"smiles": smiles, "y": y, "part": part}).to_csv(data, index=False)
        command = [program, "train", "--data-path", data, "--task-type", "regression"]
        command += ["--smiles-columns", "smiles", "--target-columns", "y"]
        command += ["--splits-column", "part", "--output-dir", Path(folder) / "out"]
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds = time.perf_counter() - start
        (predictions,) = (Path(folder) / "out").rglob("test_predictions.csv")
        predicted = pd.read_csv(predictions).groupby("smiles")["y"].mean()  # some are there twice
        found = predicted.loc[[smiles[row] for row in split.test]].to_numpy()
    return evaluate("rmse", y[split.test], found).value, seconds


def run_gnnlab(smiles: list[str], y: np.ndarray, split: Split, settings: dict) -> tuple:
    """The same of our predictor."""
    learn = np.concatenate([split.train, split.validation])
    start = time.perf_counter()
    predictor = PropertyPredictor(**settings)
    predictor.fit([smiles[row] for row in learn], y[learn], progress=False)
    predicted = predictor.predict([smiles[row] for row in split.test])
    seconds = time.perf_counter() - start
    return evaluate("rmse", y[split.test], predicted).value, seconds


def main() -> None:
    """Writes a row per model: mean error, deviation, median seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chemprop", help="the program")
    parser.add_argument("--benchmark", default="esol")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    molecules = load_benchmark(options.benchmark).molecules
    smiles, y = molecules.smiles, molecules.targets[:, 0]
    rows = []
    for seed in range(options.seeds):
        split = random_split(molecules, seed=seed)
        sides = {"chemprop": lambda split=split: run_chemprop(options.chemprop, smiles, y, split)}
        for name, settings in OURS.items():
            sides[name] = lambda split=split, settings=settings | {"seed": seed}: run_gnnlab(
                smiles, y, split, settings
            )
        for name, run in sides.items():
            rows.append((name, seed, *run()))
            print(*rows[-1], flush=True)
    table = pd.DataFrame(rows, columns=["model", "seed", "rmse", "seconds"])
    groups = table.groupby("model", sort=False)
    result = groups.agg(rmse=("rmse", "mean"), std=("rmse", "std"), seconds=("seconds", "median"))
    result["times as fast"] = result.loc["chemprop", "seconds"] / result["seconds"]
    write(
        f"molecules_chemprop_{options.benchmark}",
        result.reset_index().round(3),
        f"{options.benchmark}, {options.seeds} random splits, {torch.get_num_threads()} threads.",
    )


if __name__ == "__main__":
    main()
