"""The network that scores pairs of nodes: an input, an encoder and a decoder.

Legend: N nodes, P pairs, H hidden.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gnnlab.networks.models.decoders import make_decoder
from gnnlab.networks.models.encoders import Inputs, NodeInput, make_encoder

_PAIRS_AT_ONCE = 2**14


class LinkModel(nn.Module):
    r"""Scores of pairs of nodes.

    .. math::
        s_{uv} = \text{decoder}(h_u, h_v, N(u) \cap N(v)), \qquad
        h = \text{encoder}(\text{input}(x), A)

    Args:
        num_features: Width of the features; 0 for none.
        num_embeddings: Number of learned vectors of nodes; 0 for none.
        encoder: One of ``ENCODERS``.
        decoder: One of ``DECODERS``.
        hidden_channels: H.
        num_layers: Layers or steps of the encoder.
        dropout: Share of the numbers that is dropped in training.
        normalize: How neighbours are averaged, as in :class:`~gnnlab.nn.GCNConv`.
    """

    def __init__(
        self,
        num_features: int,
        num_embeddings: int,
        encoder: str = "gcn",
        decoder: str = "common",
        hidden_channels: int = 256,
        num_layers: int = 1,
        dropout: float = 0.3,
        normalize: str = "sym",
    ):
        super().__init__()
        H = hidden_channels
        self.input = NodeInput(num_features, num_embeddings, H, dropout)
        self.encoder = make_encoder(encoder, H, num_layers, dropout, normalize)
        self.decoder = make_decoder(decoder, H, dropout)

    def encode(self, inputs: Inputs) -> Tensor:
        """The nodes' vectors ``[N, H]``."""
        return self.encoder(self.input(inputs), inputs.graph.adjacency)

    def forward(self, inputs: Inputs, pairs: Tensor) -> Tensor:
        """The logits ``[P]`` of pairs ``[2, P]``."""
        return self.decoder(self.encode(inputs), inputs.graph, pairs)

    @torch.no_grad()
    def score(self, h: Tensor, inputs: Inputs, pairs: Tensor) -> Tensor:
        """The logits ``[P]`` from vectors that are known, in parts that fit into memory."""
        parts = [self.decoder(h, inputs.graph, part) for part in pairs.split(_PAIRS_AT_ONCE, 1)]
        return torch.cat(parts) if parts else h.new_empty(0)

    def num_parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)
