from __future__ import annotations

import pytest
import torch
from torch import nn

from gnnlab.errors import DtypeError, InputError, ShapeError, UnknownNameError
from gnnlab.nn import Schedule
from gnnlab.sequences import CELL_NAMES, SequenceModel, batch_sequences

SEQUENCES = [[3, 1, 2, 0], [1], [0, 2, 2]]


@pytest.fixture(autouse=True)
def double():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)


def make_model(cell="lstm", inputs="embedding", in_channels=4, **options):
    options = {"hidden_size": 5, "embedding_size": 3} | options
    return SequenceModel(inputs, in_channels, 2, cell=cell, **options)


def run(model, sequences=SEQUENCES):
    batch = batch_sequences(sequences)
    return model(batch.x, batch.edge_index)


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_equals_torchs_lstm(num_layers, bidirectional):
    model = make_model("bilstm" if bidirectional else "lstm", num_layers=num_layers)
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    lstm = nn.LSTM(3, 5, num_layers, bidirectional=bidirectional)
    for number, layer in enumerate(model.recurrent.layers):
        for suffix, cell in (("", layer.cell), ("_reverse", layer.cell_reverse)):
            if cell is not None:
                getattr(lstm, f"weight_ih_l{number}{suffix}").data = cell.weight_ih.data
                getattr(lstm, f"weight_hh_l{number}{suffix}").data = cell.weight_hh.data
                getattr(lstm, f"bias_ih_l{number}{suffix}").data = cell.bias.data
                getattr(lstm, f"bias_hh_l{number}{suffix}").data.zero_()
    out = run(model)
    for row, sequence in enumerate(SEQUENCES):
        _, (h, _) = lstm(model.embedding(torch.tensor(sequence)))
        final = h[-2:].flatten() if bidirectional else h[-1]
        assert torch.allclose(out[row], model.output(final), rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELL_NAMES)
def test_a_sequence_alone_equals_it_in_a_batch(cell):
    model = make_model(cell)
    together = run(model)
    alone = torch.cat([run(model, [sequence]) for sequence in SEQUENCES])
    assert together.shape == (3, 2)
    assert torch.allclose(together, alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELL_NAMES)
def test_the_answer_depends_on_every_step(cell):
    model = make_model(cell)
    base = run(model, [[0, 0, 0, 0]])
    for position in range(4):
        sequence = [0, 0, 0, 0]
        sequence[position] = 3
        assert not torch.allclose(run(model, [sequence]), base, rtol=0, atol=1e-9)


def test_edge_index_and_schedule_give_the_same():
    model = make_model("bigru")
    batch = batch_sequences(SEQUENCES)
    by_schedule = model(batch.x, Schedule.from_lengths(batch.lengths))
    assert torch.equal(by_schedule, model(batch.x, batch.edge_index))


@pytest.mark.parametrize(("hidden", "classes"), [(1, 2), (7, 3), (128, 15)])
def test_number_of_parameters_of_a_scalar_lstm(hidden, classes):
    model = SequenceModel("scalar", 1, classes, hidden_size=hidden)
    expected = 4 * hidden + 4 * hidden**2 + 4 * hidden + classes * hidden + classes
    assert model.num_parameters() == expected


@pytest.mark.parametrize("cell", CELL_NAMES)
def test_initialisation(cell):
    model = make_model(cell, hidden_size=200, embedding_size=100, in_channels=50)
    for name, parameter in model.named_parameters():
        if "bias" in name:
            assert not parameter.any()
        elif "embedding" in name:
            assert abs(parameter.std() - 1) < 0.05
        elif parameter.dim() == 2:
            assert abs(parameter.std() * parameter.size(1) ** 0.5 - 1) < 0.15
        else:
            assert parameter.any()


def test_reset_parameters_draws_anew():
    model = make_model("bilstm")
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    model.reset_parameters()
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name]) == ("bias" in name)


@pytest.mark.parametrize("inputs", ["scalar", "features"])
def test_numbers_enter_as_they_are(inputs):
    model = make_model(inputs=inputs, in_channels=1)
    sequences = SEQUENCES
    if inputs == "features":
        sequences = [[float(number) for number in sequence] for sequence in SEQUENCES]
    twin = make_model(inputs="scalar", in_channels=1)
    twin.load_state_dict(model.state_dict())
    assert torch.equal(run(model, sequences), run(twin))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"cell": "lsmt"}, UnknownNameError, "bilstm"),
        ({"inputs": "one-hot"}, UnknownNameError, "embedding, scalar, features"),
        ({"hidden_size": 0}, InputError, "hidden_size"),
        ({"embedding_size": 0}, InputError, "embedding_size"),
        ({"num_layers": 0}, InputError, "num_layers"),
        ({"executor": "fast"}, UnknownNameError, "executor"),
    ],
)
def test_senseless_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        make_model(**arguments)


def test_wrong_inputs():
    edges = torch.tensor([[0], [1]])
    with pytest.raises(DtypeError, match="ids"):
        make_model()(torch.randn(2, 3), edges)
    with pytest.raises(DtypeError, match="real numbers"):
        make_model(inputs="features", in_channels=3)(torch.tensor([1, 2]), edges)
    with pytest.raises(ShapeError, match="3 features"):
        make_model(inputs="features", in_channels=3)(torch.randn(2, 4), edges)
