"""Recurrent and graph networks against each other on the same data."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gnnlab.plots import style
from gnnlab.plots.curves import mean_and_band


def accuracy_by_length(table: pd.DataFrame, path: str | Path, *, title: str = "") -> Path:
    """Draws the accuracy against the depth of the networks, one panel per length of the sequences.

    One line per network: the mean over the seeds, with a band of one standard deviation; a network
    of one depth is a point. A dashed upright line marks the depth from which the last node can
    know of the first one, a dotted line the highest accuracy that is possible with what is seen.

    Args:
        table: The columns ``model``, ``length``, ``depth``, ``accuracy`` and ``best``.
        path: The image file to write.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty or lacks a column.

    Example:
        >>> table = pd.DataFrame({"depth": [1, 2], "accuracy": [0.5, 0.9], "best": [0.5, 1.0]})
        >>> table = table.assign(model="gcn", length=3)
        >>> accuracy_by_length(table, getfixture("tmp_path") / "a.png").name
        'a.png'
    """
    style.check_columns(table, ["model", "length", "depth", "accuracy", "best"])
    lengths = sorted(table["length"].unique())
    models = table["model"].unique()
    with matplotlib.rc_context(style.STYLE):
        figure = Figure(figsize=(1.7 + 2.5 * len(lengths), 3.0), layout="constrained")
        panels = figure.subplots(1, len(lengths), squeeze=False, sharey=True)[0]
        for axes, length in zip(panels, lengths, strict=True):
            part = table[table["length"] == length]
            best = part.groupby("depth")["best"].first()
            axes.plot(best.index, best, color="#555555", linestyle=":", linewidth=1.2)
            axes.axvline(length - 1, color="#999999", linestyle="--", linewidth=1.0)
            mean_and_band(axes, part, x="depth", y="accuracy", group="model", groups=models)
            _mark_means(axes, models)
            axes.set(title=f"{length} steps", xlabel="updates")
            axes.xaxis.get_major_locator().set_params(integer=True)
        panels[0].set_ylabel("accuracy")
        style.legend_beside(figure, panels[0], "")
        style.headline(figure, title)
        return style.save(figure, path)


def order_sensitivity(table: pd.DataFrame, path: str | Path, *, title: str = "") -> Path:
    """Draws what permutations do to the accuracy and to the answers of networks.

    The upper panels show the accuracy, the lower ones the largest change of an answer on a
    logarithmic axis; one column of panels per task, one group of bars per network, one bar per kind
    of permutation, with the standard deviation over the seeds.

    Args:
        table: The columns ``task``, ``model``, ``permuted``, ``accuracy`` and ``deviation``.
        path: The image file to write.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty or lacks a column.
    """
    style.check_columns(table, ["task", "model", "permuted", "accuracy", "deviation"])
    tasks = table["task"].unique()
    labels = {"accuracy": "accuracy", "deviation": "largest change\nof an answer"}
    with matplotlib.rc_context(style.STYLE | {"axes.grid.axis": "y"}):
        figure = Figure(figsize=(1.9 + 3.6 * len(tasks), 4.6), layout="constrained")
        grid = figure.subplots(2, len(tasks), squeeze=False, sharex="col", sharey="row")
        for column, task in zip(grid.T, tasks, strict=True):
            for axes, measure in zip(column, labels, strict=True):
                _bars(axes, table[table["task"] == task], measure, table["permuted"].unique())
            column[0].set_title(task)
        for axes, label in zip(grid[:, 0], labels.values(), strict=True):
            axes.set_ylabel(label)
        grid[0, 0].set_ylim(0, 1.04)
        grid[1, 0].set_yscale("log")
        style.legend_beside(figure, grid[0, 0], "permuted")
        style.headline(figure, title)
        return style.save(figure, path)


def _mark_means(axes: Axes, models: np.ndarray) -> None:
    """A mark at every mean, so that a network of one depth, which has no line, is seen."""
    marks = dict(zip(map(str, models), cycle("osD^vP"), strict=False))
    for line in axes.lines:
        if line.get_label() in marks:
            # Hollow, because networks that learn everything lie on top of each other.
            line.set(marker=marks[line.get_label()], markersize=6, markerfacecolor="none")


def _bars(axes: Axes, table: pd.DataFrame, measure: str, kinds: np.ndarray) -> None:
    """Groups of bars, one per network; on a logarithmic axis no change at all has no bar."""
    models = table["model"].unique()
    width = 0.8 / len(kinds)
    for number, (kind, (colour, _)) in enumerate(style.colours(kinds).items()):
        runs = table[table["permuted"] == kind].groupby("model")[measure]
        mean, std = runs.mean().reindex(models), runs.std().reindex(models).fillna(0.0)
        if measure == "deviation":
            mean = mean.where(mean > 0)
        place = np.arange(len(models)) + (number - (len(kinds) - 1) / 2) * width
        axes.bar(place, mean, width, yerr=std, color=colour, ecolor="#555555", label=kind)
    axes.set_xticks(range(len(models)), [name.replace(", ", ",\n") for name in models])
