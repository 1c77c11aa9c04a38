"""The command line: parse, call, print. One file per group of verbs, heavy imports only on use."""

from __future__ import annotations

import sys

import typer

from gnnlab import __version__
from gnnlab.cli import analysis, bench, generation, molecules, networks, sequences, text, tour
from gnnlab.errors import GnnlabError

app = typer.Typer(
    name="gnnlab",
    help="Recurrent networks and graph networks as one machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(sequences.app, name="sequences")
app.add_typer(text.app, name="text")
app.add_typer(molecules.app, name="molecules")
molecules.app.command("train-generator")(generation.train_generator)
molecules.app.command("generate")(generation.generate)
molecules.app.command("evaluate")(generation.evaluate)
app.add_typer(networks.app, name="networks")
app.add_typer(analysis.app, name="analyze")
app.add_typer(bench.app, name="bench")
app.command("tour")(tour.tour)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"gnnlab {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line; a mistake of the user ends in one line on stderr and exit status 2.

    Args:
        arguments: The words after ``gnnlab``; those of the process when left out.

    Raises:
        SystemExit: Always: 0 after success, 2 after a mistake in the input, 130 after Ctrl-C.
    """
    try:
        app(arguments)
    except GnnlabError as error:
        message = " ".join(str(error).split())
        typer.echo(f"error: {message}", err=True)
        sys.exit(2)
