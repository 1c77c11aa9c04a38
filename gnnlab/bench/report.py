"""The tables and figures of a sweep, and the page that puts them together.

Legend: N nodes, E edges, F features.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import psutil

from gnnlab import plots
from gnnlab.bench.answers import LAYOUTS, TIME, against_peers, choices, crossovers
from gnnlab.bench.contenders import CONTENDERS
from gnnlab.bench.measure import machine as describe_machine
from gnnlab.bench.roofline import Machine
from gnnlab.data import write_file

_IN_ROOFLINE = (
    "PyG edge_index",
    "PyG CSR cached",
    "torch CSR",
    "DGL",
    "gnnlab csr",
    "gnnlab dense",
)
_EXTRA = "SparseTensor"  # in the name of what needs torch-sparse
_WORST = 10
_SMALL, _LARGE = 10_000, 100_000


def write_report(
    table: pd.DataFrame, page: Path, figures: Path, machine: Machine, command: str
) -> list[Path]:
    """Writes a page in Markdown and its figures.

    Args:
        table: What :func:`~gnnlab.bench.sweep.sweep` gave.
        page: The page to write.
        figures: The folder of the figures.
        machine: Bandwidth and rate of calculation.
        command: How the numbers were made.

    Returns:
        The figures; one without data is left out.
    """
    crossing, picks, ahead = crossovers(table), choices(table), against_peers(table)
    plain = against_peers(table[~table["contender"].str.contains(_EXTRA, na=False)])
    drawn = draw(table, crossing, figures, machine)
    images = [f"![{path.stem}]({figures.name}/{path.name})" for path in drawn]
    rates = f"{machine.bandwidth / 1e9:.1f} GB/s, {machine.flop_rate / 1e9:.1f} Gflop/s"
    parts = [
        f"Command: `{command}`",
        f"Machine: {describe_machine()}; read from memory and calculated: {rates}",
        *_not_installed(),
        *images,
        "## Where a dense matrix begins to be faster",
        f"A H alone, random graphs, float32, forward and backward. {_state_crossovers(crossing)}",
        to_markdown(crossing),
        "## The chosen layout",
        _state_choices(picks),
        to_markdown(picks.nlargest(_WORST, "times as long")),
        "## Against the fastest path of PyG",
        _state_lead(ahead),
        to_markdown(ahead.nsmallest(_WORST, "times faster")),
        "## Against the fastest path of PyG without compiled extras",
        _state_lead(plain),
        to_markdown(plain.nsmallest(_WORST, "times faster")),
        "## What could not be measured",
        to_markdown(skipped(table)),
    ]
    write_file(page, ("\n\n".join(parts) + "\n").encode())
    return drawn


def draw(table: pd.DataFrame, crossing: pd.DataFrame, folder: Path, machine: Machine) -> list[Path]:
    """Draws the three figures as far as there is data for them."""
    drawn = []
    if crossing["measured"].notna().any():
        title = "From which density on a dense adjacency pays"
        drawn.append(plots.crossover(crossing, folder / "crossover.png", title=title))
    memory = table.dropna(subset=["peak memory [B]"]).rename(columns={"peak memory [B]": "bytes"})
    if len(memory):
        drawn.append(
            plots.memory_growth(
                memory.astype({"bytes": float, "N": float}),
                folder / "memory.png",
                limit=psutil.virtual_memory().total,
                quadratic="gnnlab dense",
                title="Memory of a graph convolution, 10 edges per node",
            )
        )
    shown = table["contender"].isin(_IN_ROOFLINE) & (table["operation"] == "layer")
    shown &= (table["dtype"] == "float32") & table[TIME].notna()
    if shown.any():
        points = table[shown].assign(seconds=table.loc[shown, TIME] / 1e3)
        drawn.append(
            plots.roofline(
                points,
                folder / "roofline.png",
                bandwidth=machine.bandwidth,
                flop_rate=machine.flop_rate,
                title="A graph convolution against what the machine could do",
            )
        )
    return drawn


def overview(table: pd.DataFrame) -> pd.DataFrame:
    """A row per cell for the terminal: our layouts, the fastest path of PyG, and the choice."""
    layer = table[table["operation"] == "layer"]
    times = layer.pivot(index="cell", columns="contender", values=TIME)
    ahead = against_peers(table).set_index("cell")
    shown = ["kind", "N", "E", "density", "F"]
    summary = layer.groupby("cell", sort=False)[shown].first()
    for layout in LAYOUTS:
        summary[f"{layout} [ms]"] = times.get(f"gnnlab {layout}")
    summary = summary.dropna(axis="columns", how="all")  # such as padded without a batch
    summary["PyG [ms]"], summary["times faster"] = ahead["peer [ms]"], ahead["times faster"]
    summary["chosen"] = ahead["chosen"]
    return summary.reset_index(drop=True)


def contender_table(table: pd.DataFrame) -> pd.DataFrame:
    """A row per contender for one graph, the fastest first; those that failed say why."""
    shown = [
        "operation", "contender", "F", "forward [ms]", TIME, "setup [ms]", "saved for backward [B]",
        "max error", "roofline [ms]", "share of roofline", "skipped",
    ]  # fmt: skip
    columns = shown if table["skipped"].notna().any() else shown[:-1]
    return table.sort_values(["F", "operation", TIME])[columns]


def skipped(table: pd.DataFrame) -> pd.DataFrame:
    """What has no numbers, and why: how often, and in which cell for the first time."""
    rows = table[table["skipped"].notna()]
    reason = rows["skipped"].str.replace(r"[\d.,]+( [KMGT]?i?B)?", "...", regex=True)
    groups = rows.assign(reason=reason).groupby(["contender", "reason"], sort=False)
    summary = groups.agg(
        cells=("cell", "size"), first=("cell", "first"), example=("skipped", "first")
    )
    return summary.reset_index().drop(columns="reason")


def to_markdown(table: pd.DataFrame) -> str:
    """A Markdown table with numbers of three significant digits.

    Example:
        >>> print(to_markdown(pd.DataFrame({"N": [1024], "time [ms]": [0.123456]})))
        | N | time [ms] |
        | --- | --- |
        | 1,024 | 0.123 |
    """
    if table.empty:
        return "Nothing."
    cells = table.map(_write)
    lines = [table.columns.tolist(), ["---"] * table.shape[1], *cells.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _write(value: object) -> str:
    if value is None or value is pd.NA or value != value:
        return "–"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,.0f}" if isinstance(value, int | float) else str(value)


def _state_crossovers(crossing: pd.DataFrame) -> str:
    factor = crossing["predicted / measured"].dropna()
    if factor.empty:
        return "Within this grid the two do not cross."
    within = factor.between(1 / 1.5, 1.5).mean()
    return (
        f"The prediction is within a factor of 1.5 of the measured density in {within:.0%} of "
        f"{len(factor)} crossings."
    )


def _state_choices(picks: pd.DataFrame) -> str:
    if picks.empty:
        return "No cell was measured in more than one layout."
    good = (picks["times as long"] <= 1.1).mean()
    return (
        f"In {good:.1%} of {len(picks)} cells the chosen layout takes at most 1.1 times as long as "
        "the fastest one. The cells with the largest difference:"
    )


def _state_lead(ahead: pd.DataFrame) -> str:
    if ahead.empty:
        return "PyG was measured in no cell."
    behind = ahead[ahead["times faster"] < 1 / 1.05]
    large = ahead[ahead["E"] >= _LARGE]["times faster"]
    at_large = f", {large.median():.1f} times with {_LARGE:,} edges or more" if len(large) else ""
    return (
        f"One graph convolution, forward and backward. With the chosen layout it is more than 5 % "
        f"slower in {len(behind)} of {len(ahead)} cells, {(behind['E'] < _SMALL).sum()} of which "
        f"have fewer than {_SMALL:,} edges. In the middle it is "
        f"{ahead['times faster'].median():.1f} times as fast{at_large}. The cells with the "
        "smallest lead:"
    )


def _not_installed() -> list[str]:
    names = [contender.name for contender in CONTENDERS if not contender.is_installed]
    return [f"Not installed here: {', '.join(names)}."] if names else []
