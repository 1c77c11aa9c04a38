"""Heat maps, and gates over the steps of a sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gnnlab.errors import ShapeError
from gnnlab.plots import style


def heat_map(
    values: pd.DataFrame,
    path: str | Path,
    *,
    label: str,
    title: str = "",
    limits: tuple[float, float] | None = None,
    number_format: str = "{:.2f}",
) -> Path:
    """Draws a table as coloured cells with the number written into each.

    Args:
        values: The numbers; index and columns with their names label the axes.
        path: The image file to write.
        label: What the colour means, with its unit.
        title: The headline of the figure.
        limits: Values at the two ends of the colour bar; the data's own when left out.
        number_format: How a number is written into its cell.

    Raises:
        InputError: The table is empty.
    """
    style.check_columns(values, [])
    low, high = limits or (float(np.nanmin(values)), float(np.nanmax(values)))
    rows, columns = values.shape
    with matplotlib.rc_context(style.STYLE | {"axes.grid": False}):
        figure = Figure(figsize=(2.6 + 0.95 * columns, 1.3 + 0.42 * rows), layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(values, cmap="cividis", vmin=low, vmax=high, aspect="auto")
        axes.set_xticks(range(columns), [str(name) for name in values.columns])
        axes.set_yticks(range(rows), [str(name) for name in values.index])
        axes.set_xlabel(values.columns.name or "")
        axes.set_ylabel(values.index.name or "")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        for (row, column), number in np.ndenumerate(values.to_numpy()):
            dark = (number - low) < 0.5 * (high - low)
            text = number_format.format(number) if np.isfinite(number) else "–"
            colour = "white" if dark and np.isfinite(number) else "black"
            axes.text(column, row, text, ha="center", va="center", color=colour)
        figure.colorbar(image, ax=axes, label=label, pad=0.02).outline.set_visible(False)
        style.headline(figure, title)
        return style.save(figure, path)


def gates_over_time(
    gates: Mapping[str, np.ndarray],
    path: str | Path,
    *,
    steps: Sequence[object],
    signed: Sequence[str] = (),
    title: str = "",
) -> Path:
    """Draws the activations of each gate, one row per hidden unit, one column per time step.

    Args:
        gates: Name of each gate with its activations ``[T, H]``.
        path: The image file to write.
        steps: The input at each of the ``T`` steps, written below the picture.
        signed: Names of those that range from -1 to 1 or farther; all others range from 0 to 1.
        title: The headline of the figure.

    Raises:
        ShapeError: A gate is not a matrix with one row per step.
    """
    for name, values in gates.items():
        if np.ndim(values) != 2 or len(values) != len(steps):
            raise ShapeError(
                "a gate must be a matrix with one row per step",
                where=name,
                value=np.shape(values),
                remedy=f"pass [{len(steps)}, H]",
            )
    columns = min(3, len(gates))
    rows = -(-len(gates) // columns)
    with matplotlib.rc_context(style.STYLE | {"axes.grid": False}):
        figure = Figure(figsize=(0.6 + 2.9 * columns, 0.6 + 2.1 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False, sharey=True).flat
        for axes in grid[len(gates) :]:
            axes.set_visible(False)
        for number, (axes, name) in enumerate(zip(grid, gates, strict=False)):
            values = np.asarray(gates[name]).T  # [H, T]
            is_signed = name in signed
            limit = max(1.0, np.abs(values).max()) if is_signed else 1.0
            image = axes.imshow(
                values,
                cmap="RdBu_r" if is_signed else "cividis",
                vmin=-limit if is_signed else 0.0,
                vmax=limit,
                aspect="auto",
                interpolation="nearest",
            )
            axes.set_title(name)
            axes.set_xticks(range(len(steps)), [str(step) for step in steps])
            is_lowest = number + columns >= len(gates)
            axes.tick_params(length=0, labelbottom=is_lowest)
            figure.colorbar(image, ax=axes, pad=0.02).outline.set_visible(False)
        for axes in grid[::columns]:
            axes.set_ylabel("hidden unit")
        figure.supxlabel("input at each step", fontsize=9.5)
        style.headline(figure, title)
        return style.save(figure, path)
