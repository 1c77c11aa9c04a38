"""What is read off a sweep, on times that are made up so that the answers are known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from gnnlab.bench import answers, report
from gnnlab.bench.answers import against_peers, choices, crossovers
from gnnlab.bench.sweep import COLUMNS

DENSITIES = (0.001, 0.01, 0.1, 1.0)
MACHINE = SimpleNamespace(bandwidth=1e10, flop_rate=1e11)


def choose(num_nodes, num_edges, num_features, **options):
    layout = "csr" if num_edges < 0.11 * num_nodes**2 else "dense"
    return SimpleNamespace(layout=layout)


@pytest.fixture
def table(monkeypatch):
    monkeypatch.setattr(answers, "choose_layout", choose)
    monkeypatch.setattr(answers, "crossover_density", lambda num_nodes, num_features: 0.11)
    rows = []
    for density in DENSITIES:
        times = {"gnnlab csr": density, "gnnlab coo": 9 * density, "gnnlab dense": 0.03}
        peers = {"PyG edge_index": 10 * density, "PyG dense": 0.06, "DGL": 2 * density}
        for operation, entrants in (("product", times), ("layer", times | peers)):
            rows += [
                {
                    "cell": f"random density={density}",
                    "kind": "random",
                    "N": 1000,
                    "E": round(density * 1e6),
                    "density": density,
                    "B": 1,
                    "n": 1000,
                    "F": 64,
                    "dtype": "float32",
                    "index dtype": "int64",
                    "operation": operation,
                    "contender": name,
                    "forward+backward [ms]": time,
                    "flop": 1e6,
                    "traffic [B]": 1e6,
                }
                for name, time in entrants.items()
            ]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"skipped": object})


def test_crossing_is_found_between_two_densities(table):
    (found,) = crossovers(table).to_dict("records")
    assert (found["N"], found["F"]) == (1000, 64)
    # From 0.01 to 0.1, and 0.001 for the self-connections, csr gets 10 times as slow; 3 are wanted.
    assert found["measured"] == pytest.approx(0.011 * (0.101 / 0.011) ** np.log10(3))
    assert found["predicted"] == 0.11
    assert found["predicted / measured"] == pytest.approx(0.11 / found["measured"])


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_no_crossing_is_no_number(table, factor):
    dense = table["contender"] == "gnnlab dense"
    table.loc[dense, "forward+backward [ms]"] *= factor
    assert np.isnan(crossovers(table)["measured"].item())


def test_missing_layout_does_not_stop_the_answers(table):
    table = table[table["contender"] != "gnnlab dense"]
    assert crossovers(table)["measured"].isna().all()
    found = choices(table)
    assert (found.loc[found["chosen"] == "csr", "times as long"] == 1).all()
    assert found.loc[found["chosen"] == "dense", "times as long"].isna().all()


@pytest.mark.parametrize("predicted", [0.0, np.inf])
def test_prediction_beyond_all_densities_is_no_number(table, monkeypatch, predicted):
    monkeypatch.setattr(answers, "crossover_density", lambda *sizes: predicted)
    assert crossovers(table)["predicted"].isna().all()


def test_choice_is_asked_for_what_was_measured(table, monkeypatch):
    asked = []
    monkeypatch.setattr(
        answers,
        "choose_layout",
        lambda *sizes, **options: asked.append((sizes, options)) or choose(*sizes),
    )
    choices(table.assign(dtype="bfloat16", B=5, n=300))
    sizes, options = asked[0]
    assert sizes == (1000, 1_000 + 1000, 64)
    assert options == {"num_graphs": 5, "max_nodes": 300, "dtype": torch.bfloat16}


def test_choice_is_compared_with_the_fastest(table):
    found = choices(table).set_index("E")
    assert found["chosen"].tolist() == ["csr", "csr", "csr", "dense"]
    assert found["fastest"].tolist() == ["csr", "csr", "dense", "dense"]
    assert found.loc[100_000, "times as long"] == pytest.approx(0.1 / 0.03)
    assert found.loc[1_000, "times as long"] == 1


def test_peer_takes_its_fastest_path(table):
    found = against_peers(table).set_index("E")
    assert found["path"].tolist() == ["PyG edge_index", "PyG dense", "PyG dense", "PyG dense"]
    assert found["times faster"].tolist() == pytest.approx([10.0, 6.0, 0.6, 2.0])
    assert against_peers(table, "DGL")["times faster"].iloc[0] == pytest.approx(2.0)


def test_page_states_the_shares_and_shows_the_figures(table, tmp_path):
    images = report.write_report(
        table, tmp_path / "a.md", tmp_path / "a", MACHINE, "gnnlab bench adjacency"
    )
    page = (tmp_path / "a.md").read_text()
    assert [image.name for image in images] == ["crossover.png", "roofline.png"]
    assert all(f"(a/{image.name})" in page and image.exists() for image in images)
    assert "Command: `gnnlab bench adjacency`" in page
    assert "in 0% of 1 crossings" in page
    assert "In 75.0% of 4 cells" in page
    assert "5 % slower in 1 of 4 cells, 0 of which have fewer than 10,000 edges" in page
    assert "In the middle it is 4.0 times as fast, 1.3 times with 100,000 edges" in page


def test_page_draws_memory_where_it_was_measured(table, tmp_path):
    table.loc[table["contender"] == "gnnlab dense", "peak memory [B]"] = 2**20
    images = report.draw(table, crossovers(table), tmp_path, MACHINE)
    assert [image.name for image in images] == ["crossover.png", "memory.png", "roofline.png"]


def test_overview_has_a_row_per_cell(table):
    shown = report.overview(table)
    assert shown["csr [ms]"].tolist() == list(DENSITIES)
    assert shown["PyG [ms]"].tolist() == pytest.approx([0.01, 0.06, 0.06, 0.06])
    assert shown["chosen"].tolist() == ["csr", "csr", "csr", "dense"]


def test_reasons_are_gathered(table):
    table["skipped"] = None
    table.loc[:2, "skipped"] = ["needs 3 GiB", "needs 4.5 GiB", "TypeError: int32"]
    table.loc[:2, "contender"] = "DGL"
    found = report.skipped(table).set_index("example")["cells"].to_dict()
    assert found == {"needs 3 GiB": 2, "TypeError: int32": 1}


def test_contender_table_puts_the_fastest_first_and_says_what_failed(table):
    part = table[table["cell"] == table["cell"].iloc[0]]
    assert report.contender_table(part)["contender"].iloc[0] == "gnnlab csr"
    assert "skipped" not in report.contender_table(part)
    failed = part.assign(skipped="no kernel")
    assert "skipped" in report.contender_table(failed)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (0.000123456, "0.000123"),
        (1234.5, "1,234"),
        (2.0, "2"),
        (None, "–"),
        (float("nan"), "–"),
        (pd.NA, "–"),
        (float("inf"), "inf"),
        ("csr", "csr"),
    ],
)
def test_numbers_are_written_short(value, text):
    table = pd.DataFrame({"value": pd.Series([value], dtype=object)})
    assert report.to_markdown(table).splitlines()[-1] == f"| {text} |"
