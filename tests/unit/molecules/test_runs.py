from __future__ import annotations

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest

from gnnlab.errors import InputError, MemoryLimitError, UnknownNameError
from gnnlab.molecules import PropertyPredictor, evaluate, read_molecules, runs
from gnnlab.molecules.baselines import BASELINES

SMILES = [f"{'C' * n}{end}" for n in range(1, 14) for end in ("O", "N", "CC(F)C")]


def make_predictor(task="regression", **settings):
    small = {"hidden_channels": 8, "epochs": 2, "descriptors": False}
    return PropertyPredictor(task, **small | settings)


def make_molecules(**columns):
    """A table whose row 0 is no molecule, so that rows and places differ."""
    table = pd.DataFrame({"smiles": SMILES} | columns, dtype=object)
    table.loc[0, "smiles"] = "Queequeg and Ishmael"
    return read_molecules(table, "smiles", list(columns))


@pytest.fixture(autouse=True)
def few_baselines(monkeypatch):
    some = {name: BASELINES[name] for name in ("mean", "svm")}
    monkeypatch.setattr(runs, "BASELINES", some)


def test_folder_holds_what_was_judged(tmp_path):
    y = [float(smiles.count("C")) for smiles in SMILES]
    molecules, predictor = make_molecules(carbons=y), make_predictor(seed=3)
    reported = []
    summary = runs.train_on(
        molecules, predictor, tmp_path / "a" / "b", report=reported.append, progress=False
    )
    out = tmp_path / "a" / "b"
    assert json.loads((out / "summary.json").read_text()) == summary
    assert reported == ["svm"]
    assert (summary["rows"], summary["molecules"], summary["test_rows"]) == (39, 38, 4)
    table = pd.read_csv(out / "predictions.csv")
    assert list(table) == ["row", "smiles", "y", "prediction", "std"]
    assert table["smiles"].tolist() == [SMILES[row] for row in table["row"]]
    assert table["y"].tolist() == [y[row] for row in table["row"]]
    loaded = PropertyPredictor.load(out / "model.safetensors").estimate(table["smiles"])
    assert table["prediction"].to_numpy() == pytest.approx(loaded.mean, rel=1e-4)
    assert table["std"].to_numpy() == pytest.approx(loaded.std, rel=1e-4)
    scores = summary["scores"]
    assert list(scores) == ["predictor", "mean", "svm"]
    assert scores["predictor"]["rmse"] == pytest.approx(
        evaluate("rmse", table["y"], table["prediction"]).value, rel=1e-4
    )
    learned = [value for row, value in enumerate(y) if row not in {0, *table["row"]}]
    assert scores["mean"]["mae"] == pytest.approx(np.abs(table["y"] - np.mean(learned)).mean())


def test_rows_without_a_value_are_reported_and_not_drawn(tmp_path):
    y = [None if row % 5 == 1 else float(row) for row in range(39)]
    runs.train_on(make_molecules(y=y), make_predictor(), tmp_path, progress=False)
    report = pd.read_csv(tmp_path / "report.csv")
    assert report["row"].tolist() == [0, *range(1, 39, 5)]
    assert report["reason"].tolist() == ["whitespace inside"] + ["no value to learn from"] * 8
    assert not report["kept"].any()
    assert not set(pd.read_csv(tmp_path / "predictions.csv")["row"]) & set(report["row"])


def test_several_classes_with_gaps(tmp_path):
    is_alcohol = [float(smiles.endswith("O")) for smiles in SMILES]
    is_long = [None if row % 7 == 2 else float(row > 15) for row in range(39)]
    molecules = make_molecules(alcohol=is_alcohol, long=is_long)
    assert runs.guess_task(molecules.targets) == "classification"
    summary = runs.train_on(
        molecules, make_predictor("classification", seed=1), tmp_path, progress=False
    )
    assert summary["scores"]["mean"]["roc-auc"] == 0.5
    table = pd.read_csv(tmp_path / "predictions.csv")
    assert list(table)[2:] == [
        f"{kind}_{name}" for name in ("alcohol", "long") for kind in ("y", "prediction", "std")
    ]
    assert table.filter(like="prediction").stack().between(0, 1).all()


def test_scaffold_split_keeps_rings_apart(tmp_path):
    rings = [f"C1{'C' * size}C1" for size in range(1, 11)]
    smiles = [f"{ring}{'C' * n}" for ring in rings for n in range(1, 4)]
    molecules = read_molecules(pd.DataFrame({"smiles": smiles, "y": range(30)}), "smiles", "y")
    runs.train_on(molecules, make_predictor(), tmp_path, split="scaffold", progress=False)
    rows = pd.read_csv(tmp_path / "predictions.csv")["row"]
    assert len(rows) == 3
    assert rows.floordiv(3).nunique() == 1


def test_test_rows_of_one_class_are_refused_before_the_training(tmp_path, monkeypatch):
    def train(*arguments, **settings):
        raise AssertionError("trained in vain")

    monkeypatch.setattr(PropertyPredictor, "fit", train)
    molecules = make_molecules(y=[float(row == 5) for row in range(39)])
    with pytest.raises(InputError, match="no target defines the score roc-auc"):
        runs.train_on(molecules, make_predictor("classification"), tmp_path, progress=False)


def test_score_that_is_undefined_stays_blank(tmp_path):
    molecules = make_molecules(y=[1.0] * 38 + [2.0])
    summary = runs.train_on(molecules, make_predictor(seed=2), tmp_path, progress=False)
    assert summary["scores"]["mean"]["r2"] is None
    assert summary["scores"]["mean"]["rmse"] is not None


def test_baseline_that_needs_too_much_memory_stays_blank(tmp_path, monkeypatch):
    fit = runs.Baseline.fit

    def refuse(self, *arguments):
        if self.name == "svm":
            raise MemoryLimitError("too many molecules")
        return fit(self, *arguments)

    monkeypatch.setattr(runs.Baseline, "fit", refuse)
    molecules = make_molecules(y=[float(row) for row in range(39)])
    summary = runs.train_on(molecules, make_predictor(), tmp_path, progress=False)
    assert summary["scores"]["svm"] == {"rmse": None, "mae": None, "r2": None}


def test_predictions_stand_beside_their_rows():
    y = np.arange(39.0)
    predictor = make_predictor(encoder="gcn").fit(SMILES, y, progress=False)
    rows = ["CO", None, "CCO", "", "Huck Finn", "CO"]
    table = runs.predict_table(predictor, read_molecules(rows))
    assert table["row"].tolist() == list(range(6))
    assert table["smiles"].tolist() == ["CO", "", "CCO", "", "Huck Finn", "CO"]
    assert table["reason"].tolist() == ["", "not a string", "", "empty", "whitespace inside", ""]
    assert (table["reason"] == "").tolist() == table["prediction"].notna().tolist()
    expected = predictor.predict(["CO", "CCO"])
    assert table["prediction"][[0, 2]].to_numpy() == pytest.approx(expected, rel=1e-4)
    assert table["prediction"][0] == table["prediction"][5]
    table = pd.DataFrame({"weight": y, "levity": -y})
    both = make_predictor().fit(SMILES, table, progress=False)
    names = ["row", "smiles"]
    names += ["prediction_weight", "std_weight", "prediction_levity", "std_levity", "reason"]
    assert list(runs.predict_table(both, read_molecules(rows))) == names


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split": "fair"}, "unknown split"),
        ({"out": "file"}, "the folder cannot be made"),
    ],
)
def test_mistakes(settings, message, tmp_path):
    (tmp_path / "file").write_text("")
    out = tmp_path / settings.pop("out", "out")
    molecules = make_molecules(y=[float(row) for row in range(39)])
    with pytest.raises(InputError, match=message):
        runs.train_on(molecules, make_predictor(), out, **settings)


def test_benchmarks_leave_a_table_each(tmp_path, monkeypatch):
    def run(name, models, seeds, report, rows):
        report(name)
        columns = ["benchmark", "model", "seed", "score", "value", "cliff_value", "seconds"]
        for m, s in product(models, range(seeds)):
            rows.append(dict(zip(columns, (name, m, s, "rmse", 1.0 + s, np.nan, 0.1), strict=True)))
        return rows.table()

    monkeypatch.setattr(runs, "run_benchmark", run)
    lines = []
    summary = runs.compare_on(["esol", "freesolv"], ["mean"], 2, tmp_path / "out", lines.append)
    assert lines == ["esol", "freesolv"]
    assert summary["mean"].tolist() == [1.5, 1.5]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "esol.csv",
        "freesolv.csv",
        "summary.csv",
    }
    with pytest.raises(UnknownNameError, match="unknown benchmark"):
        runs.compare_on(["esol", "bible"], ["mean"], 1, tmp_path, lines.append)
    with pytest.raises(UnknownNameError, match="unknown model"):
        runs.compare_on(["esol"], ["oracle"], 1, tmp_path, lines.append)
    assert len(lines) == 2
