from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from gnnlab.errors import FileFormatError, InputError
from gnnlab.training import TrainingState, fit

BATCHES = [torch.randn(8, 2, generator=torch.Generator().manual_seed(k)) for k in range(12)]


def make_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 1))


def loss_function(model, batch):
    return (model(batch) - batch.sum(1, keepdim=True)).square().mean(), {}


def run(iterations, batches=BATCHES, start=None, **options):
    model, states = make_model(), []
    history = fit(
        model,
        batches,
        loss_function,
        iterations=iterations,
        learning_rate=0.1,
        decay=0.5,
        decay_every=3,
        evaluate_every=100,
        snapshot=lambda path, state: states.append((path.name, state)),
        start=start,
        accelerator="cpu",
        **options,
    )
    return model, history, states


def test_goes_on_as_if_it_had_never_stopped(tmp_path):
    whole, history, _ = run(12, log_directory=tmp_path / "whole")
    _, _, states = run(5, log_directory=tmp_path / "parts")
    ((name, state),) = states
    assert (name, state.iteration) == ("training.safetensors", 5)
    rest, later, _ = run(12, BATCHES[5:], state, log_directory=tmp_path / "parts")
    for ours, theirs in zip(rest.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert later.column("loss") == history.column("loss")
    files = [(tmp_path / folder / "metrics.csv").read_text() for folder in ("whole", "parts")]
    assert files[0] == files[1]


def test_the_learning_rate_falls_in_steps():
    weight = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(weight.weight)
    seen = []

    def constant_slope(model, batch):
        seen.append(float(model.weight.detach()))
        return -model.weight.sum(), {}

    fit(weight, [torch.ones(1)], constant_slope, iterations=7, learning_rate=0.1, decay=0.5,
        decay_every=2, accelerator="cpu")  # fmt: skip
    steps = [later - earlier for earlier, later in itertools.pairwise(seen)]
    # Adam's step on a constant slope is the learning rate.
    assert steps == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025, 0.025], rel=1e-3)


def test_a_finished_training_is_left_as_it_is(tmp_path):
    trained, history, states = run(4, log_directory=tmp_path)
    again, later, _ = run(4, BATCHES, states[0][1], log_directory=tmp_path)
    for ours, theirs in zip(again.parameters(), trained.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert later.column("loss") == history.column("loss")


def test_a_state_is_a_copy():
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters())
    loss_function(model, BATCHES[0])[0].backward()
    optimizer.step()
    state = TrainingState.capture(1, model, optimizer)
    before = {name: tensor.clone() for name, tensor in state.tensors.items()}
    loss_function(model, BATCHES[1])[0].backward()
    optimizer.step()
    for name, tensor in before.items():
        assert torch.equal(state.tensors[name], tensor)


def test_states_that_do_not_fit_are_refused(tmp_path):
    _, _, states = run(3, log_directory=tmp_path)
    state = states[0][1]
    with pytest.raises(InputError, match="another model"):
        fit(nn.Linear(2, 1), BATCHES, loss_function, iterations=5, start=state, accelerator="cpu")
    (tmp_path / "metrics.csv").unlink()
    with pytest.raises(FileFormatError, match="cannot be read"):
        run(5, BATCHES[3:], state, log_directory=tmp_path)
