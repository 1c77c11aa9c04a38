import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.errors import InputError, NonFiniteError, ShapeError
from gnnlab.networks import metrics
from gnnlab.networks.metrics import rank_metrics, ranks, rounded, suggestion_metrics

scores = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=12).map(np.array)


@settings(max_examples=50, deadline=None)
@given(scores, scores)
def test_ranks_like_counting(positive, negative):
    expected = [
        1 + 0.5 * sum(int(n > p) + int(n >= p) for n in negative.tolist())
        for p in positive.tolist()
    ]
    np.testing.assert_array_equal(ranks(positive, negative), expected)
    own = np.tile(negative, (len(positive), 1))
    np.testing.assert_array_equal(ranks(positive, own), expected)


@settings(max_examples=50, deadline=None)
@given(scores, scores, st.integers(1, 15))
def test_metrics_like_their_definitions(positive, negative, k):
    result = rank_metrics(positive, negative, at=[k])
    rank = ranks(positive, negative)
    assert result["mrr"] == pytest.approx(np.mean(1 / rank))
    assert result[f"ranked-hits@{k}"] == np.mean(rank <= k)
    ordered = sorted(negative.tolist(), reverse=True)
    above = [len(ordered) < k or p > ordered[k - 1] for p in positive.tolist()]
    assert result[f"hits@{k}"] == pytest.approx(np.mean(above))
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    assert result["auc"] == pytest.approx(wins.mean())


def test_own_negatives_have_no_shared_hits():
    result = rank_metrics(np.array([1.0, 0.0]), np.array([[0.0, 2.0], [0.0, -1.0]]), at=[1, 2])
    assert result["mrr"] == pytest.approx((1 / 2 + 1 / 1.5) / 2)
    assert result["ranked-hits@1"] == 0.0
    assert result["ranked-hits@2"] == 1.0
    assert not any(name.startswith("hits") for name in result)


def test_ties_survive_another_order_of_summation():
    total = 0.1 + 0.2 + 0.3
    other = 0.3 + 0.2 + 0.1
    assert total != other
    assert ranks(np.array([other]), np.array([total])).tolist() == [1.5]


def test_ties_count_against_hits_and_half_for_ranks():
    result = rank_metrics(np.ones(2), np.ones(3), at=[1, 2])
    assert (result["hits@1"], result["ranked-hits@1"], result["ranked-hits@2"]) == (0, 0, 0)
    assert (result["mrr"], result["auc"]) == (0.4, 0.5)


@settings(max_examples=50, deadline=None)
@given(st.floats(-1e30, 1e30).filter(lambda x: x == 0 or abs(x) > 1e-30))
def test_rounding_keeps_what_float32_keeps(value):
    assert rounded(np.array([value]))[0] == np.float32(value)


def test_rounding_keeps_the_range_of_float64():
    assert (np.diff(rounded(np.array([1e-300, 1e-299, 1e299, 1e300]))) > 0).all()


def test_chunks_change_nothing(monkeypatch):
    generator = np.random.default_rng(0)
    positive, negative = generator.random(20), generator.random((20, 7))
    expected = ranks(positive, negative)
    monkeypatch.setattr(metrics, "_CHUNK", 15)
    np.testing.assert_array_equal(ranks(positive, negative), expected)


@pytest.mark.parametrize(
    ("positive", "negative", "error"),
    [
        ([np.nan], [0.0], NonFiniteError),
        ([0.0], [np.inf], NonFiniteError),
        ([0.0], [[0.0], [1.0]], ShapeError),
        ([[0.0]], [0.0], ShapeError),
        ([], [0.0], InputError),
        ([0.0], [], InputError),
    ],
)
def test_scores_that_cannot_be_ranked(positive, negative, error):
    with pytest.raises(error):
        rank_metrics(np.array(positive), np.array(negative))


def test_a_rank_below_one():
    with pytest.raises(InputError, match="at"):
        rank_metrics(np.ones(1), np.ones(1), at=[0])


def test_suggestions_like_counting():
    suggested = torch.tensor([[5, 6, 7], [1, 2, -1], [8, 9, 3]])
    relevant = torch.tensor([[0, 0, 1], [6, 9, 1]])
    result = suggestion_metrics(suggested, relevant, at=[1, 3])
    assert result["precision@1"] == pytest.approx((0 + 1) / 2)
    assert result["precision@3"] == pytest.approx((1 / 3 + 1 / 3) / 2)
    assert result["recall@3"] == pytest.approx((1 / 2 + 1) / 2)
    ideal = 1 + 1 / np.log2(3)
    assert result["ndcg@3"] == pytest.approx((1 / np.log2(3) / ideal + 1) / 2)


def test_a_missing_suggestion_is_never_right():
    # torch_geometric takes -1 in a row for the last node in the row before.
    result = suggestion_metrics(torch.tensor([[0], [-1]]), torch.tensor([[0, 1], [3, 0]]), at=[1])
    assert result == {"precision@1": 0.0, "recall@1": 0.0, "ndcg@1": 0.0}


@pytest.mark.parametrize(
    ("suggested", "relevant", "error"),
    [
        (torch.zeros(3, dtype=torch.long), torch.zeros(2, 1, dtype=torch.long), ShapeError),
        (torch.zeros(3, 1, dtype=torch.long), torch.zeros(2, 1, dtype=torch.long), ShapeError),
        (torch.zeros(3, 2, dtype=torch.long), torch.zeros(3, 1, dtype=torch.long), ShapeError),
        (torch.zeros(3, 2, dtype=torch.long), torch.tensor([[3], [0]]), InputError),
    ],
)
def test_wrong_suggestions(suggested, relevant, error):
    with pytest.raises(error):
        suggestion_metrics(suggested, relevant, at=[2])
