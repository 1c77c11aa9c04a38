"""Comparisons: independent and repeatable runs, nothing done twice, everything written down."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from gnnlab.errors import InputError, UnknownNameError
from gnnlab.sequences import runs as runs_module
from gnnlab.sequences.compare import compare, grid, plan_runs
from gnnlab.sequences.report import summarise, thin, to_markdown
from gnnlab.sequences.runs import MATCHED, make_classifier, run_all, train
from gnnlab.sequences.tasks import make_task

TINY = {"hidden_size": 4, "iterations": 10, "batch_size": 8}
TASK = "random-combinations"


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    return compare(TASK, ["lstm", "bilstm"], [3, 4], 2, out=folder, **TINY), folder


def plan(**changes):
    return plan_runs(TASK, ["lstm"], [3], 1, **(TINY | changes))


def test_results_hold_one_row_per_run(comparison):
    results = comparison[0].results
    keys = results[["length", "model", "seed"]].itertuples(index=False, name=None)
    wanted = [(t, m, s) for t in (3, 4) for m in ("lstm", "bilstm") for s in (0, 1)]
    assert list(keys) == wanted
    assert results["accuracy"].between(0, 1).all()
    assert (results["seconds"] > 0).all()


def test_metrics_hold_one_row_per_run_and_iteration(comparison):
    metrics = comparison[0].metrics
    assert len(metrics) == 8 * 10
    assert not metrics.duplicated(["model", "length", "seed", "iteration"]).any()
    assert metrics["loss"].notna().all()
    evaluated = metrics.loc[metrics["validation_accuracy"].notna(), "iteration"]
    assert sorted(set(evaluated)) == [5, 10]


def test_files_repeat_the_tables(comparison):
    outcome, folder = comparison
    for name, table in (("results.csv", outcome.results), ("metrics.csv", outcome.metrics)):
        read = pd.read_csv(folder / name)
        pd.testing.assert_frame_equal(read, table, check_dtype=False)
    names = {path.name for path in outcome.files}
    assert names == {
        *("run.json", "results.csv", "metrics.csv", "curves.csv", "table.md"),
        *("curves-lstm.png", "curves-bilstm.png", "overlay.png"),
    }
    assert all(path.stat().st_size > 0 for path in outcome.files)


def test_origin_tells_the_command_and_no_place(comparison):
    _, folder = comparison
    origin = json.loads((folder / "run.json").read_text())
    assert origin["command"].startswith(
        "gnnlab sequences compare --task random-combinations --models lstm bilstm --lengths 3 4"
    )
    assert {"gnnlab", "torch", "python"} <= set(origin["versions"])
    assert str(folder) not in json.dumps(origin)
    assert "/" not in json.dumps(origin)


def test_finished_runs_are_not_repeated(comparison, monkeypatch):
    outcome, folder = comparison
    trained = []
    monkeypatch.setattr(runs_module, "train", lambda run: trained.append(run) or train(run))
    said = []
    again = compare(
        TASK, ["lstm"], [3, 4], 2, out=folder, progress=lambda *n: said.append(n), **TINY
    )
    assert trained == []
    assert said == [(4, 4)]
    before = outcome.results.query("model == 'lstm'").reset_index(drop=True)
    pd.testing.assert_frame_equal(again.results, before)


def test_other_settings_and_broken_files_are_run_again(tmp_path, monkeypatch):
    trained = []

    def pretend(run):
        trained.append(run.iterations)
        return {"settings": vars(run), "result": {}, "history": []}

    monkeypatch.setattr(runs_module, "train", pretend)
    run_all(plan(), tmp_path)
    run_all(plan(iterations=11), tmp_path)
    (tmp_path / plan()[0].file_name).write_text('{"settings": ')
    run_all([*plan(), *plan(iterations=11)], tmp_path)
    assert trained == [10, 11, 10]


def test_interrupted_comparison_keeps_what_was_finished(tmp_path, monkeypatch):
    def pretend(run):
        if run.seed == 1:
            raise KeyboardInterrupt
        return {"settings": vars(run), "result": {}, "history": []}

    monkeypatch.setattr(runs_module, "train", pretend)
    runs = plan_runs(TASK, ["lstm"], [3], 2, **TINY)
    with pytest.raises(KeyboardInterrupt):
        run_all(runs, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [runs[0].file_name]


def without_time(record):
    return record | {"result": {k: v for k, v in record["result"].items() if k != "seconds"}}


def test_a_run_depends_on_its_settings_alone():
    (run,) = plan()
    first = train(run)
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002
    train(replace(run, seed=5))
    assert without_time(train(run)) == without_time(first)
    assert train(replace(run, seed=5))["history"] != first["history"]


@pytest.mark.slow
def test_runs_side_by_side_give_the_same_numbers(comparison, tmp_path):
    runs = plan_runs(TASK, ["lstm"], [3], 2, **TINY)
    beside = run_all(runs, tmp_path, processes=2)
    one_by_one = run_all(runs, comparison[1] / "runs")
    assert [without_time(r) for r in beside] == [without_time(r) for r in one_by_one]


def test_training_leaves_the_number_of_threads_alone():
    before = torch.get_num_threads()
    train(plan()[0])
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("length", [5, 15])
def test_matched_lstm_has_the_parameters_of_the_bilstm(length):
    counts = {}
    for run in plan_runs(TASK, ["lstm", "bilstm", MATCHED], [length], 1):
        model = make_classifier(run).make_model(make_task(TASK, length))
        counts[run.model] = model.num_parameters()
    assert abs(counts[MATCHED] / counts["bilstm"] - 1) < 0.01
    assert counts["lstm"] < 0.6 * counts["bilstm"]


def test_plan_takes_the_reported_settings():
    run = plan_runs("baum-sweet", ["gru"], [4], 1)[0]
    reported = (run.learning_rate, run.iterations, run.batch_size, run.hidden_size, run.max_norm)
    assert reported == (1e-4, 3000, 256, 256, 10)


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"task": "sudoku"}, UnknownNameError, "unknown task.*random-combinations"),
        ({"models": ["elman"]}, UnknownNameError, "unknown model.*lstm-matched"),
        ({"models": []}, InputError, "models"),
        ({"lengths": [5, 1]}, InputError, "length.*found: 1"),
        ({"lengths": []}, InputError, "lengths"),
        ({"seeds": 0}, InputError, "seeds"),
        ({"iterations": 0}, InputError, "iterations"),
        ({"hidden_size": 2.5}, InputError, "hidden_size"),
        ({"inputs": "smell"}, UnknownNameError, "inputs.*embedding, scalar"),
        ({"colour": "red"}, UnknownNameError, "setting.*iterations"),
    ],
)
def test_mistake_is_found_before_the_first_run(changes, kind, message):
    usual = {"task": TASK, "models": ["lstm"], "lengths": [5], "seeds": 1}
    with pytest.raises(kind, match=message):
        plan_runs(**(usual | changes))


def test_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="folder cannot be made"):
        compare(TASK, out=tmp_path / "file")


def test_grid_covers_cells_and_tasks(tmp_path):
    sizes = {TASK: (3,), "binary-palindrome": (4,)}
    results = grid(tmp_path, sizes, ["gru", "mingru"], **TINY)
    assert set(zip(results["task"], results["model"], strict=True)) == {
        (task, model) for task in sizes for model in ("gru", "mingru")
    }
    assert len(pd.read_csv(tmp_path / "results.csv")) == 4
    assert (tmp_path / "grid.png").stat().st_size > 0


def test_summary_counts_the_runs_that_reached_100_percent():
    results = pd.DataFrame(
        {
            "model": ["lstm"] * 3 + ["gru"] * 3 + ["rnn"],
            "length": 5,
            "parameters": [7] * 3 + [6] * 3 + [5],
            "accuracy": [1.0, 1.0, 0.7, 0.5, 0.6, 0.7, 0.9],
            "iterations_to_100": [10.0, 30.0, None, None, None, None, 40.0],
        }
    )
    lstm, gru, rnn = summarise(results).itertuples()
    assert (lstm.iterations_mean, lstm.reached, lstm.runs) == (20.0, 2, 3)
    assert lstm.iterations_std == pytest.approx(np.sqrt(200))
    assert lstm.accuracy_mean == pytest.approx(0.9)
    assert gru.reached == 0
    assert (rnn.accuracy_std, rnn.iterations_std) == (0.0, 0.0)
    lines = to_markdown(summarise(results)).splitlines()
    assert lines[2] == "| 5 | lstm | 7 | 0.9000 ± 0.1732 | 20 ± 14 | 2 of 3 |"
    assert lines[3] == "| 5 | gru | 6 | 0.6000 ± 0.1000 | – | 0 of 3 |"
    assert all(len(re.findall(r"\|", line)) == 7 for line in lines)


def test_thinning_keeps_means_and_short_histories():
    short = pd.DataFrame(
        {"model": "lstm", "length": 5, "seed": 0, "iteration": [1, 2, 3], "loss": [3.0, 2.0, 1.0]}
    )
    pd.testing.assert_frame_equal(thin(short), short, check_dtype=False)
    iteration = np.arange(1, 2001)
    long = pd.DataFrame(
        {"model": "lstm", "length": 5, "seed": 0, "iteration": iteration, "loss": 1.0 * iteration}
    )
    thinned = thin(long)
    assert len(thinned) <= 100
    assert (thinned["loss"] <= thinned["iteration"]).all()
    assert thinned["iteration"].iloc[-1] == 2000
