"""Answers read off a sweep: where dense begins to pay, whether the choice was right, who is ahead.

Legend: N nodes, E edges, F features.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import torch

from gnnlab.nn.layout import LayoutChoice, choose_layout, crossover_density

TIME = "forward+backward [ms]"
LAYOUTS = ("coo", "csr", "dense", "padded")
_CELL = ["cell", "N", "E", "F", "B", "n", "dtype"]


def crossovers(table: pd.DataFrame, operation: str = "product") -> pd.DataFrame:
    """The density at which compressed rows and a dense matrix take as long, for each N and F.

    Measured on the random graphs in float32, between two neighbouring densities of the grid, with
    both times read as powers of the density; predicted by
    :func:`~gnnlab.nn.layout.crossover_density`. Self-connections count.

    Args:
        table: What :func:`~gnnlab.bench.sweep.sweep` gave.
        operation: ``"product"`` or ``"layer"``.

    Returns:
        The columns ``N``, ``F``, ``measured``, ``predicted`` and ``predicted / measured``.
    """
    chosen = (
        (table["kind"] == "random")
        & (table["dtype"] == "float32")
        & (table["index dtype"] == "int64")
        & (table["operation"] == operation)
    )
    rows = []
    for (nodes, features), part in table[chosen].groupby(["N", "F"]):
        times = part.pivot(index="density", columns="contender", values=TIME)
        times = times.reindex(columns=["gnnlab csr", "gnnlab dense"]).dropna()
        times.index += 1 / nodes  # the product has self-connections, too
        measured = _where_equal(times["gnnlab csr"], times["gnnlab dense"])
        predicted = crossover_density(int(nodes), int(features))
        predicted = predicted if 0 < predicted <= 1 else math.nan
        rows.append((nodes, features, measured, predicted, predicted / measured))
    names = ["N", "F", "measured", "predicted", "predicted / measured"]
    return pd.DataFrame(rows, columns=names)


def _where_equal(rising: pd.Series, other: pd.Series) -> float:
    """Where the first series overtakes the second; NaN if that is not between two of its points."""
    place, ahead = np.log(rising.index.to_numpy(float)), np.log(rising / other).to_numpy(float)
    for before in range(len(ahead) - 1):
        if ahead[before] < 0 <= ahead[before + 1]:
            share = ahead[before] / (ahead[before] - ahead[before + 1])
            return math.exp(place[before] + share * (place[before + 1] - place[before]))
    return math.nan


def _predict(
    nodes: int, edges: int, features: int, graphs: int, largest: int, dtype: str
) -> LayoutChoice:
    return choose_layout(
        int(nodes),
        int(edges + nodes),  # with self-connections, as in the measured product
        int(features),
        num_graphs=int(graphs),
        max_nodes=int(largest),
        dtype=getattr(torch, dtype),
    )


def choices(table: pd.DataFrame, operation: str = "product") -> pd.DataFrame:
    """The layout that is chosen for each cell, beside the one that was fastest.

    Returns:
        The columns ``cell``, ``N``, ``E``, ``F``, ``fastest``, ``chosen`` and ``times as long``:
        the time of the chosen layout over that of the fastest, NaN if it was not measured.
    """
    rows = []
    for cell, times in _layout_times(table, operation).iterrows():
        name, nodes, edges, features, *kind = cell
        chosen = _predict(nodes, edges, features, *kind).layout
        times = times.dropna()
        slower = times.get(chosen, math.nan) / times.min()
        rows.append((name, nodes, edges, features, times.idxmin(), chosen, slower))
    names = ["cell", "N", "E", "F", "fastest", "chosen", "times as long"]
    return pd.DataFrame(rows, columns=names)


def against_peers(table: pd.DataFrame, peer: str = "PyG") -> pd.DataFrame:
    """The layer with the chosen layout against the fastest path of a peer, for each cell.

    Args:
        table: What :func:`~gnnlab.bench.sweep.sweep` gave.
        peer: What the names of its contenders begin with.

    Returns:
        The columns ``cell``, ``N``, ``E``, ``F``, ``chosen``, ``gnnlab [ms]``, ``path``,
        ``peer [ms]`` and ``times faster``.
    """
    chosen = choices(table, "layer").set_index("cell")
    ours = _layout_times(table, "layer").droplevel(_CELL[1:])
    is_peer = table["contender"].str.startswith(peer) & (table["operation"] == "layer")
    rows = []
    for cell, part in table[is_peer].dropna(subset=[TIME]).groupby("cell", sort=False):
        if cell in chosen.index:
            pick, best = chosen.loc[cell], part.loc[part[TIME].idxmin()]
            time = ours.loc[cell, pick["chosen"]]
            facts = (cell, pick["N"], pick["E"], pick["F"], pick["chosen"])
            rows.append((*facts, time, best["contender"], best[TIME], best[TIME] / time))
    names = ["cell", "N", "E", "F", "chosen", "gnnlab [ms]", "path", "peer [ms]", "times faster"]
    return pd.DataFrame(rows, columns=names)


def _layout_times(table: pd.DataFrame, operation: str) -> pd.DataFrame:
    """The times of our layouts: a row per cell, a column per layout."""
    names = {f"gnnlab {layout}": layout for layout in LAYOUTS}
    part = table[table["contender"].isin(names) & (table["operation"] == operation)]
    part = part.assign(contender=part["contender"].map(names))
    times = part.pivot(index=_CELL, columns="contender", values=TIME)
    return times.reindex(columns=list(LAYOUTS)).dropna(how="all")
