from __future__ import annotations

import copy
import csv
import logging
import random
import signal
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from gnnlab.errors import InputError, TrainingError
from gnnlab.training import fit

X = torch.linspace(-1, 1, 8).unsqueeze(1)


def squared_error(model, x):
    loss = (model(x) - 2 * x).square().mean()
    return loss, {"error": loss.detach().sqrt()}


def make_model():
    torch.manual_seed(0)
    return nn.Linear(1, 1)


def read_rows(folder):
    return list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))


def short_fit(model=None, batches=(X,), loss_function=squared_error, **options):
    model = make_model() if model is None else model
    return fit(model, batches, loss_function, **{"iterations": 4, "accelerator": "cpu"} | options)


def test_equals_a_bare_loop():
    model = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    twin = copy.deepcopy(model)
    batches = [torch.randn(8, 1, dtype=torch.float64) for _ in range(3)]
    history = short_fit(model, batches, iterations=7, learning_rate=0.1, max_norm=0.5)
    optimizer = torch.optim.Adam(twin.parameters(), lr=0.1, fused=True)
    norms = []
    for iteration in range(7):
        optimizer.zero_grad()
        squared_error(twin, batches[iteration % 3])[0].backward()
        norms.append(float(nn.utils.clip_grad_norm_(twin.parameters(), 0.5)))
        optimizer.step()
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert history.column("gradient_norm") == norms
    assert max(norms) > 0.5


def test_history_has_one_row_per_iteration_and_the_evaluations():
    calls = []

    def evaluate(model):
        calls.append(model.training)
        assert not torch.is_grad_enabled()
        return {"validation_error": torch.tensor(len(calls))}

    model = make_model()
    history = short_fit(model, iterations=7, evaluate=evaluate, evaluate_every=3)
    assert [row["iteration"] for row in history.rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row.get("validation_error") for row in history.rows] == [
        None, None, 1.0, None, None, 2.0, 3.0,
    ]  # fmt: skip
    assert calls == [False] * 3
    assert not model.training
    assert history.seconds > 0
    assert not history.interrupted
    table = history.frame()
    assert list(table.columns) == [
        "iteration", "loss", "error", "gradient_norm", "validation_error",
    ]  # fmt: skip
    assert table["validation_error"].isna().sum() == 4


def test_stop_ends_the_training():
    history = short_fit(
        iterations=50,
        evaluate=lambda model: {"seen": 1},
        evaluate_every=5,
        stop=lambda figures: figures["seen"] == 1,
    )
    assert len(history.rows) == 5


def test_batches_may_be_a_data_loader():
    loader = DataLoader(TensorDataset(X), batch_size=4, shuffle=True)

    def loss_function(model, batch):
        return squared_error(model, batch[0])

    state = torch.get_rng_state()
    first = short_fit(make_model(), loader, loss_function, seed=3)
    again = short_fit(make_model(), loader, loss_function, seed=3)
    torch.manual_seed(0)
    other = short_fit(make_model(), loader, loss_function, seed=4)
    assert first.column("loss") == again.column("loss") != other.column("loss")
    assert len(state)


def test_the_callers_generators_stay_untouched():
    model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(), nn.Linear(8, 1))
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002
    short_fit(model)
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[2])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_names_the_iteration(tmp_path, value):
    calls = []

    def loss_function(model, x):
        calls.append(x)
        loss, figures = squared_error(model, x)
        return loss * (value if len(calls) == 3 else 1), figures

    model = make_model()
    with pytest.raises(TrainingError, match=r"loss is not a finite number \(at: iteration 3"):
        short_fit(model, loss_function=loss_function, log_directory=tmp_path)
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    assert not model.training
    rows = read_rows(tmp_path)
    assert [row["iteration"] for row in rows] == ["1", "2"]


def test_a_gradient_that_is_not_finite_does_not_reach_the_weights():
    def loss_function(model, x):
        return (model(x) - model(x).detach()).abs().sqrt().sum(), {}  # infinite slope at zero

    model = make_model()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(TrainingError, match="gradient norm is not a finite number"):
        short_fit(model, loss_function=loss_function)
    assert all(torch.equal(model.state_dict()[name], before[name]) for name in before)


def test_log_directory(tmp_path):
    saved = []
    folder = tmp_path / "deep" / "down"
    history = short_fit(
        iterations=45,
        evaluate=lambda model: {"validation_error": 0.5},
        evaluate_every=2,
        log_directory=folder,
        checkpoint=lambda path: saved.append(path),
    )
    rows = read_rows(folder)
    assert [float(row["loss"]) for row in rows] == history.column("loss")
    assert [row["validation_error"] for row in rows[:4]] == ["", "0.5", "", "0.5"]
    assert saved == [folder / "model.safetensors"] * 2  # after 20 evaluations and at the end


def test_rare_evaluations_are_checkpoints_too(tmp_path, monkeypatch):
    monkeypatch.setattr("gnnlab.training.loop._SECONDS_PER_CHECKPOINT", 0)
    saved = []
    short_fit(iterations=6, evaluate_every=2, log_directory=tmp_path, checkpoint=saved.append)
    assert len(saved) == 4  # after each evaluation, and at the end


def test_nothing_is_written_or_printed_without_being_asked(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    short_fit(evaluate=lambda model: {"validation_error": 0.5})
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    level = logging.getLogger("lightning.pytorch").level
    assert level != logging.ERROR


def test_warnings_of_the_users_own_code_are_not_silenced():
    def loss_function(model, x):
        warnings.warn("look here", UserWarning, stacklevel=1)
        return squared_error(model, x)

    with pytest.warns(UserWarning, match="look here"):
        short_fit(loss_function=loss_function)


def interrupting_loss(at: int, times: int = 1):
    calls = []

    def loss_function(model, x):
        calls.append(x)
        if len(calls) == at:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        return squared_error(model, x)

    return loss_function


def test_the_first_interrupt_ends_after_the_iteration(tmp_path):
    saved = []
    model = make_model()
    history = short_fit(
        model,
        loss_function=interrupting_loss(at=3),
        iterations=50,
        log_directory=tmp_path,
        checkpoint=saved.append,
    )
    assert history.interrupted
    assert len(history.rows) == 3
    assert len(saved) == 1
    assert len((tmp_path / "metrics.csv").read_text().splitlines()) == 4
    assert model(X).isfinite().all()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_interrupt_ends_at_once():
    with pytest.raises(KeyboardInterrupt):
        short_fit(loss_function=interrupting_loss(at=3, times=2), iterations=50)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_someone_elses_handler_is_left_alone():
    caught = []
    previous = signal.signal(signal.SIGINT, lambda number, frame: caught.append(number))
    try:
        history = short_fit(loss_function=interrupting_loss(at=2))
    finally:
        signal.signal(signal.SIGINT, previous)
    assert caught == [signal.SIGINT]
    assert not history.interrupted
    assert len(history.rows) == 4


def test_a_model_in_evaluation_mode_is_trained_in_training_mode():
    modes = []

    def loss_function(model, x):
        modes.append(model.training)
        return squared_error(model, x)

    model = make_model().eval()
    short_fit(model, loss_function=loss_function, evaluate=lambda model: {}, evaluate_every=2)
    assert modes == [True] * 4


def test_fits_in_a_thread():
    histories = []
    thread = threading.Thread(target=lambda: histories.append(short_fit()))
    thread.start()
    thread.join()
    assert len(histories[0].rows) == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iterations", 0),
        ("iterations", 1.5),
        ("iterations", True),
        ("evaluate_every", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", "fast"),
        ("max_norm", -1),
        ("per_iteration", (0, "characters")),
        ("seed", -1),
        ("seed", 0.5),
        ("accelerator", "steam"),
    ],
)
def test_senseless_arguments(name, value):
    with pytest.raises(InputError, match=name):
        short_fit(**{name: value})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu():
    with pytest.raises(InputError, match="no such accelerator"):
        short_fit(accelerator="gpu")


def test_a_file_in_the_place_of_the_log_directory(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "folder"):
        with pytest.raises(InputError, match="log_directory"):
            short_fit(log_directory=path)


@pytest.mark.parametrize("batches", [[], iter([X, X])], ids=["none", "too few"])
def test_too_few_batches(batches):
    with pytest.raises(InputError, match="of 4 iterations"):
        short_fit(batches=batches)


def test_importing_the_room_does_not_import_lightning():
    code = "import sys, gnnlab.training; print([m for m in sys.modules if 'lightning' in m])"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
