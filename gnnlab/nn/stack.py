"""Recurrent layers on top of each other as one object.

Legend: N nodes, F input, H hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from gnnlab.errors import InputError
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.cell import Cell, State
from gnnlab.nn.cells import make_cell
from gnnlab.nn.recurrent import RecurrentConv
from gnnlab.nn.schedule import Schedule


class GraphRNN(nn.Module):
    r"""A stack of :class:`RecurrentConv` layers: ``nn.LSTM(num_layers=2)`` for any graph.

    .. math::
        H^{(0)} = X, \qquad H^{(l+1)} = \text{RecurrentConv}_l(\text{dropout}(H^{(l)}))

    with dropout between the layers only, as in ``torch.nn``. (Not the generative model of the same
    name, `You et al., 2018 <https://arxiv.org/abs/1802.08773>`_.)

    Args:
        input_size: Width F of the nodes' input.
        hidden_size: Width H of each layer's state in each direction.
        num_layers: Number of layers.
        cell: Name of the cell, one of ``CELLS``.
        bidirectional: Whether every layer runs on the reversed graph as well.
        dropout: Probability to drop a number between two layers.
        executor: See :class:`RecurrentConv`.

    Shape:
        - x: :math:`(N, F)`; edge_index as in :class:`RecurrentConv`; state: a list with the state
          of every layer; output: :math:`(N, H)`, or :math:`(N, 2H)` if bidirectional.

    Example:
        >>> lstm = GraphRNN(3, 5, num_layers=2, cell="lstm")
        >>> out, states = lstm(torch.randn(6, 3), Schedule.from_lengths([4, 2]), return_state=True)
        >>> out.shape, len(states)
        (torch.Size([6, 5]), 2)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        cell: str = "lstm",
        bidirectional: bool = False,
        dropout: float = 0.0,
        executor: str = "auto",
    ):
        super().__init__()
        if not isinstance(num_layers, int) or num_layers < 1:
            raise InputError("at least one layer", where="num_layers", value=repr(num_layers))
        if not 0 <= dropout < 1:
            raise InputError("a probability below 1", where="dropout", value=dropout)
        width = hidden_size * (2 if bidirectional else 1)
        self.layers = nn.ModuleList(
            RecurrentConv(
                make_cell(cell, width if layer else input_size, hidden_size),
                bidirectional=bidirectional,
                executor=executor,
            )
            for layer in range(num_layers)
        )
        self.dropout = nn.Dropout(dropout)

    @classmethod
    def from_torch(cls, module: nn.RNNBase) -> GraphRNN:
        """Copies an ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` with all its layers and directions.

        Example:
            >>> GraphRNN.from_torch(torch.nn.LSTM(3, 5, num_layers=2, bidirectional=True))
            GraphRNN(3, 5, num_layers=2, cell=LSTMCell, bidirectional=True)
        """
        if not isinstance(module, nn.RNNBase):
            raise InputError("not a recurrent torch.nn network", where="module", value=repr(module))
        stack = cls(1, 1, module.num_layers, dropout=module.dropout)
        stack.layers = nn.ModuleList()
        for layer in range(module.num_layers):
            conv = RecurrentConv(Cell.from_torch(module, layer), module.bidirectional)
            if module.bidirectional:
                conv.cell_reverse = Cell.from_torch(module, layer, reverse=True)
            stack.layers.append(conv)
        return stack

    @property
    def in_channels(self) -> int:
        """F: width of the input."""
        return self.layers[0].in_channels

    @property
    def out_channels(self) -> int:
        """Width of the output: H, or 2H if bidirectional."""
        return self.layers[-1].out_channels

    def reset_parameters(self) -> None:
        """Draws the parameters of all layers anew."""
        for layer in self.layers:
            layer.reset_parameters()

    def num_parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(layer.num_parameters() for layer in self.layers)

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor | Adjacency | Schedule,
        state: Sequence[State] | None = None,
        return_state: bool = False,
    ) -> Tensor | tuple[Tensor, list[State]]:
        """The last layer's hidden states, with ``return_state`` also all layers' leaving states."""
        schedule = Schedule.of(edge_index, x.size(0))
        if state is not None and len(state) != len(self.layers):
            raise InputError(
                f"there are {len(self.layers)} layers, each with a state",
                where="state",
                value=f"{len(state)} states",
            )
        states = []
        for number, layer in enumerate(self.layers):
            x = self.dropout(x) if number else x
            entering = None if state is None else state[number]
            if return_state:
                x, leaving = layer(x, schedule, entering, return_state=True)
                states.append(leaving)
            else:
                x = layer(x, schedule, entering)
        return (x, states) if return_state else x

    def __repr__(self) -> str:
        first = self.layers[0]
        extras = ", bidirectional=True" if first.bidirectional else ""
        extras += f", dropout={self.dropout.p}" if self.dropout.p else ""
        return (
            f"GraphRNN({self.in_channels}, {first.cell.hidden_size}, "
            f"num_layers={len(self.layers)}, cell={type(first.cell).__name__}{extras})"
        )
