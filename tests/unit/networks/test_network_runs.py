"""Whole runs on networks: files, tables, figures, and what a benchmark measures."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

from gnnlab import plots
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.networks import (
    GraphScorer,
    LinkPredictor,
    LinkSplit,
    Network,
    Part,
    benchmark,
    drawing,
    load_karate_club,
    random_split,
    runs,
)
from gnnlab.networks.calibration import calibration_error, reliability_table

PNG = b"\x89PNG"


@pytest.fixture(autouse=True)
def _few_scorers(monkeypatch):
    """The default predictor with fewer scorers and fewer heuristics beside it: seconds less."""
    few = ["adamic-adar", "katz"]
    monkeypatch.setattr(runs, "LinkPredictor", lambda seed: LinkPredictor(few, seed=seed))
    monkeypatch.setattr(benchmark, "LinkPredictor", partial(LinkPredictor, few))
    small = partial(GraphScorer, epochs=2, hidden_channels=8)
    monkeypatch.setattr(benchmark, "GraphScorer", small)
    monkeypatch.setattr("gnnlab.networks.predictor.GraphScorer", small)
    scorers = {name: benchmark.SCORERS[name] for name in (*few, "raw-features")}
    monkeypatch.setattr(benchmark, "SCORERS", scorers)
    monkeypatch.setattr("gnnlab.networks.stack._ITERATIONS", 20)


@pytest.fixture
def timed():
    """Karate club, in which the pairs met one after the other."""
    club = load_karate_club()
    times = np.arange(club.num_edges) % 40
    return Network.of(club.names, club.edge_index, edge_time=times)


def test_a_file_is_read_and_its_faults_are_written_down(tmp_path):
    file = tmp_path / "friends.txt"
    file.write_text("Meg Jo\nJo Jo\nJo Beth\n")
    network, words = runs.open_network(file, None, tmp_path / "out", delimiter=" ")
    assert list(network.names) == ["Meg", "Jo", "Beth"]
    assert "2 connections from 3 lines" in words
    report = pd.read_csv(tmp_path / "out" / "report.csv")
    assert report["line"].tolist() == [2]


@pytest.mark.parametrize("given", [(None, None), ("friends.csv", "karate-club")])
def test_file_or_data_set(given):
    with pytest.raises(InputError, match="a network is needed"):
        runs.open_network(*given)


def test_unknown_data_set():
    with pytest.raises(UnknownNameError, match="les-miserables"):
        runs.open_network(None, "war-and-peace")


def test_suggestions_of_one_node_with_reasons_and_a_picture(tmp_path):
    table = runs.suggest_on(load_karate_club(), "5", 3, explain=True, out=tmp_path / "out")
    assert table["node"].tolist() == [5, 5, 5]
    assert table["probability"].is_monotonic_decreasing
    for name, why in zip(table["suggestion"], table["reasons"], strict=True):
        assert why.startswith(f"5 and {name} are not connected")
    written = pd.read_csv(tmp_path / "out" / "suggestions.csv")
    assert written["suggestion"].tolist() == table["suggestion"].tolist()
    assert (tmp_path / "out" / "neighborhood.png").read_bytes().startswith(PNG)


def test_mistakes_are_told_before_anything_is_learned(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "LinkPredictor", None)
    club, out = load_karate_club(), tmp_path / "out"
    with pytest.raises(UnknownNameError, match="no such node"):
        runs.suggest_on(club, "Anna", out=out)
    with pytest.raises(InputError, match="for one node"):
        runs.suggest_on(club, explain=True, out=out)
    with pytest.raises(InputError, match="k"):
        runs.suggest_on(club, k=0, out=out)
    assert not out.exists()


def test_an_evaluation_is_clean_and_complete(tmp_path):
    club, said = load_karate_club(), []
    summary = runs.evaluate_on(club, test=0.2, out=tmp_path, report=said.append)
    assert said == list(summary["scores"]) == ["default", "adamic-adar", "katz"]
    assert summary["audit"] == "clean"
    assert (summary["train"], summary["test"]) == (63, 15)
    assert all(0 < scores["mrr"] <= 1 for scores in summary["scores"].values())
    assert 0 <= summary["calibration_error"] <= 1
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert pd.read_csv(tmp_path / "scores.csv")["mrr"].notna().all()
    for name in ("curves", "ranks", "reliability"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(PNG)


def test_an_evaluation_by_time_asks_for_the_latest(timed, monkeypatch):
    asked = []
    judge = runs.judge
    monkeypatch.setattr(runs, "judge", lambda *given: asked.append(given) or judge(*given))
    summary = runs.evaluate_on(timed, by_time=True, test=0.2)
    assert summary["split"] == "time"
    split = asked[0][1]
    assert split.message.edge_time.max() < split.test.time.min()
    assert summary["audit"] == "clean"
    with pytest.raises(InputError, match="have no times"):
        runs.evaluate_on(load_karate_club(), by_time=True)


def test_a_complete_network_has_nothing_to_hide():
    pairs = torch.combinations(torch.arange(8)).t()
    with pytest.raises(InputError, match="cannot have any"):
        runs.evaluate_on(Network.of(range(8), pairs))


def test_a_limited_part_keeps_rows_together():
    positive = torch.arange(20).reshape(2, 10)
    negative = positive.unsqueeze(2) + 100
    part = benchmark.limit(Part(positive, negative, positive[0]), 4, seed=0)
    assert part.positive.shape == (2, 4)
    assert (part.negative[:, :, 0] == part.positive + 100).all()
    assert (part.time == part.positive[0]).all()
    assert benchmark.limit(part, 4, seed=0) is part


def test_graph_networks_stop_by_some_negatives_of_every_positive(monkeypatch):
    seen = []

    class Watched(GraphScorer):
        def fit(self, network, validation, progress):
            seen.append(validation)
            return self

    monkeypatch.setattr(benchmark, "GraphScorer", Watched)
    positive = torch.arange(6).reshape(2, 3)
    negative = torch.arange(250).expand(2, 3, 250)
    valid = Part(positive, negative)
    benchmark.LEARNED["gcn"](LinkSplit(load_karate_club(), valid, valid), 0)
    shared = Part(positive, negative[:, 0])
    benchmark.LEARNED["gcn"](LinkSplit(load_karate_club(), shared, valid), 0)
    assert torch.equal(seen[0].positive, positive)
    assert torch.equal(seen[0].negative, torch.arange(0, 250, 5).expand(2, 3, 50))
    assert seen[1] is shared


@pytest.mark.parametrize("by_time", [False, True])
def test_a_benchmark_without_official_files_is_split_anew(by_time, timed, monkeypatch):
    network = timed if by_time else load_karate_club()
    monkeypatch.setattr(benchmark, "load_benchmark", lambda name: network)
    monkeypatch.setattr(benchmark, "NUM_NEGATIVES", 20)
    said = []
    table = benchmark.run_benchmark("usair", "heuristics", seeds=2, report=said.append)
    settings = ["time", "time-hard"] if by_time else ["random"]
    assert table["setting"].unique().tolist() == settings
    assert table["seed"].tolist() == [0, 0, 1, 1] * len(settings)
    assert len(said) == len(table)
    assert ("hits@1" in table) == by_time  # negatives that all positives share
    summary = benchmark.summarise(table)
    first = table[(table["setting"] == settings[0]) & (table["scorer"] == "katz")]
    assert summary["mrr"][1] == pytest.approx(100 * first["mrr"].mean())
    assert (summary["seeds"] == 2).all()


def test_a_stopped_benchmark_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "load_benchmark", lambda name: load_karate_club())
    monkeypatch.setattr(benchmark, "NUM_NEGATIVES", 20)
    said = []
    for seeds in (1, 2):
        table = runs.compare_on("usair", "heuristics", seeds, tmp_path, said.append, resume=True)
    assert len(said) == len(set(said)) == 2 * len(table)
    assert (table["seeds"] == 2).all()


@pytest.mark.parametrize("name", benchmark.LEARNED)
def test_whatever_learns_ranks_hidden_connections(name):
    split = random_split(load_karate_club(), 0.1, 0.2)
    judgement = benchmark.judge(name, split, seed=1)
    assert judgement.scorer.seed == 1
    assert 0 < judgement.metrics["mrr"] <= 1
    assert name in benchmark.choose_scorers("learned", split.message)


def test_official_files_are_drawn_once_for_heuristics(monkeypatch):
    asked = []

    def load(name, hard):
        asked.append(hard)
        return random_split(load_karate_club(), negatives="hard" if hard else "uniform")

    monkeypatch.setattr(benchmark, "load_heart", load)
    table = benchmark.run_benchmark("citeseer", "all", seeds=2)
    assert asked == [False, True]
    counts = table.groupby(["setting", "scorer"]).size().unstack()
    assert counts.loc[["existing", "heart"], "default"].tolist() == [2, 2]
    assert (counts.drop(columns="default") == 1).all().all()
    whole = json.loads(benchmark.to_json(benchmark.summarise(table)))
    katz = table[(table["scorer"] == "katz") & (table["setting"] == "heart")]
    assert whole["settings"]["heart"]["katz"]["mrr"] == round(100 * katz["mrr"].item(), 2)
    assert whole["settings"]["heart"]["katz"]["mrr_std"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("moby-dick", "all", 1), "unknown benchmark"),
        (("citeseer", "gnn", 1), "unknown scorer.*learned.*katz"),
        (("citeseer", "default,kats", 1), "unknown scorer.*kats"),
        (("citeseer", "all", 0), "seeds"),
    ],
)
def test_a_benchmark_checks_what_it_is_asked(words, message):
    with pytest.raises(InputError, match=message):
        benchmark.run_benchmark(*words)


def test_features_are_scored_where_there_are_some():
    plain = load_karate_club()
    rich = Network.of(plain.names, plain.edge_index, x=np.eye(plain.num_nodes))
    assert "raw-features" not in benchmark.choose_scorers("heuristics", plain)
    assert "raw-features" in benchmark.choose_scorers("heuristics", rich)
    assert benchmark.choose_scorers("default", rich) == ["default"]
    assert benchmark.choose_scorers("gcn,raw-features", plain) == ["gcn", "raw-features"]


def test_calibration_of_honest_and_of_boastful_probabilities():
    generator = np.random.default_rng(0)
    said = generator.random(20_000)
    is_true = generator.random(20_000) < said
    honest = reliability_table(said[is_true], said[~is_true])
    assert calibration_error(honest) < 0.02
    assert honest["weight"].sum() == pytest.approx(1)
    boastful = reliability_table(np.full(10, 0.99), np.full((10, 3), 0.99))
    assert calibration_error(boastful) == pytest.approx(0.49)
    with pytest.raises(InputError, match="probabilities from 0 to 1"):
        reliability_table(np.array([1.5]), np.array([0.5]))


def test_neighborhood_puts_rare_shared_neighbours_first(monkeypatch, tmp_path):
    drawn = {}

    def keep(names, positions, edges, path, **options):
        drawn.update(names=names, positions=positions, edges=edges, **options)

    monkeypatch.setattr(plots, "neighborhood", keep)
    star = [(0, leaf) for leaf in range(2, 60)] + [(1, 2), (1, 3), (3, 4), (3, 5)]
    names = ["Ahab", "Starbuck", "Stubb", "Flask" * 9, *map(str, range(4, 60))]
    network = Network.of(names, np.array(star).T)
    drawing.draw_neighborhood(network, "Ahab", "Starbuck", tmp_path / "a.png")
    assert drawn["names"][:3] == ["Ahab", "Starbuck", "Stubb"]
    assert drawn["names"][3].endswith("…")
    assert drawn["num_shared"] == 2
    assert len(drawn["names"]) == len(drawn["positions"]) == 25
    assert {(0, 2), (1, 2), (0, 3), (1, 3)} <= set(drawn["edges"])
    assert {"4", "5"} <= set(drawn["names"])  # they know one more of those who are drawn
    assert drawn["positions"][0] < drawn["positions"][1]
    with pytest.raises(InputError, match="no pair with itself"):
        drawing.draw_neighborhood(network, "Ahab", "Ahab", tmp_path / "a.png")


def test_curves_end_where_they_must(monkeypatch, tmp_path):
    tables = []
    monkeypatch.setattr(plots, "detection_curves", lambda table, path, title: tables.append(table))
    generator = np.random.default_rng(0)
    scores = {"katz": (generator.random(50), generator.random((50, 200)))}
    drawing.draw_curves(scores, tmp_path / "a.png")
    roc, precision = (part for _, part in tables[0].groupby("curve", sort=False))
    assert roc[["x", "y"]].iloc[0].tolist() == [0, 0]
    assert roc[["x", "y"]].iloc[-1].tolist() == [1, 1]
    assert precision["x"].is_monotonic_increasing
    assert precision["y"].iloc[-1] == pytest.approx(50 / (50 + 50 * 200))
    assert len(tables[0]) < 1000
