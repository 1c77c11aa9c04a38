"""How well scores tell connections from other pairs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gnnlab.plots import style


def detection_curves(table: pd.DataFrame, path: str | Path, *, title: str = "") -> Path:
    """Draws how well scores tell positives from negatives, one panel per kind of curve.

    Args:
        table: The columns ``curve``, ``scorer``, ``x`` and ``y``; each curve is called as its two
            axes, such as ``"recall, precision"``.
        path: The image file to write.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty or lacks a column.
    """
    style.check_columns(table, ["curve", "scorer", "x", "y"])
    curves = table["curve"].unique()
    with matplotlib.rc_context(style.STYLE):
        size = (1.9 + 3.2 * len(curves), 3.4)
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(1, len(curves), squeeze=False)[0]
        for axes, curve in zip(panels, curves, strict=True):
            for scorer, (colour, dashes) in style.colours(table["scorer"].unique()).items():
                part = table[(table["curve"] == curve) & (table["scorer"] == scorer)]
                axes.plot(part["x"], part["y"], color=colour, linestyle=dashes, label=scorer)
            axes.set(**dict(zip(("xlabel", "ylabel"), curve.split(", "), strict=True)))
            axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
        style.legend_beside(figure, axes, "")
        style.headline(figure, title)
        return style.save(figure, path)


def reliability(table: pd.DataFrame, path: str | Path, *, error: float, title: str = "") -> Path:
    """Draws how often what is said to be likely comes true; on the diagonal it is as often as said.

    Args:
        table: The columns ``probability`` (the mean of each bin), ``share`` (of the positives in
            it) and ``weight`` (its part of all pairs, the area of its point).
        path: The image file to write.
        error: The expected calibration error, which is written into the picture.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty or lacks a column.
    """
    style.check_columns(table, ["probability", "share", "weight"])
    with matplotlib.rc_context(style.STYLE):
        figure = Figure(figsize=(4.4, 4.0), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="#555555", linestyle=":", linewidth=1.2)
        axes.plot(table["probability"], table["share"], color=style.PALETTE[0], linewidth=1.0)
        points = {"s": 15 + 500 * table["weight"], "color": style.PALETTE[0], "alpha": 0.75}
        axes.scatter(table["probability"], table["share"], linewidth=0, **points)
        axes.text(0.98, 0.03, f"expected calibration error {error:.3f}", ha="right")
        axes.set(xlabel="predicted probability", ylabel="share that is connected")
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
        style.headline(figure, title)
        return style.save(figure, path)


def rank_histogram(ranks: Mapping[str, np.ndarray], path: str | Path, *, title: str = "") -> Path:
    """Draws at which ranks positives come out among their negatives, one step line per scorer.

    Args:
        ranks: The ranks ``[P]``, from 1, by name of the scorer.
        path: The image file to write.
        title: The headline of the figure.
    """
    highest = max(values.max() for values in ranks.values())
    bins = np.array([1, *(m * 10**e for e in range(9) for m in (2, 5, 10))])
    bins = bins[: np.searchsorted(bins, highest, side="right") + 1]
    with matplotlib.rc_context(style.STYLE):
        figure = Figure(figsize=(6.2, 3.4), layout="constrained")
        axes = figure.subplots()
        for name, (colour, dashes) in style.colours(ranks).items():
            share = np.histogram(ranks[name], bins)[0] / len(ranks[name])
            axes.stairs(share, bins, color=colour, linestyle=dashes, linewidth=1.6, label=name)
        axes.set(xscale="log", xlabel="rank among the negatives", ylabel="share of the positives")
        axes.set_xticks(bins, [f"{edge:,.0f}" for edge in bins])
        axes.minorticks_off()
        style.legend_beside(figure, axes, "")
        style.headline(figure, title)
        return style.save(figure, path)
