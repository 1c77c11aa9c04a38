"""Sequences as path graphs: every step is a node, every node sends its state to the next one.

Legend: N nodes of all sequences, T steps of one, B sequences, F features.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from gnnlab.errors import DtypeError, InputError, NonFiniteError, ShapeError
from gnnlab.nn import Schedule
from gnnlab.sequences.vocabulary import Vocabulary, place


class Steps(NamedTuple):
    """Checked sequences, one after the other."""

    x: Tensor  # [N] int64 ids of symbols, or [N, F] features
    lengths: Tensor  # [B] int64


def path_graph(x: Any, y: Any = None, vocabulary: Vocabulary | None = None) -> Data:
    """One sequence as a path graph, with an edge from every step to the next.

    Args:
        x: Ids of symbols ``[T]`` (whole numbers), features ``[T]`` or ``[T, F]`` (real numbers), a
            string, or a list of words, which needs a ``vocabulary``.
        y: Label or target of the whole sequence.
        vocabulary: Numbers the symbols; without one, characters enter as their code points.

    Returns:
        ``Data`` with x (``[T]`` int64, or ``[T, F]`` floating), edge_index ``[2, T - 1]`` and y.

    Raises:
        InputError: If the sequence is empty, or holds NaN, a negative id or an unknown symbol.

    Example:
        >>> path_graph([3, 1, 2], y=0)
        Data(x=[3], edge_index=[2, 2], y=[1])
        >>> path_graph("abba", vocabulary=Vocabulary("ab")).x.tolist()
        [0, 1, 1, 0]
        >>> path_graph("abba").x.tolist()
        [97, 98, 98, 97]
    """
    steps = encode_sequences([_spell(x, vocabulary)], vocabulary)
    data = Data(x=steps.x, edge_index=_path_edges(steps.lengths))
    if y is not None:
        data.y = _to_targets([y], 1)
    return data


def batch_sequences(sequences: Any, y: Any = None, vocabulary: Vocabulary | None = None) -> Batch:
    """Sequences of any lengths as a batch of path graphs, built without a loop over their steps.

    Args:
        sequences: A list of what :func:`path_graph` takes, all of one kind, or an array ``[B, T]``
            or ``[B, T, F]``.
        y: A label or target for each sequence.
        vocabulary: Numbers the symbols; without one, characters enter as their code points.

    Returns:
        ``Batch`` with x, edge_index, batch ``[N]``, ptr ``[B + 1]``, lengths ``[B]`` and y ``[B]``.

    Raises:
        InputError: For an empty list or what :func:`path_graph` refuses; names the row.
        ShapeError: If the sequences differ in width, or ``y`` has another length.
        DtypeError: If some are ids and others features.

    Example:
        >>> batch = batch_sequences([[3, 1, 2], [0, 1]])
        >>> batch.edge_index.tolist(), batch.ptr.tolist(), batch.lengths.tolist()
        ([[0, 1, 3], [1, 2, 4]], [0, 3, 5], [3, 2])
        >>> batch[1].x.tolist()
        [0, 1]
    """
    sequences = list_sequences(sequences)
    if not isinstance(sequences, np.ndarray):
        sequences = [_spell(sequence, vocabulary) for sequence in sequences]
    x, lengths = encode_sequences(sequences, vocabulary)
    num_graphs = lengths.numel()
    rows = torch.arange(num_graphs + 1)
    ptr = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])  # [B + 1]
    values = {"x": x, "edge_index": _path_edges(lengths)}
    slices = {"x": ptr, "edge_index": ptr - rows}
    zeros = torch.zeros_like(lengths)
    increments = {"x": zeros, "edge_index": ptr[:-1]}
    if y is not None:
        values["y"] = _to_targets(y, num_graphs)
        slices["y"], increments["y"] = rows, zeros
    batch = Batch(
        **values, lengths=lengths, batch=torch.repeat_interleave(lengths), ptr=ptr, _base_cls=Data
    )
    # What Batch.from_data_list would note, so that batch[i] and to_data_list() work.
    batch._num_graphs, batch._slice_dict, batch._inc_dict = num_graphs, slices, increments
    return batch


def _spell(sequence: Any, vocabulary: Vocabulary | None) -> Any:
    """A string as code points, which are the same numbers in every batch."""
    if vocabulary is not None or not isinstance(sequence, str):
        return sequence
    return np.array([ord(character) for character in sequence], dtype=np.int64)


def _to_targets(y: Any, num_graphs: int) -> Tensor:
    try:
        y = torch.as_tensor(y)
    except (TypeError, ValueError) as error:
        raise DtypeError(
            "targets are numbers", where="y", value=str(error), remedy="number the labels first"
        ) from error
    if y.shape[:1] != (num_graphs,):
        raise ShapeError(f"there are {num_graphs} sequences", where="y", value=list(y.shape))
    return y


def encode_sequences(sequences: Any, vocabulary: Vocabulary | None = None) -> Steps:
    """Checks sequences and lays them one after the other (see :func:`batch_sequences`)."""
    sequences = list_sequences(sequences)
    if isinstance(sequences, np.ndarray) and sequences.ndim > 1 and vocabulary is None:
        first = _to_array(sequences[0], 0)
        values = np.asarray(sequences).reshape(-1, *first.shape[1:])
        values = values.astype(first.dtype, copy=False)
        lengths = np.full(len(sequences), len(first))
    else:
        rows = [_to_array(sequence, row, vocabulary) for row, sequence in enumerate(sequences)]
        _check_same_kind(rows)
        values = np.concatenate(rows)
        lengths = np.array([len(row) for row in rows])
    _check_values(values, lengths)
    x = torch.from_numpy(np.ascontiguousarray(values))
    if x.is_floating_point():
        x = x.to(torch.get_default_dtype())
    return Steps(x, torch.from_numpy(lengths).long())


def list_sequences(sequences: Any) -> list | np.ndarray:
    """The sequences as a list or an array.

    Raises:
        DtypeError: If it is neither a list nor an array.
        InputError: If there are none.
    """
    if isinstance(sequences, Tensor):
        sequences = sequences.detach().cpu().numpy()
    if isinstance(sequences, str) or not hasattr(sequences, "__len__"):
        raise DtypeError(
            "a list of sequences is needed", where="sequences", value=type(sequences).__name__
        )
    if len(sequences) == 0:
        raise InputError("there are no sequences", where="sequences", value=[])
    return sequences if isinstance(sequences, np.ndarray) else list(sequences)


def is_symbolic(sequence: Any) -> bool:
    """Whether the sequence consists of symbols that need a vocabulary, and not of numbers."""
    if isinstance(sequence, str):
        return True
    return not isinstance(sequence, Tensor) and _as_numpy(sequence, None).dtype.kind in "USO"


def _as_numpy(sequence: Any, row: int | None) -> np.ndarray:
    if isinstance(sequence, Tensor):
        sequence = sequence.detach().cpu()
    try:
        return np.asarray(sequence)
    except ValueError as error:
        raise ShapeError(
            "the steps of a sequence differ in width", where=f"row {row}", value=str(error)
        ) from error


def _to_array(sequence: Any, row: int, vocabulary: Vocabulary | None = None) -> np.ndarray:
    """One sequence as ids ``[T]`` or features ``[T, F]``."""
    where = f"row {row}"
    if vocabulary is not None and hasattr(sequence, "__len__"):
        array = vocabulary.encode(_plain(sequence), row)
    elif isinstance(sequence, str):
        array = np.array(list(sequence))
    else:
        array = _as_numpy(sequence, row)
    if array.ndim not in (1, 2):
        raise ShapeError("a sequence is [T] or [T, F]", where=where, value=list(array.shape))
    if array.size == 0:
        raise InputError("a sequence is empty", where=where, remedy="leave it out")
    if array.dtype.kind in "USO":
        raise InputError(
            "symbols that are not numbers need a vocabulary",
            where=where,
            value=repr(sequence)[:80],
            remedy="pass a Vocabulary, or whole numbers",
        )
    if array.dtype.kind in "iub":
        return array.astype(np.int64, copy=False) if array.ndim == 1 else array.astype(np.float64)
    if array.dtype.kind != "f":
        raise DtypeError("a sequence holds numbers or symbols", where=where, value=array.dtype)
    array = array.astype(np.float64, copy=False)
    return array[:, None] if array.ndim == 1 else array


def _plain(sequence: Any) -> Any:
    """Arrays as lists, because a tensor's elements are no dictionary keys."""
    return sequence.tolist() if hasattr(sequence, "tolist") else sequence


def _check_same_kind(rows: Sequence[np.ndarray]) -> None:
    first = rows[0]
    for row, array in enumerate(rows):
        if (array.dtype.kind == "f") != (first.dtype.kind == "f"):
            raise DtypeError(
                "some sequences are whole numbers (ids) and others real numbers (features)",
                where=f"row {row}",
                value=array.dtype,
                remedy="use one kind for all",
            )
        if array.shape[1:] != first.shape[1:]:
            raise ShapeError(
                f"the first sequence has {first.shape[1]} features per step",
                where=f"row {row}",
                value=array.shape[1],
            )


def _check_values(values: np.ndarray, lengths: np.ndarray) -> None:
    """Refuses NaN, infinity and negative ids."""
    is_float = values.dtype.kind == "f"
    bad = ~np.isfinite(values) if is_float else values < 0
    if not bad.any():
        return
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    where = place_of(index[0], lengths)
    if is_float:
        raise NonFiniteError(
            "a feature is not a finite number", where=where, value=float(values[index])
        )
    raise InputError("ids count from 0", where=where, value=int(values[index]))


def place_of(node: int, lengths: np.ndarray | Tensor) -> str:
    """Words for the row and position of a node."""
    ends = np.cumsum(np.asarray(lengths))
    row = int(np.searchsorted(ends, node, side="right"))
    return place(row, int(node - ends[row] + lengths[row]))


def _path_edges(lengths: Tensor) -> Tensor:
    """The edges ``[2, N - B]``: every node but the last of a sequence sends to the next one."""
    is_first = torch.zeros(int(lengths.sum()), dtype=torch.bool)
    is_first[lengths.cumsum(0) - lengths] = True
    target = (~is_first).nonzero().squeeze(1)
    return torch.stack([target - 1, target])


@lru_cache(maxsize=8)
def equal_paths(num_paths: int, length: int) -> Schedule:
    """The schedule of paths of one length, the same object every time."""
    return Schedule.from_lengths([length] * num_paths)
