"""Writing down what was measured on what; the measuring itself is in gnnlab.bench."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from gnnlab.bench.measure import alternate, forward_backward, machine

__all__ = ["RESULTS", "alternate", "forward_backward", "machine", "write"]

RESULTS = Path(__file__).parent / "results"


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
