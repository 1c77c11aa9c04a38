"""``gnnlab analyze``: what flows where, how far, and when an RNN or a GNN is the better choice."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gnnlab.cli.lists import ListCommand

if TYPE_CHECKING:
    from gnnlab.networks import Network

app = typer.Typer(help="Understand: what flows where in a network.", no_args_is_help=True)

_EXAMPLE = "a small example"
File = Annotated[
    Path | None,
    typer.Option(
        help="A connection per line (CSV, TSV, blanks), GraphML or GML.", show_default=_EXAMPLE
    ),
]
Dataset = Annotated[
    str | None,
    typer.Option(help="In place of a file: such as karate-club.", show_default="none"),
]
Quick = Annotated[bool, typer.Option("--quick", help="A first look, in less than a minute.")]
Out = Annotated[
    Path | None,
    typer.Option(help="Folder for tables and figures.", show_default="print the means"),
]


class Comparison(StrEnum):
    """What can be compared."""

    SEQUENCES = "sequences"
    ORDER = "order"
    MOLECULES = "molecules"
    NETWORKS = "networks"
    TEMPORAL = "temporal"


@app.command("hops")
def hops(
    source: Annotated[str, typer.Argument(help="The name of a node.")],
    target: Annotated[str, typer.Argument(help="Another one.")],
    file: File = None,
    dataset: Dataset = None,
) -> None:
    """Count the updates that information takes from one node to another, and list the routes.

    A graph network with fewer layers cannot bring the two together.
    """
    from gnnlab.analysis.runs import hops_between

    number, routes = hops_between(_open(file, dataset), source, target)
    if not routes:
        typer.echo(f"{source} and {target} are not connected: no number of updates is enough.")
        return
    updates = "update" if number == 1 else "updates"
    typer.echo(f"{number:.0f} {updates} from {source} to {target}, on {len(routes):,} routes:\n")
    for route in routes:
        typer.echo(" - ".join(map(str, route)))


@app.command("gradients", cls=ListCommand)
def gradients(
    cells: Annotated[
        list[str] | None,
        typer.Option(help="Such as rnn or lstm.", show_default="rnn lstm gru peephole mingru"),
    ] = None,
    length: Annotated[int, typer.Option(help="Steps.")] = 15,
    quick: Quick = False,
    out: Out = None,
) -> None:
    """Measure how gradients vanish or explode in cells, before and after training.

    norm is that of the Jacobian from the first state to the last one; accuracy says how often the
    cell knows, at the end, what came first.
    """
    from gnnlab.analysis.runs import gradients_on
    from gnnlab.analysis.vanishing_gradients import CELL_NAMES
    from gnnlab.bench.report import to_markdown

    table = gradients_on(cells or CELL_NAMES, length=length, quick=quick, out=out)
    typer.echo(to_markdown(table))
    _say_where(out)


@app.command("smoothing", cls=ListCommand)
def smoothing(
    file: File = None,
    dataset: Dataset = None,
    models: Annotated[
        list[str] | None,
        typer.Option(help="Such as gcn or gated.", show_default="gcn gcn-self gat gated"),
    ] = None,
    depth: Annotated[int, typer.Option(help="Layers.")] = 32,
    seed: Annotated[int, typer.Option(help="Makes it repeatable.")] = 0,
    quick: Quick = False,
    out: Out = None,
) -> None:
    """Measure how alike the states of nodes become in deep networks, and what bottlenecks hold up.

    Random states go through networks with random weights. An effective rank of 1 means that all
    nodes say the same.
    """
    from gnnlab.analysis.deep import DEEP
    from gnnlab.analysis.runs import smoothing_on
    from gnnlab.bench.report import to_markdown

    network = _open(file, dataset)
    table = smoothing_on(
        network, models or tuple(DEEP), depth=depth, seed=seed, quick=quick, out=out
    )
    typer.echo(to_markdown(table))
    _say_where(out)


@app.command("compare")
def compare(
    name: Annotated[Comparison, typer.Argument(help="What to compare.")],
    data: Annotated[
        str | None,
        typer.Option(
            help="A benchmark, such as esol for molecules, usair for networks, college-msg for "
            "temporal.",
            show_default="what needs no download",
        ),
    ] = None,
    quick: Quick = False,
    out: Out = None,
) -> None:
    """Compare recurrent and graph networks of equal size on the same data.

    sequences: how deep a graph network must be to see the first step. order: what permutations
    change. molecules: graphs against SMILES strings. networks: random walks against convolutions.
    temporal: both at once, to foresee connections.
    """
    from gnnlab.analysis.comparisons import compare_on
    from gnnlab.bench.report import to_markdown

    table = compare_on(
        name.value,
        data,
        quick=quick,
        out=out,
        report=lambda line: typer.echo(line, err=True),
    )
    typer.echo(to_markdown(table))
    _say_where(out)


def _open(file: Path | None, dataset: str | None) -> Network:
    from gnnlab.analysis.runs import EXAMPLE
    from gnnlab.networks.runs import open_network

    if file is None and dataset is None:
        return EXAMPLE
    network, summary = open_network(file, dataset)
    typer.echo(summary, err=True)
    return network


def _say_where(out: Path | None) -> None:
    if out is not None:
        typer.echo(f"\nTables and figures: {out}")
