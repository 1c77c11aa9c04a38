"""Ridge regression on the fragments that molecules share: small data's strong companion.

Legend: B molecules, M landmarks, D fragments, T properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gnnlab.molecules.descriptors import tanimoto_kernel

_LANDMARKS = 3000
_NOISES = (0.03, 0.1, 0.3, 1.0)
_JITTER = 1e-6


class TanimotoRidge:
    r"""Kernel ridge regression with the Tanimoto kernel on counts of fragments.

    .. math::
        \hat y(x) = \mu + \sum_m k(x, z_m)\, \alpha_m

    Up to 3,000 molecules all of them are landmarks z, and this is the mean of a Gaussian process;
    of more, as many are drawn at random (Nystroem's method). The noise is the one of four whose
    leave-one-out error is smallest, for each property.

    Args:
        task: ``"regression"``, or ``"classification"``, which is a regression on 0 and 1 here.
        seed: Draws the landmarks.

    Attributes:
        landmarks_: ``[M, D]`` counts.
        weight_: ``[M, T]``, alpha.
        bias_: ``[T]``, the means.
        left_out_: ``[B, T]``, for each molecule the prediction from all others, in closed form; NaN
            where nothing is known.

    Example:
        >>> counts = np.eye(4, dtype=np.uint8)
        >>> y = np.array([[1.0], [2.0], [3.0], [np.nan]])
        >>> ridge = TanimotoRidge("regression").fit(counts, y)
        >>> ridge.predict(counts).shape
        (4, 1)
    """

    def __init__(self, task: str, seed: int = 0):
        self.task, self.seed = task, seed

    def fit(self, counts: np.ndarray, y: np.ndarray) -> TanimotoRidge:
        """Learns from counts ``[B, D]`` and properties ``[B, T]``, NaN where there is none."""
        chosen = np.arange(len(counts))
        if len(counts) > _LANDMARKS:
            generator = np.random.default_rng(self.seed)
            chosen = np.sort(generator.choice(len(counts), _LANDMARKS, replace=False))
        self.landmarks_ = counts[chosen]
        has_label = ~np.isnan(y)
        self.bias_ = np.nanmean(y, axis=0)
        similarity = torch.from_numpy(tanimoto_kernel(counts, self.landmarks_)).double()  # [B, M]
        self.weight_ = np.zeros((len(chosen), y.shape[1]))
        self.left_out_ = np.full(y.shape, np.nan)
        for target, known in enumerate(has_label.T):
            centred = torch.from_numpy(y[known, target] - self.bias_[target])
            if len(chosen) == len(counts):
                fit = _solve(similarity[known][:, known], centred)
                self.weight_[known, target] = fit.alpha.numpy()
            else:
                fit = _solve_by_landmarks(similarity[known], similarity[chosen], centred)
                self.weight_[:, target] = fit.alpha.numpy()
            self.left_out_[known, target] = y[known, target] - fit.errors.numpy()
        return self

    def predict(self, counts: np.ndarray) -> np.ndarray:
        """``[B, T]`` for counts ``[B, D]``."""
        return tanimoto_kernel(counts, self.landmarks_) @ self.weight_ + self.bias_

    def bias(self, target: int) -> float:
        """The mean of a property."""
        return float(self.bias_[target])

    def state_dict(self) -> dict[str, Tensor]:
        """What a model file has to hold."""
        arrays = {"landmarks": self.landmarks_, "weight": self.weight_, "bias": self.bias_}
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    @classmethod
    def from_state_dict(cls, task: str, state: Mapping[str, Tensor]) -> TanimotoRidge:
        """The fitted regression again."""
        ridge = cls(task)
        ridge.landmarks_, ridge.weight_, ridge.bias_ = (
            state[name].numpy() for name in ("landmarks", "weight", "bias")
        )
        return ridge


class _Fit(NamedTuple):
    """Weights, and the errors of predicting each molecule from all others."""

    alpha: Tensor
    errors: Tensor


def _solve(kernel: Tensor, y: Tensor) -> _Fit:
    r"""Alpha of :math:`(K + \lambda I) \alpha = y` for the best noise."""
    fits = []
    identity = torch.eye(len(y), dtype=kernel.dtype)
    for noise in _NOISES:
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(kernel + noise * identity))
        alpha = inverse @ y
        fits.append(_Fit(alpha, alpha / inverse.diagonal()))
    return min(fits, key=_mean_square)


def _solve_by_landmarks(similarity: Tensor, among: Tensor, y: Tensor) -> _Fit:
    r"""The same in the span of M landmarks: :math:`(K_{BM}^T K_{BM} + \lambda K_{MM}) \alpha`."""
    identity = torch.eye(len(among), dtype=among.dtype)
    L = torch.linalg.cholesky(among + _JITTER * identity)
    phi = torch.linalg.solve_triangular(L, similarity.t(), upper=False).t()  # [B, M]
    gram, moment = phi.t() @ phi, phi.t() @ y
    fits = []
    for noise in _NOISES:
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(gram + noise * identity))
        beta = inverse @ moment
        leverage = ((phi @ inverse) * phi).sum(1)  # [B]
        alpha = torch.linalg.solve_triangular(L.t(), beta.unsqueeze(1), upper=True).squeeze(1)
        fits.append(_Fit(alpha, (y - phi @ beta) / (1 - leverage).clamp(min=_JITTER)))
    return min(fits, key=_mean_square)


def _mean_square(fit: _Fit) -> float:
    return fit.errors.square().mean().item()
