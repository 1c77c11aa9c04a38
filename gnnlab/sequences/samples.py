"""What generated texts are like: how much they repeat themselves, and how many words are words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import pandas as pd

from gnnlab.sequences.text import TextGenerator

TEMPERATURES = (None, 0.5, 1.0, 2.0)
LENGTHS = (20, 30, 60)
_WORD = re.compile(r"[^\W\d_]+")


def words_of(text: str) -> set[str]:
    """The words of a text in lower case.

    Example:
        >>> sorted(words_of("Snow-white, and Rose-red!"))
        ['and', 'red', 'rose', 'snow', 'white']
    """
    return {word.lower() for word in _WORD.findall(text)}


def share_repeated(texts: Iterable[str], size: int = 10) -> float:
    """The share of runs of ``size`` characters that occur more than once in the texts.

    Example:
        >>> share_repeated(["abcabc", "xyz"], size=3)
        0.4
    """
    runs = Counter(text[i : i + size] for text in texts for i in range(len(text) - size + 1))
    total = sum(runs.values())
    return sum(count for count in runs.values() if count > 1) / total if total else 0.0


def share_of_words(texts: Iterable[str], known: set[str]) -> float:
    """The share of words that are among the known ones; those cut off at an end do not count.

    Example:
        >>> share_of_words(["he kwing went to", "or king"], {"king", "went", "to"})
        0.5
    """
    found = [word.lower() for text in texts for word in _WORD.findall(text)[1:-1]]
    return sum(word in known for word in found) / len(found) if found else 0.0


def measure_temperatures(
    generator: TextGenerator, training_text: str, num_samples: int = 200, length: int = 200
) -> pd.DataFrame:
    """A row per temperature, greedy first: repetition, and share of words of the training text."""
    known = words_of(training_text)
    rows = []
    for temperature in TEMPERATURES:
        texts = generator.generate(
            length=length, num_samples=num_samples, temperature=temperature, seed=0
        )
        rows.append(
            {
                "temperature": "greedy" if temperature is None else f"{temperature:g}",
                "repeated 10-grams": share_repeated(texts),
                "words of the training text": share_of_words(texts, known),
            }
        )
    return pd.DataFrame(rows)


def to_markdown(generator: TextGenerator, starts: str, title: str) -> str:
    """Samples to read: greedy in several lengths, then by temperature, from the same beginnings."""
    lines = [f"## {title}", "", "Greedy:", ""]
    for length in LENGTHS:
        lines += [f"- {length} characters"]
        lines += [f"  - {_show(generator, start, length, None)}" for start in starts]
    for temperature in TEMPERATURES[1:]:
        lines += ["", f"Temperature {temperature:g}:", ""]
        lines += [f"- {_show(generator, start, 30, temperature)}" for start in starts]
    return "\n".join([*lines, ""])


def _show(generator: TextGenerator, start: str, length: int, temperature: float | None) -> str:
    text = start + generator.generate(
        start, length - len(start), temperature=temperature, seed=ord(start)
    )
    return "`" + text.replace("\n", "⏎").replace("`", "'") + "`"
