"""Checks of what users hand to the neighbour sampler."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.sampler import EdgeSamplerInput, NodeSamplerInput

from gnnlab.errors import DtypeError, InputError, MemoryLimitError, UnknownNameError
from gnnlab.nn.check import check_edge_index
from gnnlab.nn.memory import available_memory, human

_BYTES_PER_EDGE = 128  # of all the arrays that live at once while an edge is drawn and numbered

_NOT_SUPPORTED = {
    "time_attr": "temporal sampling",
    "temporal_strategy": "temporal sampling",
    "weight_attr": "sampling by edge weight",
    "subgraph_type": "a choice of subgraph type",
    "sample_direction": "sampling against the direction of the edges",
}


def check_hop(num_edges: int) -> None:
    """Refuses a hop that does not fit; small ones are not worth the question."""
    needed = num_edges * _BYTES_PER_EDGE
    if needed > 2**30 and needed > available_memory() // 2:
        raise MemoryLimitError(
            f"a hop of {num_edges} edges needs {human(needed)}, more than half of the free memory",
            where="num_neighbors",
            remedy="draw fewer neighbours, or use smaller batches",
        )


def check_seeds(node: Tensor, num_nodes: int, where: str) -> Tensor:
    """Seeds as int64; refuses other numbers and nodes that the graph does not have."""
    if node.dim() != 1 or node.dtype not in (torch.int64, torch.int32):
        raise DtypeError(
            "seeds are a list of whole numbers",
            where=where,
            value=f"{node.dtype}, shape {list(node.shape)}",
        )
    bad = (node < 0) | (node >= num_nodes)
    if bad.any():
        raise InputError(
            f"a seed is not one of the {num_nodes} nodes", where=where, value=int(node[bad][0])
        )
    return node.long()


def check_data(data: Data) -> tuple[Tensor, int]:
    """The edges on the CPU and N of a homogeneous graph; refuses anything else."""
    if not isinstance(data, Data) or data.edge_index is None:
        raise InputError(
            "only homogeneous graphs with an edge_index can be sampled",
            where="data",
            value=type(data).__name__,
            remedy="pass a torch_geometric.data.Data with edge_index of shape [2, E]",
        )
    return check_edge_index(data.edge_index, data.num_nodes).cpu(), data.num_nodes


def check_num_neighbors(num_neighbors: Sequence[int]) -> list[int]:
    """The numbers per hop as a list; each is positive, or -1 for all."""
    if not isinstance(num_neighbors, list | tuple) or not num_neighbors:
        raise InputError(
            "there must be one number of neighbours per hop",
            where="num_neighbors",
            value=num_neighbors,
            remedy="pass a list such as [10, 5]",
        )
    for hop, number in enumerate(num_neighbors):
        is_whole = isinstance(number, Integral) and not isinstance(number, bool)
        if not is_whole or not (number == -1 or 0 < number < 2**31):
            raise InputError(
                "a number of neighbours is a positive whole number, or -1 for all of them",
                where=f"num_neighbors[{hop}]",
                value=repr(number),
            )
    return [int(number) for number in num_neighbors]


def check_seed(seed: int) -> int:
    """The start of the random numbers, a whole number."""
    if not isinstance(seed, Integral):
        raise InputError("a seed is a whole number", where="seed", value=repr(seed))
    return int(seed)


def refuse_options(options: dict[str, object]) -> None:
    """Refuses options: by name those of PyG's sampler, as unknown all others."""
    for name, value in options.items():
        if name not in _NOT_SUPPORTED:
            raise UnknownNameError.of("option", name, ("replace", "disjoint", "seed"))
        raise InputError(
            f"{_NOT_SUPPORTED[name]} is not supported",
            where=name,
            value=repr(value),
            remedy="leave it out",
        )


def refuse_kinds(index: NodeSamplerInput | EdgeSamplerInput) -> None:
    """Refuses seeds with a time or a type."""
    if index.time is not None:
        raise InputError("temporal sampling is not supported", where="time", remedy="leave it out")
    if index.input_type is not None:
        raise InputError(
            "only homogeneous graphs can be sampled", where="input_type", value=index.input_type
        )
