"""What a file has to say about a property predictor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gnnlab.errors import FileFormatError
from gnnlab.molecules.blend import Blend
from gnnlab.molecules.companions import companions_of
from gnnlab.molecules.descriptors import DESCRIPTOR_NAMES, Scaler
from gnnlab.molecules.targets import Scale

if TYPE_CHECKING:
    from gnnlab.molecules.predictor import PropertyPredictor

_KIND = "gnnlab.molecules.PropertyPredictor"


def describe(predictor: PropertyPredictor) -> tuple[dict[str, Tensor], dict]:
    """All of a fitted predictor but its histories: tensors, and the rest in JSON's types."""
    tensors = {
        f"network.{number}.{name}": tensor
        for number, model in enumerate(predictor.models_)
        for name, tensor in model.state_dict().items()
    }
    if predictor.scaler_ is not None:
        tensors |= {f"scaler.{name}": t for name, t in predictor.scaler_.state_dict().items()}
    for kind, companion in predictor.companions_.items():
        tensors |= {f"{kind}.{name}": tensor for name, tensor in companion.state_dict().items()}
    scale, blend = predictor.scale_, predictor.blend_
    numbers = {"mean": scale.mean, "std": scale.std, "noise": blend.noise}
    tensors |= {f"joint.{name}": torch.from_numpy(values) for name, values in numbers.items()}
    tensors |= {f"weight.{name}": torch.from_numpy(w) for name, w in blend.weights.items()}
    config = {
        "kind": _KIND,
        "parameters": predictor.get_params(),
        "is_flat": scale.is_flat,
        "targets": list(predictor.targets_),
        "descriptors": list(DESCRIPTOR_NAMES) if predictor.descriptors else [],
    }
    return tensors, config


def restore(
    kind: type[PropertyPredictor], tensors: Mapping[str, Tensor], config: object, where: str
) -> PropertyPredictor:
    """The predictor that :func:`describe` has described.

    Raises:
        FileFormatError: If ``tensors`` and ``config`` are not those of a property predictor, or it
            reads descriptors that this version of RDKit does not have.
    """
    if not isinstance(config, dict) or config.get("kind") != _KIND:
        raise FileFormatError("the file holds no property predictor", where=where)
    if config.get("descriptors") and config["descriptors"] != list(DESCRIPTOR_NAMES):
        raise FileFormatError(
            "the predictor reads descriptors that this version of RDKit does not have",
            where=where,
            remedy="fit it again, or install the version of RDKit it was fitted with",
        )
    try:
        return _build(kind(**config["parameters"]), tensors, config)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FileFormatError(
            "the file does not describe a property predictor", where=where
        ) from error


def _build(
    predictor: PropertyPredictor, tensors: Mapping[str, Tensor], config: dict
) -> PropertyPredictor:
    joint = {name: tensor.numpy() for name, tensor in _part(tensors, "joint.").items()}
    predictor.targets_ = tuple(config["targets"])
    predictor.scale_ = Scale(predictor.task, joint["mean"], joint["std"], config["is_flat"])
    weights = {name: tensor.numpy() for name, tensor in _part(tensors, "weight.").items()}
    predictor.blend_ = Blend(weights, joint["noise"], predictor.task)
    predictor.scaler_ = None
    if predictor.descriptors:
        predictor.scaler_ = Scaler.from_state_dict(_part(tensors, "scaler."))
    predictor.companions_ = {
        name: kind.restore(predictor.task, _part(tensors, f"{name}."))
        for name, kind in companions_of(predictor.descriptors, predictor.fingerprints).items()
    }
    predictor.models_ = []
    for number in range(predictor.ensemble_size):
        # No memory is taken before the shapes have been held against the file's tensors.
        with torch.device("meta"):
            model = predictor.build(len(joint["mean"]))
        model.load_state_dict(_part(tensors, f"network.{number}."), assign=True)
        predictor.models_.append(model.eval())
    predictor.num_parameters_ = sum(model.num_parameters() for model in predictor.models_)
    return predictor


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors of one part, by their names in it."""
    size = len(prefix)
    return {name[size:]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
