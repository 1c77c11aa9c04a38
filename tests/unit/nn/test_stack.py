"""GraphRNN: what stacking adds to single layers (its numbers are compared in test_recurrent)."""

import pytest
import torch

from gnnlab.errors import InputError, UnknownNameError
from gnnlab.nn import CELLS, GraphRNN, Schedule


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_layers_follow_each_other(name, bidirectional):
    stack = GraphRNN(3, 5, num_layers=2, cell=name, bidirectional=bidirectional)
    x, schedule = torch.randn(6, 3), Schedule.from_lengths([4, 2])
    out, states = stack(x, schedule, return_state=True)
    first, second = stack.layers
    torch.testing.assert_close(out, second(first(x, schedule), schedule))
    assert out.shape == (6, stack.out_channels)
    assert len(states) == 2
    assert stack.num_parameters() == sum(p.numel() for p in stack.parameters())


def test_gradients():
    stack = GraphRNN(2, 3, num_layers=2, cell="gru", bidirectional=True).double()
    x = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    schedule = Schedule.from_edge_index(torch.tensor([[4, 0, 1], [0, 2, 3]]), 5)
    assert torch.autograd.gradcheck(lambda x: stack(x, schedule), x)


def test_states_carry_a_sequence_on():
    stack = GraphRNN(3, 5, num_layers=2)
    x = torch.randn(8, 3)
    whole = stack(x, Schedule.from_lengths([8]))
    first, states = stack(x[:5], Schedule.from_lengths([5]), return_state=True)
    second = stack(x[5:], Schedule.from_lengths([3]), states)
    torch.testing.assert_close(torch.cat([first, second]), whole)


def test_dropout_falls_between_the_layers_only():
    x, schedule = torch.ones(400, 3), Schedule.from_lengths([1] * 400)
    one, two = GraphRNN(3, 5, dropout=0.9), GraphRNN(3, 5, num_layers=2, dropout=0.9)
    assert torch.equal(one(x, schedule), one.eval()(x, schedule))
    trained = two(x, schedule)
    assert trained.unique(dim=0).size(0) > 1
    assert two.eval()(x, schedule).unique(dim=0).size(0) == 1


def test_an_lstm_has_one_bias_per_gate():
    assert GraphRNN(3, 5).num_parameters() == 4 * 5 * 3 + 4 * 5 * 5 + 4 * 5
    two = GraphRNN(3, 5, num_layers=2, bidirectional=True)
    first = 2 * (4 * 5 * 3 + 4 * 5 * 5 + 4 * 5)
    assert two.num_parameters() == first + 2 * (4 * 5 * 10 + 4 * 5 * 5 + 4 * 5)


def test_what_the_stack_refuses():
    with pytest.raises(UnknownNameError, match="unknown cell"):
        GraphRNN(3, 5, cell="lstn")
    with pytest.raises(InputError, match="num_layers"):
        GraphRNN(3, 5, num_layers=0)
    with pytest.raises(InputError, match="dropout"):
        GraphRNN(3, 5, dropout=1.0)
    with pytest.raises(InputError, match="2 layers"):
        GraphRNN(3, 5, num_layers=2)(torch.zeros(1, 3), Schedule.from_lengths([1]), [None])
    with pytest.raises(InputError, match="not a recurrent"):
        GraphRNN.from_torch(torch.nn.Linear(2, 2))
