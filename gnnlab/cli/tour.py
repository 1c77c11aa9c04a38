"""``gnnlab tour``: run what there is on generated data and write a page about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def tour(
    quick: Annotated[
        bool, typer.Option("--quick", help="Train less: about a minute instead of a few.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for the page and its figures.")] = Path(
        "gnnlab-tour"
    ),
) -> None:
    """Show what gnnlab does: figures, tables and one HTML page, from generated data."""
    from rich.console import Console

    from gnnlab.tour import write_tour

    console = Console()
    with console.status("starting") as status:
        page = write_tour(out, quick=quick, report=lambda title: status.update(title))
    console.print(f"The page is ready: {page}", soft_wrap=True, highlight=False)
