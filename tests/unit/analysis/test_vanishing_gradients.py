"""Norms of Jacobians by lag: against autograd, against bounds that are known, before and after."""

import numpy as np
import pytest
import torch

from gnnlab.analysis import vanishing_gradients as module
from gnnlab.analysis.vanishing_gradients import CELL_NAMES, STAGES, gains, saturation, vanishing
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.nn import CELLS
from gnnlab.sequences import BinaryPalindrome, SequenceClassifier
from gnnlab.training import stream

SMALL = {"length": 6, "seeds": 2, "hidden_size": 5, "iterations": 2, "num_sequences": 3}


@pytest.fixture(scope="module")
def table():
    return vanishing(**SMALL)


def test_every_cell_of_the_figure_is_registered():
    assert set(CELL_NAMES) <= set(CELLS)


def test_there_is_a_row_for_each_cell_stage_seed_and_lag(table):
    keys = ["cell", "stage", "seed", "lag"]
    assert len(table) == 5 * 2 * 2 * 7
    assert not table.duplicated(keys).any()
    assert list(table["cell"].unique()) == list(CELL_NAMES)
    assert list(table["stage"].unique()) == list(STAGES)


def test_at_lag_zero_nothing_is_lost(table):
    start = table[table["lag"] == 0]
    assert np.allclose(start[["norm", "hidden_norm"]], 1.0)


def test_training_changes_the_norms_and_the_seed_too(table):
    last = table[table["lag"] == SMALL["length"]]
    assert last.groupby("cell")["norm"].nunique().eq(4).all()


def test_the_norms_are_those_of_autograd_through_the_kernel_of_torch():
    settings = SMALL | {"seeds": 1, "num_sequences": 1}
    table = vanishing(["rnn"], trained=False, **settings).set_index("lag")
    task, T = BinaryPalindrome(SMALL["length"] + 1), SMALL["length"]
    model = SequenceClassifier("rnn", 5, embedding_size=5).make_model(task).double()
    sequences, _ = task.sample(1, stream(0, "score"))
    x = model.embedding(torch.from_numpy(sequences[0])).detach()  # [T, F]
    network = model.recurrent.layers[0].cell.to_torch().double()
    states = network(x)[0].detach()  # [T, H]
    for lag in range(1, T):

        def last(state, lag=lag):
            return network(x[T - lag :], state.unsqueeze(0))[0][-1]

        jacobian = torch.autograd.functional.jacobian(last, states[T - lag - 1])
        expected = float(torch.linalg.matrix_norm(jacobian, 2))
        assert table.loc[lag, "norm"] == pytest.approx(expected, rel=1e-10)


def test_a_cell_with_one_part_of_state_has_one_norm(table):
    rnn = table[table["cell"].isin(["rnn", "gru", "mingru"])]
    assert np.allclose(rnn["norm"], rnn["hidden_norm"])
    lstm = table[(table["cell"] == "lstm") & (table["lag"] > 0)]
    assert (lstm["norm"] > lstm["hidden_norm"]).all()


def test_training_is_left_out_if_not_wanted():
    table = vanishing(["gru"], trained=False, **SMALL)
    assert set(table["stage"]) == {STAGES[0]}


def test_a_radius_below_one_vanishes_and_one_above_can_explode():
    table = gains((0.5, 1.0, 1.5), length=30, seeds=2)
    last = table[table["lag"] == 30].groupby("cell")["norm"]
    assert last.max()["radius 0.5"] <= 0.5**30
    assert last.max()["radius 1"] <= 1 + 1e-9
    assert last.min()["radius 1.5"] > 10


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_gains_are_bounded_by_the_power_of_the_radius(nonlinearity):
    table = gains([1.3], length=12, seeds=3, nonlinearity=nonlinearity)
    assert (table["norm"] <= 1.3 ** table["lag"] * (1 + 1e-9)).all()


def test_the_shares_of_a_gate_sum_to_one():
    table = saturation(["lstm", "gru"], bins=4, **SMALL)
    sums = table.groupby(["cell", "stage", "seed", "gate"])["share"].sum()
    assert len(sums) == 2 * 2 * (3 + 2)
    assert np.allclose(sums, 1.0)
    assert sorted(table["activation"].unique()) == [0.125, 0.375, 0.625, 0.875]


def test_a_cell_without_gates_is_refused():
    with pytest.raises(InputError, match="no gates"):
        saturation(["rnn"], trained=False, **SMALL)


@pytest.mark.parametrize("function", [vanishing, saturation])
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"cells": []}, InputError),
        ({"cells": "lstm"}, InputError),
        ({"cells": ["lstm", "elman"]}, UnknownNameError),
        ({"length": 0}, InputError),
        ({"seeds": 0}, InputError),
        ({"num_sequences": 0}, InputError),
        ({"hidden_size": 0}, InputError),
        ({"iterations": 0}, InputError),
    ],
)
def test_what_makes_no_sense_is_refused(function, arguments, error):
    with pytest.raises(error):
        function(**{"cells": ["gru"]} | SMALL | arguments)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"radii": []}, InputError),
        ({"radii": [0.0]}, InputError),
        ({"nonlinearity": "sine"}, UnknownNameError),
        ({"length": 0}, InputError),
        ({"seeds": 0}, InputError),
        ({"num_sequences": 0}, InputError),
    ],
)
def test_gains_that_make_no_sense_are_refused(arguments, error):
    with pytest.raises(error):
        gains(**arguments)


def test_norms_of_a_batch_are_geometric_means():
    cell = CELLS["rnn"](2, 4).double()
    x = torch.randn(5, 3, 2, dtype=torch.float64)
    together = module._norms(cell, x)["norm"]
    alone = [module._norms(cell, x[:, [number]])["norm"] for number in range(3)]
    assert np.allclose(together, np.exp(np.mean(np.log(alone), axis=0)))
