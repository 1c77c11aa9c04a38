"""Whole runs, as a user asks for them: train on a table, predict for one, compare on benchmarks.

Legend: M good rows, T targets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from gnnlab.data import make_folder, write_file
from gnnlab.data.rows import RowsFile, to_csv
from gnnlab.errors import InputError, MemoryLimitError, UnknownNameError
from gnnlab.molecules.baselines import BASELINES, Baseline
from gnnlab.molecules.benchmark import KEY, MODELS, run_benchmark, summarise
from gnnlab.molecules.predictor import Estimate, PropertyPredictor
from gnnlab.molecules.reading import Molecules
from gnnlab.molecules.scores import evaluate
from gnnlab.molecules.splits import Split, random_split, scaffold_split
from gnnlab.molecules.tasks import BENCHMARKS

#: Ways to draw training, validation and test rows, by name.
SPLITS = {"random": random_split, "scaffold": scaffold_split}
#: What each task is judged by; the first must be defined, others may stay blank.
JUDGED_BY = {
    "regression": ("rmse", "mae", "r2"),
    "classification": ("roc-auc", "prc-auc", "accuracy"),
}


def guess_task(targets: np.ndarray) -> str:
    """``"classification"`` if all known values are 0 or 1, else ``"regression"``.

    Example:
        >>> guess_task(np.array([[0.0], [1.0], [np.nan]])), guess_task(np.array([[0.0], [0.5]]))
        ('classification', 'regression')
    """
    known = targets[~np.isnan(targets)]
    return "classification" if np.isin(known, (0, 1)).all() else "regression"


def train_on(
    molecules: Molecules,
    predictor: PropertyPredictor,
    out: str | Path,
    *,
    split: str = "random",
    report: Callable[[str], None] = lambda name: None,
    progress: bool | None = None,
) -> dict[str, object]:
    """Trains a predictor on nine tenths of the molecules and judges it on the last tenth.

    Rows without any value are left out. Training and validation rows of the split, nine tenths, are
    given to the predictor, which makes folds of its own among them, and to the baselines, whose
    settings are fixed; the test rows are for judging. All draws follow the predictor's seed.

    The folder gets ``model.safetensors`` (the predictor that was judged), ``report.csv`` (what was
    found wrong with rows), ``predictions.csv`` (of the test rows) and ``summary.json``.

    Args:
        molecules: What `read_molecules` returns, with targets.
        predictor: What to train.
        out: The folder, created if needed.
        split: One of :data:`SPLITS`.
        report: Called with the name of each baseline before it is fitted.
        progress: Whether to show a progress bar; by default if the output is a terminal.

    Returns:
        The summary. Its ``scores`` hold, for the ``predictor`` and each baseline, the scores of
        :data:`JUDGED_BY`; ``None`` where one is not defined, or for a baseline that cannot learn
        from so many molecules.

    Raises:
        UnknownNameError: If there is no such split or task.
        InputError: If the folder cannot be made, there are too few molecules, or the test rows do
            not define the score.
    """
    if split not in SPLITS:
        raise UnknownNameError.of("split", split, SPLITS)
    if predictor.task not in JUDGED_BY:
        raise UnknownNameError.of("task", predictor.task, JUDGED_BY)
    out = make_folder(out)
    molecules = leave_out_unlabelled(molecules)
    write_file(out / "report.csv", to_csv(molecules.report))
    parts = SPLITS[split](molecules, seed=predictor.seed)
    judge = _Judge(molecules, parts, predictor.task)
    # Costs nothing, and shows before the training whether the test rows define the score.
    scores = {"mean": judge.score_baseline("mean", predictor.seed)}
    estimate = judge.train(predictor, progress)
    predictor.save(out / "model.safetensors")
    table = _predictions(molecules, parts.test, estimate)
    write_file(out / "predictions.csv", to_csv(table))
    scores = {"predictor": judge.score(estimate.mean)} | scores
    for name in BASELINES:
        if name not in scores:
            report(name)
            scores[name] = judge.score_baseline(name, predictor.seed)
    summary = {
        "targets": molecules.columns,
        "rows": molecules.num_rows,
        "molecules": len(molecules),
        "split": split,
        **{f"{name}_rows": len(rows) for name, rows in parts._asdict().items()},
        "scores": scores,
        "parameters": predictor.num_parameters_,
        "seconds": sum(history.seconds for history in predictor.histories_),
        "settings": predictor.get_params(),
    }
    write_file(out / "summary.json", json.dumps(summary, indent=2).encode())
    return summary


def leave_out_unlabelled(molecules: Molecules) -> Molecules:
    """The molecules of which something is known; the others are added to the report.

    Example:
        >>> from gnnlab.molecules.reading import read_molecules
        >>> table = pd.DataFrame({"smiles": ["CO", "N", "CC"], "y": [1.5, None, 2.5]})
        >>> molecules = leave_out_unlabelled(read_molecules(table, "smiles", "y"))
        >>> molecules.smiles, molecules.report[["row", "reason"]].values.tolist()
        (['CO', 'CC'], [[1, 'no value to learn from']])
    """
    known = ~np.isnan(molecules.targets).all(axis=1)  # [M]
    places = np.flatnonzero(known)
    found = pd.DataFrame(
        {
            "row": molecules.rows[~known],
            "smiles": [molecules.smiles[place] for place in np.flatnonzero(~known)],
            "field": ", ".join(molecules.columns),
            "reason": "no value to learn from",
            "kept": False,
        }
    )
    report = pd.concat([part for part in (molecules.report, found) if len(part)] or [found])
    return replace(
        molecules,
        smiles=[molecules.smiles[place] for place in places],
        canonical=[molecules.canonical[place] for place in places],
        rows=molecules.rows[places],
        targets=molecules.targets[places],
        table=molecules.table.iloc[places],
        report=report.sort_values("row", kind="stable", ignore_index=True),
    )


def predict_table(predictor: PropertyPredictor, molecules: Molecules) -> pd.DataFrame:
    """Predictions for every row of a source, also the bad ones, in its order.

    Args:
        predictor: A fitted predictor.
        molecules: What `read_molecules` returns.

    Returns:
        The columns ``row``, ``smiles``, ``prediction`` (of classes: the probability of class 1),
        ``std`` and ``reason``; the two numbers are NaN where there is a reason. Of several
        targets ``prediction_NAME`` and ``std_NAME`` of each.

    Raises:
        NotFittedError: If the predictor was not fitted.

    Example:
        >>> from gnnlab.molecules.reading import read_molecules
        >>> predictor = PropertyPredictor(hidden_channels=8, epochs=2, descriptors=False)
        >>> predictor = predictor.fit(["C" * n for n in range(1, 13)], range(12))
        >>> predict_table(predictor, read_molecules(["CO", "Long John"]))["reason"].tolist()
        ['', 'whitespace inside']
    """
    estimate = predictor.estimate(molecules.smiles)
    smiles, reasons = pd.Series([""] * molecules.num_rows), molecules.reasons()
    refused = molecules.report[~molecules.report["kept"]]
    smiles[refused["row"]] = [s if isinstance(s, str) else "" for s in refused["smiles"]]
    for place, row in enumerate(molecules.rows):
        smiles[row] = molecules.smiles[place]
        reasons[row] = predictor.reasons_[place]
    expanded = Estimate(*map(molecules.expand, estimate))
    columns = {"row": range(molecules.num_rows), "smiles": smiles}
    columns |= _columns(expanded._asdict(), predictor.targets_)
    return pd.DataFrame(columns | {"reason": reasons})


def compare_on(
    names: Sequence[str],
    models: Sequence[str],
    seeds: int,
    out: str | Path,
    report: Callable[[str], None] = lambda line: None,
    resume: bool = False,
) -> pd.DataFrame:
    """Runs benchmarks one after the other; each leaves ``<name>.csv``, one row per model and seed.

    Rows are written as they come.

    Args:
        names: Some of :data:`~gnnlab.molecules.tasks.BENCHMARKS`.
        models: Some of :data:`~gnnlab.molecules.benchmark.MODELS`.
        seeds: Number of repetitions.
        out: The folder, created if needed.
        report: Called with a line for each model and seed.
        resume: Run only what does not stand in the folder yet.

    Returns:
        The table of :func:`~gnnlab.molecules.benchmark.summarise`, which is also written to
        ``summary.csv``.

    Raises:
        UnknownNameError: If there is no such benchmark or model; nothing is run then.
        InputError: If there are no seeds, or the folder cannot be made.
        FileFormatError: If a file to go on with is no such table.
        DownloadError: If the data cannot be fetched.
    """
    for kind, given, known in (("benchmark", names, BENCHMARKS), ("model", models, MODELS)):
        for name in given:
            if name not in known:
                raise UnknownNameError.of(kind, name, known)
    out = make_folder(out)
    tables = []
    for name in names:
        rows = RowsFile(out / f"{name}.csv", KEY, resume)
        tables.append(run_benchmark(name, models, seeds, report, rows))
    summary = summarise(pd.concat(tables, ignore_index=True))
    write_file(out / "summary.csv", to_csv(summary))
    return summary


class _Judge:
    """Fits and scores models on one split.

    Args:
        molecules: With a value in every row.
        split: Their rows.
        task: ``"regression"`` or ``"classification"``.
    """

    def __init__(self, molecules: Molecules, split: Split, task: str):
        self.task, self.columns = task, molecules.columns
        learn = np.concatenate([split.train, split.validation])
        self.learn = [molecules.smiles[place] for place in learn]
        self.test = [molecules.smiles[place] for place in split.test]
        self.y_learn, self.y_test = molecules.targets[learn], molecules.targets[split.test]

    def train(self, predictor: PropertyPredictor, progress: bool | None) -> Estimate:
        """Fits, and returns what is predicted for the test rows."""
        y = pd.DataFrame(self.y_learn, columns=self.columns)
        y = y.iloc[:, 0] if len(self.columns) == 1 else y
        return predictor.fit(self.learn, y, progress=progress).estimate(self.test)

    def score_baseline(self, name: str, seed: int) -> dict[str, float | None]:
        """Fits, predicts and scores."""
        baseline = Baseline(name, self.task, seed, n_jobs=torch.get_num_threads())
        try:
            predicted = baseline.fit(self.learn, self.y_learn).predict(self.test)
        except MemoryLimitError:  # a kernel of all pairs of very many molecules
            return dict.fromkeys(JUDGED_BY[self.task])
        return self.score(predicted)

    def score(self, predicted: np.ndarray) -> dict[str, float | None]:
        """The scores of predictions for the test rows."""
        first, *others = JUDGED_BY[self.task]
        values = {first: evaluate(first, self.y_test, predicted, self.columns).value}
        for name in others:
            try:
                values[name] = evaluate(name, self.y_test, predicted, self.columns).value
            except InputError:  # for example the share of a variance that is zero
                values[name] = None
        return values


def _predictions(molecules: Molecules, test: np.ndarray, estimate: Estimate) -> pd.DataFrame:
    """The test rows: what was measured, and what is predicted."""
    smiles = [molecules.smiles[place] for place in test]
    values = {"y": molecules.targets[test], **estimate._asdict()}
    columns = _columns(values, molecules.columns)
    return pd.DataFrame({"row": molecules.rows[test], "smiles": smiles} | columns)


def _columns(values: dict[str, np.ndarray], names: Sequence[str]) -> dict[str, np.ndarray]:
    """Columns of a table from ``[M]`` or ``[M, T]``; of several targets with their names."""
    called = {"mean": "prediction"}
    table = {}
    for place, target in enumerate(names):
        for kind, array in values.items():
            name = called.get(kind, kind)
            column = array.reshape(len(array), -1)[:, place]
            table[name if len(names) == 1 else f"{name}_{target}"] = column
    return table
