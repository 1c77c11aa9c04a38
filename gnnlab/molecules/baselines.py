r"""What a graph network has to beat: four predictors without a graph, all from scikit-learn.

=================  ================================  ============================================
name               features                          model
=================  ================================  ============================================
``mean``           none                              the mean of the labels, or the share of 1
``random-forest``  Morgan counts                     500 trees
``svm``            Morgan counts                     support vectors under the Tanimoto kernel
``boosting``       RDKit's descriptors               300 trees of 15 leaves, each mending the last
=================  ================================  ============================================

The settings were chosen by cross-validation among the training rows of four activity-cliff sets,
and among 500 to 1,000 rows each of ESOL, FreeSolv and Lipophilicity, which have no fixed test rows:
if anything they favour the baselines there. C of the classifying ``svm`` was chosen on 2,600
molecules of three tasks of Tox21; the classifying forest was not tuned.

Legend: B molecules, D features, T targets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem

from gnnlab.errors import (
    DtypeError,
    InputError,
    NonFiniteError,
    NotFittedError,
    ShapeError,
    UnknownNameError,
)
from gnnlab.molecules.descriptors import morgan_counts, rdkit_descriptors, tanimoto_kernel
from gnnlab.molecules.parse import parse_all
from gnnlab.molecules.scores import SCORES, evaluate, to_columns

#: What the settings are chosen by, where there are validation rows.
_CHOSEN_BY = {"regression": "rmse", "classification": "roc-auc"}
_TREES = 500


@dataclass(frozen=True)
class Recipe:
    """How a baseline is made.

    Attributes:
        features: Molecules to ``[B, D]``.
        make: Task, seed, number of processes and settings to an estimator of scikit-learn.
        settings: For each task the settings that may be tried; the first are the usual ones.
        arrange: Task and features to the layout that the estimator learns from fastest.
    """

    features: Callable[[Sequence[Chem.Mol]], np.ndarray]
    make: Callable[..., Any]
    settings: dict[str, tuple[dict[str, Any], ...]]
    arrange: Callable[[str, np.ndarray], Any] = lambda task, x: x


class Baseline:
    """A predictor of molecular properties without a graph network.

    A model of its own is fitted to each target, on the rows that have a label. A target whose
    labels are all equal is predicted as that label.

    Args:
        name: One of :data:`BASELINES`.
        task: ``"regression"``, or ``"classification"`` for labels 0 and 1; the number of targets
            is that of the labels' columns.
        seed: The same seed gives the same predictions.
        n_jobs: How many threads may work at a time.

    Attributes:
        settings: The settings of each target's model, once it is fitted.

    Raises:
        UnknownNameError: If there is no such baseline or task.

    Example:
        >>> names = ["C", "CC", "CCC", "CCCC", "CCCCC"]
        >>> boiling_point = [-162, -89, -42, -1, 36]
        >>> svm = Baseline("svm", "regression").fit(names, boiling_point)
        >>> svm.predict(["CCCCCC"]).shape
        (1, 1)
        >>> Baseline("mean", "regression").fit(names, boiling_point).predict(["CO"]).tolist()
        [[-51.6]]
    """

    def __init__(self, name: str, task: str, seed: int = 0, *, n_jobs: int = 1):
        if name not in BASELINES:
            raise UnknownNameError.of("baseline", name, BASELINES)
        if task not in _CHOSEN_BY:
            raise UnknownNameError.of("task", task, _CHOSEN_BY)
        self.name, self.task, self.seed, self.n_jobs = name, task, seed, n_jobs
        self.settings: list[dict[str, Any]] = []
        self._models: list[Any] = []

    def features(self, molecules: Sequence[str | Chem.Mol]) -> np.ndarray:
        """What the model sees of the molecules: ``[B, D]``.

        Computed once, it can be passed in place of the molecules as often as needed.

        Raises:
            MoleculeError: If a molecule cannot be read; names the row.
        """
        if isinstance(molecules, str):
            raise DtypeError("a list of molecules is needed", where="molecules", value="a string")
        return BASELINES[self.name].features(list(parse_all(molecules)))

    def fit(
        self,
        molecules: Sequence[str | Chem.Mol] | np.ndarray,
        y: Any,
        validation: tuple[Sequence[str | Chem.Mol] | np.ndarray, Any] | None = None,
    ) -> Baseline:
        """Learns from labelled molecules.

        Args:
            molecules: SMILES strings, RDKit molecules, or their :meth:`features`.
            y: Labels, ``[B]`` or ``[B, T]``, NaN where there is none.
            validation: Molecules and labels by which the settings are chosen, target by target:
                the lowest RMSE, or the highest ROC-AUC. They are not learned from. Without them,
                or where they do not define the score, the usual settings are taken.

        Raises:
            MoleculeError: If a molecule cannot be read; names the row.
            ShapeError: If there are more or fewer labels than molecules.
            InputError: If a target has no labels, or a class is not 0 or 1.
            NonFiniteError: If a label is infinite.
            MemoryLimitError: If there are too many rows for a kernel.
        """
        x, y = self._to_features(molecules), self._to_labels(y)
        _check_rows(x, y)
        choice = None
        if validation is not None:
            choice = self._to_features(validation[0]), self._to_labels(validation[1])
            _check_rows(*choice)
            if choice[1].shape[1] != y.shape[1]:
                raise ShapeError(
                    f"there are {y.shape[1]} targets", where="validation", value=choice[1].shape
                )
        unlabelled = np.flatnonzero(np.isnan(y).all(axis=0))
        if len(unlabelled):
            raise InputError("there is no label to learn from", where=f"target {unlabelled[0]}")
        has_label = ~np.isnan(y)
        with self._threads():
            fitted = [
                self._fit_best(x[rows], labels[rows], choice and (choice[0], choice[1][:, target]))
                for target, (labels, rows) in enumerate(zip(y.T, has_label.T, strict=True))
            ]
        self._models, self.settings = map(list, zip(*fitted, strict=True))
        return self

    def predict(self, molecules: Sequence[str | Chem.Mol] | np.ndarray) -> np.ndarray:
        """Predictions ``[B, T]``: values, or for classification probabilities of class 1.

        Those of ``"svm"`` are the logistic function of the distance from the separating plane: in
        the right order and on the right side of one half, but not calibrated.

        Raises:
            NotFittedError: If it was not fitted.
            MoleculeError: If a molecule cannot be read; names the row.
        """
        if not self._models:
            raise NotFittedError("the baseline was not fitted", remedy="call fit first")
        x = self._to_features(molecules)
        with self._threads():
            return np.column_stack([_predict(model, x) for model in self._models])

    def _fit_best(
        self, x: np.ndarray, labels: np.ndarray, choice: tuple[np.ndarray, np.ndarray] | None
    ) -> tuple[Any, dict[str, Any]]:
        """The fitted model of one target, and its settings."""
        from sklearn.dummy import DummyRegressor

        if (labels == labels[0]).all():
            return DummyRegressor().fit(x, labels), {}
        recipe = BASELINES[self.name]
        all_settings = recipe.settings[self.task]
        if choice is None or not _defines_score(self.task, choice[1]):
            all_settings = all_settings[:1]
        arranged = recipe.arrange(self.task, x)
        models = [
            recipe.make(self.task, self.seed, self.n_jobs, **settings).fit(arranged, labels)
            for settings in all_settings
        ]
        best = 0
        if len(models) > 1:
            score = SCORES[_CHOSEN_BY[self.task]]
            x_chosen_by, y_chosen_by = choice
            values = [
                evaluate(score.name, y_chosen_by, _predict(model, x_chosen_by)).value
                for model in models
            ]
            best = int(np.argmax(values) if score.higher_is_better else np.argmin(values))
        return models[best], all_settings[best]

    def _to_features(self, molecules: Sequence[str | Chem.Mol] | np.ndarray) -> np.ndarray:
        is_features = isinstance(molecules, np.ndarray) and molecules.ndim == 2
        return molecules if is_features else self.features(molecules)

    def _to_labels(self, y: Any) -> np.ndarray:
        y = to_columns("y", y)
        known = np.where(np.isnan(y), 0, y)
        if np.isinf(y).any():
            row, target = np.argwhere(np.isinf(y))[0]
            raise NonFiniteError("a label is infinite", where=f"row {row}, target {target}")
        if self.task == "classification" and not np.isin(known, (0, 1)).all():
            row, target = np.argwhere(~np.isin(known, (0, 1)))[0]
            raise InputError(
                "the classes are 0 and 1",
                where=f"row {row}, target {target}",
                value=y[row, target],
            )
        return y

    def _threads(self) -> Any:
        from threadpoolctl import threadpool_limits

        # Boosting and matrix products take all cores otherwise, whatever n_jobs says.
        return threadpool_limits(limits=self.n_jobs)


def _check_rows(x: np.ndarray, y: np.ndarray) -> None:
    if len(x) != len(y):
        raise ShapeError(f"there are {len(x)} molecules", where="y", value=f"{len(y)} rows")
    if not len(x):
        raise InputError("there are no molecules", where="molecules")


def _defines_score(task: str, labels: np.ndarray) -> bool:
    labels = labels[~np.isnan(labels)]
    return len(labels) > 0 and (task == "regression" or len(np.unique(labels)) == 2)


def _predict(model: Any, x: np.ndarray) -> np.ndarray:
    """Predictions ``[B]`` of one target's model, whatever kind it is."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(x)[:, 1]
    if hasattr(model, "decision_function"):
        from scipy.special import expit

        return expit(model.decision_function(x))
    return model.predict(x)


def _no_features(mols: Sequence[Chem.Mol]) -> np.ndarray:
    return np.zeros((len(mols), 1))


def _mean(task: str, seed: int, n_jobs: int) -> Any:
    from sklearn.dummy import DummyRegressor

    return DummyRegressor()  # the mean of the classes 0 and 1 is the share of 1


def _forest(task: str, seed: int, n_jobs: int, **settings: Any) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestClassifier if task == "classification" else RandomForestRegressor
    return kind(n_estimators=_TREES, random_state=seed, n_jobs=n_jobs, **settings)


def _without_zeros(task: str, x: np.ndarray) -> Any:
    from scipy.sparse import csc_array

    # A classifying tree draws columns until enough of them differ within a node, and most are all
    # zero there. Stored without their zeros they are passed over; the trees are the same.
    return csc_array(x.astype(np.float32)) if task == "classification" else x


def _svm(task: str, seed: int, n_jobs: int, **settings: Any) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC, SVR

    if task == "classification":
        return SVC(kernel=tanimoto_kernel, cache_size=500, **settings)
    # Standardised, so that penalty and tolerance mean the same in every unit.
    regressor = SVR(kernel=tanimoto_kernel, epsilon=0.1, cache_size=500, **settings)
    return TransformedTargetRegressor(regressor, transformer=StandardScaler())


def _boosting(task: str, seed: int, n_jobs: int, **settings: Any) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor
    kind = HistGradientBoostingClassifier if task == "classification" else kind
    return kind(
        learning_rate=0.05,
        max_leaf_nodes=15,
        min_samples_leaf=5,
        max_features=0.3,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
        **settings,
    )


def _both(*settings: dict[str, Any]) -> dict[str, tuple[dict[str, Any], ...]]:
    return dict.fromkeys(_CHOSEN_BY, settings)


#: All baselines by name.
BASELINES: dict[str, Recipe] = {
    "mean": Recipe(_no_features, _mean, _both({})),
    "random-forest": Recipe(
        morgan_counts,
        _forest,
        {
            "regression": ({"max_features": 0.3}, {"max_features": 0.1}),
            "classification": ({"max_features": "sqrt"}, {"max_features": 0.1}),
        },
        _without_zeros,
    ),
    "svm": Recipe(morgan_counts, _svm, _both({"C": 3.0}, {"C": 1.0}, {"C": 10.0})),
    "boosting": Recipe(
        rdkit_descriptors, _boosting, _both({"max_iter": 300}, {"max_iter": 100}, {"max_iter": 600})
    ),
}
