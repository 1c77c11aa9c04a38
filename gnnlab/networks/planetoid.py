"""The citation networks of Planetoid: pickles of Python 2, of which only arrays are read.

Legend: N nodes, E entries of the lists of neighbors, F features.
"""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from scipy import sparse

from gnnlab.errors import FileFormatError
from gnnlab.networks.network import Network

#: The label of a node that the data set says nothing about.
NO_LABEL = -1


class _Matrix:
    """Takes the place of SciPy's matrix while a pickle is read: nothing but its attributes."""

    def to_array(self) -> sparse.csr_array:
        parts = (self.data, self.indices, self.indptr)
        return sparse.csr_array(parts, shape=self._shape, dtype=np.float32)


_ADMITTED: dict[str, Any] = {
    "__builtin__ list": list,
    "collections defaultdict": defaultdict,
    "scipy.sparse.csr csr_matrix": _Matrix,
    "numpy ndarray": np.ndarray,
    "numpy dtype": np.dtype,
    # NumPy keeps it in a place of its own, which moved with version 2.
    "numpy.core.multiarray _reconstruct": np.empty(0).__reduce__()[0],
}


class _ArrayUnpickler(pickle.Unpickler):
    """Knows arrays, sparse matrices and lists, and no other name."""

    def find_class(self, module: str, name: str) -> Any:
        if f"{module} {name}" not in _ADMITTED:
            raise pickle.UnpicklingError(f"{module}.{name} is no array")
        return _ADMITTED[f"{module} {name}"]


def load_arrays(content: bytes, name: str) -> Any:
    """What a pickle of Python 2 holds, as long as it is arrays, sparse matrices and lists.

    Args:
        content: The bytes of the file.
        name: What to call it in an error.

    Raises:
        FileFormatError: If it is damaged, or asks for anything else.

    Example:
        >>> load_arrays(pickle.dumps({0: [1, 2]}, protocol=2), "friends")
        {0: [1, 2]}
        >>> load_arrays(pickle.dumps(print, protocol=2), "friends")
        Traceback (most recent call last):
        ...
        gnnlab.errors.FileFormatError: the file is damaged or holds more than arrays (at: friends; \
found: __builtin__.print is no array)
    """
    try:
        return _ArrayUnpickler(BytesIO(content), encoding="latin1").load()
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise FileFormatError(
            "the file is damaged or holds more than arrays", where=name, value=error
        ) from error


def read_planetoid(read: Callable[[str], bytes], *, features: bool = True) -> Network:
    """Puts the files of one citation network together, nodes in PyG's order.

    The test rows stand apart, in the order of ``test.index``; a node that is missing there has no
    connection in the citation network, no features, and the label :data:`NO_LABEL`.

    Args:
        read: Gives the bytes of ``allx``, ``tx``, ``ally``, ``ty``, ``graph`` and ``test.index``.
        features: Whether there are ``allx`` and ``tx``.

    Raises:
        FileFormatError: If a file is damaged.
    """
    test = np.array(read("test.index").split(), dtype=np.int64)
    neighbors = load_arrays(read("graph"), "graph")
    num_nodes = max(neighbors) + 1
    sources = np.repeat(list(neighbors), [len(ends) for ends in neighbors.values()])  # [E]
    targets = np.concatenate([np.array(ends, dtype=np.int64) for ends in neighbors.values()])

    known, tested = (load_arrays(read(name), name) for name in ("ally", "ty"))
    labels = np.full(num_nodes, NO_LABEL)
    for rows, one_hot in ((np.arange(len(known)), known), (test, tested)):
        labels[rows] = np.where(one_hot.any(1), one_hot.argmax(1), NO_LABEL)
    x = None
    if features:
        blocks = [load_arrays(read(name), name).to_array() for name in ("allx", "tx")]
        stacked = sparse.coo_array(sparse.vstack(blocks))
        rows = np.concatenate([np.arange(blocks[0].shape[0]), test])[stacked.row]
        shape = (num_nodes, stacked.shape[1])
        x = sparse.csr_array((stacked.data, (rows, stacked.col)), shape=shape)  # [N, F]
    edge_index = np.stack([sources, targets])
    return Network.of(range(num_nodes), edge_index, x=x, labels=labels.tolist())
