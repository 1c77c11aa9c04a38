"""Random walks over a network, and a recurrent network that predicts where they go.

Legend: N nodes, W walks, T nodes of a walk, B walks of a batch, H hidden.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from gnnlab import training
from gnnlab.networks import Network
from gnnlab.nn import GRUCell, RecurrentConv
from gnnlab.sequences.paths import equal_paths


def random_walks(
    network: Network, starts: np.ndarray, length: int, generator: np.random.Generator
) -> np.ndarray:
    """Walks along connections, each step to a random neighbour.

    Args:
        network: Where to walk. Who has no neighbour stays.
        starts: ``[W]`` the first node of each walk.
        length: T, the first node included.
        generator: Draws the steps.

    Returns:
        ``[W, T]`` int64.

    Example:
        >>> network = Network.of(["Dante", "Virgil", "Statius"], [[0], [1]])
        >>> random_walks(network, np.array([1, 2]), 4, np.random.default_rng(0)).tolist()
        [[1, 0, 1, 0], [2, 2, 2, 2]]
    """
    neighbors, first = network.adjacency.indices, network.adjacency.indptr
    starts = np.asarray(starts, dtype=np.int64)
    walks = np.repeat(starts[:, None], training.check_count("length", length), axis=1)  # [W, T]
    # Whoever has a neighbour meets only nodes that have one, too.
    moving = np.flatnonzero(network.degree[starts])
    node = starts[moving]
    for step in range(1, length):
        choice = (generator.random(len(node)) * network.degree[node]).astype(np.int64)
        node = neighbors[first[node] + choice]
        walks[moving, step] = node
    return walks


class WalkModel(nn.Module):
    r"""Predicts the next node of a walk from all nodes so far.

    .. math::
        h_t = \text{GRU}(e_{w_t}, h_{t-1}), \qquad
        p(w_{t+1} = v \mid w_1 \ldots w_t) = \text{softmax}_v(\langle e_v, h_t \rangle + b_v)

    The same vectors :math:`e` are read and predicted.

    Args:
        num_nodes: N.
        hidden_channels: H, the width of vectors and states.
        dropout: Share of the numbers of vectors and states that is dropped in training.

    Shape:
        - walks: :math:`(B, T)`; output: :math:`(B, T, H)`, the states.
    """

    def __init__(self, num_nodes: int, hidden_channels: int, dropout: float = 0.3):
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(num_nodes, hidden_channels))
        nn.init.normal_(self.embedding, std=hidden_channels**-0.5)
        self.bias = nn.Parameter(torch.zeros(num_nodes))
        self.recurrent = RecurrentConv(GRUCell(hidden_channels, hidden_channels))
        self.dropout = nn.Dropout(dropout)

    def forward(self, walks: Tensor) -> Tensor:
        """The state at each node of each walk."""
        x = self.dropout(self.embedding[walks.flatten()])  # [B T, H]
        h = self.recurrent(x, equal_paths(*walks.shape))  # every walk is a path graph
        return self.dropout(h).view(*walks.shape, -1)

    def logits(self, h: Tensor) -> Tensor:
        """What comes next, ``[..., N]``, before the softmax."""
        return h @ self.embedding.t() + self.bias

    def num_parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)


class Walks:
    """Fresh walks in batches, one from each node that has a neighbour, in random order.

    Args:
        network: Where to walk.
        length: T.
        batch_size: B; the last batch of an epoch may be smaller.
        seed: Draws orders and steps.
    """

    def __init__(self, network: Network, length: int, batch_size: int, seed: int):
        self.network, self.length, self.batch_size = network, length, batch_size
        self.starts = np.flatnonzero(network.degree)
        self.generator = training.stream(seed, "training")

    def __len__(self) -> int:
        return -(-len(self.starts) // self.batch_size)

    def __iter__(self) -> Iterator[Tensor]:
        starts = self.generator.permutation(self.starts)
        walks = random_walks(self.network, starts, self.length, self.generator)
        yield from torch.from_numpy(walks).split(self.batch_size)


def next_node_loss(model: WalkModel, walks: Tensor) -> tuple[Tensor, dict[str, float]]:
    """The cross-entropy of each node of the walks ``[B, T]`` but the first, given those before."""
    logits = model.logits(model(walks)[:, :-1])  # [B, T - 1, N]
    return functional.cross_entropy(logits.flatten(0, 1), walks[:, 1:].flatten()), {}
