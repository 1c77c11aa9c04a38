"""The sweep: a row for everything, reasons for what is left out, going on where it stopped."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from gnnlab.bench import sweep as module
from gnnlab.bench.contenders import CONTENDERS
from gnnlab.bench.graphs import undirected
from gnnlab.bench.grid import GridCell, full_grid, quick_grid
from gnnlab.bench.sweep import ALL, COLUMNS, Settings, sweep
from gnnlab.errors import FileFormatError, InputError


def machine(dtype):
    return SimpleNamespace(bandwidth=1e10, flop_rate=1e11)


FAST = Settings(seconds=0.0, rounds=1)
CELLS = [GridCell("random", 40, 0.1, 4), GridCell("molecules", 40, None, 4)]


def find(*names, operation="layer"):
    known = {c.name: c for c in CONTENDERS if c.operation == operation}
    return [known[name] for name in names]


OURS = find("gnnlab csr", "gnnlab dense", "gnnlab padded")


def test_every_contender_has_a_row_with_numbers(tmp_path):
    table = sweep(CELLS, tmp_path / "new" / "a.csv", machine, settings=FAST)
    assert tuple(table.columns) == COLUMNS
    installed = [contender for contender in CONTENDERS if contender.is_installed]
    single, batch = (table[table["cell"] == str(cell)] for cell in CELLS)
    assert len(batch) == len(installed)
    assert len(single) == len([c for c in installed if c.takes == "any"])
    assert table["skipped"].isna().all()
    for column in ("forward [ms]", "forward+backward [ms]", "setup [ms]", "roofline [ms]"):
        assert (table[column] > 0).all()
    assert (table["max error"] < 1e-5).all()
    share = table["roofline [ms]"] / table["forward+backward [ms]"]
    assert share.tolist() == pytest.approx(table["share of roofline"].tolist())
    assert single["N"].unique().tolist() == [40]
    assert single["E"].unique().tolist() == [160]


def test_a_stopped_sweep_goes_on_where_it_was(tmp_path, monkeypatch):
    path, measured = tmp_path / "a.csv", []
    sweep(CELLS[:1], path, machine, contenders=OURS, settings=FAST)
    before = path.read_bytes()
    monkeypatch.setattr(module, "measure_cell", lambda cell, *rest: measured.append(cell) or [])
    table = sweep(CELLS, path, machine, contenders=OURS, settings=FAST)
    assert measured == CELLS[1:]
    assert path.read_bytes() == before
    assert len(table) == 2


def test_interrupted_sweep_keeps_whole_cells(tmp_path, monkeypatch):
    path, measure = tmp_path / "a.csv", module.measure_cell

    def measure_once(cell, *rest):
        if cell is CELLS[1]:
            raise KeyboardInterrupt
        return measure(cell, *rest)

    monkeypatch.setattr(module, "measure_cell", measure_once)
    with pytest.raises(KeyboardInterrupt):
        sweep(CELLS, path, machine, contenders=OURS, settings=FAST)
    assert pd.read_csv(path)["cell"].unique().tolist() == [str(CELLS[0])]


@pytest.mark.parametrize(
    ("cell", "settings", "reason"),
    [
        (GridCell("random", 1000, 0.5, 4), replace(FAST, most_edges=1000), "about 500,000 edges"),
        (GridCell("random", 100, 1e-6, 4), FAST, "no edge at this density"),
    ],
)
def test_graph_that_is_not_drawn_has_one_row(tmp_path, cell, settings, reason):
    table = sweep([cell], tmp_path / "a.csv", machine, settings=settings)
    assert table["contender"].tolist() == [ALL]
    assert reason in table["skipped"].iloc[0]
    assert table["N"].tolist() == [cell.num_nodes]


def test_contender_that_does_not_fit_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "available_memory", lambda: 20_000)
    table = sweep(CELLS[:1], tmp_path / "a.csv", machine, contenders=OURS, settings=FAST)
    table = table.set_index("contender")["skipped"]
    assert "needs about 15.1 KiB of memory, may take 9.8 KiB" in table["gnnlab dense"]
    assert pd.isna(table["gnnlab csr"])


def test_contender_that_would_take_too_long_says_why(tmp_path):
    slow = SimpleNamespace(bandwidth=1e10, flop_rate=1e3)
    table = sweep(CELLS[:1], tmp_path / "a.csv", lambda dtype: slow, contenders=OURS, settings=FAST)
    assert table["skipped"].str.contains(f"s a call, the limit is {FAST.limit:.0f} s").all()


def test_contender_that_fails_says_how(tmp_path):
    def build(problem):
        raise RuntimeError("no kernel\nfor this")

    broken = replace(OURS[0], name="broken", build=build)
    table = sweep(CELLS[:1], tmp_path / "a.csv", machine, contenders=[broken, *OURS], settings=FAST)
    table = table.set_index("contender")["skipped"]
    assert table["broken"] == "RuntimeError: no kernel for this"
    assert pd.isna(table["gnnlab csr"])


def test_slow_contender_is_called_no_more_than_needed(tmp_path):
    calls = []

    def build(problem):
        side = OURS[0].build(problem)
        side.register_forward_hook(lambda *_: calls.append(1))
        return side

    once = replace(FAST, once_above=0.0, rounds=50)
    counted = replace(OURS[0], build=build)
    sweep(CELLS[:1], tmp_path / "a.csv", machine, contenders=[counted], settings=once)
    # Once on something tiny; forward+backward, saved bytes, forward, forward+backward again.
    assert len(calls) == 1 + 4


def test_given_graph_is_measured(tmp_path):
    graph = undirected("trio", torch.tensor([[0, 1], [1, 2]]), 3)
    cell = GridCell("trio", num_features=4)
    table = sweep(
        [cell], tmp_path / "a.csv", machine, graphs={"trio": graph}, contenders=OURS, settings=FAST
    )
    assert table["E"].tolist() == [4, 4]
    assert table["density"].tolist() == pytest.approx([4 / 9] * 2)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\x00", b'"'])
def test_foreign_file_is_refused_and_kept(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"a\.csv"):
        sweep(CELLS, path, machine, settings=FAST)
    assert path.read_bytes() == content


@pytest.mark.slow
def test_memory_is_measured_where_asked_for(tmp_path):
    cell = replace(CELLS[0], with_memory=True)
    table = sweep([cell], tmp_path / "a.csv", machine, contenders=OURS[:1], settings=FAST)
    assert 0 <= table["peak memory [B]"].iloc[0] < 2**27


def test_cells_of_the_grids_are_told_apart():
    cells = full_grid(["Karate"])
    assert len({str(cell) for cell in cells}) == len(cells)
    assert cells[-1] == GridCell("Karate")
    assert {2**7, 2**20} <= {cell.num_nodes for cell in cells}
    assert {1e-6, 1.0} <= {cell.density for cell in cells}
    kinds = {cell.kind for cell in cells}
    assert {"random", "power-law", "grid", "path", "molecules"} <= kinds
    assert {cell.num_features for cell in cells} == {16, 64, 256}
    assert {cell.dtype for cell in cells} == {"float32", "bfloat16"}
    assert {cell.index_dtype for cell in cells} == {"int64", "int32"}
    asked = [cell.num_nodes for cell in cells if cell.with_memory]
    assert len(set(asked)) == len(asked) == 14


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"densities": [-0.1]}, "at: density; found: -0.1"),
        ({"densities": [2.0]}, "at: density; found: 2.0"),
        ({"nodes": [0]}, "at: num_nodes; found: 0"),
        ({"features": [0]}, "at: num_features; found: 0"),
    ],
)
def test_impossible_sizes_are_refused(sizes, message):
    with pytest.raises(InputError, match=message):
        quick_grid(**sizes)
