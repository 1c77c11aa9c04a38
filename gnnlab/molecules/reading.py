"""Reading molecules and what was measured on them: no bad row stops the rest, none is lost."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from rdkit import Chem

from gnnlab.errors import InputError, MoleculeError, ShapeError
from gnnlab.molecules.columns import check_targets, find_smiles_column, read_targets
from gnnlab.molecules.parse import canonical_smiles, parse_smiles, write_smiles
from gnnlab.molecules.standardize import Standardization
from gnnlab.molecules.tables import Table, read_table


@dataclass(frozen=True)
class Molecules:
    """The molecules of a source that can be used, each with the number of its row there.

    Args:
        smiles: ``[M]`` SMILES of the good rows, as written (without blanks around them).
        canonical: ``[M]`` their canonical SMILES: equal for equal molecules.
        rows: ``[M]`` their row numbers, from 0; a header is no row.
        targets: ``[M, T]`` measured values; NaN where there is none.
        columns: ``[T]`` the names of the targets.
        table: All columns of the good rows as they were read, indexed by the row number.
        report: What was found wrong, one line each: ``row``, ``smiles``, ``field`` (the name of
            a column), ``reason``, and ``kept``: whether the row is still among the good ones.
        changes: What standardisation changed: ``row``, ``before``, ``after``, ``changes``.
        num_rows: The number of rows of the source.
    """

    smiles: list[str]
    canonical: list[str]
    rows: np.ndarray
    targets: np.ndarray
    columns: list[str]
    table: pd.DataFrame
    report: pd.DataFrame
    changes: pd.DataFrame
    num_rows: int

    def __len__(self) -> int:
        return len(self.smiles)

    def expand(self, values: Any) -> np.ndarray:
        """Values for the good rows, put back among all rows.

        Args:
            values: ``[M]`` or ``[M, ...]`` numbers.

        Returns:
            ``[num_rows, ...]`` in the user's order, NaN at the rows that are not good.

        Raises:
            ShapeError: If there are more or fewer values than good rows.

        Example:
            >>> read_molecules(["CO", "Ahab", "N"]).expand([0.5, 1.5]).tolist()
            [0.5, nan, 1.5]
        """
        values = np.asarray(values, dtype=float)
        if values.ndim == 0 or len(values) != len(self):
            raise ShapeError(f"there are {len(self)} good rows", where="values", value=values.shape)
        expanded = np.full((self.num_rows, *values.shape[1:]), np.nan)
        expanded[self.rows] = values
        return expanded

    def reasons(self) -> list[str]:
        """Why each row of the source has no prediction; empty for the good ones.

        Example:
            >>> read_molecules(["CO", "C O", "N"]).reasons()
            ['', 'whitespace inside', '']
        """
        reasons = [""] * self.num_rows
        for row, reason, kept in self.report[["row", "reason", "kept"]].itertuples(index=False):
            if not kept:
                reasons[row] = reason
        return reasons


def read_molecules(
    source: str | os.PathLike | pd.DataFrame | Sequence,
    smiles_column: str | None = None,
    target_columns: str | Sequence[str] | None = None,
    *,
    duplicates: str = "keep",
    max_atoms: int = 1000,
    separator: str | None = None,
    standardization: Standardization | None = None,
) -> Molecules:
    """Reads molecules from a file, a table or a list.

    A row whose molecule cannot be used is left out and reported. A target that is no number is
    reported and counts as missing; its row stays. A molecule that an earlier row has too is
    reported, and stays unless ``duplicates="drop"``.

    Args:
        source: A file (CSV, TSV, SMI or SDF, also with ``.gz``), a DataFrame (of pandas, or any
            that narwhals knows), or a list of SMILES or RDKit molecules.
        smiles_column: The column of the SMILES. By default the one with a usual name, or the
            only one; in SDF files ``structure``, which is made from the drawing.
        target_columns: The columns of the targets. Blank, ``NA``, ``NaN``, ``None`` and ``null``
            mean missing; ``true`` and ``false`` are 1 and 0.
        duplicates: ``"keep"``, or ``"drop"`` to use the first row of each molecule only.
        max_atoms: The most atoms of a molecule.
        separator: Between the columns of a CSV file; by default it is told from the first rows.
        standardization: What to change in every molecule; by default nothing.

    Raises:
        InputError: If the file cannot be read, a column does not exist, exists twice or cannot
            be told, a target has no number at all, or no row is good.
        FileFormatError: If the file is empty, damaged or not UTF-8.

    Example:
        >>> molecules = read_molecules(["CCO", "CN(C)(C)C", None, "OCC"])
        >>> molecules.smiles, molecules.rows.tolist()
        (['CCO', 'OCC'], [0, 3])
        >>> print(molecules.report[["row", "reason"]].to_string(index=False))
         row                                                                      reason
           1 not parsable: Explicit valence for atom # 1 N, 4, is greater than permitted
           2                                                                not a string
           3                                                          duplicate of row 0
    """
    if duplicates not in ("keep", "drop"):
        raise InputError('use "keep" or "drop"', where="duplicates", value=repr(duplicates))
    table = _to_table(source, separator, max_atoms)
    smiles_column = find_smiles_column(table, smiles_column)
    names = [target_columns] if isinstance(target_columns, str) else list(target_columns or [])
    check_targets(table.frame, names, smiles_column)
    reader = _RowReader(table.problems, smiles_column, duplicates == "drop", max_atoms)
    reader.read(table.frame[smiles_column].tolist(), standardization or Standardization())
    if not reader.rows:
        raise InputError(
            "no row has a molecule that can be used",
            where=smiles_column,
            value=_count_reasons(reader.report),
        )
    frame = table.frame.iloc[reader.rows].set_axis(reader.rows)
    targets, wrong = read_targets(frame[names])
    for row, field, reason in wrong:
        reader.note(row, table.frame[smiles_column].iloc[row], field, reason, kept=True)
    return Molecules(
        smiles=reader.smiles,
        canonical=reader.canonical,
        rows=np.array(reader.rows),
        targets=targets,
        columns=names,
        table=frame,
        report=reader.to_report(),
        changes=pd.DataFrame(reader.changes, columns=["row", "before", "after", "changes"]),
        num_rows=len(table.frame),
    )


class _RowReader:
    """Goes through the rows and keeps what is good, what is not, and why."""

    def __init__(self, problems: dict[int, str], field: str, drop: bool, max_atoms: int):
        self.problems, self.field, self.drop, self.max_atoms = problems, field, drop, max_atoms
        self.smiles, self.canonical, self.rows = [], [], []
        self.report, self.changes = [], []

    def read(self, cells: list, standardization: Standardization) -> None:
        first: dict[str, int] = {}
        for row, cell in enumerate(cells):
            try:
                if row in self.problems:
                    raise MoleculeError(self.problems[row])
                is_mol = isinstance(cell, Chem.Mol)
                text = write_smiles(cell, max_atoms=self.max_atoms) if is_mol else cell
                mol = parse_smiles(text, max_atoms=self.max_atoms)
                mol, changes = standardization(mol)
            except MoleculeError as error:
                self.note(row, cell, self.field, error.what, kept=False)
                continue
            canonical = canonical_smiles(mol)
            if changes:
                text = Chem.MolToSmiles(mol)
                self.changes.append((row, cell, text, changes))
            if canonical in first:
                reason = f"duplicate of row {first[canonical]}"
                self.note(row, cell, self.field, reason, kept=not self.drop)
                if self.drop:
                    continue
            first.setdefault(canonical, row)
            self.smiles.append(text.strip())
            self.canonical.append(canonical)
            self.rows.append(row)

    def note(self, row: int, cell: object, field: str, reason: str, kept: bool) -> None:
        self.report.append((row, cell, field, reason, kept))

    def to_report(self) -> pd.DataFrame:
        columns = ["row", "smiles", "field", "reason", "kept"]
        report = pd.DataFrame(self.report, columns=columns).astype({"row": int, "kept": bool})
        return report.sort_values("row", kind="stable", ignore_index=True)


def _to_table(source: Any, separator: str | None, max_atoms: int) -> Table:
    if isinstance(source, str | os.PathLike):
        table = read_table(source, separator, max_atoms)
    elif isinstance(source, pd.DataFrame):
        table = Table(source)
    elif isinstance(source, Sequence | np.ndarray | pd.Series):
        frame = pd.DataFrame({"smiles": pd.Series(list(source), dtype=object)})
        table = Table(frame, smiles_column="smiles")
    else:
        import narwhals

        try:
            columns = narwhals.from_native(source, eager_only=True).to_dict(as_series=False)
        except TypeError as error:
            remedy = "give a file, a DataFrame or a list of SMILES"
            raise InputError(
                "no molecules", where="source", value=type(source).__name__, remedy=remedy
            ) from error
        table = Table(pd.DataFrame(columns))
    twice = [str(name) for name, count in Counter(table.frame.columns).items() if count > 1]
    if twice:
        raise InputError("a column's name is there twice", value=", ".join(twice))
    if len(table.frame) == 0:
        raise InputError("there is no row", where="source")
    return table


def _count_reasons(report: list[tuple]) -> str:
    common = Counter(reason for *_, reason, _ in report).most_common(3)
    return ", ".join(f"{count} x {reason}" for reason, count in common)
