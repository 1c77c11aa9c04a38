"""RecurrentConv against torch.nn and against the slow twin, values and gradients."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

from gnnlab.errors import (
    CycleError,
    DtypeError,
    InputError,
    NonFiniteError,
    ShapeError,
    UnknownNameError,
)
from gnnlab.nn import (
    CELLS,
    GraphRNN,
    LSTMCell,
    RecurrentConv,
    Schedule,
    kernels,
    make_cell,
    reference,
)

pytestmark = pytest.mark.usefixtures("float64")

F, H = 3, 4
NETWORKS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
LENGTHS = [7, 64, 3, 33, 1, 7]
EXACT = {"rtol": 0, "atol": 1e-12}


def shuffled_paths(lengths):
    """Path graphs with shuffled nodes and edges: (edge_index, place of each node, sequence row)."""
    plain = Schedule.from_lengths(lengths)
    place = torch.randperm(plain.num_nodes)
    edge_index = place[plain.edge_index][:, torch.randperm(plain.edge_index.size(1))]
    # The rows of states belong to the sequences in the order of their first nodes.
    return edge_index, place, place[plain.sources].argsort().argsort()


def random_dag(num_nodes=14, num_edges=30):
    pairs = torch.randint(num_nodes, (2, num_edges)).sort(dim=0).values
    return torch.randperm(num_nodes)[pairs[:, pairs[0] != pairs[1]]]


def random_tree(num_nodes=14, toward_root=True):
    parents = torch.stack([torch.randint(v, ()) for v in range(1, num_nodes)])
    edges = torch.stack([torch.arange(1, num_nodes), parents])
    edges = torch.randperm(num_nodes)[edges]
    return edges if toward_root else edges.flip(0)


GRAPHS = {
    "shuffled paths": lambda: shuffled_paths([5, 1, 7])[0],
    "tree to the root": random_tree,
    "tree from the root": lambda: random_tree(toward_root=False),
    "dag": random_dag,
    "no edges": lambda: torch.empty(2, 0, dtype=torch.int64),
    "duplicate edges": lambda: torch.tensor([[0, 0, 1, 1], [1, 1, 2, 2]]),
}


def random_state(cell, rows):
    return tuple(torch.randn(rows, cell.hidden_size) for _ in cell.state_names)


def executors_of(name):
    cell = make_cell(name, F, H)
    applies = {"kernel": cell.kernel_mode is not None, "scan": cell.affine}
    return [e for e in ("kernel", "scan", "levels", "sync") if applies.get(e, True)]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("lengths", [LENGTHS, [9, 9, 9]], ids=["unequal", "equal"])
@pytest.mark.parametrize("name", NETWORKS)
def test_equals_torch_on_shuffled_path_graphs(name, lengths, num_layers, bidirectional):
    network = NETWORKS[name](F, H, num_layers, bidirectional=bidirectional)
    stack = GraphRNN.from_torch(network)
    edge_index, place, row = shuffled_paths(lengths)
    inputs = [torch.randn(length, F) for length in lengths]
    directions = 2 if bidirectional else 1
    count = 2 if name == "lstm" else 1
    given = [torch.randn(num_layers * directions, len(lengths), H) for _ in range(count)]

    packed = pack_sequence([x.requires_grad_() for x in inputs], enforce_sorted=False)
    out, last = network(packed, tuple(given) if count == 2 else given[0])
    padded, _ = pad_packed_sequence(out, batch_first=True)
    expected = torch.cat([padded[b, :length] for b, length in enumerate(lengths)])
    last = last if count == 2 else (last,)

    x = torch.empty(sum(lengths), F).index_copy(0, place, torch.cat(inputs).detach())
    x.requires_grad_()
    sequence = row.argsort()  # the sequence that each row of a state belongs to
    states = []
    for layer in range(num_layers):
        pair = [
            tuple(s[layer * directions + d][sequence] for s in given) for d in range(directions)
        ]
        states.append(tuple(pair) if bidirectional else pair[0])
    result, final = stack(x, edge_index, states, return_state=True)

    torch.testing.assert_close(result[place], expected, **EXACT)
    for layer in range(num_layers):
        for d in range(directions):
            ours = final[layer][d] if bidirectional else final[layer]
            for mine, theirs in zip(ours, last, strict=True):
                torch.testing.assert_close(mine[row], theirs[layer * directions + d], **EXACT)

    weights = torch.randn_like(expected)
    (expected * weights).sum().backward()
    (result[place] * weights).sum().backward()
    torch.testing.assert_close(x.grad[place], torch.cat([i.grad for i in inputs]), **EXACT)
    first = stack.layers[0].cell
    torch.testing.assert_close(first.weight_ih.grad, network.weight_ih_l0.grad, **EXACT)
    torch.testing.assert_close(first.weight_hh.grad, network.weight_hh_l0.grad, **EXACT)
    if name != "gru":
        torch.testing.assert_close(first.bias.grad, network.bias_ih_l0.grad, **EXACT)


@pytest.mark.parametrize(
    "lengths", [LENGTHS, [9, 7, 8, 5], [9, 9, 9]], ids=["packed", "padded", "equal"]
)
@pytest.mark.parametrize("name", NETWORKS)
def test_float32_equals_torch_to_rounding(name, lengths):
    network = NETWORKS[name](F, H).float()
    stack = GraphRNN.from_torch(network)
    inputs = [torch.randn(length, F).float() for length in lengths]
    x = torch.cat(inputs).requires_grad_()
    y = x.detach().clone().requires_grad_()
    expected = torch.cat([network(part)[0] for part in y.split(lengths)])
    result = stack(x, Schedule.from_lengths(lengths))
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-5)
    weights = torch.randn_like(expected)
    (expected * weights).sum().backward()
    (result * weights).sum().backward()
    torch.testing.assert_close(x.grad, y.grad, rtol=0, atol=1e-5)
    _, [last] = stack(x, Schedule.from_lengths(lengths), return_state=True)
    ends = [network(part)[1] for part in y.split(lengths)]  # each ([1, H], [1, H]) or [1, H]
    for number, mine in enumerate(last):
        theirs = torch.cat([end[number] if name == "lstm" else end for end in ends])
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("name", CELLS)
def test_every_executor_equals_the_slow_twin(name, graph, bidirectional):
    edge_index = GRAPHS[graph]()
    N = int(edge_index.max()) + 2 if edge_index.numel() else 3
    schedule = Schedule.from_edge_index(edge_index, N)
    conv = RecurrentConv(make_cell(name, F, H), bidirectional)
    x = torch.randn(N, F)
    state = random_state(conv.cell, schedule.sources.numel())
    if bidirectional:
        state = (state, random_state(conv.cell, schedule.sinks.numel()))
    applicable = {"levels", "sync", "auto"}
    if schedule.kind == "path":
        applicable |= set(executors_of(name))

    def outcome(executor, graph):
        conv.executor = executor
        conv.zero_grad()
        y = x.clone().requires_grad_()
        out, last = conv(y, graph, state, return_state=True)
        leaving = [s for pair in last for s in pair] if bidirectional else list(last)
        total = out.sin().sum() + sum(s.cos().sum() for s in leaving)
        total.backward()
        return [out, *leaving, y.grad, *(p.grad.clone() for p in conv.parameters())]

    expected = outcome("reference", edge_index)
    for executor in applicable:
        for given in (edge_index, schedule):
            for mine, theirs in zip(outcome(executor, given), expected, strict=True):
                torch.testing.assert_close(mine, theirs, **EXACT)


@torch.no_grad()
@pytest.mark.parametrize("name", ["lstm", "childsum", "mingru"])
def test_levels_equal_the_slow_twin_on_50_random_graphs(name):
    conv = RecurrentConv(make_cell(name, F, H), bidirectional=True, executor="levels")
    kinds = set()
    for seed in range(50):
        torch.manual_seed(seed)
        N = int(torch.randint(1, 30, ()))
        edge_index = random_dag(N, int(torch.randint(0, 3 * N, ())))
        kinds.add(Schedule.from_edge_index(edge_index, N).kind)
        x = torch.randn(N, F)
        conv.executor = "levels"
        out, (there, back) = conv(x, edge_index, return_state=True)
        conv.executor = "reference"
        expected, (slow_there, slow_back) = conv(x, edge_index, return_state=True)
        pairs = zip((out, *there, *back), (expected, *slow_there, *slow_back), strict=True)
        for mine, theirs in pairs:
            torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-11, msg=f"graph {seed}")
    assert {"path", "tree", "dag"} <= kinds


@pytest.mark.parametrize("name", CELLS)
def test_a_graph_with_a_cycle_is_updated_step_by_step(name):
    edge_index = torch.tensor([[0, 1, 2, 2, 3], [1, 2, 0, 3, 3]])
    cell = make_cell(name, F, H)
    x, state = torch.randn(5, F), random_state(cell, 5)
    for steps in (1, 3):
        conv = RecurrentConv(cell, steps=steps)
        slow = RecurrentConv(cell, steps=steps, executor="reference")
        for entering in (None, state):
            for mine, theirs in zip(
                conv(x, edge_index, entering, return_state=True),
                slow(x, edge_index, entering, return_state=True),
                strict=True,
            ):
                torch.testing.assert_close(mine, theirs, **EXACT)


@pytest.mark.parametrize("name", CELLS)
def test_fewer_steps_than_levels_are_that_many_updates(name):
    edge_index = random_dag()
    levels = Schedule.from_edge_index(edge_index, 14).num_levels
    x, cell = torch.randn(14, F), make_cell(name, F, H)
    settled = RecurrentConv(cell, executor="levels")(x, edge_index)
    for steps in (levels, levels + 3):
        torch.testing.assert_close(
            RecurrentConv(cell, executor="sync", steps=steps)(x, edge_index), settled, **EXACT
        )
    short = RecurrentConv(cell, steps=levels - 1)(x, edge_index)
    expected, _ = reference.recurrent(cell, x, edge_index, steps=levels - 1)
    torch.testing.assert_close(short, expected, **EXACT)
    assert (short - settled).abs().max() > 1e-6


def test_tree_lstm_equals_recursion():
    cell = make_cell("childsum", F, H)
    edge_index, x = random_tree(20), torch.randn(20, F)
    children = {v: edge_index[0][edge_index[1] == v].tolist() for v in range(20)}

    def visit(node):
        W, U, b = cell.weight_ih.split(H), cell.weight_hh.split(H), cell.bias.split(H)
        below = [visit(child) for child in children[node]]
        h = sum((h for h, _ in below), torch.zeros(H))
        i, o = (torch.sigmoid(W[k] @ x[node] + U[k] @ h + b[k]) for k in (0, 3))
        g = torch.tanh(W[2] @ x[node] + U[2] @ h + b[2])
        c = i * g
        for child_h, child_c in below:
            c = c + torch.sigmoid(W[1] @ x[node] + U[1] @ child_h + b[1]) * child_c
        return o * torch.tanh(c), c

    expected = torch.stack([visit(node)[0] for node in range(20)])
    torch.testing.assert_close(RecurrentConv(cell)(x, edge_index), expected, **EXACT)


def test_one_child_per_node_makes_the_tree_lstm_an_lstm():
    tree, lstm = make_cell("childsum", F, H), make_cell("lstm", F, H)
    lstm.load_state_dict(tree.state_dict())
    x, schedule = torch.randn(9, F), Schedule.from_lengths([5, 4])
    for executor in ("kernel", "levels"):
        torch.testing.assert_close(
            RecurrentConv(tree, executor=executor)(x, schedule),
            RecurrentConv(lstm, executor=executor)(x, schedule),
            **EXACT,
        )


@pytest.mark.parametrize("graph", ["shuffled paths", "dag"])
@pytest.mark.parametrize("name", CELLS)
def test_renaming_the_nodes_renames_the_output(name, graph):
    edge_index = GRAPHS[graph]()
    N = int(edge_index.max()) + 1
    conv, x, place = RecurrentConv(make_cell(name, F, H)), torch.randn(N, F), torch.randperm(N)
    renamed = conv(torch.empty_like(x).index_copy(0, place, x), place[edge_index])
    torch.testing.assert_close(renamed[place], conv(x, edge_index), **EXACT)


@pytest.mark.parametrize("name", CELLS)
def test_a_graph_alone_is_the_same_graph_in_a_batch(name):
    conv = RecurrentConv(make_cell(name, F, H), bidirectional=True)
    parts = [(GRAPHS[g](), 0) for g in GRAPHS]
    parts = [(e, int(e.max()) + 1 if e.numel() else 1) for e, _ in parts]
    parts.append((torch.empty(2, 0, dtype=torch.int64), 0))
    features = [torch.randn(N, F) for _, N in parts]
    alone = [conv(x, e) for x, (e, _) in zip(features, parts, strict=True)]
    assert alone[-1].shape == (0, 2 * H)
    merged = Schedule.merge([Schedule.from_edge_index(*part) for part in parts])
    together = conv(torch.cat(features), merged)
    torch.testing.assert_close(together, torch.cat(alone), **EXACT)


@pytest.mark.parametrize("executor", ["kernel", "scan", "levels", "sync", "reference"])
def test_an_empty_graph_has_empty_states(executor):
    conv = RecurrentConv(
        make_cell("mingru" if executor == "scan" else "lstm", F, H), True, executor
    )
    out, (there, back) = conv(torch.empty(0, F), torch.empty(2, 0).long(), return_state=True)
    assert out.shape == (0, 2 * H)
    assert all(s.shape == (0, H) for s in (*there, *back))


@pytest.mark.parametrize(("name", "executor"), [(n, e) for n in CELLS for e in executors_of(n)])
def test_gradients(name, executor):
    cell = make_cell(name, 2, 3)
    schedule = Schedule.from_edge_index(shuffled_paths([3, 2])[0], 5)
    conv = RecurrentConv(cell, executor=executor)
    x = torch.randn(5, 2, requires_grad=True)
    state = tuple(s.requires_grad_() for s in random_state(cell, 2))
    names, weights = zip(*conv.named_parameters(), strict=True)

    def run(x, *tensors):
        entering, weights = tensors[: len(state)], tensors[len(state) :]
        given = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(conv, given, (x, schedule, entering))

    assert torch.autograd.gradcheck(run, (x, *state, *weights))
    assert torch.autograd.gradgradcheck(run, (x, *state, *weights), atol=1e-4)


@pytest.mark.parametrize("executor", ["scan", "levels", "sync"])
def test_function_transforms_pass_through(executor):
    conv = RecurrentConv(make_cell("mingru" if executor == "scan" else "lstm", F, H))
    conv.executor = executor
    schedule = Schedule.from_edge_index(shuffled_paths([3, 1, 4])[0], 8)
    x, direction = torch.randn(8, F), torch.randn(8, F)
    expected = torch.autograd.functional.jacobian(lambda x: conv(x, schedule), x)
    run = lambda x: conv(x, schedule)  # noqa: E731
    torch.testing.assert_close(torch.func.jacrev(run)(x), expected, **EXACT)
    _, tangent = torch.func.jvp(run, (x,), (direction,))
    torch.testing.assert_close(tangent, torch.tensordot(expected, direction, 2), **EXACT)
    many = torch.randn(3, 8, F)
    torch.testing.assert_close(torch.func.vmap(run)(many), torch.stack([*map(run, many)]), **EXACT)


@pytest.mark.parametrize("name", CELLS)
def test_gates_are_those_of_single_steps(name):
    conv = RecurrentConv(make_cell(name, F, H), bidirectional=True)
    x, schedule = torch.randn(6, F), Schedule.from_lengths([4, 2])
    gates = conv.gates(x, schedule)
    expected = {*conv.cell.gate_names, *(f"{gate}_reverse" for gate in conv.cell.gate_names)}
    assert set(gates) == expected
    state = conv.cell.initial_state(conv.cell.project(x[:1]))
    for t in range(4):
        state, step = conv.cell(x[t : t + 1], state, return_gates=True)
        for gate, values in step.items():
            torch.testing.assert_close(gates[gate][t], values[0], **EXACT)
    cyclic = RecurrentConv(conv.cell, steps=2).gates(x, torch.tensor([[0, 1], [1, 0]]))
    assert all(gate.shape == (6, H) for gate in cyclic.values())


def test_long_sequences_are_cut_into_segments_without_a_trace(monkeypatch):
    conv = RecurrentConv(LSTMCell(F, H))
    x, schedule = torch.randn(40, F), Schedule.from_lengths([20, 20])
    whole = conv(x, schedule, return_state=True)
    monkeypatch.setattr("gnnlab.nn.kernels._ONE_CALL", 0)
    monkeypatch.setattr("gnnlab.nn.kernels._SEGMENT", 2000)
    calls = []
    monkeypatch.setitem(kernels._KERNELS, "lstm", lambda *a: calls.append(1) or torch.lstm(*a))
    for mine, theirs in zip(conv(x, schedule, return_state=True), whole, strict=True):
        torch.testing.assert_close(mine, theirs, **EXACT)
    assert len(calls) == 7


def test_autocast_leaves_the_kernel_in_its_type():
    conv = RecurrentConv(LSTMCell(F, H)).float()
    x, schedule = torch.randn(9, F).float(), Schedule.from_lengths([5, 4])
    with torch.autocast("cpu", torch.bfloat16):
        out = conv(x.bfloat16(), schedule)
    out.sum().backward()
    assert out.dtype == torch.float32
    torch.testing.assert_close(out, conv(x, schedule), rtol=0, atol=1e-2)


def test_the_repr_shows_what_was_chosen():
    conv = RecurrentConv(LSTMCell(F, H), bidirectional=True, steps=2)
    assert repr(conv) == "RecurrentConv(LSTMCell(3, 4), bidirectional=True, steps=2)"
    assert (conv.in_channels, conv.out_channels) == (F, 2 * H)
    assert conv.num_parameters() == 2 * conv.cell.num_parameters()


def test_what_the_layer_refuses():
    conv, path = RecurrentConv(LSTMCell(F, H)), torch.tensor([[0], [1]])
    with pytest.raises(UnknownNameError, match="auto, kernel, scan, levels"):
        RecurrentConv(LSTMCell(F, H), executor="fast")
    with pytest.raises(InputError, match="steps"):
        RecurrentConv(LSTMCell(F, H), steps=0)
    with pytest.raises(ShapeError, match="3 features"):
        conv(torch.zeros(2, 5), path)
    with pytest.raises(InputError, match="floating"):
        conv(torch.zeros(2, F, dtype=torch.int64), path)
    with pytest.raises(DtypeError, match=r"torch.float32.*convert with .to\(torch.float64\)"):
        conv(torch.zeros(2, F).float(), path)
    bad = torch.zeros(2, F)
    bad[1, 2] = torch.nan
    with pytest.raises(NonFiniteError, match=r"x\[1, 2\]; found: nan"):
        conv(bad, path)
    with pytest.raises(CycleError, match=r"(0 -> 1 -> 0|1 -> 0 -> 1).*steps=K"):
        conv(torch.zeros(2, F), torch.tensor([[0, 1], [1, 0]]))
    with pytest.raises(CycleError, match="0 -> 0"):
        RecurrentConv(LSTMCell(F, H), executor="sync")(torch.zeros(1, F), torch.zeros(2, 1).long())
    with pytest.raises(InputError, match="edge leaves the graph of 1 nodes"):
        conv(torch.zeros(1, F), path)
    with pytest.raises(ShapeError, match=r"\(h, c\), each \[1, 4\]"):
        conv(torch.zeros(2, F), path, (torch.zeros(2, H), torch.zeros(2, H)))
    with pytest.raises(InputError, match="pair of states"):
        RecurrentConv(LSTMCell(F, H), True)(torch.zeros(2, F), path, torch.zeros(1, H))
    with pytest.raises(InputError, match="'scan' cannot compute LSTMCell"):
        RecurrentConv(LSTMCell(F, H), executor="scan")(torch.zeros(2, F), path)
    with pytest.raises(InputError, match="'kernel' cannot compute"):
        RecurrentConv(LSTMCell(F, H), executor="kernel")(
            torch.zeros(3, F), torch.tensor([[0, 1], [2, 2]])
        )
