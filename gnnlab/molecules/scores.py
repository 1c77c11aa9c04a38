r"""How good predictions of molecular properties are, where labels may be missing.

Each score is computed target by target, on the rows that have a label, and then averaged over the
targets. A target whose rows do not define the score (one class only, constant values) is skipped
and named. A score on a part of the molecules, such as the activity cliffs, is the score of those
rows: ``evaluate("rmse", y[mask], predictions[mask])``.

Legend: B molecules, T targets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gnnlab.errors import InputError, NonFiniteError, ShapeError, UnknownNameError


@dataclass(frozen=True)
class Score:
    """A measure of predictions.

    Attributes:
        name: Its name in :data:`SCORES`.
        task: ``"regression"`` or ``"classification"``.
        higher_is_better: Its direction.
        function: Labels ``[B]`` and predictions ``[B]`` of one target, without gaps, to a number.
        needs_variation: Whether labels that are all equal leave it undefined.
    """

    name: str
    task: str
    higher_is_better: bool
    function: Callable[[np.ndarray, np.ndarray], float] = field(repr=False)
    needs_variation: bool = True


@dataclass(frozen=True)
class Evaluation:
    """The value of a score.

    Attributes:
        value: The mean over the targets that define the score.
        per_target: The value for each target by name.
        skipped: The targets that do not define it, with the reason.
    """

    value: float
    per_target: dict[str, float]
    skipped: dict[str, str]


def evaluate(
    name: str, y: Any, predictions: Any, target_names: Sequence[str] | None = None
) -> Evaluation:
    """Scores predictions.

    Args:
        name: One of :data:`SCORES`.
        y: Labels, ``[B]`` or ``[B, T]``, NaN where there is none; 0 and 1 for classes.
        predictions: As many numbers; for classes the probability of class 1.
        target_names: Names of the targets; their numbers if not given.

    Raises:
        UnknownNameError: If there is no such score.
        ShapeError: If the numbers of labels, predictions or names differ.
        NonFiniteError: If a labelled row has no prediction, or a label is infinite.
        InputError: If a class is not 0 or 1, or no target defines the score.

    Example:
        >>> evaluate("rmse", [1.0, 2.0, np.nan], [1.0, 4.0, 0.0]).value
        1.4142135623730951
        >>> y = [[0, 1], [1, 1], [1, 1]]
        >>> evaluate("roc-auc", y, [[0.1, 0.5], [0.4, 0.5], [0.3, 0.5]], ["binds", "toxic"])
        Evaluation(value=1.0, per_target={'binds': 1.0}, skipped={'toxic': 'one class only: 1'})
    """
    if name not in SCORES:
        raise UnknownNameError.of("score", name, SCORES)
    score = SCORES[name]
    y, predictions = to_columns("y", y), to_columns("predictions", predictions)  # [B, T]
    if y.shape != predictions.shape:
        raise ShapeError(
            "labels and predictions must be of one shape",
            where="predictions",
            value=f"{predictions.shape} for labels {y.shape}",
        )
    names = [str(number) for number in range(y.shape[1])]
    names = names if target_names is None else list(target_names)
    if len(names) != y.shape[1]:
        raise ShapeError(f"there are {y.shape[1]} targets", where="target_names", value=len(names))
    per_target, skipped = {}, {}
    for target, labels, predicted in zip(names, y.T, predictions.T, strict=True):
        has_label = ~np.isnan(labels)
        _check_target(score, target, labels, predicted, has_label)
        labels, predicted = labels[has_label], predicted[has_label]
        reason = _undefined(score, labels)
        if reason:
            skipped[target] = reason
        else:
            per_target[target] = float(score.function(labels, predicted))
    if not per_target:
        target, reason = next(iter(skipped.items()), (None, "there are no targets"))
        raise InputError(
            f"no target defines the score {name}",
            where=target and f"target {target}",
            value=reason,
            remedy="score more molecules, or use another score",
        )
    return Evaluation(float(np.mean(list(per_target.values()))), per_target, skipped)


def to_columns(where: str, values: Any) -> np.ndarray:
    """Labels or predictions, ``[B]`` or ``[B, T]``, as ``[B, T]`` of float64.

    Raises:
        InputError: If they are no numbers.
        ShapeError: If they have more than two dimensions, or none.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("numbers are needed", where=where, value=str(error)) from error
    if array.ndim not in (1, 2):
        raise ShapeError("one or two dimensions are needed", where=where, value=array.shape)
    return array.reshape(len(array), -1) if array.size else array.reshape(0, 1)


def _check_target(
    score: Score, target: str, labels: np.ndarray, predicted: np.ndarray, has_label: np.ndarray
) -> None:
    bad = np.flatnonzero(np.isinf(labels))
    if len(bad):
        raise NonFiniteError("a label is infinite", where=f"row {bad[0]}, target {target}")
    bad = np.flatnonzero(has_label & ~np.isfinite(predicted))
    if len(bad):
        raise NonFiniteError(
            f"{len(bad)} labelled rows have no finite prediction",
            where=f"row {bad[0]}, target {target}",
            value=predicted[bad[0]],
            remedy="leave these rows out of labels and predictions, and say how many they are",
        )
    bad = np.flatnonzero(has_label & ~np.isin(labels, (0, 1)))
    if score.task == "classification" and len(bad):
        raise InputError(
            "the classes are 0 and 1", where=f"row {bad[0]}, target {target}", value=labels[bad[0]]
        )


def _undefined(score: Score, labels: np.ndarray) -> str | None:
    """Why these labels do not define the score, or None if they do."""
    if not len(labels):
        return "no labels"
    if score.needs_variation and (labels == labels[0]).all():
        kind = "one class only" if score.task == "classification" else "constant"
        return f"{kind}: {labels[0]:g}"
    return None


def _rmse(y: np.ndarray, predicted: np.ndarray) -> float:
    from sklearn.metrics import root_mean_squared_error

    return root_mean_squared_error(y, predicted)


def _mae(y: np.ndarray, predicted: np.ndarray) -> float:
    from sklearn.metrics import mean_absolute_error

    return mean_absolute_error(y, predicted)


def _r2(y: np.ndarray, predicted: np.ndarray) -> float:
    from sklearn.metrics import r2_score

    return r2_score(y, predicted)


def _pearson(y: np.ndarray, predicted: np.ndarray) -> float:
    from scipy.stats import pearsonr

    return 0.0 if _is_constant(predicted) else pearsonr(y, predicted).statistic


def _spearman(y: np.ndarray, predicted: np.ndarray) -> float:
    from scipy.stats import spearmanr

    return 0.0 if _is_constant(predicted) else spearmanr(y, predicted).statistic


def _is_constant(values: np.ndarray) -> bool:
    # One value for all molecules orders none of them: a correlation of zero, as their ROC-AUC is
    # one half. Means of equal numbers differ in the last digits.
    return bool(np.ptp(values) <= 1e-9 * np.abs(values).max())


def _roc_auc(y: np.ndarray, predicted: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(y, predicted)


def _prc_auc(y: np.ndarray, predicted: np.ndarray) -> float:
    from sklearn.metrics import average_precision_score

    return average_precision_score(y, predicted)


def _accuracy(y: np.ndarray, predicted: np.ndarray) -> float:
    from sklearn.metrics import accuracy_score

    if ((predicted < 0) | (predicted > 1)).any():
        raise InputError(
            "accuracy needs probabilities",
            where="predictions",
            value=f"{predicted.min():g} to {predicted.max():g}",
            remedy="pass the probability of class 1, or use roc-auc, which takes any ranking",
        )
    return accuracy_score(y, predicted >= 0.5)


#: All scores by name. ``prc-auc`` is the average precision, the sum over the steps of the
#: precision-recall curve without interpolation.
SCORES: dict[str, Score] = {
    score.name: score
    for score in (
        Score("rmse", "regression", False, _rmse, needs_variation=False),
        Score("mae", "regression", False, _mae, needs_variation=False),
        Score("r2", "regression", True, _r2),
        Score("pearson", "regression", True, _pearson),
        Score("spearman", "regression", True, _spearman),
        Score("roc-auc", "classification", True, _roc_auc),
        Score("prc-auc", "classification", True, _prc_auc),
        Score("accuracy", "classification", True, _accuracy, needs_variation=False),
    )
}
