r"""The edges as PyG's layers understand them, as an adjacency that is prepared once.

PyG normalises an edge list in every call, or keeps one for good if a layer is ``cached``. Here its
own functions do so, for the sake of the same numbers, and what comes out is remembered by the
tensors that went in.

Legend: N nodes, E edges.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.nn import MessagePassing
from torch_geometric.nn.conv.gcn_conv import gcn_norm

from gnnlab.errors import InputError, NonFiniteError
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.adjacency_forms import read_edge_index
from gnnlab.nn.features import is_sparse
from gnnlab.nn.remember import TensorMemory

_MEMORY = TensorMemory()


def plain_edges(
    x: Tensor | tuple[Tensor, Tensor],
    edges: Tensor | Adjacency,
    edge_weight: Tensor | None = None,
    takes_weights: bool = True,
) -> tuple[Tensor, Tensor | None]:
    """Reads an ``Adjacency`` or ``EdgeIndex`` as what PyG takes; hands on everything else.

    Raises:
        ShapeError: If the adjacency does not have as many nodes as ``x``.
        InputError: If it is a padded batch, or has weights other than whole numbers of edges for a
            layer that takes none.
    """
    if isinstance(edges, EdgeIndex):
        return edges.as_tensor(), edge_weight
    if isinstance(edges, Tensor) or not isinstance(edges, Adjacency | list):
        return edges, edge_weight
    num_nodes = (x if isinstance(x, Tensor) else x[0]).size(-2)
    adjacency = Adjacency.of(edges, num_nodes, edge_weight)
    if len(adjacency.node_shape) > 1:
        raise InputError(
            "PyG's layers take no padded batch of graphs",
            where="edge_index",
            value=adjacency,
            remedy="list its edges with to_edge_index()",
        )
    if not takes_weights:
        return adjacency.to_multigraph(), None
    if adjacency.layout == "dense":
        return adjacency.to_edge_index()
    return adjacency.edge_index, adjacency.edge_weight


def normalized(
    layer: MessagePassing,
    x: Tensor,
    edge_index: Tensor,
    edge_weight: Tensor | None,
    *,
    improved: bool = False,
    add_self_loops: bool = False,
) -> Adjacency:
    r""":math:`\hat{A}` as PyG's ``gcn_norm`` computes it, from the layer's own cache if it has one.

    Raises:
        NonFiniteError: If the weighted degree of a node is negative, which PyG turns into NaN.
    """
    num_nodes, dtype = x.size(0), x.dtype

    def normalize() -> tuple[Tensor, Tensor]:
        options = (improved, add_self_loops, layer.flow, dtype)
        return gcn_norm(edge_index, edge_weight, num_nodes, *options)

    cache = getattr(layer, "_cached_edge_index", None)
    if cache is None and hasattr(layer, "_cached_edge_index") and layer.cached:
        cache = _checked(normalize, num_nodes, edge_index, edge_weight)
        layer._cached_edge_index = cache
    if cache is not None:
        return Adjacency.of(cache[0], num_nodes, cache[1])
    key = ("gcn", num_nodes, dtype, improved, add_self_loops)
    return prepared(normalize, num_nodes, edge_index, edge_weight, key=key)


def prepared(
    normalize: Callable[[], tuple[Tensor, Tensor | None]],
    num_nodes: int,
    edge_index: Tensor,
    edge_weight: Tensor | None,
    *others: Tensor | None,
    key: Hashable,
) -> Adjacency:
    """What ``normalize`` makes of the edges, remembered for these tensors and ``key``."""

    def build() -> Adjacency:
        edges, weight = _checked(normalize, num_nodes, edge_index, edge_weight)
        if not is_sparse(edges):
            # Learned weights come anew in every call: at least their edges are sorted only once.
            edges = _MEMORY.recall(edges.detach, edge_index, key=("edges", key))
        return Adjacency.of(edges, num_nodes, weight)

    return _MEMORY.recall(build, edge_index, edge_weight, *others, key=key)


def _checked(
    normalize: Callable[[], tuple[Tensor, Tensor | None]],
    num_nodes: int,
    edge_index: Tensor,
    edge_weight: Tensor | None,
) -> tuple[Tensor, Tensor | None]:
    if is_sparse(edge_index):
        return normalize()
    read_edge_index(edge_index, num_nodes, edge_weight)  # raises what is wrong with it
    edges, weight = normalize()
    bad = ~weight.isfinite()
    if bad.any():
        entry = int(bad.nonzero()[0])
        raise NonFiniteError(
            "an edge weight is not a finite number after normalisation",
            where="edge {} -> {}".format(*edges[:, entry].tolist()),
            value=float(weight[entry].detach()),
            remedy="see that there are edges, and that no node gets a weight below zero in all",
        )
    return edges, weight


def averaged(
    adjacency: Adjacency, edge_index: Tensor, edge_weight: Tensor | None, dtype: torch.dtype
) -> Adjacency:
    """Divided by the number of edges into a node, whatever their weights, as PyG's mean does."""

    def divide() -> Adjacency:
        target = adjacency.edge_index[1]
        count = torch.bincount(target, minlength=adjacency.num_nodes)  # [N]
        return adjacency.with_weight(adjacency.weights(dtype) / count[target])

    key = ("mean", adjacency.num_nodes, dtype)
    return _MEMORY.recall(divide, edge_index, edge_weight, key=key)
