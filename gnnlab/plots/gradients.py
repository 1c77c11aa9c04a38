"""How gradients flow through time, and how the gates stand that let them through."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gnnlab.plots import style


def gradient_flow(
    table: pd.DataFrame, path: str | Path, *, norm: str = "norm", title: str = ""
) -> Path:
    r"""Draws the norm of :math:`\partial s_T / \partial s_{T-k}` against the lag k.

    One line per cell, one panel per stage; the line is the geometric mean over the runs and the
    band one standard deviation of the logarithm. A dotted line at 1 parts what vanishes from what
    explodes.

    Args:
        table: The columns ``cell``, ``stage``, ``lag`` and ``norm``, one row per run and lag.
            Norms that are zero are left out.
        path: The image file to write.
        norm: The column of the vertical axis, such as ``"hidden_norm"``.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty or lacks a column.

    Example:
        >>> table = pd.DataFrame({"cell": "rnn", "stage": "new", "lag": [0, 1], "norm": [1, 0.5]})
        >>> gradient_flow(table, getfixture("tmp_path") / "a.png").name
        'a.png'
    """
    style.check_columns(table, ["cell", "stage", "lag", norm])
    stages = table["stage"].unique()
    with matplotlib.rc_context(style.STYLE):
        size = (1.9 + 3.2 * len(stages), 3.2)
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(1, len(stages), squeeze=False, sharey=True)[0]
        for axes, stage in zip(panels, stages, strict=True):
            axes.axhline(1.0, color="#555555", linestyle=":", linewidth=1.2)
            part = table[table["stage"] == stage]
            for cell, (colour, dashes) in style.colours(table["cell"].unique()).items():
                runs = part.loc[part["cell"] == cell]
                _geometric_band(axes, runs.set_index("lag")[norm], colour, dashes, str(cell))
            axes.set(title=stage, xlabel="lag k")
            axes.xaxis.get_major_locator().set_params(integer=True)
        style.make_logarithmic(panels[0])
        panels[0].set_ylabel("norm of the Jacobian of the last state\nby the state k steps before")
        style.legend_beside(figure, panels[0], "")
        style.headline(figure, title)
        return style.save(figure, path)


def saturation(table: pd.DataFrame, path: str | Path, *, title: str = "") -> Path:
    """Draws how the activations of gates are spread between shut (0) and open (1).

    One row of panels per cell, one column per gate, one line per stage, each the mean over the
    runs. The grey ends, below 0.1 and above 0.9, are where a gate counts as saturated.

    Args:
        table: The columns ``cell``, ``stage``, ``gate``, ``activation`` (the middle of an equal
            part of the range from 0 to 1) and ``share``.
        path: The image file to write.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty or lacks a column.
    """
    style.check_columns(table, ["cell", "stage", "gate", "activation", "share"])
    gates = table.groupby("cell", sort=False)["gate"].unique()
    shape = (len(gates), max(map(len, gates)))
    edges = np.linspace(0, 1, table["activation"].nunique() + 1)
    with matplotlib.rc_context(style.STYLE):
        size = (1.9 + 2.0 * shape[1], 0.7 + 1.8 * shape[0])
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(*shape, squeeze=False, sharex=True, sharey=True)
        for row, (cell, names) in zip(grid, gates.items(), strict=True):
            row[0].set_ylabel("share")
            for axes in row[len(names) :]:
                axes.set_visible(False)
            for axes, gate in zip(row, names, strict=False):
                part = table[(table["cell"] == cell) & (table["gate"] == gate)]
                _histograms(axes, part, edges, table["stage"].unique())
                axes.set_title(f"{cell}: gate {gate}")
        for column in grid.T:
            lowest = [axes for axes in column if axes.get_visible()][-1]
            lowest.set_xlabel("activation")
            lowest.tick_params(labelbottom=True)
        style.legend_beside(figure, grid[0, 0], "")
        style.headline(figure, title)
        return style.save(figure, path)


def _geometric_band(axes: Axes, norms: pd.Series, colour: str, dashes: str, label: str) -> None:
    """Draws a line with a band from norms by lag."""
    # Means of the norms themselves would show the largest run alone.
    logarithms = np.log10(norms[norms > 0])
    if logarithms.empty:
        return
    summary = logarithms.groupby(level=0).agg(["mean", "std"]).fillna({"std": 0.0})
    low, high = summary["mean"] - summary["std"], summary["mean"] + summary["std"]
    axes.fill_between(summary.index, 10**low, 10**high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(summary.index, 10 ** summary["mean"], color=colour, linestyle=dashes, label=label)


def _histograms(axes: Axes, table: pd.DataFrame, edges: np.ndarray, stages: np.ndarray) -> None:
    """Draws a step line for each stage."""
    for end in ((0.0, 0.1), (0.9, 1.0)):
        axes.axvspan(*end, color="#EEEEEE", linewidth=0)
    for stage, (colour, dashes) in style.colours(stages).items():
        share = table[table["stage"] == stage].groupby("activation")["share"].mean()
        if len(share):
            axes.stairs(share, edges, color=colour, linestyle=dashes, linewidth=1.6, label=stage)
    axes.set_xlim(0, 1)
