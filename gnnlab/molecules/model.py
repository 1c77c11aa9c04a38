"""The network that predicts properties: atoms to vectors, vectors to one, one to properties.

Legend: N atoms, B molecules, H hidden, D further features of a molecule, T properties.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnlab.molecules.encoder import make_encoder
from gnnlab.nn import readout


class PropertyModel(nn.Module):
    r"""A graph network, a readout, and two layers.

    .. math::
        z = \sum_v h_v \ \Vert\ d, \qquad \hat y = W_2\,\text{relu}(W_1 z + b_1) + b_2

    Args:
        out_channels: T.
        encoder: One of ``gnnlab.molecules.encoder.ENCODERS``.
        hidden_channels: H.
        num_layers: Layers or steps of the encoder.
        dropout: Share of the numbers that is dropped in training.
        num_descriptors: D, the width of d.
        pooling: ``"mean"``, ``"sum"`` or ``"max"`` over the atoms.

    Shape:
        - batch: B molecules; descriptors: :math:`(B, D)`, or ``None`` if D is 0
        - output: :math:`(B, T)`.
    """

    def __init__(
        self,
        out_channels: int = 1,
        encoder: str = "bonds",
        hidden_channels: int = 128,
        num_layers: int = 3,
        dropout: float = 0.0,
        num_descriptors: int = 0,
        pooling: str = "sum",
    ):
        super().__init__()
        self.encoder = make_encoder(encoder, hidden_channels, num_layers, dropout)
        self.pooling = pooling
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(hidden_channels + num_descriptors, hidden_channels),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_channels, out_channels),
        )

    def forward(self, batch: Batch, descriptors: Tensor | None = None) -> Tensor:
        """The properties ``[B, T]``, scaled as in training; logits of classes."""
        h = self.encoder(batch)  # [N, H]
        z = readout(h, batch.batch, batch.num_graphs, self.pooling)  # [B, H]
        if descriptors is not None:
            z = torch.cat([z, descriptors], dim=1)  # [B, H + D]
        return self.head(z)

    def num_parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)
