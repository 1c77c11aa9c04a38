"""Which cells are measured: kinds of graphs, sizes, densities, features and types of numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gnnlab.bench.graphs import check_size
from gnnlab.errors import InputError

NODES = tuple(2**power for power in range(7, 21))
DENSITIES = (1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)
FEATURES = (16, 64, 256)
QUICK_NODES = (128, 512, 2048)
QUICK_DENSITIES = (0.001, 0.01, 0.1, 1.0)
_WIDTH = 64
_DEGREE = 10  # of the graphs on which memory is measured, about


@dataclass(frozen=True)
class GridCell:
    """One point of the grid.

    Args:
        kind: A key of :data:`~gnnlab.bench.graphs.GRAPHS`, or the name of a graph that is given.
        num_nodes: N; ``None`` if the graph is given.
        density: Share of the N² entries that are edges; ``None`` if the kind settles it.
        num_features: F.
        dtype: Name of the type of the features.
        index_dtype: Name of the type of the node ids.
        with_memory: Whether to measure peak memory as well, which takes seconds per contender.

    Raises:
        InputError: If there can be no graph of this size, or there is no feature.

    Example:
        >>> str(GridCell("random", 1024, 0.01))
        'random N=1024 density=0.01 F=64 float32 int64'
    """

    kind: str
    num_nodes: int | None = None
    density: float | None = None
    num_features: int = _WIDTH
    dtype: str = "float32"
    index_dtype: str = "int64"
    with_memory: bool = False

    def __post_init__(self):
        if self.num_nodes is not None:
            check_size(self.num_nodes, self.density)
        if self.num_features < 1:
            raise InputError(
                "a node needs a feature", where="num_features", value=self.num_features
            )

    def __str__(self) -> str:
        nodes = "" if self.num_nodes is None else f" N={self.num_nodes}"
        density = "" if self.density is None else f" density={self.density:g}"
        return f"{self.kind}{nodes}{density} F={self.num_features} {self.dtype} {self.index_dtype}"


def quick_grid(
    nodes: Iterable[int] = QUICK_NODES,
    densities: Iterable[float] = QUICK_DENSITIES,
    features: Iterable[int] = (_WIDTH,),
) -> list[GridCell]:
    """Random graphs of a few sizes and densities, and one batch of molecules as large."""
    nodes, densities, features = tuple(nodes), tuple(densities), tuple(features)
    cells = [
        GridCell("random", N, density, F) for N in nodes for density in densities for F in features
    ]
    return cells + [GridCell("molecules", max(nodes), None, F) for F in features]


def full_grid(networks: Iterable[str] = ()) -> list[GridCell]:
    """All cells of the benchmark; those that share a graph follow each other.

    Args:
        networks: Names of real networks that are given to the sweep.
    """
    cells = [
        GridCell("random", N, density, F, with_memory=F == _WIDTH and _is_for_memory(N, density))
        for number, N in enumerate(NODES)
        for density in DENSITIES
        for F in (FEATURES if number % 3 == 0 else (_WIDTH,))
    ]
    for N in NODES[1::3]:
        cells += [GridCell("power-law", N, _DEGREE / N), GridCell("grid", N), GridCell("path", N)]
        cells += [GridCell("molecules", N, None, F) for F in FEATURES]
        for density in (_DEGREE / N, 0.01, 0.1):
            cells += [
                GridCell("random", N, density, dtype="bfloat16"),
                GridCell("random", N, density, index_dtype="int32"),
                GridCell("random", N, density, dtype="bfloat16", index_dtype="int32"),
            ]
    return cells + [GridCell(name) for name in networks]


def _is_for_memory(num_nodes: int, density: float) -> bool:
    # One density per size: half decades are a factor of 3.2 apart.
    return _DEGREE / 1.8 < num_nodes * density <= _DEGREE * 1.8
