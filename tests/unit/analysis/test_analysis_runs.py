"""Whole analyses: what they return, and what they write."""

from __future__ import annotations

import math

import pandas as pd
import pytest
import torch

from gnnlab.analysis import DEEP, make_deep
from gnnlab.analysis.comparisons import COMPARISONS, Comparison, compare_on
from gnnlab.analysis.runs import (
    EXAMPLE,
    both_ways,
    gradients_on,
    hops_between,
    smoothing_on,
)
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.networks import Network, load_karate_club

PNG = b"\x89PNG"


def test_routes_are_told_by_name():
    number, routes = hops_between(EXAMPLE, "C", "E")
    assert number == 4
    assert ["".join(route) for route in routes] == ["CDBAE", "CDFAE"]
    apart = Network.of(["Cathy", "Heathcliff", "Edgar"], [[0], [2]])
    assert hops_between(apart, "Cathy", "Heathcliff") == (math.inf, [])
    with pytest.raises(UnknownNameError):
        hops_between(apart, "Cathy", "Nelly")


@pytest.mark.parametrize("name", DEEP)
def test_a_deep_network_looks_as_far_as_it_is_deep(name):
    network = make_deep(name, 4, 3).double()
    x = torch.randn(6, 4, dtype=torch.float64)
    path = both_ways(Network.of(range(6), [list(range(5)), list(range(1, 6))]))
    moved = x.clone()
    moved[0] += 1
    change = (network(moved, path) - network(x, path)).abs().sum(1)
    assert (change[:4] > 0).all()
    assert (change[4:] == 0).all()
    assert len(list(network.layers)) == (1 if name == "gated" else 3)


def test_the_same_seed_gives_the_same_network():
    first, second = (make_deep("gcn", 4, 2, seed=3) for _ in range(2))
    assert torch.equal(first.layers[0].lin.weight, second.layers[0].lin.weight)
    with pytest.raises(UnknownNameError, match="gcn"):
        make_deep("gnc", 4, 2)
    with pytest.raises(InputError, match="depth"):
        make_deep("gcn", 4, 0)


def test_smoothing_is_measured_and_drawn(tmp_path):
    table = smoothing_on(load_karate_club(), ["gcn", "gated"], quick=True, out=tmp_path)
    assert table["model"].tolist() == ["gcn", "gated"]
    written = pd.read_csv(tmp_path / "smoothing.csv")
    assert written["depth"].max() == 8
    last = written[(written["model"] == "gcn") & (written["depth"] == 8)]
    assert last["effective_rank"].item() == pytest.approx(table["effective_rank"][0], rel=1e-4)
    assert len(pd.read_csv(tmp_path / "squashing.csv")) == 100
    for name in ("smoothing", "squashing"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(PNG)
    with pytest.raises(UnknownNameError, match="transformer"):
        smoothing_on(EXAMPLE, ["transformer"])


def test_gradients_are_measured_and_drawn(tmp_path):
    table = gradients_on(["rnn", "gru"], length=4, quick=True, out=tmp_path)
    assert table["cell"].tolist() == ["rnn", "rnn", "gru", "gru"]
    assert (table["norm"] > 0).all()
    assert table["accuracy"].between(0, 1).all()
    files = {path.name for path in tmp_path.iterdir()}
    names = ("gradients", "gains", "gates")
    assert files == {f"{name}.{kind}" for name in names for kind in ("csv", "png")}
    assert set(pd.read_csv(tmp_path / "gates.csv")["cell"]) == {"gru"}
    with pytest.raises(UnknownNameError, match="lstm"):
        gradients_on(["lsmt"])
    with pytest.raises(InputError, match="length"):
        gradients_on(length=0)


def test_a_comparison_is_summed_up_and_kept(tmp_path, monkeypatch):
    def run(quick, report):
        report("ready")
        return pd.DataFrame({"model": ["gcn", "gcn", "rnn"], "seed": [0, 1, 0], "mrr": [1, 3, 5.0]})

    def draw(table, path):
        path.write_bytes(PNG)
        return path

    comparison = Comparison(run, draw, ("model",), ("mrr",))
    monkeypatch.setattr("gnnlab.analysis.comparisons.COMPARISONS", {"toy": comparison})
    said = []
    table = compare_on("toy", quick=True, out=tmp_path / "new", report=said.append)
    assert table[["model", "mrr", "seeds"]].values.tolist() == [["gcn", 2, 2], ["rnn", 5, 1]]
    assert table["mrr_std"][0] == pytest.approx(2**0.5)
    assert said == ["ready"]
    assert len(pd.read_csv(tmp_path / "new" / "toy.csv")) == 3
    with pytest.raises(InputError, match="data"):
        compare_on("toy", "esol")
    with pytest.raises(UnknownNameError, match="toy"):
        compare_on("toys")


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPARISONS)
def test_every_comparison_runs_and_is_drawn(name, tmp_path):
    data = {"networks": "florentine-families"}.get(name)
    table = compare_on(name, data, quick=True, out=tmp_path)
    comparison = COMPARISONS[name]
    assert not table.duplicated(list(comparison.groups)).any()
    assert table[list(comparison.measures)].notna().all(axis=None)
    assert (tmp_path / f"{name}.png").read_bytes().startswith(PNG)
