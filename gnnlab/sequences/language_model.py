"""The network that predicts the next character.

Legend: N nodes of all sequences, B sequences, T steps, V known characters, H hidden.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from gnnlab.nn import GraphRNN, Schedule, State


class Window(NamedTuple):
    """B pieces of text side by side, as path graphs."""

    x: Tensor  # [B * T] characters, sequence after sequence
    y: Tensor  # [B * T] the characters that follow them
    schedule: Schedule
    fresh: Tensor | None = None  # [B] which do not go on from the windows before


class CharacterModel(nn.Module):
    r"""Embedding, stacked recurrent layers over path graphs, output map.

    .. math::
        x_t = E_{s_t}, \qquad h^{(l)}_t = \text{cell}_l(h^{(l-1)}_t, h^{(l)}_{t-1}), \qquad
        p(s_{t+1} \mid s_1 \dots s_t) = \text{softmax}(W_{ph} h_t + b_p)

    The last row of the embedding stands for every character that was not in the training text.

    Args:
        num_symbols: V.
        embedding_size: Width of the embedding.
        hidden_size: H.
        num_layers: Number of recurrent layers.
        cell: Name of the cell, one of ``gnnlab.nn.CELLS``.
        dropout: Share of the numbers between the layers that is dropped in training.

    Shape:
        - x: :math:`(N)` numbers of characters; output: :math:`(N, V)`, the logits.

    Example:
        >>> model = CharacterModel(num_symbols=5, hidden_size=8)
        >>> logits, states = model(torch.tensor([0, 1, 2, 3]), Schedule.from_lengths([4]))
        >>> logits.shape, len(states)
        (torch.Size([4, 5]), 2)
    """

    def __init__(
        self,
        num_symbols: int,
        embedding_size: int = 64,
        hidden_size: int = 128,
        num_layers: int = 2,
        cell: str = "lstm",
        dropout: float = 0.0,
    ):
        super().__init__()
        self.embedding = nn.Embedding(num_symbols + 1, embedding_size)
        self.recurrent = GraphRNN(
            embedding_size, hidden_size, num_layers=num_layers, cell=cell, dropout=dropout
        )
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden_size, num_symbols)

    @property
    def num_symbols(self) -> int:
        """V: the number of known characters."""
        return self.output.out_features

    def num_parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def forward(
        self, x: Tensor, schedule: Schedule, state: list[State] | None = None
    ) -> tuple[Tensor, list[State]]:
        """The logits of the next character at every node, and the state at the ends."""
        h, states = self.recurrent(self.embedding(x), schedule, state, return_state=True)  # [N, H]
        return self.output(self.dropout(h)), states

    def step(self, x: Tensor, state: list[State] | None) -> tuple[Tensor, list[State]]:
        """One character further in B texts at once: ``[B]`` to logits ``[B, V]``.

        The same numbers as :meth:`forward` on longer and longer texts, at a cost that does not
        depend on what came before.
        """
        h, states = self.embedding(x), []
        for number, layer in enumerate(self.recurrent.layers):
            states.append(layer.cell(h, None if state is None else state[number]))
            h = states[-1][0]
        return self.output(h), states

    @torch.no_grad()
    def average_unknown(self) -> None:
        """Lets a character that was never seen enter as the mean of all that were."""
        self.embedding.weight[-1] = self.embedding.weight[:-1].mean(0)
