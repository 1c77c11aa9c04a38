"""Many scores made one: learned from connections that were hidden, never against the evidence.

Legend: P positives, M negatives of each, B pairs, S scores, K hidden units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from gnnlab import training
from gnnlab.errors import FileFormatError, ShapeError
from gnnlab.networks.metrics import rank_metrics

_UNITS = (0, 32)  # hidden ones, of which the better number is taken
_FEWEST = 20  # positives: what fewer say of one score against another is mostly chance
_ITERATIONS = 400
_BATCH = 64  # positives
_LEARNING_RATE = 0.02
_HELD_OUT = 0.25
_TOGETHER = 2**17  # pairs


class MonotoneNetwork(nn.Module):
    r"""A score that no evidence for a connection can lower.

    .. math::
        s(x) = w \cdot x + \sum_{k=1}^{K} |a_k| \tanh(W_k \cdot x + b_k), \qquad
        w_j, W_{kj} \ge 0 \text{ where } x_j \text{ is rising}

    Args:
        is_rising: ``[S]`` which of the inputs can only speak for a connection.
        units: K; none makes it linear.

    Shape:
        - input: :math:`(*, S)`; output: :math:`(*)`.
    """

    def __init__(self, is_rising: Tensor, units: int):
        super().__init__()
        size = len(is_rising)
        self.register_buffer("is_rising", is_rising)
        self.weight = nn.Parameter(0.1 * torch.rand(size))
        self.hidden_weight = nn.Parameter(torch.rand(units, size) / (2 * size**0.5))
        self.hidden_bias = nn.Parameter(torch.randn(units))
        self.out_weight = nn.Parameter(0.3 * torch.rand(units))

    def forward(self, x: Tensor) -> Tensor:
        """``[*]`` from ``[*, S]``."""
        linear = x @ self._signed(self.weight)
        if not len(self.out_weight):
            return linear
        hidden = torch.tanh(x @ self._signed(self.hidden_weight).t() + self.hidden_bias)  # [*, K]
        return linear + hidden @ self.out_weight.abs()

    def _signed(self, weight: Tensor) -> Tensor:
        return torch.where(self.is_rising, weight.abs(), weight)


class Stack:
    r"""Combines scores so that hidden connections rank before other pairs.

    Scores come on scales of their own. Each is brought to :math:`\log(1 + s / \text{median})` and
    whether it is above zero, and a small network weighs them, monotone wherever a score can only
    speak for a connection: more shared neighbours never make a suggestion worse. It learns by the
    probability that a positive has among its own negatives,

    .. math::
        L = -\tfrac{1}{P} \sum_i \log \frac{e^{s_i}}{e^{s_i} + \sum_m e^{s_{im}}}

    and it is linear unless hidden units do better on a quarter of the positives. Those, unseen, say
    as well how scores become probabilities (`Platt, 1999
    <https://www.researchgate.net/publication/2594015>`_), for pairs half of which are connections.

    Fewer than 20 positives are not learned from: all scores that can only speak for a connection
    then weigh the same, and the positives only say how that becomes a probability.

    Args:
        seed: Seed of weights and batches.

    Attributes:
        units_: K, the hidden units that it was left with.
        ranks_: By number of hidden units, the mean reciprocal rank of the positives that were not
            learned from; nothing if none were learned from.
        calibration_: Slope and offset from scores to log-odds.
    """

    def __init__(self, seed: int = 0):
        self.seed = seed

    def fit(self, positive: np.ndarray, negative: np.ndarray, is_rising: np.ndarray) -> Self:
        """Learns.

        Args:
            positive: ``[P, S]`` scores of hidden connections.
            negative: ``[P, M, S]`` scores of the pairs that each is told apart from.
            is_rising: ``[S]`` which scores can only speak for a connection.

        Raises:
            ShapeError: If the shapes do not fit.
            TrainingError: If the loss is not finite.
        """
        if negative.ndim != 3 or negative[:, 0].shape != positive.shape:
            raise ShapeError(
                "[P, S] and [P, M, S] are needed", where="negative", value=negative.shape
            )
        self._measure(np.concatenate([positive, negative.reshape(-1, positive.shape[1])]))
        positive, negative = self._scale(positive), self._scale(negative)
        rising = torch.from_numpy(np.repeat(is_rising, 2))
        if len(positive) < _FEWEST:
            self.ranks_, self.units_, self.network_ = {}, 0, _even(rising)
            with torch.no_grad():
                self.calibration_ = _calibrate(self.network_(positive), self.network_(negative))
            return self
        order = np.random.default_rng(self.seed).permutation(len(positive))
        held_out, kept = np.split(order, [int(_HELD_OUT * len(order))])
        trials = {units: self._learn(positive[kept], negative[kept], rising, units)
                  for units in _UNITS}  # fmt: skip
        with torch.no_grad():
            self.ranks_ = {
                units: rank_metrics(
                    network(positive[held_out]).numpy(), network(negative[held_out]).numpy()
                )["mrr"]
                for units, network in trials.items()
            }
            self.units_ = max(self.ranks_, key=self.ranks_.get)
            judge = trials[self.units_]
            slope, offset = _calibrate(judge(positive[held_out]), judge(negative[held_out]))
        self.network_ = self._learn(positive, negative, rising, self.units_)
        # Only differences of scores are learned: each network has a level of its own.
        shift = _level(judge, positive, negative) - _level(self.network_, positive, negative)
        self.calibration_ = slope, offset + slope * shift
        return self

    @torch.no_grad()
    def score(self, table: np.ndarray) -> np.ndarray:
        """The combined score ``[B]`` of the scores ``[B, S]`` of pairs."""
        parts = [
            self.network_(self._scale(table[first : first + _TOGETHER])).numpy()
            for first in range(0, len(table), _TOGETHER)
        ]
        return np.concatenate([*parts, np.zeros(0)])

    def probability(self, score: np.ndarray) -> np.ndarray:
        """From combined scores ``[B]`` to probabilities, if half of all pairs were connections."""
        slope, offset = self.calibration_
        return 1 / (1 + np.exp(-np.clip(slope * score + offset, -500, 500)))

    def importance(self, table: np.ndarray) -> np.ndarray:
        """By how much each score ``[B, S]`` raises the combined one, against its lowest value."""
        whole = self.score(table)
        result = np.empty(table.shape)
        for column in range(table.shape[1]):
            without = table.copy()
            without[:, column] = 0
            result[:, column] = whole - self.score(without)
        return result

    def state(self) -> tuple[dict[str, Tensor], dict]:
        """What a model file has to hold: tensors, and what JSON can write."""
        tensors = {f"network.{name}": value for name, value in self.network_.state_dict().items()}
        scale = {"median": self._median, "mean": self._mean, "deviation": self._deviation}
        return tensors | scale, {"seed": self.seed, "calibration": list(self.calibration_)}

    @classmethod
    def restored(cls, tensors: Mapping[str, Tensor], config: Mapping) -> Self:
        """The stack whose :meth:`state` this is.

        Raises:
            FileFormatError: If it is none.
        """
        try:
            stack = cls(config["seed"])
            slope, offset = config["calibration"]
            stack.calibration_ = float(slope), float(offset)
            stack._median, stack._mean, stack._deviation = (
                tensors[name] for name in ("median", "mean", "deviation")
            )
            units = len(tensors["network.out_weight"])
            stack.network_ = MonotoneNetwork(tensors["network.is_rising"].bool(), units)
            stack.network_.load_state_dict(
                {
                    name.removeprefix("network."): value
                    for name, value in tensors.items()
                    if name.startswith("network.")
                }
            )
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise FileFormatError("this describes no stack of scores", where="tensors") from error
        stack.units_ = units
        return stack

    def _learn(
        self, positive: Tensor, negative: Tensor, is_rising: Tensor, units: int
    ) -> MonotoneNetwork:
        with training.seeded(self.seed):
            network = MonotoneNetwork(is_rising, units)
        training.fit(
            network,
            _Batches(positive, negative, self.seed),
            _loss,
            iterations=_ITERATIONS,
            learning_rate=_LEARNING_RATE,
            decay=0.02 ** (1 / _ITERATIONS),
            decay_every=1,
            seed=self.seed,
            progress=False,
            accelerator="cpu",
        )
        return network

    def _measure(self, table: np.ndarray) -> None:
        """Finds the scale of each score."""
        medians = [np.median(column[column > 0]) if (column > 0).any() else 1 for column in table.T]
        self._median = torch.tensor(np.array(medians), dtype=torch.float32)
        logs = self._log(torch.from_numpy(table).float())
        self._mean, self._deviation = logs.mean(0), logs.std(0).clamp(min=1e-6)

    def _scale(self, table: np.ndarray) -> Tensor:
        """``[*, 2S]`` from scores ``[*, S]``: how high each is, and whether it is above zero."""
        scores = torch.from_numpy(table).float()
        logs = (self._log(scores) - self._mean) / self._deviation
        return torch.stack([logs, (scores > 0).float()], dim=-1).flatten(-2)

    def _log(self, scores: Tensor) -> Tensor:
        return scores.sign() * torch.log1p(scores.abs() / self._median)


class _Batches:
    """Positives with their negatives, in a new order in every epoch."""

    def __init__(self, positive: Tensor, negative: Tensor, seed: int):
        self.positive, self.negative = positive, negative
        self.generator = np.random.default_rng(seed)

    def __iter__(self):
        order = torch.from_numpy(self.generator.permutation(len(self.positive)))
        for rows in order.split(_BATCH):
            yield self.positive[rows], self.negative[rows]


def _loss(
    network: MonotoneNetwork, batch: tuple[Tensor, Tensor]
) -> tuple[Tensor, dict[str, float]]:
    positive, negative = network(batch[0]), network(batch[1])  # [P], [P, M]
    among = torch.cat([positive.unsqueeze(1), negative], dim=1)
    return (among.logsumexp(1) - positive).mean(), {}


@torch.no_grad()
def _level(network: nn.Module, positive: Tensor, negative: Tensor) -> float:
    """The mean score, if both kinds weigh the same."""
    return float(network(positive).mean() + network(negative).mean()) / 2


def _even(is_rising: Tensor) -> MonotoneNetwork:
    """All scores that can only speak for a connection weigh the same; all, if none of them can."""
    with training.seeded(0):  # leaves the caller's random numbers alone
        network = MonotoneNetwork(is_rising, units=0)
    counted = is_rising if is_rising.any() else torch.ones_like(is_rising)
    with torch.no_grad():
        network.weight.copy_(counted / counted.sum())
    return network


def _calibrate(positive: Tensor, negative: Tensor) -> tuple[float, float]:
    """Slope and offset of a logistic regression in which both kinds weigh the same.

    The slope is not negative: a better score is never the lower probability.
    """
    from sklearn.linear_model import LogisticRegression

    scores = torch.cat([positive, negative.flatten()]).double().numpy()
    is_positive = np.arange(len(scores)) < len(positive)
    model = LogisticRegression(class_weight="balanced").fit(scores[:, None], is_positive)
    slope = float(model.coef_.item())
    return (slope, float(model.intercept_.item())) if slope > 0 else (0.0, 0.0)
