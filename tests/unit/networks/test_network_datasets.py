"""Benchmarks from files of their own kind, made up here: the real ones are too large to ship."""

from __future__ import annotations

import collections
import gzip
import json
import pickle

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.io import savemat

from gnnlab.data import registry
from gnnlab.errors import FileFormatError, UnknownNameError
from gnnlab.networks import datasets
from gnnlab.networks.datasets import BENCHMARKS, load_benchmark, load_heart
from gnnlab.networks.planetoid import NO_LABEL, load_arrays


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A place to put files under the names of the registry."""

    def fetch(name):
        assert name in registry()
        return tmp_path / name

    monkeypatch.setattr(datasets, "fetch", fetch)
    return lambda name, content: (tmp_path / name).write_bytes(content)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_asks_for_files_that_are_known(name, monkeypatch):
    asked = []

    def fetch(entry):
        asked.append(registry()[entry].name)
        raise FileNotFoundError

    monkeypatch.setattr(datasets, "fetch", fetch)
    with pytest.raises(FileNotFoundError):
        load_benchmark(name)
    assert asked[0].startswith(name)


def test_two_columns_with_gaps(files):
    files("usair", b"  7   9  0.5\r\n  9   7  0.25\r\n  9   9  3\r\n 12   7  1.0\r\n")
    network = load_benchmark("usair")
    assert network.names == [7, 9, 12]
    assert network.edge_index.tolist() == [[0, 0], [1, 2]]
    assert network.edge_weight.tolist() == [0.75, 1]


def test_packed_edges_labels_and_features(files):
    files("twitch-fr-edges", gzip.compress(b"from,to\n0,2\n2,0\n1,1\n"))
    rows = "5,1,True,9,False,2\n6,1,False,9,False,0\n7,1,True,9,False,1\n6,1,False,9,False,0\n"
    files("twitch-fr-target", b"id,days,mature,views,partner,new_id\n" + rows.encode())
    files("twitch-fr-features", json.dumps({"2": [5, 3169, 5], "0": [], "1": [7]}).encode())
    network = load_benchmark("twitch-fr")
    assert network.labels == [False, True, True]
    assert network.edge_index.tolist() == [[0], [2]]
    assert network.x.shape == (3, 3170)
    assert [row.tolist() for row in network.x.nonzero()] == [[1, 2, 2], [7, 5, 3169]]
    assert set(network.x.data) == {1}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("college-msg", b"1 2 30\n2 1 20\n3 3 1\n5 2 40\n"),
        ("bitcoin-otc", b"from,to,feature,time\n1,2,4,30\n2,1,-3,20\n3,3,1,1\n5,2,10,40\n"),
    ],
)
def test_the_first_contact_counts(files, name, content):
    files(name, content)
    network = load_benchmark(name)
    assert network.names == [1, 2, 3, 5]
    assert network.edge_time.tolist() == [20, 40]
    assert network.edge_weight is None


def test_matlab(files, tmp_path):
    matrix = sparse.csc_matrix(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0.0]]))
    savemat(tmp_path / "made.mat", {"net": matrix})
    files("ecoli", (tmp_path / "made.mat").read_bytes())
    network = load_benchmark("ecoli")
    assert list(network.names) == [1, 2, 3]
    assert network.edge_index.tolist() == [[0, 1], [1, 2]]


def to_pickle(value):
    """With the names that modules had for Python 2 and an early SciPy."""
    content = pickle.dumps(value, protocol=3)
    for now, then in (
        (b"numpy._core.multiarray", b"numpy.core.multiarray"),
        (b"scipy.sparse._csr", b"scipy.sparse.csr"),
        (b"builtins", b"__builtin__"),
    ):
        content = content.replace(now, then)
    return content


@pytest.fixture
def citeseer(files):
    """Five nodes; 3 and 4 are of the test, 3 is missing there."""
    x = {"allx": np.eye(3, 4), "tx": [[0, 0, 0, 1.0]]}
    for part, rows in x.items():
        files(f"citeseer-{part}", to_pickle(sparse.csr_matrix(np.array(rows, dtype=np.float32))))
    for part, rows in {"ally": np.eye(3, 2, dtype=np.int32), "ty": np.array([[0, 1]])}.items():
        files(f"citeseer-{part}", to_pickle(rows))
    friends = collections.defaultdict(list, {0: [1, 1], 1: [0, 0, 4], 2: [2], 3: [], 4: [1]})
    files("citeseer-graph", to_pickle(friends))
    files("citeseer-test-index", b"4\n")


def test_planetoid(citeseer):
    network = load_benchmark("citeseer")
    assert network.edge_index.tolist() == [[0, 1], [1, 4]]
    assert network.labels == [0, 1, NO_LABEL, NO_LABEL, 1]
    assert network.x.toarray().tolist() == [*np.eye(3, 4).tolist(), [0] * 4, [0, 0, 0, 1]]


@pytest.mark.parametrize("hard", [False, True])
def test_official_splits(citeseer, files, tmp_path, hard):
    files("heart-citeseer-train-pos", b"0\t1\n2\t2\n")
    negative = np.array([[[0, 2], [3, 4]]])
    for part in ("valid", "test"):
        files(f"heart-citeseer-{part}-pos", b"4\t1\n")
        files(f"heart-citeseer-{part}-neg", b"0\t2\n3\t4\n")
        np.save(tmp_path / "made.npy", negative)
        files(f"heart-citeseer-{part}-hard", (tmp_path / "made.npy").read_bytes())
    split = load_heart("citeseer", hard=hard)
    assert split.message.edge_index.tolist() == [[0], [1]]
    assert split.message.x.shape == (5, 4)
    assert split.test.positive.tolist() == [[4], [1]]
    wanted = torch.tensor([[0, 3], [2, 4]])
    assert split.valid.negative.equal(wanted[:, None] if hard else wanted)


def test_names_that_are_unknown():
    with pytest.raises(UnknownNameError, match=r"'moby-dick'.*cora, citeseer"):
        load_benchmark("moby-dick")
    with pytest.raises(UnknownNameError, match=r"unknown split with hard .*: citeseer"):
        load_heart("pubmed", hard=True)


def test_a_pickled_payload_is_not_run(tmp_path):
    sentinel = tmp_path / "ran"

    class Payload:
        def __reduce__(self):
            return sentinel.touch, ()

    with pytest.raises(FileFormatError, match="more than arrays"):
        load_arrays(pickle.dumps([Payload()], protocol=2), "ind.cora.x")
    assert not sentinel.exists()


@pytest.mark.parametrize("length", range(0, 60, 7))
def test_a_cut_pickle(length):
    content = to_pickle(np.arange(9))
    assert load_arrays(content, "ind.cora.y").tolist() == list(range(9))
    with pytest.raises(FileFormatError, match="damaged"):
        load_arrays(content[:length], "ind.cora.y")
