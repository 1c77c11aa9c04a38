"""``gnnlab text``: learn from a text, write, and judge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Character language models on path graphs.", no_args_is_help=True)


@app.command("train")
def train(
    file: Annotated[Path | None, typer.Argument(help="A text in UTF-8.")] = None,
    dataset: Annotated[
        str | None, typer.Option(help="A text by name: python (needs no download) or grimm.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the model and the report.")] = Path(
        "gnnlab-text"
    ),
    preset: Annotated[
        str | None,
        typer.Option(help="best, or reported: settings that the options below then change."),
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option(help="lstm, gru, rnn, peephole or mingru.", show_default="lstm"),
    ] = None,
    hidden_size: Annotated[
        int | None, typer.Option(help="Width of the states.", show_default="128")
    ] = None,
    num_layers: Annotated[
        int | None, typer.Option(help="Recurrent layers.", show_default="2")
    ] = None,
    dropout: Annotated[
        float | None, typer.Option(help="Share dropped between layers.", show_default="0")
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(help="Training steps.", show_default="45000")
    ] = None,
    carry_state: Annotated[
        bool | None,
        typer.Option(
            "--carry-state/--random-windows",
            help="Windows follow each other and hand states on.",
            show_default="random windows",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of weights and windows.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training that stands in the folder.")
    ] = False,
) -> None:
    """Train on a text; write the model, learning curves, samples and the score on held-out blocks.

    The defaults are the reported run on Grimm's fairy tales, but for its hidden size, 256.
    """
    from gnnlab.errors import InputError, UnknownNameError
    from gnnlab.sequences import PRESETS, TextGenerator, load_text, read_text
    from gnnlab.sequences.tales import train_on

    if (file is None) == (dataset is None):
        raise InputError(
            "one text is needed", where="FILE, --dataset", remedy="name a file or a data set"
        )
    text = load_text(dataset) if file is None else read_text(file)
    if preset is not None and preset not in PRESETS:
        raise UnknownNameError.of("preset", preset, PRESETS)
    given = {
        "cell": cell,
        "hidden_size": hidden_size,
        "num_layers": num_layers,
        "dropout": dropout,
        "iterations": iterations,
        "carry_state": carry_state,
    }
    settings = PRESETS.get(preset, {}) | {k: v for k, v in given.items() if v is not None}
    generator = TextGenerator(**settings, seed=seed)
    summary = train_on(text, generator, out, name=dataset or file.stem, resume=resume)
    for name in ("loss", "accuracy", "held_out_bits_per_character"):
        typer.echo(f"{name.replace('_', ' ')}: {summary[name]:.3f}")
    typer.echo(f"Model, curves and samples: {out}")


@app.command("generate")
def generate(
    model: Annotated[Path, typer.Argument(help="A model that `gnnlab text train` wrote.")],
    prompt: Annotated[str, typer.Option(help="How the text begins.")] = "",
    length: Annotated[int, typer.Option(help="Characters to write.")] = 200,
    temperature: Annotated[
        float | None,
        typer.Option(help="High is daring, low is careful.", show_default="the most likely"),
    ] = None,
    top_k: Annotated[int | None, typer.Option(help="Among the k most likely only.")] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Among those that together have this probability.")
    ] = None,
    count: Annotated[int, typer.Option("-n", help="Number of texts.")] = 1,
    seed: Annotated[int | None, typer.Option(help="For the same texts again.")] = None,
) -> None:
    """Write on from a prompt, or from a random character."""
    from gnnlab.sequences import TextGenerator

    texts = TextGenerator.load(model).generate(
        prompt,
        length,
        num_samples=count,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
    )
    typer.echo("\n\n".join(prompt + text for text in texts))


@app.command("score")
def score(
    model: Annotated[Path, typer.Argument(help="A model that `gnnlab text train` wrote.")],
    file: Annotated[Path, typer.Argument(help="A text in UTF-8.")],
) -> None:
    """Bits per character of a text: what it would take to tell it to someone with this model."""
    from gnnlab.sequences import TextGenerator, read_text

    found = TextGenerator.load(model).evaluate(read_text(file))
    typer.echo(
        f"{found.bits_per_character:.3f} bits per character, accuracy {found.accuracy:.3f}, "
        f"over {found.num_characters:,} characters"
    )
    if found.num_unknown:
        typer.echo(f"{found.num_unknown:,} characters were not in the training text: not judged")
