from __future__ import annotations

import re

import pytest

from gnnlab.errors import InputError
from gnnlab.sequences import TextGenerator
from gnnlab.sequences.samples import (
    measure_temperatures,
    share_of_words,
    share_repeated,
    to_markdown,
    words_of,
)
from gnnlab.sequences.tales import train_on

TEXT = "The king went to the king's wood. Go to the wood, said the queen to him! " * 400


def test_repetition():
    assert share_repeated(["aaaa"], size=2) == 1.0
    assert share_repeated(["abcd", "efgh"], size=2) == 0.0
    assert share_repeated(["ab"], size=3) == 0.0


def test_words():
    known = words_of("The Rose, the König and 7 dwarfs")
    assert known == {"the", "rose", "könig", "and", "dwarfs"}
    assert share_of_words(["x the rsoe and y"], known) == pytest.approx(2 / 3)
    assert share_of_words(["", "one two"], known) == 0.0


def test_a_training_leaves_its_report(tmp_path):
    generator = TextGenerator(
        hidden_size=32, window=20, batch_size=16, iterations=240, learning_rate=0.01
    )
    summary = train_on(TEXT, generator, tmp_path / "run", name="wood", progress=False)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {
        "model.safetensors", "training.safetensors", "metrics.csv", "curves.png", "samples.md",
        "samples-1.md", "samples-2.md", "samples-3.md", "temperatures.csv", "summary.json",
    }  # fmt: skip
    assert summary["loss"] < 3  # the mean over all iterations
    assert 0 < summary["held_out_bits_per_character"] < 5
    samples = (tmp_path / "run" / "samples.md").read_text()
    assert samples.startswith("# Samples: wood")
    assert [line for line in samples.splitlines() if line.startswith("## ")] == [
        "## After 80 iterations",
        "## After 160 iterations",
        "## After 240 iterations",
    ]
    assert {len(shown) for shown in re.findall("`(.*)`", samples)} == {20, 30, 60}
    table = measure_temperatures(generator, TEXT, num_samples=5, length=40)
    assert table["temperature"].tolist() == ["greedy", "0.5", "1", "2"]
    shares = table["words of the training text"]
    assert shares.iloc[0] > 0.7
    assert shares.iloc[0] > shares.iloc[-1]  # a high temperature makes up words
    assert to_markdown(generator, "TG", "now").count("`T") == 6


def test_an_interrupted_training_leaves_the_same_report(tmp_path):
    settings = {"hidden_size": 8, "window": 10, "batch_size": 8, "seed": 1}
    for folder, parts in (("whole", [30]), ("parts", [13, 30])):
        for iterations in parts:
            generator = TextGenerator(iterations=iterations, **settings)
            train_on(TEXT, generator, tmp_path / folder, resume=True, progress=False)
    files = [(tmp_path / folder / "metrics.csv").read_text() for folder in ("whole", "parts")]
    assert [len(file.splitlines()) for file in files] == [31, 31]
    columns = [[line.split(",")[:3] for line in file.splitlines()] for file in files]
    assert columns[0] == columns[1]


def test_a_text_that_is_too_short_to_hold_out(tmp_path):
    with pytest.raises(InputError, match="too short to hold out"):
        train_on("once " * 100, TextGenerator(), tmp_path)
