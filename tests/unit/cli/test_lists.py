"""Options that take several words."""

from __future__ import annotations

import pytest

from gnnlab.cli.lists import repeat_names

NAMES = {"--models", "--lengths"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--models lstm", "--models lstm"),
        ("--models lstm bilstm", "--models lstm --models bilstm"),
        ("--models lstm --models bilstm", "--models lstm --models bilstm"),
        ("--models=lstm bilstm", "--models=lstm --models bilstm"),
        (
            "--models lstm gru --seeds 3 --lengths 5 10",
            "--models lstm --models gru --seeds 3 --lengths 5 --lengths 10",
        ),
        ("--lengths 5 -1 --quick", "--lengths 5 --lengths -1 --quick"),
        ("--models --seeds 3", "--models --seeds 3"),
        ("--seeds 3 4", "--seeds 3 4"),
        ("", ""),
    ],
)
def test_names_are_repeated(line, expected):
    assert repeat_names(line.split(), NAMES) == expected.split()
