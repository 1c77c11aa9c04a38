"""A whole training on a text: curves, samples on the way, and an honest score at the end."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from gnnlab import plots
from gnnlab.data import write_file
from gnnlab.errors import InputError
from gnnlab.sequences.corpus import split_text
from gnnlab.sequences.samples import measure_temperatures, to_markdown
from gnnlab.sequences.text import TextGenerator

_MEAN_OVER = 500


def train_on(
    text: str,
    generator: TextGenerator,
    out: str | Path,
    *,
    name: str = "text",
    resume: bool = False,
    progress: bool | None = None,
) -> dict[str, float]:
    """Trains a generator on a text and leaves everything worth knowing in a folder.

    About 5 % of the text, in blocks spread over the whole of it, is held out and never learned
    from. The folder gets ``model.safetensors``, ``metrics.csv``, ``curves.png``, ``samples.md``
    (at one, two and three thirds of the training, each also in a file of its own),
    ``temperatures.csv`` and ``summary.json``.

    Args:
        text: The text.
        generator: What to train.
        out: The folder, created if needed.
        name: What to call the text.
        resume: Go on with the training that stands in the folder, if there is one.
        progress: Whether to show a progress bar; by default if the output is a terminal.

    Returns:
        The summary: loss and accuracy, both as means over the last 500 iterations, bits per
        character on the held-out blocks, parameters, seconds.

    Raises:
        InputError: If the text is too short.
    """
    out = Path(out)
    split = split_text(text)
    if not split.blocks:
        raise InputError(
            "the text is too short to hold out a part of it",
            where="text",
            value=f"{len(text)} characters",
            remedy="use 20,000 or more, or TextGenerator.fit, which holds out nothing",
        )
    starts = _starts("".join(split.segments))
    generator.fit(
        split.segments,
        validation=split.blocks,
        evaluate_every=_interval(generator.iterations),
        log_directory=out,
        progress=progress,
        resume=resume,
        watch=_at_thirds(generator.iterations, starts, out),
    )
    table = generator.history_.frame()
    last = table.tail(_MEAN_OVER)
    summary = {
        "text": name,
        "iterations": len(table),
        "loss": float(last["loss"].mean()),
        "accuracy": float(last["accuracy"].mean()),
        "held_out_bits_per_character": generator.score(split.blocks),
        "parameters": generator.num_parameters_,
        "seconds": generator.history_.seconds,
        **{key: generator.get_params()[key] for key in ("cell", "num_layers", "hidden_size")},
    }
    temperatures = measure_temperatures(generator, "".join(split.segments))
    temperatures.to_csv(out / "temperatures.csv", index=False, float_format="%.3f")
    _draw(table, out / "curves.png", name)
    samples = [path.read_text(encoding="utf-8") for path in sorted(out.glob("samples-*.md"))]
    write_file(out / "samples.md", "\n".join([f"# Samples: {name}", "", *samples]).encode())
    write_file(out / "summary.json", json.dumps(summary, indent=2).encode())
    return summary


def _interval(iterations: int) -> int:
    """At most 500 iterations, and a third of the training is a multiple, but for a few."""
    third = max(iterations // 3, 1)
    return third // math.ceil(third / _MEAN_OVER)


def _starts(text: str) -> str:
    """Five different letters that sentences begin with, the frequent ones first."""
    letters = pd.Series([letter for letter in text if letter.isupper()] or list(text))
    return "".join(letters.value_counts().index[:5])


def _at_thirds(iterations: int, starts: str, out: Path) -> Callable[[TextGenerator, int], None]:
    """Writes samples at the thirds of a training, each into a file that a resumed one keeps."""
    interval = _interval(iterations)
    third = interval * round(iterations / 3 / interval)
    numbers = {third: 1, 2 * third: 2, iterations: 3}

    def watch(generator: TextGenerator, iteration: int) -> None:
        if iteration in numbers:
            title = f"After {iteration:,} iterations"
            text = to_markdown(generator, starts, title)
            write_file(out / f"samples-{numbers[iteration]}.md", text.encode())

    return watch


def _draw(table: pd.DataFrame, path: Path, name: str) -> Path:
    """Loss and accuracy as means over 500 iterations."""
    size = min(_MEAN_OVER, max(len(table) // 20, 1))
    groups = table.groupby(((table["iteration"] - 1) // size).to_numpy())
    means = groups[["iteration", "loss", "accuracy"]].mean().assign(text=name)
    measures = {"accuracy": "training accuracy", "loss": "training loss (nats)"}
    return plots.learning_curves(means, path, measures=measures, group="text", title=name)
