"""Whether one model ranks better than another, or only seemed to: intervals for differences.

Legend: P positives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gnnlab.errors import InputError, NonFiniteError, ShapeError

_CHUNK = 2**21  # draws at a time


@dataclass(frozen=True)
class Difference:
    """How much better the first of two models is.

    Attributes:
        mean: The mean difference.
        low: The lower end of its 95 % interval.
        high: The upper end.
        p: How often chance alone gives a difference of this size, in either direction.
    """

    mean: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Spread:
    """A metric over several seeds.

    Attributes:
        mean: The mean.
        std: The standard deviation, with one run less in the denominator; 0 for a single run.
    """

    mean: float
    std: float


def paired_bootstrap(
    first: np.ndarray, second: np.ndarray, *, resamples: int = 10_000, seed: int = 0
) -> Difference:
    r"""Compares two models on the same test positives (`Efron & Tibshirani, 1993
    <https://doi.org/10.1201/9780429246593>`_).

    The positives are drawn anew, with replacement, and both models are averaged over the same
    draw. The interval holds the middle 95 % of the differences; it says what other positives of the
    same network would change, not what another seed of the training would: average runs first.

    .. math::
        p = \min\left(1,\; 2 \, \frac{1 + \min(\#\{\Delta^* \le 0\}, \#\{\Delta^* \ge 0\})}
        {1 + \text{resamples}}\right)

    Args:
        first: ``[P]`` what the first model got for each positive, such as ``1 / ranks(...)``.
        second: ``[P]`` the same of the second, in the same order.
        resamples: How often positives are drawn.
        seed: The same seed gives the same numbers.

    Raises:
        ShapeError: If the two are not of one shape ``[P]``.
        NonFiniteError: If a value is NaN or infinite.
        InputError: If there are no positives, or nothing is to be drawn.

    Example:
        >>> paired_bootstrap(np.array([1.0, 0.5, 1.0]), np.array([0.5, 0.25, 0.5]), seed=1).p < 0.05
        True
        >>> paired_bootstrap(np.array([1.0, 0.5]), np.array([1.0, 0.5]))
        Difference(mean=0.0, low=0.0, high=0.0, p=1.0)
    """  # noqa: D205
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ShapeError(
            "both models need one value per positive",
            where="second",
            value=f"{second.shape} for {first.shape}",
        )
    if not len(first):
        raise InputError("there are no positives", where="first")
    if resamples < 1:
        raise InputError(
            "positives must be drawn at least once", where="resamples", value=resamples
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise NonFiniteError("values must be finite", where="first or second")
    difference, generator = first - second, np.random.default_rng(seed)
    means = np.empty(resamples)
    size = max(1, _CHUNK // len(difference))
    for start in range(0, resamples, size):
        part = means[start : start + size]
        drawn = generator.integers(0, len(difference), (len(part), len(difference)))
        part[:] = difference[drawn].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    against = min((means <= 0).sum(), (means >= 0).sum())
    p = min(1.0, 2 * (1 + against) / (1 + resamples))
    return Difference(float(difference.mean()), float(low), float(high), float(p))


def over_seeds(runs: Sequence[Mapping[str, float]]) -> dict[str, Spread]:
    """Mean and standard deviation of each metric over several runs.

    Args:
        runs: The metrics of each run, all with the same names.

    Raises:
        InputError: If there are no runs, or their names differ.

    Example:
        >>> over_seeds([{"mrr": 0.25}, {"mrr": 0.75}])["mrr"].mean
        0.5
    """
    if not runs or any(run.keys() != runs[0].keys() for run in runs):
        raise InputError("runs with the same metrics are needed", where="runs", value=len(runs))
    columns = {name: np.array([run[name] for run in runs]) for name in runs[0]}
    return {
        name: Spread(float(column.mean()), float(column.std(ddof=1)) if len(column) > 1 else 0.0)
        for name, column in columns.items()
    }
