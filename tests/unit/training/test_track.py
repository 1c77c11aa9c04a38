from __future__ import annotations

from gnnlab.molecules import MoleculeGenerator, load_nci
from gnnlab.training import track


def test_rows_stay_what_they_are_and_a_bar_is_shown_where_it_is_wanted(capsys):
    assert list(track(iter(range(5)), "counting whales", 5, progress=True)) == list(range(5))
    assert "counting whales" in capsys.readouterr().out
    assert list(track([1, 2], "counting whales", 2)) == [1, 2]  # the output is no terminal here
    assert capsys.readouterr().out == ""


def test_a_generator_tells_what_it_does_before_it_learns(capsys):
    settings = {"hidden_channels": 8, "embedding_channels": 8, "epochs": 1}
    MoleculeGenerator(("logp",), **settings).fit(load_nci(30).smiles, progress=True)
    shown = capsys.readouterr().out
    for words in ("finding atom types", "reading molecules", "measuring properties"):
        assert words in shown
