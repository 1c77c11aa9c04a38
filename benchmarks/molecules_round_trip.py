"""SMILES to graph and back over every molecular data set: is it the same molecule?

    python benchmarks/molecules_round_trip.py DATA/molecules [--rows N]

A row is exact if its canonical SMILES comes back letter by letter, with stereo or, to tell which
part is at fault, without. Files with the SMILES in a column called smiles or mol are read as
tables, others line by line. Sets are read one process each.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import pandas as pd
from measure import write
from rdkit import Chem, rdBase

from gnnlab.errors import MoleculeError
from gnnlab.molecules.graph import from_mol, to_mol
from gnnlab.molecules.parse import parse_smiles

COLUMNS = ("smiles", "mol")


def read_smiles(path: Path) -> list[str]:
    """All SMILES strings of a file, also those that cannot be parsed."""
    text = gzip.decompress(path.read_bytes()).decode()
    if path.name.endswith(".smi.gz"):
        words = [line.split()[0] for line in text.splitlines() if line.strip()]
        return words[1:] if words[0].lower() in COLUMNS else words
    table = csv.DictReader(io.StringIO(text))
    named = [name for name in table.fieldnames or () if name.lower() in COLUMNS]
    return [row[named[0]] for row in table] if named else []


def round_trip(path: Path, num_rows: int | None) -> dict[str, object]:
    """Counts the rows of a file that come back."""
    rows = read_smiles(path)[:num_rows]
    counts = {"rows": len(rows), "parsable": 0, "exact": 0, "exact without stereo": 0}
    different = ""
    for row in rows:
        try:
            mol = parse_smiles(row)
        except MoleculeError:
            continue
        counts["parsable"] += 1
        with rdBase.BlockLogs():
            try:
                back = to_mol(from_mol(mol))
            except MoleculeError as error:
                different = different or f"{row}: {error.what}"
                continue
            smiles = Chem.MolToSmiles(mol), Chem.MolToSmiles(back)
            is_exact = smiles[0] == smiles[1]
            is_same = is_exact or len({Chem.MolToSmiles(m, isomericSmiles=False)
                                       for m in (mol, back)}) == 1  # fmt: skip
        counts["exact"] += is_exact
        counts["exact without stereo"] += is_same
        if not is_exact:
            different = different or f"{smiles[0]} -> {smiles[1]}"
    return {"file": f"{path.parent.name}/{path.name}", **counts, "first difference": different}


def main() -> None:
    """Writes a row per file, and one for all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, help="only the first rows of each file")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    paths = [path for path in sorted(options.folder.rglob("*.gz")) if has_smiles(path)]
    with ProcessPoolExecutor(options.processes) as pool:
        rows = []
        for row in pool.map(partial(round_trip, num_rows=options.rows), paths):
            print(row, flush=True)
            rows.append(row)
    table = pd.DataFrame(rows)
    total = table.select_dtypes("number").sum().to_dict()
    table.loc[len(table)] = {"file": "all", **total, "first difference": ""}
    write(
        "molecules_round_trip",
        table,
        f"The first {options.rows:,} rows of each file." if options.rows else "All rows.",
    )


def has_smiles(path: Path) -> bool:
    """Whether a file is one of molecules, not of indices or results."""
    return path.name.endswith(".smi.gz") or bool(
        path.name.endswith(".csv.gz") and read_smiles(path)
    )


if __name__ == "__main__":
    main()
