"""What a file has to say about a sequence classifier beside its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from gnnlab.errors import FileFormatError, InputError
from gnnlab.sequences.labels import to_classes
from gnnlab.sequences.vocabulary import Vocabulary

if TYPE_CHECKING:
    from gnnlab.sequences.classifier import SequenceClassifier

_KIND = "gnnlab.sequences.SequenceClassifier"


def describe(classifier: SequenceClassifier) -> dict:
    """All of a fitted classifier but the weights and the history, in JSON's types.

    Raises:
        InputError: If a label or symbol is more than text, a number or ``None``.
    """
    vocabulary = classifier.vocabulary_
    parameters = classifier.get_params()
    return {
        "kind": _KIND,
        "parameters": {name: _to_plain(value) for name, value in parameters.items()},
        "inputs": classifier.model_.inputs,
        "in_channels": classifier.model_.in_channels,
        "classes": _storable("label", classifier.classes_.tolist()),
        "vocabulary": None if vocabulary is None else _storable("symbol", list(vocabulary)),
    }


def restore(
    kind: type[SequenceClassifier], tensors: Mapping[str, Tensor], config: object, where: str
) -> SequenceClassifier:
    """The classifier that :func:`describe` has described.

    Raises:
        FileFormatError: If ``tensors`` and ``config`` are not those of a sequence classifier.
    """
    if not isinstance(config, dict) or config.get("kind") != _KIND:
        raise FileFormatError("the file holds no sequence classifier", where=where)
    try:
        classifier = kind(**config["parameters"])
        classifier.classes_ = to_classes(config["classes"])
        symbols = config["vocabulary"]
        classifier.vocabulary_ = None if symbols is None else Vocabulary(symbols)
        # No memory is taken before the shapes have been held against the file's tensors.
        with torch.device("meta"):
            model = classifier.build(
                config["inputs"], config["in_channels"], len(config["classes"])
            )
        model.load_state_dict(tensors, assign=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FileFormatError(
            "the file does not describe a sequence classifier", where=where
        ) from error
    classifier.model_, classifier.num_parameters_ = model.eval(), model.num_parameters()
    return classifier


def _to_plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _storable(kind: str, values: list) -> list:
    for value in values:
        if value is not None and not isinstance(value, str | int | float):
            raise InputError(
                f"this kind of {kind} cannot be stored in a file",
                where=kind,
                value=repr(value),
                remedy="use text or numbers",
            )
    return values
