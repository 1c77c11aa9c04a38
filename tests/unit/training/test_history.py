from __future__ import annotations

import csv

import pytest

from gnnlab.errors import UnknownNameError
from gnnlab.training.history import History, MetricsFile

ROWS = [
    {"iteration": 1, "loss": 0.5},
    {"iteration": 2, "loss": 0.4, "validation_accuracy": 0.9},
    {"iteration": 3, "loss": 0.3},
    {"iteration": 4, "loss": 0.2, "validation_accuracy": 1.0},
    {"iteration": 5, "loss": 0.1, "validation_accuracy": 0.9},
]


def test_iterations_to():
    history = History(ROWS)
    assert history.iterations_to(0.9) == 2
    assert history.iterations_to(1.0) == 4
    assert history.iterations_to(1.1) is None
    assert history.iterations_to(0.5, "loss") == 1


def test_column_lists_the_known_ones():
    assert History(ROWS).column("validation_accuracy") == [0.9, 1.0, 0.9]
    with pytest.raises(UnknownNameError, match="iteration, loss, validation_accuracy"):
        History(ROWS).column("accuracy")


def test_metrics_file_grows_and_replaces(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("old\n")
    file = MetricsFile(path)
    file.write([])
    assert path.read_text() == "old\n"
    for end in (2, 2, 4, 5):
        file.write(ROWS[:end])
        rows = list(csv.DictReader(path.read_text().splitlines()))
        assert len(rows) == end
    assert rows[0] == {"iteration": "1", "loss": "0.5", "validation_accuracy": ""}
    assert rows[3] == {"iteration": "4", "loss": "0.2", "validation_accuracy": "1.0"}
