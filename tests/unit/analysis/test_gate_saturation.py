"""The gates of every cell, counted against the cell's own activations."""

import pytest
import torch

from gnnlab.analysis.gates import gate_saturation
from gnnlab.errors import CycleError, InputError, NonFiniteError, ShapeError
from gnnlab.nn import CELLS, GRUCell, LSTMCell, MinGRUCell, RecurrentConv, RNNCell, make_cell

T, B, F, H = 11, 3, 2, 6
GATES = {
    "lstm": ["i", "f", "o"],
    "peephole": ["i", "f", "o"],
    "gru": ["r", "z"],
    "mingru": ["z"],
    "childsum": ["i", "o"],
}


def activations(cell, x):
    """Every step of one sequence by the cell itself: [T, H] by name."""
    state, steps = None, []
    for x_t in x:
        state, gates = cell(x_t.unsqueeze(0), state, return_gates=True)
        steps.append(gates)
    return {name: torch.cat([gates[name] for gates in steps]) for name in cell.gate_names}


def test_every_registered_cell_is_known_here():
    assert set(GATES) | {"rnn"} == set(CELLS)


@pytest.mark.parametrize("name", GATES)
def test_the_counts_are_those_of_the_activations(name):
    cell, x = make_cell(name, F, H), 3 * torch.randn(T, F)
    for parameter in cell.parameters():
        parameter.data.mul_(6)  # far from zero, so that both ends are reached
    found = gate_saturation(cell, x, bins=8)
    assert list(found) == GATES[name]
    expected = activations(cell, x)
    for gate, saturation in found.items():
        values = expected[gate].detach()
        assert torch.equal(saturation.histogram, values.histc(8, 0, 1).long())
        torch.testing.assert_close(saturation.shut, (values < 0.1).float().mean(0))
        torch.testing.assert_close(saturation.open, (values > 0.9).float().mean(0))
        assert 0 < saturation.shut.mean() < 1


@pytest.mark.parametrize("name", GATES)
def test_a_batch_adds_up_its_sequences(name):
    cell, x = make_cell(name, F, H), torch.randn(T, B, F)
    alone = [gate_saturation(cell, x[:, b]) for b in range(B)]
    for gate, saturation in gate_saturation(cell, x).items():
        histograms = torch.stack([found[gate].histogram for found in alone])
        assert torch.equal(saturation.histogram, histograms.sum(0))
        assert saturation.histogram.sum() == T * B * H
        shares = torch.stack([found[gate].open for found in alone])
        torch.testing.assert_close(saturation.open, shares.mean(0))


@pytest.mark.parametrize(("bias", "part"), [(-100.0, 0), (0.0, 5), (100.0, 9)])
def test_ends_and_middle_of_the_range(bias, part):
    cell = MinGRUCell(F, H)
    cell.bias.data.fill_(bias)
    z = gate_saturation(cell, torch.zeros(T, F), bins=10)["z"]
    assert z.histogram[part] == T * H, "an activation of exactly 1 belongs to the last part"
    assert (z.shut == (bias < 0)).all()
    assert (z.open == (bias > 0)).all()


def test_a_path_graph_is_the_sequence_and_a_tree_has_gates_too():
    cell, x = GRUCell(F, H), torch.randn(T, F)
    path = torch.stack([torch.arange(T - 1), torch.arange(1, T)])
    for gate, saturation in gate_saturation(cell, x, path).items():
        assert torch.equal(saturation.histogram, gate_saturation(cell, x)[gate].histogram)
    star = torch.stack([torch.arange(1, T), torch.zeros(T - 1, dtype=torch.int64)])
    assert gate_saturation(cell, x, star)["r"].histogram.sum() == T * H


def test_a_bidirectional_layer_has_both_directions():
    conv, x = RecurrentConv(LSTMCell(F, H), bidirectional=True), torch.randn(T, F)
    found = gate_saturation(conv, x)
    assert list(found) == ["i", "f", "o", "i_reverse", "f_reverse", "o_reverse"]
    backwards = gate_saturation(conv.cell_reverse, x.flip(0))
    assert torch.equal(found["f_reverse"].histogram, backwards["f"].histogram)


def test_a_cycle_needs_a_layer_with_steps():
    cell, x, cycle = GRUCell(F, H), torch.randn(3, F), torch.tensor([[0, 1, 2], [1, 2, 0]])
    with pytest.raises(CycleError):
        gate_saturation(cell, x, cycle)
    found = gate_saturation(RecurrentConv(cell, steps=4), x, cycle)
    assert found["z"].histogram.sum() == 3 * H


@pytest.mark.parametrize("wrap", [lambda cell: cell, RecurrentConv])
def test_a_cell_without_gates_is_refused(wrap):
    with pytest.raises(InputError, match=r"the cell has no gates \(at: cell; found: RNNCell"):
        gate_saturation(wrap(RNNCell(F, H)), torch.zeros(T, F))


@pytest.mark.parametrize("bins", [0, -1, 2.5, None])
def test_bins_are_a_whole_number_from_one(bins):
    with pytest.raises(InputError, match="whole number from 1"):
        gate_saturation(GRUCell(F, H), torch.zeros(T, F), bins=bins)


def test_bad_input_is_refused():
    cell, x = GRUCell(F, H), torch.zeros(T, F)
    with pytest.raises(InputError, match="a cell of gnnlab"):
        gate_saturation(torch.nn.GRU(F, H), x)
    with pytest.raises(ShapeError, match="at least one step"):
        gate_saturation(cell, x[:0])
    with pytest.raises(ShapeError, match="without nodes"):
        gate_saturation(cell, x[:0], torch.empty(2, 0, dtype=torch.int64))
    with pytest.raises(ShapeError, match="node features"):
        gate_saturation(cell, [1.0], torch.empty(2, 0, dtype=torch.int64))
    cell.bias.data[0] = torch.nan
    with pytest.raises(NonFiniteError, match="gate r"):
        gate_saturation(cell, x)
