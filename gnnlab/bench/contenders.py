"""Everyone who takes part: PyG, DGL and torch in each of their forms, and gnnlab in each layout.

All compute the same graph convolution, or the same product of the normalised adjacency with the
states, on the same numbers.

Legend: N nodes, E edges, F features, B graphs, n nodes of the largest graph.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch_geometric import EdgeIndex
from torch_geometric.nn import DenseGCNConv
from torch_geometric.nn import GCNConv as PyGGCNConv
from torch_geometric.nn.conv.gcn_conv import gcn_norm
from torch_geometric.typing import SparseTensor
from torch_geometric.utils import to_dense_adj, to_dense_batch, to_torch_csr_tensor

from gnnlab.bench import roofline
from gnnlab.bench.problem import Problem, Side
from gnnlab.bench.roofline import Cost, Shape
from gnnlab.nn import Adjacency, GCNConv, aggregate

_DGL = "dgl"
_TORCH_SPARSE = "torch_sparse"


@dataclass(frozen=True)
class Contender:
    """One way to compute it.

    Args:
        name: What it is called in tables.
        operation: ``"layer"`` for a whole graph convolution, ``"product"`` for A H alone.
        build: Makes the side that solves a problem; what it does is part of the setup time.
        cost: Counts what the product takes.
        needs: A package that must be installed.
        index_bytes: The bytes of a node id, if the contender stores its own type.
        takes: ``"any"`` graph, or only a ``"batch"`` of graphs.
    """

    name: str
    operation: str
    build: Callable[[Problem], Side]
    cost: Callable[[Shape], Cost]
    needs: str = "torch"
    index_bytes: int | None = None
    takes: str = "any"

    @property
    def is_installed(self) -> bool:
        """Whether the package that it needs can be found."""
        return importlib.util.find_spec(self.needs) is not None

    def cost_of(self, shape: Shape, *, backward: bool) -> Cost:
        """What the operation takes, forward alone or forward and backward."""
        product = self.cost(shape)
        if self.operation == "layer":
            return roofline.layer(product, shape, backward=backward)
        return 2 * product if backward else product


def _pyg(form: Callable[[Problem], object], *, cached: bool = False):
    def build(problem: Problem) -> Side:
        F = problem.num_features
        layer = problem.load(PyGGCNConv(F, F, cached=cached))
        return Side(layer, problem.x, form(problem))

    return build


def _edge_index(problem: Problem) -> Tensor:
    return problem.edge_index


def _edge_index_class(problem: Problem) -> EdgeIndex:
    N = problem.graph.num_nodes
    # The graph is undirected, so its edges flipped are the same ones, sorted by target.
    flipped = problem.edge_index.flip(0)
    return EdgeIndex(
        flipped, sparse_size=(N, N), sort_order="col", is_undirected=True
    ).fill_cache_()


def _torch_csr_pattern(problem: Problem) -> Tensor:
    N, E = problem.graph.num_nodes, problem.graph.num_edges
    weight = torch.ones(E, dtype=problem.x.dtype)
    return to_torch_csr_tensor(problem.edge_index.flip(0), weight, size=(N, N))


def _sparse_tensor(problem: Problem) -> SparseTensor:
    N = problem.graph.num_nodes
    source, target = problem.edge_index
    return SparseTensor(row=target, col=source, sparse_sizes=(N, N))


def _pyg_dense(problem: Problem) -> Side:
    layer = problem.load(DenseGCNConv(problem.num_features, problem.num_features))
    return Side(layer, *_pad(problem))


def _gnnlab_padded_layer(problem: Problem) -> Side:
    x, matrix, is_real = _pad(problem)
    layer = problem.load(GCNConv(problem.num_features, problem.num_features))
    return Side(layer, x, Adjacency.from_dense(matrix), is_real)


def _gnnlab_padded_product(problem: Problem) -> Side:
    x, matrix, is_real = _pad(problem)
    return Side(_aggregate, x, Adjacency.from_dense(matrix).normalized("sym"), is_real)


def _pad(problem: Problem) -> tuple[nn.Parameter, Tensor, Tensor]:
    """Features ``[B, n, F]``, matrices ``[B, n, n]`` with row = source, real nodes ``[B, n]``."""
    sizes = torch.tensor(problem.graph.sizes or (problem.graph.num_nodes,))
    batch = torch.arange(len(sizes)).repeat_interleave(sizes)
    x, is_real = to_dense_batch(problem.x.detach(), batch)
    matrix = to_dense_adj(problem.graph.edge_index, batch).to(x.dtype)
    return nn.Parameter(x), matrix, is_real


def _dgl(problem: Problem) -> Side:
    os.environ.setdefault("DGLBACKEND", "pytorch")  # without it, DGL asks and writes a file
    dgl = importlib.import_module(_DGL)
    convolution = importlib.import_module(f"{_DGL}.nn").GraphConv
    F = problem.num_features
    graph = dgl.graph(tuple(problem.edge_index), num_nodes=problem.graph.num_nodes)
    graph = dgl.add_self_loop(graph)
    graph.create_formats_()
    layer = convolution(F, F, norm="both").to(problem.x.dtype)
    layer.load_state_dict({"weight": problem.weight.t(), "bias": problem.bias})
    return Side(_GraphFirst(layer), problem.x, graph)


class _GraphFirst(nn.Module):
    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, graph: object) -> Tensor:
        return self.layer(graph, x)


class _Convolution(nn.Module):
    """The textbook equation around a product: what PyG and gnnlab do, without their checks."""

    def __init__(self, num_features: int, product: Callable[..., Tensor]):
        super().__init__()
        self.lin = nn.Linear(num_features, num_features, bias=False)
        self.bias = nn.Parameter(torch.empty(num_features))
        self.product = product

    def forward(self, x: Tensor, edges: object) -> Tensor:
        return self.product(self.lin(x), edges) + self.bias


def _torch(product: Callable[..., Tensor], form: Callable[[Problem], Tensor], operation: str):
    def build(problem: Problem) -> Side:
        layer = product
        if operation == "layer":
            layer = problem.load(_Convolution(problem.num_features, product))
        return Side(layer, problem.x, form(problem))

    return build


def _sparse_product(x: Tensor, matrix: Tensor) -> Tensor:
    return torch.sparse.mm(matrix, x)


def _dense_product(x: Tensor, matrix: Tensor) -> Tensor:
    return matrix @ x


def _torch_coo(problem: Problem) -> Tensor:
    N = problem.graph.num_nodes
    edge_index, weight = gcn_norm(problem.graph.edge_index, None, N, dtype=problem.x.dtype)
    return torch.sparse_coo_tensor(edge_index.flip(0), weight, (N, N)).coalesce()


def _torch_csr(problem: Problem) -> Tensor:
    matrix, index_dtype = _torch_coo(problem).to_sparse_csr(), problem.index_dtype
    pointer, index = matrix.crow_indices().to(index_dtype), matrix.col_indices().to(index_dtype)
    return torch.sparse_csr_tensor(pointer, index, matrix.values(), matrix.shape)


def _torch_dense(problem: Problem) -> Tensor:
    return _torch_coo(problem).to_dense()


def _gnnlab_layer(layout: str | None):
    def build(problem: Problem) -> Side:
        layer = problem.load(GCNConv(problem.num_features, problem.num_features))
        edges = problem.edge_index if layout is None else _adjacency(problem, layout)
        return Side(layer, problem.x, edges)

    return build


def _gnnlab_product(layout: str):
    def build(problem: Problem) -> Side:
        adjacency = _adjacency(problem, layout).normalized("sym", problem.x.dtype)
        return Side(_aggregate, problem.x, adjacency)

    return build


def _aggregate(x: Tensor, adjacency: Adjacency) -> Tensor:
    return aggregate(adjacency, x)


def _adjacency(problem: Problem, layout: str) -> Adjacency:
    adjacency = Adjacency.from_edge_index(problem.edge_index, problem.graph.num_nodes)
    return adjacency.to_layout(layout)


def _all() -> list[Contender]:
    gather, rows, dense, padded = (
        roofline.gather_and_add,
        roofline.rows,
        roofline.dense,
        roofline.padded,
    )
    contenders = [
        Contender("PyG edge_index", "layer", _pyg(_edge_index), gather),
        Contender("PyG edge_index cached", "layer", _pyg(_edge_index, cached=True), gather),
        Contender("PyG EdgeIndex", "layer", _pyg(_edge_index_class), gather),
        Contender("PyG CSR", "layer", _pyg(_torch_csr_pattern), rows),
        Contender("PyG CSR cached", "layer", _pyg(_torch_csr_pattern, cached=True), rows),
        Contender("PyG SparseTensor", "layer", _pyg(_sparse_tensor), rows, _TORCH_SPARSE),
        Contender(
            "PyG SparseTensor cached",
            "layer",
            _pyg(_sparse_tensor, cached=True),
            rows,
            _TORCH_SPARSE,
        ),
        Contender("PyG dense", "layer", _pyg_dense, padded),
        Contender("DGL", "layer", _dgl, rows, _DGL),
        Contender("gnnlab edge_index", "layer", _gnnlab_layer(None), rows, index_bytes=4),
        Contender("gnnlab padded", "layer", _gnnlab_padded_layer, padded, takes="batch"),
        Contender("gnnlab padded", "product", _gnnlab_padded_product, padded, takes="batch"),
    ]
    for operation in ("layer", "product"):
        build = _gnnlab_layer if operation == "layer" else _gnnlab_product
        contenders += [
            Contender("torch CSR", operation, _torch(_sparse_product, _torch_csr, operation), rows),
            Contender("torch COO", operation, _torch(_sparse_product, _torch_coo, operation), rows),
            Contender(
                "torch dense", operation, _torch(_dense_product, _torch_dense, operation), dense
            ),
            Contender("gnnlab csr", operation, build("csr"), rows, index_bytes=4),
            Contender("gnnlab coo", operation, build("coo"), gather),
            Contender("gnnlab dense", operation, build("dense"), dense),
        ]
    return contenders


#: All contenders, installed or not.
CONTENDERS = tuple(_all())
