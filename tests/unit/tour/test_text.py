from __future__ import annotations

import math

import pandas as pd
import pytest

from gnnlab.sequences import TextGenerator, split_text
from gnnlab.tour import CHAPTERS, Picture, Table, Text
from gnnlab.tour import text as chapter_of_text

TALE = "The method `f` of the wolf: eat the goat, eat the seven kids.\nThe kids ran away. " * 300


def make_small(**settings):
    return TextGenerator(**settings | {"hidden_size": 16, "iterations": 40})


@pytest.fixture(scope="module")
def trained():
    split = split_text(TALE)
    generator = TextGenerator(
        num_layers=1, hidden_size=32, window=20, batch_size=16, iterations=200, learning_rate=0.02
    )
    generator.fit(split.segments, validation=split.blocks, evaluate_every=50, progress=False)
    return generator, split


def test_chapter_has_curve_samples_and_measures(tmp_path, monkeypatch):
    monkeypatch.setattr(chapter_of_text, "TextGenerator", make_small)
    monkeypatch.setattr(chapter_of_text, "load_text", lambda name: TALE)
    chapter = chapter_of_text.learning_to_write(tmp_path, quick=True)
    assert chapter_of_text.learning_to_write in CHAPTERS
    words = " ".join(part.words for part in chapter.parts if isinstance(part, Text))
    for explained in ("which character comes next", "teacher forcing", "temperature", "circles"):
        assert explained in words
    tables = [part.data for part in chapter.parts if isinstance(part, Table)]
    bits, pasts, samples, measures = tables
    assert samples["temperature"].tolist() == ["greedy", "0.5", "1", "2"]
    assert measures["temperature"].tolist() == [*samples["temperature"], "the text itself"]
    assert measures.iloc[:, 1:].stack().between(0, 1).all()
    assert len(bits) == 3
    assert pasts["position"].tolist() == [1, 2, 4, 8, 16, 32, 64, 128]
    (picture,) = [part for part in chapter.parts if isinstance(part, Picture)]
    assert picture.path.read_bytes().startswith(b"\x89PNG")


def test_bits_of_the_guesses_are_entropies(trained):
    generator, split = trained
    table = chapter_of_text._bits(generator, split).set_index("guess")["bits per character"]
    alike, frequent, network = table
    assert alike == pytest.approx(math.log2(len(set(TALE))))
    # The tale says the same again and again, so its blocks have the frequencies of the whole.
    shares = pd.Series(list(TALE)).value_counts(normalize=True)
    assert frequent == pytest.approx(-sum(share * math.log2(share) for share in shares), rel=0.01)
    assert network == generator.score(split.blocks) < frequent


def test_samples_are_one_piece_of_code_each(trained):
    for text in chapter_of_text._samples(trained[0])["text"]:
        assert text[0] == text[-1] == "`"
        assert not {"`", "\n"} & set(text[1:-1])


def test_the_text_itself_is_measured_like_what_is_generated(trained):
    last = chapter_of_text._temperatures(*trained).iloc[-1]
    assert last["repeated 10-grams"] == 1.0
    assert last["words of the training text"] == 1.0


def test_curve_shows_training_means_and_every_held_out_score(trained, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        chapter_of_text.plots, "learning_curves", lambda table, *args, **kwargs: drawn.append(table)
    )
    history = trained[0].history_.frame()
    chapter_of_text._draw(history, tmp_path / "curve.png")
    parts = dict(iter(drawn[0].groupby("part")))
    assert len(parts["training"]) == 40
    assert parts["training"]["bits"].iloc[0] == pytest.approx(
        history["loss"].head(5).mean() / math.log(2)
    )
    assert parts["held out"]["iteration"].tolist() == [50, 100, 150, 200]
