"""Model files: tensors and a JSON configuration in one safetensors file, sealed by a checksum.

Nothing in such a file is ever executed, and a file that differs from what was written by as little
as one bit is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from gnnlab.data.write import write_file
from gnnlab.errors import FileFormatError, InputError

# The seal is the SHA-256 of the whole file with zeros in the place of the seal. Inside the
# configuration, which is a JSON string, quotes are escaped, so that this pattern is found once.
_SEAL = re.compile(rb'"sha256":"([0-9a-f]{64})"')
_NO_SEAL = "0" * 64
_CONFIG = "gnnlab"


def save_model(path: str | os.PathLike, tensors: Mapping[str, Tensor], config: Mapping) -> None:
    """Writes tensors and their configuration to one file, whole or not at all.

    Args:
        path: The file, by custom ending in ``.safetensors``.
        tensors: Tensors by name, for example a module's ``state_dict()``.
        config: Whatever is needed to build the module again, in JSON's types.

    Raises:
        InputError: If the configuration is more than JSON can hold, or the folder does not exist.

    Example:
        >>> import tempfile, torch
        >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
        >>> save_model(path, {"weight": torch.ones(2, 3)}, {"cell": "lstm"})
        >>> tensors, config = load_model(path)
        >>> tensors["weight"].shape, config
        (torch.Size([2, 3]), {'cell': 'lstm'})
    """
    try:
        text = json.dumps(config, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(
            "the configuration cannot be written as JSON", where="config", value=str(error)
        ) from error
    # Copies, because safetensors refuses tensors that share memory, as tied weights do.
    tensors = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    content = safetensors.torch.save(tensors, {_CONFIG: text, "sha256": _NO_SEAL})
    write_file(path, _with_seal(content, _digest(content)))


def load_model(path: str | os.PathLike) -> tuple[dict[str, Tensor], dict]:
    """Reads what :func:`save_model` wrote.

    Returns:
        The tensors by name, on the CPU, and the configuration.

    Raises:
        InputError: If there is no such file.
        FileFormatError: If the file is damaged, cut short, or not one of gnnlab's.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("there is no such file", where="path", value=str(path))
    content = path.read_bytes()
    seal = _find_seal(content)
    if seal is None:
        raise FileFormatError(
            "the file is not a gnnlab model file, or its beginning is damaged",
            where=str(path),
            remedy="pass a file that was written by save()",
        )
    if _digest(_with_seal(content, _NO_SEAL)) != seal:
        raise FileFormatError(
            "the file is damaged: its content does not match its checksum",
            where=str(path),
            remedy="copy or save it again",
        )
    try:
        tensors = safetensors.torch.load(content)
        config = json.loads(json.loads(_header(content))["__metadata__"][_CONFIG])
    except (SafetensorError, ValueError, KeyError, RecursionError) as error:
        # A matching checksum proves that nothing was damaged, not that gnnlab wrote the file.
        raise FileFormatError("the file is not a gnnlab model file", where=str(path)) from error
    return tensors, config


def _header(content: bytes) -> bytes:
    """The JSON header: eight bytes give its length, then it follows."""
    return content[8 : 8 + int.from_bytes(content[:8], "little")]


def _find_seal(content: bytes) -> str | None:
    found = _SEAL.search(_header(content))
    return found and found[1].decode()


def _with_seal(content: bytes, seal: str) -> bytes:
    """``content`` with another seal of the same length in the place of its own."""
    start = 8 + _SEAL.search(_header(content)).start(1)
    return b"".join((content[:start], seal.encode(), content[start + len(seal) :]))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
