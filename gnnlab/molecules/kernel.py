"""Ridge regression on the fragments that molecules share: small data's strong companion.

Legend: B molecules, M landmarks, D fragments, T properties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gnnlab.molecules.descriptors import tanimoto_kernel

_LANDMARKS = 3000
_MOST = 20_000  # molecules to learn from, so that B x M numbers stay below half a gigabyte
_TOGETHER = 4096  # molecules that are compared with the landmarks at a time
_NOISES = (0.03, 0.1, 0.3, 1.0)
_JITTER = 1e-6


class TanimotoRidge:
    r"""Kernel ridge regression with the Tanimoto kernel on counts of fragments.

    .. math::
        \hat y(x) = \mu + \sum_m k(x, z_m)\, \alpha_m

    Up to 3,000 molecules all of them are landmarks z, and this is the mean of a Gaussian process;
    of more, as many are drawn at random (Nystroem's method). The noise is the one of four whose
    leave-one-out error is smallest, for each property. Of more than 20,000 molecules it learns from
    as many, drawn at random, and the means from all.

    Args:
        task: ``"regression"``, or ``"classification"``, which is a regression on 0 and 1 here.
        seed: Draws the landmarks.

    Attributes:
        landmarks_: ``[M, D]`` counts.
        weight_: ``[M, T]``, alpha.
        bias_: ``[T]``, the means.
        left_out_: ``[B, T]``, for each molecule the prediction from all others, in closed form; NaN
            where nothing is known or learned.

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
        generator = np.random.default_rng(self.seed)
        learned = _draw(np.arange(len(counts)), _MOST, generator)
        landmarks = _draw(learned, _LANDMARKS, generator)
        self.landmarks_ = counts[landmarks]
        self.bias_ = np.nanmean(y, axis=0)
        self.weight_ = np.zeros((len(landmarks), y.shape[1]))
        self.left_out_ = np.full(y.shape, np.nan)
        similarity = np.concatenate(list(self._compare(counts[learned])))  # [B, M]
        solve = _for_landmarks if len(landmarks) < len(learned) else _for_all
        solve = solve(torch.from_numpy(similarity), np.searchsorted(learned, landmarks))
        for target, has_label in enumerate(~np.isnan(y[learned]).T):
            known = learned[has_label]
            centred = torch.from_numpy(y[known, target] - self.bias_[target])
            fit = solve(torch.from_numpy(has_label), centred)
            self.weight_[:, target] = fit.alpha.numpy()
            self.left_out_[known, target] = y[known, target] - fit.errors.numpy()
        return self

    def predict(self, counts: np.ndarray) -> np.ndarray:
        """``[B, T]`` for counts ``[B, D]``."""
        return np.concatenate([part @ self.weight_ + self.bias_ for part in self._compare(counts)])

    def _compare(self, counts: np.ndarray) -> Iterator[np.ndarray]:
        """The similarities ``[b, M]`` of some molecules after the others to the landmarks."""
        for first in range(0, max(len(counts), 1), _TOGETHER):
            yield tanimoto_kernel(counts[first : first + _TOGETHER], self.landmarks_)

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


def _draw(rows: np.ndarray, most: int, generator: np.random.Generator) -> np.ndarray:
    """At most so many of the rows, in their order."""
    if len(rows) <= most:
        return rows
    return np.sort(generator.choice(rows, most, replace=False))


class _Fit(NamedTuple):
    """Weights of the landmarks, and the errors of predicting each molecule from all others."""

    alpha: Tensor
    errors: Tensor


#: From a mask ``[B]`` of the molecules with labels, and their centred labels.
_Solve = Callable[[Tensor, Tensor], _Fit]


def _for_all(similarity: Tensor, landmarks: np.ndarray) -> _Solve:
    r"""Alpha of :math:`(K + \lambda I) \alpha = y` for the best noise; all are landmarks."""

    def solve(known: Tensor, y: Tensor) -> _Fit:
        kernel, fits = similarity[known][:, known], []
        identity = torch.eye(len(y), dtype=kernel.dtype)
        for noise in _NOISES:
            inverse = torch.cholesky_inverse(torch.linalg.cholesky(kernel + noise * identity))
            alpha = inverse @ y
            fits.append(_Fit(alpha, alpha / inverse.diagonal()))
        best = min(fits, key=_mean_square)
        return _Fit(best.alpha.new_zeros(len(known)).masked_scatter(known, best.alpha), best.errors)

    return solve


def _for_landmarks(similarity: Tensor, landmarks: np.ndarray) -> _Solve:
    r"""The same in the span of M landmarks: :math:`(K_{BM}^T K_{BM} + \lambda K_{MM}) \alpha`."""
    identity = torch.eye(len(landmarks), dtype=similarity.dtype)
    L = torch.linalg.cholesky(similarity[landmarks] + _JITTER * identity)
    phi = torch.linalg.solve_triangular(L, similarity.t(), upper=False).t()  # [B, M]

    def solve(known: Tensor, y: Tensor) -> _Fit:
        phi_known, fits = phi if known.all() else phi[known], []
        gram, moment = phi_known.t() @ phi_known, (phi_known.t() @ y).unsqueeze(1)
        for noise in _NOISES:
            root = torch.linalg.cholesky(gram + noise * identity)
            beta = torch.cholesky_solve(moment, root)
            # Of each molecule in its own prediction: |root^-1 phi|^2, half the work of an inverse.
            leverage = torch.cat(
                [
                    torch.linalg.solve_triangular(root, part.t(), upper=False).square().sum(0)
                    for part in phi_known.split(_TOGETHER)
                ]
            )
            alpha = torch.linalg.solve_triangular(L.t(), beta, upper=True).squeeze(1)
            errors = (y - (phi_known @ beta).squeeze(1)) / (1 - leverage).clamp(min=_JITTER)
            fits.append(_Fit(alpha, errors))
        return min(fits, key=_mean_square)

    return solve


def _mean_square(fit: _Fit) -> float:
    return fit.errors.square().mean().item()
