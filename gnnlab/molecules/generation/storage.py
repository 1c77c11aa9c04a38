"""What files have to say about a molecule generator, fitted or still in training."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from gnnlab.data import load_model, save_model
from gnnlab.errors import FileFormatError
from gnnlab.molecules.generation.actions import ActionSpace
from gnnlab.molecules.generation.conditions import Conditions
from gnnlab.molecules.generation.types import AtomTypes
from gnnlab.training import TrainingState, check_same_run

if TYPE_CHECKING:
    from gnnlab.molecules.generation.generator import MoleculeGenerator

_KIND = "gnnlab.molecules.MoleculeGenerator"
_IN_TRAINING = f"{_KIND} in training"
_FREE = ("accelerator",)  # what a resumed training may change


def describe(generator: MoleculeGenerator) -> dict:
    """All of a fitted generator but the weights and the history, in JSON's types."""
    return {
        "kind": _KIND,
        "parameters": generator.get_params(),
        "types": list(generator.space_.types.names),
        "max_atoms": generator.max_atoms_,
        "temperature": generator.temperature_,
        "conditions": None
        if generator.conditions_ is None
        else {name: list(values) for name, values in vars(generator.conditions_).items()},
    }


def restore(
    kind: type[MoleculeGenerator], tensors: Mapping[str, Tensor], config: object, where: str
) -> MoleculeGenerator:
    """The generator that :func:`describe` has described.

    Raises:
        FileFormatError: If ``tensors`` and ``config`` are not those of a molecule generator.
    """
    if not isinstance(config, dict) or config.get("kind") != _KIND:
        raise FileFormatError("the file holds no molecule generator", where=where)
    try:
        parameters = config["parameters"]
        generator = kind(**parameters | {"properties": tuple(parameters["properties"])})
        types = AtomTypes.from_names(config["types"])
        generator.space_ = ActionSpace(types, generator.max_distance)
        generator.max_atoms_ = int(config["max_atoms"])
        generator.temperature_ = float(config["temperature"])
        generator.conditions_ = None
        if config["conditions"] is not None:
            names, *arrays = (config["conditions"][f.name] for f in fields(Conditions))
            generator.conditions_ = Conditions(tuple(names), *map(np.array, arrays))
        # No memory is taken before the shapes have been held against the file's tensors.
        with torch.device("meta"):
            model = generator.build(generator.space_)
        model.load_state_dict(tensors, assign=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FileFormatError(
            "the file does not describe a molecule generator", where=where
        ) from error
    generator.model_, generator.num_parameters_ = model.eval(), model.num_parameters()
    return generator


def describe_run(parameters: dict, smiles: Sequence[str], held_out: np.ndarray) -> dict:
    """What tells one training from another: its parameters, and a digest of its molecules."""
    found = hashlib.sha256("\n".join(smiles).encode())
    found.update(held_out.tobytes())
    # As JSON brings it back, with lists for tuples.
    return json.loads(json.dumps({"parameters": parameters, "molecules": found.hexdigest()}))


def save_start(path: Path, state: TrainingState, run: dict) -> None:
    """Writes all that a later training needs to go on."""
    save_model(
        path, state.tensors, {"kind": _IN_TRAINING, "iteration": state.iteration, "run": run}
    )


def load_start(folder: str | os.PathLike, run: dict) -> TrainingState | None:
    """The state that :func:`save_start` wrote, if there is one.

    Raises:
        InputError: If the training was one with other parameters or other molecules.
        FileFormatError: If the file is damaged or holds something else.
    """
    path = Path(folder) / "training.safetensors"
    if not path.exists():
        return None
    tensors, config = load_model(path)
    if not isinstance(config, dict) or config.get("kind") != _IN_TRAINING:
        raise FileFormatError("the file holds no training of a molecule generator", where=str(path))
    check_same_run(config["run"], run, free=_FREE, where="molecules", other="other molecules")
    return TrainingState(config["iteration"], tensors)
