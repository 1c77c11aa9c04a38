from __future__ import annotations

import copy
import pickle

import pytest
import scipy.sparse
import torch
from torch_geometric.data import Data
from torch_geometric.edge_index import EdgeIndex
from torch_geometric.loader import DataLoader
from torch_geometric.utils import to_dense_adj

from gnnlab.errors import (
    DtypeError,
    InputError,
    MemoryLimitError,
    NonFiniteError,
    ShapeError,
    UnknownNameError,
)
from gnnlab.nn.adjacency import LAYOUTS, Adjacency
from gnnlab.nn.aggregate import aggregate
from gnnlab.nn.gcn import GCNConv

pytestmark = pytest.mark.filterwarnings("ignore:Sparse CS. tensor support:UserWarning")

EDGES = torch.tensor([[2, 0, 0, 1, 2], [2, 1, 1, 2, 0]])  # 0 -> 1 twice, and a self loop
WEIGHT = torch.tensor([0.5, 1.0, 2.0, 4.0, 8.0], dtype=torch.float64)
MATRIX = torch.tensor([[0, 3, 0], [0, 0, 4], [8, 0, 0.5]], dtype=torch.float64)
MAKERS = {
    "coo": lambda: Adjacency.from_edge_index(EDGES, 3, WEIGHT, layout="coo"),
    "csr": lambda: Adjacency.from_sparse(MATRIX.t().to_sparse()),
    "dense": lambda: Adjacency.from_dense(MATRIX),
}


@pytest.fixture(params=MAKERS)
def adjacency(request):
    return MAKERS[request.param]()


def test_reads_and_writes_as_pyg_does():
    adjacency = Adjacency.from_edge_index(EDGES, 3, WEIGHT)
    assert torch.equal(adjacency.to_dense(), MATRIX)
    assert torch.equal(adjacency.to_dense(), to_dense_adj(EDGES, edge_attr=WEIGHT)[0])


def test_every_layout_lists_the_same_edges(adjacency):
    edge_index, edge_weight = adjacency.to_edge_index()
    assert edge_index.tolist() == [[0, 1, 2, 2], [1, 2, 0, 2]]
    assert edge_weight.tolist() == [3.0, 4.0, 8.0, 0.5]
    assert torch.equal(adjacency.to_dense(), MATRIX)


@pytest.mark.parametrize(
    ("form", "layout"),
    [
        (EDGES, "csr"),
        (EdgeIndex(EDGES, sparse_size=(3, 3)), "csr"),
        (EDGES.int(), "csr"),
        (MATRIX.t().to_sparse(), "csr"),
        (MATRIX, "dense"),
        (MATRIX.expand(2, 3, 3), "dense"),
        (Adjacency.from_dense(MATRIX), "dense"),
    ],
)
def test_of_tells_the_forms_apart(form, layout):
    adjacency = Adjacency.of(form, 3)
    assert (adjacency.layout, adjacency.num_nodes) == (layout, 3)
    assert adjacency.to_edge_index()[0][:, :4].tolist() == [[0, 1, 2, 2], [1, 2, 0, 2]]


def test_compressed_layouts_are_read():
    for adj_t in (MATRIX.t().to_sparse_csr(), MATRIX.t().to_sparse_csc()):
        adjacency = Adjacency.of(adj_t, 3)
        assert adjacency.layout == "csr"
        assert torch.equal(adjacency.to_dense(), MATRIX)


def test_two_nodes_are_told_apart_by_the_type_of_number():
    square = torch.tensor([[0, 1], [1, 0]])
    assert Adjacency.of(square, 2).layout == "csr"
    assert Adjacency.of(square.double(), 2).layout == "dense"
    with pytest.raises(DtypeError, match="integers"):
        Adjacency.of(square.double(), 3)


def test_entries_that_cancel_are_no_edge():
    adjacency = Adjacency.from_edge_index(
        torch.tensor([[0, 0, 1], [1, 1, 0]]), 2, torch.tensor([1.0, -1.0, 2.0])
    )
    assert adjacency.to_edge_index()[0].tolist() == [[1], [0]]


def test_ids_of_a_batch_do_not_overlap():
    edge_index, weight = Adjacency.from_dense(torch.stack([MATRIX, MATRIX.t()])).to_edge_index()
    assert edge_index.tolist() == [[0, 1, 2, 2, 3, 4, 5, 5], [1, 2, 0, 2, 5, 3, 4, 5]]
    assert weight.tolist() == [3.0, 4.0, 8.0, 0.5, 8.0, 3.0, 4.0, 0.5]


def test_normalisations_by_hand(adjacency):
    with_self = MATRIX + torch.eye(3)
    degree = torch.tensor([9.0, 4.0, 5.5], dtype=torch.float64)  # what arrives, plus 1
    torch.testing.assert_close(adjacency.normalized(None).to_dense(), with_self)
    torch.testing.assert_close(adjacency.normalized("row").to_dense(), with_self / degree)
    symmetric = with_self / degree.sqrt() / degree.sqrt().unsqueeze(1)
    torch.testing.assert_close(adjacency.normalized("sym").to_dense(), symmetric)


def test_diagonal_and_the_rest(adjacency):
    assert adjacency.diagonal().tolist() == [0.0, 0.0, 0.5]
    rest = adjacency.off_diagonal()
    assert torch.equal(rest.to_dense() + adjacency.diagonal().diag(), MATRIX)
    assert rest.layout == adjacency.layout


def test_derived_graphs_are_computed_once(adjacency):
    assert adjacency.normalized("sym") is adjacency.normalized("sym")
    assert adjacency.normalized("sym") is not adjacency.normalized("row")
    assert adjacency.off_diagonal() is adjacency.off_diagonal()


def test_float64_is_not_computed_in_float32():
    ones = Adjacency.from_edge_index(EDGES, 3)
    assert ones.normalized("sym", torch.float32).weights().dtype == torch.float32
    exact = ones.normalized("sym", torch.float64).weights()
    expected = Adjacency.from_edge_index(EDGES, 3, torch.ones(5, dtype=torch.float64))
    assert torch.equal(exact, expected.normalized("sym").weights())


def test_learned_weights_can_be_trained_twice():
    weight = WEIGHT.clone().requires_grad_()
    adjacency = Adjacency.from_edge_index(EDGES, 3, weight)
    gradients = []
    for _ in range(2):
        adjacency.normalized("sym").to_dense().square().sum().backward()
        gradients.append(weight.grad.clone())
    torch.testing.assert_close(gradients[1], 2 * gradients[0])


def test_inference_mode_leaves_nothing_behind():
    adjacency = Adjacency.from_edge_index(EDGES, 3, WEIGHT)
    with torch.inference_mode():
        adjacency.normalized("sym")
    x = torch.ones(3, 1, requires_grad=True, dtype=torch.float64)
    aggregate(adjacency.normalized("sym"), x).sum().backward()
    assert x.grad.isfinite().all()


def test_copies(adjacency):
    small = pickle.dumps(adjacency)
    adjacency.normalized("sym")
    assert len(pickle.dumps(adjacency)) == len(small)  # what is derived does not travel
    for twin in (copy.deepcopy(adjacency), pickle.loads(small)):  # noqa: S301
        assert repr(twin) == repr(adjacency)
        assert torch.equal(twin.to_dense(), MATRIX)
        assert twin.normalized("sym") is not adjacency.normalized("sym")


def test_moves_with_the_data_that_holds_it(adjacency):
    assert adjacency.to("cpu") is adjacency
    data = Data(x=torch.zeros(3, 1), adjacency=adjacency).to("meta")
    assert data.adjacency.device == torch.device("meta")
    assert data.adjacency.weights().dtype == torch.float64


def test_repr():
    shown = [repr(make()) for make in MAKERS.values()]
    assert shown == [
        "Adjacency(coo, num_nodes=3, num_edges=5)",
        "Adjacency(csr, num_nodes=3, num_edges=4)",
        "Adjacency(dense, num_nodes=3, num_graphs=1)",
    ]
    assert "num_graphs=2" in repr(Adjacency.from_dense(torch.zeros(2, 0, 0)))


def test_no_nodes():
    for adjacency in (
        Adjacency.from_edge_index(torch.zeros(2, 0, dtype=torch.long), 0),
        Adjacency.from_dense(torch.zeros(0, 0)),
        Adjacency.from_sparse(torch.zeros(0, 0).to_sparse()),
    ):
        assert adjacency.normalized("sym").to_dense().shape == (0, 0)
        assert adjacency.to_edge_index()[0].shape == (2, 0)


def test_scipy_matrices_are_read_with_row_as_source():
    for kind in (scipy.sparse.csr_matrix, scipy.sparse.coo_array, scipy.sparse.csc_array):
        matrix = kind(MATRIX.numpy())
        for adjacency in (Adjacency.from_scipy(matrix), Adjacency.of(matrix, 3)):
            assert torch.equal(adjacency.to_dense(), MATRIX)
    counts = Adjacency.from_scipy(scipy.sparse.csr_array(MATRIX.int().numpy()))
    assert counts.weights().dtype == torch.float32
    with pytest.raises(ShapeError, match=r"\[N, N\].*\(2, 3\)"):
        Adjacency.from_scipy(scipy.sparse.csr_array(MATRIX[:2].numpy()))
    with pytest.raises(DtypeError, match="complex"):
        Adjacency.from_scipy(scipy.sparse.csr_array(MATRIX.numpy() * 1j))
    with pytest.raises(DtypeError, match="ndarray"):
        Adjacency.from_scipy(MATRIX.numpy())
    with pytest.raises(NonFiniteError, match=r"matrix.data\[1\]"):
        Adjacency.from_scipy(scipy.sparse.csr_array([[1.0, float("nan")], [0.0, 0.0]]))
    with pytest.raises(ShapeError, match="must have 4 nodes"):
        Adjacency.of(scipy.sparse.csr_array(MATRIX.numpy()), 4)


def test_layouts_turn_into_each_other(adjacency):
    for layout in LAYOUTS:
        other = adjacency.to_layout(layout)
        assert other.layout == layout
        assert torch.equal(other.to_dense(), MATRIX)
        assert other.num_edges == 4 or other.num_edges == adjacency.num_edges
    with pytest.raises(UnknownNameError, match=r"'ellpack'.*coo, csr, dense"):
        adjacency.to_layout("ellpack")
    with pytest.raises(UnknownNameError, match=r"'dense'.*coo, csr"):
        Adjacency.from_edge_index(EDGES, 3, layout="dense")
    batch = Adjacency.from_dense(MATRIX.expand(2, 3, 3))
    assert batch.to_layout("dense") is batch
    with pytest.raises(InputError, match=r"padded batch.*to_edge_index"):
        batch.to_layout("csr")


def test_a_symmetric_graph_is_normalised_to_a_symmetric_one():
    edges = torch.randint(40, (2, 200))
    both = torch.cat([edges, edges.flip(0)], dim=1)
    csr = Adjacency.from_edge_index(both, 40, torch.rand(200).repeat(2)).normalized("sym").csr()
    plain = Adjacency.from_edge_index(both, 40).normalized("sym", torch.float32).csr()
    assert plain.transposed() is plain  # one set of arrays for both directions, to the last bit
    torch.testing.assert_close(csr.transposed().as_tensor(torch.float32).to_dense(),
                               csr.as_tensor(torch.float32).to_dense().t())  # fmt: skip


def test_a_dense_matrix_that_does_not_fit_is_refused_before_it_is_allocated():
    adjacency = Adjacency.from_edge_index(torch.tensor([[0], [1]]), 10**8)
    with pytest.raises(MemoryLimitError, match=r"PiB.*keep the graph sparse"):
        adjacency.to_layout("dense")


def test_graphs_of_a_batch_are_merged():
    graphs = [make() for make in MAKERS.values()]
    merged = Adjacency.merge(graphs)
    assert torch.equal(merged.to_dense(), torch.block_diag(MATRIX, MATRIX, MATRIX))
    plain = Adjacency.from_edge_index(EDGES, 3)
    assert Adjacency.merge([plain, plain]).edge_weight is None
    with pytest.raises(InputError, match="nothing to merge"):
        Adjacency.merge([])


@pytest.mark.parametrize("num_workers", [0, 2])
def test_goes_through_a_data_loader(num_workers):
    layer = GCNConv(2, 3)
    graphs = []
    for number in range(4):
        edges = torch.randint(number + 2, (2, 5))
        graphs.append(
            Data(
                x=torch.rand(number + 2, 2),
                edge_index=edges,
                adjacency=Adjacency.from_edge_index(edges, number + 2),
            )
        )
    for batch in DataLoader(graphs, batch_size=2, num_workers=num_workers):
        out = layer(batch.x, batch.to("cpu").adjacency)
        torch.testing.assert_close(out, layer(batch.x, batch.edge_index))


BAD_EDGE_LISTS = {
    "shape": (EDGES.t(), None, ShapeError, r"\[2, E\].*\[5, 2\]"),
    "float ids": (EDGES.float(), None, DtypeError, "integers"),
    "id too large": (EDGES + 1, None, InputError, r"\[:, 0\].*\(3, 3\)"),
    "negative id": (EDGES - 1, None, InputError, r"\[:, 1\].*\(-1, 0\)"),
    "too few weights": (EDGES, WEIGHT[:4], ShapeError, "5 edges.*found: \\[4\\]"),
    "weights as a column": (EDGES, WEIGHT.unsqueeze(1), ShapeError, r"\[5, 1\]"),
    "integer weights": (EDGES, WEIGHT.long(), DtypeError, "int64"),
    "list of weights": (EDGES, WEIGHT.tolist(), DtypeError, "list"),
    "NaN weight": (EDGES, WEIGHT.log().sqrt(), NonFiniteError, r"edge_weight\[0\]"),
    "infinite weight": (EDGES, 1 / (WEIGHT - 4), NonFiniteError, r"edge_weight\[3\]"),
}


@pytest.mark.parametrize("bad", BAD_EDGE_LISTS)
def test_bad_edge_list(bad):
    edge_index, edge_weight, error, message = BAD_EDGE_LISTS[bad]
    with pytest.raises(error, match=message):
        Adjacency.of(edge_index, 3, edge_weight)


def test_bad_matrices():
    with pytest.raises(ShapeError, match=r"\[N, N\]"):
        Adjacency.from_dense(torch.zeros(3, 4))
    with pytest.raises(ShapeError, match=r"\[2, 3, 3\]"):
        Adjacency.from_sparse(MATRIX.expand(2, 3, 3).to_sparse())
    with pytest.raises(DtypeError, match=r"torch\.strided"):
        Adjacency.from_sparse(MATRIX)
    with pytest.raises(NonFiniteError, match=r"adj_t.values\(\)\[0\]"):
        Adjacency.from_sparse((MATRIX / 0).nan_to_num(nan=0, posinf=torch.inf).to_sparse())
    with pytest.raises(ShapeError, match=r"must have 5 nodes.*num_nodes=3"):
        Adjacency.of(MATRIX, 5)


def test_weights_beside_a_matrix_are_refused(adjacency):
    with pytest.raises(InputError, match="holds its own weights"):
        Adjacency.of(adjacency, 3, WEIGHT)


@pytest.mark.parametrize("layout", MAKERS)
@pytest.mark.parametrize("mode", ["sym", "row"])
@pytest.mark.parametrize("weight", [-1.0, -2.0])
def test_degree_that_is_not_positive_names_the_node(layout, mode, weight):
    edges, weights = torch.tensor([[1, 1], [0, 1]]), torch.tensor([1.0, weight])
    graph = Adjacency.from_edge_index(edges, 2, weights)
    if layout == "dense":
        graph = Adjacency.from_dense(graph.to_dense())
    elif layout == "csr":
        graph = Adjacency.from_sparse(graph.to_dense().t().to_sparse())
    with pytest.raises(InputError, match=rf"node 1; found: {1 + weight}"):
        graph.normalized(mode)
    assert graph.normalized(None).diagonal().tolist() == [1.0, 1 + weight]


def test_degree_of_a_batch_names_the_graph():
    matrices = torch.zeros(2, 2, 2)
    matrices[1, 0, 1] = -3
    with pytest.raises(InputError, match="graph 1, node 1"):
        Adjacency.from_dense(matrices).normalized("sym")


def test_unknown_normalisation(adjacency):
    with pytest.raises(UnknownNameError, match=r"'mean'.*'sym', 'row', None"):
        adjacency.normalized("mean")
