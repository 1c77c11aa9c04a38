"""Comparisons of recurrent and graph networks as a user asks for them: by name, with a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from gnnlab import plots
from gnnlab.analysis.compare import (
    compare_molecules,
    compare_order,
    compare_sequences,
    compare_temporal,
    compare_walks,
)
from gnnlab.analysis.compare.temporal_windows import changing_network
from gnnlab.data import make_folder, write_file
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.networks import load_benchmark

_RANKS = {"mrr": "mean reciprocal rank", "ranked-hits@10": "hits at 10", "auc": "ROC-AUC"}


class Comparison(NamedTuple):
    """One comparison.

    Attributes:
        run: From ``quick``, ``report`` and perhaps a name of data to one row per run.
        draw: From these rows and a path to a figure.
        groups: The columns that tell what was compared; the seed is not among them.
        measures: The columns of which means and deviations are shown.
        has_data: Whether it can be run on other data than the usual.
    """

    run: Callable[..., pd.DataFrame]
    draw: Callable[..., Path]
    groups: tuple[str, ...]
    measures: tuple[str, ...]
    has_data: bool = False


def _temporal(data: str | None = None, quick: bool = False, **options: object) -> pd.DataFrame:
    network = changing_network() if data is None else load_benchmark(data)
    return compare_temporal(network, seeds=1 if quick else 3, quick=quick, **options)


def _named(
    compare: Callable[..., pd.DataFrame], data: str | None = None, **options: object
) -> pd.DataFrame:
    return compare(**options) if data is None else compare(data, **options)


#: The comparisons by name.
COMPARISONS: Mapping[str, Comparison] = {
    "sequences": Comparison(
        compare_sequences,
        partial(plots.accuracy_by_length, title="The first digit, asked for at the end"),
        ("length", "model", "depth"),
        ("accuracy",),
    ),
    "order": Comparison(
        compare_order,
        partial(plots.order_sensitivity, title="What permutations change"),
        ("task", "model", "permuted"),
        ("accuracy", "deviation"),
    ),
    "molecules": Comparison(
        partial(_named, compare_molecules),
        partial(plots.error_by_size, title="Molecules as graphs and as strings"),
        ("size", "model"),
        ("rmse",),
        has_data=True,
    ),
    "networks": Comparison(
        partial(_named, compare_walks),
        partial(plots.scores_by_model, measures=_RANKS, title="Missing connections"),
        ("model",),
        tuple(_RANKS),
        has_data=True,
    ),
    "temporal": Comparison(
        _temporal,
        partial(plots.scores_by_model, measures=_RANKS, title="Connections to come"),
        ("model",),
        tuple(_RANKS),
        has_data=True,
    ),
}


def compare_on(
    name: str,
    data: str | None = None,
    *,
    quick: bool = False,
    out: str | Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Runs a comparison; the folder gets ``<name>.csv`` with every run, and ``<name>.png``.

    Args:
        name: One of :data:`COMPARISONS`.
        data: Of ``molecules``, ``networks`` and ``temporal``: the name of a benchmark, or of
            embedded data. By default what needs no download: ``nci-logp``, ``les-miserables``, and
            a network that :func:`~gnnlab.analysis.compare.temporal_windows.changing_network` made.
        quick: A fraction of the training, to see that it runs.
        out: The folder, created if needed; by default nothing is written.
        report: Called with a line for each run.

    Returns:
        A row for each thing that was compared, with the number of ``seeds`` and, for each measure,
        its mean and ``<measure>_std``, NaN for one seed.

    Raises:
        UnknownNameError: If there is no such comparison or data.
        InputError: If the comparison takes no other data, or the folder cannot be made.
        DownloadError: If the data can neither be found nor downloaded.
    """
    if name not in COMPARISONS:
        raise UnknownNameError.of("comparison", name, COMPARISONS)
    comparison = COMPARISONS[name]
    if data is not None and not comparison.has_data:
        raise InputError("its data are generated", where="data", value=data, remedy="leave it out")
    folder = None if out is None else make_folder(out)
    given = {} if data is None else {"data": data}
    table = comparison.run(**given, quick=quick, report=report)
    if folder is not None:
        write_file(folder / f"{name}.csv", table.to_csv(index=False, float_format="%.6g").encode())
        comparison.draw(table, folder / f"{name}.png")
    groups = table.groupby(list(comparison.groups), sort=False)[list(comparison.measures)]
    means = groups.mean().join(groups.std().add_suffix("_std"))
    return means.join(groups.size().rename("seeds")).reset_index()
