"""Models side by side: error against the amount of data, and scores with their spread."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gnnlab.plots import style
from gnnlab.plots.curves import mean_and_band


def error_by_size(
    table: pd.DataFrame,
    path: str | Path,
    *,
    measure: str = "rmse",
    label: str = "error (RMSE)",
    title: str = "",
) -> Path:
    """Draws the error of each model against the number of training molecules, on logarithmic axes.

    The line is the mean over the seeds, the band one standard deviation.

    Args:
        table: The columns ``model``, ``size`` and the measure; one row per model, size and seed.
        path: The image file to write.
        measure: The column of the vertical axis.
        label: What the axis says, with its unit.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty or lacks a column.

    Example:
        >>> table = pd.DataFrame({"model": "gnn", "size": [50, 100, 200], "rmse": [1.9, 1.5, 1.1]})
        >>> error_by_size(table, getfixture("tmp_path") / "sizes.png").name
        'sizes.png'
    """
    style.check_columns(table, ["model", "size", measure])
    sizes = sorted(table["size"].unique())
    with matplotlib.rc_context(style.STYLE):
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        axes = figure.subplots()
        mean_and_band(axes, table, x="size", y=measure, group="model")
        style.make_logarithmic(axes)
        axes.set_xscale("log")
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.xaxis.minorticks_off()
        axes.set(xlabel="molecules to learn from", ylabel=label)
        style.legend_beside(figure, axes, "")
        style.headline(figure, title)
        return style.save(figure, path)


def scores_by_model(
    table: pd.DataFrame, path: str | Path, *, measures: Mapping[str, str], title: str = ""
) -> Path:
    """Draws the scores of models as points, with a bar of one standard deviation over the seeds.

    Models stand below each other in the order of the table, measures side by side. Every single
    seed is a small dot behind its mean.

    Args:
        table: The column ``model`` and those of the measures; one row per model and seed.
        path: The image file to write.
        measures: Column name of each measure with the label of its axis.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty or lacks a column.

    Example:
        >>> table = pd.DataFrame({"model": ["gcn", "gcn", "walks"], "mrr": [0.4, 0.5, 0.3]})
        >>> path = getfixture("tmp_path") / "scores.png"
        >>> scores_by_model(table, path, measures={"mrr": "mean reciprocal rank"}).name
        'scores.png'
    """
    style.check_columns(table, ["model", *measures])
    models = list(table["model"].unique())
    with matplotlib.rc_context(style.STYLE):
        size = (1.6 + 2.6 * len(measures), 1.2 + 0.36 * len(models))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(1, len(measures), squeeze=False, sharey=True)[0]
        for axes, (measure, label) in zip(panels, measures.items(), strict=True):
            _points(axes, table, measure)
            axes.set_xlabel(label)
        panels[0].set_yticks(range(len(models)), models)
        panels[0].invert_yaxis()
        style.headline(figure, title)
        return style.save(figure, path)


def _points(axes: Axes, table: pd.DataFrame, measure: str) -> None:
    for place, (model, (colour, _)) in enumerate(style.colours(table["model"].unique()).items()):
        values = table.loc[table["model"] == model, measure].dropna()
        axes.scatter(values, [place] * len(values), s=9, color=colour, alpha=0.35, linewidth=0)
        spread = values.std() if len(values) > 1 else 0.0
        axes.errorbar(values.mean(), place, xerr=spread, fmt="o", color=colour, capsize=3)
