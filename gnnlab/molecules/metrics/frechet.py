r"""The Fréchet distance between two normal distributions.

Legend: D dimensions, n rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gnnlab.errors import InputError


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal distribution.

    Attributes:
        mean: ``[D]`` float64.
        covariance: ``[D, D]`` float64, symmetric.
    """

    mean: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, batches: Iterable[np.ndarray]) -> Gaussian:
        """Mean and covariance (divided by n - 1) of rows that come in batches ``[b, D]``.

        Only one batch is held at a time, and all sums are in float64.

        Raises:
            InputError: If there are less than two rows.

        Example:
            >>> Gaussian.of([np.array([[0.0], [2.0]]), np.array([[4.0]])]).covariance
            array([[4.]])
        """
        num, mean, scatter = 0, np.zeros(1), np.zeros((1, 1))
        for batch in batches:
            batch = np.asarray(batch, dtype=np.float64)  # [b, D]
            own_mean = batch.mean(axis=0)
            centred, shift = batch - own_mean, own_mean - mean
            total = num + len(batch)
            # Each batch spreads around its own mean, and its mean around that of the others.
            between = np.outer(shift, shift) * (num * len(batch) / total)
            scatter = scatter + centred.T @ centred + between
            mean = mean + shift * (len(batch) / total)
            num = total
        if num < 2:
            raise InputError(
                "a covariance needs two molecules",
                where="FCD",
                value=num,
                remedy="take more molecules, or leave the distance out by fcd=False",
            )
        return cls(mean, scatter / (num - 1))


def frechet_distance(one: Gaussian, other: Gaussian) -> float:
    r"""How much work it takes to turn one distribution into the other.

    .. math::
        d^2 = \|\mu_1 - \mu_2\|^2 + \mathrm{tr}\,\Sigma_1 + \mathrm{tr}\,\Sigma_2
            - 2\,\mathrm{tr}\left(\Sigma_1^{1/2} \Sigma_2 \Sigma_1^{1/2}\right)^{1/2}

    (`Dowson and Landau, 1982 <https://doi.org/10.1016/0047-259X(82)90077-X>`_). The last trace is
    the sum of the singular values of :math:`\Sigma_1^{1/2} \Sigma_2^{1/2}`; the roots are those of
    the eigenvalues. Unlike the root of the product, which is not symmetric, this needs neither
    complex numbers nor an offset where a covariance is singular, as it is for less than D rows.

    Args:
        one: A distribution.
        other: Another one, of as many dimensions.

    Returns:
        The square :math:`d^2`, which is what is called a Fréchet distance in machine learning.

    Example:
        >>> one = Gaussian(np.array([0.0]), np.array([[1.0]]))
        >>> frechet_distance(one, Gaussian(np.array([3.0]), np.array([[4.0]])))  # 3^2 + (2 - 1)^2
        10.0
    """
    product = _root(one.covariance) @ _root(other.covariance)
    shift = one.mean - other.mean
    spread = np.trace(one.covariance) + np.trace(other.covariance)
    distance = shift @ shift + spread - 2 * np.linalg.svd(product, compute_uv=False).sum()
    return max(float(distance), 0.0)  # Rounding may leave it just below.


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    # No variance is negative, but rounding makes some of those that are zero so.
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
