"""Small graphs: one shape beside another, and the neighbourhood of a suggestion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gnnlab.plots import style

_CIRCLE = {"boxstyle": "circle,pad=0.42", "ec": "white"}


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
    with matplotlib.rc_context(style.STYLE | {"axes.grid": False}):
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
                    bbox={
                        "boxstyle": "circle,pad=0.42",
                        "fc": style.PALETTE[column],
                        "ec": "white",
                    },
                )
            axes.set_title(caption, loc="center")
            axes.set_xlim(-0.15, 1.15)
            axes.set_ylim(-0.2, 1.2)
            axes.axis("off")
        return style.save(figure, path)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    arrow = {"arrowstyle": "-|>", "color": "#555555", "shrinkA": 11, "shrinkB": 12, "lw": 1.3}
    axes.annotate("", xy=end, xytext=start, arrowprops=arrow)


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
    kinds = ["#B8BEC6", style.PALETTE[2], style.PALETTE[1]]  # others, shared, the two
    # Somebody may be called $$$, which is no formula.
    with matplotlib.rc_context(style.STYLE | {"axes.grid": False, "text.parse_math": False}):
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
            text = {"fontsize": 8 + kind, "fontweight": "bold" if kind == 2 else "normal"}
            offset = {"xytext": (0, 7), "textcoords": "offset points", "ha": "center"}
            axes.annotate(names[node], (x, y), zorder=4, **offset, **text)
        axes.margins(0.1)
        axes.axis("off")
        style.headline(figure, title)
        return style.save(figure, path)
