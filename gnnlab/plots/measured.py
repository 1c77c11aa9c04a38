"""What products with an adjacency cost: time, memory, and the limit of the machine."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gnnlab.plots import style


def crossover(table: pd.DataFrame, path: str | Path, *, title: str = "") -> Path:
    """Draws the density from which a dense adjacency is faster, measured beside predicted.

    Args:
        table: The columns ``N``, ``F``, ``measured`` and ``predicted``; a missing density is left
            out. One colour per F.
        path: The image file to write.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty or lacks a column.
    """
    style.check_columns(table, ["N", "F", "measured", "predicted"])
    with matplotlib.rc_context(style.STYLE):
        figure = Figure(figsize=(6.2, 3.6), layout="constrained")
        axes = figure.subplots()
        for features, (colour, _) in style.colours(table["F"].unique()).items():
            part = table[table["F"] == features].sort_values("N")
            measured, predicted = (
                part[["N", name]].dropna().to_numpy().T for name in ("measured", "predicted")
            )
            axes.plot(*measured, color=colour, marker="o", markersize=4, label=f"F = {features}")
            axes.plot(*predicted, color=colour, linestyle="--", linewidth=1.1)
            band = (predicted[1] / 1.5, predicted[1] * 1.5)
            axes.fill_between(predicted[0], *band, color=colour, alpha=0.10, linewidth=0)
        grey = {"color": "#555555"}
        axes.plot([], [], marker="o", markersize=4, label="measured", **grey)
        axes.plot([], [], linestyle="--", linewidth=1.1, label="predicted", **grey)
        axes.fill_between([], [], [], alpha=0.15, linewidth=0, label="within 1.5 times", **grey)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("nodes N")
        axes.set_ylabel("density at which both take as long")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")
        axes.text(0.98, 0.97, "dense is faster", transform=axes.transAxes, ha="right", va="top")
        axes.text(0.02, 0.03, "sparse is faster", transform=axes.transAxes)
        style.legend_beside(figure, axes, "")
        style.headline(figure, title)
        return style.save(figure, path)


def memory_growth(
    table: pd.DataFrame, path: str | Path, *, limit: float, quadratic: str, title: str = ""
) -> Path:
    """Draws memory against the number of nodes, and where a dense adjacency no longer fits.

    Args:
        table: The columns ``N``, ``contender`` and ``bytes``.
        path: The image file to write.
        limit: The bytes of memory that the machine has.
        quadratic: The contender that grows with N²; its line goes on, dotted, to the limit.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty or lacks a column.
    """
    style.check_columns(table, ["N", "contender", "bytes"])
    with matplotlib.rc_context(style.STYLE):
        figure = Figure(figsize=(6.6, 3.6), layout="constrained")
        axes = figure.subplots()
        for name, (colour, _) in style.colours(table["contender"].unique()).items():
            part = table[(table["contender"] == name) & (table["bytes"] > 0)].sort_values("N")
            line = {"color": colour, "marker": "o", "markersize": 3.5, "label": name}
            axes.plot(part["N"], part["bytes"] / 2**30, **line)
            if name == quadratic and len(part):
                last, used = part["N"].iloc[-1], part["bytes"].iloc[-1]
                most = last * (limit / used) ** 0.5
                axes.plot([last, most], [used / 2**30, limit / 2**30], color=colour, linestyle=":")
                words = f"{quadratic}: no more from N = {most:,.0f}"
                axes.text(most, limit / 2**30 * 1.2, words, ha="center", color=colour)
        axes.axhline(limit / 2**30, color="#555555", linewidth=1.0)
        axes.text(table["N"].min(), limit / 2**30 * 0.8, "memory of this machine", va="top")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("nodes N")
        axes.set_ylabel("peak memory (GiB)")
        axes.set_ylim(top=limit / 2**30 * 4)
        style.legend_beside(figure, axes, "")
        style.headline(figure, title)
        return style.save(figure, path)


def roofline(
    table: pd.DataFrame, path: str | Path, *, bandwidth: float, flop_rate: float, title: str = ""
) -> Path:
    """Draws the throughput of contenders below what memory and arithmetic allow.

    Args:
        table: The columns ``contender``, ``flop``, ``traffic [B]`` and ``seconds``.
        path: The image file to write.
        bandwidth: Bytes per second of the machine.
        flop_rate: Floating-point operations per second of the machine.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty or lacks a column.
    """
    style.check_columns(table, ["contender", "flop", "traffic [B]", "seconds"])
    intensity = table["flop"] / table["traffic [B]"]
    throughput = table["flop"] / table["seconds"] / 1e9
    with matplotlib.rc_context(style.STYLE):
        figure = Figure(figsize=(6.6, 4.0), layout="constrained")
        axes = figure.subplots()
        ridge = flop_rate / bandwidth
        bends = np.array([min(intensity.min(), ridge) / 2, ridge, max(intensity.max(), ridge) * 2])
        roof = np.minimum(bends * bandwidth, flop_rate) / 1e9
        axes.plot(bends, roof, color="#333333", linewidth=1.4)
        rates = f"{bandwidth / 1e9:.0f} GB/s, {flop_rate / 1e9:.0f} Gflop/s"
        axes.text(ridge, flop_rate / 1e9 * 1.1, rates, ha="center")
        for name, (colour, _) in style.colours(table["contender"].unique()).items():
            points = table["contender"] == name
            axes.scatter(
                intensity[points],
                throughput[points],
                s=16,
                color=colour,
                alpha=0.75,
                linewidth=0,
                label=name,
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("calculated per byte moved, at perfect reuse (flop/B)")
        axes.set_ylabel("throughput (Gflop/s)")
        style.legend_beside(figure, axes, "")
        style.headline(figure, title)
        return style.save(figure, path)
