"""A whole training, as a user asks for it: from a table of molecules to a folder of results."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from gnnlab.data import make_folder, write_file
from gnnlab.molecules.drawing import draw_grid
from gnnlab.molecules.generation.generator import MoleculeGenerator
from gnnlab.molecules.metrics import evaluate
from gnnlab.molecules.reading import Molecules
from gnnlab.molecules.writing import write_molecules

_DRAWN = 24
_REFERENCE = 2000  # training molecules that the samples are compared with


def train_generator(
    molecules: Molecules,
    generator: MoleculeGenerator,
    out: str | Path,
    *,
    num_samples: int = 1000,
    resume: bool = False,
    progress: bool | None = None,
) -> dict[str, object]:
    """Trains a generator, and shows what it makes.

    The folder gets ``model.safetensors``, ``metrics.csv`` and ``training.safetensors``, from which
    the training can be resumed; ``report.csv`` (which rows were not learned from, and why),
    ``samples.csv`` and ``samples.svg``, and ``summary.json``.

    Args:
        molecules: What `read_molecules` returns.
        generator: What to train.
        out: The folder, created if needed.
        num_samples: How many molecules to make in the end.
        resume: Go on with the training that stands in the folder.
        progress: Whether to show a progress bar; by default if the output is a terminal.

    Returns:
        The summary. Its ``scores`` are those of
        :func:`~gnnlab.molecules.metrics.evaluate` without the FCD and the filters, against some of
        the training molecules; ``Novelty`` is against all of them.

    Raises:
        InputError: If the folder cannot be made, or no molecule can be grown.
        TrainingError: If the loss is not finite.
    """
    out = make_folder(out)
    generator.fit(molecules.smiles, log_directory=out, resume=resume, progress=progress)
    left_out = [
        (int(molecules.rows[place]), molecules.smiles[place], error.what, False)
        for place, error in generator.errors_.items()
    ]
    found = pd.DataFrame(left_out, columns=["row", "smiles", "reason", "kept"])
    report = molecules.report.drop(columns="field")
    report = pd.concat([part for part in (report, found) if len(part)] or [found])
    write_file(
        out / "report.csv",
        report.sort_values("row", kind="stable").to_csv(index=False).encode(),
    )
    samples = generator.sample(num_samples, seed=generator.seed)
    write_molecules(out / "samples.csv", samples)
    draw_grid(samples[:_DRAWN], out / "samples.svg", num_columns=6)
    scores = evaluate(
        samples, molecules.smiles[:_REFERENCE], molecules.smiles, fcd=False, filters=False
    )
    summary = {
        "rows": molecules.num_rows,
        "molecules": len(molecules) - len(generator.errors_),
        "types": list(generator.space_.types.names),
        "most atoms": generator.max_atoms_,
        "parameters": generator.num_parameters_,
        "seconds": generator.history_.seconds,
        "temperature": generator.temperature_,
        "samples": num_samples,
        "scores": scores,
        "settings": generator.get_params(),
    }
    write_file(out / "summary.json", json.dumps(summary, indent=2).encode())
    return summary
