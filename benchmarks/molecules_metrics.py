"""Our metrics on the samples that MOSES' authors published, beside the numbers that they published.

    python benchmarks/molecules_metrics.py DATA/molecules/moses --cache FOLDER [--runs char_rnn_1]

The files of numbers were made by MOSES' first version, which compared properties by the Fréchet
distance of their means and variances; those rows are computed from our properties in that way here.
NP is no longer a metric of MOSES, and Novelty needs all 1.58 million training molecules: both are
left out.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from measure import write
from rich.progress import Progress

from gnnlab.molecules.metrics import PROPERTIES, Reference, evaluate
from gnnlab.molecules.metrics.profile import Profile
from gnnlab.molecules.moses import load_moses

RUNS = tuple(f"{model}_{number}" for model in ("char_rnn", "vae") for number in (1, 2, 3))
REFERENCES = {"Test": "test", "TestSF": "test_scaffolds"}
BOUNDS = {"FCD": 0.02}  # of the difference to the published number, as a share of it
BOUND = 1e-3


def read_samples(folder: Path, run: str) -> list[str]:
    """The generated SMILES of a run."""
    lines = gzip.decompress((folder / f"{run}.csv.gz").read_bytes()).decode().splitlines()
    return lines[1:]


def read_published(folder: Path, run: str) -> dict[str, float]:
    """The numbers of a run by the names of MOSES."""
    with (folder / f"metrics_{run}.csv").open(encoding="utf-8") as file:
        return {name: float(number) for name, number in csv.reader(file)}


def old_distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The Fréchet distance of one property, from means and variances."""
    return (ours.mean() - theirs.mean()) ** 2 + (ours.std() - theirs.std()) ** 2


def show(bars: Progress, tasks: dict, step: str, done: int, total: int) -> None:
    """Moves the bar of a step."""
    if step not in tasks:
        tasks[step] = bars.add_task(step, total=total)
    bars.update(tasks[step], completed=done)


def compare(
    folder: Path, run: str, references: dict[str, Reference], options: argparse.Namespace
) -> list[dict[str, object]]:
    """A row for each number that was published and can be computed."""
    generated, published = read_samples(folder, run), read_published(folder, run)
    start = time.perf_counter()
    with Progress(disable=options.quiet) as bars:
        ours = evaluate(
            generated,
            references,
            fcd=options.fcd,
            num_workers=options.workers,
            progress=partial(show, bars, {}),
        )
    seconds = time.perf_counter() - start
    print(f"{run}: {seconds:.0f} s")
    properties = Profile.of(generated, num_workers=options.workers).properties
    test = next(iter(references.values())).profile.properties
    for column, name in enumerate(PROPERTIES):
        ours[name] = old_distance(properties[:, column], test[:, column])
    rows = []
    for name in (name for name in published if name in ours):
        bound = BOUNDS.get(name.partition("/")[0], BOUND)
        difference = abs(ours[name] / published[name] - 1)
        rows.append({
            "run": run,
            "metric": f"{name} (old distance)" if name in PROPERTIES else name,
            "published": f"{published[name]:.6g}",
            "ours": f"{ours[name]:.6g}",
            "relative difference": f"{difference:.1e}",
            "bound": bound,
            "within": difference <= bound,
            "seconds": round(seconds),
        })  # fmt: skip
    return rows


def main() -> None:
    """Writes a row per run and metric."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="with the splits and baseline_samples/")
    parser.add_argument("--cache", type=Path, help="a folder for what is known of the references")
    parser.add_argument("--runs", nargs="+", default=RUNS, choices=RUNS)
    parser.add_argument("--references", nargs="+", default=[*REFERENCES], choices=REFERENCES)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-fcd", dest="fcd", action="store_false")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    options = parser.parse_args()
    references = {}
    for name in options.references:
        start = time.perf_counter()
        with Progress(disable=options.quiet) as bars:
            references[name] = Reference.of(
                load_moses(REFERENCES[name]),
                fcd=options.fcd,
                properties=name == options.references[0],
                num_workers=options.workers,
                cache=options.cache,
                progress=partial(show, bars, {}),
                name=name,
            )
        print(f"reference {name}: {time.perf_counter() - start:.0f} s")
    folder = options.folder / "baseline_samples"
    rows = [row for run in options.runs for row in compare(folder, run, references, options)]
    write(
        "molecules_metrics",
        pd.DataFrame(rows),
        "Published: MOSES' own numbers for its own samples. Old distance: as the published files "
        "have it, by means and variances; `evaluate` gives the Wasserstein distance of today's "
        "MOSES. Left out: NP, which MOSES has given up, and Novelty, which needs all 1.58 million "
        "training molecules. Seconds: one call of `evaluate`, references known.",
    )


if __name__ == "__main__":
    main()
