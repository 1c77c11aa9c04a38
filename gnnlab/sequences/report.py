"""What a comparison leaves behind: two CSV files, a table in Markdown, and the figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gnnlab import plots

_MEASURES = {"validation_accuracy": "accuracy on validation", "loss": "training loss (nats)"}
# More points than this per curve only add noise to the picture.
_MAX_POINTS = 100


def write_report(
    folder: Path, title: str, results: pd.DataFrame, metrics: pd.DataFrame
) -> list[Path]:
    """Writes the tables and the figures of a comparison into ``folder``.

    The tables are ``results.csv``, ``metrics.csv``, ``curves.csv`` (the metrics as the figures show
    them) and ``table.md``. The figures are ``curves-<model>.png``, one line per length, and
    ``overlay.png``, one line per model and one panel per length: mean over the seeds, with a band
    of one standard deviation.

    Args:
        folder: An existing folder.
        title: The name of the task, for the headlines.
        results: One row per run, as :func:`~gnnlab.sequences.compare` returns it.
        metrics: One row per run and iteration.

    Returns:
        The paths of all files written.
    """
    curves = thin(metrics)
    tables = {"results.csv": results, "metrics.csv": metrics, "curves.csv": curves.round(6)}
    for name, table in tables.items():
        table.to_csv(folder / name, index=False)
    markdown = folder / "table.md"
    markdown.write_text(to_markdown(summarise(results)), encoding="utf-8")
    figures = [
        plots.learning_curves(
            part,
            folder / f"curves-{model}.png",
            measures=_MEASURES,
            group="length",
            title=f"{title}: {model}",
        )
        for model, part in curves.groupby("model", sort=False)
    ]
    overlay = plots.learning_curves(
        curves,
        folder / "overlay.png",
        measures=_MEASURES,
        group="model",
        panel="length",
        title=title,
    )
    return [*(folder / name for name in tables), markdown, *figures, overlay]


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over the seeds, one row per model and length.

    The iterations to reach 100 % are averaged over the runs that reached it; ``reached`` counts
    them. A standard deviation over one run is 0.

    Example:
        >>> results = pd.DataFrame({
        ...     "model": "lstm", "length": 5, "parameters": 10, "accuracy": [1.0, 0.9],
        ...     "iterations_to_100": [40.0, None]})
        >>> summarise(results)[["accuracy_mean", "runs", "reached"]].values.tolist()
        [[0.95, 2.0, 1.0]]
    """
    groups = results.groupby(["model", "length"], sort=False)
    summary = groups.agg(
        parameters=("parameters", "first"),
        accuracy_mean=("accuracy", "mean"),
        accuracy_std=("accuracy", "std"),
        iterations_mean=("iterations_to_100", "mean"),
        iterations_std=("iterations_to_100", "std"),
        reached=("iterations_to_100", "count"),
        runs=("accuracy", "size"),
    )
    is_single = summary["runs"] == 1
    summary.loc[is_single, "accuracy_std"] = 0.0
    summary.loc[summary["reached"] == 1, "iterations_std"] = 0.0
    return summary.reset_index().sort_values("length", kind="stable", ignore_index=True)


def to_readable(summary: pd.DataFrame) -> pd.DataFrame:
    """The summary as people read it: ``0.998 ± 0.001``, and a dash where 100 % was not reached."""
    return pd.DataFrame(
        {
            "length": summary["length"],
            "model": summary["model"],
            "parameters": summary["parameters"],
            "final accuracy": [
                f"{row.accuracy_mean:.4f} ± {row.accuracy_std:.4f}" for row in summary.itertuples()
            ],
            "iterations to 100 %": [
                f"{row.iterations_mean:.0f} ± {row.iterations_std:.0f}" if row.reached else "–"
                for row in summary.itertuples()
            ],
            "runs that reached it": [
                f"{row.reached} of {row.runs}" for row in summary.itertuples()
            ],
        }
    )


def to_markdown(summary: pd.DataFrame) -> str:
    """The summary as a Markdown table."""
    table = to_readable(summary)
    lines = [list(table.columns), ["---"] * table.shape[1], *table.astype(str).values.tolist()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def thin(metrics: pd.DataFrame) -> pd.DataFrame:
    """Averages each run over windows of iterations, narrow in the beginning and wide in the end.

    Example:
        >>> metrics = pd.DataFrame({"model": "gru", "length": 5, "seed": 0, "loss": 1.0,
        ...                         "iteration": range(1, 3001)})
        >>> thin(metrics)["iteration"].tolist()[:3], len(thin(metrics)) < 100
        ([1, 2, 3], True)
    """
    last = metrics["iteration"].max()
    edges = np.unique(np.geomspace(1, last, _MAX_POINTS).round().astype(int))
    window = edges[np.searchsorted(edges, metrics["iteration"])]
    keys = ["model", "length", "seed", "iteration"]
    return metrics.assign(iteration=window).groupby(keys, sort=False, as_index=False).mean()
