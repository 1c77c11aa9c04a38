"""``gnnlab networks``: suggest new connections, say how good suggestions are, and compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Networks: which connections are missing, and why.", no_args_is_help=True)

File = Annotated[
    Path | None,
    typer.Argument(help="A connection per line (CSV, TSV, blanks), GraphML or GML, also .gz."),
]
Dataset = Annotated[
    str | None,
    typer.Option(
        help="In place of a file: karate-club, les-miserables, davis-southern-women or "
        "florentine-families."
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        help="The two columns of names, such as person,friend or 0,1.",
        show_default="those with usual titles, or the first two",
    ),
]
Delimiter = Annotated[
    str | None, typer.Option(help="Between the columns.", show_default="told from the lines")
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first line holds titles.",
        show_default="told from the lines",
    ),
]
WeightColumn = Annotated[
    str | None, typer.Option(help="The column of weights.", show_default="that with a usual title")
]
TimeColumn = Annotated[
    str | None, typer.Option(help="The column of times.", show_default="that with a usual title")
]
Nodes = Annotated[
    Path | None, typer.Option(help="A second table: a column of names, and features of numbers.")
]
Seed = Annotated[int, typer.Option(help="Makes it repeatable.")]


@app.command("suggest")
def suggest(
    file: File = None,
    dataset: Dataset = None,
    node: Annotated[
        str | None, typer.Option(help="Who is looking for connections.", show_default="everyone")
    ] = None,
    k: Annotated[int, typer.Option("-k", help="How many suggestions for each.")] = 10,
    explain: Annotated[bool, typer.Option("--explain", help="Say why; with --node.")] = False,
    columns: Columns = None,
    delimiter: Delimiter = None,
    header: Header = None,
    weight_column: WeightColumn = None,
    time_column: TimeColumn = None,
    nodes: Nodes = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for tables and figures.", show_default="print what was found"),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Suggest new connections of a node, or of every node as CSV.

    A probability of 0.8 means: among pairs of which half are connected, four of five such pairs.
    """
    import pandas as pd

    from gnnlab.bench.report import to_markdown
    from gnnlab.networks.runs import open_network, suggest_on

    options = _options(columns, weight_column, time_column)
    options |= {"delimiter": delimiter, "header": header, "nodes": nodes}
    network, summary = open_network(file, dataset, out, **options)
    typer.echo(summary, err=True)
    table = suggest_on(network, node, k, explain=explain, out=out, seed=seed)
    if node is not None:
        names = table["suggestion"].map(str)  # a number that is a name is written as it is
        typer.echo(to_markdown(pd.DataFrame({"suggestion": names, **table[["probability"]]})))
        for reasons in table.get("reasons", ()):
            typer.echo(f"\n{reasons}")
    elif out is None:
        typer.echo(table.to_csv(index=False, float_format="%.6g"), nl=False)
    if out is not None:
        typer.echo(f"{'' if node is None else chr(10)}{len(table):,} suggestions: {out}")


@app.command("evaluate")
def evaluate(
    file: File = None,
    dataset: Dataset = None,
    columns: Columns = None,
    delimiter: Delimiter = None,
    header: Header = None,
    weight_column: WeightColumn = None,
    time_column: Annotated[
        str | None,
        typer.Option(help="The column of times; with it, the latest connections are hidden."),
    ] = None,
    nodes: Nodes = None,
    test: Annotated[float, typer.Option(help="The share of connections that is hidden.")] = 0.1,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for tables and figures.", show_default="print the scores"),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Hide connections, and see who finds them: the predictor, or a heuristic.

    Each hidden connection is ranked among pairs that look like connections but are none. mrr is the
    mean of 1 / rank, ranked-hits@10 the share of ranks up to 10.
    """
    import pandas as pd

    from gnnlab.bench.report import to_markdown
    from gnnlab.networks.runs import evaluate_on, open_network

    options = _options(columns, weight_column, time_column)
    options |= {"delimiter": delimiter, "header": header, "nodes": nodes}
    network, words = open_network(file, dataset, out, **options)
    typer.echo(words, err=True)
    summary = evaluate_on(
        network,
        by_time=time_column is not None,
        test=test,
        seed=seed,
        out=out,
        report=lambda name: typer.echo(f"scoring: {name}", err=True),
    )
    typer.echo(
        f"{summary['train']:,} connections to learn from, {summary['test']:,} hidden "
        f"({summary['split']} split), each among {summary['negatives']:,} hard negatives\n"
        f"Audit of the split: {summary['audit']}\n"
    )
    scores = pd.DataFrame(summary["scores"]).T.rename_axis("scorer")
    scores = scores.sort_values("mrr", ascending=False)
    shown = ["mrr", "ranked-hits@1", "ranked-hits@10", "ranked-hits@50", "auc", "ap", "fit_seconds"]
    typer.echo(to_markdown(scores[shown].reset_index()))
    typer.echo(f"\nExpected calibration error of default: {summary['calibration_error']:.3f}")
    if out is not None:
        typer.echo(f"\nTables and figures: {out}")


@app.command("benchmark")
def benchmark(
    name: Annotated[str, typer.Argument(help="Such as citeseer, facebook-ego or college-msg.")],
    scorers: Annotated[
        str,
        typer.Option(
            help="heuristics; default, the predictor; all, which are both; learned, which are the "
            "predictor and graph networks; or names with commas between."
        ),
    ] = "all",
    seeds: Annotated[int, typer.Option(help="Number of repetitions.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the tables.", show_default="print the means")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Run only what does not stand in the folder yet.")
    ] = False,
) -> None:
    """Compare on a published network: mean reciprocal rank and others, in percent.

    citeseer and pubmed have official splits; the others are split anew for each seed, at random or,
    where there are times, by time. A test connection stands among 250 hard negatives; where there
    are times, also among negatives at random.
    """
    from gnnlab.bench.report import to_markdown
    from gnnlab.networks.benchmark import to_json
    from gnnlab.networks.runs import compare_on

    summary = compare_on(
        name,
        scorers,
        seeds,
        out,
        report=lambda line: typer.echo(line, err=True),
        resume=resume,
    )
    if json:
        typer.echo(to_json(summary))
        return
    percents = ["mrr", "mrr_std", "ranked-hits@10", "auc", "ap"]
    written = summary[percents].map(lambda share: "–" if share != share else f"{share:.2f}")
    typer.echo(to_markdown(summary.assign(**written)))
    if out is not None:
        typer.echo(f"\nTables: {out}")


def _options(columns: str | None, weight: str | None, time: str | None) -> dict[str, object]:
    """Which columns of the file are to be read."""
    from gnnlab.errors import InputError

    pair = None
    if columns is not None:
        pair = [_column(word) for word in columns.split(",")]
        if len(pair) != 2:
            raise InputError("two columns are needed", where="--columns", value=columns)
    return {
        "columns": pair,
        "weight": None if weight is None else _column(weight),
        "time": None if time is None else _column(time),
    }


def _column(word: str) -> str | int:
    return int(word) if word.isdecimal() else word
