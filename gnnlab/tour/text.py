"""Chapter on text: a network learns to write, and what temperature does to its writing."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pandas as pd

from gnnlab import plots
from gnnlab.sequences import TextGenerator, load_text, split_text
from gnnlab.sequences.context import bits_by_position
from gnnlab.sequences.corpus import Split
from gnnlab.sequences.runs import one_thread
from gnnlab.sequences.samples import (
    TEMPERATURES,
    measure_temperatures,
    share_of_words,
    share_repeated,
    words_of,
)
from gnnlab.tour.page import Chapter, Picture, Table, Text

_PROMPT = "The method "
_NUM_SAMPLES = 40
_LENGTH = 200
_PASTS = (1, 2, 4, 8, 16, 32, 64, 128)


def learning_to_write(folder: Path, quick: bool) -> Chapter:
    """A character model on Python's own help: its curve, its writing, and what it repeats."""
    iterations = 400 if quick else 2_400
    split = split_text(load_text("python"))
    generator = TextGenerator(
        num_layers=1,
        hidden_size=192,
        window=50,
        batch_size=16,
        learning_rate=6e-3,
        decay=0.5,
        decay_every=iterations // 4,
        iterations=iterations,
    )
    with one_thread():
        generator.fit(
            split.segments,
            validation=split.blocks,
            evaluate_every=iterations // 10,
            progress=False,
        )
        return Chapter(
            "Learning to write, one character at a time",
            [
                *_training(generator, split, folder),
                *_writing(generator, split),
                Text(
                    "The same on a text of your own: `gnnlab text train book.txt --out runs/book`, "
                    "then `gnnlab text generate runs/book/model.safetensors --temperature 0.5`."
                ),
            ],
        )


def _training(generator: TextGenerator, split: Split, folder: Path) -> list[Text | Table | Picture]:
    size = sum(map(len, split.segments))
    return [
        Text(
            "A text is a path graph as well: every character is a node, and an edge leads to the "
            "one after it. At every node the network has a single question to answer: which "
            f"character comes next? Here an LSTM of {generator.hidden_size} units learns from "
            f"{size:,} characters of Python's own help, which every Python brings along."
        ),
        Text(
            "While it learns, each node is told the character that really stands there, not the "
            "one that the network would have written. This is called teacher forcing: a mistake "
            f"does not lead the rest astray, and a window of {generator.window} characters asks "
            f"{generator.window} questions at once."
        ),
        Picture(
            _draw(generator.history_.frame(), folder / "writing.png"),
            "Bits per character: how many yes-or-no answers it still takes, on average, to tell "
            "the next character to someone who has the network's guess. Held-out blocks are read "
            "in one go, so their line can lie lower than that of the training windows, each of "
            f"which starts from nothing and has {generator.window} characters to find its way.",
        ),
        Text(
            f"Held out are {len(split.blocks)} blocks of {len(split.blocks[0]):,} characters from "
            "all over the text, since its end alone may be unlike the rest. None of them is ever "
            "learned from. The network beside guesses that know nothing of what came before:"
        ),
        Table(_bits(generator, split), "The fewer, the better foreseen."),
        Text(
            "How much of the past does it use? Ask for the same characters again and again, and "
            "let it read one character before each of them, then two, then four. What no longer "
            "makes the guess better is not used:"
        ),
        Table(
            bits_by_position(generator, split.blocks, _PASTS, num_characters=500),
            "Bits per character for the same 500 held-out characters.",
        ),
    ]


def _writing(generator: TextGenerator, split: Split) -> list[Text | Table]:
    return [
        Text(
            "To write, the network reads a beginning, is asked for the next character, takes one, "
            "reads that as if it had stood in the text, and so on. Greedy writing always takes the "
            "most likely one. Otherwise one is drawn by chance, and a temperature t divides the "
            "logits before they become probabilities: below 1 the likely characters gain, above 1 "
            "all of them become alike."
        ),
        Table(_samples(generator), f"How the network goes on from `{_PROMPT.strip()}`."),
        Text(
            "Greedy writing goes round in circles. Nothing is left to chance, so the state of the "
            "network decides everything that follows; once the same words have brought it back to "
            "nearly the same state, they bring it there again. A little chance leads out of the "
            "circle, too much leads out of the language."
        ),
        Table(
            _temperatures(generator, split),
            f"{_NUM_SAMPLES} texts of {_LENGTH} characters each. Repeated: the share of runs of 10 "
            "characters that occur more than once in them. Words: the share of words that occur in "
            "the training text; single letters often do, which flatters the highest temperature. "
            "The last row is the same for pieces of the held-out blocks.",
        ),
    ]


def _draw(history: pd.DataFrame, path: Path) -> Path:
    """The training loss as means over a fortieth of the training, and every held-out score."""
    size = max(len(history) // 40, 1)
    means = history.groupby((history["iteration"] - 1) // size)[["iteration", "loss"]].mean()
    training = means.assign(bits=means["loss"] / math.log(2), part="training")
    held_out = history[["iteration", "validation_bits"]].dropna()
    held_out = held_out.rename(columns={"validation_bits": "bits"}).assign(part="held out")
    return plots.learning_curves(
        pd.concat([training, held_out]),
        path,
        measures={"bits": "bits per character"},
        group="part",
    )


def _bits(generator: TextGenerator, split: Split) -> pd.DataFrame:
    """Bits per character, of the network and of two guesses without memory."""
    counts = Counter("".join(split.segments))
    total = counts.total()
    known = [symbol for symbol in "".join(split.blocks) if symbol in counts]
    frequent = -sum(math.log2(counts[symbol] / total) for symbol in known) / len(known)
    rows = [
        (f"all {len(counts)} characters equally likely", math.log2(len(counts))),
        ("each as likely as it is frequent", frequent),
        ("the network", generator.score(split.blocks)),
    ]
    return pd.DataFrame(rows, columns=["guess", "bits per character"])


def _samples(generator: TextGenerator) -> pd.DataFrame:
    """One text per temperature, all from the same beginning."""
    rows = []
    for temperature in TEMPERATURES:
        text = generator.generate(_PROMPT, _LENGTH, temperature=temperature, seed=0)
        # Quoted as code, in which the page knows no backquotes.
        text = " ".join(text.split()).replace("`", "'")
        rows.append(("greedy" if temperature is None else f"{temperature:g}", f"`{text}`"))
    return pd.DataFrame(rows, columns=["temperature", "text"])


def _temperatures(generator: TextGenerator, split: Split) -> pd.DataFrame:
    """Repetition and known words per temperature, and in the text that nobody generated."""
    training_text = "".join(split.segments)
    table = measure_temperatures(generator, training_text, _NUM_SAMPLES, _LENGTH)
    pieces = [
        block[start : start + _LENGTH]
        for start in range(0, len(split.blocks[0]), _LENGTH)
        for block in split.blocks
    ][:_NUM_SAMPLES]
    shares = share_repeated(pieces), share_of_words(pieces, words_of(training_text))
    table.loc[len(table)] = ["the text itself", *shares]
    return table
