from __future__ import annotations

import gc
import weakref

import pytest
import torch

from gnnlab.nn import Adjacency, GCNConv
from gnnlab.nn.adjacency import _MEMORY
from gnnlab.nn.remember import TensorMemory


@pytest.fixture
def counted():
    """A memory, and a function whose results are numbered."""
    memory, calls = TensorMemory(), []
    return memory, lambda: calls.append(None) or len(calls)


def test_the_same_tensors_give_the_same_result(counted):
    memory, build = counted
    edges, weight, other = torch.zeros(2, 3), torch.ones(3), torch.ones(3)
    asked = [(edges,), (edges, weight), (edges, other), (edges, None), (edges,)]
    assert [memory.recall(build, *tensors) for tensors in asked] == [1, 2, 3, 4, 1]
    assert memory.recall(build, edges, key="another purpose") == 5
    assert memory.recall(build, edges.clone()) == 6


@pytest.mark.parametrize("changed", [0, 1])
def test_a_tensor_that_was_written_to_is_a_new_one(counted, changed):
    memory, build = counted
    tensors = torch.zeros(2, 3), torch.ones(3)
    memory.recall(build, *tensors)
    tensors[changed].add_(1)
    assert memory.recall(build, *tensors) == 2
    assert memory.recall(build, *tensors) == 2


def test_what_gradients_or_inference_mode_touch_is_not_remembered(counted):
    memory, build = counted
    learned = torch.ones(3, requires_grad=True)
    assert [memory.recall(build, torch.ones(1), learned) for _ in range(2)] == [1, 2]
    with torch.inference_mode():
        made_there = torch.ones(2)
        outside = learned.detach()
        assert [memory.recall(build, made_there) for _ in range(2)] == [3, 4]
        assert [memory.recall(build, outside) for _ in range(2)] == [5, 6]


def test_only_a_few_results_per_tensor_are_kept(counted):
    memory, build = counted
    edges = torch.zeros(1)
    for key in range(20):
        memory.recall(build, edges, key=key)
    assert memory.recall(build, edges, key=19) == 20
    assert memory.recall(build, edges, key=0) == 21


def test_adjacencies_go_when_their_tensors_go():
    layer, x = GCNConv(2, 3), torch.rand(3, 2)
    edges, weight = torch.tensor([[0, 1], [1, 2]]), torch.rand(2)
    before = len(_MEMORY._entries)
    layer(x, edges, weight)
    assert Adjacency.of(edges, 3, weight) is Adjacency.of(edges, 3, weight)
    assert len(_MEMORY._entries) == before + 1
    gone = weakref.ref(edges)
    del edges
    gc.collect()
    assert gone() is None
    assert len(_MEMORY._entries) == before


def test_a_layer_notices_that_the_graph_has_changed():
    layer, x = GCNConv(2, 3), torch.rand(3, 2)
    edges = torch.tensor([[0, 1], [1, 2]])
    before = layer(x, edges)
    edges[1, 1] = 0
    after = layer(x, edges)
    assert not torch.allclose(before, after)
    torch.testing.assert_close(after, layer(x, edges.clone()))


def test_learned_weights_share_the_sorting_of_their_edges():
    edges = torch.tensor([[0, 1, 2], [1, 2, 0]])
    graphs = [Adjacency.of(edges, 3, torch.rand(3, requires_grad=True)) for _ in range(2)]
    assert graphs[0].csr() is graphs[1].csr()
    assert graphs[0].normalized("sym").csr() is graphs[1].normalized("sym").csr()
