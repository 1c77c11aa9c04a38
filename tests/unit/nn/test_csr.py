from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.nn.csr import CSR, inverse_permutation
from gnnlab.nn.product import _arrays, _product_op, multiply


def dense(csr):
    weight = torch.ones(csr.num_edges) if csr.weight is None else csr.weight
    matrix = weight.new_zeros(csr.num_receivers, csr.num_senders)
    return matrix.index_put((csr.row.long(), csr.index.long()), weight, accumulate=True)


def random_edges(seed, senders, receivers, num_edges):
    generator = torch.Generator().manual_seed(seed)
    source = torch.randint(senders, (num_edges,), generator=generator)
    target = torch.randint(receivers, (num_edges,), generator=generator)
    return torch.stack([source, target])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**20), st.integers(1, 8), st.integers(1, 8), st.integers(0, 30))
def test_holds_the_matrix_and_its_transposed(seed, senders, receivers, num_edges):
    edges = random_edges(seed, senders, receivers, num_edges)
    weight = torch.rand(num_edges)
    expected = torch.zeros(receivers, senders)
    expected.index_put_((edges[1], edges[0]), weight, accumulate=True)
    csr = CSR.from_edge_index(edges, senders, receivers, weight)
    torch.testing.assert_close(dense(csr), expected)
    torch.testing.assert_close(dense(csr.transposed()), expected.t())
    assert csr.transposed().transposed() is csr
    # Sorted by receiver and, within one, by sender; the order leads back to the list.
    assert torch.equal(torch.stack([csr.index, csr.row]).long(), edges[:, csr.order])
    key = csr.row.long() * senders + csr.index
    assert (key.diff() >= 0).all()
    assert torch.equal(csr.order[csr.rank], torch.arange(num_edges).to(csr.order.dtype))


def test_a_symmetric_matrix_is_its_own_transposed():
    edges = torch.tensor([[0, 1, 2], [1, 2, 2]])
    both = torch.cat([edges[:, :2], edges.flip(0)], dim=1)
    assert CSR.from_edge_index(both, 3, 3).transposed().index.tolist() == [1, 0, 2, 1, 2]
    csr = CSR.from_edge_index(both, 3, 3)
    assert csr.transposed() is csr
    same = CSR.from_edge_index(both, 3, 3, torch.tensor([3.0, 4.0, 3.0, 4.0, 5.0]))
    assert same.transposed() is same
    different = CSR.from_edge_index(both, 3, 3, torch.tensor([3.0, 4.0, 3.0, 4.5, 5.0]))
    assert different.transposed() is not different
    one_way = CSR.from_edge_index(edges, 3, 3)
    assert one_way.transposed() is not one_way
    # Every node sends as much as it receives, and still the graph is a ring in one direction.
    ring = CSR.from_edge_index(torch.tensor([[0, 1, 2], [1, 2, 0]]), 3, 3)
    assert ring.transposed() is not ring


def test_ids_take_32_bits_where_they_fit():
    csr = CSR.from_edge_index(torch.tensor([[0], [1]]), 2, 2)
    assert {csr.index.dtype, csr.pointer.dtype, csr.row.dtype} == {torch.int32}
    wide = CSR.from_edge_index(torch.tensor([[2**31], [1]]), 2**31 + 1, 2)
    assert wide.index.dtype == torch.int64
    assert wide.index.tolist() == [2**31]


def test_sums_and_copies_along_edges():
    edges = random_edges(0, 5, 4, 12)
    csr = CSR.from_edge_index(edges, 5, 4)
    of_edges = torch.rand(12, 3)
    by_receiver = torch.zeros(4, 3).index_add(0, csr.row, of_edges)
    torch.testing.assert_close(multiply(csr.arrivals, of_edges), by_receiver)
    by_sender = torch.zeros(5, 3).index_add(0, csr.index, of_edges)
    torch.testing.assert_close(multiply(csr.departures, of_edges), by_sender)
    received, sent = torch.rand(4, 3), torch.rand(5, 3)
    assert torch.equal(multiply(csr.arrivals.transposed(), received), received[csr.row])
    assert torch.equal(multiply(csr.departures.transposed(), sent), sent[csr.index])


def test_converts_to_a_torch_tensor_without_a_warning():
    csr = CSR.from_edge_index(random_edges(0, 5, 4, 12), 5, 4, torch.rand(12))
    torch.testing.assert_close(csr.as_tensor(torch.float32).to_dense(), dense(csr))
    assert csr.as_tensor(torch.float32) is csr.as_tensor(torch.float32)
    assert csr.as_tensor(torch.float64).dtype == torch.float64


@pytest.mark.parametrize("weighted", [True, False])
def test_the_operator_that_is_compiled_is_well_formed(weighted):
    weight = torch.rand(12, dtype=torch.float64) if weighted else None
    csr = CSR.from_edge_index(random_edges(0, 5, 4, 12), 5, 4, weight)
    x = torch.rand(5, 3, dtype=torch.float64, requires_grad=True)
    arrays = (*_arrays(csr, x), *_arrays(csr.transposed(), x))
    results = torch.library.opcheck(_product_op, (x, *arrays))
    assert set(results.values()) == {"SUCCESS"}
    torch.testing.assert_close(_product_op(x, *arrays), multiply(csr, x))


def test_inverse_permutation():
    order = torch.tensor([2, 0, 3, 1])
    assert order[inverse_permutation(order)].tolist() == [0, 1, 2, 3]
    assert repr(CSR.from_edge_index(torch.tensor([[0], [1]]), 3, 2)) == "CSR(2 x 3, num_edges=1)"
