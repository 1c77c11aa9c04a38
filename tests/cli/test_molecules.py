"""``gnnlab molecules`` from the outside."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest

from gnnlab.cli import main
from gnnlab.molecules import benchmark
from gnnlab.molecules.embedded import crippen_logp, load_nci

SMALL = ["--epochs", "2", "--hidden-channels", "8", "--no-descriptors"]


def run_main(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(["molecules", *map(str, words)])
    output = capsys.readouterr()
    return stop.value.code, output.out, output.err


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table of 60 molecules, two of them bad, and a model that was trained on it."""
    folder = tmp_path_factory.mktemp("molecules")
    smiles = load_nci(60).smiles
    logp = crippen_logp(smiles)
    columns = {"harpooner": "Queequeg", "structure": smiles, "logp": logp, "is_oily": logp > 2}
    table = pd.DataFrame(columns)
    table.loc[4, "structure"], table.loc[9, "structure"] = "Moby Dick", "C1CC"
    table.to_csv(folder / "whales.csv", index=False)
    words = ["train", folder / "whales.csv", "--target-column", "logp", "--out", folder / "run"]
    with pytest.raises(SystemExit) as stop:
        main(["molecules", *map(str, words), *SMALL])
    assert stop.value.code == 0
    return folder


def test_training_leaves_model_report_and_scores(folder):
    run = folder / "run"
    names = ["model.safetensors", "predictions.csv", "report.csv", "summary.json"]
    assert sorted(path.name for path in run.iterdir()) == names
    report = pd.read_csv(run / "report.csv")
    bad = report[~report["kept"]]
    assert bad["row"].tolist() == [4, 9]
    assert bad["reason"].tolist()[0] == "whitespace inside"
    assert "ring" in bad["reason"].tolist()[1]
    summary = json.loads((run / "summary.json").read_text())
    assert list(summary["scores"]) == ["predictor", "mean", "random-forest", "svm", "boosting"]
    assert summary["settings"]["descriptors"] is False
    assert len(pd.read_csv(run / "predictions.csv")) == summary["test_rows"] == 6


def test_guess_of_classes_is_said(folder, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("gnnlab.molecules.runs.BASELINES", {"mean": None})
    words = ["train", folder / "whales.csv", "--target-column", "is_oily", "--out", tmp_path]
    code, out, err = run_main(capsys, *words, *SMALL, "--no-fingerprints", "--split", "scaffold")
    assert (code, err) == (0, "")
    assert out.startswith("All values are 0 or 1: classification")
    assert "60 rows, 58 usable: 51 to learn from, 7 to judge by" in out
    assert "| model | roc-auc | prc-auc | accuracy |" in out
    code, out, _ = run_main(capsys, *words, *SMALL, "--no-fingerprints", "--task", "regression")
    assert code == 0
    assert "classification" not in out
    assert "| model | rmse | mae | r2 |" in out


def test_predicts_files_and_single_molecules(folder, capsys, tmp_path):
    model = folder / "run" / "model.safetensors"
    out_file = tmp_path / "predictions.csv"
    code, out, err = run_main(capsys, "predict", model, folder / "whales.csv", "--out", out_file)
    assert (code, err) == (0, "")
    assert out == f"60 rows, 2 without a prediction: {out_file}\n"
    table = pd.read_csv(out_file)
    assert table["row"].tolist() == list(range(60))
    assert table.index[table["prediction"].isna()].tolist() == [4, 9]
    assert table["reason"][4] == "whitespace inside"
    judged = pd.read_csv(folder / "run" / "predictions.csv").set_index("row")
    assert table["prediction"][judged.index].to_numpy() == pytest.approx(
        judged["prediction"].to_numpy(), rel=1e-3
    )
    code, out, err = run_main(capsys, "predict", model, "--smiles", "CCO", "--smiles", "Ahab")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "row,smiles,prediction,std,reason"
    assert lines[1].startswith("0,CCO,")
    assert lines[2].startswith("1,Ahab,,,not parsable")


def test_explains_in_numbers_and_in_a_picture(folder, capsys, tmp_path):
    model, picture = folder / "run" / "model.safetensors", tmp_path / "ethanol.svg"
    code, out, err = run_main(capsys, "explain", model, "CCO", "--out", picture)
    assert (code, err) == (0, "")
    assert picture.read_text().lstrip().startswith("<?xml")
    headline, _, *table, _, last = out.splitlines()
    assert last == f"Picture: {picture}"
    parts = [line.split(" | ")[0].strip("| ") for line in table[2:]]
    assert parts == ["C", "C", "O", "C-C", "C-O", "rest"]
    contributions = [float(line.split(" | ")[2].strip("| ")) for line in table[2:]]
    prediction, baseline = (float(words.split(": ")[1]) for words in headline.split(", "))
    assert baseline + sum(contributions) == pytest.approx(prediction, abs=0.01)


def test_benchmark_prints_the_summary(capsys, tmp_path, monkeypatch):
    def run(name, models, seeds, report, rows):
        report(f"{name} done")
        row = {"benchmark": name, "model": models[0], "seed": 0, "score": "rmse", "value": 0.5,
               "cliff_value": None, "seconds": 1.0}  # fmt: skip
        for _ in range(seeds):
            rows.append(row)
        return rows.table()

    monkeypatch.setattr("gnnlab.molecules.runs.run_benchmark", run)
    words = ["benchmark", "esol", "freesolv", "--seeds", "1", "--models", "svm"]
    code, out, err = run_main(capsys, *words, "--out", tmp_path)
    assert (code, err) == (0, "esol done\nfreesolv done\n")
    assert out.startswith("| benchmark | model | score | mean |")
    assert out.count("| svm | rmse | 0.5 |") == 2
    assert (tmp_path / "esol.csv").exists()
    code, _, err = run_main(capsys, *words, "--out", tmp_path / "esol.csv")
    assert code == 2
    assert "esol.csv" in err
    (tmp_path / "esol.csv").write_text("whale\nMoby Dick\n")
    code, _, err = run_main(capsys, *words, "--out", tmp_path, "--resume")
    assert code == 2
    assert "no column 'model'" in err


def test_models_of_the_help_exist(capsys):
    assert {"graph", "joint"} <= set(benchmark.MODELS)


def test_mistakes(folder, capsys, tmp_path):
    model, whales = folder / "run" / "model.safetensors", folder / "whales.csv"
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(model.read_bytes()[:-1] + b"?")
    train = ["train", whales, "--out", tmp_path / "out", "--target-column"]
    mistakes = [
        ([*train, "weight"], "no such column (found: 'weight'); the columns are: harpooner,"),
        ([*train, "harpooner"], "the target has no number at all"),
        ([*train, "logp", "--smiles-column", "logp"], "a column is named twice"),
        ([*train, "logp", "--encoder", "whale"], "unknown encoder"),
        ([*train, "logp", "--epochs", "0"], "epochs"),
        ([*train, "logp", "--task", "classification"], "the classes are 0 and 1"),
        (["train", tmp_path / "no.csv", "--target-column", "y"], "the file cannot be read"),
        (["predict", model], "molecules are needed"),
        (["predict", model, whales, "--smiles", "C"], "molecules are needed"),
        (["predict", model, "--smiles", "Ahab"], "no row has a molecule that can be used"),
        (["predict", damaged, whales], "damaged"),
        (["predict", model, whales, "--out", tmp_path / "a" / "b"], "the folder does not exist"),
        (["explain", model, "Ahab"], "not parsable"),
        (["explain", model, "C", "--target", "1"], "there are 1 properties"),
        (["explain", model, "C", "--out", tmp_path / "a.bmp"], "pictures are written as .png"),
        (["benchmark", "esol", "bible"], "unknown benchmark"),
    ]
    for words, message in mistakes:
        code, out, err = run_main(capsys, *words)
        assert (code, out) == (2, ""), words
        assert message in err
        assert err.count("\n") == 1


@pytest.mark.parametrize("verb", ["train", "predict", "explain", "benchmark"])
def test_help_loads_nothing_heavy(verb):
    check = (
        "import sys\nfrom gnnlab.cli import main\n"
        f"try:\n    main(['molecules', '{verb}', '--help'])\nexcept SystemExit: pass\n"
        "assert not {'torch', 'rdkit', 'pandas', 'numpy', 'sklearn'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
