"""Lines with bands: what is learned, and how it spreads over the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gnnlab.plots import style


def learning_curves(
    table: pd.DataFrame,
    path: str | Path,
    *,
    measures: Mapping[str, str],
    group: str,
    panel: str | None = None,
    x: str = "iteration",
    title: str = "",
) -> Path:
    """Draws the mean over seeds as a line and the standard deviation as a band.

    One row of panels per measure and one column per value of ``panel``; without ``panel`` the
    measures stand side by side. One line per value of ``group``. Measures with ``accuracy`` in
    their name share the range 0 to 1, all others and ``x`` are drawn on logarithmic axes.

    Args:
        table: One row per run and point on the ``x`` axis; missing values are left out.
        path: The image file to write.
        measures: Column name of each measure with the label of its axis.
        group: The column whose values become lines.
        panel: The column whose values become columns of panels.
        x: The column of the horizontal axis.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty or lacks a column.

    Example:
        >>> table = pd.DataFrame({"iteration": [1, 2, 1, 2], "length": 5, "loss": [2, 1, 3, 1.5]})
        >>> folder = getfixture("tmp_path")
        >>> learning_curves(table, folder / "a.png", measures={"loss": "loss"}, group="length").name
        'a.png'
    """
    style.check_columns(table, [x, group, *measures, *([panel] if panel else [])])
    panels = sorted(table[panel].unique()) if panel else [None]
    groups = table[group].unique()
    shape = (len(measures), len(panels)) if panel else (1, len(measures))
    with matplotlib.rc_context(style.STYLE):
        size = (1.7 + 2.7 * shape[1], 0.7 + 2.3 * shape[0])
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(*shape, squeeze=False, sharex=True, sharey="row" if panel else False)
        rows = grid if panel else grid.T
        for row, (measure, label) in zip(rows, measures.items(), strict=True):
            for axes, value in zip(row, panels, strict=True):
                part = table if panel is None else table[table[panel] == value]
                mean_and_band(axes, part, x=x, y=measure, group=group, groups=groups)
                if "accuracy" not in measure:
                    style.make_logarithmic(axes)
            row[0].set_ylabel(label)
        if panel:
            for axes, value in zip(grid[0], panels, strict=True):
                axes.set_title(f"{panel} {value}")
        # Most happens in the beginning; the rest of a long training is the same twice over.
        grid[0, 0].set_xscale("log")
        for axes in grid[-1]:
            axes.set_xlabel(x)
            axes.xaxis.set_major_formatter("{x:,.0f}")
        style.legend_beside(figure, grid[0, 0], group)
        style.headline(figure, title)
        return style.save(figure, path)


def mean_and_band(
    axes: Axes, table: pd.DataFrame, *, x: str, y: str, group: str, groups: Sequence | None = None
) -> None:
    """Draws, for each value of ``group``, the mean of ``y`` over the runs and a band of one std.

    Args:
        axes: Where to draw.
        table: Tidy data with the columns ``x``, ``y`` and ``group``.
        x: Column of the horizontal axis.
        y: Column of the vertical axis.
        group: Column whose values become lines.
        groups: All groups that get a colour, also those that this table lacks, so that panels of
            one figure agree.
    """
    groups = table[group].unique() if groups is None else groups
    is_share = "accuracy" in y
    for value, (colour, dashes) in style.colours(groups).items():
        runs = table.loc[table[group] == value, [x, y]].dropna()
        if runs.empty:
            continue
        summary = runs.groupby(x)[y].agg(["mean", "std"]).fillna({"std": 0.0})
        mean, std = summary["mean"], summary["std"]
        # On a logarithmic axis a band below zero would tear the picture.
        low = (mean - std).clip(lower=0.0 if is_share else mean.min() * 0.5)
        high = (mean + std).clip(upper=1.0 if is_share else None)
        axes.fill_between(summary.index, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(summary.index, mean, color=colour, linestyle=dashes, label=str(value))
    if is_share:
        axes.set_ylim(-0.02, 1.04)
