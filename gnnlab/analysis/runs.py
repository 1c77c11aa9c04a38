"""Whole analyses as a user asks for them: how far, how strongly, and how much alike.

Legend: N nodes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gnnlab import plots
from gnnlab.analysis.deep import DEEP, make_deep
from gnnlab.analysis.oversmoothing import smoothing
from gnnlab.analysis.oversquashing import squashing
from gnnlab.analysis.paths import hops, shortest_paths
from gnnlab.analysis.resistance import MAX_DENSE_NODES
from gnnlab.analysis.vanishing_gradients import CELL_NAMES, gains, saturation, vanishing
from gnnlab.data import make_folder, write_file
from gnnlab.errors import UnknownNameError
from gnnlab.networks import Network
from gnnlab.nn import CELLS
from gnnlab.training import check_count, check_seed

#: The network of the documentation's example: six nodes, two routes of four updates from C to E.
EXAMPLE = Network.of("ABCDEF", [[0, 0, 0, 1, 2, 3], [1, 4, 5, 3, 3, 5]])
_GATED = ("lstm", "gru", "peephole")
_CHANNELS = 32
_PAIRS = 1000
_SOURCES = 25
_SQUASHING_DEPTH = 8


def hops_between(
    network: Network, source: Hashable, target: Hashable
) -> tuple[float, list[list[Hashable]]]:
    """How many updates it takes from one node to another, and the shortest routes by name.

    Args:
        network: Its connections lead both ways.
        source: The name of a node.
        target: Another one.

    Returns:
        The number, infinite if there is no route, and the nodes of each route.

    Raises:
        UnknownNameError: If there is no such node.
        MemoryLimitError: If there are too many routes to list.

    Example:
        >>> hops_between(EXAMPLE, "C", "E")
        (4.0, [['C', 'D', 'B', 'A', 'E'], ['C', 'D', 'F', 'A', 'E']])
    """
    edge_index, names = both_ways(network), list(network.names)
    ends = network.node(source), network.node(target)
    number = hops(edge_index, *ends, network.num_nodes)
    routes = shortest_paths(edge_index, *ends, network.num_nodes)
    return number, [[names[node] for node in route] for route in routes]


def gradients_on(
    cells: Sequence[str] = CELL_NAMES,
    *,
    length: int = 15,
    quick: bool = False,
    out: str | Path | None = None,
) -> pd.DataFrame:
    """Measures how gradients vanish and explode along sequences.

    The folder gets ``gradients.csv`` and ``.png`` (cells before and after they have learned to
    remember, see :func:`gnnlab.analysis.vanishing`), ``gains.csv`` and ``.png`` (plain cells whose
    recurrent matrix has a given spectral radius) and, if any of the cells has gates, ``gates.csv``
    and ``.png`` (how far these are open).

    Args:
        cells: Some of ``gnnlab.nn.CELLS``.
        length: Steps.
        quick: One seed, a third of the training and 10 steps at most.
        out: The folder, created if needed; by default nothing is written.

    Returns:
        A row per cell and stage: the geometric mean ``norm`` of the Jacobian from the first state
        to the last one, and the ``accuracy`` of remembering over that distance.

    Raises:
        UnknownNameError: If there is no such cell.
        InputError: If a number makes no sense, or the folder cannot be made.
    """
    for cell in cells:
        if cell not in CELLS:
            raise UnknownNameError.of("cell", cell, CELLS)
    check_count("length", length)
    folder = None if out is None else make_folder(out)
    options = {"length": length, "seeds": 3, "iterations": 1000}
    if quick:
        options = {"length": min(length, 10), "seeds": 1, "iterations": 300}
    table = vanishing(cells, **options)
    if folder is not None:
        _keep(table, folder / "gradients", plots.gradient_flow)
        _keep(gains(length=options["length"]), folder / "gains", plots.gradient_flow)
        gated = [cell for cell in cells if cell in _GATED]
        if gated:
            _keep(saturation(gated, **options | {"seeds": 1}), folder / "gates", plots.saturation)
    last = table[table["lag"] == table["lag"].max()]
    groups = last.assign(norm=np.log(last["norm"])).groupby(["cell", "stage"], sort=False)
    means = groups[["norm", "accuracy"]].mean()
    return means.assign(norm=np.exp(means["norm"])).reset_index()


def smoothing_on(
    network: Network,
    models: Sequence[str] = tuple(DEEP),
    *,
    depth: int = 32,
    seed: int = 0,
    quick: bool = False,
    out: str | Path | None = None,
) -> pd.DataFrame:
    """Measures over-smoothing and over-squashing of deep networks, as they come, on a network.

    Random states go through each model. The folder gets ``smoothing.csv`` and ``.png``
    (:func:`gnnlab.analysis.smoothing` layer by layer), and ``squashing.csv`` and ``.png``
    (:func:`gnnlab.analysis.squashing` through eight layers of the first model, for pairs of nodes
    at random).

    Args:
        network: Its connections lead both ways.
        models: Some of :data:`gnnlab.analysis.deep.DEEP`.
        depth: Layers.
        seed: Of states, weights and pairs.
        quick: At most 8 layers and 100 pairs.
        out: The folder, created if needed; by default nothing is written.

    Returns:
        For each model the measures after its last layer.

    Raises:
        UnknownNameError: If there is no such model.
        InputError: If a number makes no sense, or the folder cannot be made.
    """
    for model in models:
        if model not in DEEP:
            raise UnknownNameError.of("deep network", model, DEEP)
    depth, num_pairs = check_count("depth", depth), _PAIRS
    check_seed(seed)
    if quick:
        depth, num_pairs = min(depth, 8), 100
    folder = None if out is None else make_folder(out)
    edge_index = both_ways(network)
    x = torch.from_numpy(np.random.default_rng(seed).normal(size=(network.num_nodes, _CHANNELS)))
    deep = {name: make_deep(name, _CHANNELS, depth, seed).double() for name in models}
    parts = [smoothing(deep[name], x, edge_index).assign(model=name) for name in models]
    table = pd.concat(parts, ignore_index=True)
    if folder is not None:
        _keep(table, folder / "smoothing", plots.smoothing_curves)
        model = make_deep(models[0], _CHANNELS, min(_SQUASHING_DEPTH, depth), seed).double()
        pairs = _squashed(model, x, edge_index, num_pairs, seed)
        _keep(pairs, folder / "squashing", plots.squashing_scatter)
    last = table[table["depth"] == depth].drop(columns=["depth", "layer"])
    return last[["model", *last.columns.drop("model")]].reset_index(drop=True)


def both_ways(network: Network) -> Tensor:
    """``[2, 2E]``: every connection in both directions."""
    return torch.cat([network.edge_index, network.edge_index.flip(0)], dim=1)


def _squashed(
    model: torch.nn.Module, x: Tensor, edge_index: Tensor, num_pairs: int, seed: int
) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    count = min(_SOURCES, len(x))
    sources = draw.permutation(len(x))[:count].tolist()
    targets = draw.permutation(len(x))[: max(1, num_pairs // count)].tolist()
    method = "dense" if len(x) <= MAX_DENSE_NODES else "iterative"
    return squashing(model, x, edge_index, sources, targets, method=method)


def _keep(table: pd.DataFrame, path: Path, draw) -> None:
    """Writes a table and its figure."""
    csv = table.to_csv(index=False, float_format="%.6g").encode()
    write_file(path.with_suffix(".csv"), csv)
    draw(table, path.with_suffix(".png"))
