"""Linear maps of node features that may be sparse, such as bags of words.

Legend: N nodes, F features, H out.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.nn import Linear

from gnnlab.errors import DtypeError, InputError, ShapeError
from gnnlab.nn.check import check_dtype, check_finite
from gnnlab.nn.csr import CSR
from gnnlab.nn.product import multiply
from gnnlab.nn.remember import TensorMemory, carries_gradients

_LAYOUTS = (torch.sparse_coo, torch.sparse_csr, torch.sparse_csc)
_MEMORY = TensorMemory()


def is_sparse(x: Tensor) -> bool:
    """Whether the features are a sparse tensor of torch."""
    return isinstance(x, Tensor) and x.layout != torch.strided


def check_sparse(x: Tensor, num_features: int | None, weight: Tensor) -> None:
    """Checks sparse features ``[N, F]`` for a layer with ``weight``.

    Raises:
        DtypeError: If the layout is not COO, CSR or CSC, or the numbers are not the layer's.
        ShapeError: If there are not two dimensions or not F features.
        InputError: If gradients are asked for: only dense features get them.
        NonFiniteError: If a value is NaN or infinite.
    """
    if x.layout not in _LAYOUTS:
        raise DtypeError("sparse features are COO, CSR or CSC", where="x", value=x.layout)
    if x.dim() != 2:
        raise ShapeError("node features have the shape [N, F]", where="x", value=list(x.shape))
    if num_features is not None and x.size(1) != num_features:
        raise ShapeError(
            f"the layer takes {num_features} features per node", where="x", value=x.size(1)
        )
    check_dtype(x, weight)
    if x.requires_grad:
        raise InputError(
            "gradients do not flow to sparse features",
            where="x",
            value="requires_grad=True",
            remedy="detach them, or make them dense with .to_dense()",
        )
    values = x.coalesce().values() if x.layout == torch.sparse_coo else x.values()
    check_finite(values, "x.values()")


def linear(layer: Linear, x: Tensor) -> Tensor:
    r"""Computes :math:`X W^T` without writing the zeros of a sparse X.

    A sparse X costs one pass over its entries, forward and backward, whatever F is: the features
    of a node are the edges of a graph from features to nodes.

    Args:
        layer: A layer without bias.
        x: ``[N, F]``, dense or sparse; sparse ones are remembered in compressed rows.

    Returns:
        ``[N, H]``.
    """
    if not is_sparse(x):
        return layer(x)
    layer(x.new_empty(0, x.size(1), layout=torch.strided))  # lets a lazy layer see its width
    features = _MEMORY.recall(lambda: _compress(x), x)
    return multiply(features, layer.weight.t())


def _compress(x: Tensor) -> CSR:
    entries = x.to_sparse_coo().coalesce()
    row, column = entries.indices()
    return CSR.from_edge_index(
        torch.stack([column, row]), x.size(1), x.size(0), entries.values().detach()
    )


def is_narrow(x: Tensor, linear: Linear) -> bool:
    """Whether to sum before a linear map rather than after it.

    A sum over the edges runs forward, and backward where a gradient flows to what is summed: to
    mapped features always, to ``x`` only if it is not the input of the model.
    """
    trains = torch.is_grad_enabled()
    before = x.size(-1) * (1 + (trains and carries_gradients(x)))
    return before <= linear.out_channels * (1 + trains)
