"""Files with molecules as tables of strings: CSV, SMI and SDF, row by row as in the file."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from rdkit import Chem, rdBase

from gnnlab.data import decode_utf8
from gnnlab.errors import FileFormatError, InputError, MoleculeError
from gnnlab.molecules.parse import get_reason, write_smiles

_SEPARATORS = ",;\t"
_SAMPLE = 20


@dataclass
class Table:
    """The rows of a file, and what is wrong with some of them.

    Args:
        frame: All rows, also the bad ones; row 0 is the first after the header.
        problems: Why a row cannot be used, by its number.
        smiles_column: The column of the SMILES, if the format says so.
    """

    frame: pd.DataFrame
    problems: dict[int, str] = field(default_factory=dict)
    smiles_column: str | None = None


def read_table(
    path: str | os.PathLike, separator: str | None = None, max_atoms: int = 1000
) -> Table:
    """Reads ``.csv``, ``.tsv``, ``.smi``, ``.smiles``, ``.sdf`` or ``.sd``, also with ``.gz``.

    Args:
        path: The file, in UTF-8.
        separator: Between the columns of a CSV file; by default comma, semicolon or tab,
            whichever fits the first rows.
        max_atoms: The most atoms of a drawing in an SDF file.

    Raises:
        InputError: If there is no such file, or its name or its separator says nothing.
        FileFormatError: If the file is empty or damaged, or not UTF-8; names the place.
    """
    path = Path(path)
    kinds = {
        ".csv": lambda text: _read_csv(text, separator, path.name),
        ".tsv": lambda text: _read_csv(text, separator or "\t", path.name),
        ".smi": _read_smi,
        ".smiles": _read_smi,
        ".sdf": lambda text: _read_sdf(text, max_atoms),
        ".sd": lambda text: _read_sdf(text, max_atoms),
    }
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix not in kinds:
        known = ", ".join(kinds)
        remedy = f"name a file of these kinds (also .gz): {known}; or give a list of SMILES"
        raise InputError("the kind of file cannot be told", value=str(path), remedy=remedy)
    if separator is not None and len(separator) != 1:
        raise InputError("one character is needed", where="separator", value=repr(separator))
    text = _read_text(path)
    if not text.strip():
        raise FileFormatError("the file is empty", where=path.name)
    return kinds[suffix](text)


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if path.name.lower().endswith(".gz"):
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileFormatError("the file is no whole gzip file", where=path.name) from error
    except OSError as error:
        raise InputError(
            "the file cannot be read", where=str(path), value=error.strerror
        ) from error
    return decode_utf8(content, path.name)


def _guess_separator(text: str) -> str:
    lines = list(itertools.islice(io.StringIO(text.strip("\r\n"), newline=""), _SAMPLE))
    widths = {
        separator: [len(row) for row in csv.reader(lines, delimiter=separator) if row]
        for separator in _SEPARATORS
    }
    fitting = [separator for separator in widths if widths[separator][0] > 1]
    if len(fitting) > 1:
        fitting = [separator for separator in fitting if len(set(widths[separator])) == 1]
        if len(fitting) != 1:
            raise InputError(
                "the separator of the columns cannot be told",
                value=repr(lines[0].strip()[:60]),
                remedy='say it, as in separator=","',
            )
    return fitting[0] if fitting else ","


def _read_csv(text: str, separator: str | None, name: str) -> Table:
    limit = csv.field_size_limit(len(text))  # One endless cell must not stop the other rows.
    rows, start = [], 1
    try:
        separator = separator or _guess_separator(text)
        lines = io.StringIO(text.strip("\r\n"), newline="")
        reader = csv.reader(lines, delimiter=separator, strict=True)
        for row in reader:
            rows.append(row)
            start = reader.line_num + 1
    except csv.Error as error:
        raise FileFormatError(
            f"the table is damaged: {error}",
            where=f"{name}, the row that begins in line {start}",
            remedy="look for a quotation mark without its twin",
        ) from error
    finally:
        csv.field_size_limit(limit)
    header, *rows = rows
    width, problems = len(header), {}
    for number, row in enumerate(rows):
        if len(row) > width:
            problems[number] = f"{len(row)} fields where the header has {width}"
        rows[number] = row[:width] + [""] * (width - len(row))
    return Table(pd.DataFrame(rows, columns=header, dtype=object), problems)


def _read_smi(text: str) -> Table:
    """Each line is a SMILES string and, after a blank, a name; a first line may name the two."""
    lines = [line.strip() for line in io.StringIO(text.rstrip("\r\n"), newline=None)]
    columns = lines[0].split()
    if lines[0].lower().startswith("smiles"):
        lines = lines[1:]
    else:
        columns = ["smiles", "name"]
    rows = []
    for line in lines:
        cells = line.split(maxsplit=max(len(columns), 2) - 1)
        if len(cells) > 1 and cells[1].startswith("|"):
            cells = [line]  # The extension is part of the molecule, not its name.
        rows.append((cells + [""] * len(columns))[: len(columns)])
    return Table(pd.DataFrame(rows, columns=columns, dtype=object), smiles_column=columns[0])


def _read_sdf(text: str, max_atoms: int) -> Table:
    """Each record is a drawing, which is turned into SMILES, and properties, the other columns."""
    records, lines = [], []
    for line in io.StringIO(text, newline=None):
        if line.startswith("$$$$"):
            records.append("".join(lines))
            lines = []
        else:
            lines.append(line)
    if "".join(lines).strip():
        records.append("".join(lines))
    rows, problems, supplier = [], {}, Chem.SDMolSupplier()
    for number, record in enumerate(records):
        rows.append({"structure": ""})
        try:
            mol, structure = _read_drawing(supplier, record, max_atoms)
        except MoleculeError as error:
            problems[number] = error.what
            continue
        properties = {name: mol.GetProp(name) for name in mol.GetPropNames()}
        rows[number] = {"name": mol.GetProp("_Name")} | properties
        rows[number]["structure"] = structure
    frame = pd.DataFrame(rows, dtype=object).fillna("")
    return Table(frame, problems, smiles_column="structure")


def _read_drawing(
    supplier: Chem.SDMolSupplier, record: str, max_atoms: int
) -> tuple[Chem.Mol, str]:
    if not record.strip():
        raise MoleculeError("empty")
    with rdBase.BlockLogs(), rdBase.CaptureErrorLog() as log:
        # The blank line ends the last property; without it the mark of the end would join it.
        supplier.SetData(record.rstrip("\n") + "\n\n$$$$\n")
        mol = next(supplier, None)
    if mol is None:
        raise MoleculeError(f"not parsable: {get_reason(log)}")
    return mol, write_smiles(mol, max_atoms=max_atoms)
