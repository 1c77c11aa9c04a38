"""Slow, obviously right twins of the fast paths in :mod:`gnnlab.nn`: the oracle of the tests.

Everything here loops over single nodes and edges and is written to be read next to the equation,
never to be fast.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gnnlab.nn.cell import Cell, State
from gnnlab.nn.schedule import Schedule


def recurrent(
    cell: Cell,
    x: Tensor,
    edges: Tensor | Schedule,
    state: State | None = None,
    steps: int | None = None,
) -> tuple[Tensor, State]:
    r"""Twin of :class:`~gnnlab.nn.RecurrentConv`: one node after the other, by recursion in words.

    Without ``steps``: :math:`s_v = \text{cell}(x_v, \sum_{u \to v} s_u)`, each node when all its
    predecessors are done. With ``steps``, all nodes from the same old states, K times.

    Returns:
        The hidden states ``[N, H]`` and the states of ``schedule.sinks``.
    """
    schedule = Schedule.of(edges, x.size(0))
    rows = {}
    if state is not None:
        rows = dict(zip(schedule.sources.tolist(), zip(*state, strict=True), strict=True))
    zeros = tuple(s[0] for s in cell.initial_state(cell.project(x[:1]))) if len(x) else ()
    predecessors: list[list[int]] = [[] for _ in range(len(x))]
    for source, target in schedule.edge_index.t().tolist():
        predecessors[target].append(source)

    def step(node: int, old: dict[int, tuple[Tensor, ...]], entering) -> tuple[Tensor, ...]:
        projected = cell.project(x[node : node + 1])  # [1, G*H]
        arriving = [old[u] for u in predecessors[node] if u in old]
        arriving += [entering[node]] if node in entering else []
        total = zeros
        for message in arriving:
            message = cell.message(tuple(m.unsqueeze(0) for m in message), projected)
            total = tuple(t + m.squeeze(0) for t, m in zip(total, message, strict=True))
        new, _ = cell.update(projected, tuple(t.unsqueeze(0) for t in total))
        return tuple(n.squeeze(0) for n in new)

    states: dict[int, tuple[Tensor, ...]] = {}
    if steps is None:
        schedule.require_order()
        waiting = list(range(len(x)))
        while waiting:
            node = waiting.pop(0)
            if all(u in states for u in predecessors[node]):
                states[node] = step(node, states, rows)
            else:
                waiting.append(node)
    elif schedule.kind == "general":
        states = rows or dict.fromkeys(range(len(x)), zeros)
        for _ in range(steps):
            states = {v: step(v, states, {}) for v in range(len(x))}
    else:
        for _ in range(steps):
            states = {v: step(v, states, rows) for v in range(len(x))}
    columns = [torch.stack([states[v][k] for v in range(len(x))]) for k in range(len(zeros))]
    if not columns:
        return x.new_zeros(0, cell.hidden_size), cell.initial_state(cell.project(x))
    return columns[0], tuple(column[schedule.sinks] for column in columns)


def gated_graph(cell: Cell, x: Tensor, edge_index: Tensor, edge_type: Tensor, weight: Tensor,
                steps: int) -> Tensor:  # fmt: skip
    r"""Twin of :class:`~gnnlab.nn.GatedGraphConv`: node by node, edge by edge, K times.

    :math:`m_v = \sum_{(u, v)} W_{\text{type}(u, v)} h_u`, then :math:`s_v = \text{cell}(m_v, s_v)`.
    """
    filling = x.new_zeros(cell.hidden_size - x.size(1))
    states = [
        (torch.cat([row, filling]), *(x.new_zeros(cell.hidden_size) for _ in cell.state_names[1:]))
        for row in x
    ]
    for _ in range(steps):
        new = []
        for node, state in enumerate(states):
            message = x.new_zeros(cell.input_size)
            for (source, target), kind in zip(
                edge_index.t().tolist(), edge_type.tolist(), strict=True
            ):
                if target == node:
                    message = message + weight[kind] @ states[source][0]
            state = cell(message.unsqueeze(0), tuple(s.unsqueeze(0) for s in state))
            new.append(tuple(s.squeeze(0) for s in state))
        states = new
    return torch.stack([state[0] for state in states])


def graph_recurrent(
    cell: Cell,
    x: Tensor,
    edge_indices: list[Tensor],
    edge_weights: list[Tensor] | None = None,
    state: State | None = None,
    normalize: str | None = "sym",
) -> tuple[Tensor, State]:
    r"""Twin of :class:`~gnnlab.nn.GraphRecurrentConv`: dense matrices, one step after the other.

    ``x`` is ``[T, N, F]``. The equations of each cell are written out, with :math:`\hat{A} h` in
    the place of h wherever a matrix stands before it.
    """
    out = []
    state = state or tuple(x.new_zeros(x.size(1), cell.hidden_size) for _ in cell.state_names)
    for t, edge_index in enumerate(edge_indices):
        A = torch.eye(x.size(1), dtype=x.dtype)
        for e, (u, v) in enumerate(edge_index.t().tolist()):
            entry = torch.zeros_like(A)
            entry[v, u] = 1
            A = A + (entry if edge_weights is None else entry * edge_weights[t][e])
        degree = A.sum(1)
        scale = {
            "sym": 1 / (degree.unsqueeze(1) * degree).sqrt(),
            "row": 1 / degree.unsqueeze(1),
            None: 1,
        }[normalize]
        state = _graph_cell(cell, A * scale, x[t], state)
        out.append(state[0])
    return torch.stack(out), state


def _graph_cell(cell: Cell, A: Tensor, x: Tensor, state: State) -> State:
    h, H, name = state[0], cell.hidden_size, type(cell).__name__
    W = A @ x @ cell.weight_ih.t() + (0 if cell.bias is None else cell.bias)  # [N, G*H]
    if name == "MinGRUCell":
        z, n = W[:, :H].sigmoid(), W[:, H:]
        return ((1 - z) * h + z * n,)
    U = A @ h @ cell.weight_hh.t()  # [N, G*H]
    if name == "RNNCell":
        return ((W + U).tanh() if cell.nonlinearity == "tanh" else (W + U).relu(),)
    if name == "GRUCell":
        r, z, _ = (W + U).sigmoid().split(H, dim=1)
        if cell.reset == "after":
            inner = r * (U[:, 2 * H :] + (0 if cell.bias_hn is None else cell.bias_hn))
        else:
            inner = (r * (A @ h)) @ cell.weight_hh[2 * H :].t()
        return ((1 - z) * (W[:, 2 * H :] + inner).tanh() + z * h,)
    c, sees = state[1], name == "PeepholeLSTMCell"
    i, f, g, o = (W + U).split(H, dim=1)
    i = (i + cell.weight_ci * c if sees else i).sigmoid()
    f = (f + cell.weight_cf * c if sees else f).sigmoid()
    c = f * c + i * g.tanh()
    o = (o + cell.weight_co * c if sees else o).sigmoid()
    return o * c.tanh(), c


def affine_scan(a: Tensor, b: Tensor) -> Tensor:
    """Twin of :func:`gnnlab.nn.scan.affine_scan`: h = a h + b, one step after the other."""
    h, states = torch.zeros_like(b[0]), []
    for factor, offset in zip(a.unbind(0), b.unbind(0), strict=True):
        h = factor * h + offset
        states.append(h)
    return torch.stack(states)


def levels(edge_index: Tensor, num_nodes: int) -> list[int] | None:
    """Twin of :class:`~gnnlab.nn.Schedule`: longest path into each node, ``None`` on a cycle."""
    edges, level = edge_index.t().tolist(), [0] * num_nodes
    for _ in range(num_nodes):
        old = list(level)
        for source, target in edges:
            level[target] = max(level[target], level[source] + 1)
        if level == old:
            return level
    return level if not edges else None


def aggregate(
    x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None, reduce: str = "sum"
) -> Tensor:
    """Twin of :func:`~gnnlab.nn.aggregate`, edge by edge; parallel edges are added up first."""
    graph: dict[tuple[int, int], Tensor] = {}
    for e, edge in enumerate(map(tuple, edge_index.t().tolist())):
        weight = x.new_ones(()) if edge_weight is None else edge_weight[e]
        graph[edge] = graph[edge] + weight if edge in graph else weight
    out = []
    for node in range(x.size(0)):
        senders = {u: weight for (u, v), weight in graph.items() if v == node and weight != 0}
        state = x.new_zeros(x.size(1))
        if senders and reduce == "max":
            state = torch.stack([x[u] for u in senders]).amax(0)
        elif senders:
            state = sum(weight * x[u] for u, weight in senders.items())
        if senders and reduce == "mean":
            state = state / sum(senders.values())
        out.append(state)
    return torch.stack(out) if out else torch.zeros_like(x)


def gcn(
    x: Tensor,
    edge_index: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    edge_weight: Tensor | None = None,
    self_weight: Tensor | None = None,
    normalize: str | None = "sym",
) -> Tensor:
    """Graph convolution, node by node; ``weight`` and ``self_weight`` are ``[H, F]`` as in torch.

    The self-connections (the identity and the graph's own loops) go through ``self_weight``, or
    through ``weight`` too if it is left out.
    """
    num_nodes = x.size(0)
    self_weight = weight if self_weight is None else self_weight
    connections = [(v, v, x.new_ones(())) for v in range(num_nodes)]  # (source, target, weight)
    for e, (u, v) in enumerate(edge_index.t().tolist()):
        connections.append((u, v, x.new_ones(()) if edge_weight is None else edge_weight[e]))
    degree = [sum(a for _, target, a in connections if target == v) for v in range(num_nodes)]
    scale = {
        "sym": lambda u, v: 1 / (degree[u].sqrt() * degree[v].sqrt()),
        "row": lambda u, v: 1 / degree[v],
        None: lambda u, v: 1,
    }[normalize]
    out = []
    for v in range(num_nodes):
        state = x.new_zeros(weight.size(0)) if bias is None else bias
        for u, target, a in connections:
            if target == v:
                state = state + scale(u, v) * a * ((self_weight if u == v else weight) @ x[u])
        out.append(state)
    return torch.stack(out) if out else x.new_zeros(0, weight.size(0))


def gat(
    x: Tensor,
    edge_index: Tensor,
    weight: Tensor,
    attention_source: Tensor,
    attention_target: Tensor,
    bias: Tensor | None = None,
    *,
    negative_slope: float = 0.2,
    self_loops: bool = True,
) -> Tensor:
    """One head of graph attention, node by node; ``weight`` is ``[H, F]``, the others ``[H]``."""
    edges = edge_index.t().tolist()
    out = []
    for v in range(x.size(0)):
        neighbours = {u for u, target in edges if target == v} | ({v} if self_loops else set())
        state = x.new_zeros(weight.size(0)) if bias is None else bias
        scores = {}
        for u in neighbours:
            score = attention_source @ (weight @ x[u]) + attention_target @ (weight @ x[v])
            scores[u] = score if score > 0 else negative_slope * score
        total = sum(score.exp() for score in scores.values())
        for u, score in scores.items():
            state = state + score.exp() / total * (weight @ x[u])
        out.append(state)
    return torch.stack(out) if out else x.new_zeros(0, weight.size(0))


def line_graph(edge_index: Tensor, num_nodes: int) -> set[tuple[int, int]]:
    """Twin of :func:`~gnnlab.nn.line_graph`: looks at every pair of edges."""
    edges = list(enumerate(edge_index.t().tolist()))
    return {(e, f) for e, (u, v) in edges for f, (w, x) in edges if v == w and u != x}


def readout(x: Tensor, batch: Tensor, num_graphs: int, reduce: str) -> Tensor:
    """Twin of :func:`~gnnlab.nn.readout`: one graph after the other."""
    rows = []
    for graph in range(num_graphs):
        nodes = x[batch == graph]  # [n, H]
        if not len(nodes):
            rows.append(x.new_zeros(x.size(1)))
        elif reduce == "max":
            rows.append(nodes.max(0).values)
        else:
            rows.append(nodes.sum(0) / (len(nodes) if reduce == "mean" else 1))
    return torch.stack(rows)
