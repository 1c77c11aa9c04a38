"""GraphRecurrentConv against dense matrices, and against the cell's own recurrent network."""

import copy

import pytest
import torch
from torch_geometric.utils import to_dense_adj

from gnnlab.errors import DtypeError, InputError, NonFiniteError, ShapeError, UnknownNameError
from gnnlab.nn import CELLS, Adjacency, Cell, GRUCell, RecurrentConv, Schedule, make_cell, reference
from gnnlab.nn.graph_recurrent import GraphRecurrentConv

pytestmark = pytest.mark.usefixtures("float64")

T, N, F, H = 4, 6, 3, 5
MAKERS = {name: lambda n=name: make_cell(n, F, H) for name in CELLS}
MAKERS |= {
    "gru reset before": lambda: GRUCell(F, H, reset="before"),
    "relu": lambda: make_cell("rnn", F, H, nonlinearity="relu"),
    "lstm without bias": lambda: make_cell("lstm", F, H, bias=False),
    "gru without bias": lambda: GRUCell(F, H, bias=False),
}
NO_EDGES = torch.empty(2, 0, dtype=torch.int64)
EDGES = torch.tensor([[0, 1, 2], [1, 2, 3]])


@pytest.fixture(params=MAKERS)
def conv(request):
    return GraphRecurrentConv(MAKERS[request.param]())


def snapshots():
    """Directed graphs with duplicates and loops, one of them without edges."""
    graphs = [torch.randint(0, N, (2, count)) for count in (7, 4, 9)]
    return [*graphs[:2], NO_EDGES, graphs[2]]


def entering(conv):
    return tuple(torch.randn(N, H, requires_grad=True) for _ in conv.cell.state_names)


def assert_same_gradients(out, expected, inputs):
    weights = [torch.randn_like(tensor) for tensor in out]
    found = []
    for tensors in (out, expected):
        loss = sum((a * b).sum() for a, b in zip(tensors, weights, strict=True))
        found.append(torch.autograd.grad(loss, inputs))
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("normalize", ["sym", "row", None])
def test_equals_the_slow_twin_in_values_and_gradients(conv, normalize):
    conv = GraphRecurrentConv(conv.cell, normalize)
    graphs, x = snapshots(), torch.randn(T, N, F, requires_grad=True)
    weights = [torch.rand(graph.size(1), requires_grad=True) for graph in graphs]
    state = entering(conv)
    out, last = conv(x, graphs, weights, state)
    expected, final = reference.graph_recurrent(conv.cell, x, graphs, weights, state, normalize)
    for mine, theirs in zip((out, *last), (expected, *final), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-10)
    used = [weight for weight in weights if weight.numel()]
    inputs = [x, *used, *state, *conv.parameters()]
    assert_same_gradients((out, *last), (expected, *final), inputs)


def test_without_edges_every_node_runs_the_recurrent_network(conv):
    x, state = torch.randn(T, N, F, requires_grad=True), entering(conv)
    out, last = conv(x, NO_EDGES, state=state)
    rows = x.transpose(0, 1).flatten(0, 1)  # node by node
    alone = RecurrentConv(conv.cell, executor="levels")
    expected, final = alone(rows, Schedule.from_lengths([T] * N), state, return_state=True)
    expected = expected.view(N, T, H).transpose(0, 1)
    for mine, theirs in zip((out, *last), (expected, *final), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-10)
    assert_same_gradients((out, *last), (expected, *final), [x, *state, *conv.parameters()])


@pytest.mark.parametrize("order", [torch.arange(N).flip(0), torch.tensor([3, 0, 5, 1, 4, 2])])
def test_nodes_can_be_renamed(conv, order):
    x, graphs, state = torch.randn(T, N, F), snapshots(), entering(conv)
    out, last = conv(x, graphs, state=state)
    place = order.argsort()
    renamed, final = conv(
        x[:, order], [place[graph] for graph in graphs], state=tuple(s[order] for s in state)
    )
    torch.testing.assert_close(renamed, out[:, order], rtol=0, atol=1e-12)
    for mine, theirs in zip(final, last, strict=True):
        torch.testing.assert_close(mine, theirs[order], rtol=0, atol=1e-12)


def test_goes_on_where_it_stopped_and_never_looks_ahead(conv):
    x, graphs = torch.randn(T, N, F), snapshots()
    whole, last = conv(x, graphs)
    first, state = conv(x[:2], graphs[:2])
    second, final = conv(x[2:], graphs[2:], state=state)
    assert torch.equal(torch.cat([first, second]), whole)
    assert all(torch.equal(a, b) for a, b in zip(final, last, strict=True))
    assert not torch.equal(conv(x.flip(0), graphs[::-1])[0].flip(0), whole)


def test_what_stays_as_it_is_can_be_given_once(conv):
    x, graphs = torch.randn(T, N, F), snapshots()
    once, repeated = conv(x, EDGES)[0], conv(x, [EDGES] * T)[0]
    torch.testing.assert_close(once, repeated, rtol=0, atol=1e-12)
    once, repeated = conv(x[0], graphs)[0], conv(x[:1].expand(T, N, F), graphs)[0]
    torch.testing.assert_close(once, repeated, rtol=0, atol=1e-12)
    weight = torch.rand(3)
    once, repeated = conv(x, EDGES, weight)[0], conv(x, [EDGES] * T, [weight] * T)[0]
    torch.testing.assert_close(once, repeated, rtol=0, atol=1e-12)


@pytest.mark.parametrize("form", ["dense", "adjacency", "dense adjacency"])
def test_every_form_of_adjacency_gives_the_same_numbers(form):
    read = {
        "dense": lambda e: to_dense_adj(e, max_num_nodes=N)[0],
        "adjacency": lambda e: Adjacency.from_edge_index(e, N),
        "dense adjacency": lambda e: Adjacency.from_dense(to_dense_adj(e, max_num_nodes=N)[0]),
    }[form]
    conv, x, graphs = GraphRecurrentConv(GRUCell(F, H)), torch.randn(T, N, F), snapshots()
    given = [read(graph) for graph in graphs]
    torch.testing.assert_close(conv(x, given)[0], conv(x, graphs)[0], rtol=0, atol=1e-12)


def test_information_travels_one_hop_in_each_step():
    conv = GraphRecurrentConv(GRUCell(F, H))
    x = torch.randn(T, N, F, requires_grad=True)
    out, _ = conv(x, torch.tensor([[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]]))
    (gradient,) = torch.autograd.grad(out[-1, 5].sum(), x)
    reaches = gradient.abs().sum(-1) > 0  # [T, N]
    assert [row.nonzero().min().item() for row in reaches] == [1, 2, 3, 4]


def test_a_citizen_of_torch(conv):
    x = torch.randn(T, N, F)
    twin = copy.deepcopy(conv)
    twin.reset_parameters()
    assert not torch.equal(twin(x, EDGES)[0], conv(x, EDGES)[0])
    twin.load_state_dict(conv.state_dict())
    assert torch.equal(twin(x, EDGES)[0], conv(x, EDGES)[0])
    assert (conv.in_channels, conv.out_channels) == (F, H)
    assert repr(conv) == f"GraphRecurrentConv({conv.cell})"


X = torch.zeros(T, N, F, dtype=torch.float64)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((X[0], EDGES), ShapeError, r"number of steps.*x\.expand"),
        ((X, [EDGES] * 3), ShapeError, r"'x': 4, 'edge_index': 3"),
        ((X[0], []), ShapeError, "at least one"),
        ((X[:0], EDGES), ShapeError, "at least one"),
        ((X[0, 0], EDGES), ShapeError, r"\[T, N, F\]"),
        ((None, EDGES), ShapeError, "NoneType"),
        ((X[..., :2], EDGES), ShapeError, "takes 3 features"),
        ((X.float(), EDGES), DtypeError, "computes in torch.float64"),
        ((X / 0, EDGES), NonFiniteError, "finite"),
        ((X, EDGES + 3), InputError, "leaves the graph of 6 nodes"),
        ((X, torch.zeros(T, N, N)), ShapeError, "pass a list of graphs"),
        ((X, [EDGES] * T, torch.ones(3)), ShapeError, "one for each graph.*found: Tensor"),
        ((X, [EDGES] * T, [torch.ones(3)] * 3), ShapeError, "one for each.*found: 3 lists"),
        ((X, EDGES, [torch.ones(3)] * T), ShapeError, "one for each.*found: 4 lists"),
        ((X, EDGES, torch.ones(2)), ShapeError, "edge_weight"),
        ((X, EDGES, None, torch.zeros(N, H + 1)), ShapeError, "state of GRUCell"),
        ((X, EDGES, None, torch.full((N, H), torch.nan)), NonFiniteError, "state h"),
    ],
)
def test_what_the_layer_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        GraphRecurrentConv(GRUCell(F, H))(*arguments)


def test_unknown_cells_and_normalisations_are_refused():
    class Stranger(Cell):
        gate_names = ("h",)

    with pytest.raises(InputError, match="rnn, lstm, gru"):
        GraphRecurrentConv(Stranger(F, H))
    with pytest.raises(UnknownNameError, match="'mean'"):
        GraphRecurrentConv(GRUCell(F, H), normalize="mean")
