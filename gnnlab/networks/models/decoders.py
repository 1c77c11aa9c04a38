"""From the vectors of two nodes to the score of their connection; symmetric in the two.

Legend: N nodes, P pairs, H hidden.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gnnlab.errors import UnknownNameError
from gnnlab.networks.models.neighbor_lists import NeighborLists
from gnnlab.nn.product import multiply


class DotDecoder(nn.Module):
    r"""The inner product (`Kipf & Welling, 2016 <https://arxiv.org/abs/1611.07308>`_).

    .. math::
        s_{uv} = \langle h_u, h_v \rangle / \sqrt{H} + b

    Shape:
        - h: :math:`(N, H)`; pairs: :math:`(2, P)`; output: :math:`(P,)`

    Example:
        >>> from gnnlab.networks import Network
        >>> network = Network.of(["Emma", "Harriet"], [[0], [1]])
        >>> decoder = DotDecoder(4, dropout=0.0)
        >>> decoder(torch.ones(2, 4), NeighborLists.of(network), torch.tensor([[0], [1]])).tolist()
        [2.0]
    """

    def __init__(self, hidden_channels: int, dropout: float):
        super().__init__()
        self.scale = hidden_channels**-0.5
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, h: Tensor, graph: NeighborLists, pairs: Tensor) -> Tensor:
        """The scores ``[P]``."""
        return products(h, pairs).sum(1) * self.scale + self.bias


class MLPDecoder(nn.Module):
    r"""A learned function of the products, :math:`s_{uv} = \text{MLP}(h_u \odot h_v)`.

    Shape:
        - h: :math:`(N, H)`; pairs: :math:`(2, P)`; output: :math:`(P,)`
    """

    def __init__(self, hidden_channels: int, dropout: float):
        super().__init__()
        self.pair = block(hidden_channels, dropout)
        self.head = nn.Linear(hidden_channels, 1)

    def forward(self, h: Tensor, graph: NeighborLists, pairs: Tensor) -> Tensor:
        """The scores ``[P]``."""
        return self.head(self.pair(products(h, pairs))).squeeze(1)


class CommonDecoder(nn.Module):
    r"""Also looks at the common neighbours (`Wang et al., 2024 <https://arxiv.org/abs/2302.00890>`_).

    .. math::
        s_{uv} = \text{MLP}\Big(f(h_u \odot h_v) +
            \beta\, g\big(\sum_{w \in N(u) \cap N(v)} h_w\big)\Big)

    with layers f and g, and a learned number :math:`\beta`. A connection between u and v itself
    has no part in it.

    Shape:
        - h: :math:`(N, H)`; pairs: :math:`(2, P)`; output: :math:`(P,)`
    """

    def __init__(self, hidden_channels: int, dropout: float):
        super().__init__()
        self.pair, self.shared = (block(hidden_channels, dropout) for _ in range(2))
        self.beta = nn.Parameter(torch.ones(()))
        self.head = nn.Sequential(block(hidden_channels, dropout), nn.Linear(hidden_channels, 1))

    def forward(self, h: Tensor, graph: NeighborLists, pairs: Tensor) -> Tensor:
        """The scores ``[P]``."""
        shared = multiply(graph.common(pairs), h)  # [P, H]
        z = self.pair(products(h, pairs)) + self.beta * self.shared(shared)
        return self.head(z).squeeze(1)


def products(h: Tensor, pairs: Tensor) -> Tensor:
    r""":math:`h_u \odot h_v`, ``[P, H]``."""
    return h.index_select(0, pairs[0]) * h.index_select(0, pairs[1])


def block(channels: int, dropout: float) -> nn.Sequential:
    """A linear map, normalised, cut off below zero, and thinned out in training."""
    return nn.Sequential(
        nn.Linear(channels, channels), nn.LayerNorm(channels), nn.ReLU(), nn.Dropout(dropout)
    )


def make_decoder(name: str, hidden_channels: int, dropout: float) -> nn.Module:
    """The decoder of one of ``DECODERS``.

    Raises:
        UnknownNameError: If there is no such decoder.
    """
    if name not in DECODERS:
        raise UnknownNameError.of("decoder", name, DECODERS)
    return DECODERS[name](hidden_channels, dropout)


#: Name -> function of hidden_channels and dropout.
DECODERS: dict[str, Callable[[int, float], nn.Module]] = {
    "dot": DotDecoder,
    "mlp": MLPDecoder,
    "common": CommonDecoder,
}
