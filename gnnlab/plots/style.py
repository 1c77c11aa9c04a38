"""What all figures have in common: colours, headline, legend, and where they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gnnlab.errors import InputError

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", "--", "-.", ":")
STYLE = {
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.7,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "figure.dpi": 100,
    "savefig.dpi": 160,
}


def colours(groups: Sequence) -> dict[object, tuple[str, str]]:
    """Gives each group colour and dashes: steps of one map for numbers, the palette for names."""
    groups = list(groups)
    if all(isinstance(value, int | float | np.number) for value in groups):
        groups = sorted(groups)
        shades = matplotlib.colormaps["viridis"](np.linspace(0.05, 0.78, len(groups)))
        colours = [matplotlib.colors.to_hex(shade) for shade in shades]
    else:
        colours = [PALETTE[i % len(PALETTE)] for i in range(len(groups))]
    dashes = [_DASHES[i % len(_DASHES)] for i in range(len(groups))]
    return dict(zip(groups, zip(colours, dashes, strict=True), strict=True))


def headline(figure: Figure, title: str) -> None:
    """Writes the title over all panels, if there is one."""
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")


def legend_beside(figure: Figure, axes: Axes, title: str) -> None:
    """Explains the lines of a panel to the right of all of them."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, title=title, loc="outside right upper", handlelength=2.4)


def make_logarithmic(axes: Axes) -> None:
    """Makes the vertical axis logarithmic, with numbers that can be read."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    if high < 10 * low:  # less than a decade: 2, 3, 4 read better than powers of ten
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")


def check_columns(table: pd.DataFrame, needed: Sequence[str]) -> None:
    """Refuses a table that is empty or lacks a column."""
    if table.empty:
        raise InputError("there is nothing to draw", where="table", value="no rows")
    missing = [name for name in needed if name not in table]
    if missing:
        raise InputError(
            "the table lacks columns",
            where="table",
            value=", ".join(missing),
            remedy=f"it has: {', '.join(map(str, table.columns))}",
        )


def save(figure: Figure, path: str | Path) -> Path:
    """Writes the image file, and the folders above it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path
