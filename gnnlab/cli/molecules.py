"""``gnnlab molecules``: learn properties of molecules, predict them, and compare with others."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Molecules as graphs: property prediction.", no_args_is_help=True)

SmilesColumn = Annotated[
    str | None,
    typer.Option(help="Column of the SMILES.", show_default="the one with a usual name"),
]

Separator = Annotated[
    str | None,
    typer.Option(help="Between the columns of a CSV file.", show_default="told from the rows"),
]


class Task(StrEnum):
    """What kind of values are learned."""

    REGRESSION = "regression"
    CLASSIFICATION = "classification"


class SplitKind(StrEnum):
    """How test rows are drawn."""

    RANDOM = "random"
    SCAFFOLD = "scaffold"


@app.command("train")
def train(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, SMI or SDF, also with .gz.")],
    target_column: Annotated[
        list[str], typer.Option(help="Column to learn; name the option again for several.")
    ],
    smiles_column: SmilesColumn = None,
    separator: Separator = None,
    task: Annotated[
        Task | None,
        typer.Option(help="Kind of the values.", show_default="classification if all are 0 or 1"),
    ] = None,
    split: Annotated[
        SplitKind,
        typer.Option(help="Draw the test tenth at random, or from scaffolds of their own."),
    ] = SplitKind.RANDOM,
    seed: Annotated[int, typer.Option(help="Seed of split, weights and baselines.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the model and the tables.")] = Path(
        "gnnlab-molecules"
    ),
    encoder: Annotated[
        str, typer.Option(help="bonds, bonds-gru, bonds-lstm, gcn, gat or gated.")
    ] = "bonds",
    hidden_channels: Annotated[int, typer.Option(help="Width of the states.")] = 128,
    epochs: Annotated[
        int | None,
        typer.Option(
            help="The most passes over the molecules.", show_default="25, fewer above 4,000 rows"
        ),
    ] = None,
    ensemble_size: Annotated[int, typer.Option(help="Number of networks.")] = 1,
    descriptors: Annotated[
        bool, typer.Option(help="Join boosted trees, and let all read RDKit's descriptors.")
    ] = True,
    fingerprints: Annotated[
        bool, typer.Option(help="Join a random forest and a kernel regression on fragments.")
    ] = True,
) -> None:
    """Learn properties from a table; write the model, and how it fares beside the baselines.

    A tenth of the molecules is held out to judge by. What is wrong with a row is in report.csv.
    """
    import pandas as pd

    from gnnlab.bench.report import to_markdown
    from gnnlab.molecules import PropertyPredictor, read_molecules
    from gnnlab.molecules.runs import guess_task, train_on

    molecules = read_molecules(file, smiles_column, target_column, separator=separator)
    if task is None:
        task = guess_task(molecules.targets)
        if task == Task.CLASSIFICATION:
            typer.echo("All values are 0 or 1: classification (--task regression for numbers).")
    predictor = PropertyPredictor(
        str(task),
        encoder,
        hidden_channels,
        descriptors=descriptors,
        fingerprints=fingerprints,
        folds=split.value,
        ensemble_size=ensemble_size,
        epochs=epochs,
        seed=seed,
    )
    summary = train_on(
        molecules,
        predictor,
        out,
        split=split.value,
        report=lambda name: typer.echo(f"baseline: {name}", err=True),
    )
    learned = summary["train_rows"] + summary["validation_rows"]
    typer.echo(
        f"{summary['rows']:,} rows, {summary['molecules']:,} usable: "
        f"{learned:,} to learn from, {summary['test_rows']:,} to judge by\n"
    )
    scores = pd.DataFrame(summary["scores"]).T.rename_axis("model").reset_index()
    typer.echo(to_markdown(scores))
    typer.echo(f"\nModel, predictions and report: {out}")


@app.command("predict")
def predict(
    model: Annotated[Path, typer.Argument(help="A model that `gnnlab molecules train` wrote.")],
    file: Annotated[
        Path | None, typer.Argument(help="CSV, TSV, SMI or SDF, also with .gz.")
    ] = None,
    smiles: Annotated[
        list[str] | None, typer.Option(help="A molecule; name the option again for several.")
    ] = None,
    smiles_column: SmilesColumn = None,
    separator: Separator = None,
    out: Annotated[
        Path | None, typer.Option(help="File for the table.", show_default="print it")
    ] = None,
) -> None:
    """Predict for every row, in the order of the file; a row that is no molecule gets a reason."""
    from gnnlab.data import write_file
    from gnnlab.errors import InputError
    from gnnlab.molecules import PropertyPredictor, read_molecules
    from gnnlab.molecules.runs import predict_table

    if (file is None) == (not smiles):
        raise InputError(
            "molecules are needed", where="FILE, --smiles", remedy="name a file, or molecules"
        )
    predictor = PropertyPredictor.load(model)
    table = predict_table(
        predictor, read_molecules(file or smiles, smiles_column, separator=separator)
    )
    content = table.to_csv(index=False, float_format="%.6g")
    if out is None:
        typer.echo(content, nl=False)
        return
    write_file(out, content.encode())
    bad = int((table["reason"] != "").sum())
    typer.echo(f"{len(table):,} rows, {bad:,} without a prediction: {out}")


@app.command("explain")
def explain(
    model: Annotated[Path, typer.Argument(help="A model that `gnnlab molecules train` wrote.")],
    smiles: Annotated[str, typer.Argument(help="A molecule.")],
    out: Annotated[Path, typer.Option(help="Picture to draw, .svg or .png.")] = Path(
        "explanation.svg"
    ),
    target: Annotated[int, typer.Option(help="Which property, from 0, if there are several.")] = 0,
) -> None:
    """Draw which atoms and bonds drove a prediction, and print what each contributes."""
    from gnnlab.bench.report import to_markdown
    from gnnlab.molecules import PropertyPredictor
    from gnnlab.molecules.drawing import draw_explanation
    from gnnlab.molecules.explain import explain

    found = explain(PropertyPredictor.load(model), smiles, target)
    draw_explanation(found, out)
    typer.echo(f"{found.quantity}: {found.prediction:.4g}, of nothing: {found.baseline:.4g}\n")
    typer.echo(to_markdown(found.table()))
    typer.echo(f"\nPicture: {out}")


@app.command("benchmark")
def benchmark(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Such as esol, bace or CHEMBL204_Ki."),
    ],
    models: Annotated[
        list[str] | None,
        typer.Option(
            help="graph, joint, or a baseline; name the option again for several.",
            show_default="all",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Number of repetitions.")] = 5,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("gnnlab-benchmark"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Run only what does not stand in the folder yet.")
    ] = False,
) -> None:
    """Compare graph networks with baselines on published benchmarks, split by split."""
    from gnnlab.bench.report import to_markdown
    from gnnlab.molecules.benchmark import MODELS
    from gnnlab.molecules.runs import compare_on

    table = compare_on(
        names,
        models or MODELS,
        seeds,
        out,
        report=lambda line: typer.echo(line, err=True),
        resume=resume,
    )
    typer.echo(to_markdown(table))
    typer.echo(f"\nTables: {out}")
