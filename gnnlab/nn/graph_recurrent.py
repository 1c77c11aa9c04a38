"""A recurrent network over time whose linear maps are graph convolutions over space.

Legend: T steps, N nodes, E edges, F input, H hidden, G number of gates.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gnnlab.errors import InputError, ShapeError
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.aggregate import aggregate
from gnnlab.nn.cell import Cell, State
from gnnlab.nn.cells import CELLS, GRUCell, MinGRUCell
from gnnlab.nn.check import check_features, check_finite
from gnnlab.nn.normalize import check_normalization


class GraphRecurrentConv(nn.Module):
    r"""A recurrent cell over time on a graph over space (`Seo et al., 2018
    <https://arxiv.org/abs/1612.07659>`_), for a sequence of graphs on the same nodes.

    Wherever the cell's gates read the input and the last hidden state through a matrix, they read
    those of the neighbourhood, so that both maps are graph convolutions:

    .. math::
        W x_t + U h_{t-1} + b \quad \text{becomes} \quad
        \hat{A}_t X_t W + \hat{A}_t H_{t-1} U + b, \qquad \hat{A} = D^{-1/2} (A + I) D^{-1/2}

    What the cell keeps for itself stays at its node: the memory c with its peepholes, and the share
    :math:`z \odot h` of a GRU. With a peephole LSTM this is the model of the paper, with one hop. A
    GRU resets what arrives, :math:`r \odot (\hat{A} H U)`, or with ``reset="before"``
    :math:`(r \odot \hat{A} H) U`. Without edges :math:`\hat{A} = I`, and every node runs the
    recurrent network of the cell alone.

    In T steps a node hears from nodes T hops away, along paths whose edges are there in this order.

    Args:
        cell: The node-update function, one of :data:`~gnnlab.nn.CELLS`; it holds all parameters.
        normalize: How neighbours are averaged, as in :class:`GCNConv`.

    Shape:
        - x: :math:`(T, N, F)`, or :math:`(N, F)` for features that stay as they are
        - edge_index: a list of T graphs, each in any form that :class:`GCNConv` takes, or one of
          these forms for a graph that stays as it is. Hand the same tensors in again where a graph
          comes again: what is derived from them is kept.
        - edge_weight: a list of T :math:`(E_t,)`, for one graph :math:`(E,)`; beside edge lists
        - state: a tuple of :math:`(N, H)`, zeros if left out
        - output: the hidden states :math:`(T, N, H)`, and the last state, a tuple of
          :math:`(N, H)`, with which the next call goes on

    Raises:
        ShapeError: If x, graphs, weights and state do not fit each other or the layer, or nothing
            tells the number of steps.
        DtypeError: If features, weights or node ids are of the wrong type of number.
        NonFiniteError: If a feature, weight or initial state is NaN or infinite.
        InputError: If the cell is not known, or a node id is not in 0..N-1.

    Example:
        >>> conv = GraphRecurrentConv(GRUCell(3, 5))
        >>> monday, tuesday = torch.tensor([[0], [1]]), torch.tensor([[1, 2], [2, 3]])
        >>> out, (h,) = conv(torch.randn(4, 3), [monday, tuesday])
        >>> out.shape, bool((out[-1] == h).all())
        (torch.Size([2, 4, 5]), True)
    """  # noqa: D205

    def __init__(self, cell: Cell, normalize: str | None = "sym"):
        super().__init__()
        check_normalization(normalize)
        if not isinstance(cell, tuple(CELLS.values())):
            raise InputError(
                "it is not known which part of this cell's state its gates read",
                where="cell",
                value=repr(cell),
                remedy=f"use a cell of gnnlab.nn.CELLS: {', '.join(CELLS)}",
            )
        self.cell, self.normalize = cell, normalize

    @property
    def in_channels(self) -> int:
        """F: width of the input."""
        return self.cell.input_size

    @property
    def out_channels(self) -> int:
        """H: width of the output."""
        return self.cell.hidden_size

    def reset_parameters(self) -> None:
        """Draws the parameters of the cell anew."""
        self.cell.reset_parameters()

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor | Adjacency | Sequence[Tensor | Adjacency],
        edge_weight: Tensor | Sequence[Tensor] | None = None,
        state: State | Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Computes all steps; shapes and errors as listed for the class."""
        T = self._check_features(x, edge_index)
        N = x.size(-2)
        graphs = self._read_graphs(edge_index, edge_weight, N, x.dtype)
        read = _spread_all(graphs, x, T)  # [T, N, F]
        projected = self.cell.project(read.flatten(0, 1)).view(T, N, -1)  # [T, N, G*H]
        if state is None:
            state = self.cell.initial_state(projected[0])
        else:
            state = self.cell.check_state(state, N)
            for name, tensor in zip(self.cell.state_names, state, strict=True):
                check_finite(tensor, where=f"state {name}")
        out = []
        for t in range(T):
            graph = graphs[t] if len(graphs) > 1 else graphs[0]
            state = self._step(projected[t], state, graph)
            out.append(state[0])
        return torch.stack(out), state

    def _step(self, projected: Tensor, state: State, graph: Adjacency) -> State:
        """One update of all nodes, from ``[N, G*H]`` and the last state."""
        if isinstance(self.cell, MinGRUCell):  # its gates do not read the state
            return self.cell.update(projected, state)[0]
        h, *memory = state
        read = aggregate(graph, h)  # [N, H]
        arriving = self.cell.message((read, *memory), projected)
        new, gates = self.cell.update(projected, arriving)
        if isinstance(self.cell, GRUCell):
            # The cell has kept a share z of what its gates read; a node keeps of its own state.
            z = gates[self.cell.gate_names.index("z")]
            new = (torch.addcmul(new[0], z, h - read),)
        return new

    def _check_features(self, x: Tensor, edge_index) -> int:
        """The number of steps T."""
        if not isinstance(x, Tensor) or x.dim() not in (2, 3):
            raise ShapeError(
                "features have the shape [T, N, F], or [N, F] if they stay as they are",
                where="x",
                value=list(x.shape) if isinstance(x, Tensor) else type(x).__name__,
            )
        check_features(x.flatten(0, -2), self.in_channels, self.cell.weight_ih)
        given = {"x": x.size(0)} if x.dim() == 3 else {}
        if isinstance(edge_index, Sequence):
            given["edge_index"] = len(edge_index)
        if not given:
            raise ShapeError(
                "neither the features nor the graphs tell the number of steps",
                where="x",
                value=list(x.shape),
                remedy="pass x.expand(T, -1, -1)",
            )
        if len(set(given.values())) > 1 or 0 in given.values():
            raise ShapeError(
                "features and graphs need the same number of steps, at least one",
                where="x, edge_index",
                value=given,
            )
        return next(iter(given.values()))

    def _read_graphs(
        self, edge_index, edge_weight, num_nodes: int, dtype: torch.dtype
    ) -> list[Adjacency]:
        """The normalised graph of each step, or one for all of them."""
        if not isinstance(edge_index, Sequence):
            edge_index = [edge_index]
            edge_weight = edge_weight if isinstance(edge_weight, Sequence) else [edge_weight]
        elif edge_weight is None:
            edge_weight = [None] * len(edge_index)
        is_list = isinstance(edge_weight, Sequence)
        if not is_list or len(edge_weight) != len(edge_index):
            raise ShapeError(
                "weights are needed as the graphs are given: one list, or one for each graph",
                where="edge_weight",
                value=f"{len(edge_weight)} lists" if is_list else type(edge_weight).__name__,
            )
        graphs = []
        for edges, weight in zip(edge_index, edge_weight, strict=True):
            graph = Adjacency.of(edges, num_nodes, weight)
            if graph.node_shape != (num_nodes,):
                raise ShapeError(
                    "a step has one graph, not a padded batch of them",
                    where="edge_index",
                    value=list(edges.shape) if isinstance(edges, Tensor) else repr(edges),
                    remedy="pass a list of graphs",
                )
            graphs.append(graph.normalized(self.normalize, dtype))
        return graphs

    def __repr__(self) -> str:
        return f"GraphRecurrentConv({self.cell})"


def _spread_all(graphs: list[Adjacency], x: Tensor, num_steps: int) -> Tensor:
    """The features ``[T, N, F]`` that arrive at every node in every step, before any step is run.

    A graph that stays as it is takes the features of all steps in one product.
    """
    if x.dim() == 2:
        return torch.stack([aggregate(graph, x) for graph in graphs])
    if len(graphs) == num_steps:
        return torch.stack([aggregate(g, now) for g, now in zip(graphs, x, strict=True)])
    T, N, F = x.shape
    wide = aggregate(graphs[0], x.transpose(0, 1).reshape(N, T * F))
    return wide.view(N, T, F).transpose(0, 1)
