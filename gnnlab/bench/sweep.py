"""Measuring all contenders in all cells of a grid, with a table that grows cell by cell.

Legend: N nodes, E edges, F features.
"""

from __future__ import annotations

import io
import math
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from gnnlab.bench.contenders import CONTENDERS, Contender
from gnnlab.bench.graphs import Graph, expected_edges, make_graph
from gnnlab.bench.grid import GridCell
from gnnlab.bench.measure import alternate, forward_backward, peak_memory, saved_bytes
from gnnlab.bench.problem import Problem, Side
from gnnlab.bench.roofline import Machine, Shape
from gnnlab.data import write_file
from gnnlab.errors import FileFormatError
from gnnlab.nn.memory import available_memory, human

COLUMNS = (
    "cell", "kind", "N", "E", "density", "B", "n", "F", "dtype", "index dtype", "threads",
    "operation", "contender", "forward [ms]", "forward+backward [ms]", "setup [ms]",
    "peak memory [B]", "saved for backward [B]", "max error", "flop", "traffic [B]",
    "roofline [ms]", "share of roofline", "skipped",
)  # fmt: skip
_WHOLE = ("N", "E", "B", "n", "F", "threads", "peak memory [B]", "saved for backward [B]")
#: Contenders whose peak memory is measured, each in a process of its own.
WITH_MEMORY = ("PyG edge_index", "gnnlab csr", "gnnlab coo", "gnnlab dense")
ALL = "(all)"
_SLOWDOWN = 10  # over the roofline: what to expect of a contender that was not tried yet


@dataclass(frozen=True)
class Settings:
    """How long to measure.

    Args:
        seconds: For each contender, forward and forward+backward each.
        rounds: Turns of each contender; the median counts.
        once_above: Seconds; a contender that takes longer is measured by its second call alone.
        limit: Seconds; a contender that would take longer is skipped.
        most_edges: A graph with more edges is skipped.
    """

    seconds: float = 0.025
    rounds: int = 3
    once_above: float = 0.25
    limit: float = 1.0
    most_edges: int = 2**22


QUICK = Settings(seconds=0.04, most_edges=2**20)


def sweep(
    cells: Iterable[GridCell],
    path: Path,
    machine: Callable[[torch.dtype], Machine],
    *,
    graphs: Mapping[str, Graph] | None = None,
    contenders: Iterable[Contender] = CONTENDERS,
    settings: Settings | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Measures cell by cell; the rows of a cell are in the file before the next one begins.

    What cannot be measured has a row that says why. Cells that the file already holds are not
    measured again, so a sweep that was stopped goes on where it was.

    Args:
        cells: What to measure.
        path: The CSV file.
        machine: Gives bandwidth and rate of calculation in a type of numbers, for the roofline.
        graphs: Graphs that are given, by the ``kind`` of their cells.
        contenders: Who takes part; those that are not installed are left out.
        settings: How long to measure.
        progress: Called with the number of finished cells and of all.

    Returns:
        The table: :data:`COLUMNS`, with a row per cell and contender. Of a batch, B is the number
        of graphs and n the nodes of the largest one.

    Raises:
        FileFormatError: If the file holds something else.
    """
    cells, settings = list(cells), settings or Settings()
    contenders = [contender for contender in contenders if contender.is_installed]
    table = _read(path)
    done = set(table["cell"])
    path.parent.mkdir(parents=True, exist_ok=True)
    for number, cell in enumerate(cells):
        progress(number, len(cells))
        if str(cell) in done:
            continue
        speed = machine(getattr(torch, cell.dtype))
        rows = measure_cell(cell, speed, graphs or {}, contenders, settings)
        new = pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(_WHOLE, "Int64"))
        table = new if table.empty else pd.concat([table, new], ignore_index=True)
        write_file(path, table.to_csv(index=False, float_format="%.6g").encode())
    progress(len(cells), len(cells))
    return table[table["cell"].isin({str(cell) for cell in cells})].reset_index(drop=True)


def _read(path: Path) -> pd.DataFrame:
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS)
    try:
        table = pd.read_csv(io.BytesIO(path.read_bytes()), dtype=dict.fromkeys(_WHOLE, "Int64"))
    except (ValueError, OSError) as error:
        raise FileFormatError("not a table", where=path.name, value=error) from error
    if tuple(table.columns) != COLUMNS:
        raise FileFormatError(
            "the file is not a table of this benchmark",
            where=path.name,
            remedy="name another file or folder",
        )
    return table


def measure_cell(
    cell: GridCell,
    machine: Machine,
    graphs: Mapping[str, Graph],
    contenders: Iterable[Contender],
    settings: Settings,
) -> list[dict]:
    """The rows of one cell."""
    reason = None if cell.kind in graphs else _reason_against_graph(cell, settings)
    if reason:
        facts = {"N": cell.num_nodes, "density": cell.density, "contender": ALL, "skipped": reason}
        return [_describe(cell) | facts]
    graph = graphs[cell.kind] if cell.kind in graphs else _draw(cell)
    problem = _problem(cell, graph)
    sides, rows = {}, {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch and PyG warn that sparse tensors are in beta
        for contender in contenders:
            if contender.takes == "batch" and graph.sizes is None:
                continue
            shape = problem.shape(contender.index_bytes)
            row = _describe(cell) | _count(contender, shape, graph, machine)
            rows[contender] = row
            row["skipped"] = _reason_against(contender, shape, machine, settings)
            if row["skipped"] is None:
                sides[contender] = _start(contender, problem, row)
        _time({c: side for c, side in sides.items() if side}, rows, settings)
        if cell.with_memory:
            _measure_memory(cell, rows)
    for row in rows.values():
        row["share of roofline"] = row["roofline [ms]"] / row.get("forward+backward [ms]", math.nan)
    return list(rows.values())


def _describe(cell: GridCell) -> dict:
    return {
        "cell": str(cell),
        "kind": cell.kind,
        "F": cell.num_features,
        "dtype": cell.dtype,
        "index dtype": cell.index_dtype,
        "threads": torch.get_num_threads(),
    }


def _count(contender: Contender, shape: Shape, graph: Graph, machine: Machine) -> dict:
    cost = contender.cost_of(shape, backward=True)
    return {
        "N": graph.num_nodes,
        "E": graph.num_edges,
        "density": graph.density,
        "B": shape.num_graphs,
        "n": shape.most_nodes,
        "operation": contender.operation,
        "contender": contender.name,
        "flop": cost.flop,
        "traffic [B]": cost.traffic,
        "roofline [ms]": 1e3 * cost.seconds(machine),
    }


def _reason_against_graph(cell: GridCell, settings: Settings) -> str | None:
    edges = expected_edges(cell.kind, cell.num_nodes, cell.density)
    if edges > settings.most_edges:
        return f"about {edges:,} edges, the most is {settings.most_edges:,}"
    if edges < 2:
        return "no edge at this density"
    return None


def _reason_against(
    contender: Contender, shape: Shape, machine: Machine, settings: Settings
) -> str | None:
    cost = contender.cost_of(shape, backward=True)
    allowed = available_memory() // 2
    if cost.memory > allowed:
        return f"needs about {human(cost.memory)} of memory, may take {human(allowed)}"
    expected = _SLOWDOWN * cost.seconds(machine)
    if expected > settings.limit:
        return f"would take about {expected:.0f} s a call, the limit is {settings.limit:g} s"
    return None


@lru_cache(maxsize=1)
def _drawn(kind: str, num_nodes: int, density: float | None) -> Graph:
    return make_graph(kind, num_nodes, density, generator=_seeded())


def _draw(cell: GridCell) -> Graph:
    return _drawn(cell.kind, cell.num_nodes, cell.density)


def _problem(cell: GridCell, graph: Graph) -> Problem:
    return Problem.draw(
        graph,
        cell.num_features,
        getattr(torch, cell.dtype),
        getattr(torch, cell.index_dtype),
        generator=_seeded(),
    )


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _start(contender: Contender, problem: Problem, row: dict) -> Side | None:
    """Builds a side and calls it for the first time; notes what is known then."""
    found = {}
    try:
        _warm_up(contender, problem.x.dtype, problem.index_dtype)
        begin = time.perf_counter()
        side = contender.build(problem)
        found["setup [ms]"] = 1e3 * (time.perf_counter() - begin)
        found["forward+backward [ms]"] = 1e3 * _seconds(forward_backward(side, side))
        found["saved for backward [B]"] = saved_bytes(side, list(side.parameters()))
        with torch.no_grad():
            begin = time.perf_counter()
            out = side()
            found["forward [ms]"] = 1e3 * (time.perf_counter() - begin)
        found["max error"] = _error(side.rows(out), problem.answer(contender.operation))
    except Exception as error:
        # What a peer cannot do is a result as well.
        row["skipped"] = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        return None
    row |= found
    return side


@lru_cache(maxsize=256)
def _warm_up(contender: Contender, dtype: torch.dtype, index_dtype: torch.dtype) -> None:
    """Runs a contender on something tiny: the first use of a library is not a cost of a graph."""
    graph = make_graph("molecules", 20, generator=_seeded())
    side = contender.build(Problem.draw(graph, 4, dtype, index_dtype, generator=_seeded()))
    forward_backward(side, side)()


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def _error(out: Tensor, answer: Tensor) -> float:
    """The largest difference, as a share of the largest number."""
    return float((out.double() - answer).abs().max() / answer.abs().max())


def _time(sides: dict[Contender, Side], rows: dict[Contender, dict], settings: Settings) -> None:
    """Replaces the first times by later ones, and counts what the first took beyond as setup."""
    both = {contender: forward_backward(side, side) for contender, side in sides.items()}
    first = {contender: rows[contender]["forward+backward [ms]"] for contender in sides}
    fast = {c: side for c, side in sides.items() if first[c] <= 1e3 * settings.once_above}
    seconds = settings.seconds * len(fast)
    with torch.no_grad():
        forward = alternate(fast, seconds, settings.rounds)
    usual = alternate({c: both[c] for c in fast}, seconds, settings.rounds)
    usual |= {c: _seconds(both[c]) for c in sides if c not in fast}
    for contender, time_of_both in usual.items():
        row = rows[contender]
        row["forward+backward [ms]"] = 1e3 * time_of_both
        row["setup [ms]"] += max(first[contender] - 1e3 * time_of_both, 0.0)
        if contender in forward:
            row["forward [ms]"] = 1e3 * forward[contender]


def _measure_memory(cell: GridCell, rows: dict[Contender, dict]) -> None:
    for contender, row in rows.items():
        wanted = contender.name in WITH_MEMORY and contender.operation == "layer"
        if wanted and row["skipped"] is None:
            job = partial(memory_job, cell, CONTENDERS.index(contender))
            row["peak memory [B]"] = peak_memory(job).growth


def memory_job(cell: GridCell, number: int) -> Callable[[], None]:
    """What the measuring process runs: everything beyond the graph and its features."""
    contender, problem = CONTENDERS[number], _problem(cell, _draw(cell))
    _warm_up(contender, problem.x.dtype, problem.index_dtype)

    def run() -> None:
        side = contender.build(problem)
        forward_backward(side, side)()

    return run
