"""Deep graph networks as they come from initialisation: what smooths and squashes, and what not.

Legend: N nodes, E edges, H channels.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gnnlab.errors import UnknownNameError
from gnnlab.nn import GATConv, GatedGraphConv, GCNConv, GRUCell
from gnnlab.training import check_count, seeded


class DeepNetwork(nn.Module):
    r"""A convolution after the other, with a tanh in between.

    .. math::
        h^{(k + 1)} = \tanh\big(\text{conv}_k(h^{(k)}, A)\big)

    ``gated`` has one convolution that is used again and again, a GRU as node update, and no tanh of
    its own.

    Args:
        name: One of :data:`DEEP`.
        channels: H.
        num_layers: How many convolutions, or how often the one is used.

    Raises:
        UnknownNameError: If there is no such network.
        InputError: If a number is no count.

    Example:
        >>> network = DeepNetwork("gcn", channels=4, num_layers=3)
        >>> network(torch.ones(2, 4), torch.tensor([[0, 1], [1, 0]])).shape
        torch.Size([2, 4])
    """

    def __init__(self, name: str, channels: int, num_layers: int):
        super().__init__()
        if name not in DEEP:
            raise UnknownNameError.of("deep network", name, DEEP)
        channels, num_layers = check_count("channels", channels), check_count("depth", num_layers)
        make, self.is_tied = DEEP[name]
        self.num_layers = num_layers
        count = 1 if self.is_tied else num_layers
        self.layers = nn.ModuleList(make(channels) for _ in range(count))

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """``[N, H]`` from ``[N, H]``."""
        for number in range(self.num_layers):
            if self.is_tied:
                x = self.layers[0](x, edge_index)
            else:
                x = torch.tanh(self.layers[number](x, edge_index))
        return x


def make_deep(name: str, channels: int, num_layers: int, seed: int = 0) -> DeepNetwork:
    """A :class:`DeepNetwork` whose weights are those of a seed."""
    with seeded(seed):
        return DeepNetwork(name, channels, num_layers)


def _gated(channels: int) -> nn.Module:
    return GatedGraphConv(GRUCell(channels, channels), steps=1)


#: Name -> how a convolution is made from H, and whether there is only one.
DEEP: dict[str, tuple[Callable[[int], nn.Module], bool]] = {
    "gcn": (lambda channels: GCNConv(channels, channels), False),
    "gcn-self": (lambda channels: GCNConv(channels, channels, self_weight=True), False),
    "gat": (lambda channels: GATConv(channels, channels), False),
    "gated": (_gated, True),
}
