"""How the lines of a file are to be cut: the delimiter, the usual width, the titles.

Legend: L lines.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gnnlab.errors import FileFormatError
from gnnlab.networks.edge_list import TITLES

_SAMPLE = 200
_DELIMITERS = "\t;,|"
#: Between these, a quotation mark that stands alone is a mistake, and not a letter of a name.
_QUOTING = (",", ";")
# Also dates; and what stands where a number is missing is no title above numbers.
_NUMBER = re.compile(
    r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|nan)|\d{4}-\d\d-\d\d.*|na|null|none|", re.IGNORECASE
)
_MOSTLY = 0.8


@dataclass(frozen=True)
class Dialect:
    """How a file writes its rows.

    Args:
        delimiter: One character; ``None`` for any number of blanks.
        width: How many fields a row has.
        titles: What the first line says about the columns, if it is no row.
    """

    delimiter: str | None
    width: int
    titles: list[str] | None


def split_line(line: str, delimiter: str | None) -> list[str] | None:
    """The fields of a line, or ``None`` if its quotation marks do not fit.

    Example:
        >>> split_line('"Rostova, Natasha",Pierre', ","), split_line("Emma  Knightley", None)
        (['Rostova, Natasha', 'Pierre'], ['Emma', 'Knightley'])
    """
    if '"' not in line:
        return line.split(delimiter)
    text, mark = (line, delimiter) if delimiter else (" ".join(line.split()), " ")
    try:
        return next(csv.reader([text], delimiter=mark, strict=True, skipinitialspace=True))
    except csv.Error:
        return None if delimiter in _QUOTING else line.split(delimiter)


def plain_title(title: object) -> str:
    """A title without what people write it differently with.

    Example:
        >>> plain_title("Node_1"), plain_title("weight ")
        ('node1', 'weight')
    """
    return re.sub(r"[\W_]", "", str(title).lower())


def find_pair(titles: Sequence[object]) -> tuple[int, int] | None:
    """The places of two titles that belong together, such as source and target."""
    plain = [plain_title(title) for title in titles]
    for source, target in TITLES:
        if source in plain and target in plain:
            return plain.index(source), plain.index(target)
    return None


def tell_dialect(
    lines: Sequence[str],
    path: Path,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    known: Sequence[str] = (),
    fewest: int = 2,
) -> Dialect:
    """Reads the dialect off the first lines.

    Args:
        lines: ``[L]`` without comments and empty lines; at least one.
        path: The file, for errors.
        delimiter: One character, a blank for any number of them; by default the character that
            cuts most lines into the same number of fields.
        header: Whether the first line holds titles; by default, this is told from what is below.
        known: Titles that tell that the first line holds titles.
        fewest: How many columns are needed.

    Raises:
        FileFormatError: If there are fewer columns.
    """
    sample = lines[:_SAMPLE]
    if delimiter is None:
        delimiter = _tell_delimiter(sample)
        if delimiter is None and fewest == 1 and ".csv" in path.suffixes:
            delimiter = ","  # One column, where a blank is a part of a name.
    elif delimiter == " ":
        delimiter = None
    rows = [row for line in sample if (row := split_line(line, delimiter)) is not None]
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 1
    if width < fewest:
        raise FileFormatError(
            "there is one column only, and a connection needs two",
            where=path.name,
            value=repr(sample[0][:60]),
            remedy="put a comma, a tab or blanks between two names",
        )
    titles = [title.strip() for title in split_line(lines[0], delimiter) or []]
    if len(titles) == width - 1 and find_pair(titles):
        titles.insert(0, "")  # R writes no title above the names of rows.
    if header is None:
        is_known = any(plain_title(title) in known for title in titles)
        below = [row for row in rows[1:] if len(row) == width]
        header = is_known or (len(titles) == width and _looks_like_titles(titles, below))
    if not header:
        return Dialect(delimiter, width, None)
    width = max(width, len(titles))
    return Dialect(delimiter, width, titles + [""] * (width - len(titles)))


def _tell_delimiter(sample: Sequence[str]) -> str | None:
    best, most = None, len(sample) / 2
    for mark in _DELIMITERS:
        widths = Counter(len(split_line(line, mark) or ()) for line in sample if mark in line)
        agreeing = max((count for width, count in widths.items() if width > 1), default=0)
        if agreeing > most or (best is None and agreeing == most):
            best, most = mark, agreeing
    return best


def _looks_like_titles(first: list[str], rows: list[list[str]]) -> bool:
    """Whether the first line is no row: known titles, or words above mostly numbers."""
    if find_pair(first) is not None:
        return True
    above, below = _numeric([first]), _numeric(rows)
    words = [is_below and not is_above for is_above, is_below in zip(above, below, strict=False)]
    over_names = any(words[:2]) and all(below[:2]) and all(map(str.strip, first[:2]))
    return over_names or any(words[2:])


def _numeric(rows: list[list[str]]) -> list[bool]:
    """Which columns hold numbers, but for a few rows that may be bad."""
    return [
        sum(bool(_NUMBER.fullmatch(cell.strip())) for cell in column) >= _MOSTLY * len(column)
        for column in zip(*rows, strict=True)
    ]
