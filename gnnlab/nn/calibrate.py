"""What a machine can do, in the few numbers that decide between sparse and dense: measured once.

Published peaks do not say it: what counts is what torch reaches here, with these threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from gnnlab.errors import DtypeError, InputError
from gnnlab.nn.csr import CSR
from gnnlab.nn.product import multiply

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)

_SIZES = {  # numbers read in a stream, side of the square matrices, edges of the gathered graph
    "cpu": (2**25, 512, 2**16),
    "cuda": (2**28, 8192, 2**21),
}
_TABLE = (512, 256)  # gathered states: half a megabyte in float32, within the cache of one core
_TRIES, _SECONDS = 15, 0.1  # per number; at least one try
EDGE_BYTES = 160  # what an edge costs besides its row, in bytes that could have been gathered
_TINY = 8  # side of matrices whose product takes no time beside the call


@dataclass(frozen=True)
class Machine:
    """The speed of a machine; write one by hand to plan for a machine that is not this one.

    Args:
        bandwidth: Bytes per second read in a stream from memory.
        flop_rate: Floating-point operations per second of a large matrix product.
        gather_rate: Bytes per second of scattered rows that are summed up from the cache, where an
            edge counts as ``EDGE_BYTES`` more than its row.
        latency: Seconds for forward and backward of the smallest matrix product.
        device: Where this holds.
        num_threads: With how many threads of the CPU.
        memory: Free bytes; ``None`` stands for what is free on the device when it is asked.

    Example:
        >>> laptop = Machine(2e10, 2e11, gather_rate=1e11, latency=2e-5)
        >>> laptop.flop_rate / laptop.bandwidth
        10.0
    """

    bandwidth: float
    flop_rate: float
    gather_rate: float
    latency: float
    device: str = "cpu"
    num_threads: int = 1
    memory: int | None = None


def calibrate(device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> Machine:
    """Measures a device, in well under a second; later calls get the same numbers.

    Every number is the best of a few tries, so that a busy neighbour does little harm.

    Args:
        device: The CPU or a CUDA device.
        dtype: What matrices and states are stored as. Half precision multiplies faster where the
            processor knows it; bandwidth and latency are those of single precision.

    Raises:
        InputError: If there is no such device, or it is neither a CPU nor a CUDA device.
        DtypeError: If ``dtype`` is not a floating-point type that torch computes in.

    Example:
        >>> machine = calibrate()
        >>> machine.bandwidth > 0, machine is calibrate("cpu")
        (True, True)
    """
    device = torch.device(device)
    if device.type not in _SIZES or (device.type == "cuda" and not torch.cuda.is_available()):
        raise InputError(
            "cannot measure this device",
            where="device",
            value=str(device),
            remedy="use the CPU or an available CUDA device, or describe it as a Machine",
        )
    check_dtype(dtype)
    return _measure(str(device), dtype, torch.get_num_threads())


def check_dtype(dtype: torch.dtype) -> None:
    """Checks that torch computes in a type.

    Raises:
        DtypeError: If it is not one of ``DTYPES``.
    """
    if dtype not in DTYPES:
        names = ", ".join(str(known) for known in DTYPES)
        raise DtypeError(
            "not a type to compute in", where="dtype", value=dtype, remedy=f"use one of: {names}"
        )


@cache
def _measure(device: str, dtype: torch.dtype, num_threads: int) -> Machine:
    stream, side, _ = _SIZES[torch.device(device).type]
    with torch.inference_mode(False), torch.no_grad():
        numbers = torch.zeros(stream, device=device)
        bandwidth = stream * numbers.itemsize / _fastest(numbers.sum, device)
        matrix = torch.ones(side, side, device=device, dtype=dtype)
        flop_rate = 2 * side**3 / _fastest(lambda: matrix @ matrix, device)
        gather_rate = _gather_rate(device, dtype)
    return Machine(bandwidth, flop_rate, gather_rate, _latency(device), device, num_threads)


def _gather_rate(device: str, dtype: torch.dtype) -> float:
    num_nodes, num_features = _TABLE
    num_edges = _SIZES[torch.device(device).type][2]
    generator = torch.Generator(device).manual_seed(0)  # the user's random numbers stay untouched
    edges = torch.randint(num_nodes, (2, num_edges), device=device, generator=generator)
    weight = torch.ones(num_edges, device=device, dtype=dtype)
    csr = CSR.from_edge_index(edges, num_nodes, num_nodes, weight)
    x = torch.ones(num_nodes, num_features, device=device, dtype=dtype)
    gathered = num_edges * (num_features * x.itemsize + EDGE_BYTES)
    return gathered / _fastest(lambda: multiply(csr, x), device)


def _latency(device: str) -> float:
    with torch.inference_mode(False), torch.enable_grad():
        matrix = torch.ones(_TINY, _TINY, device=device)
        x = torch.ones(_TINY, _TINY, device=device, requires_grad=True)

        def forward_backward() -> tuple[Tensor, ...]:
            return torch.autograd.grad(matrix @ x, x, matrix)

        return _fastest(forward_backward, device, calls=50)


def _fastest(call: Callable[[], object], device: str, calls: int = 1) -> float:
    """Seconds per call, the least of a few measurements; the first call warms up."""
    synchronize = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
    call()
    times: list[float] = []
    while not times or (len(times) < _TRIES and calls * sum(times) < _SECONDS):
        synchronize()
        start = time.perf_counter()
        for _ in range(calls):
            call()
        synchronize()
        times.append((time.perf_counter() - start) / calls)
    return min(times)
