"""New molecules that are all valid: learn from 5,000, make 1,000, ask for some, keep a core.

Victor Frankenstein has a box of molecules that come with RDKit, and wants others like them. The
generator grows each bond by bond under a ledger of valences, so none has to be thrown away. It
takes about a minute on one core, and seconds with --quick.

Run:  python examples/generate_molecules.py [--quick] [--out FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from rdkit import Chem
from rdkit.Chem import Crippen

from gnnlab.molecules import MoleculeGenerator, draw_grid, load_nci, write_molecules
from gnnlab.molecules.metrics import evaluate


def main() -> None:
    """Learns, makes, asks, and grows around a core."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer molecules, less training")
    parser.add_argument("--out", type=Path, default=Path("frankenstein"), help="folder")
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)

    smiles = load_nci(400 if options.quick else None).smiles
    generator = MoleculeGenerator(
        properties=("logp",),  # what it can be asked for afterwards
        hidden_channels=32 if options.quick else 128,
        epochs=2 if options.quick else 6,
        learning_rate=4e-3,
    )
    generator.fit(smiles)
    print(f"{len(smiles)} molecules, {len(generator.errors_)} of them cannot be grown, such as")
    for row, error in list(generator.errors_.items())[:2]:
        print(f"  {smiles[row][:50]}: {error.what}")

    count = 100 if options.quick else 1000
    made = generator.sample(count, seed=0)
    scores = evaluate(made, smiles[:2000], smiles, fcd=False, filters=False)
    print(
        f"{count} new ones:", {k: round(scores[k], 3) for k in ("valid", "unique@1000", "Novelty")}
    )
    write_molecules(options.out / "made.sdf", made)
    draw_grid(made[:24], options.out / "made.svg", num_columns=6)

    for wish in (-1.0, 4.0):
        asked = generator.sample(count // 4, condition={"logp": wish}, seed=1)
        logp = [Crippen.MolLogP(Chem.MolFromSmiles(molecule)) for molecule in asked]
        print(f"logP {wish} was asked for, and is {np.mean(logp):.2f} on average")

    around = generator.sample(12, scaffold="c1ccc2[nH]ccc2c1", seed=2)
    linked = generator.link(12, "c1ccccc1", "C1CCNCC1", attachments=(0, 3), seed=3)
    draw_grid(around + linked, options.out / "around.svg", num_columns=6)
    print(f"around indole: {around[0]}; between benzene and piperidine: {linked[0]}")
    print(f"drawings and made.sdf: {options.out}")


if __name__ == "__main__":
    main()
