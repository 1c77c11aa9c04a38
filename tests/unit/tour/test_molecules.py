from __future__ import annotations

import numpy as np
import pytest
import torch

from gnnlab import nn
from gnnlab.molecules import PropertyPredictor, from_smiles
from gnnlab.molecules.embedded import load_nci
from gnnlab.tour import CHAPTERS, Picture, Table, Text
from gnnlab.tour import molecules as chapter_of_molecules


def make_small(**settings):
    return PropertyPredictor(**settings | {"hidden_channels": 8, "epochs": 2})


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chapter_of_molecules, "PropertyPredictor", make_small)
        patch.setattr(chapter_of_molecules, "load_nci", lambda count: load_nci(60))
        yield chapter_of_molecules.molecules_as_graphs(tmp_path_factory.mktemp("tour"), quick=True)


def get_table(chapter, column):
    (found,) = [p.data for p in chapter.parts if isinstance(p, Table) and column in p.data]
    return found


def test_chapter_tells_its_story(chapter):
    assert chapter_of_molecules.molecules_as_graphs in CHAPTERS
    words = " ".join(part.words for part in chapter.parts if isinstance(part, Text))
    for explained in ("11 nodes and 22 edges", "line graph", "logP", "bad rows"):
        assert explained in words
    pictures = [part.path for part in chapter.parts if isinstance(part, Picture)]
    assert [path.name for path in pictures] == ["paracetamol.png", "explained.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)


def test_every_molecule_comes_back(chapter):
    counts = get_table(chapter, "number")["number"].tolist()
    assert counts[:3] == ["60", "60", "60"]


def test_edges_are_neighbours_of_their_reverse(chapter):
    edges = get_table(chapter, "bond")
    assert edges["from atom"][0::2].tolist() == edges["to atom"][1::2].tolist()
    assert edges.loc[2].tolist() == [2, "C 1", "O 2", "double"]


def test_recurrent_layer_on_the_line_graph_is_message_passing_over_bonds(chapter):
    assert get_table(chapter, "largest difference")["largest difference"].max() < 1e-12


def test_loops_over_bonds_do_not_go_straight_back():
    cell = nn.RNNCell(2, 3, nonlinearity="relu").double()
    with torch.no_grad():
        cell.bias.fill_(1.0)
        data = from_smiles("CO")  # one bond: nothing leads on to either direction
        x = torch.randn(2, 2, dtype=torch.float64)
        h = chapter_of_molecules._bond_by_bond(cell, x, data.edge_index)
        assert torch.allclose(h, (x @ cell.weight_ih.t() + cell.bias).relu())


def test_models_are_judged_on_the_same_molecules(chapter):
    scores = get_table(chapter, "error").set_index("model")
    assert scores.index[0].startswith("graph network")
    assert scores.index[1:].tolist() == ["svm", "random-forest", "mean"]
    assert np.isfinite(scores.to_numpy()).all()
    assert scores.loc["mean", "explained"] <= 0 < scores.loc["mean", "error"]


def test_bad_rows_have_reasons(chapter):
    rows = get_table(chapter, "reason").set_index("row")
    assert rows["used"].tolist() == ["no"] * 6 + ["yes"]
    assert rows.loc["2", ["what stood there", "reason"]].tolist() == [
        "`'CCO ethanol'`",
        "whitespace inside",
    ]
