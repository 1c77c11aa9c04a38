"""``gnnlab networks`` from the outside."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pandas as pd
import pytest

from gnnlab.cli import main
from gnnlab.errors import DownloadError
from gnnlab.networks import EMBEDDED, LinkPredictor, benchmark, load_les_miserables, runs


def run_main(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(["networks", *map(str, words)])
    output = capsys.readouterr()
    return stop.value.code, output.out, output.err


@pytest.fixture(scope="module")
def friends(tmp_path_factory):
    """Les Miserables as a table, with a row that is none and a time for each."""
    path = tmp_path_factory.mktemp("networks") / "friends.csv"
    network = load_les_miserables()
    names = [[network.names[node] for node in side] for side in network.edge_index.tolist()]
    table = pd.DataFrame({"chapter": range(254), "one": names[0], "other": names[1]})
    table.loc[254] = [254, "Valjean", "Valjean"]
    table.to_csv(path, index=False)
    return path


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    few = ["adamic-adar", "katz"]
    monkeypatch.setattr(runs, "LinkPredictor", lambda seed: LinkPredictor(few, seed=seed))
    monkeypatch.setattr(benchmark, "LinkPredictor", lambda seed: LinkPredictor(few, seed=seed))
    monkeypatch.setattr(benchmark, "SCORERS", {name: benchmark.SCORERS[name] for name in few})
    monkeypatch.setattr("gnnlab.networks.stack._ITERATIONS", 20)


def test_suggestions_for_one_node_with_reasons(friends, capsys, tmp_path):
    words = ["suggest", friends, "--columns", "one,other", "--node", "Cosette", "-k", 3]
    code, out, err = run_main(capsys, *words, "--explain", "--out", tmp_path)
    assert code == 0
    assert "77 nodes and 254 connections from 255 lines" in err
    assert "connected to itself" in err
    lines = out.splitlines()
    assert lines[0] == "| suggestion | probability |"
    assert sum(line.startswith("Cosette and ") for line in lines) == 3
    assert lines[-1] == f"3 suggestions: {tmp_path}"
    names = ["neighborhood.png", "report.csv", "suggestions.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert pd.read_csv(tmp_path / "report.csv")["line"].tolist() == [256]


def test_names_that_are_numbers_are_written_as_they_are(friends, capsys, tmp_path):
    file = tmp_path / "numbers.csv"
    network = load_les_miserables()
    file.write_text("\n".join(f"{1000 + u},{1000 + v}" for u, v in network.edge_index.T.tolist()))
    code, out, _ = run_main(capsys, "suggest", file, "--node", 1026, "-k", 2)
    assert code == 0
    names = [line.split(" | ")[0] for line in out.splitlines()[2:]]
    assert all(1000 <= int(name.strip("| ")) < 1077 for name in names)
    assert len(names) == 2


def test_suggestions_for_everyone_are_a_table(capsys, tmp_path):
    words = ["suggest", "--dataset", "karate-club", "-k", 2]
    code, out, err = run_main(capsys, *words)
    assert (code, err) == (0, "34 nodes and 78 connections.\n")
    printed = pd.read_csv(io.StringIO(out))
    assert len(printed) == 2 * 34
    assert list(printed.columns) == ["node", "suggestion", "probability", "score"]
    code, out, _ = run_main(capsys, *words, "--out", tmp_path)
    assert (code, out) == (0, f"68 suggestions: {tmp_path}\n")
    written = pd.read_csv(tmp_path / "suggestions.csv")
    assert written["suggestion"].tolist() == printed["suggestion"].tolist()


def test_evaluation_prints_audit_and_scores(friends, capsys, tmp_path):
    words = ["evaluate", friends, "--columns", "1,2", "--header", "--out", tmp_path]
    code, out, err = run_main(capsys, *words)
    assert code == 0
    assert "scoring: katz" in err
    assert "229 connections to learn from, 25 hidden (random split)" in out
    assert "Audit of the split: clean" in out
    assert "| scorer | mrr | ranked-hits@1 |" in out
    assert "Expected calibration error of default: 0." in out
    assert (tmp_path / "reliability.png").exists()
    code, out, _ = run_main(capsys, *words[:5], "--time-column", "chapter", "--test", 0.2)
    assert code == 0
    assert "hidden (time split)" in out


def test_benchmark_prints_json_or_a_table(capsys, tmp_path, monkeypatch):
    def run(name, scorers, seeds, report, rows):
        report(f"{name} done")
        row = {"benchmark": name, "setting": "heart", "scorer": scorers, "seed": 0, "mrr": 0.31415,
               "ranked-hits@10": 0.5, "auc": 0.5, "ap": 0.5, "fit_seconds": 1.0,
               "score_seconds": 1.0}  # fmt: skip
        for _ in range(seeds):
            rows.append(row)
        return rows.table()

    monkeypatch.setattr(runs, "run_benchmark", run)
    words = ["benchmark", "citeseer", "--scorers", "default", "--seeds", 2]
    code, out, err = run_main(capsys, *words, "--json")
    assert (code, err) == (0, "citeseer done\n")
    row = json.loads(out)["settings"]["heart"]["default"]
    assert (row["mrr"], row["mrr_std"], row["seeds"]) == (31.41, 0, 2)
    code, out, _ = run_main(capsys, *words, "--out", tmp_path)
    assert code == 0
    assert "| citeseer | heart | default | 31.41 | 0.00 | 50.00 |" in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["citeseer.csv", "summary.csv"]
    code, _, err = run_main(capsys, *words, "--resume")
    assert code == 2
    assert "no folder to go on with" in err


def test_names_of_the_help_exist(capsys):
    _, out, _ = run_main(capsys, "benchmark", "--help")
    assert all(choice in out for choice in benchmark.CHOICES)
    _, out, _ = run_main(capsys, "suggest", "--help")
    for name in EMBEDDED:
        assert name.split("-")[0] in out
    assert {"citeseer", "facebook-ego", "college-msg"} <= set(benchmark.BENCHMARKS)


def test_mistakes(friends, capsys, tmp_path):
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    lonely = tmp_path / "lonely.csv"
    lonely.write_text("Jane,Bingley\n")
    mistakes = [
        (["suggest"], "a network is needed"),
        (["suggest", friends, "--dataset", "karate-club"], "a network is needed"),
        (["suggest", "--dataset", "moby-dick"], "unknown data set"),
        (["suggest", tmp_path / "no.csv"], "no.csv"),
        (["suggest", empty], "empty"),
        (["suggest", lonely], "too few connections to learn from"),
        (["suggest", friends, "--columns", "one"], "two columns are needed"),
        (["suggest", friends, "--columns", "one,two"], "no such column"),
        (["suggest", friends, "--columns", "1,2", "--node", "Cosete"], "use 'Cosette'"),
        (["suggest", friends, "--columns", "1,2", "--explain"], "explanations are for one node"),
        (["suggest", "--dataset", "karate-club", "-k", "0"], "(at: k; found: 0)"),
        (["suggest", "--dataset", "karate-club", "--seed", "-1"], "a seed is"),
        (["evaluate", "--dataset", "karate-club", "--test", "1"], "a share is"),
        (["evaluate", "--dataset", "karate-club", "--time-column", "t"], "no times"),
        (["benchmark", "moby-dick"], "unknown benchmark"),
        (["benchmark", "citeseer", "--seeds", "0"], "(at: seeds; found: 0)"),
        (["benchmark", "citeseer", "--out", friends], "the folder cannot be made"),
    ]
    for words, message in mistakes:
        code, out, err = run_main(capsys, *words)
        assert (code, out) == (2, ""), words
        assert message in err
        assert err.splitlines()[-1].startswith("error: ")


def test_data_that_cannot_be_fetched_is_said(capsys, monkeypatch):
    def fail(name):
        raise DownloadError("the data cannot be fetched", where=name)

    monkeypatch.setattr("gnnlab.networks.datasets.fetch", fail)
    code, out, err = run_main(capsys, "benchmark", "pb")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "cannot be fetched" in err


@pytest.mark.parametrize("verb", ["suggest", "evaluate", "benchmark"])
def test_help_loads_nothing_heavy(verb):
    check = (
        "import sys\nfrom gnnlab.cli import main\n"
        f"try:\n    main(['networks', '{verb}', '--help'])\nexcept SystemExit: pass\n"
        "assert not {'torch', 'networkx', 'pandas', 'numpy', 'sklearn'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
