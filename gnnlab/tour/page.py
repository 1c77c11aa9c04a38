"""The page of the tour: chapters made of texts, tables and figures, written as one HTML file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class Text:
    """A paragraph; words between backquotes are set as code."""

    words: str


@dataclass(frozen=True)
class Table:
    """A table with a caption below it."""

    data: pd.DataFrame
    caption: str


@dataclass(frozen=True)
class Picture:
    """A PNG file with a caption below it; the page carries a copy of the file inside."""

    path: Path
    caption: str


@dataclass(frozen=True)
class Chapter:
    """One section of the tour: a title and, in reading order, what stands below it."""

    title: str
    parts: Sequence[Text | Table | Picture]


_CSS = """
:root { --ink: #1d2530; --soft: #5b6675; --line: #dfe3e8; --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 3rem 1.2rem 5rem; max-width: 54rem; color: var(--ink);
  background: #fff; font: 1.05rem/1.6 Georgia, "Times New Roman", serif; }
h1 { font-size: 2.3rem; line-height: 1.15; margin: 0 0 .6rem; }
h2 { font-size: 1.5rem; margin: 3.5rem 0 .8rem; padding-top: 1.2rem;
  border-top: 1px solid var(--line); }
.lead { font-size: 1.2rem; color: var(--soft); margin: 0 0 1.5rem; }
nav ol { padding-left: 1.3rem; } a { color: var(--accent); }
code { font: .88em ui-monospace, Menlo, Consolas, monospace; background: #f3f5f7;
  padding: .1em .3em; border-radius: .2em; }
figure { margin: 1.8rem 0; overflow-x: auto; }
img { max-width: 100%; display: block; margin: auto; }
figcaption { color: var(--soft); font-size: .92rem; line-height: 1.45; margin-top: .6rem; }
table { border-collapse: collapse; width: 100%; font: .9rem/1.45 system-ui, sans-serif; }
th { text-align: left; color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--line); }
td { border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th, td { padding: .45rem .7rem .45rem 0; } .number { text-align: right; }
footer { margin-top: 4rem; color: var(--soft); font-size: .9rem; }
"""


def render(title: str, lead: str, chapters: Sequence[Chapter], footer: str = "") -> str:
    """Returns the whole page as one HTML text that needs no other file."""
    contents = "\n".join(
        f'<li><a href="#chapter-{number}">{_inline(chapter.title)}</a></li>'
        for number, chapter in enumerate(chapters, start=1)
    )
    sections = "\n".join(
        f'<section id="chapter-{number}">\n<h2>{number}. {_inline(chapter.title)}</h2>\n'
        + "\n".join(_part(part) for part in chapter.parts)
        + "\n</section>"
        for number, chapter in enumerate(chapters, start=1)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n"
        f'<h1>{_inline(title)}</h1>\n<p class="lead">{_inline(lead)}</p>\n'
        f"<nav><ol>\n{contents}\n</ol></nav>\n{sections}\n"
        f"<footer>{_inline(footer)}</footer>\n</body>\n</html>\n"
    )


def _part(part: Text | Table | Picture) -> str:
    if isinstance(part, Text):
        return f"<p>{_inline(part.words)}</p>"
    content = _table(part.data) if isinstance(part, Table) else _image(part)
    return f"<figure>{content}<figcaption>{_inline(part.caption)}</figcaption></figure>"


def _inline(words: str) -> str:
    """Escapes ``words`` and turns what stands between backquotes into code."""
    pieces = escape(words).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))


def _image(picture: Picture) -> str:
    data = base64.b64encode(picture.path.read_bytes()).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{escape(picture.caption)}">'


def _table(data: pd.DataFrame) -> str:
    kinds = [' class="number"' if pd.api.types.is_numeric_dtype(t) else "" for t in data.dtypes]
    head = "".join(
        f"<th{kind}>{_inline(str(name))}</th>"
        for name, kind in zip(data.columns, kinds, strict=True)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(f"<td{k}>{_cell(v)}</td>" for v, k in zip(row, kinds, strict=True))
        + "</tr>"
        for row in data.itertuples(index=False)
    )
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else _inline(str(value))
