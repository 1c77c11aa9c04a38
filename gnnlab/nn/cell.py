"""The contract of a cell: what a node makes of its own input and of the messages that reach it.

Legend: N nodes, F input size, H hidden size, G number of gates.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from gnnlab.errors import InputError, ShapeError
from gnnlab.nn.check import check_dtype, check_width

#: The state of N nodes: the hidden state first, then whatever else the cell remembers, each [N, H].
State = tuple[Tensor, ...]


class Cell(nn.Module):
    r"""A node-update function: from a node's input and its incoming state to its next state.

    .. math::
        s_v = \text{update}\big(\text{project}(x_v), \sum_{u \to v} \text{message}(s_u, x_v)\big)

    :meth:`project` is the part that needs no state, so that a layer computes it for all nodes in
    one product. :meth:`message` is what a node sends along an edge, by default its state; a cell
    with a gate for every edge overrides it. On a path graph a node has one predecessor, and this is
    the usual step of a recurrent network: ``cell(x, state) -> state``.

    A cell has one bias per gate (torch has two, whose sum is what counts).

    Args:
        input_size: Width F of a node's input.
        hidden_size: Width H of a node's state.
        bias: If ``False``, the gates have no bias.

    Shape:
        - x: :math:`(N, F)`; state: a tuple of :math:`(N, H)`, zeros if left out.
        - output: a tuple of :math:`(N, H)`, hidden state first.
    """

    state_names: tuple[str, ...] = ("h",)
    gate_names: tuple[str, ...] = ()
    #: Whether the next state is an affine, elementwise function of the state, so that scans apply.
    affine = False
    #: Whether :meth:`message` is more than the sender's state.
    has_edge_gate = False
    #: Which of torch's fused kernels computes exactly this cell: "lstm", "gru", "rnn_tanh", ...
    kernel_mode: str | None = None

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True):
        super().__init__()
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if not isinstance(size, int) or size < 1:
                raise InputError("a size is a whole number from 1", where=name, value=repr(size))
        self.input_size, self.hidden_size = input_size, hidden_size
        self._make_parameters(bias)
        self.reset_parameters()

    def _make_parameters(self, bias: bool) -> None:
        H, G = self.hidden_size, len(self.gate_names)
        self.weight_ih = nn.Parameter(torch.empty(G * H, self.input_size))
        self.weight_hh = nn.Parameter(torch.empty(G * H, H))
        self.bias = nn.Parameter(torch.empty(G * H)) if bias else None

    def reset_parameters(self) -> None:
        r"""Draws all parameters uniformly from :math:`\pm 1/\sqrt{H}`, as torch.nn does."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def num_parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def project(self, x: Tensor) -> Tensor:
        """The part of the gates that depends on the input alone, bias included: ``[N, G*H]``."""
        return functional.linear(x, self.weight_ih, self.bias)

    def message(self, state: State, projected: Tensor) -> State:
        """What travels along each edge, from the sender's state and the receiver's projection."""
        return state

    def update(self, projected: Tensor, state: State) -> tuple[State, tuple[Tensor, ...]]:
        """The next state, and the gate activations in the order of ``gate_names``."""
        raise NotImplementedError

    def begin(self, projected: Tensor) -> tuple[State, tuple[Tensor, ...]]:
        """:meth:`update` from zeros, which a cell may know a shorter way to."""
        return self.update(projected, self.initial_state(projected))

    def affine_coefficients(self, projected: Tensor) -> tuple[Tensor, Tensor]:
        """For affine cells: ``(a, b)`` of the step ``h = a * h_previous + b``, each ``[N, H]``."""
        raise NotImplementedError

    def kernel_weights(self) -> tuple[Tensor, ...]:
        """``weight_ih, weight_hh[, bias_ih, bias_hh]`` as the kernel of ``kernel_mode`` wants them.

        The kernels have two biases, of which only the sum counts: the second one is zero.
        """
        if self.bias is None:
            return self.weight_ih, self.weight_hh
        return self.weight_ih, self.weight_hh, self.bias, torch.zeros_like(self.bias)

    def initial_state(self, projected: Tensor) -> State:
        """Zeros for every row of ``projected``."""
        zeros = projected.new_zeros(projected.size(0), self.hidden_size)
        return (zeros,) * len(self.state_names)

    def check_state(self, state: State | Tensor, num_rows: int, where: str = "state") -> State:
        """Returns ``state`` as a tuple after checking the number and the shape of its tensors."""
        state = (state,) if isinstance(state, Tensor) else tuple(state)
        shapes = [list(tensor.shape) if isinstance(tensor, Tensor) else tensor for tensor in state]
        if shapes != [[num_rows, self.hidden_size]] * len(self.state_names):
            names = ", ".join(self.state_names)
            raise ShapeError(
                f"the state of {type(self).__name__} is ({names}), "
                f"each [{num_rows}, {self.hidden_size}]",
                where=where,
                value=shapes,
            )
        return state

    def forward(
        self, x: Tensor, state: State | Tensor | None = None, return_gates: bool = False
    ) -> State | tuple[State, dict[str, Tensor]]:
        """One step: the next state, with ``return_gates`` also the activations by gate name.

        Raises:
            ShapeError, DtypeError: If x or the state do not fit the cell.
        """
        check_width(x, self.input_size)
        check_dtype(x, self.weight_ih)
        projected = self.project(x)  # [N, G*H]
        if state is None:
            state, gates = self.begin(projected)
        else:
            state = self.message(self.check_state(state, x.size(0)), projected)
            state, gates = self.update(projected, state)
        if not return_gates:
            return state
        return state, dict(zip(self.gate_names, gates, strict=True))

    def extra_repr(self) -> str:
        """The sizes, as ``torch.nn`` prints them."""
        bias = "" if self.bias is not None else ", bias=False"
        return f"{self.input_size}, {self.hidden_size}{bias}"

    @classmethod
    def from_torch(cls, module: nn.Module, layer: int = 0, reverse: bool = False) -> Cell:
        """Copies a ``torch.nn`` cell, or one layer and direction of a ``torch.nn`` network.

        Args:
            module: ``nn.RNN``, ``nn.LSTM``, ``nn.GRU``, ``nn.RNNCell``, ``nn.LSTMCell`` or
                ``nn.GRUCell``.
            layer: Which layer of the network.
            reverse: Which direction of a bidirectional network.

        Raises:
            InputError: If the module is another one, has projections, or lacks that layer.

        Example:
            >>> Cell.from_torch(torch.nn.LSTM(3, 5))
            LSTMCell(3, 5)
        """
        from gnnlab.nn.torch_weights import cell_from_torch

        return cell_from_torch(module, layer, reverse, expected=cls)

    def to_torch(self) -> nn.Module:
        """A one-layer ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` that computes the same numbers.

        Raises:
            InputError: If torch has no such cell.

        Example:
            >>> LSTMCell(3, 5).to_torch()
            LSTM(3, 5)
        """
        from gnnlab.nn.torch_weights import cell_to_torch

        return cell_to_torch(self)
