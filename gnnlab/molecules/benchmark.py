"""Property prediction on the benchmarks: graph networks beside their baselines, split by split."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from gnnlab.data.rows import RowsFile
from gnnlab.errors import InputError, MemoryLimitError, UnknownNameError
from gnnlab.molecules.baselines import BASELINES, Baseline
from gnnlab.molecules.descriptors import morgan_counts, rdkit_descriptors
from gnnlab.molecules.inputs import Inputs, prepare
from gnnlab.molecules.predictor import PropertyPredictor
from gnnlab.molecules.scores import SCORES, evaluate
from gnnlab.molecules.splits import Split, random_split, scaffold_split
from gnnlab.molecules.tasks import Benchmark, load_benchmark

#: Name -> what differs from the defaults of :class:`PropertyPredictor`.
PREDICTORS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "graph": {"descriptors": False, "fingerprints": False},
        "joint": {"ensemble_size": 3},
    }
)
#: The models that a benchmark can compare: baselines first.
MODELS = (*BASELINES, *PREDICTORS)
#: What tells one row of a benchmark from another.
KEY = ("model", "seed")


def run_benchmark(
    name: str,
    models: Sequence[str] = MODELS,
    seeds: int = 5,
    report: Callable[[str], None] = lambda line: None,
    rows: RowsFile | None = None,
) -> pd.DataFrame:
    """Fits every model on every split and judges it on the test rows.

    All models see the same rows: training and validation rows together to learn from (the graph
    networks make folds of their own among them, of whole scaffolds where the split is one by
    scaffold; the baselines have fixed settings), test rows to be judged by. A random split is drawn
    anew for each seed; a scaffold or published split is the same for all, and the seed is the
    model's only.

    Args:
        name: One of ``gnnlab.molecules.tasks.BENCHMARKS``.
        models: Some of ``MODELS``.
        seeds: Number of repetitions.
        report: Called with a line for each model and seed.
        rows: Where rows are kept as they come, by :data:`KEY`; what stands there is not run again.

    Returns:
        Rows of ``benchmark``, ``model``, ``seed``, ``score`` (its name), ``value``, ``cliff_value``
        (the same on activity cliffs, NaN where they are not known) and ``seconds`` of fitting and
        predicting. A model that cannot learn from so many molecules has NaN.

    Raises:
        UnknownNameError: If there is no such benchmark or model.
        InputError: If there are no seeds.
        DownloadError: If the data cannot be fetched.
    """
    for model in models:
        if model not in MODELS:
            raise UnknownNameError.of("model", model, MODELS)
    if not isinstance(seeds, int) or seeds < 1:
        raise InputError("at least one repetition is needed", where="seeds", value=seeds)
    rows = RowsFile(key=KEY) if rows is None else rows
    needed = [(seed, model) for seed in range(seeds) for model in models]
    needed = [(seed, model) for seed, model in needed if not rows.has(model, seed)]
    benchmark = load_benchmark(name)
    if not needed:
        return rows.table()
    models = {model for _, model in needed}
    inputs = prepare(
        benchmark.molecules.smiles,
        descriptors=bool({"boosting", "joint"} & models),
        fingerprints=bool({"random-forest", "svm", "joint"} & models),
    )
    for seed, model in needed:
        row = _run(benchmark, inputs, _split(benchmark, seed), model, seed)
        rows.append(row)
        report(f"{name} {model} seed {seed}: {row['value']:.3f}")
    return rows.table()


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """One row per benchmark and model: mean, deviation, and the lead over the best baseline.

    ``lead`` is the mean difference to the baseline with the best mean, positive if better, and
    ``standard_error`` that of the differences split by split (of the two means where there is only
    one split, so that seeds are no pairs).
    """
    rows = []
    for name, part in table.groupby("benchmark", sort=False):
        sign = 1 if SCORES[part["score"].iloc[0]].higher_is_better else -1
        values = part.pivot_table(index="seed", columns="model", values="value", dropna=False)
        baselines = sign * values[[m for m in BASELINES if m in values]].mean()
        best = baselines.idxmax() if baselines.notna().any() else None
        for model in part["model"].unique():
            mine = part[part["model"] == model]
            row = {
                "benchmark": name,
                "model": model,
                "score": part["score"].iloc[0],
                "mean": mine["value"].mean(),
                "std": mine["value"].std(),
                "cliff_mean": mine["cliff_value"].mean(),
                "seconds": mine["seconds"].mean(),
            }
            if best is not None:
                gain = sign * (values[model] - values[best])
                row["lead"] = gain.mean()
                row["standard_error"] = gain.std() / math.sqrt(len(gain))
            rows.append(row)
    return pd.DataFrame(rows)


def _split(benchmark: Benchmark, seed: int) -> Split:
    kind = benchmark.task.split
    if kind == "random":
        return random_split(benchmark.molecules, seed=seed)
    if kind == "scaffold":
        return scaffold_split(benchmark.molecules, mode="deterministic")
    return benchmark.split


def _run(benchmark: Benchmark, inputs: Inputs, split: Split, model: str, seed: int) -> dict:
    task, y = benchmark.task, benchmark.molecules.targets
    learn = np.concatenate([split.train, split.validation])
    start = time.perf_counter()
    try:
        folds = "scaffold" if task.split == "scaffold" else "random"
        predicted = _fit(model, task.task, folds, seed, inputs.take(learn), y[learn])(
            inputs.take(split.test)
        )
    except MemoryLimitError:  # a kernel of all pairs of very many molecules
        predicted = None
    row = {
        "benchmark": task.name,
        "model": model,
        "seed": seed,
        "score": task.score,
        "value": math.nan,
        "cliff_value": math.nan,
        "seconds": time.perf_counter() - start,
    }
    if predicted is not None:
        row["value"] = evaluate(task.score, y[split.test], predicted).value
        if benchmark.is_cliff is not None:
            cliff = benchmark.is_cliff[split.test]
            row["cliff_value"] = evaluate(task.score, y[split.test][cliff], predicted[cliff]).value
    return row


def _fit(
    model: str, task: str, folds: str, seed: int, inputs: Inputs, y: np.ndarray
) -> Callable[[Inputs], np.ndarray]:
    """Fits, and returns the function from molecules to predictions ``[B, T]``."""
    if model in PREDICTORS:
        predictor = PropertyPredictor(task, folds=folds, seed=seed, **PREDICTORS[model])
        predictor.fit(inputs, y, progress=False)
        return lambda test: predictor.estimate(test).mean
    baseline = Baseline(model, task, seed).fit(_features(model, inputs), y)
    return lambda test: baseline.predict(_features(model, test))


def _features(model: str, inputs: Inputs) -> np.ndarray:
    """What a baseline reads, computed before."""
    made = {morgan_counts: inputs.counts, rdkit_descriptors: inputs.descriptors}
    return made.get(BASELINES[model].features, np.zeros((len(inputs), 0)))
