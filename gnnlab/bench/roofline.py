r"""What a computation must read, write and calculate at least, and how fast the machine could be.

.. math::
    t \geq \max\left(\frac{\text{bytes}}{\text{bandwidth}},
    \frac{\text{flop}}{\text{flop rate}}\right)

The bytes assume perfect reuse: a row of the states that is read E / N times comes from memory once.
A graph whose states do not fit into the cache cannot reach that; one whose states do fit can be
faster than this time, since the bandwidth is that of the memory, not of the cache.

Legend: N nodes, E edges, F features, B graphs, n nodes of the largest graph, b bytes per number,
i bytes per node id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Machine(Protocol):
    """Two numbers of a machine, as :func:`gnnlab.nn.calibrate.calibrate` measures them."""

    bandwidth: float  # bytes per second
    flop_rate: float  # floating-point operations per second


@dataclass(frozen=True)
class Shape:
    """The sizes that costs depend on.

    Args:
        num_nodes: N.
        num_edges: E, self-connections included.
        num_features: F, of the input and of the output.
        number_bytes: b.
        index_bytes: i.
        num_graphs: B.
        most_nodes: n; N for a single graph.
    """

    num_nodes: int
    num_edges: int
    num_features: int
    number_bytes: int = 4
    index_bytes: int = 4
    num_graphs: int = 1
    most_nodes: int | None = None

    @property
    def states(self) -> int:
        """The bytes of the states of all nodes, bNF."""
        return self.number_bytes * self.num_nodes * self.num_features

    @property
    def messages(self) -> int:
        """The bytes of one message per edge, bEF."""
        return self.number_bytes * self.num_edges * self.num_features


@dataclass(frozen=True)
class Cost:
    """What a computation takes.

    Args:
        flop: Floating-point operations.
        traffic: Bytes to and from memory.
        memory: Bytes that are alive at the same time, input and output included.
    """

    flop: float
    traffic: float
    memory: float

    def __add__(self, other: Cost) -> Cost:
        # Steps follow each other; what they hold is counted as if nothing were freed in between.
        return Cost(
            self.flop + other.flop, self.traffic + other.traffic, self.memory + other.memory
        )

    def __rmul__(self, times: int) -> Cost:
        return Cost(times * self.flop, times * self.traffic, self.memory)

    def seconds(self, machine: Machine) -> float:
        """The roofline: the longer one of moving the bytes and calculating.

        Example:
            >>> from types import SimpleNamespace
            >>> Cost(flop=2e9, traffic=1e9, memory=0).seconds(
            ...     SimpleNamespace(bandwidth=1e10, flop_rate=1e11))
            0.1
        """
        return max(self.traffic / machine.bandwidth, self.flop / machine.flop_rate)


def dense(shape: Shape) -> Cost:
    """A matrix product with all N² entries: 2N²F flop, b(N² + 2NF) bytes."""
    matrix = shape.number_bytes * shape.num_nodes**2
    flop = 2 * shape.num_nodes**2 * shape.num_features
    return Cost(flop, matrix + 2 * shape.states, 2 * matrix + 2 * shape.states)


def padded(shape: Shape) -> Cost:
    """B matrix products of the size of the largest graph: 2Bn²F flop, b(Bn² + 2BnF) bytes."""
    most = shape.most_nodes or shape.num_nodes
    matrices = shape.number_bytes * shape.num_graphs * most**2
    states = shape.number_bytes * shape.num_graphs * most * shape.num_features
    flop = 2 * shape.num_graphs * most**2 * shape.num_features
    return Cost(flop, matrices + 2 * states, 2 * matrices + 2 * states)


def rows(shape: Shape) -> Cost:
    """Compressed rows: 2EF flop, E(b + i) + (N + 1)i bytes for the matrix, 2bNF for the states."""
    entries = shape.num_edges * (shape.number_bytes + shape.index_bytes)
    matrix = entries + (shape.num_nodes + 1) * shape.index_bytes
    read = min(shape.states, shape.messages)
    flop = 2 * shape.num_edges * shape.num_features
    # Matrix, transposed matrix, and what sorting the edges needs on the way.
    return Cost(flop, matrix + read + shape.states, 4 * matrix + 2 * shape.states)


def gather_and_add(shape: Shape) -> Cost:
    """A message per edge: written, read and written again with its weight, read and added up.

    2EF flop and 4bEF + E(b + 2i) bytes, 2bNF for the states.
    """
    entries = shape.num_edges * (shape.number_bytes + 2 * shape.index_bytes)
    read = min(shape.states, shape.messages)
    flop = 2 * shape.num_edges * shape.num_features
    traffic = 4 * shape.messages + entries + read + shape.states
    return Cost(flop, traffic, 3 * shape.messages + 2 * entries + 2 * shape.states)


def linear(shape: Shape) -> Cost:
    """The product with the weights [F, F]: 2NF² flop, b(2NF + F²) bytes."""
    F = shape.num_features
    weights = shape.number_bytes * F**2
    flop = 2 * shape.num_nodes * F**2
    return Cost(flop, 2 * shape.states + weights, 2 * shape.states + weights)


def layer(product: Cost, shape: Shape, *, backward: bool) -> Cost:
    """A graph convolution; backward takes one more product and two more maps."""
    if backward:
        return 2 * product + 3 * linear(shape)
    return product + linear(shape)
