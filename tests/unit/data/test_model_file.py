from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.torch
import torch

from gnnlab.data import load_model, save_model
from gnnlab.data import model_file as module
from gnnlab.errors import FileFormatError, InputError


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.safetensors"
    tensors = {"weight": torch.randn(3, 2, dtype=torch.float64), "count": torch.tensor(7)}
    save_model(path, tensors, {"cell": "lstm", "classes": ["Ahab", "Ishmael"]})
    return path


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(2, 3),
        torch.randn(3, dtype=torch.float64),
        torch.arange(5),
        torch.tensor(True),
        torch.randn(4, dtype=torch.bfloat16),
        torch.empty(0, 3),
        torch.randn(3, 2).t(),
    ],
    ids=lambda tensor: f"{tensor.dtype}-{list(tensor.shape)}",
)
def test_round_trip(tmp_path, tensor):
    save_model(tmp_path / "model", {"a": tensor}, {})
    tensors, config = load_model(tmp_path / "model")
    assert config == {}
    assert tensors["a"].dtype == tensor.dtype
    assert torch.equal(tensors["a"], tensor)


def test_config_round_trip(tmp_path):
    config = {
        "name": 'ein "Fuchs" \\ ☃',
        "sizes": [1, 2.5, None, True],
        "seal": {"sha256": "0" * 64},
        "text": '"sha256":"' + "0" * 64 + '"',
    }
    save_model(tmp_path / "model", {"sha256": torch.ones(2)}, config)
    assert load_model(tmp_path / "model")[1] == config


def test_tensors_that_share_memory_and_need_gradients(tmp_path):
    weight = torch.nn.Parameter(torch.randn(4, 4))
    save_model(tmp_path / "model", {"a": weight, "b": weight[1:]}, {})
    tensors, _ = load_model(tmp_path / "model")
    assert torch.equal(tensors["b"], weight[1:])
    tensors["a"].add_(1)  # writable, and apart from b
    assert torch.equal(tensors["b"], weight[1:])


def test_every_changed_byte_is_noticed(path):
    content = path.read_bytes()
    generator = np.random.default_rng(0)
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= int(generator.integers(1, 256))
        path.write_bytes(changed)
        with pytest.raises(FileFormatError):
            load_model(path)


@pytest.mark.parametrize("mask", [0x20, 0x29], ids=["upper case", "tab for space"])
def test_changes_that_leave_the_header_valid_are_noticed(path, mask):
    content = path.read_bytes()
    for place in range(8 + int.from_bytes(content[:8], "little")):
        changed = bytearray(content)
        changed[place] ^= mask
        path.write_bytes(changed)
        with pytest.raises(FileFormatError):
            load_model(path)


def test_every_cut_is_noticed(path):
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        with pytest.raises(FileFormatError):
            load_model(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(FileFormatError):
        load_model(path)


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "foreign"
    foreign = [
        b"",
        b"Call me Ishmael.",
        safetensors.torch.save({"a": torch.ones(2)}),
        safetensors.torch.save({"a": torch.ones(2)}, {"gnnlab": "{}"}),
    ]
    for content in foreign:
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match="not a gnnlab model file"):
            load_model(path)


@pytest.mark.parametrize("metadata", [{}, {"gnnlab": "no JSON"}, {"gnnlab": "[" * 100_000}])
def test_a_right_checksum_over_foreign_content_is_not_enough(tmp_path, metadata):
    content = safetensors.torch.save({"a": torch.ones(2)}, metadata | {"sha256": "0" * 64})
    (tmp_path / "model").write_bytes(module._with_seal(content, module._digest(content)))
    with pytest.raises(FileFormatError, match="not a gnnlab model file"):
        load_model(tmp_path / "model")


def test_a_pickled_payload_is_not_run(tmp_path):
    sentinel = tmp_path / "ran"

    class Payload:
        def __reduce__(self):
            return sentinel.touch, ()

    torch.save({"weight": Payload()}, tmp_path / "model")
    with pytest.raises(FileFormatError):
        load_model(tmp_path / "model")
    assert not sentinel.exists()


@pytest.mark.parametrize("config", [{"a": float("nan")}, {"a": {1, 2}}, {"a": object()}])
def test_config_beyond_json_is_refused_before_writing(tmp_path, config):
    with pytest.raises(InputError, match="JSON"):
        save_model(tmp_path / "model", {}, config)
    assert list(tmp_path.iterdir()) == []


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(InputError, match="folder does not exist"):
        save_model(tmp_path / "nowhere" / "model", {}, {})


def test_the_config_is_readable_by_other_tools(path):
    with safetensors.safe_open(path, "pt") as file:
        assert json.loads(file.metadata()["gnnlab"])["cell"] == "lstm"
        assert set(file.keys()) == {"weight", "count"}
