"""Weights and times as they were written, turned into numbers.

Legend: R rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

#: How a number is written that may be kept as one: 007 would not be written again as the user does.
WHOLE_NUMBER = re.compile(r"-?[1-9][0-9]{0,17}|0")

_BLANK = ("", "na", "nan", "null", "none", "nat", "<na>")


def to_numbers(values: Sequence) -> np.ndarray:
    """``[R]`` float64, NaN where there is no number.

    Example:
        >>> to_numbers(["2", "-4e1", "many", None]).tolist()
        [2.0, -40.0, nan, nan]
    """
    column = _to_column(values)
    if column.dtype.kind in "biuf":
        return column.astype(np.float64)
    try:
        numbers = pd.to_numeric(column, errors="coerce")
    except (TypeError, OverflowError, ValueError):
        numbers = np.array([_to_number(value) for value in column])
    return np.asarray(numbers, dtype=np.float64)


def to_times(values: Sequence, are_dates: bool) -> np.ndarray:
    """``[R]`` float64; dates become seconds since 1970, in UTC where they do not say another zone.

    Example:
        >>> to_times(["1970-01-02", "1970-01-01T00:01:00+00:00", "soon"], are_dates=True).tolist()
        [86400.0, 60.0, nan]
    """
    column = _to_column(values)
    if column.dtype.kind == "M":
        microseconds = column.astype("datetime64[us]").astype(np.float64)
        return np.where(np.isnat(column), np.nan, microseconds / 1e6)
    if are_dates:
        return np.array([_to_seconds(value) for value in column])
    return to_numbers(column)


def are_mostly_dates(values: Sequence) -> bool:
    """Whether more of the values are dates than are numbers."""
    column = _to_column(values)
    if column.dtype.kind == "M":
        return True
    numbers = to_numbers(column)
    others = column[np.isnan(numbers)]
    return np.isfinite([_to_seconds(value) for value in others]).sum() > np.isfinite(numbers).sum()


def is_blank(value: object) -> bool:
    """Whether a cell says that there is no value."""
    return str(value).strip().lower() in _BLANK


def _to_seconds(value: object) -> float:
    try:
        date = datetime.fromisoformat(str(value).strip())
    except ValueError:
        return np.nan
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _to_number(value: object) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def _to_column(values: Sequence) -> np.ndarray:
    if isinstance(values, np.ndarray):
        return values
    return np.fromiter(values, object, len(values))
