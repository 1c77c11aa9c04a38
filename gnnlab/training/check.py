"""Checks of the numbers that steer a training."""

from __future__ import annotations

import math
from numbers import Integral, Real

from gnnlab.errors import InputError


def check_count(name: str, value: int, least: int = 1) -> int:
    """Returns ``value`` as a plain integer.

    Raises:
        InputError: If it is not a whole number from ``least``.

    Example:
        >>> check_count("iterations", 0)
        Traceback (most recent call last):
        ...
        gnnlab.errors.InputError: a whole number from 1 is needed (at: iterations; found: 0)
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise InputError(f"a whole number from {least} is needed", where=name, value=repr(value))
    return int(value)


def check_positive(name: str, value: float) -> float:
    """Returns ``value`` as a plain float.

    Raises:
        InputError: If it is not a finite number above 0.
    """
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 < value < math.inf:
        raise InputError("a positive number is needed", where=name, value=repr(value))
    return float(value)


def check_share(name: str, value: float) -> float:
    """Returns ``value`` as a plain float.

    Raises:
        InputError: If it is not a number from 0 to 1.
    """
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value <= 1:
        raise InputError("a share from 0 to 1 is needed", where=name, value=repr(value))
    return float(value)


def check_seed(seed: int) -> int:
    """Returns ``seed`` as a plain integer.

    Raises:
        InputError: If it is not a whole number from 0 to 2**63 - 1.
    """
    if not isinstance(seed, Integral) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise InputError("a seed is a whole number from 0", where="seed", value=repr(seed))
    return int(seed)
