"""Scores of possible connections from random walks: nodes are read like words.

Legend: N nodes, W walks, T nodes of a walk, P pairs, H hidden.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from torch import Tensor

from gnnlab import training
from gnnlab.analysis.compare.walk_model import WalkModel, Walks, next_node_loss, random_walks
from gnnlab.errors import InputError
from gnnlab.networks import Network, Part, rank_metrics
from gnnlab.networks.predictor import score_part

#: How a pair is scored from the states of its nodes.
READINGS = ("next", "product")
_EVALUATE_EVERY = 5  # epochs
_PAIRS_AT_ONCE, _ROWS_AT_ONCE = 2**16, 2**10
_ROUNDS = 5  # walks from each node that its state is averaged over


class WalkScorer(training.Estimator):
    r"""Learns from random walks over a network which connections are likely.

    A :class:`WalkModel` learns to predict the next node. The state :math:`\bar h_u` of a node is
    the mean over visits to it in fresh walks, and a pair is scored in one of two ways, whichever
    tells the validation part better:

    .. math::
        s_{uv} = \tfrac{1}{2}\left(\log p(v \mid \bar h_u) + \log p(u \mid \bar h_v)\right)
        \quad \text{or} \quad \langle \bar h_u, \bar h_v \rangle

    Args:
        hidden_channels: H.
        length: T, nodes of a walk.
        epochs: The most passes; in each, one new walk starts at every node that has a neighbour.
        patience: Evaluations, one after each fifth epoch, without progress after which to stop.
        batch_size: Walks per iteration.
        learning_rate: Step size of Adam.
        dropout: Share of the numbers that is dropped in training.
        seed: Seed of weights and walks.

    Attributes:
        model_: The :class:`WalkModel`.
        reading_: One of :data:`READINGS`.
        h_: ``[N, H]`` the nodes' states.
        histories_: A list of one :class:`gnnlab.training.History`.
        num_parameters_: Number of trainable parameters.

    Example:
        >>> friends = [[0, 0, 1, 2, 3, 4, 4], [1, 2, 2, 3, 4, 5, 6]]
        >>> network = Network.of(["Pip", "Joe", "Biddy", "Herbert", "Clara", "Jaggers", "Wemmick"],
        ...                      friends)
        >>> scorer = WalkScorer(hidden_channels=8, length=5, epochs=10)
        >>> scorer.fit(network).score(torch.tensor([[0, 5], [3, 6]])).shape
        (2,)
    """

    def __init__(
        self,
        hidden_channels: int = 64,
        length: int = 12,
        epochs: int = 100,
        patience: int = 8,
        batch_size: int = 64,
        learning_rate: float = 5e-3,
        dropout: float = 0.3,
        seed: int = 0,
    ):
        self.hidden_channels, self.length, self.epochs = hidden_channels, length, epochs
        self.patience, self.batch_size = patience, batch_size
        self.learning_rate, self.dropout, self.seed = learning_rate, dropout, seed

    def fit(self, network: Network, validation: Part | None = None) -> Self:
        """Learns anew.

        Args:
            network: All that may be looked at.
            validation: Connections that are not in it, and pairs to tell them from, to choose the
                reading and the best weights by; without it the reading is ``"next"``.

        Raises:
            InputError: If a parameter makes no sense, or the network has no connection.
        """
        for name in ("hidden_channels", "length", "epochs", "patience", "batch_size"):
            training.check_count(name, getattr(self, name))
        if network.num_edges == 0 or self.length < 2:
            raise InputError(
                "there is no step to learn from",
                where="network",
                value=f"{network}, walks of {self.length} nodes",
            )
        self._forget()
        with training.seeded(self.seed):
            self.model_ = WalkModel(network.num_nodes, self.hidden_channels, self.dropout)
        self.num_parameters_ = self.model_.num_parameters()
        starts = np.tile(np.arange(network.num_nodes), _ROUNDS)
        fresh = random_walks(network, starts, self.length, training.stream(self.seed, "validation"))
        self.fresh_, self.reading_ = torch.from_numpy(fresh), READINGS[0]
        batches = Walks(network, self.length, self.batch_size, self.seed)
        best = _Best(self, validation)
        history = training.fit(
            self.model_,
            batches,
            next_node_loss,
            iterations=self.epochs * len(batches),
            learning_rate=self.learning_rate,
            max_norm=1.0,
            seed=self.seed,
            evaluate=None if validation is None else best.evaluate,
            evaluate_every=_EVALUATE_EVERY * len(batches),
            stop=None if validation is None else best.stop,
            progress=False,
            accelerator="cpu",
        )
        self.histories_ = [history]
        if best.weights:
            self.model_.load_state_dict(best.weights)
            self.reading_ = best.reading
        self.average()
        return self

    @torch.no_grad()
    def average(self) -> None:
        """Computes the nodes' states with the weights as they are."""
        nodes = self.fresh_.flatten()
        parts = [self.model_(walks) for walks in self.fresh_.split(_ROWS_AT_ONCE)]
        h = torch.cat(parts).flatten(0, 1)  # [W T, H]
        total = h.new_zeros(len(self.model_.bias), h.size(1)).index_add(0, nodes, h)
        self.h_ = total / nodes.bincount().unsqueeze(1)  # [N, H]
        parts = [self.model_.logits(part).logsumexp(1) for part in self.h_.split(_ROWS_AT_ONCE)]
        self.normalizer_ = torch.cat(parts)  # [N]

    @torch.no_grad()
    def score(self, pairs: Tensor) -> np.ndarray:
        """How likely connections are: ``[P]`` for pairs ``[2, P]``, the same in both directions.

        Raises:
            NotFittedError: Before ``fit``.
        """
        self._require_fitted("h_")
        parts = [self._score(*part) for part in pairs.split(_PAIRS_AT_ONCE, 1)]
        return torch.cat(parts).double().numpy()

    def _score(self, u: Tensor, v: Tensor) -> Tensor:
        h, e = self.h_, self.model_.embedding
        if self.reading_ == "product":
            return (h[u] * h[v]).sum(1)
        scores = (h[u] * e[v]).sum(1) + (h[v] * e[u]).sum(1)
        own = self.model_.bias - self.normalizer_
        return (scores + own[u] + own[v]) / 2


class _Best:
    """Keeps the weights and the reading of the best evaluation, and knows when to stop."""

    def __init__(self, scorer: WalkScorer, part: Part | None):
        self.scorer, self.part = scorer, part
        self.highest, self.waited = -np.inf, 0
        self.reading, self.weights = READINGS[0], {}

    def evaluate(self, model: WalkModel) -> dict[str, float]:
        """The mean reciprocal rank of the validation part by each reading."""
        self.scorer.average()
        self.waited += 1
        figures = {}
        for reading in READINGS:
            self.scorer.reading_ = reading
            value = rank_metrics(*score_part(self.scorer, self.part))["mrr"]
            figures[f"validation_mrr_{reading}"] = value
            if value > self.highest:
                self.highest, self.waited, self.reading = value, 0, reading
                self.weights = {k: v.detach().clone() for k, v in model.state_dict().items()}
        return figures

    def stop(self, figures: dict[str, float]) -> bool:
        """Whether patience has come to its end."""
        return self.waited >= self.scorer.patience
