"""The tour: what gnnlab does, shown on generated data and written down as one HTML page.

A chapter is a function that takes a folder for its pictures and whether to be quick, and returns a
:class:`~gnnlab.tour.page.Chapter`. ``CHAPTERS`` lists them in reading order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from gnnlab import __version__
from gnnlab.data import make_folder
from gnnlab.tour.flow import what_flows_where
from gnnlab.tour.generation import new_molecules
from gnnlab.tour.machine import one_machine
from gnnlab.tour.molecules import molecules_as_graphs
from gnnlab.tour.networks import who_should_meet_whom
from gnnlab.tour.page import Chapter, Picture, Table, Text, render
from gnnlab.tour.sparse import list_or_matrix
from gnnlab.tour.text import learning_to_write
from gnnlab.tour.toy_tasks import inside_the_gates, lstm_against_bilstm

__all__ = ["CHAPTERS", "Chapter", "Picture", "Table", "Text", "write_tour"]

CHAPTERS: list[Callable[[Path, bool], Chapter]] = [
    one_machine,
    lstm_against_bilstm,
    inside_the_gates,
    learning_to_write,
    molecules_as_graphs,
    new_molecules,
    who_should_meet_whom,
    what_flows_where,
    list_or_matrix,
]

_TITLE = "A recurrent network and a graph network are the same machine"
_LEAD = (
    "Nodes hold states, edges carry messages, a node-update function makes the next state. "
    "Everything on this page was computed on this computer, by that one machine."
)


def write_tour(
    folder: str | Path,
    quick: bool = False,
    report: Callable[[str], None] = lambda title: None,
    chapters: list[Callable[[Path, bool], Chapter]] = CHAPTERS,
) -> Path:
    """Runs the chapters and writes ``index.html`` with all figures inside.

    Args:
        folder: Where the page and its pictures go; it is made if it is missing.
        quick: Train less, so that the tour takes about a minute instead of a few.
        report: Called with the name of each chapter before it runs.
        chapters: What to show, in reading order.

    Returns:
        The path of the page.

    Raises:
        InputError: The folder cannot be made, for example since it is a file.
    """
    folder = make_folder(folder)
    start = time.perf_counter()
    done = []
    for chapter in chapters:
        report(chapter.__name__.replace("_", " "))
        done.append(chapter(folder, quick))
    seconds = time.perf_counter() - start
    footer = f"Written by gnnlab {__version__} in {seconds:.0f} seconds."
    page = folder / "index.html"
    page.write_text(render(_TITLE, _LEAD, done, footer), encoding="utf-8")
    return page
