"""Timing two sides of a comparison in one run, and writing down what was measured on what."""

from __future__ import annotations

import platform
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from torch.utils.benchmark import Timer

RESULTS = Path(__file__).parent / "results"


def alternate(sides: dict[str, Callable[[], object]], seconds: float, rounds: int = 9) -> dict:
    """Median seconds per call of every side, measured in turns, so that drift hits all alike.

    Args:
        sides: What to call, by name.
        seconds: Roughly how long to measure in all.
        rounds: How many turns every side gets.
    """
    timers = {
        name: Timer("side()", globals={"side": side}, num_threads=torch.get_num_threads())
        for name, side in sides.items()
    }
    once = {name: timer.timeit(2).mean for name, timer in timers.items()}  # warm-up and estimate
    share = seconds / (rounds * len(sides))
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, timer in timers.items():
            times[name].append(timer.timeit(max(1, int(share / once[name]))).mean)
    return {name: statistics.median(values) for name, values in times.items()}


def forward_backward(model: torch.nn.Module, run: Callable[[], torch.Tensor], device: torch.device):
    """A call that runs a model and all its gradients once, from cleared gradients."""

    def call() -> None:
        model.zero_grad(set_to_none=True)
        run().sum().backward()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return call


def machine() -> str:
    """What the numbers were measured on, without names or paths."""
    processor = platform.processor() or platform.machine()
    capability = torch.backends.cpu.get_cpu_capability()
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return (
        f"{processor} ({capability}), {torch.get_num_threads()} threads{gpu}; "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def write(name: str, table: pd.DataFrame, note: str = "") -> None:
    """Writes ``results/NAME.csv`` and ``results/NAME.md`` and prints the table."""
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / f"{name}.csv", index=False)
    command = " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    rows = [
        table.columns.tolist(),
        ["---"] * len(table.columns),
        *table.astype(str).values.tolist(),
    ]
    lines = [f"Command: `{command}`", "", f"Machine: {machine()}", "", note, ""] if note else [
        f"Command: `{command}`", "", f"Machine: {machine()}", ""]  # fmt: skip
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    text = "\n".join(lines) + "\n"
    (RESULTS / f"{name}.md").write_text(text)
    print(text)
