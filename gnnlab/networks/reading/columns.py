"""Which column of a table holds what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gnnlab.errors import InputError
from gnnlab.networks.reading.dialect import find_pair, plain_title

WEIGHT_TITLES = ("weight", "weights", "w")
TIME_TITLES = ("time", "timestamp", "unixtime", "datetime", "date")

#: A column's title, or its number from 0.
Column = str | int


@dataclass(frozen=True)
class Columns:
    """The numbers, from 0, of the columns that are read; ``None`` for those that are not there."""

    source: int
    target: int
    weight: int | None = None
    time: int | None = None

    @property
    def needed(self) -> int:
        """How many fields a row needs."""
        return max(self.source, self.target, self.weight or 0, self.time or 0) + 1

    def describe(self, titles: Sequence[object] | None) -> dict[str, object]:
        """The titles of the columns, or their numbers where there are no titles."""
        places = {name: getattr(self, name) for name in ("source", "target", "weight", "time")}
        return {
            name: titles[place] if titles else place
            for name, place in places.items()
            if place is not None
        }


def choose_columns(
    titles: Sequence[object] | None,
    width: int,
    *,
    columns: Sequence[Column] | None,
    weight: Column | bool | None,
    time: Column | bool | None,
) -> Columns:
    """Finds the columns that were asked for; what was not asked for is told by its title.

    Raises:
        InputError: If there is no such column.
    """
    found_weight = _find_asked(titles, width, weight, "weight", WEIGHT_TITLES)
    found_time = _find_asked(titles, width, time, "time", TIME_TITLES)
    if columns is not None:
        pair = tuple(find_column(titles, width, column, "columns") for column in columns)
    else:
        free = [i for i in range(width) if i not in (found_weight, found_time)]
        pair = find_pair(titles or ()) or tuple(free[:2])
    if len(set(pair)) < 2:
        raise InputError("a connection needs two columns of names", where="columns", value=pair)
    return Columns(*pair, found_weight, found_time)


def find_column(titles: Sequence[object] | None, width: int, column: Column, where: str) -> int:
    """The number of a column.

    Raises:
        InputError: If there is none, or several of that title.
    """
    names = list(titles) if titles is not None else []
    if names.count(column) == 1:
        return names.index(column)
    is_number = isinstance(column, int) and not isinstance(column, bool)
    if is_number and 0 <= column < width and column not in names:
        return column
    raise InputError(
        "there is no such column" if column not in names else "several columns have this title",
        where=where,
        value=repr(column),
        remedy="use " + (f"one of {names}, or a" if names else "a") + f" number below {width}",
    )


def find_title(titles: Sequence[object] | None, known: Sequence[str]) -> int | None:
    """The number of a column that has one of the titles, the earlier of which count more."""
    plain = [plain_title(title) for title in titles or ()]
    return next((plain.index(title) for title in known if title in plain), None)


def _find_asked(
    titles: Sequence[object] | None,
    width: int,
    column: Column | bool | None,
    where: str,
    known: Sequence[str],
) -> int | None:
    if column is False:
        return None
    if column is None:
        return find_title(titles, known)
    return find_column(titles, width, column, where)
