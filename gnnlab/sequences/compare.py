"""Cells against each other on one task: plan the runs, train them, write what came out."""

from __future__ import annotations

import json
import os
import platform
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from gnnlab import __version__, plots
from gnnlab.data import make_folder, write_file
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.sequences.report import write_report
from gnnlab.sequences.runs import MODELS, NUM_TEST, Run, run_all
from gnnlab.sequences.tasks import TASKS, make_task

#: The cells of the grid.
GRID_CELLS = ("lstm", "bilstm", "gru", "peephole", "rnn", "mingru")
#: Two sizes of each task, for the grid of all cells and tasks.
GRID_SIZES = {"random-combinations": (5, 15), "baum-sweet": (4, 6), "binary-palindrome": (10, 20)}


@dataclass(frozen=True)
class Comparison:
    """What came out of a comparison.

    Attributes:
        results: One row per run.
        metrics: One row per run and iteration.
        files: All files written.
    """

    results: pd.DataFrame
    metrics: pd.DataFrame
    files: list[Path]


def compare(
    task: str = "random-combinations",
    models: Sequence[str] = ("lstm", "bilstm"),
    lengths: Sequence[int] | None = None,
    seeds: int = 3,
    *,
    out: str | Path,
    processes: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    **settings,
) -> Comparison:
    """Trains every model on every length with every seed and writes tables and figures.

    Runs that ``out`` already holds with the same settings are not repeated.

    Args:
        task: Name of the task.
        models: Names of cells, and ``"lstm-matched"`` for an LSTM with as many parameters as the
            bidirectional one, the fair control for it.
        lengths: Sizes of the task; those of the reported experiment when left out.
        seeds: How many seeds: 0, 1, ...
        out: Folder for the results, made if it is missing.
        processes: How many runs go on at the same time, one thread each.
        progress: Called with the numbers of finished runs and of all runs.
        **settings: Fields of :class:`~gnnlab.sequences.runs.Run` that replace the defaults of the
            task, such as ``iterations``; ``None`` keeps the default.

    Raises:
        InputError: For an unknown task or model, an impossible length, number or folder.
    """
    if processes < 1:
        raise InputError("at least one is needed", where="processes", value=processes)
    runs = plan_runs(task, models, lengths, seeds, **settings)
    folder = make_folder(out)
    records = run_all(runs, make_folder(folder / "runs"), processes, progress)
    results = pd.DataFrame([record["settings"] | record["result"] for record in records])
    results = results.astype({"iterations_to_100": float})  # None, where it was not reached, is NaN
    metrics = pd.concat([_metrics(record) for record in records], ignore_index=True)
    write_file(folder / "run.json", json.dumps(_origin(runs), indent=2).encode())
    files = write_report(folder, task.replace("-", " "), results, metrics)
    return Comparison(results, metrics, [folder / "run.json", *files])


def plan_runs(
    task: str, models: Sequence[str], lengths: Sequence[int] | None, seeds: int, **settings
) -> list[Run]:
    """The runs of a comparison, checked before the first one starts.

    Example:
        >>> runs = plan_runs("random-combinations", ["lstm", "bilstm"], [5], seeds=2, iterations=9)
        >>> [(run.model, run.seed) for run in runs]
        [('lstm', 0), ('lstm', 1), ('bilstm', 0), ('bilstm', 1)]
    """
    if task not in TASKS:
        raise UnknownNameError.of("task", task, TASKS)
    lengths = TASKS[task].reported_sizes if lengths is None else lengths
    for model in models:
        if model not in MODELS:
            raise UnknownNameError.of("model", model, MODELS)
    for name, number in (("models", len(models)), ("lengths", len(lengths)), ("seeds", seeds)):
        if number < 1:
            raise InputError("at least one is needed", where=name, value=number)
    given = {name: value for name, value in settings.items() if value is not None}
    known = [field.name for field in fields(Run)]
    for name in given:
        if name not in known:
            raise UnknownNameError.of("setting", name, known)
    runs = []
    for length in dict.fromkeys(lengths):
        defaults = make_task(task, length).defaults
        for model in dict.fromkeys(models):
            for seed in range(seeds):
                runs.append(Run(task, length, model, seed, **(defaults | given)))
    return runs


def grid(
    out: str | Path,
    sizes: Mapping[str, Sequence[int]] = GRID_SIZES,
    models: Sequence[str] = GRID_CELLS,
    seeds: int = 1,
    **options,
) -> pd.DataFrame:
    """Every cell on every task: one comparison per task, and one figure over all.

    Args:
        out: Folder for the results, with one folder per task.
        sizes: The lengths of each task.
        models: Names of cells.
        seeds: How many seeds: 0, 1, ...
        **options: Further arguments of :func:`compare`.

    Returns:
        The results of all runs, which are also in ``results.csv``; ``grid.png`` shows the means.
    """
    folder = make_folder(out)
    results = pd.concat(
        [
            compare(task, models, lengths, seeds, out=folder / task, **options).results
            for task, lengths in sizes.items()
        ],
        ignore_index=True,
    )
    results.to_csv(folder / "results.csv", index=False)
    task = (results["task"].str.replace("-", "\n") + "\n" + results["length"].astype(str)).rename(
        "task"
    )
    means = results.assign(task=task).pivot_table("accuracy", "model", "task", sort=False)
    plots.heat_map(
        means.loc[list(dict.fromkeys(models))],
        folder / "grid.png",
        label=f"accuracy on {NUM_TEST:,} fresh samples",
        title="Cells and tasks",
        limits=(0.0, 1.0),
    )
    return results


def _metrics(record: dict) -> pd.DataFrame:
    """The history of one run with the names of the run in front."""
    table = pd.DataFrame(record["history"])
    for place, name in enumerate(("model", "length", "seed")):
        table.insert(place, name, record["settings"][name])
    return table


def _origin(runs: Sequence[Run]) -> dict:
    """How to repeat the comparison, and what it ran on, without any name of a place or machine."""
    first = runs[0]
    models = dict.fromkeys(run.model for run in runs)
    lengths = dict.fromkeys(str(run.length) for run in runs)
    seeds = len({run.seed for run in runs})
    words = ["gnnlab", "sequences", "compare", "--task", first.task, "--models", *models]
    words += ["--lengths", *lengths, "--seeds", str(seeds)]
    words += ["--iterations", str(first.iterations), "--hidden-size", str(first.hidden_size)]
    words += ["--inputs", first.inputs, "--evaluate-every", str(first.evaluate_every)]
    words += ["--out", "DIR"]
    packages = ("torch", "torch-geometric", "lightning", "numpy")
    return {
        "command": shlex.join(words),
        "versions": {
            "gnnlab": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in packages},
        },
        "machine": {
            "system": platform.system(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "threads_per_run": 1,
        },
        "runs": [asdict(run) for run in runs],
    }
