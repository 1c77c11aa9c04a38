"""Gradient flow against autograd through the whole sequence, and the terms of a plain network."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd.functional import jacobian
from torch.nn import functional

from gnnlab.analysis import through_time
from gnnlab.analysis.terms import gradient_terms
from gnnlab.analysis.through_time import gradient_through_time
from gnnlab.errors import (
    DtypeError,
    InputError,
    MemoryLimitError,
    NonFiniteError,
    ShapeError,
    UnknownNameError,
)
from gnnlab.nn import CELLS, GRUCell, LSTMCell, RecurrentConv, RNNCell, make_cell

pytestmark = pytest.mark.usefixtures("float64")

T, B, F, H, CLASSES = 7, 3, 2, 4, 5
DOUBLE = torch.float64
EXACT = {"rtol": 0, "atol": 1e-10}
ALL_CELLS = [
    *[pytest.param(cell, {}, id=cell) for cell in CELLS],
    pytest.param("rnn", {"nonlinearity": "relu"}, id="relu"),
    pytest.param("gru", {"reset": "before"}, id="gru-before"),
    pytest.param("lstm", {"bias": False}, id="lstm-without-bias"),
]


def run(cell, x, state):
    """The whole state [S] after all steps of one sequence, from the whole state [S] before."""
    parts = state.unsqueeze(0).chunk(len(cell.state_names), dim=-1)
    for x_t in x:
        parts = cell(x_t.unsqueeze(0), parts)
    return torch.cat(parts, dim=-1).squeeze(0)


@pytest.mark.parametrize(("name", "options"), ALL_CELLS)
def test_the_product_of_the_factors_is_the_jacobian_of_the_whole_sequence(name, options):
    cell = make_cell(name, F, H, **options)
    x = torch.randn(T, F)
    entering = tuple(torch.randn(1, H) for _ in cell.state_names)
    flow = gradient_through_time(cell, x, entering)
    state = torch.cat(entering, dim=-1).squeeze(0)
    torch.testing.assert_close(flow.states[T], run(cell, x, state), **EXACT)
    for lag in range(T + 1):
        start = flow.states[T - lag]
        expected = jacobian(lambda s, lag=lag: run(cell, x[T - lag :], s), start)
        torch.testing.assert_close(flow.products[lag], expected, **EXACT)
        torch.testing.assert_close(flow.between(T, T - lag), expected, **EXACT)
    inner = jacobian(lambda s: run(cell, x[2:5], s), flow.states[2])
    torch.testing.assert_close(flow.between(5, 2), inner, **EXACT)


@pytest.mark.parametrize("name", CELLS)
def test_a_batch_is_its_sequences(name):
    cell, x = make_cell(name, F, H), torch.randn(T, B, F)
    state = tuple(torch.randn(B, H) for _ in cell.state_names)
    together = gradient_through_time(cell, x, state)
    for b in range(B):
        alone = gradient_through_time(cell, x[:, b], tuple(s[b : b + 1] for s in state))
        for field in alone._fields[1:]:
            torch.testing.assert_close(getattr(together, field)[:, b], getattr(alone, field))
    assert together.between(4, 1).shape == together.products.shape[1:]


@pytest.mark.parametrize("name", CELLS)
def test_the_norms_are_those_of_the_matrices(name):
    flow = gradient_through_time(make_cell(name, F, H), torch.randn(T, F))
    singular = torch.linalg.svdvals(flow.products)
    torch.testing.assert_close(flow.spectral_norms, singular[:, 0])
    torch.testing.assert_close(flow.frobenius_norms, singular.square().sum(-1).sqrt())
    torch.testing.assert_close(flow.factor_norms, torch.linalg.svdvals(flow.factors)[:, 0])
    bound = flow.factor_norms.flip(0).cumprod(0)
    assert (flow.spectral_norms[1:] <= bound * (1 + 1e-9)).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), scale=st.floats(0.1, 2.0), steps=st.integers(1, 12))
def test_the_lags_of_a_linear_network_are_the_powers_of_its_matrix(seed, scale, steps):
    generator = torch.Generator().manual_seed(seed)
    cell = RNNCell(1, H, nonlinearity="relu").double()
    # Where nothing is negative, relu is the identity.
    cell.weight_hh.data = scale * torch.rand(H, H, generator=generator, dtype=torch.float64)
    cell.weight_ih.data.abs_()
    cell.bias.data.abs_().add_(0.1)
    x = torch.rand(steps, 1, generator=generator, dtype=torch.float64)
    flow = gradient_through_time(cell, x)
    for lag in range(steps + 1):
        power = torch.linalg.matrix_power(cell.weight_hh, lag)
        torch.testing.assert_close(flow.products[lag], power, rtol=1e-12, atol=0)


def test_small_weights_vanish_and_large_ones_explode():
    small, large = RNNCell(1, H, bias=False), RNNCell(1, H, bias=False)
    small.weight_hh.data, large.weight_hh.data = torch.eye(H) / 2, torch.eye(H) * 1e200
    x, lags = torch.zeros(9, 1), torch.arange(10.0)  # without input, tanh stays where it is steep
    torch.testing.assert_close(gradient_through_time(small, x).spectral_norms, 0.5**lags)
    flow = gradient_through_time(large, x)
    for norms, of_identity in ((flow.spectral_norms, 1.0), (flow.frobenius_norms, H**0.5)):
        torch.testing.assert_close(norms[1], torch.tensor(of_identity * 1e200))
        assert norms[2:].isinf().all(), "an overflow is infinite, not an error of the decomposition"


def test_what_has_nearly_vanished_still_has_a_norm():
    cell = RNNCell(1, H, bias=False).float()
    cell.weight_hh.data = torch.eye(H, dtype=torch.float32) * 1e-9
    x = torch.tensor([[1.0], [0.0], [0.0], [0.0]], dtype=torch.float32)
    flow = gradient_through_time(cell, x)
    expected = torch.tensor(H**0.5 * 1e-27, dtype=torch.float32)  # its square is no float32
    torch.testing.assert_close(flow.frobenius_norms[3], expected, rtol=1e-5, atol=0)
    terms = gradient_terms(cell, torch.eye(H, dtype=torch.float32), x, 0)
    assert 0 < terms.norms[3, 1] < 1e-15


def test_blocks_of_an_lstm_are_parts_of_the_whole():
    flow = gradient_through_time(LSTMCell(F, H), torch.randn(T, F))
    h_by_h, h_by_c = flow.block("h", "h"), flow.block("h", "c")
    top = torch.cat([h_by_h, h_by_c], dim=-1)
    assert torch.equal(top, flow.products[:, :H])
    assert torch.equal(flow.block("c", "h"), flow.products[:, H:, :H])
    with pytest.raises(UnknownNameError, match="use one of: h, c"):
        flow.block("h", "m")


def test_chunks_change_nothing(monkeypatch):
    cell, x = GRUCell(F, H), torch.randn(T, B, F)
    whole = gradient_through_time(cell, x).factors
    monkeypatch.setattr(through_time, "_ENTRIES_AT_ONCE", 2 * H**2)
    torch.testing.assert_close(gradient_through_time(cell, x).factors, whole)


def test_a_layer_is_the_cell_that_it_runs():
    cell, x = GRUCell(F, H), torch.randn(T, B, F)
    flow = gradient_through_time(RecurrentConv(cell), x)
    assert torch.equal(flow.products, gradient_through_time(cell, x).products)


def test_a_cell_that_mixes_the_batch_is_refused():
    class Mixing(GRUCell):
        def forward(self, x, state):
            (h,) = super().forward(x, state)
            return (h - h.mean(0) if len(h) > 1 else h,)

    with pytest.raises(InputError, match="mixes the sequences"):
        gradient_through_time(Mixing(F, H), torch.randn(T, B, F))
    gradient_through_time(Mixing(F, H), torch.randn(T, F))


def test_the_cell_is_left_as_it_was():
    cell, x = LSTMCell(F, H), torch.randn(T, F, requires_grad=True)
    flow = gradient_through_time(cell, x)
    assert not flow.products.requires_grad
    assert all(p.grad is None and p.requires_grad for p in cell.parameters())


@pytest.mark.parametrize(
    ("cell", "x", "error"),
    [
        (torch.nn.LSTM(F, H), torch.zeros(T, F), InputError),
        (LSTMCell(F, H), torch.zeros(F), ShapeError),
        (LSTMCell(F, H), torch.zeros(0, F), ShapeError),
        (LSTMCell(F, H), torch.zeros(T, 0, F), ShapeError),
        (LSTMCell(F, H), [[1.0, 2.0]], ShapeError),
        (LSTMCell(F, H), torch.zeros(T, F + 1), ShapeError),
        (LSTMCell(F, H), torch.zeros(T, F, dtype=torch.int64), DtypeError),
        (LSTMCell(F, H), torch.zeros(T, F, dtype=torch.float16), DtypeError),
        (LSTMCell(F, H), torch.full((T, F), torch.nan), NonFiniteError),
    ],
)
def test_what_is_no_sequence_of_the_cell_is_refused(cell, x, error):
    with pytest.raises(error):
        gradient_through_time(cell, x)


def test_wrong_states_and_steps_are_refused():
    cell, x = LSTMCell(F, H), torch.zeros(T, F)
    with pytest.raises(ShapeError, match=r"each \[1, 4\]"):
        gradient_through_time(cell, x, torch.zeros(1, H))
    with pytest.raises(DtypeError, match="state c"):
        gradient_through_time(cell, x, (torch.zeros(1, H), torch.zeros(1, H).half()))
    flow = gradient_through_time(cell, x)
    for later, earlier in ((T + 1, 0), (2, 3), (2, -1)):
        with pytest.raises(InputError, match="from 0 to 7"):
            flow.between(later, earlier)


def test_states_that_are_no_numbers_are_refused():
    cell = RNNCell(1, H, nonlinearity="relu")
    x, state = torch.ones(T, 1), torch.full((1, H), torch.nan)
    with pytest.raises(NonFiniteError, match="after 0 steps"):
        gradient_through_time(cell, x, state)
    for parameter in cell.parameters():
        parameter.data.fill_(1e200)
    for measure in (gradient_through_time, lambda c, x: gradient_terms(c, torch.ones(2, H), x, 0)):
        with pytest.raises(NonFiniteError, match="after 2 steps"):
            measure(cell, x)


def test_what_does_not_fit_into_memory_is_refused(monkeypatch):
    monkeypatch.setattr(through_time, "available_memory", lambda device: 1000)
    with pytest.raises(MemoryLimitError, match=r"need 3\.8 KiB, but only 500\.0 B"):
        gradient_through_time(RNNCell(F, H), torch.zeros(T, F))


def network(nonlinearity="tanh", bias=True):
    cell = RNNCell(F, H, bias=bias, nonlinearity=nonlinearity)
    return (
        cell,
        torch.randn(CLASSES, H, requires_grad=True),
        torch.randn(CLASSES),
        torch.randn(T, F),
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("every_step", [True, False])
def test_the_sums_of_the_terms_are_the_gradients_of_autograd(nonlinearity, bias, every_step):
    cell, weight_ph, bias_p, x = network(nonlinearity, bias)
    target = torch.randint(CLASSES, (T,)) if every_step else torch.tensor(3)
    terms = gradient_terms(cell, weight_ph, x, target, bias_p if bias else None)
    state, states = None, []
    for x_t in x:
        state = cell(x_t.unsqueeze(0), state)
        states.append(state[0])
    logits = torch.cat(states) @ weight_ph.t() + (bias_p if bias else 0)
    used = logits if every_step else logits[-1:]
    loss = functional.cross_entropy(used, target.reshape(-1), reduction="sum")
    by_ph, by_hh = torch.autograd.grad(loss, (weight_ph, cell.weight_hh))
    torch.testing.assert_close(terms.losses.sum(), loss, **EXACT)
    torch.testing.assert_close(terms.weight_ph.sum(0), by_ph, **EXACT)
    torch.testing.assert_close(terms.weight_hh.sum((0, 1)), by_hh, **EXACT)
    torch.testing.assert_close(terms.gradient_ph, by_ph, **EXACT)
    torch.testing.assert_close(terms.gradient_hh, by_hh, **EXACT)
    assert every_step or (terms.weight_hh[:-1] == 0).all()


def test_every_single_term_is_the_gradient_by_the_weights_of_its_own_step():
    cell, weight_ph, bias_p, x = network()
    target = torch.randint(CLASSES, (T,))
    terms = gradient_terms(cell, weight_ph, x, target, bias_p)
    copies = [cell.weight_hh.detach().clone().requires_grad_() for _ in range(T)]
    h, losses = torch.zeros(1, H), []
    for x_t, copy, label in zip(x, copies, target, strict=True):
        h = (cell.project(x_t.unsqueeze(0)) + h @ copy.t()).tanh()
        losses.append(functional.cross_entropy(h @ weight_ph.t() + bias_p, label.reshape(1)))
    for t, loss in enumerate(losses):
        found = torch.autograd.grad(loss, copies, retain_graph=True, materialize_grads=True)
        torch.testing.assert_close(terms.weight_hh[t], torch.stack(found), **EXACT)
    torch.testing.assert_close(terms.norms, terms.weight_hh.norm(dim=(-2, -1)))


def test_the_terms_hold_the_products_of_the_gradient_flow():
    cell, weight_ph, bias_p, x = network()
    terms = gradient_terms(cell, weight_ph, x, 1, bias_p)
    flow = gradient_through_time(cell, x)
    h = flow.states[T].requires_grad_()
    loss = functional.cross_entropy(weight_ph @ h + bias_p, torch.tensor(1))
    (arriving,) = torch.autograd.grad(loss, h)  # [H]
    states = flow.states.detach()
    for i in range(T):
        direct = 1 - states[i + 1] ** 2
        expected = arriving @ flow.between(T, i + 1) * direct
        torch.testing.assert_close(terms.columns[T - 1, i], expected, **EXACT)


@pytest.mark.parametrize("name", [name for name in CELLS if name != "rnn"])
def test_a_cell_that_is_not_plain_is_refused(name):
    with pytest.raises(InputError, match="plain recurrent cell"):
        gradient_terms(make_cell(name, F, H), torch.zeros(CLASSES, H), torch.zeros(T, F), 0)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"cell": torch.nn.RNNCell(F, H)}, InputError),
        ({"weight_ph": torch.zeros(CLASSES, H + 1, dtype=DOUBLE)}, ShapeError),
        ({"weight_ph": torch.zeros(H, dtype=DOUBLE)}, ShapeError),
        ({"weight_ph": torch.full((CLASSES, H), torch.nan, dtype=DOUBLE)}, NonFiniteError),
        ({"weight_ph": torch.zeros(CLASSES, H, dtype=torch.float16)}, DtypeError),
        ({"bias_p": torch.zeros(CLASSES + 1, dtype=DOUBLE)}, ShapeError),
        ({"bias_p": torch.zeros(CLASSES, dtype=torch.float16)}, DtypeError),
        ({"bias_p": torch.full((CLASSES,), torch.inf, dtype=DOUBLE)}, NonFiniteError),
        ({"x": torch.zeros(T, B, F, dtype=DOUBLE)}, ShapeError),
        ({"target": torch.zeros(T + 1, dtype=torch.int64)}, ShapeError),
        ({"weight_ph": [[0.0] * H]}, ShapeError),
        ({"bias_p": "no"}, ShapeError),
        ({"target": 0.5}, InputError),
        ({"target": "Heathcliff"}, InputError),
        ({"target": None}, InputError),
        ({"target": True}, InputError),
        ({"target": CLASSES}, InputError),
        ({"target": -1}, InputError),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(changes, error):
    parts = {
        "cell": RNNCell(F, H),
        "weight_ph": torch.zeros(CLASSES, H),
        "x": torch.zeros(T, F),
        "target": 0,
        "bias_p": torch.zeros(CLASSES),
    }
    gradient_terms(**parts)
    with pytest.raises(error):
        gradient_terms(**parts | changes)


def test_terms_that_do_not_fit_into_memory_are_refused_but_have_norms(monkeypatch):
    cell, weight_ph, _, x = network()
    terms = gradient_terms(cell, weight_ph, x, 1)
    monkeypatch.setattr("gnnlab.analysis.terms.available_memory", lambda device: 1000)
    with pytest.raises(MemoryLimitError, match=r"need 6\.1 KiB"):
        _ = terms.weight_hh
    assert terms.norms.shape == (T, T)
    with pytest.raises(MemoryLimitError, match="look at a shorter sequence"):
        gradient_terms(cell, weight_ph, x, 1)
