r"""Models that foresee connections: space, time, and both, with equally many parameters.

Each turns a network's windows into vectors of the nodes after every window, in which nothing later
has a part, and learns by foreseeing each window from those before it.

Legend: N nodes, P pairs, T windows, F input, H hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from gnnlab import training
from gnnlab.analysis.compare.temporal_windows import Windows
from gnnlab.networks import Network, Part, rank_metrics
from gnnlab.networks.models import DECODERS
from gnnlab.nn import Adjacency, GatedGraphConv, GCNConv, GRUCell
from gnnlab.nn.graph_recurrent import GraphRecurrentConv

_DECODER = "mlp"
_DROPOUT = 0.3
_LEARNING_RATE = 0.005
_EVALUATE_EVERY = 5
_PATIENCE = 8
_GATED_STEPS = 2


class SpaceAndTime(nn.Module):
    r"""A GRU over the windows whose maps are graph convolutions: :class:`GraphRecurrentConv`."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = GraphRecurrentConv(GRUCell(channels, channels))

    def forward(self, x: Tensor, windows: Windows) -> Tensor:
        """``[T, N, H]`` from ``[T, N, F]``."""
        return self.conv(x, windows.graphs)[0]


class Time(SpaceAndTime):
    """The same layer without the edges: every node runs its GRU alone."""

    def forward(self, x: Tensor, windows: Windows) -> Tensor:
        """``[T, N, H]`` from ``[T, N, F]``."""
        nobody = torch.empty(2, 0, dtype=torch.int64)
        return self.conv(x, Adjacency.from_edge_index(nobody, windows.num_nodes))[0]


class Space(nn.Module):
    """Two graph convolutions on the union of all windows so far: a static graph network.

    The width between the two gives it as many parameters as the recurrent layer.
    """

    def __init__(self, channels: int):
        super().__init__()
        # 2 H M + M + H of two convolutions = 6 H^2 + 4 H of a GRU.
        width = round((6 * channels + 3) * channels / (2 * channels + 1))
        self.first, self.second = GCNConv(channels, width), GCNConv(width, channels)

    def forward(self, x: Tensor, windows: Windows) -> Tensor:
        """``[T, N, H]`` from ``[T, N, F]``."""
        pairs = zip(x, windows.unions, strict=True)
        return torch.stack([self.second(self.first(h, graph).relu(), graph) for h, graph in pairs])


class Gated(nn.Module):
    """A GRU as node update on the union of all windows so far: :class:`GatedGraphConv`."""

    def __init__(self, channels: int):
        super().__init__()
        # 4 H M + 3 H^2 + 4 H of messages and GRU = 6 H^2 + 4 H of a GRU.
        self.conv = GatedGraphConv(GRUCell(round(channels * 3 / 4), channels), _GATED_STEPS)

    def forward(self, x: Tensor, windows: Windows) -> Tensor:
        """``[T, N, H]`` from ``[T, N, F]``."""
        graphs = (graph.normalized("sym", x.dtype) for graph in windows.unions)
        return torch.stack([self.conv(h, graph) for h, graph in zip(x, graphs, strict=True)])


#: Name -> function of the width F = H.
ENCODERS: dict[str, Callable[[int], nn.Module]] = {
    "space-and-time": SpaceAndTime,
    "space": Space,
    "time": Time,
    "gated": Gated,
}


class Forecaster(nn.Module):
    r"""Scores of pairs after each window.

    .. math::
        x_{vt} = \text{LayerNorm}(e_v + W f_{vt} + b), \qquad
        h_{vt} = x_{vt} + \text{encoder}(x)_{vt}, \qquad
        s_{uvt} = \text{MLP}(h_{ut} \odot h_{vt})

    with a learned vector :math:`e_v` of each node, and how active it was in each window,
    :math:`f_{vt}`. All but the encoder is the same in all models.

    Args:
        encoder: One of :data:`ENCODERS`.
        num_nodes: N.
        channels: The width F = H of all vectors.
    """

    def __init__(self, encoder: str, num_nodes: int, channels: int):
        super().__init__()
        self.embedding = nn.Parameter(torch.empty(num_nodes, channels))
        nn.init.normal_(self.embedding, std=0.1)
        self.activity = nn.Linear(2, channels)
        self.norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(_DROPOUT)
        self.encoder = ENCODERS[encoder](channels)
        self.decoder = DECODERS[_DECODER](channels, _DROPOUT)

    def forward(self, windows: Windows) -> Tensor:
        """The vectors ``[T, N, H]`` after each window."""
        x = self.dropout(self.norm(self.embedding + self.activity(windows.features)))
        return x + self.dropout(self.encoder(x, windows))

    @torch.no_grad()
    def score(self, windows: Windows, pairs: Tensor) -> np.ndarray:
        """The logits ``[P]`` of pairs ``[2, P]`` after the last window."""
        return self.decoder(self(windows)[-1], None, pairs).double().numpy()


class Lesson(NamedTuple):
    """All windows but the last, and for each of them pairs of the next: ``[2, P]`` each."""

    windows: Windows
    positive: list[Tensor]
    negative: list[Tensor]


class Lessons:
    """The next windows to be foreseen, beside other pairs without a connection in each epoch.

    As in validation and test, only nodes are asked for that have met someone before: their new
    connections, and as many pairs without one. All models of a seed get the same.
    """

    def __init__(self, network: Network, windows: Windows, seed: int):
        self.generator = training.stream(seed, "training")
        self.windows = Windows(windows.num_nodes, windows.connections[:-1])
        grown = [
            network.only(torch.cat(windows.connections[: t + 1], 1)) for t in range(len(windows))
        ]
        self.nodes = [np.flatnonzero(known.degree) for known in grown[:-1]]
        self.connected = grown[1:]
        self.positive = [
            pairs[:, np.isin(pairs, nodes).all(0)]
            for pairs, nodes in zip(windows.connections[1:], self.nodes, strict=True)
        ]

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Lesson]:
        yield Lesson(self.windows, self.positive, [self._draw(t) for t in range(len(self.nodes))])

    def _draw(self, t: int) -> Tensor:
        """As many pairs as there are positives, less the few that turn out to be connected."""
        nodes, count = self.nodes[t], self.positive[t].size(1)
        drawn = nodes[self.generator.integers(len(nodes), size=(2, count))]
        free = (drawn[0] != drawn[1]) & ~self.connected[t].connected(drawn)
        return torch.from_numpy(drawn[:, free])


def foresee(model: Forecaster, lesson: Lesson) -> tuple[Tensor, dict[str, float]]:
    """The cross-entropy of the connections of each next window, and of the negatives beside them.

    A connection that is asked for lies later than all that the model has looked at, so that no
    model is shown the answer.
    """
    h, losses = model(lesson.windows), []
    for sign, pairs in ((-1, lesson.positive), (1, lesson.negative)):
        scores = [model.decoder(now, None, p) for now, p in zip(h, pairs, strict=True)]
        losses.append(functional.softplus(sign * torch.cat(scores)).mean())
    return sum(losses), {}


class Best:
    """Keeps the weights of the highest mean reciprocal rank on the validation part."""

    def __init__(self, windows: Windows, part: Part):
        self.windows, self.part = windows, part
        self.highest, self.waited, self.weights = -np.inf, 0, {}

    def evaluate(self, model: Forecaster) -> dict[str, float]:
        """The figure of the model as it is."""
        pairs = torch.cat([self.part.positive, self.part.negative.flatten(1)], dim=1)
        count = self.part.positive.size(1)
        scores = model.score(self.windows, pairs)
        negative = scores[count:].reshape(self.part.negative.shape[1:])
        value = rank_metrics(scores[:count], negative)["mrr"]
        self.waited += 1
        if value > self.highest:
            self.highest, self.waited = value, 0
            self.weights = {k: v.detach().clone() for k, v in model.state_dict().items()}
        return {"validation_mrr": value}

    def stop(self, figures: dict[str, float]) -> bool:
        """Whether patience has come to its end."""
        return self.waited >= _PATIENCE


def learn(
    encoder: str,
    network: Network,
    windows: Windows,
    valid: Part,
    *,
    channels: int,
    epochs: int,
    seed: int,
) -> Forecaster:
    """A model of a network's windows, as it was when it foresaw the validation part best.

    Args:
        encoder: One of :data:`ENCODERS`.
        network: What to learn from.
        windows: The same in windows.
        valid: Later connections, to choose the epoch by.
        channels: The width of all vectors.
        epochs: The most epochs; each foresees every window once.
        seed: That of the weights, the negatives and dropout.

    Raises:
        KeyboardInterrupt: If the user stops the training.
        TrainingError: If the loss is not finite.
    """
    with training.seeded(seed):
        model = Forecaster(encoder, network.num_nodes, channels)
    best = Best(windows, valid)
    history = training.fit(
        model,
        Lessons(network, windows, seed),
        foresee,
        iterations=epochs,
        learning_rate=_LEARNING_RATE,
        max_norm=1.0,
        seed=seed,
        evaluate=best.evaluate,
        evaluate_every=_EVALUATE_EVERY,
        stop=best.stop,
        progress=False,
        accelerator="cpu",
    )
    if history.interrupted:  # half a training is no fair comparison
        raise KeyboardInterrupt
    model.load_state_dict(best.weights)
    return model.eval()
