"""The networks that link prediction is measured on, by name; and the official splits of two.

Legend: N nodes, E connections, P pairs, F features.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from functools import partial
from io import BytesIO

import numpy as np
import pandas as pd
import torch
from scipy import sparse
from torch import Tensor

from gnnlab.data import fetch
from gnnlab.errors import UnknownNameError
from gnnlab.networks.network import Network
from gnnlab.networks.planetoid import read_planetoid
from gnnlab.networks.splits import LinkSplit, Part

_GZIP = b"\x1f\x8b"
#: The feature ids of all countries of Twitch are of one range.
_TWITCH_FEATURES = 3170


def load_benchmark(name: str) -> Network:
    """A network that link prediction is measured on.

    A connection that the data holds twice is one, and those of a node with itself are left out. The
    names of the nodes are the numbers that they have in the data. Where the data has times, that of
    the first contact counts. The file is checked by its hash (see :func:`gnnlab.data.fetch`).

    Args:
        name: One of :data:`BENCHMARKS`.

    Raises:
        UnknownNameError: If there is no such benchmark.
        FileFormatError: If a file of the mirror is not the known one.
        DownloadError: If a file can neither be found nor be downloaded.
    """
    if name not in BENCHMARKS:
        raise UnknownNameError.of("benchmark", name, BENCHMARKS)
    return BENCHMARKS[name]()


def load_heart(name: str, *, hard: bool = False) -> LinkSplit:
    """The official split of CiteSeer or PubMed (`Li et al., 2023 <https://arxiv.org/abs/2306.10453>`_).

    Args:
        name: ``"citeseer"`` or ``"pubmed"``.
        hard: The 500 hard negatives of each positive, which exist for CiteSeer only, in place of
            negatives at random that all positives share.

    Raises:
        UnknownNameError: If there is no such split.
        FileFormatError: If a file of the mirror is not the known one.
        DownloadError: If a file can neither be found nor be downloaded.
    """
    known = _HARD if hard else _HEART
    if name not in known:
        raise UnknownNameError.of("split with hard negatives" if hard else "split", name, known)
    parts = {}
    for part in ("valid", "test"):
        if hard:
            content = BytesIO(_read(f"heart-{name}-{part}-hard"))
            drawn = np.load(content, allow_pickle=False)  # [P, M, 2]
            negative = torch.from_numpy(drawn.transpose(2, 0, 1).copy())
        else:
            negative = _read_pairs(f"heart-{name}-{part}-neg")
        parts[part] = Part(_read_pairs(f"heart-{name}-{part}-pos"), negative)
    message = load_benchmark(name).only(_read_pairs(f"heart-{name}-train-pos"))
    return LinkSplit(message, parts["valid"], parts["test"])


def _read(name: str) -> bytes:
    content = fetch(name).read_bytes()
    return gzip.decompress(content) if content.startswith(_GZIP) else content


def _read_table(name: str, *, titles: bool = True) -> pd.DataFrame:
    content = BytesIO(_read(name))
    if titles:
        return pd.read_csv(content)
    return pd.read_csv(content, header=None, sep=r"\s+")


def _read_pairs(name: str) -> Tensor:
    return torch.from_numpy(_read_table(name, titles=False).to_numpy(np.int64).T.copy())  # [2, P]


def _load_planetoid(name: str, *, features: bool = True) -> Network:
    def read(part: str) -> bytes:
        return _read(f"{name}-{part.replace('.', '-')}")

    return read_planetoid(read, features=features)


def _load_columns(name: str, *, weighted: bool = False) -> Network:
    """Two columns of numbers that may have gaps, and perhaps weights."""
    table = _read_table(name, titles=False)
    weight = table[2].to_numpy(np.float64) if weighted else None
    return _number(table[[0, 1]], edge_weight=weight)


def _load_contacts(name: str, columns: list, *, titles: bool) -> Network:
    """Source, target and time of every contact."""
    table = _read_table(name, titles=titles)[columns]
    return _number(table[columns[:2]], edge_time=table[columns[2]].to_numpy(np.float64))


def _number(ends: pd.DataFrame, **attributes: np.ndarray | None) -> Network:
    names, index = np.unique(ends.to_numpy(np.int64).T, return_inverse=True)
    return Network.of(names.tolist(), index.reshape(2, -1), **attributes)


def _load_ecoli() -> Network:
    from scipy.io import loadmat

    matrix = sparse.coo_array(loadmat(BytesIO(_read("ecoli")))["net"])
    # MATLAB counts from 1.
    return Network.of(range(1, matrix.shape[0] + 1), np.stack([matrix.row, matrix.col]))


def _load_labelled(
    name: str, label: str, node: str = "id", *, features: int | None = None
) -> Network:
    """Connections, a table of the nodes, and perhaps the ids of each node's features."""
    nodes = _read_table(f"{name}-target").drop_duplicates(node).sort_values(node)
    ends = _read_table(f"{name}-edges").to_numpy(np.int64).T
    x = None if features is None else _read_features(f"{name}-features", len(nodes), features)
    return Network.of(range(len(nodes)), ends, x=x, labels=nodes[label].tolist())


def _read_features(name: str, num_nodes: int, num_features: int) -> sparse.csr_array:
    listed = json.loads(_read(name))
    rows = np.repeat(np.array(list(listed), dtype=np.int64), [len(ids) for ids in listed.values()])
    columns = np.concatenate([np.array(ids, dtype=np.int64) for ids in listed.values()])
    x = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(num_nodes, num_features))
    x.data[:] = 1  # an id that a list holds twice says no more than once
    return x


_HEART = ("citeseer", "pubmed")
_HARD = ("citeseer",)

#: What loads each network.
BENCHMARKS: dict[str, Callable[[], Network]] = {
    "cora": partial(_load_planetoid, "cora"),
    "citeseer": partial(_load_planetoid, "citeseer"),
    "pubmed": partial(_load_planetoid, "pubmed", features=False),
    "usair": partial(_load_columns, "usair", weighted=True),
    "ns": partial(_load_columns, "ns", weighted=True),
    "pb": partial(_load_columns, "pb"),
    "yeast": partial(_load_columns, "yeast"),
    "ecoli": _load_ecoli,
    "facebook-ego": partial(_load_columns, "facebook-ego"),
    "lastfm-asia": partial(_load_labelled, "lastfm-asia", "target"),
    "github": partial(_load_labelled, "github", "target"),
    "facebook-pages": partial(_load_labelled, "facebook-pages", "page_type", features=4714),
    "deezer-europe": partial(_load_labelled, "deezer-europe", "target"),
    **{
        f"twitch-{country}": partial(
            _load_labelled, f"twitch-{country}", "mature", "new_id", features=_TWITCH_FEATURES
        )
        for country in ("de", "engb", "es", "fr")
    },
    "college-msg": partial(_load_contacts, "college-msg", [0, 1, 2], titles=False),
    "bitcoin-otc": partial(_load_contacts, "bitcoin-otc", ["from", "to", "time"], titles=True),
}
