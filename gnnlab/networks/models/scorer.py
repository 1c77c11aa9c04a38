"""Scores of possible connections that a graph network has learned.

Legend: N nodes, P pairs, M negatives, F features, H hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import Tensor, nn

from gnnlab import training
from gnnlab.errors import FileFormatError, InputError, UnknownNameError
from gnnlab.networks.models.draws import NEGATIVES
from gnnlab.networks.models.encoders import Inputs
from gnnlab.networks.models.features import Features, scaled
from gnnlab.networks.models.learning import (
    BestWeights,
    Draw,
    SampledGraph,
    WholeGraph,
    link_loss,
)
from gnnlab.networks.models.model import LinkModel
from gnnlab.networks.models.neighbor_lists import NeighborLists
from gnnlab.networks.network import Network
from gnnlab.nn.check import check_edge_index

if TYPE_CHECKING:
    from gnnlab.networks.splits import Part

_NODES_AT_ONCE = 200_000  # whole graphs of more nodes are sampled
_NEIGHBORS = 10  # drawn in each step, unless asked for otherwise
_EVALUATE_EVERY = 2  # epochs
_BETWEEN_SEEDS = 1000  # of two members, so that those of neighbouring seeds are others


class GraphScorer(training.Estimator):
    r"""Learns from the connections of a network which others are likely.

    A graph network turns nodes into vectors :math:`h`, and a decoder looks at two of them:

    .. math::
        s_{uv} = \text{decoder}(h_u, h_v, N(u) \cap N(v)), \qquad h = \text{encoder}(x, A)

    Connections are learned in batches, and no batch is looked at through its own connections. A
    network without features gets learned vectors in their place. With a validation part, training
    ends when its figure does not rise any more, and the best weights are kept. Several models that
    learn from other weights and in other orders score better together: by the mean of their logits.

    Args:
        encoder: One of ``gnnlab.networks.models.ENCODERS``.
        decoder: One of ``gnnlab.networks.models.DECODERS``.
        hidden_channels: H, a multiple of 4.
        num_layers: Layers or steps of the encoder: how many connections far a node sees.
        dropout: Share of the numbers that is dropped in training, of the features as well.
        idf: Whether rare features count more.
        negatives: What connections are told apart from: ``"uniform"``, ``"hard"``, or a function
            of a network, a number and a NumPy generator that returns pairs.
        epochs: The most passes over the connections.
        patience: Evaluations, one every second epoch, without progress after which to stop.
        metric: What to stop by, a name that :func:`~gnnlab.networks.metrics.rank_metrics` knows.
        batch_size: Connections per iteration.
        learning_rate: Step size of Adam.
        num_neighbors: How many neighbours to draw per node in each step, in training only; by
            default the whole graph is used up to 200,000 nodes.
        ensemble_size: How many models learn, one after the other; fewer after Ctrl-C.
        seed: Seed of weights, orders and negatives.
        accelerator: ``"cpu"``, ``"gpu"`` or ``"auto"``.

    Attributes:
        models_: The :class:`LinkModel` of each member.
        histories_: The :class:`gnnlab.training.History` of each.
        num_parameters_: Number of trainable parameters of all of them.

    Example:
        >>> from gnnlab.networks import Network
        >>> friends = [[0, 0, 0, 1, 1, 2, 3, 4, 4, 5], [1, 2, 3, 2, 3, 3, 4, 5, 6, 6]]
        >>> network = Network.of(["Meg", "Jo", "Beth", "Amy", "Laurie", "Kate", "Ned"], friends)
        >>> scorer = GraphScorer(hidden_channels=16, epochs=20).fit(network)
        >>> scorer.score(torch.tensor([[0, 0], [4, 6]])).shape, scorer.embed().shape
        ((2,), torch.Size([7, 16]))
    """

    def __init__(
        self,
        encoder: str = "gcn",
        decoder: str = "common",
        hidden_channels: int = 256,
        num_layers: int = 1,
        dropout: float = 0.3,
        idf: bool = True,
        negatives: str | Draw = "uniform",
        epochs: int = 100,
        patience: int = 20,
        metric: str = "mrr",
        batch_size: int = 1024,
        learning_rate: float = 1e-3,
        num_neighbors: Sequence[int] | None = None,
        ensemble_size: int = 1,
        seed: int = 0,
        accelerator: str = "auto",
    ):
        self.encoder, self.decoder, self.hidden_channels = encoder, decoder, hidden_channels
        self.num_layers, self.dropout, self.idf = num_layers, dropout, idf
        self.negatives, self.epochs, self.patience = negatives, epochs, patience
        self.metric, self.batch_size, self.learning_rate = metric, batch_size, learning_rate
        self.num_neighbors, self.ensemble_size = num_neighbors, ensemble_size
        self.seed, self.accelerator = seed, accelerator

    def fit(
        self, network: Network, validation: Part | None = None, *, progress: bool | None = None
    ) -> Self:
        """Learns anew.

        Args:
            network: All that may be looked at: the training connections and nothing else.
            validation: Connections that are not in it, and pairs to tell them from; without it
                training takes all ``epochs``.
            progress: Whether to show a progress bar; by default if the output is a terminal.

        Raises:
            InputError: If a parameter makes no sense, or the network has no connection or no pair
                without one.
            UnknownNameError: If there is no such encoder, decoder, kind of negatives or metric.
            TrainingError: If the loss is not finite.
        """
        self._check()
        self._forget()
        if network.num_edges == 0:
            raise InputError(
                "a network without connections teaches nothing", where="network", value=network
            )
        self._read(network)
        self.histories_, models = [], []
        for member in range(self.ensemble_size):
            seed = self.seed + _BETWEEN_SEEDS * member
            models.append(self._learn(network, validation, seed, progress))
            if self.histories_[-1].interrupted:
                break
        self._keep(models)
        return self

    @torch.no_grad()
    def score(self, pairs: Tensor) -> np.ndarray:
        """How likely connections are.

        Args:
            pairs: ``[2, P]`` numbers of nodes.

        Returns:
            ``[P]`` logits; the same for (u, v) and (v, u).

        Raises:
            NotFittedError: Before ``fit``.
            ShapeError: If the pairs have another shape.
            InputError: If a number names no node.
        """
        self._require_fitted("models_")
        pairs = check_edge_index(pairs, self.inputs_.graph.num_nodes)
        members = zip(self.models_, self.h_, strict=True)
        logits = [model.score(h, self.inputs_, pairs) for model, h in members]
        return torch.stack(logits).mean(0).double().numpy()

    def embed(self) -> Tensor:
        """The nodes' vectors ``[N, H]``; of several models one after the other.

        They are scaled so that inner products are the mean of those of the models.

        Raises:
            NotFittedError: Before ``fit``.
        """
        self._require_fitted("models_")
        return torch.cat(self.h_, dim=1) / len(self.h_) ** 0.5

    def state(self) -> tuple[dict[str, Tensor], dict]:
        """All that was learned, for :func:`gnnlab.data.save_model`: tensors, and JSON's types.

        The network itself is not part of it.

        Raises:
            NotFittedError: Before ``fit``.
            InputError: If ``negatives`` is a function, which no file can hold.
        """
        self._require_fitted("models_")
        if callable(self.negatives):
            raise InputError(
                "a function cannot be stored",
                where="negatives",
                value=self.negatives,
                remedy="call set_params(negatives='uniform') first",
            )
        config = {"parameters": self.get_params(), "members": len(self.models_)}
        return dict(nn.ModuleList(self.models_).state_dict()), config

    @classmethod
    def restored(cls, tensors: Mapping[str, Tensor], config: Mapping, network: Network) -> Self:
        """The scorer whose :meth:`state` this is.

        Args:
            tensors: As ``state`` gave them.
            config: Likewise.
            network: The one that it was fitted to.

        Raises:
            FileFormatError: If they do not describe a scorer of such a network.
        """
        try:
            scorer = cls(**config["parameters"])
            scorer._check()
            scorer._read(network)
            if not 1 <= config["members"] <= len(tensors):
                raise ValueError(config["members"])
            # No memory is taken before the shapes have been held against the file's tensors.
            with torch.device("meta"):
                models = [scorer._build(network, 0) for _ in range(config["members"])]
            nn.ModuleList(models).load_state_dict(tensors, assign=True)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise FileFormatError(
                "this does not describe a scorer of such a network", where="tensors"
            ) from error
        scorer._keep(models)
        return scorer

    def _check(self) -> None:
        counts = ("hidden_channels", "num_layers", "epochs", "patience", "batch_size")
        for name in (*counts, "ensemble_size"):
            training.check_count(name, getattr(self, name))
        training.check_seed(self.seed)
        if self.hidden_channels % 4:
            raise InputError(
                "a multiple of 4 is needed", where="hidden_channels", value=self.hidden_channels
            )
        if not 0 <= self.dropout < 1:
            raise InputError("a share from 0 to below 1", where="dropout", value=self.dropout)
        if not callable(self.negatives) and self.negatives not in NEGATIVES:
            raise UnknownNameError.of("negatives", self.negatives, NEGATIVES)

    def _read(self, network: Network) -> None:
        """Keeps the network as the model reads it."""
        x = None if network.x is None else scaled(network.x, self.idf)
        self.inputs_ = Inputs(NeighborLists.of(network), None if x is None else Features.of(x))

    def _learn(
        self, network: Network, validation: Part | None, seed: int, progress: bool | None
    ) -> LinkModel:
        """One member."""
        model, batches = self._build(network, seed), self._batches(network, seed)
        best = None
        if validation is not None:
            best = BestWeights(self.inputs_, validation, self.metric, self.patience)
        history = training.fit(
            model,
            batches,
            link_loss,
            iterations=self.epochs * len(batches),
            learning_rate=self.learning_rate,
            max_norm=1.0,
            seed=seed,
            evaluate=None if best is None else best.evaluate,
            evaluate_every=_EVALUATE_EVERY * len(batches),
            stop=None if best is None else best.stop,
            progress=progress,
            accelerator=self.accelerator,
        )
        self.histories_.append(history)
        if best is not None and best.weights:  # none if the user stopped before the first look
            model.load_state_dict(best.weights)
        return model

    def _build(self, network: Network, seed: int) -> LinkModel:
        with training.seeded(seed):
            return LinkModel(
                0 if network.x is None else network.x.shape[1],
                network.num_nodes if network.x is None else 0,
                self.encoder,
                self.decoder,
                self.hidden_channels,
                self.num_layers,
                self.dropout,
                # Sampled neighbours tell a mean, but not how many there are.
                "row" if self._neighbors(network) else "sym",
            )

    def _neighbors(self, network: Network) -> list[int] | None:
        """How many neighbours to draw in each step; ``None`` for all at once."""
        if self.num_neighbors is not None:
            return list(self.num_neighbors)
        if network.num_nodes <= _NODES_AT_ONCE:
            return None
        return [_NEIGHBORS] * self.num_layers

    def _batches(self, network: Network, seed: int) -> WholeGraph | SampledGraph:
        draw = self.negatives if callable(self.negatives) else NEGATIVES[self.negatives]
        further = (self.batch_size, draw, training.stream(seed, "training"))
        neighbors = self._neighbors(network)
        if neighbors is None:
            return WholeGraph(network, self.inputs_, *further)
        return SampledGraph(network, self.inputs_.features, neighbors, *further)

    @torch.no_grad()
    def _keep(self, models: list[LinkModel]) -> None:
        self.models_ = [model.eval() for model in models]
        self.num_parameters_ = sum(model.num_parameters() for model in models)
        self.h_ = [model.encode(self.inputs_) for model in models]  # [N, H] each
