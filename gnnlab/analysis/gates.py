r"""Gate saturation: how often the gates of a cell stand wide open or shut.

Legend: N nodes, T steps, B sequences, F input, H hidden.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gnnlab.analysis.through_time import check_cell, check_sequence
from gnnlab.errors import InputError, ShapeError
from gnnlab.nn import Adjacency, Cell, RecurrentConv, Schedule
from gnnlab.nn.check import check_finite

SHUT, OPEN = 0.1, 0.9
#: Activations that are no gates: they carry a content, and leave the range from 0 to 1.
_CONTENTS = ("h", "g", "n")
_REVERSE = "_reverse"


class GateSaturation(NamedTuple):
    """The activations of one gate, over all nodes (steps of a sequence) and units."""

    histogram: Tensor  # [bins], numbers of activations in equal parts of the range from 0 to 1
    shut: Tensor  # [H], share of the nodes at which a unit's gate is below 0.1
    open: Tensor  # [H], share of the nodes at which a unit's gate is above 0.9


def gate_saturation(
    cell: Cell | RecurrentConv,
    x: Tensor,
    edge_index: Tensor | Adjacency | Schedule | None = None,
    *,
    bins: int = 20,
) -> dict[str, GateSaturation]:
    r"""Counts how the activations of each gate are spread between 0 (shut) and 1 (open).

    A saturated gate passes its content whole or not at all, and hardly any gradient of its own:
    :math:`\sigma'(a) = \sigma(a)(1 - \sigma(a)) < 0.09` outside 0.1 to 0.9, the bounds of `Karpathy
    et al., 2015 <https://arxiv.org/abs/1506.02078>`_. An LSTM that remembers has forget gates that
    are open in most steps.

    Only gates count (i, f, o; r, z), not the contents they let through (g, n). A Child-Sum
    Tree-LSTM shows i and o: its forget gates belong to the edges.

    Args:
        cell: A gated cell, or a layer with one; a bidirectional layer has the gates of its second
            direction as well, with the suffix ``_reverse``.
        x: Without ``edge_index`` a sequence ``[T, F]``, or B of equal length ``[T, B, F]``; with it
            the features ``[N, F]`` of a graph.
        edge_index: The graph, in any form that :class:`RecurrentConv` takes.
        bins: Number of the equal parts.

    Returns:
        A :class:`GateSaturation` by gate name, in the cell's order.

    Raises:
        InputError: If the cell has no gates, or ``bins`` is no whole number from 1.
        ShapeError, DtypeError, NonFiniteError: If x does not fit the cell, or a gate is NaN.
        CycleError: If the graph has a cycle and ``cell`` is no layer with ``steps``.

    Example:
        >>> cell = LSTMCell(1, 4)
        >>> _ = torch.nn.init.constant_(cell.bias[4:8], 10.0)  # the forget gates
        >>> gates = gate_saturation(cell, torch.randn(25, 1))
        >>> gates["f"].open
        tensor([1., 1., 1., 1.])
        >>> gates["f"].histogram.sum() == 25 * 4
        tensor(True)
    """
    if not isinstance(bins, int) or bins < 1:
        raise InputError("a whole number from 1", where="bins", value=repr(bins))
    conv = cell if isinstance(cell, RecurrentConv) else None
    cell = conv.cell if conv else cell
    check_cell(cell)
    if not set(cell.gate_names) - set(_CONTENTS):
        raise InputError(
            "the cell has no gates",
            where="cell",
            value=repr(cell),
            remedy="use a gated cell, such as LSTMCell or GRUCell",
        )
    if edge_index is None:
        rows = check_sequence(cell, x)  # [T*B, F]
        num_steps = x.size(0)
        x = rows.view(num_steps, -1, rows.size(-1)).transpose(0, 1).flatten(0, 1)  # [B*T, F]
        edge_index = Schedule.from_lengths([num_steps] * (len(x) // num_steps))
    elif isinstance(x, Tensor) and x.numel() == 0:
        raise ShapeError("a graph without nodes has no activations", where="x")
    with torch.no_grad():
        activations = (conv or RecurrentConv(cell)).gates(x, edge_index)
    return {
        name: _count(name, gate, bins)
        for name, gate in activations.items()
        if name.removesuffix(_REVERSE) not in _CONTENTS
    }


def _count(name: str, gate: Tensor, bins: int) -> GateSaturation:
    check_finite(gate, where=f"gate {name}")
    place = (gate * bins).long().clamp(max=bins - 1)  # an activation of 1 lies in the last part
    return GateSaturation(
        torch.bincount(place.flatten(), minlength=bins),
        (gate < SHUT).to(gate.dtype).mean(dim=0),
        (gate > OPEN).to(gate.dtype).mean(dim=0),
    )
