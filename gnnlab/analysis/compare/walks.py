"""Missing connections: random walks read by a recurrent network, against a graph network."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import torch

from gnnlab import training
from gnnlab.analysis.compare.budget import match_width
from gnnlab.analysis.compare.walk_model import WalkModel
from gnnlab.analysis.compare.walk_scorer import WalkScorer
from gnnlab.errors import UnknownNameError
from gnnlab.networks import (
    BENCHMARKS,
    EMBEDDED,
    SCORERS,
    GraphScorer,
    LinkSplit,
    Network,
    load_benchmark,
    random_split,
    rank_metrics,
)
from gnnlab.networks.models.model import LinkModel
from gnnlab.networks.predictor import score_part

#: What learns nothing, and then both networks.
MODELS = ("common-neighbors", "adamic-adar", "resource-allocation", "gcn", "walks")
_VALID, _TEST = 0.1, 0.1
_MOST_POSITIVES = 250
_HIDDEN = 64  # of the graph network; that of the walks follows
_EPOCHS, _QUICK = 200, 10


def compare_walks(
    network: Network | str = "les-miserables",
    *,
    seeds: int = 3,
    negatives: str = "hard",
    quick: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Has networks of as many parameters find connections that were taken out.

    ``walks`` is a :class:`WalkScorer`: a GRU that reads random walks over what is left. ``gcn`` is
    a :class:`gnnlab.networks.GraphScorer` that looks at the same connections, and scores pairs by
    the product of their nodes' vectors. Both stop by the same validation part. Names and features
    of nodes are seen by neither. The others count common neighbours and learn nothing.

    A tenth of the connections is for validation, another one for the test, 250 of each at most.

    Args:
        network: One with names in ``gnnlab.networks.EMBEDDED`` (no download) or ``BENCHMARKS``,
            or a network of your own.
        seeds: Number of repetitions, each with a split of its own.
        negatives: What connections are told apart from: ``"hard"`` for up to 500 of their own
            that look much alike, ``"uniform"`` or ``"degree"`` for as many as there are positives.
        quick: One seed and few epochs, to see that it runs.
        report: Called with a line for each seed and model.

    Returns:
        Rows of ``model``, ``seed``, ``parameters``, ``mrr``, ``ranked-hits@10``, ``auc`` and
        ``seconds`` of fitting and scoring.

    Raises:
        UnknownNameError: If there is no such network, or no such negatives.
        InputError: If there are no seeds, or the network is too small.
        DownloadError: If the data can neither be found nor downloaded.

    Example:
        >>> table = compare_walks("karate-club", negatives="uniform", quick=True)
        >>> table["model"].tolist()
        ['common-neighbors', 'adamic-adar', 'resource-allocation', 'gcn', 'walks']
    """
    seeds = 1 if quick else training.check_count("seeds", seeds)
    whole = load_network(network) if isinstance(network, str) else network
    whole = replace(whole, x=None, edge_weight=None, edge_time=None)
    epochs = _EPOCHS // (_QUICK if quick else 1)
    rows = []
    for seed in range(seeds):
        split = random_split(
            whole, _VALID, _TEST, seed, negatives=negatives, max_positives=_MOST_POSITIVES
        )
        for model in MODELS:
            rows.append({"model": model, "seed": seed} | _run(model, split, epochs, seed))
            report(f"seed {seed}, {model}: {100 * rows[-1]['mrr']:.1f}")
    return pd.DataFrame(rows)


def load_network(name: str) -> Network:
    """A network by its name, embedded or a benchmark.

    Raises:
        UnknownNameError: If there is no such network.
        DownloadError: If the data can neither be found nor downloaded.

    Example:
        >>> load_network("florentine-families")
        Network(15 nodes, 20 connections)
    """
    if name in EMBEDDED:
        return EMBEDDED[name]()
    if name not in BENCHMARKS:
        raise UnknownNameError.of("network", name, [*EMBEDDED, *BENCHMARKS])
    return load_benchmark(name)


def _run(model: str, split: LinkSplit, epochs: int, seed: int) -> dict[str, float]:
    """What a model costs, and how well it tells the test part."""
    start = time.perf_counter()
    parameters = 0
    if model in SCORERS:
        scorer = SCORERS[model]().fit(split.message)
    else:
        scorer = _make(model, split.message.num_nodes, epochs, seed)
        scorer.fit(split.message, split.valid)
        if scorer.histories_[-1].interrupted:
            raise KeyboardInterrupt
        parameters = scorer.num_parameters_
    metrics = rank_metrics(*score_part(scorer, split.test))
    shares = {name: metrics[name] for name in ("mrr", "ranked-hits@10", "auc")}
    return {"parameters": parameters} | shares | {"seconds": time.perf_counter() - start}


def _make(model: str, num_nodes: int, epochs: int, seed: int) -> GraphScorer | WalkScorer:
    """What is to learn, before it has."""
    if model == "gcn":
        return GraphScorer(decoder="dot", hidden_channels=_HIDDEN, epochs=epochs, seed=seed)
    with torch.device("meta"):
        target = LinkModel(0, num_nodes, "gcn", "dot", _HIDDEN).num_parameters()
        width = match_width(lambda size: WalkModel(num_nodes, size).num_parameters(), target)
    return WalkScorer(hidden_channels=width, epochs=epochs, seed=seed)
