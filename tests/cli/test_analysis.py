"""``gnnlab analyze`` from the outside."""

from __future__ import annotations

import pytest

from gnnlab.analysis.comparisons import COMPARISONS
from gnnlab.cli import main
from gnnlab.cli.analysis import Comparison


def run_main(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(["analyze", *map(str, words)])
    output = capsys.readouterr()
    return stop.value.code, output.out, output.err


def test_routes_of_the_example(capsys):
    code, out, _ = run_main(capsys, "hops", "C", "E")
    assert code == 0
    assert out.splitlines() == [
        "4 updates from C to E, on 2 routes:",
        "",
        "C - D - B - A - E",
        "C - D - F - A - E",
    ]


def test_routes_in_a_file(capsys, tmp_path):
    file = tmp_path / "moor.csv"
    file.write_text("Cathy,Heathcliff\nCathy,Edgar\nNelly,Joseph\n")
    code, out, err = run_main(capsys, "hops", "Edgar", "Heathcliff", "--file", file)
    assert (code, out.splitlines()[-1]) == (0, "Edgar - Cathy - Heathcliff")
    assert "5 nodes" in err
    code, out, _ = run_main(capsys, "hops", "Edgar", "Nelly", "--file", file)
    assert out == "Edgar and Nelly are not connected: no number of updates is enough.\n"
    code, out, err = run_main(capsys, "hops", "Edgar", "Lockwood", "--file", file)
    assert code == 2
    assert err.splitlines()[-1].startswith("error: there is no such node")


def test_smoothing_of_a_data_set(capsys, tmp_path):
    words = ["--dataset", "karate-club", "--models", "gcn", "gat", "--depth", 3, "--out", tmp_path]
    code, out, _ = run_main(capsys, "smoothing", *words)
    assert code == 0
    lines = out.splitlines()
    assert [line.split(" | ")[0] for line in lines[2:4]] == ["| gcn", "| gat"]
    assert lines[-1] == f"Tables and figures: {tmp_path}"
    assert (tmp_path / "squashing.png").exists()


def test_gradients_of_some_cells(capsys):
    code, out, _ = run_main(capsys, "gradients", "--cells", "mingru", "--length", 3, "--quick")
    assert code == 0
    assert out.startswith("| cell | stage | norm | accuracy |")
    assert run_main(capsys, "gradients", "--cells", "tree")[0] == 2


def test_comparisons(capsys, tmp_path):
    assert [choice.value for choice in Comparison] == list(COMPARISONS)
    words = ["networks", "--data", "florentine-families", "--quick", "--out", tmp_path]
    code, out, err = run_main(capsys, "compare", *words)
    assert code == 0
    assert "| gcn |" in out
    assert "seed 0, walks" in err
    code, _, err = run_main(capsys, "compare", "networks", "--data", "facebok", "--quick")
    assert (code, err.count("error: ")) == (2, 1)
