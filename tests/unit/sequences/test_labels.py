from __future__ import annotations

import numpy as np
import pytest
import torch

from gnnlab.errors import DtypeError, InputError, ShapeError
from gnnlab.sequences.labels import list_labels, number_labels, to_classes


@pytest.mark.parametrize(
    "y", [[0, 1], (0, 1), np.array([0, 1]), torch.tensor([0, 1]), [np.int64(0), np.int32(1)]]
)
def test_labels_become_python_values(y):
    labels = list_labels(y, 2)
    assert labels == [0, 1]
    assert {type(label) for label in labels} == {int}


@pytest.mark.parametrize(
    "labels", [[1, 2], ["a", "b"], [True, False], [0.5, 1], [("a", 1), ("b",)]]
)
def test_classes_keep_the_labels(labels):
    classes = to_classes(labels).tolist()
    assert classes == labels
    assert [type(label) for label in classes] == [type(label) for label in labels]
    assert number_labels(labels[::-1], to_classes(labels)).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (None, DtypeError, "list of labels"),
        ("ab", DtypeError, "list of labels"),
        ([1], ShapeError, "2 sequences"),
        ([1.0, float("nan")], InputError, "row 1"),
    ],
)
def test_bad_labels(y, error, message):
    with pytest.raises(error, match=message):
        list_labels(y, 2)
