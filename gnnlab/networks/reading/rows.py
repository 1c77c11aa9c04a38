"""Rows that name two nodes each, collected from any source, and what is wrong with the others.

Legend: R rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import chain

import numpy as np
import pandas as pd

from gnnlab.errors import InputError
from gnnlab.networks.reading.numbers import are_mostly_dates, is_blank, to_numbers, to_times

_LONGEST_VALUE = 60


class Rows:
    """Takes rows piece by piece and keeps numbers of nodes for them, which need little memory.

    Args:
        unit: What a row is in its source: ``"line"``, ``"row"`` or ``"edge"``.
        is_text: Whether names were read from text, so that ``7`` is written for a number.
        nodes: Nodes that are known already, in their order.
        is_mirrored: Whether such a source may hold each connection in both directions.

    Attributes:
        names: The number of each name.
        known: The numbers of nodes that are there whether they have connections or not.
        problems: ``(line, reason, value)`` of each row that was refused.
        num_comments: How many lines were comments.
        num_lists: How many rows there were, if a row may name more than two nodes.
    """

    def __init__(
        self,
        unit: str,
        *,
        is_text: bool = False,
        nodes: Sequence[Hashable] = (),
        is_mirrored: bool = False,
    ):
        self.unit, self.is_text, self.is_mirrored = unit, is_text, is_mirrored
        self.names: dict[Hashable, int] = {name: i for i, name in enumerate(nodes)}
        self.known = list(self.names.values())
        self.problems: list[tuple[int, str, str]] = []
        self.num_comments = 0
        self.num_lists: int | None = None
        self._pieces: list[tuple] = []
        self._are_dates: bool | None = None

    @property
    def num_rows(self) -> int:
        """How many rows there were, good and bad."""
        if self.num_lists is not None:
            return self.num_lists
        return sum(len(lines) for _, lines, *_ in self._pieces) + len(self.problems)

    def add(
        self,
        lines: np.ndarray,
        source: Sequence,
        target: Sequence,
        weight: Sequence | None = None,
        time: Sequence | None = None,
    ) -> None:
        """Adds rows.

        Args:
            lines: ``[R]`` their numbers in the source.
            source: ``[R]`` names.
            target: ``[R]`` names.
            weight: ``[R]`` as found, if there are weights.
            time: ``[R]`` as found, if there are times.
        """
        pairs = self._number(source, target)  # [R, 2]
        good = (pairs >= 0).all(1)
        for row in np.flatnonzero(~good):
            self._refuse(lines[row], "no name", f"{source[row]}, {target[row]}")
        weights = times = None
        if weight is not None:
            weights = to_numbers(weight)
            bad = good & ~((weights > 0) & np.isfinite(weights))
            for row in np.flatnonzero(bad):
                self._refuse(lines[row], _reason("weight", weight[row], weights[row]), weight[row])
            good &= ~bad
        if time is not None:
            if self._are_dates is None:
                # One column has one way to write times; the other way would be a mistake.
                self._are_dates = are_mostly_dates(time)
            times = to_times(time, self._are_dates)
            bad = good & ~np.isfinite(times)
            for row in np.flatnonzero(bad):
                self._refuse(lines[row], _reason("time", time[row], times[row]), time[row])
            good &= ~bad
        piece = (pairs, np.asarray(lines), weights, times)
        if not good.all():
            piece = tuple(None if column is None else column[good] for column in piece)
        self._pieces.append(piece)

    def know(self, name: str) -> None:
        """Adds a node that may have no connection."""
        self.known.append(self._number_of(name))

    def take_problems(
        self, problems: Sequence[tuple[int, str, str]], num_comments: int = 0
    ) -> None:
        """Notes rows that were refused before they could be added, and lines that are no rows."""
        self.problems += problems
        self.num_comments += num_comments

    def columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Pairs ``[2, R]``, lines, weights and times ``[R]`` of the good rows, by their lines."""
        if not self._pieces:
            return np.empty((2, 0), np.int64), np.empty(0, np.int64), None, None
        pairs, lines, weight, time = (
            None if columns[0] is None else np.concatenate(columns)
            for columns in zip(*self._pieces, strict=True)
        )
        if (np.diff(lines) < 0).any():
            order = np.argsort(lines, kind="stable")
            pairs, lines = pairs[order], lines[order]
            weight = None if weight is None else weight[order]
            time = None if time is None else time[order]
        return pairs.T, lines, weight, time

    def _refuse(self, line: int, reason: str, value: object) -> None:
        self.problems.append((int(line), reason, shorten(value)))

    def _number(self, source: Sequence, target: Sequence) -> np.ndarray:
        if len(source) == 0:
            return np.empty((0, 2), np.int64)
        if getattr(source, "dtype", None) == getattr(target, "dtype", 0) != np.dtype(object):
            named = np.stack([source, target], axis=1).ravel()
        else:
            cells = (
                column.tolist() if hasattr(column, "tolist") else column
                for column in (source, target)
            )
            pairs = chain.from_iterable(zip(*cells, strict=True))
            named = np.fromiter(pairs, object, 2 * len(source))
        try:
            codes, unique = pd.factorize(named)
            numbers = [self._number_of(name) for name in unique.tolist()]
        except TypeError as error:
            raise InputError(
                "a name must be text or a number", where="source", value=error
            ) from error
        # The last one is for the code -1, which means that there is no name at all.
        return np.array([*numbers, -1])[codes].reshape(-1, 2)

    def _number_of(self, name: Hashable) -> int:
        if name in self.names:
            return self.names[name]
        if isinstance(name, np.generic):
            name = name.item()
        if isinstance(name, str):
            if not name.strip():
                return -1
            name = name.strip() if self.is_text else name
        elif isinstance(name, float) and name.is_integer():
            name = int(name)  # A column of whole numbers with gaps is read as floats.
        return self.names.setdefault(name, len(self.names))


def shorten(value: object) -> str:
    """A value as a report shows it."""
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def _reason(kind: str, value: object, number: float) -> str:
    if is_blank(value):
        return f"no {kind}"
    if np.isnan(number):
        return f"the {kind} is not a number" + (" or a date such as 1862-04-03" * (kind == "time"))
    return f"the {kind} is not " + ("finite" if np.isinf(number) else "positive")
