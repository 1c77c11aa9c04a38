"""``gnnlab bench``: measurements on the user's own machine and graphs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gnnlab.cli.lists import ListCommand
from gnnlab.cli.progress import progress_bar

app = typer.Typer(help="Measure on this machine.", no_args_is_help=True)


@app.callback()
def _bench() -> None:
    pass


@app.command("adjacency", cls=ListCommand)
def adjacency(
    quick: Annotated[
        bool, typer.Option("--quick", help="A small grid, in about a minute.")
    ] = False,
    graph: Annotated[
        Path | None,
        typer.Option(help="Measure on this graph: a file with one edge per line, read undirected."),
    ] = None,
    features: Annotated[
        list[int] | None,
        typer.Option(help="Numbers of features per node.", show_default="64; 16 64 256"),
    ] = None,
    nodes: Annotated[
        list[int] | None,
        typer.Option(help="Measure random graphs of these sizes.", show_default="a grid"),
    ] = None,
    densities: Annotated[
        list[float] | None,
        typer.Option(help="Shares of the possible edges, from 0 to 1.", show_default="a grid"),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for tables and figures. Cells in its table are kept.")
    ] = Path("gnnlab-bench"),
) -> None:
    """Compare sparse and dense adjacencies, PyG and other libraries, against the roofline.

    Without an option that narrows it, this is the full grid, which takes about half an hour. It can
    be stopped at any time and goes on where it was. A list takes all words up to the next option.
    """
    if graph is not None:
        _advise(graph, features, nodes or densities, out)
        return
    from gnnlab.bench import QUICK, full_grid, measure_grid, quick_grid, real_networks
    from gnnlab.bench.report import overview, to_markdown

    command = " ".join(["gnnlab", *sys.argv[1:]])
    if quick or nodes or densities or features:
        given = {"nodes": nodes, "densities": densities, "features": features}
        cells = quick_grid(**{name: values for name, values in given.items() if values})
        graphs, settings = {}, QUICK
    else:
        graphs, settings = real_networks(), None
        cells = full_grid(graphs)
    with progress_bar("measuring") as progress:
        table = measure_grid(
            cells, out, command, graphs=graphs, settings=settings, progress=progress
        )
    typer.echo(to_markdown(overview(table)))
    missing = int(table["skipped"].notna().sum())
    if missing:
        typer.echo(f"\nNot measured: {missing}, for the reasons in {out / 'adjacency.md'}")
    typer.echo(f"\nTables and figures: {out}")


def _advise(graph: Path, features: list[int] | None, sizes: list | None, out: Path) -> None:
    from gnnlab.bench import measure_graph
    from gnnlab.bench.report import contender_table, to_markdown
    from gnnlab.errors import InputError

    if sizes:
        raise InputError("a graph has its own size", where="--graph", remedy="leave out the sizes")
    with progress_bar("measuring") as progress:
        advice = measure_graph(graph, features or [64], out, progress=progress)
    nodes, edges = advice.graph.num_nodes, advice.graph.num_edges
    typer.echo(f"{nodes:,} nodes, {edges:,} edges counted in both directions\n")
    typer.echo(to_markdown(contender_table(advice.table)))
    for num_features, layout in advice.layouts.items():
        typer.echo(f"\nRecommended layout with {num_features} features: {layout}")
        typer.echo(advice.reasons[num_features])
    typer.echo(f"\nTable: {out / advice.graph.name}.csv")
