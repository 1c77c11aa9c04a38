"""Checks of what users hand to the layers, each with an error that names the first bad place."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch_geometric import EdgeIndex

from gnnlab.errors import DtypeError, InputError, NonFiniteError, ShapeError

_INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


def check_edge_index(edge_index: Tensor, num_nodes: int) -> Tensor:
    """Returns ``edge_index`` as a plain ``[2, E]`` tensor of int64 whose ids lie in 0..N-1.

    Args:
        edge_index: ``[2, E]``, row 0 the sources, row 1 the targets; an ``EdgeIndex`` is unwrapped.
        num_nodes: N.

    Raises:
        ShapeError: If it is not ``[2, E]``.
        DtypeError: If the ids are not integers.
        InputError: If an id is negative or not below ``num_nodes``; names the first such edge.
    """
    if not isinstance(edge_index, Tensor):
        raise DtypeError(
            "the edge list is not a tensor",
            where="edge_index",
            value=type(edge_index).__name__,
            remedy="pass torch.tensor([[sources], [targets]])",
        )
    if isinstance(edge_index, EdgeIndex):
        edge_index = edge_index.as_tensor()
    if edge_index.dim() != 2 or edge_index.size(0) != 2:
        raise ShapeError(
            "an edge list has the shape [2, E]",
            where="edge_index",
            value=list(edge_index.shape),
            remedy="transpose a list of pairs with .t().contiguous()",
        )
    if edge_index.dtype not in _INTEGERS:
        raise DtypeError(
            "node ids must be integers",
            where="edge_index",
            value=edge_index.dtype,
            remedy="convert with .long()",
        )
    edge_index = edge_index.long()
    if torch.compiler.is_compiling():  # a look at the values would break the graph
        return edge_index
    bad = (edge_index < 0) | (edge_index >= num_nodes)  # [2, E]
    if bad.any():
        column = int(bad.any(dim=0).nonzero()[0])
        raise InputError(
            f"an edge leaves the graph of {num_nodes} nodes",
            where=f"edge_index[:, {column}]",
            value=tuple(edge_index[:, column].tolist()),
            remedy=f"use node ids from 0 to {num_nodes - 1}"
            if num_nodes
            else "a graph without nodes has no edges",
        )
    return edge_index


def check_features(x: Tensor, num_features: int | None, weight: Tensor) -> None:
    """Checks that ``x`` is what a layer with ``weight`` takes: ``[N, F]``, its type, finite.

    What requires a gradient was computed by a model, not handed in by a user, and is not searched
    for NaN: training that diverges is another error.

    Raises:
        ShapeError: If it is not two-dimensional or not ``num_features`` wide.
        DtypeError: If it does not hold floating-point numbers, or of another type.
        NonFiniteError: If a value is NaN or infinite; names the first one.
    """
    check_width(x, num_features)
    check_dtype(x, weight)
    if not x.requires_grad:
        check_finite(x)


def check_width(x: Tensor, num_features: int | None, where: str = "x") -> None:
    """Checks that ``x`` is a floating ``[N, F]`` tensor with ``F == num_features``."""
    if not isinstance(x, Tensor) or x.dim() != 2:
        raise ShapeError(
            "node features have the shape [N, F]",
            where=where,
            value=list(x.shape) if isinstance(x, Tensor) else type(x).__name__,
        )
    if not x.is_floating_point():
        raise DtypeError(
            "node features must be floating-point numbers",
            where=where,
            value=x.dtype,
            remedy="convert with .float(), or embed symbols with torch.nn.Embedding",
        )
    if num_features is not None and x.size(1) != num_features:
        raise ShapeError(
            f"the layer takes {num_features} features per node", where=where, value=x.size(1)
        )


def check_dtype(x: Tensor, weight: Tensor, where: str = "x") -> None:
    """Checks that ``x`` holds numbers of the layer's type; under autocast any type will do.

    Raises:
        DtypeError: If it does not, as float64 arrays from NumPy would in a float32 layer.
    """
    if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
        raise DtypeError(
            f"the layer computes in {weight.dtype}",
            where=where,
            value=x.dtype,
            remedy=f"convert with .to({weight.dtype}), or the layer with .to({x.dtype})",
        )


def check_finite(x: Tensor, where: str = "x") -> None:
    """Checks that ``x`` holds neither NaN nor infinity.

    One number is looked at first: a finite sum proves that every term is finite, and reading the
    sum costs a fraction of a full test. Under ``torch.compile``, ``torch.func`` and CUDA, where a
    look at the values would break the graph or stall the device, the check is left out.
    """
    if hides_values(x) or x.is_cuda:
        return
    if math.isfinite(x.detach().sum().item()):
        return
    bad = ~x.detach().isfinite()
    if bad.any():
        place = bad.nonzero()[0].tolist()
        raise NonFiniteError(
            "a value is not a finite number",
            where=f"{where}{place}",
            value=float(x.detach()[tuple(place)]),
            remedy="remove or impute it first",
        )


def hides_values(x: Tensor) -> bool:
    """Whether torch.compile traces or torch.func transforms, so that no value can be looked at."""
    return torch.compiler.is_compiling() or torch._C._functorch.is_functorch_wrapped_tensor(x)
