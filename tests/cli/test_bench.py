"""``gnnlab bench adjacency``: a small grid, a user's graph, and mistakes in one line."""

from __future__ import annotations

import pandas as pd
import pytest

from gnnlab.cli import main


def run_bench(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(["bench", "adjacency", *map(str, words)])
    output = capsys.readouterr()
    return stop.value.code, output.out, output.err


def test_quick_grid_prints_a_table_and_says_where_the_figures_are(capsys, tmp_path):
    out = tmp_path / "bench"
    words = ["--quick", "--nodes", 20, 30, "--densities", 0.1, "--features", 4, "--out", out]
    code, text, err = run_bench(capsys, *words)
    assert (code, err) == (0, "")
    assert "| kind | N | E |" in text
    assert "csr [ms]" in text
    assert f"Tables and figures: {out}" in text
    cells = pd.read_csv(out / "adjacency.csv")["cell"].unique()
    assert [cell.split(" F=")[0] for cell in cells] == [
        "random N=20 density=0.1",
        "random N=30 density=0.1",
        "molecules N=30",
    ]
    assert (out / "adjacency" / "roofline.png").exists()
    assert "Command: `gnnlab" in (out / "adjacency.md").read_text()


def test_graph_of_a_user_is_answered_with_a_layout(capsys, tmp_path):
    path = tmp_path / "friends.csv"
    path.write_text("source,target\nAnna,Kitty\nKitty,Levin\nLevin,Levin\nKitty,Anna\n")
    out = tmp_path / "bench"
    code, text, err = run_bench(capsys, "--graph", path, "--features", 4, 8, "--out", out)
    assert (code, err) == (0, "")
    assert "3 nodes, 4 edges" in text
    assert "| PyG edge_index |" in text.replace("layer | ", "| ")
    for features in (4, 8):
        assert f"Recommended layout with {features} features: " in text
    table = pd.read_csv(out / "friends.csv")
    assert table["F"].unique().tolist() == [4, 8]
    path.write_text("1 2\n")
    assert "2 nodes, 2 edges" in run_bench(capsys, "--graph", path, "--out", out)[1]
    assert pd.read_csv(out / "friends.csv")["E"].unique().tolist() == [2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--densities", "-0.1"], "at: density; found: -0.1"),
        (["--densities", "1.5"], "at: density; found: 1.5"),
        (["--nodes", "1"], "at: num_nodes; found: 1"),
        (["--features", "0"], "at: num_features; found: 0"),
        (["--graph", "lost.csv"], "there is no such file (at: path; found: lost.csv)"),
        (["--graph", "{good}", "--nodes", "10"], "a graph has its own size"),
        (["--graph", "{good}", "--features", "-1"], "at: num_features; found: -1"),
        (["--graph", "{bad}"], "bad.csv, line 3"),
        (["--graph", "{loops}"], "from a node to itself"),
    ],
)
def test_mistake_exits_with_2_and_one_line(words, message, capsys, tmp_path):
    files = {"good": "1,2\n", "bad": "1,2\n2,3\n3\n", "loops": "1,1\n"}
    for name, content in files.items():
        (tmp_path / f"{name}.csv").write_text(content)
    words = [word.format(**{name: tmp_path / f"{name}.csv" for name in files}) for word in words]
    out = tmp_path / "bench"
    code, text, err = run_bench(capsys, *words, "--out", out)
    assert code == 2
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1
    assert text == ""
    assert not out.exists()


def test_folder_that_is_a_file_exits_with_2(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = run_bench(capsys, "--nodes", 10, "--out", tmp_path / "file")
    assert code == 2
    assert "the folder cannot be made" in err


def test_foreign_table_is_not_overwritten(capsys, tmp_path):
    (tmp_path / "adjacency.csv").write_text("mine\n1\n")
    code, _, err = run_bench(capsys, "--nodes", 10, "--out", tmp_path)
    assert code == 2
    assert "adjacency.csv" in err
    assert (tmp_path / "adjacency.csv").read_text() == "mine\n1\n"
