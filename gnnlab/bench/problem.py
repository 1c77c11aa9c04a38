"""One task that all contenders solve: the same graph, features and weights, and the right answer.

Legend: N nodes, E edges, F features, B graphs, n nodes of the largest graph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.nn.conv.gcn_conv import gcn_norm

from gnnlab.bench.graphs import Graph
from gnnlab.bench.roofline import Shape

_FEW_NODES = 2048  # up to here the right answer comes from a dense product


@dataclass(frozen=True)
class Problem:
    """A graph with features and the parameters of a graph convolution from F to F.

    Args:
        graph: The graph or batch of graphs.
        x: ``[N, F]``, a parameter, so that gradients flow to it as inside of a network.
        weight: ``[F, F]`` of the linear map, as ``torch.nn.Linear`` holds it.
        bias: ``[F]``.
        index_dtype: What the node ids are given as.
    """

    graph: Graph
    x: nn.Parameter
    weight: Tensor
    bias: Tensor
    index_dtype: torch.dtype = torch.int64

    @classmethod
    def draw(
        cls,
        graph: Graph,
        num_features: int,
        dtype: torch.dtype = torch.float32,
        index_dtype: torch.dtype = torch.int64,
        *,
        generator: torch.Generator,
    ) -> Problem:
        """Draws features and parameters."""
        F = num_features
        x, weight, bias = (
            torch.randn(shape, generator=generator) for shape in ((graph.num_nodes, F), (F, F), F)
        )
        x = nn.Parameter(x.to(dtype))
        return cls(graph, x, (weight / F**0.5).to(dtype), bias.to(dtype), index_dtype)

    @property
    def num_features(self) -> int:
        """F."""
        return self.x.size(-1)

    @property
    def edge_index(self) -> Tensor:
        """``[2, E]``, sorted by source, of the wanted type."""
        return self.graph.edge_index.to(self.index_dtype)

    @cached_property
    def normalized(self) -> tuple[Tensor, Tensor]:
        """Edges with self-connections ``[2, E + N]`` and their normalised weights in float64."""
        return gcn_norm(self.graph.edge_index, None, self.graph.num_nodes, dtype=torch.float64)

    def shape(self, index_bytes: int | None = None) -> Shape:
        """The sizes that the costs depend on."""
        sizes = self.graph.sizes or (self.graph.num_nodes,)
        return Shape(
            self.graph.num_nodes,
            self.graph.num_edges + self.graph.num_nodes,
            self.num_features,
            self.x.element_size(),
            index_bytes or self.index_dtype.itemsize,
            len(sizes),
            max(sizes),
        )

    def load(self, layer: nn.Module) -> nn.Module:
        """Gives a layer with PyG's parameter names the weights of this problem."""
        layer = layer.to(self.x.dtype)
        layer.load_state_dict({"lin.weight": self.weight, "bias": self.bias})
        return layer

    def answer(self, operation: str) -> Tensor:
        """The result in float64 ``[N, F]``, computed once, without any of the contenders."""
        return self._product_answer if operation == "product" else self._layer_answer

    @cached_property
    def _layer_answer(self) -> Tensor:
        return self._product_answer @ self.weight.double().t() + self.bias.double()

    @cached_property
    def _product_answer(self) -> Tensor:
        """By a dense product where the matrix is small, else by torch's sparse one."""
        (source, target), weight = self.normalized
        size = (self.graph.num_nodes, self.graph.num_nodes)
        matrix = torch.sparse_coo_tensor(
            torch.stack([target, source]), weight, size, check_invariants=True
        )
        is_small = self.graph.num_nodes <= _FEW_NODES
        matrix = matrix.to_dense() if is_small else matrix.to_sparse_csr()
        return matrix @ self.x.detach().double()


class Side(nn.Module):
    """What one contender runs: its layer on its form of the features and the graph.

    Args:
        layer: Called with the features and the edges.
        x: ``[N, F]``, or ``[B, n, F]`` if padded.
        edges: The contender's form of the graph.
        is_real: ``[B, n]``, which rows of a padded batch are nodes.
    """

    def __init__(
        self,
        layer: Callable[..., Tensor],
        x: nn.Parameter,
        edges: Any,
        is_real: Tensor | None = None,
    ):
        super().__init__()
        self.layer, self.x, self.is_real = layer, x, is_real
        self.edges = edges

    def forward(self) -> Tensor:
        """Runs it once."""
        return self.layer(self.x, self.edges)

    def rows(self, out: Tensor) -> Tensor:
        """The output with one row per node, ``[N, F]``."""
        if self.is_real is not None:
            return out[self.is_real]
        return out.reshape(-1, out.size(-1))
