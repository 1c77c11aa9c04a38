"""How a link model learns: batches of connections, the loss, and when to stop.

Legend: B connections of a batch, P positives, M negatives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch_geometric.data import Data
from torch_geometric.loader import LinkNeighborLoader

from gnnlab.errors import UnknownNameError
from gnnlab.networks.metrics import rank_metrics
from gnnlab.networks.models.encoders import Inputs
from gnnlab.networks.models.features import Features
from gnnlab.networks.models.model import LinkModel
from gnnlab.networks.models.neighbor_lists import NeighborLists
from gnnlab.networks.network import Network
from gnnlab.nn import NeighborSampler
from gnnlab.nn.check import check_edge_index

if TYPE_CHECKING:
    from gnnlab.networks.splits import Part

#: From a network, a number and a generator to pairs without a connection.
Draw = Callable[[Network, int, np.random.Generator], Tensor]
#: The graph that is looked at, connections [2, B], and as many pairs without one.
Batch = tuple[Inputs, Tensor, Tensor]


class WholeGraph:
    """Batches of connections beside the whole graph, in a new random order in each epoch.

    Args:
        network: What to learn.
        inputs: All of it.
        batch_size: B; the last batch of an epoch may be smaller.
        draw: Draws as many negatives as there are connections.
        generator: Draws orders and negatives.
    """

    def __init__(
        self,
        network: Network,
        inputs: Inputs,
        batch_size: int,
        draw: Draw,
        generator: np.random.Generator,
    ):
        self.network, self.inputs, self.batch_size = network, inputs, batch_size
        self.draw, self.generator = draw, generator

    def __len__(self) -> int:
        return -(-self.network.num_edges // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        count = self.network.num_edges
        order = torch.from_numpy(self.generator.permutation(count))
        negative = self.draw(self.network, count, self.generator)
        for places in order.split(self.batch_size):
            yield self.inputs, self.network.edge_index[:, places], negative[:, places]


class SampledGraph:
    """The same batches beside the sampled neighbourhoods of their nodes, for large graphs.

    PyG's ``LinkNeighborLoader`` with the package's own :class:`~gnnlab.nn.NeighborSampler`.

    Args:
        network: What to learn.
        features: Of its nodes, or ``None``.
        num_neighbors: How many neighbours to draw, one number per step.
        batch_size: B.
        draw: Draws as many negatives as there are connections.
        generator: Draws orders, negatives and the seed of the sampler.
    """

    def __init__(
        self,
        network: Network,
        features: Features | None,
        num_neighbors: Sequence[int],
        batch_size: int,
        draw: Draw,
        generator: np.random.Generator,
    ):
        self.network, self.features, self.batch_size = network, features, batch_size
        self.num_neighbors, self.draw, self.generator = list(num_neighbors), draw, generator
        both = torch.cat([network.edge_index, network.edge_index.flip(0)], 1)
        self.data = Data(edge_index=both, num_nodes=network.num_nodes)
        seed = int(generator.integers(2**62))
        self.sampler = NeighborSampler(self.data, self.num_neighbors, seed=seed)
        self.epoch = 0

    def __len__(self) -> int:
        return -(-self.network.num_edges // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return self.share(0, 1)

    def share(self, rank: int, count: int) -> Iterator[Batch]:
        """The batches of one of several processes; neighbours are sampled for these alone."""
        self.sampler.set_epoch(self.epoch)
        self.epoch += 1
        total = self.network.num_edges
        order = torch.from_numpy(self.generator.permutation(total))
        negative = self.draw(self.network, total, self.generator)
        # Connections and negatives alternate, so that every batch holds as many of both.
        pairs = torch.stack([self.network.edge_index[:, order], negative], 2).flatten(1)
        own = pairs.split(2 * self.batch_size, dim=1)[rank::count]
        loader = LinkNeighborLoader(
            self.data,
            self.num_neighbors,
            neighbor_sampler=self.sampler,
            edge_label_index=torch.cat(own, dim=1) if own else pairs[:, :0],
            batch_size=2 * self.batch_size,
        )
        for part in loader:
            ends = part.edge_label_index.view(2, -1, 2)
            yield self._inputs(part), ends[:, :, 0], ends[:, :, 1]

    def _inputs(self, part: Data) -> Inputs:
        graph = NeighborLists.from_edge_index(part.edge_index, part.num_nodes)
        features = None if self.features is None else self.features.take(part.n_id)
        return Inputs(graph, features, part.n_id)


def link_loss(model: LinkModel, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    r"""The cross-entropy of connections and negatives, looked at without these connections.

    .. math::
        \ell = -\frac{1}{B} \sum_{(u, v) \in B^+} \log \sigma(s_{uv})
               -\frac{1}{B} \sum_{(u, v) \in B^-} \log(1 - \sigma(s_{uv}))

    All scores are those of the graph without the connections of the batch: otherwise the model
    would learn to see the very connection that it is asked about.
    """
    inputs, positive, negative = batch
    scores = model(inputs.without(positive), torch.cat([positive, negative], 1))  # [2 B]
    count = positive.size(1)
    loss = functional.softplus(-scores[:count]).mean() + functional.softplus(scores[count:]).mean()
    return loss, {}


class BestWeights:
    """Keeps the weights of the best evaluation, and knows when to stop.

    Args:
        inputs: The graph that scores are computed from.
        part: Connections that the graph does not show, and what to tell them from.
        metric: One of the names that :func:`~gnnlab.networks.metrics.rank_metrics` returns.
        patience: Evaluations without a better figure after which to stop.

    Raises:
        InputError: If a pair names no node.
    """

    def __init__(self, inputs: Inputs, part: Part, metric: str, patience: int):
        self.inputs, self.metric, self.patience = inputs, metric, patience
        num_nodes = inputs.graph.num_nodes
        self.positive = check_edge_index(part.positive, num_nodes)  # [2, P]
        # Each positive's own negatives, [2, P, M], follow each other in one list.
        self.negative = check_edge_index(part.negative.flatten(1), num_nodes)
        self.shape = part.negative.shape[1:]
        self.highest, self.waited = -np.inf, 0
        self.weights: dict[str, Tensor] = {}

    def evaluate(self, model: LinkModel) -> dict[str, float]:
        """The figure of the model as it is.

        Raises:
            UnknownNameError: If there is no such figure for such negatives.
        """
        inputs = self.inputs.to(next(model.parameters()).device)
        h = model.encode(inputs)
        positive, negative = (
            model.score(h, inputs, pairs.to(h.device)).cpu().numpy()
            for pairs in (self.positive, self.negative)
        )
        figures = rank_metrics(positive, negative.reshape(self.shape))
        if self.metric not in figures:
            raise UnknownNameError.of("metric", self.metric, figures)
        value = figures[self.metric]
        self.waited += 1
        if value > self.highest:
            self.highest, self.waited = value, 0
            self.weights = {k: v.detach().clone() for k, v in model.state_dict().items()}
        return {f"validation_{self.metric}": value}

    def stop(self, figures: dict[str, float]) -> bool:
        """Whether patience has come to its end."""
        return self.waited >= self.patience
