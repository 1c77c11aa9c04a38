"""What every recurrent layer promises to PyG and torch, checked for each one registered here.

The convolutions have the same checks in test_convolutions.
"""

import copy
import pickle

import pytest
import torch
from torch_geometric import EdgeIndex
from torch_geometric.data import Batch, Data
from torch_geometric.nn import Sequential
from torch_geometric.utils import to_dense_adj

from gnnlab.errors import InputError
from gnnlab.nn import CELLS, Adjacency, GatedGraphConv, GraphRNN, RecurrentConv, make_cell

LAYERS = {f"recurrent {name}": lambda n=name: RecurrentConv(make_cell(n, 3, 4)) for name in CELLS}
LAYERS |= {
    "bidirectional": lambda: RecurrentConv(make_cell("lstm", 3, 4), bidirectional=True),
    "stack": lambda: GraphRNN(3, 4, num_layers=2, cell="gru", bidirectional=True),
    "gated": lambda: GatedGraphConv(make_cell("gru", 5, 4), steps=2),
}
EDGES = torch.tensor([[0, 1, 3], [1, 2, 2]])


@pytest.fixture(params=LAYERS)
def layer(request):
    return LAYERS[request.param]()


def test_copies_and_saved_weights_give_the_same_numbers(layer):
    x = torch.randn(4, 3)
    expected = layer(x, EDGES)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):  # noqa: S301
        assert torch.equal(twin(x, EDGES), expected)
    fresh = copy.deepcopy(layer)
    fresh.reset_parameters()
    for old, new in zip(layer.parameters(), fresh.parameters(), strict=True):
        assert not torch.equal(old, new)
    fresh.load_state_dict(layer.state_dict())
    assert torch.equal(fresh(x, EDGES), expected)


def test_works_in_a_sequential_of_pyg_and_on_batches(layer):
    stack = Sequential("x, edge_index", [(layer, "x, edge_index -> x"), torch.nn.ReLU()])
    graphs = [Data(x=torch.randn(n, 3), edge_index=EDGES) for n in (4, 6)]
    batch = Batch.from_data_list(graphs).to("cpu")
    together = stack(batch.x, batch.edge_index)
    alone = torch.cat([layer(g.x, g.edge_index) for g in graphs]).relu()
    torch.testing.assert_close(together, alone)
    assert together.size(1) == layer.out_channels


FORMS = {
    "EdgeIndex": lambda e, N: EdgeIndex(e, sparse_size=(N, N)),
    "coo": lambda e, N: torch.sparse_coo_tensor(
        e.flip(0), torch.ones(e.size(1)), (N, N), check_invariants=False
    ),
    "csr": lambda e, N: FORMS["coo"](e, N).coalesce().to_sparse_csr(),
    "dense": lambda e, N: to_dense_adj(e, max_num_nodes=N)[0],
    "Adjacency": Adjacency.from_edge_index,
    "dense Adjacency": lambda e, N: Adjacency.from_dense(FORMS["dense"](e, N)),
}


@pytest.mark.filterwarnings("ignore:Sparse CS. tensor support:UserWarning")
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_adjacency_gives_the_same_numbers(layer, form):
    edges = torch.tensor([[0, 1, 3, 0, 0], [1, 2, 2, 1, 3]])  # directed, with a duplicate
    x = torch.randn(5, 3)
    given = FORMS[form](edges, 5)
    torch.testing.assert_close(layer(x, given), layer(x, edges))
    torch.testing.assert_close(layer(x, given), layer(x, edges))  # also when it is remembered


def test_a_weight_that_is_no_count_of_edges_is_refused():
    adjacency = Adjacency.from_edge_index(EDGES, 4, torch.tensor([1.0, 0.5, 1.0]))
    with pytest.raises(InputError, match=r"edge 1 -> 2; found: 0.5"):
        LAYERS["stack"]()(torch.randn(4, 3), adjacency)
    assert LAYERS["gated"]()(torch.randn(4, 3), adjacency).shape == (4, 4)


def test_trains_and_says_what_it_is(layer):
    layer(torch.randn(4, 3), EDGES).square().sum().backward()
    unused = [n for n, p in layer.named_parameters() if p.grad is None]
    assert not unused
    assert repr(layer).split("(")[0] in {"RecurrentConv", "GraphRNN", "GatedGraphConv"}
    assert "object at" not in repr(layer)
