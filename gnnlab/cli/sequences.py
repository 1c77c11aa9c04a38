"""``gnnlab sequences``: recurrent networks on the toy tasks."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gnnlab.cli.lists import ListCommand
from gnnlab.cli.progress import progress_bar

app = typer.Typer(help="Recurrent networks on sequences as path graphs.", no_args_is_help=True)

#: What --quick does, unless an option says otherwise.
QUICK = {"seeds": 1, "iterations": 300, "hidden_size": 64}


class Inputs(StrEnum):
    """How numbers enter the network."""

    EMBEDDING = "embedding"
    SCALAR = "scalar"


Out = Annotated[Path, typer.Option(help="Folder for the results. Finished runs in it are kept.")]
Models = Annotated[
    list[str],
    typer.Option(
        help="lstm, bilstm, gru, peephole, rnn, mingru, or lstm-matched: an LSTM with as many "
        "parameters as the bilstm."
    ),
]
Lengths = Annotated[
    list[int] | None, typer.Option(help="Sizes of the task.", show_default="as reported for it")
]
Seeds = Annotated[int | None, typer.Option(help="Number of seeds.", show_default="3")]
Iterations = Annotated[
    int | None, typer.Option(help="Training steps.", show_default="as reported for the task")
]
EvaluateEvery = Annotated[
    int | None,
    typer.Option(help="Training steps between two looks at the validation.", show_default="5"),
]
HiddenSize = Annotated[
    int | None, typer.Option(help="Width of the state.", show_default="as reported for the task")
]
Processes = Annotated[
    int | None, typer.Option(help="Runs at a time, one thread each.", show_default="one per core")
]
Quick = Annotated[
    bool,
    typer.Option(
        "--quick",
        help="A first look in a minute: {seeds} seed, {iterations} iterations, hidden size "
        "{hidden_size}, where these are not given.".format(**QUICK),
    ),
]


@app.command("compare", cls=ListCommand)
def compare(
    out: Out,
    task: Annotated[
        str, typer.Option(help="random-combinations, baum-sweet or binary-palindrome.")
    ] = "random-combinations",
    models: Models = ["lstm", "bilstm"],  # noqa: B006
    lengths: Lengths = None,
    seeds: Seeds = None,
    iterations: Iterations = None,
    hidden_size: HiddenSize = None,
    inputs: Annotated[Inputs, typer.Option(help="How numbers enter.")] = Inputs.EMBEDDING,
    evaluate_every: EvaluateEvery = None,
    processes: Processes = None,
    quick: Quick = False,
) -> None:
    """Train models side by side on one task; write metrics, a table and learning curves.

    A list takes all words up to the next option: --lengths 5 10 15.
    """
    from gnnlab.sequences.compare import compare
    from gnnlab.sequences.report import summarise, to_markdown

    with progress_bar("training") as progress:
        comparison = compare(
            task,
            models,
            lengths,
            out=out,
            inputs=inputs.value,
            evaluate_every=evaluate_every,
            progress=progress,
            **_settings(quick, seeds, iterations, hidden_size, processes),
        )
    typer.echo(to_markdown(summarise(comparison.results)))
    typer.echo(f"Tables and figures: {out}")


@app.command("grid", cls=ListCommand)
def grid(
    out: Out,
    models: Models = ["lstm", "bilstm", "gru", "peephole", "rnn", "mingru"],  # noqa: B006
    seeds: Seeds = None,
    iterations: Iterations = None,
    hidden_size: HiddenSize = None,
    processes: Processes = None,
    quick: Quick = False,
) -> None:
    """Train every cell on two sizes of each of the three tasks; draw one picture of all."""
    from gnnlab.sequences.compare import grid

    with progress_bar("training") as progress:
        grid(
            out,
            models=models,
            progress=progress,
            **_settings(quick, seeds, iterations, hidden_size, processes),
        )
    typer.echo(f"Tables and figures: {out}")


def _settings(
    quick: bool,
    seeds: int | None,
    iterations: int | None,
    hidden_size: int | None,
    processes: int | None,
) -> dict[str, int]:
    """What was asked for, else what --quick means, else the usual."""
    usual = {"seeds": 3, "processes": _cores()}
    given = {
        "seeds": seeds,
        "iterations": iterations,
        "hidden_size": hidden_size,
        "processes": processes,
    }
    given = {name: number for name, number in given.items() if number is not None}
    return usual | (QUICK if quick else {}) | given


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
