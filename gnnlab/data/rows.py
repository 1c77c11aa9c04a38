"""Rows of a long comparison, written down as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from gnnlab.data.write import write_file
from gnnlab.errors import FileFormatError


class RowsFile:
    """A table that grows row by row, and a file of it, from which a stopped run can go on.

    Args:
        path: The file, in CSV; ``None`` if nothing is to be written.
        key: The columns that tell one row from another.
        resume: Begin with the rows that stand in the file, if there is one.

    Raises:
        FileFormatError: If the file to go on with is no such table.

    Example:
        >>> rows = RowsFile(key=("model", "seed"))
        >>> rows.append({"model": "svm", "seed": 0, "value": 0.5})
        >>> rows.has("svm", 0), rows.has("svm", 1)
        (True, False)
    """

    def __init__(self, path: Path | None = None, key: Sequence[str] = (), resume: bool = False):
        self.path, self.key = path, tuple(key)
        self._rows: list[Mapping[str, object]] = []
        if resume and path is not None and path.exists():
            self._rows = self._read()
        self._known = {tuple(row[column] for column in self.key) for row in self._rows}

    def has(self, *key: object) -> bool:
        """Whether there is a row with these values of the key."""
        return key in self._known

    def append(self, row: Mapping[str, object]) -> None:
        """Adds a row, and writes the file anew."""
        self._rows.append(row)
        self._known.add(tuple(row[column] for column in self.key))
        if self.path is not None:
            write_file(self.path, to_csv(self.table()))

    def table(self) -> pd.DataFrame:
        """All rows, in the order in which they came."""
        return pd.DataFrame(self._rows)

    def _read(self) -> list[Mapping[str, object]]:
        try:
            table = pd.read_csv(self.path)
        except (ValueError, UnicodeDecodeError) as error:
            raise FileFormatError(
                "the file to go on with is no table", where=str(self.path)
            ) from error
        for column in self.key:
            if column not in table:
                raise FileFormatError(
                    f"the table to go on with has no column {column!r}",
                    where=str(self.path),
                    remedy="begin anew, in another folder",
                )
        return table.to_dict("records")


def to_csv(table: pd.DataFrame) -> bytes:
    """A table as a CSV file, six digits of every number.

    Example:
        >>> to_csv(pd.DataFrame({"model": ["svm"], "value": [1 / 3]})).splitlines()
        [b'model,value', b'svm,0.333333']
    """
    return table.to_csv(index=False, float_format="%.6g").encode("utf-8", "backslashreplace")
