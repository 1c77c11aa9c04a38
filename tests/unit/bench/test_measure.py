"""Medians in turns, bytes kept for backward, memory of a process of its own."""

from __future__ import annotations

import time
from functools import partial

import torch

from gnnlab.bench.measure import (
    _peak_memory,
    alternate,
    forward_backward,
    machine,
    saved_bytes,
)

MIB = 2**20


def test_sides_take_turns_and_slow_ones_are_called_once_per_round():
    calls = []
    sides = {"fast": lambda: calls.append("fast"), "slow": lambda: (calls.append("slow"), wait())}

    def wait():
        time.sleep(0.01)

    times = alternate(sides, seconds=0.01, rounds=3)
    assert times["slow"] > 0.009 > times["fast"]
    assert calls.count("slow") == 3 + 1
    turns = [name for name, before in zip(calls, [None, *calls], strict=False) if name != before]
    assert turns == ["fast", "slow"] * 4


def test_forward_backward_starts_from_cleared_gradients():
    linear = torch.nn.Linear(2, 2)
    call = forward_backward(linear, lambda: linear(torch.ones(3, 2)))
    call()
    call()
    assert linear.weight.grad.tolist() == [[3.0, 3.0], [3.0, 3.0]]


def test_saved_bytes_count_each_storage_once_and_no_parameter():
    x = torch.ones(4, 4, requires_grad=True)
    assert saved_bytes(lambda: x @ x, [x]) == 0
    assert saved_bytes(lambda: x.exp() + x.exp(), [x]) == 2 * 64
    assert saved_bytes(lambda: (y := x.exp()) * y, [x]) == 64
    matrix = torch.eye(4).to_sparse()
    held = 4 * (2 * 8 + 4)
    assert saved_bytes(lambda: torch.sparse.mm(matrix, x), [x]) == held


def test_peak_memory_is_what_a_call_allocates():
    # In this process; that the measuring process works is tested with the sweep.
    found = _peak_memory(partial(partial, torch.ones, 64 * MIB // 4), torch.get_num_threads())
    assert 0.95 * 64 * MIB < found.growth < 1.2 * 64 * MIB
    assert found.peak > found.growth


def test_machine_names_threads_and_versions():
    text = machine()
    assert f"{torch.get_num_threads()} threads" in text
    assert f"torch {torch.__version__}" in text
