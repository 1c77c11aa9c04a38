"""From a network to suggestions of new connections, in the scikit-learn habit.

Legend: N nodes, E connections, P pairs, M negatives of each, S scores.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Self

import numpy as np
import torch
from torch import Tensor

from gnnlab import training
from gnnlab.data import load_model, save_model
from gnnlab.errors import InputError
from gnnlab.networks import storage
from gnnlab.networks.candidates import Candidates
from gnnlab.networks.evidence import Evidence, make_scorers, usual_scorers
from gnnlab.networks.metrics import rank_metrics
from gnnlab.networks.models import GraphScorer
from gnnlab.networks.network import Network
from gnnlab.networks.splits import LinkSplit, Part, given_split
from gnnlab.networks.stack import Stack
from gnnlab.networks.suggesting import Suggester

_SHARE = 0.1  # of the connections that are hidden at a time, to learn from
_ENOUGH = 2000  # hidden connections to learn from
_MOST_FOLDS = 5
_FEW_FOLDS = 2  # graph networks learn anew in each
_HARD = 100  # negatives of each end of a hidden connection
_SKIPPED = 2  # of each end, which are harder than those
_UNIFORM = 50
_BUDGET = 2e8  # hidden connections times connections: hard negatives are searched around each


class LinkPredictor(Suggester):
    r"""Learns from the connections of a network which ones are missing.

    Several scorers look at each pair, from shared neighbours to the similarity of features, and a
    :class:`~gnnlab.networks.stack.Stack` weighs what they say. It learns from connections that were
    taken out of the network beforehand, so that no scorer has seen them, ranked among pairs that
    look like connections but are none; in small networks this is done several times. Where the
    connections have times, the latest ones are taken out. Then the scorers look at the whole
    network.

    Args:
        scorers: Names of ``gnnlab.networks.SCORERS``; by default those that suit the network.
        graph: A graph network that is learned as a further scorer: its encoder, one of
            ``gnnlab.networks.models.ENCODERS``, or parameters of a
            :class:`gnnlab.networks.GraphScorer`, such as ``{"decoder": "dot"}``. By default none.
        seed: Seed of all that is drawn.

    Attributes:
        network_: What it was fitted to.
        evidence_: The scorers, fitted.
        stack_: How their scores are combined.

    Example:
        >>> from gnnlab.networks import load_les_miserables
        >>> predictor = LinkPredictor().fit(load_les_miserables())
        >>> suggestions = predictor.suggest("Cosette", k=3)
        >>> list(suggestions.columns)
        ['node', 'suggestion', 'probability', 'score']
    """

    def __init__(
        self,
        scorers: Sequence[str] | None = None,
        graph: str | Mapping[str, object] | None = None,
        seed: int = 0,
    ):
        self.scorers, self.graph, self.seed = scorers, graph, seed

    def fit(self, network: Network) -> Self:
        """Learns anew.

        Args:
            network: All that may be looked at. For an honest test pass ``split.message``.

        Raises:
            InputError: If the network is too small to hide some of its connections, or lacks what
                a scorer needs.
            UnknownNameError: If there is no such scorer or encoder.
        """
        self._forget()
        training.check_seed(self.seed)
        self._make_evidence(network)  # names are checked before any work is done
        if network.num_edges < 2 or network.num_nodes < 4:
            raise InputError(
                "there are too few connections to learn from",
                where="network",
                value=network,
                remedy="at least 2 connections and 4 nodes are needed; scorers work without",
            )
        folds = take_apart(network, self.graph is not None, self.seed)
        tables = [self._look(past, rows) for past, rows in folds]
        fewest = min(negative.shape[1] for _, negative in tables)
        positive = np.concatenate([positive for positive, _ in tables])
        negative = np.concatenate([negative[:, :fewest] for _, negative in tables])
        evidence = self._make_evidence(network)
        self.stack_ = Stack(self.seed).fit(positive, negative, evidence.is_rising)
        self._keep(network, evidence.fit(network))
        return self

    def score(self, pairs: Tensor) -> np.ndarray:
        """How likely pairs are connected: ``[P]`` for pairs ``[2, P]``, higher for likelier.

        Raises:
            NotFittedError: Before ``fit``.
        """
        self._require_fitted("stack_")
        return self.stack_.score(self.evidence_.table(pairs))

    def predict(self, pairs: Sequence[tuple[Hashable, Hashable]]) -> np.ndarray:
        """The probability ``[P]`` of each pair of names, if half of all pairs were connections.

        Raises:
            NotFittedError: Before ``fit``.
            UnknownNameError: If there is no such node.
        """
        self._require_fitted("stack_")
        nodes = [[self.network_.node(name) for name in pair] for pair in pairs]
        numbers = torch.tensor(nodes, dtype=torch.int64).reshape(-1, 2).t()
        return self.stack_.probability(self.score(numbers))

    def evaluate(self, part: Part) -> dict[str, float]:
        """How well the pairs of a part are told apart: :func:`gnnlab.networks.rank_metrics`.

        Raises:
            NotFittedError: Before ``fit``.
        """
        positive, negative = score_part(self, part)
        return rank_metrics(positive, negative)

    def save(self, path: str | os.PathLike) -> None:
        """Writes all that was learned to one file, names and network included.

        Raises:
            NotFittedError: Before ``fit``.
            InputError: If names are neither text nor whole numbers.
        """
        self._require_fitted("stack_")
        save_model(path, *storage.describe(self))

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Reads a predictor that :meth:`save` wrote.

        Raises:
            InputError: If there is no such file.
            FileFormatError: If the file is damaged or holds something else.
        """
        return storage.restore(cls, *load_model(path), str(path))

    def _make_evidence(self, network: Network) -> Evidence:
        names = usual_scorers(network) if self.scorers is None else list(self.scorers)
        scorers = make_scorers(names)
        if self.graph is not None:
            options = {"encoder": self.graph} if isinstance(self.graph, str) else self.graph
            scorers["graph"] = GraphScorer(seed=self.seed).set_params(**options)
        return Evidence(scorers)

    def _look(self, network: Network, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Hides connections, and scores them ``[P, S]`` and their negatives ``[P, M, S]``."""
        split = hide(network, rows, self.seed)
        evidence = self._make_evidence(network).fit(split.message)
        positive, negative = split.valid.positive, split.valid.negative  # [2, P], [2, P, M]
        table = evidence.table(torch.cat([positive, negative.flatten(1)], dim=1))
        first = positive.size(1)
        return table[:first], table[first:].reshape(*negative.shape[1:], -1)

    def _keep(self, network: Network, evidence: Evidence) -> None:
        self.network_, self.evidence_ = network, evidence
        graph = evidence.scorers.get("graph")
        self.candidates_ = Candidates().fit(network, None if graph is None else graph.embed())


def hide(network: Network, rows: np.ndarray, seed: int) -> LinkSplit:
    """Hides the connections of some rows, and draws pairs to tell them from.

    Among the pairs without a connection that look most like one are those that miss it, which is
    what all this is about. So the hardest of each end are left out; the next ones follow, and some
    uniform ones.
    """
    nothing = torch.empty(2, 0, dtype=torch.int64)
    split = given_split(network, network.edge_index[:, rows], nothing, seed, negatives="hard")
    positive, hard = split.valid.positive, split.valid.negative  # [2, P], [2, P, M]
    half = hard.size(2) // 2
    skip = min(_SKIPPED, half // 4)
    ends = [hard[:, :, first + skip : first + half][:, :, :_HARD] for first in (0, half)]
    others = np.random.default_rng(seed).integers(network.num_nodes, size=(len(rows), _UNIFORM))
    uniform = torch.stack([positive[:1].t().expand(others.shape), torch.from_numpy(others)])
    wrong = network.connected(uniform.flatten(1)) | (uniform[0] == uniform[1]).flatten().numpy()
    last = hard[:, :, -1:].expand(uniform.shape)
    uniform = torch.where(torch.from_numpy(wrong).reshape(others.shape), last, uniform)
    return LinkSplit(split.message, Part(positive, torch.cat([*ends, uniform], dim=2)), split.test)


def score_part(scorer, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """The scores ``[P]`` of a part's positives, and ``[M]`` or ``[P, M]`` of its negatives."""
    negative = scorer.score(part.negative.flatten(1))
    return scorer.score(part.positive), negative.reshape(part.negative.shape[1:])


def take_apart(network: Network, is_slow: bool, seed: int) -> Iterator[tuple[Network, np.ndarray]]:
    """Networks, and the rows of their connections that are to be hidden.

    Where there are times, the latest connections are hidden, and then those before them in what was
    there by then: what it takes to foresee is not what it takes to fill gaps.
    """
    most = min(_ENOUGH, int(_BUDGET / network.num_edges))
    hidden = max(1, min(int(_SHARE * network.num_edges), most))
    most_folds = _FEW_FOLDS if is_slow else _MOST_FOLDS
    num_folds = min(most_folds, network.num_edges // (hidden + 1), max(1, most // hidden))
    if network.edge_time is None:
        order = np.random.default_rng(seed).permutation(network.num_edges)
        for rows in np.split(order[: hidden * num_folds], num_folds):
            yield network, np.sort(rows)
        return
    order = np.argsort(network.edge_time.numpy(), kind="stable")
    for fold in range(num_folds):
        past = np.sort(order[: len(order) - fold * hidden])
        latest = order[len(past) - hidden : len(past)]
        yield network.only(network.edge_index[:, past]), np.searchsorted(past, np.sort(latest))
