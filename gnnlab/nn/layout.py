"""Which layout of a graph is the cheapest to aggregate over, predicted before anything is built.

The model behind the prediction is in :mod:`gnnlab.nn.layout_cost`.

Legend: N nodes, E edges, F features, B graphs, n nodes of the largest graph, b bytes per number.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

import torch

from gnnlab.errors import InputError, MemoryLimitError
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.calibrate import Machine, calibrate, check_dtype
from gnnlab.nn.layout_cost import Work, find_crossover, predict
from gnnlab.nn.memory import available_memory, human


@dataclass(frozen=True)
class LayoutChoice:
    """A layout, and why.

    Args:
        layout: The fastest one that works and fits: ``"coo"``, ``"csr"``, ``"dense"`` or, for
            several graphs, ``"padded"``.
        times: Predicted seconds for forward and backward in every layout that works and fits.
        refused: Why a layout was left out, by layout.
        density: Edges per entry of the dense matrices.
        crossover: The density at which the dense matrices take as long as compressed rows; above 1
            if only multiple edges would make them worth it.
        gathered: Bytes of the rows that compressed rows fetch in one pass.
        flop: Floating-point operations of the dense matrices in one pass.
        machine: What the prediction holds for.
    """

    layout: str
    times: dict[str, float]
    refused: dict[str, str]
    density: float
    crossover: float
    gathered: int
    flop: int
    machine: Machine

    @classmethod
    def of(cls, adjacency: Adjacency, num_features: int, **options: object) -> LayoutChoice:
        """Chooses for a graph that is there already; the options are those of choose_layout.

        Example:
            >>> edge_index = torch.tensor([[0, 1], [1, 2]])
            >>> choice = LayoutChoice.of(Adjacency.from_edge_index(edge_index, 3), num_features=4)
            >>> sorted(choice.times)
            ['coo', 'csr', 'dense']
        """
        *graphs, num_nodes = adjacency.node_shape
        num_graphs = graphs[0] if graphs else 1
        known = {
            "num_graphs": num_graphs,
            "device": adjacency.device,
            "learned_weights": adjacency.has_learned_weights,
        }
        return choose_layout(
            num_graphs * num_nodes, adjacency.num_edges, num_features, **(known | options)
        )

    def explain(self) -> str:
        """Says in a few sentences, with the numbers, why this layout."""
        dense = "padded" if "padded" in {*self.times, *self.refused} else "dense"
        others = [
            f"{seconds(time)} in {layout}"
            for layout, time in sorted(self.times.items(), key=lambda item: item[1])
            if layout != self.layout
        ]
        against = f", against {' and '.join(others)}" if others else ""
        reasons = "".join(f" {layout} is out: {why}." for layout, why in self.refused.items())
        return (
            f"{self.layout} is predicted to take {seconds(self.times[self.layout])} for forward "
            f"and backward{against}.{reasons} The density is {self.density:.3g}, and "
            f"{dense} and csr would cost the same at {self.crossover:.3g}: in one pass csr "
            f"gathers {human(self.gathered)} at up to {self.machine.gather_rate / 1e9:.3g} GB/s "
            f"({self.machine.bandwidth / 1e9:.3g} GB/s from memory), {dense} calculates "
            f"{self.flop / 1e9:.3g} Gflop at up to {self.machine.flop_rate / 1e9:.3g} Gflop/s."
        )


def choose_layout(
    num_nodes: int,
    num_edges: int,
    num_features: int,
    *,
    num_graphs: int = 1,
    max_nodes: int | None = None,
    dtype: torch.dtype = torch.float32,
    learned_weights: bool = False,
    compiling: bool = False,
    transforms: bool = False,
    num_calls: int | None = None,
    device: torch.device | str = "cpu",
    machine: Machine | None = None,
) -> LayoutChoice:
    """Chooses the layout of a graph for :func:`~gnnlab.nn.aggregate`, forward and backward.

    What does not work is left out first, then what takes more than half of the free memory; of the
    rest, the layout with the least predicted time is taken. Nothing is built. The first call on a
    device measures it (:func:`~gnnlab.nn.calibrate.calibrate`).

    Args:
        num_nodes: N; of a batch, all its nodes.
        num_edges: E; of a batch, all its edges.
        num_features: F.
        num_graphs: B; if more than one, the choice is between one graph of unconnected parts and
            padded matrices ``[B, n, n]``.
        max_nodes: n, the nodes of the largest graph; if left out, all are of the same size.
        dtype: Of the states and the weights.
        learned_weights: Whether gradients flow to the weights of the edges, too.
        compiling: Whether ``torch.compile`` is used.
        transforms: Whether functions of ``torch.func`` are used; within what is compiled they do
            not work on compressed rows.
        num_calls: How often the graph is used, which has to pay for bringing it into the layout
            from an edge list; if left out, so often that this does not count.
        device: Where to compute.
        machine: What to plan for, in the place of measuring ``device``.

    Raises:
        InputError: If a number is negative, not whole, or does not agree with the others.
        DtypeError: If the type is not one to compute in.
        MemoryLimitError: If no layout fits into the memory.

    Example:
        >>> machine = Machine(4e10, 1e11, gather_rate=2e11, latency=1.5e-5, memory=2**33)
        >>> choose_layout(4000, 40_000, 64, machine=machine).layout
        'csr'
        >>> choose_layout(100, 5_000, 16, machine=machine).layout
        'dense'
    """
    sizes = _check_sizes(num_nodes, num_edges, num_features, num_graphs, max_nodes, num_calls)
    check_dtype(dtype)
    machine = machine or calibrate(device, dtype)
    work = Work(*sizes, dtype.itemsize, learned_weights, compiling, machine)
    layouts = ("coo", "csr", work.dense)
    refused = {}
    if compiling and transforms:
        refused["csr"] = "torch.func cannot transform its operator inside of torch.compile"
    refused |= {
        layout: why
        for layout in layouts
        if layout not in refused and (why := _too_big(work, layout))
    }
    times = {layout: predict(work, layout) for layout in layouts if layout not in refused}
    if not times:
        raise MemoryLimitError(
            f"no layout of a graph with {num_nodes} nodes and {num_edges} edges fits",
            where="num_edges",
            value=num_edges,
            remedy=f"sample neighbours, or use fewer features; {'; '.join(refused.values())}",
        )
    return LayoutChoice(
        layout=min(times, key=times.get),
        times=times,
        refused=refused,
        density=work.num_edges / work.entries if work.entries else 0.0,
        crossover=find_crossover(work),
        gathered=work.messages,
        flop=2 * work.entries * work.num_features,
        machine=machine,
    )


def crossover_density(num_nodes: int, num_features: int, **options: object) -> float:
    """The density at which dense matrices and compressed rows are predicted to take equally long.

    Args:
        num_nodes: N, at least 1.
        num_features: F.
        options: Those of :func:`choose_layout`.

    Returns:
        Edges per entry of the dense matrices: 0 if these win even without edges, above 1 if only
        multiple edges would make them worth it.

    Raises:
        InputError: As :func:`choose_layout`.

    Example:
        >>> machine = Machine(4e10, 1e11, gather_rate=2e11, latency=1.5e-5, memory=2**33)
        >>> round(crossover_density(1000, 64, machine=machine), 1)
        0.8
    """
    return choose_layout(num_nodes, 0, num_features, **options).crossover


def _too_big(work: Work, layout: str) -> str:
    """Why the layout does not fit, or nothing."""
    machine, copies = work.machine, 2 if work.learned_weights else 1
    needed = {
        "coo": (1 + copies) * work.messages,
        # Both directions, and the edge list with its order while they are sorted.
        "csr": work.num_edges * (2 * (4 + work.number_bytes) + 32),
    }.get(layout, copies * work.entries * work.number_bytes)
    free = available_memory(machine.device) if machine.memory is None else machine.memory
    if needed <= free // 2:
        return ""
    return f"it needs {human(needed)}, more than half of the free {human(free)}"


def _check_sizes(
    num_nodes: int,
    num_edges: int,
    num_features: int,
    num_graphs: int,
    max_nodes: int | None,
    num_calls: int | None,
) -> tuple[int, int, int, int, int, float]:
    num_nodes = _check_count("num_nodes", num_nodes, 0)
    num_edges = _check_count("num_edges", num_edges, 0)
    num_features = _check_count("num_features", num_features, 1)
    num_graphs = _check_count("num_graphs", num_graphs, 1)
    if num_edges and not num_nodes:
        raise InputError("there are no nodes to connect", where="num_edges", value=num_edges)
    mean = math.ceil(num_nodes / num_graphs)
    largest = mean if max_nodes is None else _check_count("max_nodes", max_nodes, 0)
    if not mean <= largest <= num_nodes:
        raise InputError(
            f"the largest of {num_graphs} graphs with {num_nodes} nodes in all has {mean} to "
            f"{num_nodes} nodes",
            where="max_nodes",
            value=largest,
        )
    calls = math.inf if num_calls is None else _check_count("num_calls", num_calls, 1)
    return num_nodes, num_edges, num_features, num_graphs, largest, calls


def _check_count(name: str, value: int, least: int) -> int:
    try:
        count = operator.index(value)
    except TypeError:
        raise InputError("must be a whole number", where=name, value=repr(value)) from None
    if count < least:
        raise InputError(f"must be at least {least}", where=name, value=count)
    return count


def seconds(duration: float) -> str:
    """Writes a duration in the fitting unit.

    Example:
        >>> seconds(0.00123)
        '1.23 ms'
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if duration >= size:
            return f"{duration / size:.3g} {unit}"
    return f"{duration / 1e-6:.3g} us"
