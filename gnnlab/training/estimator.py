"""The habit that all models share: parameters in, attributes with an underscore out."""

from __future__ import annotations

import inspect
from typing import Self

from gnnlab.errors import NotFittedError, UnknownNameError


class Estimator:
    """An object with ``fit`` whose constructor only keeps its arguments, as scikit-learn's do.

    Attributes that end with an underscore are results of ``fit``; ``sklearn.base.clone`` works.

    Example:
        >>> class Hobbit(Estimator):
        ...     def __init__(self, meals=7):
        ...         self.meals = meals
        >>> Hobbit(meals=6).get_params()
        {'meals': 6}
        >>> Hobbit().set_params(meals=2)
        Hobbit(meals=2)
    """

    @classmethod
    def _parameter_defaults(cls) -> dict[str, object]:
        parameters = inspect.signature(cls.__init__).parameters.values()
        return {p.name: p.default for p in parameters if p.name != "self"}

    def get_params(self, deep: bool = True) -> dict[str, object]:
        """The constructor's arguments and their values (``deep`` as scikit-learn calls it)."""
        return {name: getattr(self, name) for name in self._parameter_defaults()}

    def set_params(self, **parameters) -> Self:
        """Changes arguments of the constructor; the next ``fit`` uses them.

        Raises:
            UnknownNameError: If there is no such argument; none is changed then.
        """
        known = self._parameter_defaults()
        for name in parameters:
            if name not in known:
                raise UnknownNameError.of("parameter", name, known)
        for name, value in parameters.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """The arguments that differ from the defaults."""
        defaults = self._parameter_defaults()
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value is not defaults[name] and value != defaults[name]
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def _forget(self) -> None:
        """Drops all results of ``fit``."""
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)

    def _require_fitted(self, attribute: str = "model_") -> None:
        if not hasattr(self, attribute):
            raise NotFittedError(
                f"this {type(self).__name__} has learned nothing yet", remedy="call fit() first"
            )
