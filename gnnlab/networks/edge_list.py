"""Reading a graph from a file with one edge per line.

Legend: N nodes, E edges.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gnnlab.errors import FileFormatError, InputError, NonFiniteError

_COMMENTS = ("#", "%")
_GZIP = b"\x1f\x8b"
_WHOLE_NUMBER = r"[+-]?\d{1,18}"
#: Words that stand above the two columns of an edge list, in pairs.
TITLES = (
    ("source", "target"),
    ("src", "dst"),
    ("from", "to"),
    ("sender", "receiver"),
    ("u", "v"),
    ("node1", "node2"),
    ("id1", "id2"),
    ("sourceid", "targetid"),
    ("fromnodeid", "tonodeid"),
    ("person1", "person2"),
    ("user1", "user2"),
    ("person", "friend"),
    ("user", "friend"),
)


@dataclass(frozen=True)
class EdgeList:
    """The edges of a file, with the names that its nodes have there.

    Args:
        edge_index: ``[2, E]``, in the order of the file, duplicates and self loops included.
        names: The name of each of the N nodes: numbers if all are whole numbers, else strings.
        edge_weight: ``[E]``, if weights were asked for.
    """

    edge_index: Tensor
    names: list[int] | list[str]
    edge_weight: Tensor | None = None

    @property
    def num_nodes(self) -> int:
        """N."""
        return len(self.names)


def read_edge_list(
    path: str | Path, *, weighted: bool = False, header: bool | None = None
) -> EdgeList:
    r"""Reads an edge list: two names per line, a comma, tabs or spaces between them.

    Empty lines and lines that start with # or % are skipped, a file may be compressed by gzip.
    Nodes that are whole numbers are numbered in ascending order, others in the order in which they
    appear; a node without an edge is not in such a file. Columns behind those needed are left out.

    Args:
        path: The file.
        weighted: Whether to read the third column as the weights of the edges.
        header: Whether the first line holds titles; if left out, this is read off the lines.

    Raises:
        InputError: If there is no such file.
        FileFormatError: If it is not text, is damaged, holds no edge, or a line is not an edge;
            names the line.
        NonFiniteError: If a weight is NaN or infinite; names the line.

    Example:
        >>> path = getfixture("tmp_path") / "friends.csv"
        >>> _ = path.write_text("source,target,weight\nAnna,Kitty,2\nKitty,Levin,1.5\n")
        >>> edges = read_edge_list(path, weighted=True)
        >>> edges.names, edges.edge_index.tolist(), edges.edge_weight.tolist()
        (['Anna', 'Kitty', 'Levin'], [[0, 1], [1, 2]], [2.0, 1.5])
    """
    path = Path(path)
    lines = [
        (number, line)
        for number, line in enumerate(_read_text(path).split("\n"), start=1)
        if line.strip() and not line.lstrip().startswith(_COMMENTS)
    ]
    table = _to_table(lines, path, columns=3 if weighted else 2)
    if header or (header is None and _looks_like_titles(table)):
        table = table.iloc[1:]
    if table.empty:
        raise FileFormatError("the file holds no edge", where=path.name)
    _check_names(table, path)
    edge_index, names = _number_nodes(table)
    return EdgeList(edge_index, names, _to_weights(table[2], path) if weighted else None)


def _read_text(path: Path) -> str:
    if not path.is_file():
        raise InputError("there is no such file", where="path", value=str(path))
    content = path.read_bytes()
    if content.startswith(_GZIP):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise FileFormatError(
                "the compressed file is damaged", where=path.name, value=error
            ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFormatError(
            "the file is not text in UTF-8", where=f"{path.name}, byte {error.start}"
        ) from error
    if "\0" in text:
        raise FileFormatError(
            "the file is not text", where=f"{path.name}, character {text.index(chr(0))}"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _to_table(lines: list[tuple[int, str]], path: Path, columns: int) -> pd.DataFrame:
    """The first columns as strings; the index holds the numbers of the lines in the file."""
    if not lines:
        raise FileFormatError("the file holds no edge", where=path.name)
    numbers, texts = zip(*lines, strict=True)
    separator = next((mark for mark in "\t," if mark in texts[0].strip()), r"\s+")
    try:
        table = pd.read_csv(
            io.StringIO("\n".join(texts)),
            sep=separator,
            header=None,
            dtype=str,
            keep_default_na=False,
            # Only in comma-separated files is a quotation mark not a part of the name.
            quoting=csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE,
        )
    except pd.errors.ParserError as error:
        raise FileFormatError(
            "a line has more fields than the first one, or a quotation mark is left open",
            where=path.name + _place(error, numbers),
        ) from error
    if table.shape[1] < columns or len(table) != len(lines):
        raise FileFormatError(
            f"an edge needs {columns} fields, separated by a comma, tabs or spaces",
            where=f"{path.name}, line {numbers[0]}",
            value=repr(texts[0][:60]),
        )
    table = table.iloc[:, :columns].fillna("")
    table.index = pd.Index(numbers)
    return table.apply(lambda column: column.str.strip())


def _place(error: Exception, numbers: tuple[int, ...]) -> str:
    """The line that pandas complains about: it counts lines from 1, but rows from 0."""
    found = re.search(r"(line|row) (\d+)", str(error))
    return f", line {numbers[int(found[2]) - (found[1] == 'line')]}" if found else ""


def _looks_like_titles(table: pd.DataFrame) -> bool:
    """Whether the first line is no edge: known titles, or words above nothing but numbers."""
    first = tuple(re.sub(r"[\W_]", "", name.lower()) for name in table.iloc[0, :2])
    if first in TITLES:
        return True
    is_number = table.iloc[:1000].apply(lambda column: column.str.fullmatch(r"[+-]?[\d.eE+-]+"))
    above, below = is_number.iloc[0], is_number.iloc[1:].all()
    if len(table) < 2:
        return False
    over_ids = below[[0, 1]].all() and not above[[0, 1]].all()
    return bool(over_ids or (2 in table and below[2] and not above[2]))


def _check_names(table: pd.DataFrame, path: Path) -> None:
    is_missing = (table == "").any(axis=1)
    if is_missing.any():
        raise FileFormatError(
            "the line is not an edge: a field is empty",
            where=f"{path.name}, line {table.index[is_missing][0]}",
            value=" | ".join(table[is_missing].iloc[0])[:60],
            remedy=f"write {table.shape[1]} fields, or # before a comment",
        )


def _number_nodes(table: pd.DataFrame) -> tuple[Tensor, list]:
    named = pd.concat([table[0], table[1]], ignore_index=True)  # [2 E]
    if named.str.fullmatch(_WHOLE_NUMBER).all():
        names, ids = np.unique(named.astype(np.int64).to_numpy(), return_inverse=True)
    else:
        # Edge by edge, so that the first node of the file is node 0.
        order = np.arange(2 * len(table)).reshape(2, -1).T.ravel()
        ids_by_edge, names = pd.factorize(named.iloc[order])
        ids = np.empty_like(ids_by_edge)
        ids[order] = ids_by_edge
    return torch.as_tensor(ids, dtype=torch.int64).view(2, -1), names.tolist()


def _to_weights(column: pd.Series, path: Path) -> Tensor:
    weight = pd.to_numeric(column, errors="coerce").astype(float)
    is_bad = ~np.isfinite(weight)
    if is_bad.any():
        raise NonFiniteError(
            "the weight of an edge must be a finite number",
            where=f"{path.name}, line {column.index[is_bad][0]}",
            value=repr(column[is_bad].iloc[0]),
        )
    return torch.tensor(weight.to_numpy(), dtype=torch.get_default_dtype())
