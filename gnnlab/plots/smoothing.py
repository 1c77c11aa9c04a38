"""What becomes of information on its way: smoothed from layer to layer, squashed between nodes."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gnnlab.errors import InputError
from gnnlab.plots import style
from gnnlab.plots.curves import mean_and_band

_MEASURES = {
    "dirichlet_energy": "Dirichlet energy",
    "normalized_dirichlet_energy": "normalised Dirichlet energy",
    "effective_rank": "effective rank",
    "mean_average_distance": "mean distance of neighbours",
    "mean_average_distance_all": "mean distance of all pairs",
}


def smoothing_curves(table: pd.DataFrame, path: str | Path, *, title: str = "") -> Path:
    """Draws how the states of the nodes become alike with depth, a panel per measure.

    Rows of the same model and depth are runs: the line is their mean, the band one standard
    deviation. All axes but the one of the rank are logarithmic; a value of zero leaves them below.

    Args:
        table: What ``gnnlab.analysis.oversmoothing`` returned, with a column ``model``; tables of
            several models one below the other.
        path: The image file to write.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty or lacks a column.
    """
    style.check_columns(table, ["model", "depth", *_MEASURES])
    with matplotlib.rc_context(style.STYLE):
        figure = Figure(figsize=(8.6, 5.0), layout="constrained")
        *panels, corner = figure.subplots(2, 3, sharex=True).flat
        for axes, (measure, label) in zip(panels, _MEASURES.items(), strict=True):
            mean_and_band(axes, table, x="depth", y=measure, group="model")
            axes.set_title(label)
            if measure != "effective_rank":
                style.make_logarithmic(axes)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.tick_params(labelbottom=True)
        for axes in (panels[2], *panels[3:]):
            axes.set_xlabel("depth (layers)")
        corner.set_axis_off()
        corner.legend(*panels[0].get_legend_handles_labels(), loc="center left", handlelength=2.4)
        style.headline(figure, title)
        return style.save(figure, path)


def squashing_scatter(table: pd.DataFrame, path: str | Path, *, title: str = "") -> Path:
    """Draws how much of a node reaches another against the resistance between them.

    One point per connected pair, coloured by the number of hops. Pairs without any influence have
    no place on the logarithmic axis: they are strokes along its foot.

    Args:
        table: What ``gnnlab.analysis.oversquashing`` returned.
        path: The image file to write.
        title: The headline of the figure.

    Raises:
        InputError: The table is empty, lacks a column, or has no connected pair of two nodes.
    """
    style.check_columns(table, ["jacobian", "resistance", "hops"])
    pairs = table[np.isfinite(table["resistance"]) & np.isfinite(table["hops"])]
    pairs = pairs[pairs["hops"] > 0]
    if pairs.empty:
        raise InputError("no two nodes are connected", where="table", value=f"{len(table)} rows")
    with matplotlib.rc_context(style.STYLE):
        figure = Figure(figsize=(6.2, 4.0), layout="constrained")
        axes = figure.subplots()
        has_influence = pairs["jacobian"] > 0
        some, none = pairs[has_influence], pairs[~has_influence]
        shades = {
            "cmap": matplotlib.colormaps["viridis"],
            "norm": matplotlib.colors.Normalize(1, max(pairs["hops"].max(), 2)),
        }
        points = axes.scatter(
            some["resistance"], some["jacobian"], c=some["hops"], s=16, alpha=0.75, **shades
        )
        if len(none):
            foot = {"transform": axes.get_xaxis_transform(), "marker": "|", "s": 40}
            height = np.full(len(none), 0.03)
            axes.scatter(none["resistance"], height, c=none["hops"], **foot, **shades)
            axes.text(0.01, 0.06, "no influence", transform=axes.transAxes, color="#555555")
        if len(some):
            style.make_logarithmic(axes)
            axes.margins(y=0.12)
        # Strokes do not widen the axis by themselves.
        axes.set_xlim(0, 1.04 * pairs["resistance"].max())
        axes.set(xlabel="effective resistance", ylabel="norm of the Jacobian")
        bar = figure.colorbar(points, label="hops")
        bar.solids.set_alpha(1)
        bar.ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        style.headline(figure, title)
        return style.save(figure, path)
