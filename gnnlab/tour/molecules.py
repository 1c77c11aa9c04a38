"""Chapter on molecules: graphs without loss, states on bonds, and a property that is learned.

Legend: N atoms, E directed bonds, F input features, H hidden.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch_geometric.data import Data

from gnnlab import nn
from gnnlab.molecules import (
    Baseline,
    MoleculeGraphs,
    Molecules,
    PropertyPredictor,
    evaluate,
    from_smiles,
    random_split,
    read_molecules,
    to_smiles,
)
from gnnlab.molecules.drawing import draw_explanation, draw_molecule
from gnnlab.molecules.embedded import crippen_logp, load_nci
from gnnlab.molecules.explain import explain
from gnnlab.molecules.features import BOND_CATEGORIES
from gnnlab.sequences.runs import one_thread
from gnnlab.tour.page import Chapter, Picture, Table, Text

_PARACETAMOL = "CC(=O)NC1=CC=C(O)C=C1"
_SHOWN = {"paracetamol": _PARACETAMOL, "caffeine": "Cn1c(=O)c2c(ncn2C)n(C)c1=O"}
_SYMBOLS = {6: "C", 7: "N", 8: "O"}
_STEPS, _WIDTH, _HIDDEN = 3, 8, 16
_TABLE_OF_DR_JEKYLL = (
    *("CC(=O)OC1=CC=CC=C1C(=O)O", "CC(=O)OC1=CC=CC=C1C(=O", "CCO ethanol", "CC(C)(C)(C)C"),
    *("", None, 42, "OC(=O)C1=CC=CC=C1OC(C)=O"),
)


def molecules_as_graphs(folder: Path, quick: bool) -> Chapter:
    """A molecule as a graph and back, states on directed bonds, logP learned beside baselines."""
    torch.manual_seed(0)
    with one_thread():
        return Chapter(
            "A molecule is a graph",
            [
                *_as_graphs(folder, quick),
                *_on_bonds(),
                *_learning(folder, quick),
                *_bad_rows(),
                Text(
                    "The same on a table of your own: `gnnlab molecules train table.csv "
                    "--target-column y --out runs/y`, then `gnnlab molecules predict "
                    "runs/y/model.safetensors new.csv`, or `explain` in its place."
                ),
            ],
        )


def _as_graphs(folder: Path, quick: bool) -> list[Text | Table | Picture]:
    data = from_smiles(_PARACETAMOL)
    molecules = load_nci(500 if quick else None)
    return [
        Text(
            "Atoms are nodes, bonds are edges. Chemists write that graph as one line of text, a "
            f"SMILES string: `{_PARACETAMOL}` is paracetamol, and `gnnlab.molecules.from_smiles` "
            f"makes {data.num_nodes} nodes and {data.num_edges} edges of it. Every bond is two "
            "edges, one in each direction, side by side: the way back of edge e is edge e ^ 1."
        ),
        Picture(
            draw_molecule(_PARACETAMOL, folder / "paracetamol.png"),
            "Paracetamol, drawn by RDKit. Corners without a letter are carbon.",
        ),
        Table(_edges(data), "The first edges of its graph."),
        Text(
            "What is in the graph should be all there is. So turn it back into SMILES and compare, "
            "letter by letter. RDKit brings molecules of the National Cancer Institute along that "
            "nobody has tidied, with salts, metals and mixtures:"
        ),
        Table(_round_trip(molecules), "Canonical SMILES to graph, and graph to canonical SMILES."),
    ]


def _edges(data: Data) -> pd.DataFrame:
    symbols = [_SYMBOLS[number] for number in data.x[:, 0].tolist()]
    kinds = BOND_CATEGORIES["bond_type"]
    rows = [
        (edge, f"{symbols[source]} {source}", f"{symbols[target]} {target}", kinds[kind].lower())
        for edge, (source, target, kind) in enumerate(
            zip(*data.edge_index.tolist(), data.edge_attr[:, 0].tolist(), strict=True)
        )
    ]
    return pd.DataFrame(rows[:6], columns=["edge", "from atom", "to atom", "bond"])


def _round_trip(molecules: Molecules) -> pd.DataFrame:
    start = time.perf_counter()
    graphs = MoleculeGraphs.of(molecules.canonical)
    built = time.perf_counter()
    returned = [to_smiles(graphs[place]) for place in range(len(graphs))]
    seconds = time.perf_counter() - built
    exact = sum(one == other for one, other in zip(returned, molecules.canonical, strict=True))
    rows = [
        ("rows", f"{molecules.num_rows:,}"),
        ("molecules (the other rows are refused by RDKit)", f"{len(molecules):,}"),
        ("come back exactly", f"{exact:,}"),
        ("to graphs, per second", f"{len(graphs) / (built - start):,.0f}"),
        ("and back, per second", f"{len(graphs) / seconds:,.0f}"),
    ]
    return pd.DataFrame(rows, columns=["", "number"])


def _on_bonds() -> list[Text | Table]:
    return [
        Text(
            "Where do the states live? If atoms hold them, a message that goes from one to its "
            "neighbour is back at once with the next step, and says nothing new. If the directed "
            "bonds hold them, a message can go on to every other bond but not straight back. Bonds "
            "that lead on to bonds are a graph again, the line graph, and our recurrent layer on "
            "it is directed message passing: `RecurrentConv(RNNCell)`, nothing else."
        ),
        Table(
            _line_graphs(),
            f"{_STEPS} steps on the line graph against loops over bonds, double precision.",
        ),
    ]


def _line_graphs() -> pd.DataFrame:
    cell = nn.RNNCell(_WIDTH, _HIDDEN, nonlinearity="relu").double()
    conv = nn.RecurrentConv(cell, executor="sync", steps=_STEPS)
    rows = []
    for name, smiles in _SHOWN.items():
        data = from_smiles(smiles)
        x = torch.randn(data.num_edges, _WIDTH, dtype=torch.float64)  # [E, F]
        between = nn.line_graph(data.edge_index, data.num_nodes)
        with torch.no_grad():
            h = conv(x, between)  # [E, H]
            difference = (h - _bond_by_bond(cell, x, data.edge_index)).abs().max().item()
        rows.append((name, data.num_nodes, data.num_edges, between.size(1), difference))
    names = ["molecule", "atoms", "directed bonds", "ways to go on", "largest difference"]
    return pd.DataFrame(rows, columns=names)


def _bond_by_bond(cell: nn.RNNCell, x: Tensor, edge_index: Tensor) -> Tensor:
    """Directed message passing as loops: every bond sums over the bonds that lead to it."""
    edges = edge_index.T.tolist()
    h = x.new_zeros(len(edges), cell.hidden_size)
    for _ in range(_STEPS):
        following = []
        for (v, w), features in zip(edges, x, strict=True):
            message = torch.zeros_like(h[0])
            for before, (u, arrives) in enumerate(edges):
                if arrives == v and u != w:
                    message = message + h[before]
            following.append(cell.weight_ih @ features + cell.weight_hh @ message + cell.bias)
        h = torch.stack(following).relu()
    return h


def _learning(folder: Path, quick: bool) -> list[Text | Table | Picture]:
    molecules = load_nci(400 if quick else 1_000)
    logp = crippen_logp(molecules.smiles)
    split = random_split(molecules)
    learn = np.concatenate([split.train, split.validation])
    predictor = PropertyPredictor(
        hidden_channels=64,
        pooling="sum",
        dropout=0.0,
        descriptors=False,
        learning_rate=3e-3,
        epochs=40,
    )
    smiles = np.array(molecules.smiles, dtype=object)
    predictor.fit(smiles[learn], logp[learn], progress=False)
    estimate = predictor.estimate(smiles[split.test])
    scores = _scores(smiles, logp, learn, split.test, estimate.mean)
    inside = np.abs(estimate.mean - logp[split.test]) < 2 * estimate.std
    explained = explain(predictor, _PARACETAMOL)
    return [
        Text(
            "Now learn something: logP, how much rather a molecule is in oil than in water, in "
            "powers of ten. RDKit adds it up from numbers that it has for every kind of atom. The "
            f"network is not told these numbers. It sees {len(learn)} molecules with their sums, "
            f"and has to say the sum of {len(split.test)} others. Beside it, on the same "
            "molecules, are guesses without a graph:"
        ),
        Table(
            scores,
            "Root mean squared error on the molecules that were not learned from, and the share of "
            "the variance that is explained. Boosting on RDKit's descriptors, the fourth baseline, "
            "is left out: logP is one of them.",
        ),
        Text(
            "A sum over atoms suits a network that sums over atoms, so do not expect such a lead "
            "where a property was measured: `gnnlab molecules benchmark esol`. A prediction comes "
            "with a standard deviation, from molecules that were left out of the training; "
            f"{inside.mean():.0%} of the test molecules lie within two of them."
        ),
        Picture(
            draw_explanation(explained, folder / "explained.png", quantity="logP"),
            "Which atoms and bonds of paracetamol, a molecule it has not seen, make its logP what "
            f"the network says; RDKit's sum is {crippen_logp([_PARACETAMOL])[0]:.2f}.",
        ),
    ]


def _scores(
    smiles: np.ndarray, y: np.ndarray, learn: np.ndarray, test: np.ndarray, predicted: np.ndarray
) -> pd.DataFrame:
    """The predictor's scores, and those of the baselines on the same molecules."""
    predictions = {"graph network and its companions": predicted}
    for name in ("svm", "random-forest", "mean"):
        baseline = Baseline(name, "regression").fit(list(smiles[learn]), y[learn])
        predictions[name] = baseline.predict(list(smiles[test]))
    rows = [
        (name, *(evaluate(score, y[test], values).value for score in ("rmse", "r2")))
        for name, values in predictions.items()
    ]
    return pd.DataFrame(rows, columns=["model", "error", "explained"])


def _bad_rows() -> list[Text | Table]:
    report = read_molecules(_TABLE_OF_DR_JEKYLL).report
    table = pd.DataFrame(
        {
            "row": report["row"].map(str),
            "what stood there": [f"`{cell!r}`" for cell in report["smiles"]],
            "reason": report["reason"],
            "used": report["kept"].map({True: "yes", False: "no"}),
        }
    )
    return [
        Text(
            "Real tables have bad rows. None of them stops the others or moves them to another "
            "place: predictions come back in the order of the table, with a blank and a reason "
            f"where there was no molecule. Of {len(_TABLE_OF_DR_JEKYLL)} rows that Dr Jekyll wrote "
            "after dark:"
        ),
        Table(table, "Row 0, aspirin, is fine."),
    ]
