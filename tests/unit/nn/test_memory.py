from __future__ import annotations

import time

import pytest
import torch

from gnnlab.errors import MemoryLimitError
from gnnlab.nn import memory
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.memory import check_dense_memory, human


def test_a_million_nodes_are_refused_at_once():
    adjacency = Adjacency.from_edge_index(torch.tensor([[0], [1]]), num_nodes=2**20)
    start = time.perf_counter()
    with pytest.raises(
        MemoryLimitError, match=r"needs 4\.0 TiB, but only .*B may be used.*edge_index"
    ):
        adjacency.to_dense()
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(("num_nodes", "fits"), [(1, True), (99, True), (100, True), (101, False)])
def test_limit_is_half_of_the_free_memory(monkeypatch, num_nodes, fits):
    monkeypatch.setattr(memory, "available_memory", lambda _: 2 * 100 * 100 * 8)
    adjacency = Adjacency.from_edge_index(torch.tensor([[0], [0]]), num_nodes)
    if fits:
        assert adjacency.to_dense(torch.float64).shape == (num_nodes, num_nodes)
    else:
        with pytest.raises(MemoryLimitError, match=r"101 x 101 needs 79\.7 KiB.*only 78\.1 KiB"):
            adjacency.to_dense(torch.float64)
        assert adjacency.to_dense(torch.float32).shape == (num_nodes, num_nodes)


def test_every_graph_of_a_batch_counts(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda _: 2 * 3 * 10 * 10 * 4)
    check_dense_memory(10, num_graphs=3)
    with pytest.raises(MemoryLimitError, match="for each of 4 graphs needs"):
        check_dense_memory(10, num_graphs=4)


def test_free_memory_is_a_plausible_number():
    assert 2**20 < memory.available_memory() < 2**60


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [(0, "0.0 B"), (1023, "1023.0 B"), (1024, "1.0 KiB"), (3 * 2**39, "1.5 TiB")],
)
def test_human_units(num_bytes, text):
    assert human(num_bytes) == text
