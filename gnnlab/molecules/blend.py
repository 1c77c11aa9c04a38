"""Networks and kernel joined, by what molecules have shown that neither of them had learned from.

Legend: K networks, B molecules, T properties.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_PRIOR_MOLECULES = 10.0  # that would call for equal shares


@dataclass(frozen=True)
class Blend:
    r"""The shares, and the error to expect.

    .. math::
        \hat y = (1 - w)\, \bar f(x) + w\, g(x), \qquad
        \sigma^2(x) = \sigma_0^2 + (1 - w)^2\, \text{var}_k f_k(x)

    where :math:`\sigma_0^2` is the mean squared error on left-out molecules. A left-out molecule
    has been predicted by one network only, and the mean over networks is better than one, so the
    error to expect is rather too large than too small.

    Attributes:
        weight: ``[T]`` w, between 0 and 1; 0 without a kernel.
        noise: ``[T]``, :math:`\sigma_0`.
        task: ``"regression"`` or ``"classification"``.
    """

    weight: np.ndarray
    noise: np.ndarray
    task: str

    @classmethod
    def of(
        cls, y: np.ndarray, by_network: np.ndarray, by_kernel: np.ndarray | None, task: str
    ) -> Blend:
        r"""The least squares of w, drawn to one half as if ten molecules had called for it.

        Args:
            y: ``[B, T]``, NaN where nothing is known.
            by_network: ``[B, T]`` predictions for left-out molecules, NaN where there is none.
            by_kernel: ``[B, T]`` likewise, or ``None``.
            task: ``"regression"`` or ``"classification"``.

        Example:
            >>> y = np.arange(40.0).reshape(-1, 1)
            >>> Blend.of(y, y + 1, y - 1, "regression")
            Blend(weight=array([0.5]), noise=array([0.]), task='regression')
        """
        weight, noise = np.zeros(y.shape[1]), np.zeros(y.shape[1])
        for target in range(y.shape[1]):
            usable = ~np.isnan(y[:, target]) & ~np.isnan(by_network[:, target])
            error = y[usable, target] - by_network[usable, target]
            if by_kernel is not None and len(error):
                step = by_kernel[usable, target] - by_network[usable, target]
                prior = _PRIOR_MOLECULES * np.mean(step**2)
                if prior > 0:
                    w = (step @ error + prior / 2) / (step @ step + prior)
                    weight[target] = np.clip(w, 0, 1)
                error = error - weight[target] * step
            noise[target] = np.sqrt(np.mean(error**2)) if len(error) else np.nan
        return cls(weight, noise, task)

    def combine(
        self, members: np.ndarray, by_kernel: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation, ``[B, T]`` each, of ``[K, B, T]`` and ``[B, T]``."""
        mean = members.mean(axis=0)
        if by_kernel is not None:
            mean = mean + self.weight * (by_kernel - mean)
        if self.task == "classification":
            mean = mean.clip(0, 1)
        spread = (1 - self.weight) * members.std(axis=0)
        return mean, np.sqrt(self.noise**2 + spread**2)
