"""Weights to and from the recurrent modules of ``torch.nn``."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gnnlab.errors import InputError
from gnnlab.nn.cell import Cell
from gnnlab.nn.cells import GRUCell, LSTMCell, RNNCell

_CELLS = {nn.RNN: RNNCell, nn.LSTM: LSTMCell, nn.GRU: GRUCell}
_CELLS |= {nn.RNNCell: RNNCell, nn.LSTMCell: LSTMCell, nn.GRUCell: GRUCell}


def cell_from_torch(module: nn.Module, layer: int, reverse: bool, expected: type[Cell]) -> Cell:
    """Copies one layer and direction of ``module`` into a cell; see :meth:`Cell.from_torch`."""
    kind = _CELLS.get(type(module))
    if kind is None or not issubclass(kind, expected):
        raise InputError(
            f"{expected.__name__} cannot be made from this module",
            where="module",
            value=type(module).__name__,
            remedy="pass a torch.nn RNN, LSTM or GRU, or the Cell of one of them",
        )
    weight_ih, weight_hh, *biases = _layer_weights(module, layer, reverse)
    options = {} if kind is not RNNCell else {"nonlinearity": module.nonlinearity}
    cell = kind(module.input_size if layer == 0 else weight_ih.size(1), module.hidden_size,
                bias=bool(biases), **options)  # fmt: skip
    cell = cell.to(weight_ih)
    with torch.no_grad():
        cell.weight_ih.copy_(weight_ih)
        cell.weight_hh.copy_(weight_hh)
        if biases:
            _copy_biases(cell, *biases)
    return cell


def _layer_weights(module: nn.Module, layer: int, reverse: bool) -> list[Tensor]:
    if isinstance(module, nn.RNNCellBase):
        if layer or reverse:
            raise InputError("a torch.nn cell has one layer and one direction", where="layer")
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        suffix = ""
    else:
        if module.proj_size:
            raise InputError(
                "an LSTM with projections has no cell here",
                where="proj_size",
                value=module.proj_size,
            )
        if not 0 <= layer < module.num_layers or (reverse and not module.bidirectional):
            raise InputError(
                f"the module has {module.num_layers} layers, bidirectional={module.bidirectional}",
                where="layer, reverse",
                value=(layer, reverse),
            )
        names = ("weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l")
        suffix = f"{layer}" + ("_reverse" if reverse else "")
    has_bias = bool(module.bias)
    return [getattr(module, name + suffix) for name in names[: 4 if has_bias else 2]]


def _copy_biases(cell: Cell, bias_ih: Tensor, bias_hh: Tensor) -> None:
    """Sums the two biases, but for a GRU's b_hn, which stands inside the reset product."""
    bias = bias_ih + bias_hh
    if isinstance(cell, GRUCell):
        H = cell.hidden_size
        bias[2 * H :] = bias_ih[2 * H :]
        cell.bias_hn.copy_(bias_hh[2 * H :])
    cell.bias.copy_(bias)


def cell_to_torch(cell: Cell) -> nn.Module:
    """The one-layer ``torch.nn`` network of ``cell``; see :meth:`Cell.to_torch`."""
    mode = cell.kernel_mode
    if mode is None or cell.has_edge_gate:
        raise InputError(
            "torch has no such cell",
            where="to_torch",
            value=repr(cell),
            remedy="RNNCell, LSTMCell and GRUCell(reset='after') can be exported",
        )
    kinds = {"lstm": nn.LSTM, "gru": nn.GRU}
    options = {"bias": cell.bias is not None}
    if mode in kinds:
        module = kinds[mode](cell.input_size, cell.hidden_size, **options)
    else:
        options["nonlinearity"] = mode.removeprefix("rnn_")
        module = nn.RNN(cell.input_size, cell.hidden_size, **options)
    module = module.to(cell.weight_ih)
    with torch.no_grad():
        for parameter, weight in zip(module.parameters(), cell.kernel_weights(), strict=True):
            parameter.copy_(weight)
    return module
