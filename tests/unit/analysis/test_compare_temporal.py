"""Foreseeing connections: equal terms, and nothing from the future."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch

from gnnlab import training
from gnnlab.analysis.compare import temporal, temporal_models
from gnnlab.analysis.compare.temporal import compare_temporal, forecasts, heuristics, summarise
from gnnlab.analysis.compare.temporal_models import ENCODERS, Forecaster, Lessons
from gnnlab.analysis.compare.temporal_scorers import Recency, Recent
from gnnlab.analysis.compare.temporal_windows import Windows, changing_network, foresight
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.networks import SCORERS, Network, rank_metrics

WINDOWS = 4
MODELS = [*heuristics(WINDOWS), *ENCODERS]


@pytest.fixture(scope="module")
def network():
    return changing_network(num_nodes=50, num_edges=300)


@pytest.fixture(autouse=True)
def _few_epochs(monkeypatch):
    monkeypatch.setattr(temporal, "_QUICK_EPOCHS", 3)
    monkeypatch.setattr(temporal_models, "_EVALUATE_EVERY", 1)


def keys(network, *edges):
    return [set(network.keys_of(pairs).tolist()) for pairs in edges]


def with_other_future(network, first, change):
    """The same connections before ``first``, others after it."""
    is_past = network.edge_time < first
    edges, times = change(network.edge_index[:, ~is_past], network.edge_time[~is_past])
    return Network.of(
        network.names,
        torch.cat([network.edge_index[:, is_past], edges], 1),
        edge_time=torch.cat([network.edge_time[is_past], times]),
    )


def test_the_parts_follow_each_other_and_do_not_overlap(network):
    parts = foresight(network)
    later = parts.valid.time
    assert parts.learning.edge_time.max() < later.min() <= later.max() < parts.test.time.min()
    assert later.max() <= parts.past.edge_time.max() < parts.test.time.min()
    learning, valid, past, test = keys(
        network,
        parts.learning.edge_index,
        parts.valid.positive,
        parts.past.edge_index,
        parts.test.positive,
    )
    assert learning | valid <= past
    assert not learning & valid
    assert not past & test
    assert not network.connected(parts.test.negative).any()
    assert not parts.past.connected(parts.valid.negative).any()


def test_only_those_are_asked_for_who_have_met_someone():
    pairs = [(0, 1), (1, 2), (0, 4), (2, 3), (3, 4), (0, 3), (1, 3), (0, 2), (1, 4), (1, 5)]
    network = Network.of(range(6), np.array(pairs).T, edge_time=range(10))
    parts = foresight(network, valid=0.2, test=0.2)
    assert parts.valid.positive.t().tolist() == [[1, 3], [0, 2]]
    assert parts.test.positive.t().tolist() == [[1, 4]]  # nobody has seen 5 yet
    assert parts.test.negative.t().tolist() == [[2, 4]]


def rewired(edges, times):
    return torch.stack([edges[0], edges[1].roll(1)]), times.flip(0)


def dropped(edges, times):
    return edges[:, ::3], times[::3]


@pytest.mark.parametrize("change", [rewired, dropped])
@pytest.mark.parametrize("model", MODELS)
def test_the_future_changes_no_score(network, model, change):
    parts = foresight(network)
    other = with_other_future(network, parts.past.edge_time.max() + 1e-9, change)
    later = foresight(
        other,
        valid=(parts.past.num_edges - parts.learning.num_edges + 0.5) / other.num_edges,
        test=(other.num_edges - parts.past.num_edges + 0.5) / other.num_edges,
    )
    assert torch.equal(later.past.edge_index, parts.past.edge_index)
    assert not np.array_equal(later.test.positive, parts.test.positive)
    assert torch.equal(later.valid.negative, parts.valid.negative)
    pairs = torch.cat([parts.test.positive, parts.test.negative], 1)
    before, after = (forecasts(model, p, WINDOWS, 0, quick=True) for p in (parts, later))
    for mine, theirs in zip(before[:2], after[:2], strict=True):
        np.testing.assert_array_equal(mine(pairs), theirs(pairs))
    assert np.ptp(before[1](pairs)) > 0
    # The past does count.
    assert not np.array_equal(before[0](pairs), before[1](pairs))


@pytest.mark.parametrize("encoder", ENCODERS)
def test_no_window_has_a_part_in_what_is_said_before_it(network, encoder):
    windows = Windows.of(network, WINDOWS)
    other = Windows(network.num_nodes, [*windows.connections[:-1], torch.tensor([[0], [1]])])
    model = Forecaster(encoder, network.num_nodes, 16).eval()
    one, two = model(windows), model(other)
    torch.testing.assert_close(one[:-1], two[:-1], rtol=0, atol=1e-6)
    assert not torch.allclose(one[-1], two[-1])


@pytest.mark.parametrize("channels", [8, 32, 64])
def test_encoders_have_equally_many_parameters(channels):
    counts = {
        name: sum(p.numel() for p in make(channels).parameters()) for name, make in ENCODERS.items()
    }
    assert max(counts.values()) <= 1.1 * min(counts.values()), counts


def test_time_alone_does_not_look_at_the_edges(network):
    windows = Windows.of(network, WINDOWS)
    model = Forecaster("time", network.num_nodes, 16).eval()
    expected = model(windows)
    windows.graphs.reverse()
    assert torch.equal(model(windows), expected)


def test_lessons_are_the_next_windows_and_the_same_for_all(network):
    windows = Windows.of(network, WINDOWS)
    lessons, twin = Lessons(network, windows, seed=3), Lessons(network, windows, seed=3)
    (lesson,), (same,), (next_epoch,) = lessons, twin, lessons
    known = np.zeros(network.num_nodes, dtype=bool)
    assert len(lesson.windows) == len(lesson.positive) == WINDOWS - 1
    for t in range(WINDOWS - 1):
        known[windows.connections[t]] = True
        asked, new = keys(network, lesson.positive[t], windows.connections[t + 1])
        assert asked <= new
        assert asked
        assert known[lesson.positive[t]].all()
        assert known[lesson.negative[t]].all()
        together = network.only(torch.cat(windows.connections[: t + 2], 1))
        assert not together.connected(lesson.negative[t]).any()
        assert torch.equal(lesson.negative[t], same.negative[t])
        assert not torch.equal(lesson.negative[t], next_epoch.negative[t])


def test_windows_are_equally_long_and_in_order_of_time(network):
    parts = foresight(network)
    windows = Windows.of(parts.learning, WINDOWS, last_of=parts.past)
    sizes = [part.size(1) for part in windows.connections]
    assert sizes == [60, 60, 60, 60, 30]
    together = keys(network, torch.cat(windows.connections, 1), parts.past.edge_index)
    assert together[0] == together[1]
    times = dict(zip(network.keys.tolist(), network.edge_time.tolist(), strict=True))
    spans = [[times[k] for k in network.keys_of(part).tolist()] for part in windows.connections]
    assert all(max(a) < min(b) for a, b in pairwise(spans))
    made, total = windows.features.expm1().unbind(-1)
    assert made.sum(1).round().tolist() == [2 * size for size in sizes]
    np.testing.assert_allclose(total[-1], parts.past.degree, rtol=1e-5)
    assert windows.unions[-1].num_edges == 2 * parts.past.num_edges


def test_scorers_of_time_by_hand():
    ends, times = [[0, 1, 0], [1, 2, 3]], [2.0, 5.0, 9.0]
    network = Network.of(range(5), ends, edge_time=times)
    pairs = torch.tensor([[0, 1, 0, 3], [2, 3, 4, 0]])
    assert Recency().fit(network).score(pairs).tolist() == [-4.0, -4.0, -14.0, 0.0]
    recent = Recent("preferential-attachment", 2 / 3).fit(network)
    assert recent.score(pairs).tolist() == [1.0, 1.0, 0.0, 1.0]
    with pytest.raises(InputError, match="times are needed"):
        Recency().fit(Network.of(range(3), [[0], [1]]))


def test_what_is_recent_counts_where_nodes_change():
    parts = foresight(changing_network())
    pairs = torch.cat([parts.test.positive, parts.test.negative], 1)
    count = parts.test.positive.size(1)

    def auc(scorer):
        scores = scorer.fit(parts.past).score(pairs)
        return rank_metrics(scores[:count], scores[count:])["auc"]

    assert auc(Recent("preferential-attachment", 0.1)) > 0.8
    assert auc(Recency()) > 0.7
    assert auc(SCORERS["preferential-attachment"]()) < 0.6


def test_a_table_of_every_model_and_seed(network):
    lines = []
    table = compare_temporal(network, seeds=2, windows=WINDOWS, quick=True, report=lines.append)
    assert table[["model", "seed"]].to_numpy().tolist() == [[m, s] for s in (0, 1) for m in MODELS]
    assert len(lines) == len(table)
    shares = table[["mrr", "ranked-hits@10", "auc", "valid_mrr"]].to_numpy()
    assert ((shares >= 0) & (shares <= 1)).all()
    learned = table[table["kind"] == "learned"]
    assert set(learned["model"]) == set(ENCODERS)
    assert (learned["parameters"] > 0).all()
    summary = summarise(table)
    assert summary["mrr"].is_monotonic_decreasing
    space = table.loc[table["model"] == "space", "mrr"]
    row = summary.set_index("model").loc["space"]
    assert row["mrr"] == pytest.approx(space.mean())
    assert row["mrr_std"] == pytest.approx(space.std())
    again = compare_temporal(network, seeds=1, windows=WINDOWS, quick=True)
    same = table[table["seed"] == 0].drop(columns="seconds").reset_index(drop=True)
    pd.testing.assert_frame_equal(again.drop(columns="seconds"), same)


@pytest.mark.parametrize("negatives", ["degree", "hard"])
def test_other_negatives(network, monkeypatch, negatives):
    monkeypatch.setattr(temporal, "ENCODERS", {"time": ENCODERS["time"]})
    parts = foresight(network, negatives=negatives)
    known = set(parts.past.edge_index.unique().tolist())
    assert set(parts.test.negative.unique().tolist()) <= known
    table = compare_temporal(network, seeds=1, windows=WINDOWS, negatives=negatives, quick=True)
    assert table["mrr"].between(0, 1).all()
    assert set(table["kind"]) == {"learned", "heuristic"}


def test_a_training_that_is_stopped_stops_the_comparison(network, monkeypatch):
    parts, fit = foresight(network), training.fit

    def fit_and_stop(*arguments, **options):
        history = fit(*arguments, **options)
        history.interrupted = True
        return history

    monkeypatch.setattr(training, "fit", fit_and_stop)
    with pytest.raises(KeyboardInterrupt):
        forecasts("time", parts, WINDOWS, 0, quick=True)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"seeds": 0}, InputError, "seeds"),
        ({"windows": 1}, InputError, "windows.*found: 1"),
        ({"windows": 999}, InputError, "use 2 to 240"),
        ({"negatives": "easy"}, UnknownNameError, "easy"),
    ],
)
def test_what_is_refused(network, options, error, message):
    with pytest.raises(error, match=message):
        compare_temporal(network, **{"seeds": 1, "quick": True} | options)


def test_networks_that_do_not_do_are_refused(network):
    timeless = Network.of(network.names, network.edge_index)
    with pytest.raises(InputError, match="no times"):
        compare_temporal(timeless, quick=True)
    strangers = Network.of(range(40), [range(0, 40, 2), range(1, 40, 2)], edge_time=range(20))
    with pytest.raises(InputError, match="newcomers"):
        compare_temporal(strangers, quick=True)
    with pytest.raises(InputError, match="a share"):
        foresight(network, valid=0.5, test=0.5)
    with pytest.raises(InputError, match="too few for so many"):
        changing_network(num_nodes=5, num_edges=100)
