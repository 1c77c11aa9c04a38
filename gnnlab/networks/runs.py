"""Whole runs, as a user asks for them: suggest connections, evaluate, compare on a benchmark."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from pathlib import Path

import numpy as np
import pandas as pd

from gnnlab import training
from gnnlab.data import make_folder, write_file
from gnnlab.data.rows import RowsFile, to_csv
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.networks.audit import audit
from gnnlab.networks.benchmark import (
    KEY,
    MOST_POSITIVES,
    NUM_NEGATIVES,
    PREDICTOR,
    Judgement,
    check_request,
    choose_scorers,
    judge,
    limit,
    run_benchmark,
    summarise,
)
from gnnlab.networks.calibration import (
    calibration_error,
    hidden_probabilities,
    reliability_table,
)
from gnnlab.networks.drawing import draw_evaluation, draw_neighborhood
from gnnlab.networks.embedded import EMBEDDED
from gnnlab.networks.hard import count_hard
from gnnlab.networks.network import Network
from gnnlab.networks.predictor import LinkPredictor
from gnnlab.networks.reading import read_network
from gnnlab.networks.splits import LinkSplit, random_split, time_split

_DRAWN = 2  # heuristics in a figure, beside the predictor


def open_network(
    source: str | Path | None,
    dataset: str | None = None,
    out: str | Path | None = None,
    **options: object,
) -> tuple[Network, str]:
    """Reads a network from a file, or takes one that comes with networkx.

    Args:
        source: The file.
        dataset: In its place, one of :data:`gnnlab.networks.EMBEDDED`.
        out: A folder for ``report.csv``, what was found wrong with lines of the file.
        options: Those of :func:`gnnlab.networks.read_network`.

    Returns:
        The network, and in words what was read.

    Raises:
        InputError: If not exactly one of file and data set is named, the folder cannot be made, or
            the file cannot be read.
        UnknownNameError: If there is no such data set.
        FileFormatError: If the file holds no network.

    Example:
        >>> open_network(None, "karate-club")
        (Network(34 nodes, 78 connections), '34 nodes and 78 connections.')
    """
    if (source is None) == (dataset is None):
        raise InputError("a network is needed", where="FILE, --dataset", remedy="name one of them")
    if dataset is not None:
        if dataset not in EMBEDDED:
            raise UnknownNameError.of("data set", dataset, EMBEDDED)
        network = EMBEDDED[dataset]()
        return network, f"{network.num_nodes:,} nodes and {network.num_edges:,} connections."
    reading = read_network(source, **options)
    if out is not None:
        write_file(make_folder(out) / "report.csv", to_csv(reading.report))
    return reading.network, reading.summary()


def suggest_on(
    network: Network,
    node: Hashable | None = None,
    k: int = 10,
    *,
    explain: bool = False,
    out: str | Path | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Learns from a network and suggests new connections.

    The folder gets ``suggestions.csv`` and, for one node, ``neighborhood.png`` of its best
    suggestion.

    Args:
        network: The network.
        node: The name of a node; by default every node gets suggestions.
        k: How many for each.
        explain: Whether to say why, which is possible for one node.
        out: The folder, created if needed; by default nothing is written.
        seed: The predictor's.

    Returns:
        One row per suggestion: ``node, suggestion, probability, score``, and ``reasons``.

    Raises:
        UnknownNameError: If there is no such node.
        InputError: If k is no count, the network is too small to learn from, the folder cannot be
            made, or all nodes are to be explained.

    Example:
        >>> from gnnlab.networks import load_karate_club
        >>> suggest_on(load_karate_club(), 5, k=2)["suggestion"].nunique()
        2
    """
    training.check_count("k", k)
    if explain and node is None:
        raise InputError("explanations are for one node", where="explain", remedy="name a node")
    if node is not None:
        node = network.names[network.node(node)]
    out = None if out is None else make_folder(out)
    predictor = LinkPredictor(seed=seed).fit(network)
    table = predictor.suggest_all(k) if node is None else predictor.suggest(node, k)
    if explain:
        table["reasons"] = [str(predictor.explain(node, other)) for other in table["suggestion"]]
    if out is not None:
        write_file(out / "suggestions.csv", to_csv(table))
        if node is not None and len(table):
            best = table["suggestion"][0]
            title = f"{node} and {best}: probability {table['probability'][0]:.2f}"
            draw_neighborhood(network, node, best, out / "neighborhood.png", title=title)
    return table


def evaluate_on(
    network: Network,
    *,
    by_time: bool = False,
    test: float = 0.1,
    seed: int = 0,
    out: str | Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, object]:
    """Hides connections, and measures how well the predictor and every heuristic find them.

    Each hidden connection, of at most 1,000, stands among 250 hard negatives, or as many as there
    are. The folder gets ``scores.csv``, ``summary.json``, ``curves.png``, ``ranks.png`` and
    ``reliability.png``.

    Args:
        network: The whole network.
        by_time: Hide the latest connections instead of random ones.
        test: The share that is hidden.
        seed: Of the split and the predictor.
        out: The folder, created if needed; by default nothing is written.
        report: Called with the name of each scorer before it is fitted.

    Returns:
        ``nodes``, ``connections``, ``split``, ``train`` and ``test`` (connections), ``negatives``
        (of each), ``audit`` (:func:`gnnlab.networks.audit` in words), ``scores`` (by scorer its
        metrics and seconds), and ``calibration_error``: that of the predictor's probabilities for
        the hidden connections and pairs that are drawn as those it has learned from.

    Raises:
        InputError: If the network is too small, has no times but is to be split by time, or the
            folder cannot be made.
    """
    training.check_seed(seed)
    split = _split(network, by_time, test, seed)
    out = None if out is None else make_folder(out)
    judged = {}
    for name in choose_scorers("all", network):
        report(name)
        judged[name] = judge(name, split, seed)
    predictor = judged[PREDICTOR].scorer
    bins = reliability_table(*hidden_probabilities(predictor, network, split.test.positive, seed))
    summary = {
        "nodes": network.num_nodes,
        "connections": network.num_edges,
        "split": "time" if by_time else "random",
        "train": split.message.num_edges,
        "test": split.test.positive.size(1),
        "negatives": split.test.negative.size(-1),
        "audit": str(audit(split, network)),
        "scores": {name: _describe(judgement) for name, judgement in judged.items()},
        "calibration_error": calibration_error(bins),
    }
    if out is not None:
        _write_evaluation(out, summary, judged, bins)
    return summary


def compare_on(
    name: str,
    scorers: str = "all",
    seeds: int = 5,
    out: str | Path | None = None,
    report: Callable[[str], None] = lambda line: None,
    resume: bool = False,
) -> pd.DataFrame:
    """Runs a benchmark: :func:`~gnnlab.networks.benchmark.run_benchmark`, and what it comes to.

    Args:
        name: The benchmark.
        scorers: Which scorers.
        seeds: Number of repetitions.
        out: A folder for ``<name>.csv``, whose rows are written as they come, and
            ``summary.csv``; by default nothing is written.
        report: Called with a line for each setting, scorer and seed.
        resume: Run only what does not stand in the folder yet.

    Returns:
        The table of :func:`~gnnlab.networks.benchmark.summarise`.

    Raises:
        UnknownNameError: If there is no such benchmark, choice of scorers, or scorer.
        InputError: If there are no seeds, the folder cannot be made, or there is no folder to go
            on with.
        FileFormatError: If the file to go on with is no such table.
        DownloadError: If the data cannot be fetched.
    """
    check_request(name, scorers, seeds)
    if resume and out is None:
        raise InputError("there is no folder to go on with", where="resume", remedy="name it")
    out = None if out is None else make_folder(out)
    rows = RowsFile(None if out is None else out / f"{name}.csv", KEY, resume)
    summary = summarise(run_benchmark(name, scorers, seeds, report, rows))
    if out is not None:
        write_file(out / "summary.csv", to_csv(summary))
    return summary


def _split(network: Network, by_time: bool, test: float, seed: int) -> LinkSplit:
    # A node that nobody has met is no candidate in a split by time.
    met = np.unique(network.edge_index.numpy())
    most = count_hard(network, network.edge_index, nodes=met)
    options = {"negatives": "hard", "num_negatives": min(NUM_NEGATIVES, most) or None}
    if not by_time:
        return random_split(network, 0, test, seed, max_positives=MOST_POSITIVES, **options)
    split = time_split(network, 0, test, seed, **options)
    return LinkSplit(split.message, split.valid, limit(split.test, MOST_POSITIVES, seed))


def _describe(judgement: Judgement) -> dict[str, float]:
    seconds = {"fit_seconds": judgement.fit_seconds, "score_seconds": judgement.score_seconds}
    return judgement.metrics | seconds


def _write_evaluation(
    out: Path, summary: dict, judged: dict[str, Judgement], bins: pd.DataFrame
) -> None:
    scores = pd.DataFrame(summary["scores"]).T.rename_axis("scorer").reset_index()
    write_file(out / "scores.csv", to_csv(scores))
    write_file(out / "summary.json", json.dumps(summary, indent=2).encode())
    order = sorted(judged, key=lambda name: -judged[name].metrics["mrr"])
    best = [PREDICTOR, *[name for name in order if name != PREDICTOR][:_DRAWN]]
    draw_evaluation(
        {name: (judged[name].positive, judged[name].negative) for name in best}, bins, out
    )
