"""Every registered cell: sizes, gates, gradients, and the numbers of torch.nn."""

import copy
import pickle

import pytest
import torch
from torch import nn

from gnnlab.errors import InputError, ShapeError, UnknownNameError
from gnnlab.nn import CELLS, Cell, GRUCell, LSTMCell, PeepholeLSTMCell, RNNCell, make_cell

pytestmark = pytest.mark.usefixtures("float64")

F, H = 3, 5
PARAMETERS = {
    "rnn": H * F + H * H + H,
    "lstm": 4 * H * F + 4 * H * H + 4 * H,
    "gru": 3 * H * F + 3 * H * H + 4 * H,
    "peephole": 4 * H * F + 4 * H * H + 3 * H + 4 * H,
    "childsum": 4 * H * F + 4 * H * H + 4 * H,
    "mingru": 2 * H * F + 2 * H,
}
TORCH_CELLS = [
    nn.RNNCell(F, H),
    nn.RNNCell(F, H, nonlinearity="relu"),
    nn.LSTMCell(F, H),
    nn.GRUCell(F, H),
    nn.LSTMCell(F, H, bias=False),
    nn.GRUCell(F, H, bias=False),
]
TORCH_NETWORKS = [
    nn.RNN(F, H),
    nn.RNN(F, H, nonlinearity="relu"),
    nn.LSTM(F, H),
    nn.GRU(F, H),
    nn.LSTM(F, H, bias=False),
]


def random_state(cell, rows=4):
    return tuple(torch.randn(rows, cell.hidden_size) for _ in cell.state_names)


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_keeps_the_contract(name):
    cell = make_cell(name, F, H)
    assert cell.num_parameters() == PARAMETERS[name]
    x, state = torch.randn(4, F), random_state(cell)
    new, gates = cell(x, state, return_gates=True)
    assert [s.shape for s in new] == [(4, H)] * len(cell.state_names)
    assert tuple(gates) == cell.gate_names
    assert all(gate.shape == (4, H) for gate in gates.values())
    for number in range(4):  # a node's state does not depend on the other nodes
        alone = cell(x[number : number + 1], tuple(s[number : number + 1] for s in state))
        torch.testing.assert_close(alone[0][0], new[0][number], rtol=0, atol=1e-14)
    zeros = tuple(torch.zeros_like(s) for s in state)
    torch.testing.assert_close(cell(x), cell(x, zeros))
    torch.testing.assert_close(cell.begin(cell.project(x)), cell.update(cell.project(x), zeros))


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_survives_copying_and_saving(name):
    cell, x = make_cell(name, F, H), torch.randn(4, F)
    for twin in (copy.deepcopy(cell), pickle.loads(pickle.dumps(cell))):  # noqa: S301
        torch.testing.assert_close(twin(x), cell(x), rtol=0, atol=0)
    other = make_cell(name, F, H)
    assert not torch.equal(other(x)[0], cell(x)[0])
    other.load_state_dict(cell.state_dict())
    torch.testing.assert_close(other(x), cell(x), rtol=0, atol=0)
    other.reset_parameters()
    assert not torch.equal(other(x)[0], cell(x)[0])


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_without_bias_has_none(name):
    cell = make_cell(name, F, H, bias=False)
    assert not [key for key in cell.state_dict() if "bias" in key]
    assert "bias=False" in repr(cell)
    if name != "peephole":
        assert not cell(torch.zeros(2, F))[0].any()


@pytest.mark.parametrize("name", CELLS)
def test_gradients_of_a_cell(name):
    cell = make_cell(name, 2, 3)
    x = torch.randn(2, 2, requires_grad=True)
    state = tuple(s.requires_grad_() for s in random_state(cell, 2))
    assert torch.autograd.gradcheck(lambda x, *state: cell(x, state), (x, *state))


@pytest.mark.parametrize("module", TORCH_CELLS, ids=repr)
def test_equals_the_cell_of_torch(module):
    module = module.double()
    cell = Cell.from_torch(module)
    x = torch.randn(4, F)
    state = random_state(cell)
    expected = module(x, state if len(state) == 2 else state[0])
    expected = expected if isinstance(expected, tuple) else (expected,)
    torch.testing.assert_close(cell(x, state), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("module", TORCH_NETWORKS, ids=repr)
def test_there_and_back_to_torch(module):
    module = module.double()
    cell = type(Cell.from_torch(module)).from_torch(module)
    back = cell.to_torch()
    x = torch.randn(7, 2, F)
    torch.testing.assert_close(back(x)[0], module(x)[0], rtol=0, atol=1e-14)
    assert type(back) is type(module)


def test_layers_and_directions_are_found():
    module = nn.LSTM(F, H, num_layers=2, bidirectional=True)
    cell = Cell.from_torch(module, layer=1, reverse=True)
    assert cell.input_size == 2 * H
    assert torch.equal(cell.weight_ih, module.weight_ih_l1_reverse)
    with pytest.raises(InputError, match="2 layers"):
        Cell.from_torch(module, layer=2)


def test_gru_forms_differ_only_in_the_place_of_the_reset():
    after, before = GRUCell(F, H), GRUCell(F, H, reset="before")
    assert before.num_parameters() == 3 * H * F + 3 * H * H + 3 * H
    with torch.no_grad():
        after.bias_hn.zero_()
        for name, parameter in before.named_parameters():
            parameter.copy_(after.get_parameter(name))
    x, (h,) = torch.randn(4, F), random_state(after)
    torch.testing.assert_close(after(x), before(x), rtol=0, atol=1e-14)  # from zero they agree
    assert (after(x, (h,))[0] - before(x, (h,))[0]).abs().max() > 1e-3
    W, U, b = before.weight_ih.split(H), before.weight_hh.split(H), before.bias.split(H)
    r = torch.sigmoid(x @ W[0].T + h @ U[0].T + b[0])
    z = torch.sigmoid(x @ W[1].T + h @ U[1].T + b[1])
    n = torch.tanh(x @ W[2].T + (r * h) @ U[2].T + b[2])
    torch.testing.assert_close(before(x, h), ((1 - z) * n + z * h,), rtol=0, atol=1e-14)


def test_peephole_equations():
    cell = PeepholeLSTMCell(F, H)
    x, (h, c) = torch.randn(4, F), random_state(cell)
    W, U, b = cell.weight_ih.split(H), cell.weight_hh.split(H), cell.bias.split(H)
    a = [x @ W[k].T + h @ U[k].T + b[k] for k in range(4)]
    i = torch.sigmoid(a[0] + cell.weight_ci * c)
    f = torch.sigmoid(a[1] + cell.weight_cf * c)
    new_c = f * c + i * torch.tanh(a[2])
    o = torch.sigmoid(a[3] + cell.weight_co * new_c)
    expected = (o * torch.tanh(new_c), new_c)
    torch.testing.assert_close(cell(x, (h, c)), expected, rtol=0, atol=1e-14)


def test_min_gru_equations():
    cell = make_cell("mingru", F, H)
    x, (h,) = torch.randn(4, F), random_state(cell)
    z = torch.sigmoid(x @ cell.weight_ih[:H].T + cell.bias[:H])
    n = x @ cell.weight_ih[H:].T + cell.bias[H:]
    torch.testing.assert_close(cell(x, h), ((1 - z) * h + z * n,), rtol=0, atol=1e-14)
    a, b = cell.affine_coefficients(cell.project(x))
    torch.testing.assert_close(a * h + b, cell(x, h)[0], rtol=0, atol=1e-14)


def test_what_cells_refuse():
    with pytest.raises(UnknownNameError, match="use one of: rnn, lstm, gru"):
        make_cell("elman", F, H)
    with pytest.raises(InputError, match="hidden_size"):
        LSTMCell(F, 0)
    with pytest.raises(UnknownNameError, match="after, before"):
        GRUCell(F, H, reset="never")
    with pytest.raises(UnknownNameError, match="tanh, relu"):
        RNNCell(F, H, nonlinearity="sine")
    with pytest.raises(ShapeError, match="3 features"):
        LSTMCell(F, H)(torch.zeros(4, F + 1))
    with pytest.raises(ShapeError, match=r"state of LSTMCell is \(h, c\)"):
        LSTMCell(F, H)(torch.zeros(4, F), torch.zeros(4, H))
    with pytest.raises(ShapeError, match=r"\[4, 5\]"):
        GRUCell(F, H)(torch.zeros(4, F), torch.zeros(3, H))
    with pytest.raises(InputError, match="proj_size"):
        Cell.from_torch(nn.LSTM(F, H, proj_size=2))
    with pytest.raises(InputError, match="cannot be made"):
        LSTMCell.from_torch(nn.GRU(F, H))
    with pytest.raises(InputError, match="no such cell"):
        PeepholeLSTMCell(F, H).to_torch()
