r"""The network that decides how a molecule grows: recurrent layers on the graph of its events.

Legend: N events, H hidden, A actions, P kinds of predecessors, C properties asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from gnnlab.molecules.encoder import Categories
from gnnlab.nn import RecurrentConv, Schedule, make_cell
from gnnlab.nn.cell import State

#: The states of an event, layer by layer.
Memory = list[State]


class GrowthModel(nn.Module):
    r"""Recurrent layers on the event graph, and a choice among the legal actions.

    .. math::
        s_v^{(1)} = \text{cell}\big(x_v, \textstyle\sum_{u \to v} s_u^{(1)}\big), \qquad
        s_v^{(2)} = \text{cell}\big(h_v^{(1)}, \textstyle\sum_{u \to v} s_u^{(2)}\big), \qquad
        p(a \mid v) \propto \exp\big(W \textstyle\sum_l h_v^{(l)} + b\big)_a
        \ \text{for legal } a

    An event's state depends on earlier events only. So :meth:`forward`, all events of many
    molecules level by level, and :meth:`step`, one event per molecule from remembered states, give
    the same numbers.

    Args:
        columns: Name and number of categories of what is read at an event.
        num_actions: A.
        num_properties: C, how many properties can be asked for.
        cell: One of ``gnnlab.nn.CELLS``. ``"gru"`` learned most in equal time; ``"childsum"`` has a
            gate for every edge.
        hidden_channels: H.
        num_layers: Number of layers.
        embedding_channels: Width of what the first layer reads.
        dropout: Share of the numbers that is dropped between layers in training.

    Shape:
        - features: :math:`(N, \text{columns})` whole numbers; condition: :math:`(N, 2C)`
        - output: :math:`(N, A)` logits.

    Example:
        >>> model = GrowthModel({"action": 5, "type": 3}, num_actions=4, hidden_channels=8)
        >>> path = Schedule.from_lengths([3])
        >>> features = torch.tensor([[4, 0], [1, 2], [3, 1]])
        >>> model(features, path).shape
        torch.Size([3, 4])
    """

    def __init__(
        self,
        columns: Mapping[str, int],
        num_actions: int,
        num_properties: int = 0,
        cell: str = "gru",
        hidden_channels: int = 512,
        num_layers: int = 2,
        embedding_channels: int = 128,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.events = Categories(columns, embedding_channels)
        self.condition = None
        if num_properties:
            self.condition = nn.Linear(2 * num_properties, embedding_channels)
        sizes = [embedding_channels] + [hidden_channels] * (num_layers - 1)
        self.layers = nn.ModuleList(
            RecurrentConv(make_cell(cell, size, hidden_channels)) for size in sizes
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_channels, num_actions)

    def forward(
        self, features: Tensor, schedule: Schedule, condition: Tensor | None = None
    ) -> Tensor:
        """The logits ``[N, A]`` of all events of a graph of events."""
        x, total = self._read(features, condition), 0.0
        for layer in self.layers:
            x = self.dropout(layer(x, schedule))  # [N, H]
            total = total + x
        return self.head(total)

    def step(
        self,
        features: Tensor,
        predecessors: Sequence[tuple[Tensor, Memory]],
        condition: Tensor | None = None,
    ) -> tuple[Tensor, Memory]:
        """The logits ``[N, A]`` of one event of each of N molecules, and what to remember.

        Args:
            features: ``[N, columns]``.
            predecessors: P kinds of edges into the events: which events have one, ``[n]``, and
                the memory at the other ends.
            condition: ``[N, 2C]``.
        """
        x, total, memory = self._read(features, condition), 0.0, []
        for number, layer in enumerate(self.layers):
            cell = layer.cell
            projected = cell.project(x)
            incoming = cell.initial_state(projected)
            for rows, remembered in predecessors:
                message = cell.message(remembered[number], projected[rows])
                incoming = tuple(
                    i.index_add(0, rows, m) for i, m in zip(incoming, message, strict=True)
                )
            state, _ = cell.update(projected, incoming)
            memory.append(state)
            x = state[0]
            total = total + x
        return self.head(total), memory

    def _read(self, features: Tensor, condition: Tensor | None) -> Tensor:
        x = self.events(features)  # [N, F]
        if self.condition is None:
            return x
        if condition is None:  # nothing is asked for
            condition = x.new_zeros(len(x), self.condition.in_features)
        return x + self.condition(condition)

    def num_parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)
