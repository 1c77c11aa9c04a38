from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Batch

from gnnlab.errors import DtypeError, InputError, NonFiniteError, ShapeError
from gnnlab.nn import Schedule
from gnnlab.sequences import Vocabulary, batch_sequences, path_graph


def path_edges(num_nodes):
    return [list(range(num_nodes - 1)), list(range(1, num_nodes))]


@pytest.mark.parametrize(
    ("x", "shape", "dtype"),
    [
        ([3, 1, 2], [3], torch.int64),
        ((3,), [1], torch.int64),
        (np.array([1, 2], dtype=np.uint8), [2], torch.int64),
        (np.array([True, False]), [2], torch.int64),
        (torch.tensor([1, 2], dtype=torch.int32), [2], torch.int64),
        ([0.5, 1.0], [2, 1], torch.float32),
        ([[1, 2], [3, 4], [5, 6]], [3, 2], torch.float32),
        (np.zeros((4, 2)), [4, 2], torch.float32),
        (np.zeros((4, 2), dtype=np.float16), [4, 2], torch.float32),
        (np.zeros(4, dtype=np.longdouble), [4, 1], torch.float32),
        (torch.zeros(4, 3, requires_grad=True), [4, 3], torch.float32),
    ],
)
def test_path_graph(x, shape, dtype):
    data = path_graph(x)
    assert list(data.x.shape) == shape
    assert data.x.dtype == dtype
    assert data.edge_index.tolist() == path_edges(shape[0])
    assert data.edge_index.dtype == torch.int64
    assert data.y is None
    data.validate()
    values = x.detach().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)
    assert data.x.flatten().tolist() == values.ravel().tolist()


def test_path_graph_of_symbols():
    vocabulary = Vocabulary("abc")
    assert path_graph("cab", vocabulary=vocabulary).x.tolist() == [2, 0, 1]
    assert path_graph(["c", "a"], y=1.5, vocabulary=vocabulary).y.tolist() == [1.5]
    words = Vocabulary(["there", "and", "back"])
    assert path_graph(["back", "and"], vocabulary=words).x.tolist() == [2, 1]
    assert path_graph(np.array(["back"]), vocabulary=words).x.tolist() == [2]


def test_features_have_the_default_dtype():
    torch.set_default_dtype(torch.float64)
    try:
        assert path_graph(np.float64([1 / 3])).x.item() == 1 / 3
    finally:
        torch.set_default_dtype(torch.float32)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.booleans())
def test_batch_equals_pygs_own(lengths, are_features):
    generator = np.random.default_rng(0)
    if are_features:
        sequences = [generator.normal(size=(length, 2)) for length in lengths]
    else:
        sequences = [generator.integers(9, size=length) for length in lengths]
    y = list(range(len(lengths)))
    batch = batch_sequences(sequences, y)
    expected = Batch.from_data_list([path_graph(x, y=n) for n, x in enumerate(sequences)])
    for name in ("x", "edge_index", "y", "batch", "ptr"):
        assert torch.equal(batch[name], expected[name])
        assert batch[name].dtype == expected[name].dtype
    assert batch.lengths.tolist() == lengths
    assert batch.num_graphs == expected.num_graphs
    batch.validate()
    assert Schedule.of(batch.edge_index, batch.num_nodes).lengths.tolist() == lengths
    for ours, theirs in zip(batch.to_data_list(), expected.to_data_list(), strict=True):
        assert ours.to_dict().keys() == theirs.to_dict().keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ("x", "edge_index", "y"))


def test_arrays_and_lists_give_the_same_batch():
    array = np.arange(12).reshape(3, 4)
    for sequences in (
        array,
        torch.from_numpy(array),
        array.tolist(),
        list(torch.from_numpy(array)),
    ):
        batch = batch_sequences(sequences)
        assert batch.x.tolist() == list(range(12))
        assert batch.ptr.tolist() == [0, 4, 8, 12]
    assert batch_sequences(array / 2).x.shape == (12, 1)
    assert batch_sequences(np.zeros((3, 4, 2))).x.shape == (12, 2)


def test_batch_of_strings():
    batch = batch_sequences(["ab", "b", "bba"], vocabulary=Vocabulary("ab"))
    assert batch.x.tolist() == [0, 1, 1, 1, 1, 0]
    assert batch.lengths.tolist() == [2, 1, 3]


def test_strings_enter_as_code_points():
    batch = batch_sequences(["Emma", "Æ"])
    assert batch.x.tolist() == [69, 109, 109, 97, 198]
    assert batch.lengths.tolist() == [4, 1]
    assert path_graph("Emma").x.tolist() == batch[0].x.tolist()


def test_the_input_is_not_changed_nor_shared():
    array = np.arange(6).reshape(2, 3)
    batch = batch_sequences(list(array))
    batch.x.add_(1)
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("sequences", "error", "message"),
    [
        ([], InputError, "no sequences"),
        ([[1], []], InputError, "empty (at: row 1)"),
        (["ab", ""], InputError, "empty (at: row 1)"),
        ([["ab"]], InputError, "symbols that are not numbers need a vocabulary"),
        (np.zeros((2, 0)), InputError, "empty (at: row 0)"),
        ("abc", DtypeError, "a list of sequences is needed"),
        (7, DtypeError, "a list of sequences is needed"),
        ([1, 2], ShapeError, "[T] or [T, F] (at: row 0"),
        ([np.zeros((1, 2, 3))], ShapeError, "[T] or [T, F]"),
        ([[[1, 2], [3]]], ShapeError, "differ in width (at: row 0"),
        ([[0.5], [0.5, float("nan")]], NonFiniteError, "row 1, position 1; found: nan"),
        ([[0.5], [float("inf")]], NonFiniteError, "row 1, position 0; found: inf"),
        (np.array([[0.5, 1], [np.nan, 1]]), NonFiniteError, "row 1, position 0"),
        ([[1], [2, 3, -4]], InputError, "ids count from 0 (at: row 1, position 2; found: -4)"),
        ([np.zeros((2, 3)), np.zeros((2, 4))], ShapeError, "has 3 features per step (at: row 1"),
        ([[1, 2], [0.5]], DtypeError, "(at: row 1"),
        ([[1j]], DtypeError, "numbers or symbols (at: row 0"),
        ([[1, None]], InputError, "need a vocabulary (at: row 0"),
    ],
    ids=str,
)
def test_bad_sequences(sequences, error, message):
    with pytest.raises(error) as caught:
        batch_sequences(sequences)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        (["ab", ""], "empty (at: row 1)"),
        (["ab", "aqb"], "row 1, position 1; found: 'q'"),
        ([[0.5]], "row 0, position 0; found: 0.5"),
        ([[["a"]]], "a sequence of symbols is needed (at: row 0"),
    ],
)
def test_bad_symbols(sequences, message):
    with pytest.raises(InputError) as caught:
        batch_sequences(sequences, vocabulary=Vocabulary("ab"))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("y", "error"), [([1], ShapeError), (3, ShapeError), (["a", "b"], DtypeError)]
)
def test_bad_targets(y, error):
    with pytest.raises(error, match="at: y"):
        batch_sequences([[1], [2]], y)
