"""The verbs of ``gnnlab molecules`` that make molecules, and judge molecules that were made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gnnlab.cli.molecules import Separator, SmilesColumn


def train_generator(
    file: Annotated[
        Path | None, typer.Argument(help="CSV, TSV, SMI or SDF, also with .gz.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Molecules by name: nci (needs no download), or moses: 90,000 of its molecules."
        ),
    ] = None,
    smiles_column: SmilesColumn = None,
    separator: Separator = None,
    out: Annotated[Path, typer.Option(help="Folder for the model and the samples.")] = Path(
        "gnnlab-generator"
    ),
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            help="What it learns to be asked for: logp, qed, sa, weight, rings; name it again.",
        ),
    ] = None,
    hidden_channels: Annotated[int, typer.Option(help="Width of the states.")] = 512,
    epochs: Annotated[int, typer.Option(help="Passes over the molecules.")] = 10,
    samples: Annotated[int, typer.Option(help="Molecules to make in the end.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of weights, orders and samples.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training that stands in the folder.")
    ] = False,
) -> None:
    """Learn to make molecules; write the model, and what it makes."""
    from gnnlab.bench.report import to_markdown
    from gnnlab.errors import InputError
    from gnnlab.molecules import MoleculeGenerator, read_molecules
    from gnnlab.molecules.generation.runs import train_generator

    if (file is None) == (dataset is None):
        raise InputError("molecules are needed", where="FILE, --dataset", remedy="name one of them")
    source = file if file is not None else _load(dataset)
    molecules = read_molecules(source, smiles_column, separator=separator)
    generator = MoleculeGenerator(
        tuple(properties or ()), hidden_channels=hidden_channels, epochs=epochs, seed=seed
    )
    summary = train_generator(molecules, generator, out, num_samples=samples, resume=resume)
    typer.echo(
        f"{summary['rows']:,} rows, {summary['molecules']:,} learned from; "
        f"{summary['parameters']:,} parameters, {summary['seconds']:.0f} s\n"
    )
    typer.echo(to_markdown(_table(summary["scores"])))
    typer.echo(f"\nModel, samples and report: {out}")


def generate(
    model: Annotated[
        Path, typer.Argument(help="A model that `gnnlab molecules train-generator` wrote.")
    ],
    count: Annotated[int, typer.Option("--count", "-n", help="How many.")] = 24,
    condition: Annotated[
        list[str] | None,
        typer.Option(help="What is asked of them, such as logp=2.5; name it again."),
    ] = None,
    candidates: Annotated[
        int | None,
        typer.Option(
            help="How many are grown for each, of which the nearest to the condition is kept.",
            show_default="4 if there is one",
        ),
    ] = None,
    scaffold: Annotated[
        str | None, typer.Option(help="A molecule to grow around; all of it stays.")
    ] = None,
    attachment: Annotated[
        list[int] | None,
        typer.Option(help="Atom of the scaffold where something may grow; name it again."),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(help="Above 1 daring, below careful.", show_default="the model's"),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Makes them repeatable.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="File: .smi, .csv or .sdf.", show_default="print them")
    ] = None,
    draw: Annotated[Path | None, typer.Option(help="Picture to draw, .svg or .png.")] = None,
) -> None:
    """Make new molecules; every one is valid."""
    from gnnlab.molecules import MoleculeGenerator, draw_grid
    from gnnlab.molecules.writing import write_molecules

    made = MoleculeGenerator.load(model).sample(
        count,
        condition=_read_condition(condition or []),
        candidates=candidates,
        scaffold=scaffold,
        attachments=attachment,
        temperature=temperature,
        seed=seed,
    )
    if out is None:
        typer.echo("\n".join(made))
    else:
        write_molecules(out, made)
        typer.echo(f"{count:,} molecules: {out}")
    if draw is not None:
        draw_grid(made[:400], draw)
        typer.echo(f"Picture: {draw}", err=out is None)


def evaluate(
    generated: Annotated[Path, typer.Argument(help="The molecules: CSV, TSV, SMI or SDF.")],
    reference: Annotated[
        Path | None,
        typer.Option(help="Real molecules.", show_default="MOSES' test and test_scaffolds"),
    ] = None,
    train: Annotated[
        Path | None, typer.Option(help="What the generator has learned from, for the novelty.")
    ] = None,
    smiles_column: SmilesColumn = None,
    fcd: Annotated[bool, typer.Option(help="Compute the FCD; needs gnnlab[fcd].")] = True,
    filters: Annotated[bool, typer.Option(help="Apply the filters of MOSES.")] = True,
    num_workers: Annotated[int, typer.Option(help="Processes.")] = 1,
) -> None:
    """Judge molecules by the metrics of MOSES."""
    from gnnlab.bench.report import to_markdown
    from gnnlab.molecules.metrics import evaluate
    from gnnlab.molecules.moses import load_moses

    if reference is None:
        references = {"Test": load_moses("test"), "TestSF": load_moses("test_scaffolds")}
    else:
        references = _rows(reference, smiles_column)
    scores = evaluate(
        _rows(generated, smiles_column),
        references,
        None if train is None else _rows(train, smiles_column),
        fcd=fcd,
        filters=filters,
        num_workers=num_workers,
        progress=lambda step, done, total: typer.echo(f"{step}: {done:,} of {total:,}", err=True),
    )
    typer.echo(to_markdown(_table(scores)))


def _load(name: str) -> list[str]:
    from gnnlab.errors import UnknownNameError
    from gnnlab.molecules import load_nci
    from gnnlab.molecules.moses import load_moses

    if name == "nci":
        return load_nci().smiles
    if name == "moses":
        return load_moses("train_90k")
    raise UnknownNameError.of("data set", name, ("nci", "moses"))


def _rows(file: Path, smiles_column: str | None) -> list[str]:
    """All rows of a file, also those that are no molecules: validity is judged, too."""
    from gnnlab.molecules import read_molecules

    molecules = read_molecules(file, smiles_column)
    rows = [""] * molecules.num_rows
    for place, row in enumerate(molecules.rows):
        rows[row] = molecules.smiles[place]
    return rows


def _read_condition(words: list[str]) -> dict[str, float]:
    from gnnlab.errors import InputError

    found = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError as error:
            raise InputError(
                "not of the form name=number", where="--condition", value=word
            ) from error
    return found


def _table(scores: dict[str, float]):
    import pandas as pd

    return pd.DataFrame({"metric": list(scores), "value": list(scores.values())})
