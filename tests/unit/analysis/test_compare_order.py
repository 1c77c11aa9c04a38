"""Permutations: what a network on a graph cannot notice, and what a reader of rows must."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.analysis.compare.order import BY_ROWS, PERMUTED, TASKS, compare_order, renumber
from gnnlab.analysis.compare.path_models import PATH_MODELS, PathModel
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.nn import Schedule


@pytest.fixture(scope="module")
def table():
    return compare_order(length=3, seeds=1, iterations=75, parameters=3000, num_sequences=100)


def row(table, task, model, permuted):
    found = table.query("task == @task and model == @model and permuted == @permuted")
    assert len(found) == 1
    return found.iloc[0]


def test_every_network_answers_three_times(table):
    assert set(table["permuted"]) == set(PERMUTED)
    assert set(table["task"]) == set(TASKS)
    models = ["lstm", f"lstm{BY_ROWS}", "gcn", "gated"]
    assert len(table) == len(TASKS) * len(models) * len(PERMUTED)
    assert list(table["model"].unique()) == models


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("model", ["lstm", "gcn", "gated"])
def test_who_follows_the_edges_does_not_notice_new_numbers(table, task, model):
    before, after = (row(table, task, model, kind) for kind in ("nothing", "nodes"))
    assert after["deviation"] < 1e-4
    assert after["accuracy"] == before["accuracy"]


def test_who_reads_rows_loses_what_depends_on_the_order(table):
    before, after = (
        row(table, "binary-palindrome", f"lstm{BY_ROWS}", kind) for kind in ("nothing", "nodes")
    )
    assert before["accuracy"] == 1.0
    assert after["accuracy"] < 0.9
    assert after["deviation"] > 0.1


def test_rows_in_another_order_are_tokens_in_another_order(table):
    for task in TASKS:
        by_rows = row(table, task, f"lstm{BY_ROWS}", "nodes")
        tokens = row(table, task, "lstm", "tokens")
        assert by_rows["deviation"] == tokens["deviation"]
        assert by_rows["accuracy"] == tokens["accuracy"]


@pytest.mark.parametrize("model", ["lstm", "gcn", "gated"])
def test_tokens_in_another_order_are_another_sequence(table, model):
    after = row(table, "binary-palindrome", model, "tokens")
    assert after["deviation"] > 0.1
    assert after["accuracy"] < row(table, "binary-palindrome", model, "nothing")["accuracy"]


@pytest.mark.parametrize("name", PATH_MODELS)
@given(seed=st.integers(0, 2**31))
@settings(max_examples=10, deadline=None)
def test_no_permutation_of_nodes_moves_an_answer(name, seed):
    generator = torch.Generator().manual_seed(seed)
    model = PathModel(name, num_symbols=4, num_classes=3, hidden_size=9, depth=4).double()
    x = torch.randint(4, (7,), generator=generator)
    path = Schedule.from_lengths([7]).edge_index
    moved = renumber(x, path, torch.randperm(7, generator=generator))
    torch.testing.assert_close(model(*moved), model(x, path), rtol=1e-10, atol=1e-10)


def test_renumbering_back_gives_the_graph_again():
    order = torch.randperm(6)
    x, edge_index = torch.randn(6, 2), torch.randint(6, (2, 9))
    again = renumber(*renumber(x, edge_index, order), order.argsort())
    assert torch.equal(again[0], x)
    assert torch.equal(again[1], edge_index)


@pytest.mark.parametrize("order", [[0, 0, 1], [0, 1], [1, 2, 3], [-1, 0, 1]])
def test_an_order_names_every_node_once(order):
    with pytest.raises(InputError, match="every node once"):
        renumber(torch.zeros(3), torch.tensor([[0], [1]]), torch.tensor(order))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"tasks": ["baum-sweet"]}, UnknownNameError),
        ({"tasks": []}, InputError),
        ({"models": []}, InputError),
        ({"models": ["bert"]}, UnknownNameError),
        ({"length": 1}, InputError),
        ({"seeds": 0}, InputError),
        ({"num_sequences": 0}, InputError),
        ({"iterations": -1}, InputError),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, error):
    with pytest.raises(error):
        compare_order(**{"length": 3, "seeds": 1, "iterations": 0} | arguments)


def test_quick_is_one_seed():
    table = compare_order(["random-combinations"], 3, models=["rnn"], iterations=1, quick=True)
    assert set(table["seed"]) == {0}
