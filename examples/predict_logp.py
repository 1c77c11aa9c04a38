"""From a table with bad rows to predictions with an uncertainty: the logP of molecules.

Dr Watson has copied molecules and their logP (how much rather they are in oil than in water) from
Sherlock Holmes's notebook, and has slipped twice. A predictor learns from the rows that are good,
is judged beside a random forest, and is asked about molecules that everybody knows. Molecules and
logP come with RDKit, which adds logP up from its atoms, so nothing is downloaded. The uncertainty
is the error on molecules much like those in the table: an unusual one can be further off.
It takes about half a minute on one core, and seconds with --quick.

Run:  python examples/predict_logp.py [--quick]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from gnnlab.molecules import (
    Baseline,
    Molecules,
    PropertyPredictor,
    evaluate,
    random_split,
    read_molecules,
)
from gnnlab.molecules.embedded import crippen_logp, load_nci

FAMOUS = {
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O",
    "caffeine": "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "nicotine": "CN1CCCC1c1cccnc1",
}


def write_notebook(path: Path, count: int) -> None:
    """A table of molecules and their logP; two of its rows are wrong."""
    smiles = load_nci(count).smiles
    table = pd.DataFrame({"substance": smiles, "logp": crippen_logp(smiles)})
    table.loc[7, "substance"] = "CC(=O)Oc1ccccc1C(=O"  # a bracket is missing
    table.loc[42, "substance"] = "CCO see page 12"
    table.to_csv(path, index=False)


def fit_and_judge(molecules: Molecules, quick: bool) -> PropertyPredictor:
    """Learns from nine tenths of the molecules; prints the errors on the last one."""
    smiles, logp = np.array(molecules.smiles), molecules.targets[:, 0]
    split = random_split(molecules)
    learn, test = np.concatenate([split.train, split.validation]), split.test

    predictor = PropertyPredictor(
        hidden_channels=64,
        pooling="sum",  # logP grows with the molecule
        dropout=0.0,
        descriptors=False,  # logP is one of RDKit's descriptors: that would be cheating
        learning_rate=3e-3,
        epochs=30,
        ensemble_size=1 if quick else 5,  # where networks disagree they are less sure
    )
    predictor.fit(smiles[learn], logp[learn])
    forest = Baseline("random-forest", "regression").fit(list(smiles[learn]), logp[learn])
    predictions = {
        "graph networks": predictor.predict(smiles[test]),
        "random forest": forest.predict(list(smiles[test])),
    }
    print(f"{len(learn)} molecules learned, error (RMSE) on {len(test)} others:")
    for name, predicted in predictions.items():
        print(f"  {name:15} {evaluate('rmse', logp[test], predicted).value:.2f}")
    return predictor


def main() -> None:
    """Writes the table, reads it, learns, and predicts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer molecules, less training")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "notebook.csv"
        write_notebook(path, 300 if options.quick else 800)
        molecules = read_molecules(path, smiles_column="substance", target_columns="logp")
    bad = molecules.report[~molecules.report["kept"]]
    print(f"{molecules.num_rows} rows, {len(molecules)} of them good. The others:")
    for row, smiles, reason in bad[["row", "smiles", "reason"]].itertuples(index=False):
        print(f"  row {row}: {smiles!r}: {reason}")

    predictor = fit_and_judge(molecules, options.quick)
    mean, std = predictor.estimate(list(FAMOUS.values()))
    truth = crippen_logp(list(FAMOUS.values()))
    print("Predictions, with the error to expect, and what RDKit computes:")
    for name, value, error, computed in zip(FAMOUS, mean, std, truth, strict=True):
        print(f"  {name:10} {value:5.2f} +- {error:.2f}   {computed:5.2f}")


if __name__ == "__main__":
    main()
