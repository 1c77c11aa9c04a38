from __future__ import annotations

import dataclasses

import pytest
import torch

from gnnlab.errors import DtypeError, InputError
from gnnlab.nn.calibrate import DTYPES, Machine, calibrate


def test_measures_plausible_numbers_in_a_moment():
    machine = calibrate()
    assert 1e8 < machine.bandwidth < 1e14
    assert 1e8 < machine.flop_rate < 1e17
    assert 1e8 < machine.gather_rate < 1e15
    assert 1e-7 < machine.latency < 1e-1
    assert (machine.device, machine.num_threads) == ("cpu", torch.get_num_threads())


def test_is_measured_once_per_device_type_and_number_of_threads():
    threads = torch.get_num_threads()
    machine = calibrate()
    assert calibrate(torch.device("cpu")) is machine
    assert calibrate(dtype=torch.bfloat16) is not machine
    try:
        torch.set_num_threads(threads + 1)
        other = calibrate()
    finally:
        torch.set_num_threads(threads)
    assert other is not machine
    assert other.num_threads == threads + 1
    assert calibrate() is machine


def test_leaves_random_numbers_and_modes_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    with torch.inference_mode():
        calibrate.__globals__["_measure"].__wrapped__("cpu", torch.float32, 1)
        assert torch.is_inference_mode_enabled()
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize("dtype", [torch.int64, torch.complex64, torch.float8_e5m2, "float32"])
def test_only_types_to_compute_in(dtype):
    with pytest.raises(DtypeError, match="dtype") as caught:
        calibrate(dtype=dtype)
    assert all(str(known) in str(caught.value) for known in DTYPES)


@pytest.mark.parametrize("device", ["meta", "cuda"])
def test_only_devices_that_are_there(device, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=f"found: {device}"):
        calibrate(device)


def test_a_machine_cannot_be_changed():
    machine = Machine(1e10, 1e11, gather_rate=1e11, latency=1e-5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        machine.bandwidth = 2e10
