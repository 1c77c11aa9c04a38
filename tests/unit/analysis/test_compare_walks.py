import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.analysis.compare import walks as compare
from gnnlab.analysis.compare.walk_model import WalkModel, Walks, next_node_loss, random_walks
from gnnlab.analysis.compare.walk_scorer import READINGS, WalkScorer
from gnnlab.analysis.compare.walks import MODELS, compare_walks
from gnnlab.errors import InputError, NotFittedError, UnknownNameError
from gnnlab.networks import (
    Network,
    load_karate_club,
    load_les_miserables,
    random_split,
    rank_metrics,
)
from gnnlab.networks.predictor import score_part


@pytest.fixture(scope="module")
def table():
    return compare_walks(quick=True)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 12), st.integers(1, 8), st.integers(0, 2**32))
def test_walks_follow_connections(num_nodes, length, seed):
    generator = np.random.default_rng(seed)
    network = Network.of(range(num_nodes), generator.integers(num_nodes, size=(2, num_nodes)))
    walks = random_walks(network, np.arange(num_nodes), length, generator)
    assert walks.shape == (num_nodes, length)
    assert walks[:, 0].tolist() == list(range(num_nodes))
    alone = network.degree == 0
    steps = np.stack([walks[:, :-1].ravel(), walks[:, 1:].ravel()])
    may_go = network.connected(steps)
    assert (may_go | alone[steps[0]]).all()
    assert (walks[alone] == walks[alone, :1]).all()


def test_every_neighbour_is_as_likely():
    star = Network.of(range(5), [[0, 0, 0, 0], [1, 2, 3, 4]])
    walks = random_walks(star, np.zeros(8000, dtype=int), 2, np.random.default_rng(0))
    share = np.bincount(walks[:, 1], minlength=5) / 8000
    assert np.allclose(share, [0, 0.25, 0.25, 0.25, 0.25], atol=0.02)


def test_an_epoch_walks_from_every_node_with_a_neighbour():
    network = Network.of(range(6), [[0, 1, 2], [1, 2, 3]])
    batches = Walks(network, length=4, batch_size=3, seed=0)
    first, second = (list(batches) for _ in range(2))
    assert [len(part) for part in first] == [3, 1]
    assert len(batches) == 2
    assert sorted(torch.cat(first)[:, 0].tolist()) == [0, 1, 2, 3]
    assert not torch.equal(torch.cat(first), torch.cat(second))


def test_model_sees_only_what_came_before():
    model = WalkModel(9, 6).eval()
    walk = torch.tensor([[1, 2, 3, 4]])
    changed = torch.tensor([[1, 2, 8, 4]])
    h, other = model(walk), model(changed)
    assert torch.allclose(h[:, :2], other[:, :2])
    assert not torch.allclose(h[:, 3], other[:, 3])


def test_loss_is_that_of_the_next_node():
    model = WalkModel(5, 4).eval()
    walks = torch.tensor([[0, 1, 2], [3, 4, 0]])
    expected = []
    for walk in walks:
        for t in (1, 2):
            h = model(walk[None, :t])[0, -1]
            expected.append(-model.logits(h).log_softmax(0)[walk[t]])
    loss, _ = next_node_loss(model, walks)
    assert torch.allclose(loss, torch.stack(expected).mean(), atol=1e-6)


@pytest.mark.parametrize("reading", READINGS)
def test_score_is_what_the_formula_says(reading):
    scorer = WalkScorer(hidden_channels=4, length=4, epochs=1).fit(load_karate_club())
    scorer.reading_ = reading
    pairs = torch.tensor([[0, 3, 9], [1, 20, 30]])
    h = scorer.h_
    expected = h @ h.t()
    if reading == "next":
        p = scorer.model_.logits(h).detach().log_softmax(1)
        expected = (p + p.t()) / 2
    assert np.allclose(scorer.score(pairs), expected[pairs[0], pairs[1]], atol=1e-5)
    assert np.array_equal(scorer.score(pairs), scorer.score(pairs.flip(0)))


def test_state_of_a_node_is_the_mean_over_its_visits():
    scorer = WalkScorer(hidden_channels=4, length=5, epochs=1).fit(load_karate_club())
    states = scorer.model_(scorer.fresh_).detach()
    for node in (0, 11, 33):
        assert torch.allclose(scorer.h_[node], states[scorer.fresh_ == node].mean(0), atol=1e-5)


def test_communities_are_learned_from_walks():
    generator = np.random.default_rng(0)
    pairs = generator.integers(20, size=(2, 400))
    ends = np.concatenate([pairs, pairs + 20], axis=1)[:, ::4]  # two halves, and one bridge
    network = Network.of(range(40), np.concatenate([ends, [[0], [20]]], axis=1))
    scorer = WalkScorer(hidden_channels=16, epochs=40).fit(network)
    within, across = (
        torch.tensor([[1, 5, 22], [9, 14, 31]]),
        torch.tensor([[1, 5, 22], [29, 34, 11]]),
    )
    assert scorer.score(within).min() > scorer.score(across).max()


def test_best_weights_and_reading_are_kept():
    split = random_split(load_les_miserables(), seed=3)
    scorer = WalkScorer(hidden_channels=8, epochs=20).fit(split.message, split.valid)
    figures = [scorer.histories_[0].column(f"validation_mrr_{reading}") for reading in READINGS]
    kept = rank_metrics(*score_part(scorer, split.valid))["mrr"]
    assert np.isclose(kept, np.max(figures))
    assert np.isclose(kept, max(figures[READINGS.index(scorer.reading_)]))


def test_scorer_refuses_what_it_cannot_learn():
    with pytest.raises(NotFittedError):
        WalkScorer().score(torch.tensor([[0], [1]]))
    with pytest.raises(InputError, match="no step"):
        WalkScorer(length=1).fit(load_karate_club())
    with pytest.raises(InputError, match="no step"):
        WalkScorer().fit(Network.of(["Crusoe", "Friday"], [[], []]))
    with pytest.raises(InputError, match="epochs"):
        WalkScorer(epochs=0).fit(load_karate_club())


def test_a_row_for_each_model_of_one_quick_seed(table):
    assert table["model"].tolist() == list(MODELS)
    assert (table["seed"] == 0).all()
    shares = table[["mrr", "ranked-hits@10", "auc"]]
    assert ((shares > 0) & (shares <= 1)).all(axis=None)
    gcn, walks = table.set_index("model")["parameters"][["gcn", "walks"]]
    assert abs(gcn - walks) < 0.1 * gcn


def test_all_models_are_given_the_same_split_without_names_weights_and_features(monkeypatch):
    given = []

    def run(model, split, epochs, seed):
        given.append(split)
        return {"mrr": 0.5}

    monkeypatch.setattr(compare, "_run", run)
    whole = load_les_miserables()
    compare_walks(whole, seeds=2, negatives="degree")
    splits = [given[: len(MODELS)], given[len(MODELS) :]]
    assert all(len({id(split) for split in part}) == 1 for part in splits)
    message, test = splits[0][0].message, splits[0][0].test
    assert message.edge_weight is None
    assert not message.connected(test.positive).any()
    assert not torch.equal(test.positive, splits[1][0].test.positive)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"network": "atlantis"}, UnknownNameError, "network"),
        ({"negatives": "gentle"}, UnknownNameError, "negatives"),
        ({"seeds": 0}, InputError, "seeds"),
    ],
)
def test_bad_questions_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        compare_walks(**arguments)
