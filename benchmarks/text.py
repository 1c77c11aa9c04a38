"""TextGenerator against a plain torch.nn.LSTM loop, and how fast it writes.

    python benchmarks/text.py [--quick]

Shapes of the reported run: two layers, windows of 30, batches of 64. A step of training includes
all that surrounds it: drawing windows, clipping, the learning rate, the history and its file.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable

import pandas as pd
import torch
from measure import write
from torch import nn
from torch.nn import functional

from gnnlab.sequences import PRESETS, TextGenerator, load_text
from gnnlab.sequences.characters import Characters

T, B, EMBEDDING = 30, 64, 64


class PlainModel(nn.Module):
    """The same network from torch's own parts."""

    def __init__(self, num_symbols: int, hidden_size: int):
        super().__init__()
        self.embedding = nn.Embedding(num_symbols + 1, EMBEDDING)
        self.lstm = nn.LSTM(EMBEDDING, hidden_size, num_layers=2, batch_first=True)
        self.output = nn.Linear(hidden_size, num_symbols)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B, T]`` to logits ``[B, T, V]``."""
        return self.output(self.lstm(self.embedding(x))[0])


def train_plainly(x: torch.Tensor, num_symbols: int, hidden_size: int, iterations: int) -> None:
    """The loop that one would write by hand, without any record of what happens."""
    model = PlainModel(num_symbols, hidden_size)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 5000, 0.96)
    offsets = torch.arange(T + 1)
    for _ in range(iterations):
        window = x[torch.randint(len(x) - T, (B, 1)) + offsets]  # [B, T + 1]
        logits = model(window[:, :-1])
        loss = functional.cross_entropy(logits.flatten(0, 1), window[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        schedule.step()


def train(text: str, hidden_size: int, iterations: int) -> None:
    """The same number of steps by fit(), with metrics.csv."""
    generator = TextGenerator(hidden_size=hidden_size, iterations=iterations)
    with tempfile.TemporaryDirectory() as folder:
        generator.fit(text, log_directory=folder, evaluate_every=50, progress=False)


def seconds_per_step(run: Callable[[int], None], few: int, many: int) -> float:
    """The time of the steps between ``few`` and ``many``: what happens once does not count."""
    seconds = []
    for iterations in (few, many):
        start = time.perf_counter()
        run(iterations)
        seconds.append(time.perf_counter() - start)
    return (seconds[1] - seconds[0]) / (many - few)


def training_speed(text: str, hidden_size: int, quick: bool) -> dict:
    """One row: milliseconds per step of both, in turns."""
    few, many, rounds = (10, 60, 1) if quick else (10, 110, 9)
    characters = Characters.of(text)
    x = characters.encode(text)
    sides = {
        "plain": lambda n: train_plainly(x, len(characters), hidden_size, n),
        "gnnlab": lambda n: train(text, hidden_size, n),
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, run in sides.items():
            times[name].append(seconds_per_step(run, few, many))
    plain, ours = (statistics.median(times[name]) for name in ("plain", "gnnlab"))
    return {
        "hidden size": hidden_size,
        "plain torch loop [ms]": round(1e3 * plain, 2),
        "TextGenerator.fit [ms]": round(1e3 * ours, 2),
        "ratio": round(ours / plain, 3),
    }


@torch.no_grad()
def go_on(generator: TextGenerator, place: tuple, steps: int) -> tuple[tuple, list[float]]:
    """Writes ``steps`` characters from a place in the texts: the place behind them, and seconds."""
    x, state = place
    ends = [time.perf_counter()]
    for _ in range(steps):
        logits, state = generator.model_.step(x, state)
        x = logits.argmax(-1)
        ends.append(time.perf_counter())
    return (x, state), [later - earlier for earlier, later in itertools.pairwise(ends)]


@torch.no_grad()
def writing_speed(text: str, quick: bool) -> dict:
    """Characters per second in a batch, and whether a late character costs more than an early."""
    generator = TextGenerator(iterations=2).fit(text[:50_000])
    length, far, turns = (200, 1_000, 3) if quick else (1_000, 10_000, 15)

    def write_all() -> float:
        start = time.perf_counter()
        generator.generate(length=length, num_samples=64, temperature=1.0, seed=0)
        return time.perf_counter() - start

    write_all()
    whole = statistics.median(write_all() for _ in range(5))
    start = torch.zeros(64, dtype=torch.long), None
    late = go_on(generator, start, far)[0]
    times: dict[str, list[float]] = {"early": [], "late": []}
    for _ in range(turns):  # in turns, so that a busy moment of the machine hits both
        times["early"] += go_on(generator, start, 200)[1]
        times["late"] += go_on(generator, late, 200)[1]
    early, late = (statistics.median(times[name]) for name in ("early", "late"))
    return {
        "texts": 64,
        "hidden size": 128,
        "characters per second": round(64 * length / whole),
        "characters 0 to 200 [ms each]": round(1e3 * early, 3),
        f"200 after {far:,} [ms each]": round(1e3 * late, 3),
        "ratio": round(late / early, 2),
    }


def preset_times(text: str, quick: bool) -> pd.DataFrame:
    """How long the presets train: the time of a step, in turns, times the steps."""
    few, many, rounds = (2, 6, 1) if quick else (5, 25, 7)
    times: dict[str, list[float]] = {name: [] for name in PRESETS}
    for _ in range(rounds):
        for name, settings in PRESETS.items():
            times[name].append(
                seconds_per_step(
                    lambda n, s=settings: TextGenerator(**s | {"iterations": n}).fit(
                        text, progress=False
                    ),
                    few,
                    many,
                )
            )
    rows = []
    for name, settings in PRESETS.items():
        step = statistics.median(times[name])
        iterations = TextGenerator(**settings).iterations
        rows.append((name, round(1e3 * step, 1), iterations, round(step * iterations / 60, 1)))
    return pd.DataFrame(rows, columns=["preset", "a step [ms]", "steps", "all steps [minutes]"])


def main() -> None:
    """Writes a table for training, one for the presets, and one for writing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    text = load_text("python")
    rows = [training_speed(text, hidden_size, quick) for hidden_size in (128, 256)]
    write("text_training", pd.DataFrame(rows), "Medians of nine turns.")
    write(
        "text_presets",
        preset_times(text, quick),
        "Steps alone, without evaluations and samples, on Python's help.",
    )
    write("text_writing", pd.DataFrame([writing_speed(text, quick)]))


if __name__ == "__main__":
    main()
