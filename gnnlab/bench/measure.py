"""Time of several sides in one run, memory of one side in a process of its own."""

from __future__ import annotations

import gc
import multiprocessing
import platform
import statistics
import threading
import timeit
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import psutil
import torch
from torch import Tensor, nn


def alternate(
    sides: dict[str, Callable[[], object]], seconds: float, rounds: int = 9
) -> dict[str, float]:
    """Median seconds per call of every side, measured in turns, so that drift hits all alike.

    Args:
        sides: What to call, by name.
        seconds: Roughly how long to measure in all; at least one call per side and round.
        rounds: How many turns every side gets.

    Example:
        >>> sides = {"short": lambda: sum(range(9)), "long": lambda: sum(range(9999))}
        >>> times = alternate(sides, seconds=0.1)
        >>> times["short"] < times["long"]
        True
    """
    # torch.utils.benchmark would warm up again in every turn, which triples the time of slow sides.
    timers = {name: timeit.Timer(side) for name, side in sides.items()}
    share = seconds / (rounds * max(len(sides), 1))
    calls = {name: _calls_within(share, timer) for name, timer in timers.items()}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, timer in timers.items():
            times[name].append(timer.timeit(calls[name]) / calls[name])
    return {name: statistics.median(values) for name, values in times.items()}


def _calls_within(seconds: float, timer: timeit.Timer) -> int:
    once = timer.timeit(1)
    if once < seconds:  # the first call also warms up, and says nothing about a fast side
        once = timer.timeit(1)
    return max(1, int(seconds / once))


def forward_backward(
    model: nn.Module, run: Callable[[], Tensor], device: torch.device | str = "cpu"
) -> Callable[[], None]:
    """A call that runs a model and all its gradients once, from cleared gradients."""
    device = torch.device(device)

    def call() -> None:
        model.zero_grad(set_to_none=True)
        out = run()
        # Not out.sum().backward(): its gradient is one number, which a gather reads from the cache.
        out.backward(torch.ones_like(out))
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return call


def saved_bytes(run: Callable[[], Tensor], parameters: list[Tensor]) -> int:
    """What the forward pass keeps for the backward pass, each storage once.

    Args:
        run: The forward pass.
        parameters: Tensors that do not count, since they live anyway.

    Example:
        >>> x = torch.ones(10, requires_grad=True)
        >>> saved_bytes(lambda: (x.exp() * 2.0).sin(), [x])  # exp keeps its output, sin its input
        80
    """
    storages: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        for part in _strided_parts(tensor):
            storage = part.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    known = {p.untyped_storage().data_ptr() for p in parameters}
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        out = run()  # alive until the sizes are added up, so that no address is used twice
    total = sum(size for address, size in storages.items() if address not in known)
    del out
    return total


def _strided_parts(tensor: Tensor) -> list[Tensor]:
    if hasattr(tensor, "as_tensor"):  # PyG's EdgeIndex and Index wrap the tensor that they are
        return [tensor.as_tensor()]
    if tensor.layout == torch.sparse_coo:
        return [tensor._indices(), tensor._values()]
    if tensor.layout == torch.sparse_csr:
        return [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
    return [tensor]


@dataclass(frozen=True)
class Memory:
    """Resident memory of a process: how far it grew in a call, and its highest point, in bytes."""

    growth: int
    peak: int


def peak_memory(build: Callable[[], Callable[[], object]]) -> Memory:
    """Measures a call in a process of its own, where nothing else was allocated and freed before.

    Args:
        build: Makes the inputs and returns the call. Both are sent to the process: functions of a
            module, or partial applications of them.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_peak_memory, build, torch.get_num_threads()).result()


def _peak_memory(build: Callable[[], Callable[[], object]], num_threads: int) -> Memory:
    torch.set_num_threads(num_threads)
    run, process = build(), psutil.Process()
    gc.collect()
    before = peak = process.memory_info().rss
    is_over = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not is_over.wait(0.0005):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        result = run()
        peak = max(peak, process.memory_info().rss)
        del result
    finally:
        is_over.set()
        watcher.join()
    return Memory(peak - before, peak)


def machine() -> str:
    """What the numbers were measured on, without names or paths."""
    processor = platform.processor() or platform.machine()
    capability = torch.backends.cpu.get_cpu_capability()
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return (
        f"{processor} ({capability}), {torch.get_num_threads()} threads{gpu}; "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )
