"""Graph networks that turn the nodes of a network into vectors.

Legend: N nodes, F features, H hidden, L layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gnnlab.errors import UnknownNameError
from gnnlab.networks.models.features import FeatureMap, Features
from gnnlab.networks.models.neighbor_lists import NeighborLists
from gnnlab.nn import Adjacency, GATConv, GatedGraphConv, GRUCell, aggregate

_HEADS = 4


class Inputs(NamedTuple):
    """What an encoder reads.

    Attributes:
        graph: N nodes and their connections.
        features: Of these nodes, or ``None``.
        nodes: ``[N]`` which nodes of the whole network they are; ``None`` for all in order.
    """

    graph: NeighborLists
    features: Features | None = None
    nodes: Tensor | None = None

    def without(self, pairs: Tensor) -> Inputs:
        """Without the connections of the pairs ``[2, P]``."""
        return self._replace(graph=self.graph.without(pairs))

    def to(self, device: torch.device | str) -> Inputs:
        """The same on another device."""
        return Inputs(*(None if part is None else part.to(device) for part in self))


class NodeInput(nn.Module):
    r"""The first vectors of nodes, from features, learned vectors and degrees.

    .. math::
        h_v = \text{dropout}\big(\text{LayerNorm}(x_v W + e_v + w \log(1 + d_v) + b)\big)

    Nothing is cut off below zero here: products of two such vectors begin as similarities.

    Args:
        num_features: F; 0 for a network without features.
        num_embeddings: Number of learned vectors :math:`e_v`, one for each node of the whole
            network; 0 for none.
        hidden_channels: H.
        dropout: Share of the numbers that is dropped in training, of the features as well.
    """

    def __init__(
        self, num_features: int, num_embeddings: int, hidden_channels: int, dropout: float = 0.0
    ):
        super().__init__()
        H = hidden_channels
        self.features = FeatureMap(num_features, H, dropout) if num_features else None
        self.embedding = None
        if num_embeddings:
            self.embedding = nn.Parameter(torch.empty(num_embeddings, H))
            nn.init.normal_(self.embedding, std=0.02)
        self.degree = nn.Linear(1, H)
        # Random degrees would drown what similar features say; they come in as far as they help.
        nn.init.zeros_(self.degree.weight)
        nn.init.zeros_(self.degree.bias)
        self.norm = nn.LayerNorm(H)
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: Inputs) -> Tensor:
        """``[N, H]``."""
        degree = inputs.graph.degree.unsqueeze(1).to(self.degree.weight.dtype)  # [N, 1]
        h = self.degree(degree.log1p())
        if self.features is not None:
            h = h + self.features(inputs.features)
        if self.embedding is not None:
            nodes = inputs.nodes
            h = h + (self.embedding if nodes is None else self.embedding.index_select(0, nodes))
        return self.dropout(self.norm(h))


class LinearGCN(nn.Module):
    r"""Means over neighbourhoods without weights, of which all steps are used.

    .. math::
        h^{(l)} = \hat{A} h^{(l-1)}, \qquad \text{out} = \sum_{l=0}^{L} \alpha_l h^{(l)}

    The shares :math:`\alpha` are learned (jumping knowledge, `Xu et al., 2018
    <https://arxiv.org/abs/1806.03536>`_, on the simplified convolution of `Wu et al., 2019
    <https://arxiv.org/abs/1902.07153>`_). :math:`\hat{A}` is that of
    :class:`~gnnlab.nn.GCNConv`.
    """

    def __init__(self, hidden_channels: int, num_layers: int, dropout: float, normalize: str):
        super().__init__()
        self.normalize = normalize
        self.share = nn.Parameter(torch.ones(num_layers + 1))

    def forward(self, h: Tensor, adjacency: Adjacency) -> Tensor:
        """``[N, H]``."""
        adjacency = adjacency.normalized(self.normalize, h.dtype)
        out = self.share[0] * h
        for share in self.share[1:]:
            h = aggregate(adjacency, h)
            out = out + share * h
        return out


class AttentionLayers(nn.Module):
    r"""Graph attention, each layer added to what it was given.

    .. math::
        h^{(l)} = h^{(l-1)} + \text{dropout}(\text{relu}(\text{GAT}_l(h^{(l-1)}, A)))
    """

    def __init__(self, hidden_channels: int, num_layers: int, dropout: float, normalize: str):
        super().__init__()
        H = hidden_channels
        self.layers = nn.ModuleList(
            GATConv(H, H // _HEADS, heads=_HEADS) for _ in range(num_layers)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: Tensor, adjacency: Adjacency) -> Tensor:
        """``[N, H]``."""
        for layer in self.layers:
            h = h + self.dropout(layer(h, adjacency).relu())
        return h


class GatedSteps(nn.Module):
    r"""A recurrent cell as node update: :class:`~gnnlab.nn.GatedGraphConv` with a GRU.

    The messages are averaged, so that nodes with thousands of neighbours do not drown the cell.
    """

    def __init__(self, hidden_channels: int, num_layers: int, dropout: float, normalize: str):
        super().__init__()
        self.normalize = normalize
        self.conv = GatedGraphConv(GRUCell(hidden_channels, hidden_channels), num_layers)
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: Tensor, adjacency: Adjacency) -> Tensor:
        """``[N, H]``."""
        return self.dropout(self.conv(h, adjacency.normalized(self.normalize, h.dtype)))


class NoLayers(nn.Module):
    r"""No look at the neighbours, :math:`h + \text{dropout}(\text{relu}(W h + b))`."""

    def __init__(self, hidden_channels: int, num_layers: int, dropout: float, normalize: str):
        super().__init__()
        self.linear = nn.Linear(hidden_channels, hidden_channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: Tensor, adjacency: Adjacency) -> Tensor:
        """``[N, H]``."""
        return h + self.dropout(self.linear(h).relu())


def make_encoder(
    name: str, hidden_channels: int, num_layers: int, dropout: float, normalize: str = "sym"
) -> nn.Module:
    """The layers of one of ``ENCODERS``, which take ``(h, adjacency)``.

    Raises:
        UnknownNameError: If there is no such encoder.
    """
    if name not in ENCODERS:
        raise UnknownNameError.of("encoder", name, ENCODERS)
    return ENCODERS[name](hidden_channels, num_layers, dropout, normalize)


#: Name -> function of hidden_channels, num_layers, dropout, and how neighbours are averaged.
ENCODERS: dict[str, Callable[[int, int, float, str], nn.Module]] = {
    "gcn": LinearGCN,
    "gat": AttentionLayers,
    "gated": GatedSteps,
    "none": NoLayers,
}
