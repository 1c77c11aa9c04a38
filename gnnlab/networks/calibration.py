r"""Whether probabilities mean what they say: of pairs with 0.8, four in five should be connected.

Legend: P positives, M negatives, B bins.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from torch import Tensor

from gnnlab.errors import InputError
from gnnlab.networks.hiding import hide
from gnnlab.networks.network import Network
from gnnlab.networks.predictor import LinkPredictor, score_part


def hidden_probabilities(
    predictor: LinkPredictor, network: Network, positive: Tensor, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """What a predictor says of connections that it has not seen, and of pairs without one.

    Those pairs are drawn as the ones that it has learned from.

    Args:
        predictor: Fitted to a network that lacks the positives.
        network: The whole network.
        positive: ``[2, P]`` connections of it.
        seed: Another seed gives other pairs.

    Returns:
        Probabilities ``[P]`` and ``[P, M]``.

    Raises:
        NotFittedError: If the predictor is not fitted.
    """
    rows = np.searchsorted(network.keys, network.keys_of(positive))
    split = hide(network, rows, predictor.negatives_, predictor.missing_, seed)
    scores = score_part(predictor, split.valid)
    return tuple(map(predictor.stack_.probability, scores))


def reliability_table(
    positive: np.ndarray, negative: np.ndarray, num_bins: int = 10
) -> pd.DataFrame:
    """What was said and what came true, for bins of equal width that hold anything.

    Positives and negatives weigh the same, however many there are: the probabilities of
    :class:`gnnlab.networks.LinkPredictor` are those among pairs of which half are connections.

    Args:
        positive: Probabilities ``[P]`` of pairs with a connection.
        negative: Those of pairs without one, of any shape.
        num_bins: B.

    Returns:
        ``probability`` (the mean of the bin), ``share`` (of the positives in it) and ``weight``
        (its part of the whole).

    Raises:
        InputError: If there are no positives or no negatives, or a number is no probability.

    Example:
        >>> reliability_table(np.array([0.9, 0.9]), np.array([0.1, 0.9]))
           probability     share  weight
        0          0.1  0.000000    0.25
        1          0.9  0.666667    0.75
    """
    for name, values in (("positive", positive), ("negative", negative)):
        if not values.size or not ((values >= 0) & (values <= 1)).all():
            raise InputError("probabilities from 0 to 1 are needed", where=name)
    probability = np.concatenate([positive, negative.ravel()])
    weight = np.repeat([0.5 / positive.size, 0.5 / negative.size], [positive.size, negative.size])
    place = np.minimum((probability * num_bins).astype(int), num_bins - 1)
    total = np.bincount(place, weight, num_bins)  # [B]
    kept = total > 0
    share = np.bincount(place[: len(positive)], weight[: len(positive)], num_bins)
    said = np.bincount(place, weight * probability, num_bins)
    columns = {"probability": said[kept] / total[kept], "share": share[kept] / total[kept]}
    return pd.DataFrame(columns | {"weight": total[kept]})


def calibration_error(table: pd.DataFrame) -> float:
    r"""The expected calibration error of what :func:`reliability_table` gives.

    .. math::
        \text{ECE} = \sum_{b=1}^{B} w_b \, |\bar p_b - \text{share}_b|

    From `Naeini et al., 2015 <https://doi.org/10.1609/aaai.v29i1.9602>`_.

    Example:
        >>> table = reliability_table(np.array([0.9, 0.9]), np.array([0.1, 0.9]))
        >>> round(calibration_error(table), 3)
        0.2
    """
    return float((table["weight"] * (table["probability"] - table["share"]).abs()).sum())
