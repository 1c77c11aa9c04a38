"""The trainings on Grimm's fairy tales: what they reached, and how much of the past they use.

    gnnlab text train --dataset grimm --hidden-size 256 --out runs/reported
    gnnlab text train --dataset grimm --preset best --out runs/best
    python benchmarks/grimm.py reported=runs/reported best=runs/best

Each training takes half an hour or more, so they are made by the command line; this reads what
they left, and needs a minute.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pandas as pd
from measure import RESULTS, write

from gnnlab import plots
from gnnlab.sequences import TextGenerator, load_text, split_text
from gnnlab.sequences.context import bits_by_position

OUT = RESULTS / "grimm"
KEPT = ("curves.png", "samples.md", "temperatures.csv", "summary.json")
MEAN_OVER = 500
# What the report states, and at which iteration at the latest.
ACCURACY, LOSS, LAST = 0.74, 0.876, 42_000


def thin(metrics: pd.DataFrame) -> pd.DataFrame:
    """Means over 500 iterations; the held-out score is that of their end."""
    groups = metrics.groupby((metrics["iteration"] - 1) // MEAN_OVER)
    means = groups[["loss", "accuracy", "gradient_norm"]].mean()
    means.insert(0, "iteration", groups["iteration"].last())
    means["held_out_bits"] = groups["validation_bits"].last()
    return means


def summarise(name: str, generator: TextGenerator, means: pd.DataFrame) -> dict:
    """One row of the table."""
    reached = means[(means["accuracy"] >= ACCURACY) & (means["loss"] <= LOSS)]["iteration"]
    at = means[means["iteration"] <= LAST].iloc[-1]
    return {
        "run": name,
        "hidden size": generator.hidden_size,
        "parameters": f"{generator.num_parameters_:,}",
        "iterations": int(means["iteration"].iloc[-1]),
        f"accuracy at {LAST:,} or the end": round(at["accuracy"], 4),
        "loss": round(at["loss"], 4),
        f"accuracy >= {ACCURACY} and loss <= {LOSS} from": int(reached.min())
        if len(reached)
        else "-",
        "held-out bits at the end": round(means["held_out_bits"].iloc[-1], 4),
        "lowest on the way": round(means["held_out_bits"].min(), 4),
    }


def main() -> None:
    """Writes the table, thinned curves, samples, and the figure of bits against position."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="NAME=FOLDER")
    runs = dict(argument.split("=", 1) for argument in parser.parse_args().runs)
    blocks = split_text(load_text("grimm")).blocks
    rows, positions = [], []
    for name, folder in runs.items():
        (OUT / name).mkdir(parents=True, exist_ok=True)
        for file in KEPT:
            shutil.copy(Path(folder) / file, OUT / name / file)
        means = thin(pd.read_csv(Path(folder) / "metrics.csv"))
        means.to_csv(OUT / name / "metrics.csv", index=False, float_format="%.5f")
        generator = TextGenerator.load(Path(folder) / "model.safetensors")
        rows.append(summarise(name, generator, means))
        positions.append(bits_by_position(generator, blocks).assign(run=name))
    write(
        "grimm", pd.DataFrame(rows), f"Losses and accuracies are means over {MEAN_OVER} iterations."
    )
    table = pd.concat(positions)
    table.to_csv(OUT / "positions.csv", index=False, float_format="%.4f")
    plots.learning_curves(
        table,
        OUT / "positions.png",
        measures={"bits": "bits per character"},
        group="run",
        x="position",
        title="Bits against the past",
    )


if __name__ == "__main__":
    main()
