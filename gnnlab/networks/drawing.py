"""Pictures of networks, and of how well their connections are told from other pairs.

Legend: P positives, M negatives.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from gnnlab import plots
from gnnlab.errors import InputError
from gnnlab.networks.calibration import calibration_error
from gnnlab.networks.metrics import ranks, rounded
from gnnlab.networks.network import Network

_MOST_NODES = 25
_LONGEST = 24  # letters of a name
_POINTS = 400  # of a curve


def draw_neighborhood(
    network: Network, first: Hashable, second: Hashable, path: str | Path, *, title: str = ""
) -> Path:
    """Draws two nodes, the neighbours that they share, and others around them; 25 at most.

    Shared neighbours of few connections go before those of many, and of the others those that know
    most of the ones drawn.

    Args:
        network: The network.
        first: The name of a node.
        second: The name of another.
        path: The image file to write.
        title: The headline of the figure.

    Raises:
        UnknownNameError: If there is no such node.
        InputError: If both are the same.
    """
    u, v = network.node(first), network.node(second)
    if u == v:
        raise InputError("a node makes no pair with itself", where="second", value=repr(second))
    shared, others = _choose(network, u, v)
    nodes = np.concatenate([[u, v], shared, others])
    inside = network.adjacency[nodes][:, nodes].tocoo()
    edges = [(a, b) for a, b in zip(*map(np.ndarray.tolist, inside.coords), strict=True) if a < b]
    names = [str(network.names[node]) for node in nodes]
    names = [name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…" for name in names]
    return plots.neighborhood(
        names, _lay_out(len(nodes), edges), edges, path, num_shared=len(shared), title=title
    )


def draw_curves(
    scores: Mapping[str, tuple[np.ndarray, np.ndarray]], path: str | Path, *, title: str = ""
) -> Path:
    """Draws the receiver operating characteristic, and precision against recall.

    Args:
        scores: By name of the scorer, its scores ``[P]`` of positives, and those of negatives.
        path: The image file to write.
        title: The headline of the figure.
    """
    from sklearn.metrics import precision_recall_curve, roc_curve

    parts = []
    for name, (positive, negative) in scores.items():
        y = np.repeat([1, 0], [positive.size, negative.size])
        score = rounded(np.concatenate([positive, negative.ravel()]))
        wrong, right, _ = roc_curve(y, score)
        precision, recall, _ = precision_recall_curve(y, score)
        curves = {"share of negatives, share of positives": (wrong, right),
                  "recall, precision": (recall[::-1], precision[::-1])}  # fmt: skip
        for curve, points in curves.items():
            x, y_axis = _thin(*points)
            parts.append(pd.DataFrame({"curve": curve, "scorer": name, "x": x, "y": y_axis}))
    return plots.detection_curves(pd.concat(parts, ignore_index=True), path, title=title)


def draw_evaluation(
    scores: Mapping[str, tuple[np.ndarray, np.ndarray]], bins: pd.DataFrame, folder: Path
) -> list[Path]:
    """Draws what an evaluation found: ``curves.png``, ``ranks.png`` and ``reliability.png``.

    Args:
        scores: By name of the scorer, its scores of positives and of negatives.
        bins: What :func:`gnnlab.networks.calibration.reliability_table` gave.
        folder: Where the figures go.
    """
    found = {name: ranks(*both) for name, both in scores.items()}
    return [
        draw_curves(scores, folder / "curves.png", title="Hidden connections and other pairs"),
        plots.rank_histogram(found, folder / "ranks.png", title="Ranks of hidden connections"),
        plots.reliability(
            bins, folder / "reliability.png", error=calibration_error(bins), title="Reliability"
        ),
    ]


def _choose(network: Network, u: int, v: int) -> tuple[np.ndarray, np.ndarray]:
    """The shared neighbours to draw, and the others."""
    near_u, near_v = network.neighbors(u), network.neighbors(v)
    shared = np.intersect1d(near_u, near_v)
    shared = shared[np.argsort(network.degree[shared], kind="stable")][: _MOST_NODES - 2]
    others = np.setdiff1d(np.union1d(near_u, near_v), np.concatenate([[u, v], shared]))
    known = np.concatenate([[u, v], shared])
    familiar = network.adjacency[others][:, known].sum(1)
    order = np.lexsort((network.degree[others], -familiar))
    return shared, others[order][: _MOST_NODES - len(known)]


def _lay_out(num_nodes: int, edges: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """Positions by springs, with the first two nodes held at the left and at the right."""
    import networkx

    graph = networkx.Graph(edges)
    graph.add_nodes_from(range(num_nodes))
    start = networkx.circular_layout(range(num_nodes))
    start |= {0: (-1.0, 0.0), 1: (1.0, 0.0)}
    position = networkx.spring_layout(
        graph, pos=start, fixed=(0, 1), k=1.8 / num_nodes**0.5, iterations=200, seed=0
    )
    return [tuple(map(float, position[node])) for node in range(num_nodes)]


def _thin(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fewer points of the same curve: the first of each step along x, and the last one."""
    steps = np.round(x * _POINTS)
    kept = np.flatnonzero(np.diff(steps, prepend=-1))
    kept = np.append(kept, len(x) - 1)
    return x[kept], y[kept]
