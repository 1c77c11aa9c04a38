"""How much memory there is, and the refusal of dense adjacencies that would not fit into it."""

from __future__ import annotations

import psutil
import torch

from gnnlab.errors import MemoryLimitError


def available_memory(device: torch.device | str = "cpu") -> int:
    """Returns the bytes that are free on ``device`` right now."""
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available


def check_dense_memory(
    num_nodes: int,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    num_graphs: int = 1,
) -> None:
    """Refuses a dense adjacency that takes more than half of the free memory.

    The question is asked before anything is allocated, because a machine that is asked for a little
    too much does not raise: it ends the process.

    Args:
        num_nodes: N, the side of the matrix.
        dtype: What an entry is stored as.
        device: Where the matrix would live.
        num_graphs: How many matrices of that size.

    Raises:
        MemoryLimitError: If the matrix would not fit; names both amounts and the sparse way.

    Example:
        >>> check_dense_memory(34)
        >>> check_dense_memory(2**24)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        gnnlab.errors.MemoryLimitError: a dense adjacency of 16777216 x 16777216 needs 1.0 PiB, ...
    """
    needed = num_graphs * num_nodes**2 * dtype.itemsize
    allowed = available_memory(device) // 2
    if needed > allowed:
        matrices = f" for each of {num_graphs} graphs" if num_graphs > 1 else ""
        raise MemoryLimitError(
            f"a dense adjacency of {num_nodes} x {num_nodes}{matrices} needs {human(needed)}, "
            f"but only {human(allowed)} may be used (half of the free memory)",
            where="num_nodes",
            value=num_nodes,
            remedy="keep the graph sparse: pass its edge_index, or Adjacency.from_edge_index(...)",
        )


def human(num_bytes: int) -> str:
    """Writes an amount of memory in the largest fitting binary unit.

    Example:
        >>> human(5 * 2**29)
        '2.5 GiB'
    """
    amount, units = float(num_bytes), ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    while amount >= 1024 and len(units) > 1:
        amount /= 1024
        units.pop(0)
    return f"{amount:.1f} {units[0]}"
