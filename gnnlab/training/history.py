"""What happened during training: one row per iteration, in memory and as a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gnnlab.errors import FileFormatError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class History:
    """The course of a training run.

    Attributes:
        rows: One dictionary per iteration: ``iteration`` (from 1), ``loss`` and the other figures
            of the training batch, ``gradient_norm`` before clipping, and in iterations with an
            evaluation its figures, too.
        seconds: How long it took.
        interrupted: Whether the user ended it early.

    Example:
        >>> history = History(
        ...     [{"iteration": 1, "loss": 0.7}, {"iteration": 2, "loss": 0.5, "accuracy": 1.0}]
        ... )
        >>> history.column("loss"), history.column("accuracy")
        ([0.7, 0.5], [1.0])
        >>> history.iterations_to(0.9, "accuracy")
        2
    """

    rows: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False

    def column(self, name: str) -> list[float]:
        """The values of one figure, from the iterations that have it.

        Raises:
            UnknownNameError: If no iteration has it.
        """
        values = [row[name] for row in self.rows if name in row]
        if not values:
            known = dict.fromkeys(key for row in self.rows for key in row)
            raise UnknownNameError.of("figure of the history", name, known)
        return values

    def iterations_to(self, value: float, name: str = "validation_accuracy") -> int | None:
        """The first iteration in which the figure reaches ``value``, or ``None``."""
        reached = (row["iteration"] for row in self.rows if row.get(name, float("-inf")) >= value)
        return next(reached, None)

    def frame(self) -> pd.DataFrame:
        """All rows as a table; a figure that an iteration lacks is NaN."""
        import pandas as pd

        return pd.DataFrame(self.rows)


class MetricsFile:
    """A CSV file that grows with the history.

    The columns must be known before the first line, and the figures of an evaluation appear only
    in the first row with one. So rows are written in blocks that end with an evaluation.

    Args:
        path: The file; what was there is replaced.
    """

    def __init__(self, path: Path):
        self.path = path
        self.columns: list[str] = []
        self.num_written = 0

    def keep(self, last: int) -> list[dict[str, float]]:
        """Reads back the rows up to an iteration, and drops those after it from the file.

        Raises:
            FileFormatError: If the file does not hold a row for each of those iterations.
        """
        if not last:
            return []
        try:
            with self.path.open(newline="", encoding="utf-8") as file:
                found = [
                    {name: float(value) for name, value in row.items() if value}
                    for row in csv.DictReader(file)
                ]
        except (OSError, ValueError) as error:
            raise FileFormatError("the metrics cannot be read", where=str(self.path)) from error
        rows = [row | {"iteration": int(row["iteration"])} for row in found[:last]]
        if [row["iteration"] for row in rows] != list(range(1, last + 1)):
            raise FileFormatError(
                f"there is no row for each of the first {last} iterations", where=str(self.path)
            )
        self.write(rows)
        return rows

    def write(self, rows: Sequence[dict[str, float]]) -> None:
        """Adds those of ``rows`` that are not in the file yet."""
        new = rows[self.num_written :]
        if not new:
            return
        is_first = not self.columns
        if is_first:
            self.columns = list(dict.fromkeys(name for row in new for name in row))
        mode = "w" if is_first else "a"
        with self.path.open(mode, newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.columns)
            if is_first:
                writer.writeheader()
            writer.writerows(new)
        self.num_written = len(rows)
