"""Every figure of gnnlab: learning curves, heat maps, gates over time, small graphs, rankings.

Functions take tidy data and a path, draw on a :class:`matplotlib.figure.Figure` of their own (no
pyplot state, so they work without a display and in any thread), and return the path they wrote.
Colours are those of Okabe and Ito, told apart by colour-blind readers; ordered groups (lengths)
take steps of one sequential map instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gnnlab.errors import InputError, ShapeError

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", "--", "-.", ":")
_STYLE = {
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
    _check_columns(table, [x, group, *measures, *([panel] if panel else [])])
    panels = sorted(table[panel].unique()) if panel else [None]
    groups = table[group].unique()
    shape = (len(measures), len(panels)) if panel else (1, len(measures))
    with matplotlib.rc_context(_STYLE):
        size = (1.7 + 2.7 * shape[1], 0.7 + 2.3 * shape[0])
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(*shape, squeeze=False, sharex=True, sharey="row" if panel else False)
        rows = grid if panel else grid.T
        for row, (measure, label) in zip(rows, measures.items(), strict=True):
            for axes, value in zip(row, panels, strict=True):
                part = table if panel is None else table[table[panel] == value]
                mean_and_band(axes, part, x=x, y=measure, group=group, groups=groups)
                if "accuracy" not in measure:
                    _make_logarithmic(axes)
            row[0].set_ylabel(label)
        if panel:
            for axes, value in zip(grid[0], panels, strict=True):
                axes.set_title(f"{panel} {value}")
        # Most happens in the beginning; the rest of a long training is the same twice over.
        grid[0, 0].set_xscale("log")
        for axes in grid[-1]:
            axes.set_xlabel(x)
            axes.xaxis.set_major_formatter("{x:,.0f}")
        _legend_beside(figure, grid[0, 0], group)
        _headline(figure, title)
        return _save(figure, path)


def _make_logarithmic(axes: Axes) -> None:
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    if high < 10 * low:  # less than a decade: 2, 3, 4 read better than powers of ten
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")


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
    for value, (colour, dashes) in _colours(groups).items():
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
    _check_columns(values, [])
    low, high = limits or (float(np.nanmin(values)), float(np.nanmax(values)))
    rows, columns = values.shape
    with matplotlib.rc_context(_STYLE | {"axes.grid": False}):
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
        _headline(figure, title)
        return _save(figure, path)


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
    with matplotlib.rc_context(_STYLE | {"axes.grid": False}):
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
        _headline(figure, title)
        return _save(figure, path)


def graph_row(
    graphs: Mapping[str, tuple[Sequence[tuple[float, float]], Sequence[tuple[int, int]]]],
    path: str | Path,
    *,
    labels: Sequence[Sequence[str]] | None = None,
) -> Path:
    """Draws small directed graphs side by side.

    Args:
        graphs: Caption of each graph with its node positions and its edges (source, target).
        path: The image file to write.
        labels: For each graph, the text in each node; the node's number when left out.
    """
    with matplotlib.rc_context(_STYLE | {"axes.grid": False}):
        figure = Figure(figsize=(3.0 * len(graphs), 2.5), layout="constrained")
        for column, (caption, (positions, edges)) in enumerate(graphs.items()):
            axes = figure.add_subplot(1, len(graphs), column + 1)
            names = labels[column] if labels else [str(node) for node in range(len(positions))]
            for source, target in edges:
                _arrow(axes, positions[source], positions[target])
            for (left, top), name in zip(positions, names, strict=True):
                axes.text(
                    left,
                    top,
                    name,
                    ha="center",
                    va="center",
                    color="white",
                    fontsize=9,
                    bbox={"boxstyle": "circle,pad=0.42", "fc": PALETTE[column], "ec": "white"},
                )
            axes.set_title(caption, loc="center")
            axes.set_xlim(-0.15, 1.15)
            axes.set_ylim(-0.2, 1.2)
            axes.axis("off")
        return _save(figure, path)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "color": "#555555", "shrinkA": 11, "shrinkB": 12, "lw": 1.3}
    axes.annotate("", xy=end, xytext=start, arrowprops=style)


def _colours(groups: Sequence) -> dict[object, tuple[str, str]]:
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


def _headline(figure: Figure, title: str) -> None:
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")


def _legend_beside(figure: Figure, axes: Axes, title: str) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, title=title, loc="outside right upper", handlelength=2.4)


def _check_columns(table: pd.DataFrame, needed: Sequence[str]) -> None:
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


def _save(figure: Figure, path: str | Path) -> Path:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path


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
    _check_columns(table, ["N", "F", "measured", "predicted"])
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(6.2, 3.6), layout="constrained")
        axes = figure.subplots()
        for features, (colour, _) in _colours(table["F"].unique()).items():
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
        _legend_beside(figure, axes, "")
        _headline(figure, title)
        return _save(figure, path)


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
    _check_columns(table, ["N", "contender", "bytes"])
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(6.6, 3.6), layout="constrained")
        axes = figure.subplots()
        for name, (colour, _) in _colours(table["contender"].unique()).items():
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
        _legend_beside(figure, axes, "")
        _headline(figure, title)
        return _save(figure, path)


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
    _check_columns(table, ["contender", "flop", "traffic [B]", "seconds"])
    intensity = table["flop"] / table["traffic [B]"]
    throughput = table["flop"] / table["seconds"] / 1e9
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(6.6, 4.0), layout="constrained")
        axes = figure.subplots()
        ridge = flop_rate / bandwidth
        bends = np.array([min(intensity.min(), ridge) / 2, ridge, max(intensity.max(), ridge) * 2])
        roof = np.minimum(bends * bandwidth, flop_rate) / 1e9
        axes.plot(bends, roof, color="#333333", linewidth=1.4)
        rates = f"{bandwidth / 1e9:.0f} GB/s, {flop_rate / 1e9:.0f} Gflop/s"
        axes.text(ridge, flop_rate / 1e9 * 1.1, rates, ha="center")
        for name, (colour, _) in _colours(table["contender"].unique()).items():
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
        _legend_beside(figure, axes, "")
        _headline(figure, title)
        return _save(figure, path)


def neighborhood(
    names: Sequence[str],
    positions: Sequence[tuple[float, float]],
    edges: Sequence[tuple[int, int]],
    path: str | Path,
    *,
    num_shared: int,
    title: str = "",
) -> Path:
    """Draws two nodes that might be connected, dashed, and who stands around them.

    Args:
        names: Of each node: first those two, then the neighbours that they share, then others.
        positions: Where each node stands.
        edges: The connections, as numbers of nodes.
        path: The image file to write.
        num_shared: How many neighbours they share.
        title: The headline of the figure.
    """
    kinds = ["#B8BEC6", PALETTE[2], PALETTE[1]]  # others, shared, the two
    # Somebody may be called $$$, which is no formula.
    with matplotlib.rc_context(_STYLE | {"axes.grid": False, "text.parse_math": False}):
        figure = Figure(figsize=(7.6, 4.6), layout="constrained")
        axes = figure.subplots()
        for u, v in edges:
            is_way = min(u, v) < 2 <= max(u, v) < 2 + num_shared
            line = {"color": kinds[1], "linewidth": 1.6} if is_way else {"color": "#DDE1E6"}
            axes.plot(*zip(positions[u], positions[v], strict=True), zorder=1 + is_way, **line)
        between = zip(positions[0], positions[1], strict=True)
        axes.plot(*between, color=kinds[2], linestyle="--", zorder=2)
        for node, (x, y) in enumerate(positions):
            kind = (node < 2 + num_shared) + (node < 2)
            axes.scatter(x, y, s=70 + 60 * kind, color=kinds[kind], edgecolor="white", zorder=3)
            style = {"fontsize": 8 + kind, "fontweight": "bold" if kind == 2 else "normal"}
            offset = {"xytext": (0, 7), "textcoords": "offset points", "ha": "center"}
            axes.annotate(names[node], (x, y), zorder=4, **offset, **style)
        axes.margins(0.1)
        axes.axis("off")
        _headline(figure, title)
        return _save(figure, path)


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
    _check_columns(table, ["curve", "scorer", "x", "y"])
    curves = table["curve"].unique()
    with matplotlib.rc_context(_STYLE):
        size = (1.9 + 3.2 * len(curves), 3.4)
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(1, len(curves), squeeze=False)[0]
        for axes, curve in zip(panels, curves, strict=True):
            for scorer, (colour, dashes) in _colours(table["scorer"].unique()).items():
                part = table[(table["curve"] == curve) & (table["scorer"] == scorer)]
                axes.plot(part["x"], part["y"], color=colour, linestyle=dashes, label=scorer)
            axes.set(**dict(zip(("xlabel", "ylabel"), curve.split(", "), strict=True)))
            axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
        _legend_beside(figure, axes, "")
        _headline(figure, title)
        return _save(figure, path)


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
    _check_columns(table, ["probability", "share", "weight"])
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(4.4, 4.0), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="#555555", linestyle=":", linewidth=1.2)
        axes.plot(table["probability"], table["share"], color=PALETTE[0], linewidth=1.0)
        points = {"s": 15 + 500 * table["weight"], "color": PALETTE[0], "alpha": 0.75}
        axes.scatter(table["probability"], table["share"], linewidth=0, **points)
        axes.text(0.98, 0.03, f"expected calibration error {error:.3f}", ha="right")
        axes.set(xlabel="predicted probability", ylabel="share that is connected")
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
        _headline(figure, title)
        return _save(figure, path)


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
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(6.2, 3.4), layout="constrained")
        axes = figure.subplots()
        for name, (colour, dashes) in _colours(ranks).items():
            share = np.histogram(ranks[name], bins)[0] / len(ranks[name])
            axes.stairs(share, bins, color=colour, linestyle=dashes, linewidth=1.6, label=name)
        axes.set(xscale="log", xlabel="rank among the negatives", ylabel="share of the positives")
        axes.set_xticks(bins, [f"{edge:,.0f}" for edge in bins])
        axes.minorticks_off()
        _legend_beside(figure, axes, "")
        _headline(figure, title)
        return _save(figure, path)
