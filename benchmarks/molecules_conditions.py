"""A generator that is asked for properties, a scaffold, or links: does it do as it is told?

    gnnlab molecules train-generator --dataset moses --property logp --property qed --out runs/graph
    python benchmarks/molecules_conditions.py runs/graph

For each target of a grid 1,000 molecules are made and measured, by what the network grows first
and by the nearest of four that it grows, which is what `sample` does unless told otherwise; then
10,000 around an indole and 10,000 that link two fragments, in which RDKit looks for what was to be
kept.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from measure import write
from rdkit import Chem

from gnnlab.molecules import MoleculeGenerator
from gnnlab.molecules.generation.conditions import measure

TARGETS = {"logp": (0.0, 1.0, 2.0, 3.0, 4.0, 5.0), "qed": (0.5, 0.6, 0.7, 0.8, 0.9)}
PER_TARGET, KEPT = 1_000, 10_000
CANDIDATES = (1, 4)
INDOLE = "c1ccc2[nH]ccc2c1"
FRAGMENTS, ATOMS = ("c1ccccc1", "C1CCNCC1"), (0, 3)


def ask(
    generator: MoleculeGenerator, name: str, target: float, candidates: int
) -> dict[str, object]:
    """A row: how near the molecules come to one target."""
    start = time.perf_counter()
    wish = {"condition": {name: target}, "candidates": candidates}
    smiles = generator.sample(PER_TARGET, **wish, seed=0)
    seconds = time.perf_counter() - start
    mols = [Chem.MolFromSmiles(row) for row in smiles]
    found = measure([mol for mol in mols if mol is not None], [name])[:, 0]
    return {
        "asked": f"{name} = {target:g}",
        "grown for each": candidates,
        "molecules": len(smiles),
        "valid": np.mean([mol is not None for mol in mols]),
        "different": len(set(smiles)) / len(smiles),
        "mean": found.mean().round(3),
        "mean absolute error": np.abs(found - target).mean().round(3),
        "molecules/s": round(PER_TARGET / seconds),
    }


def keep(words: str, smiles: list[str], patterns: list[str], seconds: float) -> dict[str, object]:
    """A row: how many molecules hold what was to be kept."""
    mols = [Chem.MolFromSmiles(row) for row in smiles]
    kept = [
        all(mol.HasSubstructMatch(Chem.MolFromSmiles(pattern)) for pattern in patterns)
        for mol in mols
        if mol is not None
    ]
    return {
        "asked": words,
        "molecules": len(smiles),
        "valid": np.mean([mol is not None for mol in mols]),
        "different": len(set(smiles)) / len(smiles),
        "kept": np.mean(kept),
        "molecules/s": round(len(smiles) / seconds),
    }


def main() -> None:
    """Writes a row per wish."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    generator = MoleculeGenerator.load(parser.parse_args().run / "model.safetensors")
    rows = [
        ask(generator, name, target, candidates)
        for candidates in CANDIDATES
        for name in TARGETS
        for target in TARGETS[name]
    ]
    for (name, _), mine in pd.DataFrame(rows).groupby(
        [[str(row["asked"]).split()[0] for row in rows], "grown for each"], sort=False
    ):
        rows.append({"asked": f"{name}, mean of all", **mine.drop(columns="asked").mean().round(4)})
    start = time.perf_counter()
    around = generator.sample(KEPT, scaffold=INDOLE, seed=0)
    rows.append(keep(f"around {INDOLE}", around, [INDOLE], time.perf_counter() - start))
    start = time.perf_counter()
    links = generator.link(KEPT, *FRAGMENTS, attachments=ATOMS, seed=0)
    words = f"a link of {FRAGMENTS[0]} and {FRAGMENTS[1]}"
    rows.append(keep(words, links, list(FRAGMENTS), time.perf_counter() - start))
    write("molecules_conditions", pd.DataFrame(rows).astype(object).fillna(""))


if __name__ == "__main__":
    main()
