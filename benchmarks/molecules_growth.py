"""Growing molecules: do known ones come back from their actions, and are random ones all valid?

    python benchmarks/molecules_growth.py DATA/molecules [--rows N] [--count N]

Every molecule of MOSES, ZINC250k and QM9 is taken apart into actions in a random order, grown
again by a ledger, and compared with what RDKit alone makes of the row: canonical SMILES, without
stereo. Then molecules are grown by chance alone, over every table of atom types in equal shares,
and RDKit is asked to sanitise them, and to read what it has written about them.
"""

from __future__ import annotations

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from measure import write
from molecules_round_trip import read_smiles
from rdkit import Chem, rdBase

from gnnlab.errors import GnnlabError
from gnnlab.molecules.generation import (
    PRESETS,
    ActionSpace,
    AtomTypes,
    GrowthGraphs,
    Ledger,
    sample_random,
    to_mols,
)

FILES = {
    "moses/train_90k.smi.gz": "moses",
    "moses/test.csv.gz": "moses",
    "moses/test_scaffolds.csv.gz": "moses",
    "zinc250k/zinc250k.smi.gz": "zinc250k",
    "qm9/qm9.smi.csv.gz": "qm9",
}
MOST_ATOMS = 40
CHUNK = 2000


def grow_again(task: tuple[str, str, int, list[str]]) -> Counter:
    """Counts what becomes of some rows of a file."""
    path, table, first, rows = task
    space = ActionSpace(AtomTypes.from_names(PRESETS[table]), max_distance=MOST_ATOMS)
    graphs = GrowthGraphs.of(rows, space, MOST_ATOMS)
    counts = Counter(rows=len(rows), grown=len(graphs), actions=int(graphs.num_actions.sum()))
    counts.update(f"left out: {error.what.split(':')[0]}" for error in graphs.errors.values())
    ledger = Ledger(space, len(graphs), MOST_ATOMS)
    for actions in graphs.batch(range(len(graphs)), np.random.default_rng(first)).T:
        ledger.apply(actions)  # raises an error if one is not legal
    assert ledger.is_done.all()
    with rdBase.BlockLogs():
        for row, mol in zip(graphs.rows.tolist(), to_mols(ledger), strict=True):
            is_same = Chem.MolToSmiles(mol) == flat(rows[row])
            counts["same molecule"] += is_same
            if not is_same:
                print(f"{path}, row {first + row}: {rows[row]} -> {Chem.MolToSmiles(mol)}")
    return counts


def flat(smiles: str) -> str:
    """Canonical SMILES without stereo, by RDKit alone."""
    mol = Chem.MolFromSmiles(smiles)
    Chem.RemoveStereochemistry(mol)
    return Chem.CanonSmiles(Chem.MolToSmiles(mol, isomericSmiles=False))


def grow_at_random(task: tuple[str, int, int]) -> Counter:
    """Counts what RDKit says of random molecules."""
    table, seed, count = task
    space = ActionSpace(AtomTypes.from_names(PRESETS[table]), max_distance=MOST_ATOMS)
    counts = Counter(molecules=count)
    try:
        mols = sample_random(space, count, seed, max_atoms=38)
    except GnnlabError as error:
        print(f"{table}, seed {seed}: {error}")
        return counts
    counts["sanitised"] = len(mols)
    with rdBase.BlockLogs():
        for mol in mols:
            smiles = Chem.MolToSmiles(mol)
            back = Chem.MolFromSmiles(smiles)
            counts["read again"] += back is not None
            is_same = back is not None and Chem.MolToSmiles(back) == smiles
            counts["same SMILES"] += is_same
            if not is_same:
                print(f"{table}, seed {seed}: {smiles}")
            counts["atoms"] += mol.GetNumAtoms()
            counts["rings"] += mol.GetRingInfo().NumRings()
    return counts


def round_trips(folder: Path, num_rows: int | None, pool: ProcessPoolExecutor) -> pd.DataFrame:
    """A row per file."""
    lines = []
    for path, table in FILES.items():
        rows = read_smiles(folder / path)[:num_rows]
        parts = range(0, len(rows), CHUNK)
        tasks = [(path, table, first, rows[first : first + CHUNK]) for first in parts]
        counts = sum(pool.map(grow_again, tasks), Counter())
        reasons = sorted(name for name in counts if name.startswith("left out"))
        why = "; ".join(f"{name.removeprefix('left out: ')} {counts[name]}" for name in reasons)
        numbers = {name: counts[name] for name in ("rows", "grown", "same molecule")}
        mean = round(counts["actions"] / max(counts["grown"], 1), 2)
        lines.append({"file": path, **numbers, "actions each": mean, "left out": why or "none"})
    return pd.DataFrame(lines)


def random_molecules(count: int, pool: ProcessPoolExecutor) -> pd.DataFrame:
    """A row per table of atom types, and one for all of them."""
    lines = []
    for table in PRESETS:
        share = count // len(PRESETS)
        parts = enumerate(range(0, share, CHUNK))
        tasks = [(table, seed, min(CHUNK, share - first)) for seed, first in parts]
        counts = sum(pool.map(grow_at_random, tasks), Counter())
        names = ("molecules", "sanitised", "read again", "same SMILES", "atoms", "rings")
        lines.append({"types": table, **{name: counts[name] for name in names}})
    total = pd.DataFrame(lines).sum(numeric_only=True).to_dict()
    frame = pd.DataFrame([*lines, {"types": "together", **total}])
    for name in ("atoms", "rings"):
        frame[f"{name} each"] = (frame.pop(name) / frame["molecules"]).round(2)
    return frame


def main() -> None:
    """Writes both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, help="only the first rows of each file")
    parser.add_argument("--count", type=int, default=1_000_000, help="random molecules in all")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    extent = f"The first {options.rows:,} rows of each file." if options.rows else "All rows."
    with ProcessPoolExecutor(options.processes) as pool:
        write("molecules_growth", round_trips(options.folder, options.rows, pool), extent)
        write("molecules_growth_random", random_molecules(options.count, pool))


if __name__ == "__main__":
    main()
