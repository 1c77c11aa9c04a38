"""From a network to suggestions of new connections, in the scikit-learn habit.

Legend: N nodes, E connections, P pairs, M negatives of each, S scores.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from typing import Self

import numpy as np
import torch
from torch import Tensor

from gnnlab import training
from gnnlab.data import load_model, save_model
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.networks import storage
from gnnlab.networks.candidates import Candidates
from gnnlab.networks.evidence import Evidence, make_scorers, usual_scorers
from gnnlab.networks.hiding import NEGATIVES, draw_negatives, take_apart, take_out
from gnnlab.networks.metrics import rank_metrics, ranks
from gnnlab.networks.models import GraphScorer
from gnnlab.networks.network import Network
from gnnlab.networks.splits import Part
from gnnlab.networks.stack import Stack
from gnnlab.networks.suggesting import Suggester

#: Shares of a node's connections that may be missing; the first is the usual one.
_MISSING = (0.08, 0.0)

#: A kind of negatives, and the share that may be missing.
Choice = tuple[str, float]


class LinkPredictor(Suggester):
    r"""Learns from the connections of a network which ones are missing.

    Several scorers look at each pair, from shared neighbours to the similarity of features, and a
    :class:`~gnnlab.networks.stack.Stack` weighs what they say. It learns from connections that were
    taken out of the network beforehand, so that no scorer has seen them, ranked among pairs that
    look like connections but are none; in small networks this is done several times. Where the
    connections have times, the latest ones are taken out. Then the scorers look at the whole
    network.

    Among the pairs without a connection that look most like one are those that miss it, which is
    what all this is about. So the most similar ones of each node, as many as it may miss, are not
    learned from.

    To rank pairs that all look alike is one task, and to find connections among any pairs another:
    who has learned for one can be far behind in the other, so ``negatives`` names the one.

    Args:
        scorers: Names of ``gnnlab.networks.SCORERS``; by default those that suit the network.
        graph: A graph network that is learned as a further scorer: its encoder, one of
            ``gnnlab.networks.models.ENCODERS``, or parameters of a
            :class:`gnnlab.networks.GraphScorer`, such as ``{"decoder": "dot"}``. By default none.
        negatives: What connections are told apart from in learning: ``"hard"``, pairs that look
            like connections, as suggestions do, or ``"uniform"``, any pairs. By default hard ones,
            or, where there are validation pairs, what does better on them by more than the standard
            error of the difference.
        missing: How many connections a node may miss, as a share of those it has, which matters
            to hard negatives. By default 0.08, or, where there are validation pairs, likewise 0.
        seed: Seed of all that is drawn.

    Attributes:
        network_: What it was fitted to.
        negatives_: The kind that was taken.
        missing_: The share that was taken.
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
        negatives: str | None = None,
        missing: float | None = None,
        seed: int = 0,
    ):
        self.scorers, self.graph, self.negatives = scorers, graph, negatives
        self.missing, self.seed = missing, seed

    def fit(self, network: Network, validation: Part | None = None) -> Self:
        """Learns anew.

        Args:
            network: All that may be looked at. For an honest test pass ``split.message``.
            validation: Pairs to choose ``negatives`` and ``missing`` by, such as ``split.valid``:
                their mean reciprocal rank. They are not learned from, and may be none.

        Raises:
            InputError: If the network is too small to hide some of its connections, or lacks what
                a scorer needs, or ``missing`` is no share.
            UnknownNameError: If there is no such scorer, encoder or kind of negatives.
        """
        self._forget()
        training.check_seed(self.seed)
        has_validation = validation is not None and validation.positive.size(1) > 0
        choices = self._choices(has_validation)
        self._make_evidence(network)  # names are checked before any work is done
        if network.num_edges < 2 or network.num_nodes < 4:
            raise InputError(
                "there are too few connections to learn from",
                where="network",
                value=network,
                remedy="at least 2 connections and 4 nodes are needed; scorers work without",
            )
        folds = take_apart(network, self.graph is not None, self.seed)
        is_timed = network.edge_time is not None
        tables = [self._look(past, rows, choices, is_timed) for past, rows in folds]
        evidence = self._make_evidence(network)
        stacks = {
            choice: _combine([table[choice] for table in tables], evidence.is_rising, self.seed)
            for choice in choices
        }
        self._keep(network, evidence.fit(network))
        best = self._choose(stacks, validation) if len(stacks) > 1 else choices[0]
        (self.negatives_, self.missing_), self.stack_ = best, stacks[best]
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

    def _choices(self, has_validation: bool) -> list[Choice]:
        """Which ``negatives`` and ``missing`` are to be tried."""
        kinds, shares = NEGATIVES, _MISSING
        if self.negatives is not None:
            if self.negatives not in NEGATIVES:
                raise UnknownNameError.of("kind of negatives", self.negatives, NEGATIVES)
            kinds = (self.negatives,)
        if self.missing is not None:
            shares = (training.check_share("missing", self.missing),)
        choices = [
            (kind, share) for kind in kinds for share in (shares if kind == "hard" else shares[:1])
        ]
        return choices if has_validation else choices[:1]

    def _look(
        self, network: Network, rows: np.ndarray, choices: Sequence[Choice], is_timed: bool
    ) -> dict[Choice, tuple[np.ndarray, np.ndarray]]:
        """Hides connections, and scores them ``[P, S]`` and their negatives ``[P, M, S]``."""
        split = take_out(network, rows, self.seed)
        evidence = self._make_evidence(network).fit(split.message)
        positive = split.valid.positive
        negatives = [
            draw_negatives(network, split, *choice, self.seed, is_timed)  # [2, P, M]
            for choice in choices
        ]
        # Together, for the kinds have most of their pairs in common.
        pairs = [positive, *[negative.flatten(1) for negative in negatives]]
        table = evidence.table(torch.cat(pairs, dim=1))
        sizes = np.cumsum([part.size(1) for part in pairs])
        seen, *unseen = np.split(table, sizes[:-1])
        return {
            choice: (seen, part.reshape(*negative.shape[1:], -1))
            for choice, negative, part in zip(choices, negatives, unseen, strict=True)
        }

    def _choose(self, stacks: Mapping[Choice, Stack], validation: Part) -> Choice:
        """The first choice, or one that ranks validation pairs better by a standard error."""
        count, shape = validation.positive.size(1), validation.negative.shape[1:]
        table = self.evidence_.table(
            torch.cat([validation.positive, validation.negative.flatten(1)], dim=1)
        )
        reciprocal = {}
        for choice, stack in stacks.items():
            score = stack.score(table)
            reciprocal[choice] = 1 / ranks(score[:count], score[count:].reshape(shape))
        best = first = next(iter(stacks))
        for choice, values in reciprocal.items():
            lead = values - reciprocal[first]  # [P]
            is_sure = lead.mean() > lead.std() / len(lead) ** 0.5
            if is_sure and values.mean() > reciprocal[best].mean():
                best = choice
        return best

    def _keep(self, network: Network, evidence: Evidence) -> None:
        self.network_, self.evidence_ = network, evidence
        graph = evidence.scorers.get("graph")
        self.candidates_ = Candidates().fit(network, None if graph is None else graph.embed())


def score_part(scorer, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """The scores ``[P]`` of a part's positives, and ``[M]`` or ``[P, M]`` of its negatives."""
    # Together, for what comes out the same on paper then does so in rounding.
    score = scorer.score(torch.cat([part.positive, part.negative.flatten(1)], dim=1))
    positive, negative = np.split(score, [part.positive.size(1)])
    return positive, negative.reshape(part.negative.shape[1:])


def _combine(
    tables: Sequence[tuple[np.ndarray, np.ndarray]], is_rising: np.ndarray, seed: int
) -> Stack:
    """A stack that has learned from hidden connections of several folds."""
    fewest = min(negative.shape[1] for _, negative in tables)
    positive = np.concatenate([positive for positive, _ in tables])
    negative = np.concatenate([negative[:, :fewest] for _, negative in tables])
    return Stack(seed).fit(positive, negative, is_rising)
