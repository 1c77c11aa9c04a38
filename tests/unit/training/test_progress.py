from __future__ import annotations

import io
import re
from types import SimpleNamespace

import pytest
import torch
from rich.console import Console
from torch import nn

from gnnlab.training import fit
from gnnlab.training.progress import ProgressBar


def make_bar(monkeypatch, iterations=1000, first=0, per_iteration=(640, "characters")):
    """A bar whose clock the test turns, and that never draws by itself."""
    bar = ProgressBar(iterations, first, per_iteration)
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(bar.display, "get_time", lambda: clock.now)
    return bar, clock


def draw(bar, width=80):
    console = Console(file=io.StringIO(), width=width)
    console.print(bar.display.get_renderable())
    return console.file.getvalue()


def advance(bar, clock, seconds, **figures):
    clock.now += seconds
    bar.on_train_batch_end(None, SimpleNamespace(row=figures))


@pytest.mark.parametrize(
    ("seconds", "per_iteration", "shown"),
    [
        (0.02, (640, "characters"), "32,000 characters/s"),
        (0.5, (1, "iterations"), "2 iterations/s"),
        (8.0, (1, "iterations"), "0.12 iterations/s"),
    ],
)
def test_rate_and_time_left(monkeypatch, seconds, per_iteration, shown):
    bar, clock = make_bar(monkeypatch, per_iteration=per_iteration)
    for _ in range(3):
        advance(bar, clock, seconds)
    drawn = draw(bar)
    assert shown in drawn
    assert "3/1000" in drawn
    hours, minutes, left = map(int, re.search(r"(\d+):(\d+):(\d+)", drawn).groups())
    assert 3600 * hours + 60 * minutes + left == pytest.approx(997 * seconds, abs=1.0)


def test_a_resumed_training_has_the_rate_of_what_it_does_itself(monkeypatch):
    bar, clock = make_bar(monkeypatch, first=600)
    assert "characters/s" not in draw(bar)
    for _ in range(3):
        advance(bar, clock, 0.1)
    assert "603/1000" in draw(bar)
    assert " 6,400 characters/s" in draw(bar)


def test_figures_of_an_evaluation_stay_until_the_next(monkeypatch):
    bar, clock = make_bar(monkeypatch)
    advance(bar, clock, 0.1, iteration=1, loss=2.0, validation_bits=3.25)
    advance(bar, clock, 0.1, iteration=2, loss=1.5)
    assert draw(bar).splitlines()[-1].split() == ["loss", "1.5", "validation_bits", "3.25"]


def test_a_narrow_terminal_gets_two_lines_all_the_same(monkeypatch):
    bar, clock = make_bar(monkeypatch)
    figures = {f"figure_{number}": 0.123 for number in range(9)}
    for _ in range(2):
        advance(bar, clock, 0.1, **figures)
    lines = draw(bar).splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("…")


class Unprintable(float):
    """A figure that fails the test when someone writes it down."""

    def __format__(self, specification):
        raise AssertionError("formatted")


def test_an_iteration_formats_nothing(monkeypatch):
    bar, clock = make_bar(monkeypatch)
    advance(bar, clock, 0.1, loss=Unprintable(1.0))
    with pytest.raises(AssertionError, match="formatted"):
        draw(bar)


def test_a_training_shows_its_rate(capsys):
    def loss_function(model, x):
        return model(x).square().mean(), {"error": 0.5}

    options = {"iterations": 4, "accelerator": "cpu", "progress": True}
    fit(nn.Linear(1, 1), [torch.ones(8, 1)], loss_function, per_iteration=(8, "rows"), **options)
    shown = capsys.readouterr().out
    assert "4/4" in shown
    assert re.search(r"[\d,]+ rows/s", shown)
    assert "error 0.5" in shown
