"""Several predictors joined, by what molecules have shown that none of them had learned from.

Legend: B molecules, T properties, P predictors, K members of an ensemble.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

_PRIOR_MOLECULES = 10.0  # that would call for equal shares
_FIRMLY = 1e4  # how much more the sum of the shares counts than what molecules say


@dataclass(frozen=True)
class Blend:
    r"""The shares of the predictors, and the error to expect.

    .. math::
        f_k(x) = \sum_p w_p f_{pk}(x), \quad w_p \ge 0, \quad \sum_p w_p = 1, \qquad
        \hat y = \bar f, \quad \sigma^2(x) = \sigma_0^2 + \text{var}_k f_k(x)

    where :math:`\sigma_0^2` is the mean squared error on left-out molecules. These have been
    predicted by one member only, and by predictors that knew fewer molecules, so the error to
    expect is rather too large than too small.

    Attributes:
        weights: For each predictor, by its name, its share ``[T]``.
        noise: ``[T]``, :math:`\sigma_0`.
        task: ``"regression"`` or ``"classification"``.
    """

    weights: dict[str, np.ndarray]
    noise: np.ndarray
    task: str

    @classmethod
    def of(cls, y: np.ndarray, left_out: Mapping[str, np.ndarray], task: str) -> Blend:
        r"""The least squares of w, drawn to equal shares as if ten molecules had called for them.

        Only molecules count for which all predictors have something to say.

        Args:
            y: ``[B, T]``, NaN where nothing is known.
            left_out: For each predictor its predictions ``[B, T]`` for molecules that it had not
                learned from; NaN where there is none.
            task: ``"regression"`` or ``"classification"``.

        Example:
            >>> y = np.arange(40.0).reshape(-1, 1)
            >>> Blend.of(y, {"above": y + 1, "below": y - 1}, "regression").weights["above"]
            array([0.5])
        """
        predictions = np.stack([left_out[name] for name in left_out])  # [P, B, T]
        shares = np.full((len(left_out), y.shape[1]), 1 / len(left_out))  # [P, T]
        noise = np.full(y.shape[1], np.nan)
        for target, values in enumerate(y.T):
            errors = (predictions[:, :, target] - values).T  # [B, P]
            errors = errors[~np.isnan(errors).any(axis=1)]
            if len(errors):
                shares[:, target] = _shares(errors)
                noise[target] = np.sqrt(np.mean((errors @ shares[:, target]) ** 2))
        return cls(dict(zip(left_out, shares, strict=True)), noise, task)

    def combine(self, predictions: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation, ``[B, T]`` each.

        Args:
            predictions: For each predictor ``[K, B, T]``, or ``[1, B, T]`` if it is the same for
                all members.
        """
        # In a fixed order, so that a predictor that was saved and loaded gives the same digits.
        members = sum(self.weights[name] * predictions[name] for name in sorted(self.weights))
        mean = members.mean(axis=0)
        if self.task == "classification":
            mean = mean.clip(0, 1)
        return mean, np.sqrt(self.noise**2 + members.var(axis=0))


def _shares(errors: np.ndarray) -> np.ndarray:
    """The shares ``[P]`` for which errors ``[B, P]`` cancel best: not negative, 1 together."""
    count = errors.shape[1]
    disagreement = errors - errors.mean(axis=1, keepdims=True)
    prior = np.sqrt(_PRIOR_MOLECULES * np.mean(np.sum(disagreement**2, axis=1)))
    scale = np.sqrt(np.mean(errors**2)) or 1.0
    firmly = _FIRMLY * scale * np.sqrt(len(errors))
    rows = np.concatenate([errors, prior * np.eye(count), np.full((1, count), firmly)])
    wanted = np.concatenate([np.zeros(len(errors)), np.full(count, prior / count), [firmly]])
    shares, _ = nnls(rows, wanted)
    return shares / shares.sum()
