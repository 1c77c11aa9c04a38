r"""What an aggregation costs in each layout: a model with a few constants, fitted once.

A compressed row moves one row of states per edge, a dense matrix multiplies with every pair of
nodes. One is bound by moving bytes and the other by arithmetic, so the density at which they cost
the same follows from how fast the machine is at each:

.. math::
    t_\text{csr} \approx \frac{2 E b F}{\text{gather rate}} \qquad
    t_\text{dense} \approx \frac{4 N^2 F}{\text{flop rate}} \qquad
    d^* \approx \frac{2}{b} \cdot \frac{\text{gather rate}}{\text{flop rate}}

for forward and backward towards the states. The constants below are what is missing in these: they
were fitted to the measurements of ``benchmarks/layout_model.py``, and stand in units of what
:func:`~gnnlab.nn.calibrate.calibrate` measures, so that they carry over to other machines.

Legend: N nodes, E edges, F features, b bytes per number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gnnlab.nn.calibrate import EDGE_BYTES, Machine

# The calls of forward and backward, in latencies of the machine.
_CALLS = {"coo": 2.3, "csr": 3.15, "dense": 0.85, "padded": 1.8}
_LEARNED_CALLS = {"coo": 0.7, "csr": 8.0, "dense": 0.8, "padded": 0.8}
_GRAPH_CALLS = 0.006  # every graph of a padded batch
# A matrix product in half precision is set up by another library,
_HALF_CALLS = {"dense": 2.1, "padded": 1.9}
# which also copies more of the states of a batch: as messages of that many times their size.
_PADDED_STATES, _PADDED_STATES_HALF = 0.5, 2.0
# Arithmetic falls short of the flop rate on narrow states, as if they had that many more features,
_NARROW = {"dense": 12, "padded": 2}
# and on small matrices, as if they had that many more nodes.
_SMALL = 3
# A row that is summed up, in edges: the processor does not foresee where it ends.
_ROW_EDGES = 5
# Sizes up to which a working set stays in the cache of a core, and in the one that they share.
_NEAR, _FAR = 2**19, 2**25
_FAR_GATHER = 2.0  # time of a byte gathered from the shared cache; from memory: the bandwidth
# Streams through memory that a byte of messages costs, by where they fit: what is written anew in
# every call has to be handed out by the operating system first, if there is much of it.
_MESSAGE_STREAMS = (2.0, 6.0, 24.0)
# An edge that is added by index, in edges that are gathered. A row costs as much as the former.
_ADD_EDGE, _ADD_EDGE_HALF = 10, 45
# Preparation: latencies of a build, and bytes streamed per edge for sorting it both ways.
_BUILD_CALLS = {"coo": 0.0, "csr": 6.0, "dense": 2.5, "padded": 2.5}
_SORT_BYTES = 1200


@dataclass(frozen=True)
class Work:
    """What there is to compute, and on what."""

    num_nodes: int
    num_edges: float
    num_features: int
    num_graphs: int
    max_nodes: int
    num_calls: float
    number_bytes: int
    learned_weights: bool
    compiling: bool
    machine: Machine

    @property
    def dense(self) -> str:
        """The name of the dense layout: ``"dense"`` or, for a batch, ``"padded"``."""
        return "dense" if self.num_graphs == 1 else "padded"

    @property
    def entries(self) -> int:
        """The entries of the dense matrices."""
        return self.num_graphs * self.max_nodes**2

    @property
    def states(self) -> int:
        """Bytes of the states of all nodes."""
        return self.number_bytes * self.num_nodes * self.num_features

    @property
    def messages(self) -> float:
        """Bytes of the rows that all edges fetch."""
        return self.number_bytes * self.num_edges * self.num_features


def predict(work: Work, layout: str) -> float:
    """Seconds of forward and backward, and the share of this call in the preparation."""
    if layout == "csr" and work.compiling and work.learned_weights:
        layout = "coo"  # this is how aggregate computes it then
    calls = _CALLS[layout] + (_LEARNED_CALLS[layout] if work.learned_weights else 0)
    if work.number_bytes == 2:
        calls += _HALF_CALLS.get(layout, 0)
    if layout == "padded":
        calls += _GRAPH_CALLS * work.num_graphs
    per_pass = {"coo": _adding, "csr": _gathering}.get(layout, _multiplying)
    latency = work.machine.latency
    building = _BUILD_CALLS[layout] * latency + _sorting_or_filling(work, layout)
    return calls * latency + per_pass(work) + building / work.num_calls


def _gathering(work: Work) -> float:
    machine, states = work.machine, work.states
    rate, bandwidth = machine.gather_rate, machine.bandwidth
    per_byte = _by_cache(states, (1 / rate, _FAR_GATHER / rate, 1 / bandwidth))
    bookkeeping = (work.num_edges + _ROW_EDGES * work.num_nodes) * EDGE_BYTES
    duration = 2 * (work.messages * per_byte + bookkeeping / rate + states / bandwidth)
    if work.learned_weights:  # a dot product per edge, of gathered rows
        duration += work.messages * _MESSAGE_STREAMS[1] / bandwidth
    return duration


def _adding(work: Work) -> float:
    machine = work.machine
    passes = 3 if work.learned_weights else 2
    per_edge = _ADD_EDGE_HALF if work.number_bytes == 2 else _ADD_EDGE
    bookkeeping = (work.num_edges * per_edge + work.num_nodes * _ADD_EDGE) * EDGE_BYTES
    streams = work.messages * _by_cache(work.messages, _MESSAGE_STREAMS) + 2 * work.states
    return passes * (bookkeeping / machine.gather_rate + streams / machine.bandwidth)


def _multiplying(work: Work) -> float:
    machine = work.machine
    passes = 3 if work.learned_weights else 2
    small = 1 + _SMALL / work.max_nodes if work.max_nodes else 1
    flop = 2 * work.entries * (work.num_features + _NARROW[work.dense]) * small
    matrices = work.entries * work.number_bytes
    stream = matrices * _by_cache(matrices, (0, 1, 1))
    if work.num_graphs == 1:
        stream += 2 * work.states
    else:
        states = work.num_graphs * work.max_nodes * work.num_features * work.number_bytes
        copies = _PADDED_STATES_HALF if work.number_bytes == 2 else _PADDED_STATES
        stream += copies * states * _by_cache(states, _MESSAGE_STREAMS)
    return passes * (flop / machine.flop_rate + stream / machine.bandwidth)


def _sorting_or_filling(work: Work, layout: str) -> float:
    if layout == "coo":
        return 0.0
    if layout == "csr":
        return work.num_edges * _SORT_BYTES / work.machine.bandwidth
    matrices = work.entries * work.number_bytes
    return 2 * matrices * _by_cache(matrices, _MESSAGE_STREAMS) / work.machine.bandwidth


def _by_cache(size: float, costs: tuple[float, float, float]) -> float:
    """The mean cost of a byte of a working set: near, far and in memory."""
    near, far = (min(1.0, limit / max(size, 1)) for limit in (_NEAR, _FAR))
    return near * costs[0] + (far - near) * costs[1] + (1 - far) * costs[2]


def find_crossover(work: Work) -> float:
    """The density at which dense matrices and compressed rows cost the same.

    Bisection: the time of compressed rows grows with the edges, that of matrices does not.
    """
    dense = predict(work, work.dense)

    def sparse_wins(density: float) -> bool:
        return predict(replace(work, num_edges=density * work.entries), "csr") < dense

    if not work.entries or not sparse_wins(0.0):
        return 0.0
    low, high = 0.0, 1.0
    while sparse_wins(high):
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if sparse_wins(middle) else (low, middle)
    return high
