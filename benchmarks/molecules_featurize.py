"""SMILES strings to graphs: gnnlab against PyG's from_smiles and against RDKit's parsing alone.

    python benchmarks/molecules_featurize.py FILE.smi.gz [--rows N] [--seconds S]

All sides take turns on the same molecules in one process; medians. Our side with two processes
includes starting them, and takes all rows once. "Batch" is 64 graphs picked at random from the
featurised ones, against PyG's collation of a list of graphs.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import time
from pathlib import Path

import numpy as np
import pandas as pd
from measure import alternate, write
from rdkit import Chem, rdBase
from torch_geometric.data import Batch
from torch_geometric.utils import from_smiles

from gnnlab.molecules.graphs import MoleculeGraphs

SAMPLE, BATCH_SIZE = 1000, 64


def read_lines(path: Path, num_rows: int | None) -> list[str]:
    """The first SMILES strings of a file."""
    with gzip.open(path, "rt") as file:
        return [line.split()[0] for line in itertools.islice(file, num_rows)]


def parse(smiles: list[str]) -> None:
    """What nobody can do without; each molecule goes before the next one comes."""
    for text in smiles:
        Chem.MolFromSmiles(text)


def once(smiles: list[str], num_workers: int) -> float:
    """Seconds for all molecules, once."""
    start = time.perf_counter()
    MoleculeGraphs.of(smiles, num_workers)
    return time.perf_counter() - start


def main() -> None:
    """Writes a row per way of featurising and per way of batching."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, help="of the runs with one and two processes")
    parser.add_argument("--seconds", type=float, default=60.0, help="for the sides that take turns")
    parser.add_argument("--quick", action="store_true", help="nothing written")
    options = parser.parse_args()
    smiles = read_lines(options.file, options.rows)
    sample = [smiles[i] for i in np.random.default_rng(0).permutation(len(smiles))[:SAMPLE]]
    graphs = MoleculeGraphs.of(sample)
    chosen = np.random.default_rng(0).permutation(len(graphs))[:BATCH_SIZE]
    listed = [graphs[i] for i in chosen]
    with rdBase.BlockLogs():
        times = alternate(
            {
                "RDKit parsing alone": lambda: parse(sample),
                "PyG from_smiles": lambda: [from_smiles(text) for text in sample],
                "gnnlab": lambda: MoleculeGraphs.of(sample),
            },
            options.seconds,
        )
        batches = alternate(
            {
                "PyG batch": lambda: Batch.from_data_list(listed),
                "gnnlab batch": lambda: graphs.batch(chosen),
            },
            options.seconds / 10,
        )
    rates = {name: len(sample) / seconds for name, seconds in times.items()}
    rates |= {
        f"gnnlab, {n} process{'es' * (n > 1)}, {len(smiles)} rows": len(smiles) / once(smiles, n)
        for n in (1, 2)
    }
    rates |= {name: BATCH_SIZE / seconds for name, seconds in batches.items()}
    table = pd.DataFrame(
        [
            {
                "side": name,
                "molecules per second": round(rate),
                "times PyG from_smiles": round(rate / rates["PyG from_smiles"], 2),
            }
            for name, rate in rates.items()
        ]
    )
    note = f"Featurised data: {graphs.bytes_per_molecule:.0f} MB per million molecules."
    if options.quick:
        print(table.to_string(index=False), note, sep="\n")
    else:
        write("molecules_featurize", table, note)


if __name__ == "__main__":
    main()
