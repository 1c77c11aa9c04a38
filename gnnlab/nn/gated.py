"""Gated graph convolution: states stay at their nodes, the messages are the cell's input.

Legend: N nodes, E edges, R edge types, F input, M message size, H hidden.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from gnnlab.errors import DtypeError, InputError, ShapeError
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.aggregate import aggregate
from gnnlab.nn.cell import Cell
from gnnlab.nn.check import check_edge_index, check_features
from gnnlab.nn.remember import TensorMemory

_MEMORY = TensorMemory()


class GatedGraphConv(nn.Module):
    r"""Gated graph network (`Li et al., 2016 <https://arxiv.org/abs/1511.05493>`_) with any cell.

    .. math::
        s_v^{(0)} = (x_v \Vert 0, 0), \qquad
        m_v^{(k)} = \sum_{u \to v} W_{\text{type}(u, v)}\, h_u^{(k)}, \qquad
        s_v^{(k+1)} = \text{cell}\big(m_v^{(k)}, s_v^{(k)}\big)

    Where :class:`RecurrentConv` moves the state along the edges, here every node keeps its own and
    the aggregated messages are what the cell reads. The matrices W, one per edge type, and the
    cell are the same in all steps, which makes the steps a recurrence. (PyG's layer of this name
    has other matrices in every step, and no edge types.)

    Args:
        cell: The node-update function; ``cell.input_size`` is the width M of the messages.
        steps: Number of updates K.
        num_edge_types: Number R of message matrices.

    Shape:
        - x: :math:`(N, F)` with :math:`F \le H`, filled up with zeros
        - edge_index: :math:`(2, E)`, or without edge types any form of adjacency that
          :class:`GCNConv` takes; its weights multiply the messages
        - edge_type: :math:`(E)`, whole numbers from 0 to R - 1
        - output: :math:`(N, H)`.

    Raises:
        InputError: For edges, edge types or features that do not fit.

    Example:
        >>> conv = GatedGraphConv(GRUCell(5, 5), steps=3)
        >>> conv(torch.randn(4, 2), torch.tensor([[0, 1, 2], [1, 2, 0]])).shape
        torch.Size([4, 5])
    """

    def __init__(self, cell: Cell, steps: int, num_edge_types: int = 1):
        super().__init__()
        for name, number in (("steps", steps), ("num_edge_types", num_edge_types)):
            if not isinstance(number, int) or number < 1:
                raise InputError("a whole number from 1 is needed", where=name, value=repr(number))
        self.cell, self.steps, self.num_edge_types = cell, steps, num_edge_types
        self.weight = nn.Parameter(torch.empty(num_edge_types, cell.input_size, cell.hidden_size))
        self.reset_parameters()

    @property
    def out_channels(self) -> int:
        """H: width of the output."""
        return self.cell.hidden_size

    def reset_parameters(self) -> None:
        """Draws the message matrices, as torch.nn draws a cell's, and the cell's parameters."""
        bound = 1 / math.sqrt(self.cell.hidden_size)
        nn.init.uniform_(self.weight, -bound, bound)
        self.cell.reset_parameters()

    def forward(
        self, x: Tensor, edge_index: Tensor | Adjacency, edge_type: Tensor | None = None
    ) -> Tensor:
        """Updates all nodes ``steps`` times."""
        N, H = x.size(0), self.cell.hidden_size
        check_features(x, None, self.weight)
        if x.size(1) > H:
            raise ShapeError(
                f"features must not be wider than the state, {H}", where="x", value=x.size(1)
            )
        graphs = self._split(edge_index, edge_type, N)
        h = functional.pad(x, (0, H - x.size(1)))  # [N, H]
        state = (h, *(torch.zeros_like(h) for _ in self.cell.state_names[1:]))
        for _ in range(self.steps):
            letters = [functional.linear(state[0], W) for W in self.weight]  # R of [N, M]
            m = sum(aggregate(graph, letter) for graph, letter in zip(graphs, letters, strict=True))
            state = self.cell(m, state)
        return state[0]

    def _split(
        self, edges: Tensor | Adjacency, edge_type: Tensor | None, num_nodes: int
    ) -> list[Adjacency]:
        """The graph of each edge type."""
        if edge_type is None:
            if self.num_edge_types > 1:
                raise InputError("the layer has several edge types", where="edge_type", value=None)
            return [Adjacency.of(edges, num_nodes)]
        edge_index = check_edge_index(edges, num_nodes)
        self._check_types(edge_type, edge_index.size(1))

        def split() -> list[Adjacency]:
            parts = (edge_index[:, edge_type == number] for number in range(self.num_edge_types))
            return [Adjacency.from_edge_index(part, num_nodes) for part in parts]

        return _MEMORY.recall(split, edges, edge_type, key=(num_nodes, self.num_edge_types))

    def _check_types(self, edge_type: Tensor, num_edges: int) -> None:
        if edge_type.shape != (num_edges,):
            raise ShapeError(
                f"there must be one type for each of the {num_edges} edges",
                where="edge_type",
                value=list(edge_type.shape),
            )
        if edge_type.is_floating_point():
            raise DtypeError("types are whole numbers", where="edge_type", value=edge_type.dtype)
        bad = (edge_type < 0) | (edge_type >= self.num_edge_types)
        if bad.any():
            edge = int(bad.nonzero()[0])
            raise InputError(
                f"edge types go from 0 to {self.num_edge_types - 1}",
                where=f"edge_type[{edge}]",
                value=int(edge_type[edge]),
            )

    def __repr__(self) -> str:
        return f"GatedGraphConv({self.cell}, steps={self.steps}, edge_types={self.num_edge_types})"
