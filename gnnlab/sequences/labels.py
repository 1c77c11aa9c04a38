"""Labels of any kind, and the numbers of their classes."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gnnlab.errors import DtypeError, InputError, ShapeError

#: The number of a class that no model can answer.
UNKNOWN = -1


def list_labels(y: Any, num_sequences: int) -> list[Hashable]:
    """The labels as a list of Python values, one per sequence.

    Raises:
        DtypeError: If ``y`` is no list.
        ShapeError: If there are more or fewer labels than sequences.
        InputError: If a label is NaN; names the row.

    Example:
        >>> list_labels(np.array([1, 0, 1]), 3)
        [1, 0, 1]
    """
    if y is None or isinstance(y, str) or not hasattr(y, "__len__"):
        raise DtypeError("a list of labels is needed", where="y", value=type(y).__name__)
    labels = y.tolist() if hasattr(y, "tolist") else list(y)
    labels = [label.item() if isinstance(label, np.generic) else label for label in labels]
    if len(labels) != num_sequences:
        raise ShapeError(
            f"there are {num_sequences} sequences", where="y", value=f"{len(labels)} labels"
        )
    for row, label in enumerate(labels):
        if isinstance(label, float) and not math.isfinite(label):
            raise InputError("a label is missing", where=f"row {row}", value=label)
    return labels


def to_classes(labels: Sequence[Hashable]) -> np.ndarray:
    """Different labels as an array ``[C]`` that keeps each as it is.

    Example:
        >>> to_classes(["Frodo", ("Sam", 2)]).tolist()
        ['Frodo', ('Sam', 2)]
    """
    if len({type(label) for label in labels}) == 1 and isinstance(labels[0], int | float | str):
        return np.array(labels)
    classes = np.empty(len(labels), dtype=object)
    classes[:] = labels
    return classes


def number_labels(labels: Sequence[Hashable], classes: np.ndarray) -> Tensor:
    """The numbers ``[B]`` of the labels' classes, ``UNKNOWN`` for a label without one.

    Example:
        >>> number_labels(["Sam", "Gollum"], np.array(["Frodo", "Sam"])).tolist()
        [1, -1]
    """
    number = {label: n for n, label in enumerate(classes.tolist())}
    return torch.tensor([number.get(label, UNKNOWN) for label in labels])
