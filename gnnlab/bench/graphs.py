"""The graphs that are measured on: drawn at random, regular, small molecules in a batch, real ones.

All are undirected, every edge in both directions, without self loops and duplicates.

Legend: N nodes, E edges (each direction counts), B graphs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch_geometric.utils import remove_self_loops, to_undirected

from gnnlab.errors import InputError, UnknownNameError
from gnnlab.networks import read_edge_list

_POWER = 2.5  # exponent of the degree distribution; social networks have 2 to 3
_MANY = 0.5  # from this share of all pairs on, choosing among all is faster than drawing
_ROUNDS = 64
_MOLECULE_SIZES = (10, 40)
_RING = 5  # an edge to the fifth node before closes a ring of six
_RING_SHARE = 0.17  # of the nodes; brings the mean degree to about 2.2


@dataclass(frozen=True)
class Graph:
    """A graph, or a batch of graphs side by side.

    Args:
        name: What it is called in tables.
        num_nodes: N.
        edge_index: ``[2, E]``, sorted by source and target.
        sizes: Number of nodes of each graph of a batch; ``None`` for a single graph.
    """

    name: str
    num_nodes: int
    edge_index: Tensor
    sizes: tuple[int, ...] | None = None

    @property
    def num_edges(self) -> int:
        """E: every edge counts in both directions."""
        return self.edge_index.size(1)

    @property
    def density(self) -> float:
        """Share of the entries of the adjacency matrix that are not zero."""
        return self.num_edges / self.num_nodes**2


def make_graph(
    kind: str, num_nodes: int, density: float | None = None, *, generator: torch.Generator
) -> Graph:
    """Draws a graph.

    Args:
        kind: A key of :data:`GRAPHS`.
        num_nodes: N; a batch of molecules ends with the molecule that reaches it.
        density: Share of the N² entries that are edges; only for kinds that leave it open.
        generator: Where the randomness comes from.

    Raises:
        UnknownNameError: If the kind is not known.
        InputError: If there is no node, the density is not between 0 and 1, or no graph of this
            kind is so dense.

    Example:
        >>> graph = make_graph("random", 100, 0.05, generator=torch.Generator())
        >>> graph.num_edges, graph.density
        (500, 0.05)
    """
    if kind not in GRAPHS:
        raise UnknownNameError.of("kind of graph", kind, GRAPHS)
    check_size(num_nodes, density)
    edges, sizes = GRAPHS[kind](num_nodes, density, generator)
    num_nodes = sum(sizes) if sizes else num_nodes
    return Graph(kind, num_nodes, to_undirected(edges, num_nodes=num_nodes), sizes)


def check_size(num_nodes: int, density: float | None) -> None:
    """Checks what a graph is drawn from.

    Raises:
        InputError: If there are fewer than two nodes, or the density is not between 0 and 1.
    """
    if num_nodes < 2:
        raise InputError("a graph needs 2 nodes or more", where="num_nodes", value=num_nodes)
    if density is not None and not 0 <= density <= 1:
        raise InputError("a density lies between 0 and 1", where="density", value=density)


def expected_edges(kind: str, num_nodes: int, density: float | None) -> int:
    """How many edges :func:`make_graph` will draw, about."""
    if density is not None:
        return int(density * num_nodes**2)
    return int({"grid": 4.0, "path": 2.0, "molecules": 2.2}[kind] * num_nodes)


def undirected(name: str, edge_index: Tensor, num_nodes: int) -> Graph:
    """A graph of the edges and their reverses, each once, without self loops."""
    edge_index, _ = remove_self_loops(edge_index)
    return Graph(name, num_nodes, to_undirected(edge_index, num_nodes=num_nodes))


def real_networks(folder: str | Path | None = None) -> dict[str, Graph]:
    """Reads the networks under ``links/`` of a data folder, by file name, as far as they are there.

    Args:
        folder: The data folder; the one that ``GNNLAB_DATA`` names if left out.
    """
    folder = folder or os.environ.get("GNNLAB_DATA")
    if not folder:
        return {}
    links = Path(folder) / "links"
    patterns = (
        "small_seal/*.txt",
        "social/*/*_edges.csv*",
        "social/facebook_ego/*",
        "social/temporal/*",
    )
    paths = sorted(path for pattern in patterns for path in links.glob(pattern))
    graphs = {}
    for path in paths:
        name = path.name.split(".")[0].removesuffix("_edges")
        edges = read_edge_list(path)
        graphs[name] = undirected(name, edges.edge_index, edges.num_nodes)
    return graphs


def _random(num_nodes: int, density: float | None, generator: torch.Generator):
    count, all_pairs = _num_pairs(num_nodes, density), num_nodes * (num_nodes - 1) // 2
    if count >= _MANY * all_pairs:
        pairs = torch.triu_indices(num_nodes, num_nodes, offset=1)
        return pairs[:, torch.randperm(all_pairs, generator=generator)[:count]], None

    def draw(how_many: int) -> Tensor:
        return torch.randint(num_nodes, (2, how_many), generator=generator)

    return _distinct_pairs(draw, num_nodes, count, generator), None


def _power_law(num_nodes: int, density: float | None, generator: torch.Generator):
    expected = torch.arange(1, num_nodes + 1, dtype=torch.float64) ** (-1 / (_POWER - 1))
    mass = (expected / expected.sum()).cumsum(0)  # [N]
    # The hubs get numbers from anywhere, as in files of real networks.
    name = torch.randperm(num_nodes, generator=generator)

    def draw(how_many: int) -> Tensor:
        chance = torch.rand(2, how_many, dtype=torch.float64, generator=generator)
        return name[torch.searchsorted(mass, chance).clamp(max=num_nodes - 1)]

    pairs = _distinct_pairs(draw, num_nodes, _num_pairs(num_nodes, density), generator)
    return pairs, None


def _grid(num_nodes: int, density: float | None, generator: torch.Generator):
    _check_open(density, "grid")
    width = max(int(num_nodes**0.5), 1)
    node = torch.arange(num_nodes)
    right = node[(node % width < width - 1) & (node < num_nodes - 1)]
    below = node[: num_nodes - width]
    return torch.stack([torch.cat([right, below]), torch.cat([right + 1, below + width])]), None


def _path(num_nodes: int, density: float | None, generator: torch.Generator):
    _check_open(density, "path")
    node = torch.arange(num_nodes)
    return torch.stack([node[:-1], node[1:]]), None


def _molecules(num_nodes: int, density: float | None, generator: torch.Generator):
    """Chains with branches, some of whose nodes close a ring of six, side by side."""
    _check_open(density, "molecules")
    low, high = _MOLECULE_SIZES
    sizes = torch.randint(low, high + 1, (num_nodes // low + 1,), generator=generator)
    enough = int((sizes.cumsum(0) < num_nodes).sum()) + 1
    sizes = sizes[:enough]
    start = (sizes.cumsum(0) - sizes).repeat_interleave(sizes)  # [N]: first node of the molecule
    node = torch.arange(int(sizes.sum()))
    place = node - start
    back = torch.where(torch.rand(node.numel(), generator=generator) < 0.8, 1, 2)
    parent = (node - back).maximum(start)
    closes = (torch.rand(node.numel(), generator=generator) < _RING_SHARE) & (place >= _RING)
    source = torch.cat([node[place > 0], node[closes]])
    target = torch.cat([parent[place > 0], node[closes] - _RING])
    return torch.stack([source, target]), tuple(sizes.tolist())


#: Kind of graph with its function of N, density and generator: pairs ``[2, E / 2]`` and sizes.
GRAPHS: dict[str, Callable] = {
    "random": _random,
    "power-law": _power_law,
    "grid": _grid,
    "path": _path,
    "molecules": _molecules,
}


def _num_pairs(num_nodes: int, density: float | None) -> int:
    if density is None:
        raise InputError("this kind of graph needs a density", where="density", value=density)
    return min(round(density * num_nodes**2 / 2), num_nodes * (num_nodes - 1) // 2)


def _check_open(density: float | None, kind: str) -> None:
    if density is not None:
        raise InputError(f"a {kind} graph has a density of its own", where="density", value=density)


def _distinct_pairs(
    draw: Callable[[int], Tensor], num_nodes: int, count: int, generator: torch.Generator
) -> Tensor:
    """Draws pairs until ``count`` different ones are there, ``[2, count]``."""
    codes = torch.empty(0, dtype=torch.int64)
    for _ in range(_ROUNDS):
        missing = count - codes.numel()
        if missing <= 0:
            keep = torch.randperm(codes.numel(), generator=generator)[:count]
            return torch.stack([codes[keep] // num_nodes, codes[keep] % num_nodes])
        low, high = draw(2 * missing + 16).sort(dim=0).values
        codes = torch.cat([codes, (low * num_nodes + high)[low < high]]).unique()
    raise InputError(
        "no graph of this kind is so dense",
        where="density",
        value=2 * count / num_nodes**2,
        remedy="use a lower density, or a random graph",
    )
