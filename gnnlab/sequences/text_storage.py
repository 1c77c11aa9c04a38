"""What files have to say about a text generator, fitted or still in training."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gnnlab.data import load_model, save_model
from gnnlab.errors import FileFormatError
from gnnlab.nn import State
from gnnlab.sequences.characters import Characters
from gnnlab.training import TrainingState, check_same_run

if TYPE_CHECKING:
    from gnnlab.sequences.text import TextGenerator

_KIND = "gnnlab.sequences.TextGenerator"
_IN_TRAINING = f"{_KIND} in training"
_CARRIED = "carried."
#: Parameters that a resumed training may change.
_FREE = ("iterations", "accelerator")


def describe(generator: TextGenerator) -> dict:
    """All of a fitted generator but the weights and the history, in JSON's types."""
    return {
        "kind": _KIND,
        "parameters": generator.get_params(),
        "symbols": list(generator.characters_.vocabulary),
    }


def restore(
    kind: type[TextGenerator], tensors: Mapping[str, Tensor], config: object, where: str
) -> TextGenerator:
    """The generator that :func:`describe` has described.

    Raises:
        FileFormatError: If ``tensors`` and ``config`` are not those of a text generator.
    """
    if not isinstance(config, dict) or config.get("kind") != _KIND:
        raise FileFormatError("the file holds no text generator", where=where)
    try:
        generator = kind(**config["parameters"])
        generator.characters_ = Characters(config["symbols"])
        # No memory is taken before the shapes have been held against the file's tensors.
        with torch.device("meta"):
            model = generator.build(len(generator.characters_))
        model.load_state_dict(tensors, assign=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FileFormatError("the file does not describe a text generator", where=where) from error
    generator.model_, generator.num_parameters_ = model.eval(), model.num_parameters()
    return generator


def digest(texts: Sequence[str]) -> str:
    """Tells one text from another."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def save_start(path: Path, state: TrainingState, run: dict, carried: list[State] | None) -> None:
    """Writes all that a later training needs to go on.

    Args:
        path: The file.
        state: Where the training stands.
        run: Its ``parameters`` and the digest of its ``text``.
        carried: The state that the next window goes on from, if any.
    """
    parts = {
        f"{_CARRIED}{number:03d}.{part}": tensor
        for number, layer in enumerate(carried or [])
        for part, tensor in enumerate(layer)
    }
    config = {"kind": _IN_TRAINING, "iteration": state.iteration, "run": run}
    save_model(path, state.tensors | parts, config)


def load_start(folder: Path, run: dict) -> tuple[TrainingState | None, list[State] | None]:
    """The state and the carried state that :func:`save_start` wrote, if there are any.

    Raises:
        InputError: If the training was one with other parameters or another text.
        FileFormatError: If the file is damaged or holds something else.
    """
    path = folder / "training.safetensors"
    if not path.exists():
        return None, None
    tensors, config = load_model(path)
    if not isinstance(config, dict) or config.get("kind") != _IN_TRAINING:
        raise FileFormatError("the file holds no training of a text generator", where=str(path))
    check_same_run(config["run"], run, free=_FREE, where="text", other="another text")
    carried = sorted(name for name in tensors if name.startswith(_CARRIED))
    layers = itertools.groupby(carried, key=lambda name: name.split(".")[1])
    state = [tuple(tensors.pop(name) for name in names) for _, names in layers]
    return TrainingState(config["iteration"], tensors), state or None
