"""Networks of equal size on the toy sequences: counts, reach, and who can learn what."""

import pandas as pd
import pytest
import torch

from gnnlab.analysis import node_jacobian
from gnnlab.analysis.compare.path_models import PATH_MODELS, SYNCHRONOUS, PathModel, matched_width
from gnnlab.analysis.compare.path_training import make_path_task, train
from gnnlab.analysis.compare.sequences import compare_sequences, first_share
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.nn import GCNConv, Schedule

SIZES = {"num_symbols": 3, "num_classes": 2, "hidden_size": 17}


@pytest.mark.parametrize("name", PATH_MODELS)
@pytest.mark.parametrize("task", ["binary-palindrome", "random-combinations"])
@pytest.mark.parametrize("length", [5, 15])
def test_numbers_of_parameters_are_equal_within_five_percent(name, task, length):
    task = make_path_task(task, length)
    for depth in (length - 2, 2 * (length - 1)):
        width = matched_width(name, task, 12_000, depth)
        model = PathModel(name, task.num_symbols, task.num_classes, width, depth)
        assert abs(model.num_parameters() - 12_000) <= 600


def test_the_width_is_the_nearest_one():
    task = make_path_task("binary-palindrome", 5)
    width = matched_width("lstm", task, 12_000)

    def distance(width):
        return abs(PathModel("lstm", 2, 2, width).num_parameters() - 12_000)

    assert distance(width) < min(distance(width - 1), distance(width + 1))


def test_a_size_that_no_width_has_is_refused():
    task = make_path_task("binary-palindrome", 5)
    with pytest.raises(InputError, match=r"'gcn' comes within 5% of 1,000.*depth 40"):
        matched_width("gcn", task, 1000, depth=40)


@pytest.mark.parametrize("name", PATH_MODELS)
def test_a_network_sees_as_far_as_it_has_updates(name):
    """The logits depend on the last node and on those within reach, and on no others."""
    length, depth = 6, 3
    model = PathModel(name, **SIZES, depth=depth).double()
    path = Schedule.from_lengths([length])
    tokens = torch.tensor([0, 1, 2, 1, 0, 2])
    changed = []
    for node in range(length):
        other = tokens.clone()
        other[node] = (other[node] + 1) % 3
        changed.append(not torch.equal(model(tokens, path), model(other, path)))
    reach = depth if name in SYNCHRONOUS else length - 1
    assert changed == [length - 1 - node <= reach for node in range(length)]


@pytest.mark.parametrize("name", PATH_MODELS)
def test_sequences_of_a_batch_do_not_touch_each_other(name):
    model = PathModel(name, **SIZES, depth=3).double().eval()
    tokens = torch.tensor([0, 1, 2, 1, 0, 2])
    together = model(tokens, Schedule.from_lengths([4, 2]))
    alone = [
        model(tokens[:4], Schedule.from_lengths([4])),
        model(tokens[4:], Schedule.from_lengths([2])),
    ]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-12, atol=1e-12)


def test_a_graph_that_is_no_path_is_refused():
    with pytest.raises(InputError, match="path graphs"):
        PathModel("gcn", **SIZES)(torch.zeros(3, dtype=torch.long), torch.tensor([[0, 1], [2, 2]]))


def test_unknown_network_is_refused():
    with pytest.raises(UnknownNameError, match="transformer"):
        PathModel("transformer", **SIZES)


@pytest.mark.parametrize("depth", [3, 4, 7, 12])
def test_the_first_share_is_the_jacobian_of_a_linear_network_of_means(depth):
    length = 5
    edge_index = Schedule.from_lengths([length]).edge_index
    layer = GCNConv(1, 1, normalize="row").double()
    torch.nn.init.ones_(layer.lin.weight)

    def model(x, edge_index):
        for _ in range(depth):
            x = layer(x, edge_index)
        return x

    x = torch.ones(length, 1, dtype=torch.float64)
    shares = node_jacobian(model, x, edge_index, targets=length - 1)[0]  # [T]
    assert float(shares.sum()) == pytest.approx(1.0)
    assert first_share(length, depth) == pytest.approx(float(shares[0]))


@pytest.mark.parametrize(
    ("length", "depth", "share"), [(1, 0, 1.0), (4, 2, 0.0), (4, 3, 1 / 8), (2, 1, 0.5)]
)
def test_first_share_of_short_paths(length, depth, share):
    assert first_share(length, depth) == share


@pytest.fixture(scope="module")
def table():
    return compare_sequences([4], [2, 6], seeds=1, iterations=75, parameters=3000)


def test_every_run_has_a_row(table):
    runs = table[["model", "depth", "receptive", "best"]].values.tolist()
    assert runs == [
        ["rnn", 3, True, 1.0],
        ["lstm", 3, True, 1.0],
        ["gcn", 2, False, 0.5],
        ["gcn", 6, True, 1.0],
        ["gated", 2, False, 0.5],
        ["gated", 6, True, 1.0],
    ]


def test_who_does_not_see_the_first_step_guesses(table):
    accuracy = table.groupby("receptive")["accuracy"]
    assert accuracy.max()[False] < 0.6
    assert accuracy.min()[True] == 1.0


def test_who_makes_no_mistakes_stops_and_who_does_uses_the_whole_budget(table):
    assert (table.loc[table["receptive"], "iterations"] < 75).all()
    assert (table.loc[~table["receptive"], "iterations"] == 75).all()


def test_the_same_seed_gives_the_same_numbers():
    task = make_path_task("random-combinations", 4)
    settings = {"depth": 3, "parameters": 3000, "seed": 1, "iterations": 10}
    first, second = (train("gated", task, **settings) for _ in range(2))
    assert first.accuracy == second.accuracy
    for one, other in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_what_is_possible_grows_with_what_is_seen():
    table = compare_sequences(
        [4], {4: [1, 2, 3]}, "random-combinations", 1, 1, models=["gcn"], parameters=3000
    )
    # Of five numbers 2, 3 or 4 are seen; the missing one is any of the others.
    assert table["best"].tolist() == [1 / 3, 1 / 2, 1.0]
    assert table["receptive"].tolist() == [False, False, True]


def test_quick_is_two_lengths_with_one_seed_and_tells_its_progress():
    seen = []
    table = compare_sequences(
        (2, 3, 9), iterations=2, models=["rnn"], quick=True, report=seen.append
    )
    assert table[["length", "seed", "iterations"]].values.tolist() == [[2, 0, 2], [3, 0, 2]]
    assert [line.split(":")[0] for line in seen] == [
        "2 steps, rnn of depth 1, seed 0",
        "3 steps, rnn of depth 2, seed 0",
    ]
    assert isinstance(table, pd.DataFrame)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"task": "baum-sweet"}, InputError),
        ({"task": "sorting"}, UnknownNameError),
        ({"models": ["lstm", "bert"]}, UnknownNameError),
        ({"models": "lstm"}, InputError),
        ({"models": []}, InputError),
        ({"lengths": []}, InputError),
        ({"lengths": [0]}, InputError),
        ({"depths": [0]}, InputError),
        ({"depths": {5: [1]}, "lengths": [4]}, InputError),
        ({"seeds": 0}, InputError),
        ({"iterations": -1}, InputError),
        ({"parameters": 10}, InputError),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, error):
    with pytest.raises(error):
        compare_sequences(**{"lengths": [3], "seeds": 1} | arguments)


@pytest.mark.parametrize(("length", "depth"), [(0, 1), (2, -1), (2, 0.5)])
def test_first_share_refuses_what_is_no_number_of_steps(length, depth):
    with pytest.raises(InputError):
        first_share(length, depth)
