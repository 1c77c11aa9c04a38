"""Link prediction on the benchmarks: the predictor beside every heuristic, split by split.

Legend: P positives, M negatives.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from gnnlab import training
from gnnlab.data.rows import RowsFile
from gnnlab.errors import UnknownNameError
from gnnlab.networks.datasets import BENCHMARKS, load_benchmark, load_heart
from gnnlab.networks.evidence import PairScorer
from gnnlab.networks.metrics import rank_metrics
from gnnlab.networks.models import GraphScorer
from gnnlab.networks.network import Network
from gnnlab.networks.predictor import LinkPredictor, score_part
from gnnlab.networks.scorers import SCORERS
from gnnlab.networks.splits import LinkSplit, Part, random_split, time_split

_STEPS = 32  # of an epoch of a graph network at most: large networks are learned in large batches


def _graph_network(decoder: str) -> Callable[[LinkSplit, int], GraphScorer]:
    """A graph network alone; validation connections say when it stops."""

    def fit(split: LinkSplit, seed: int) -> GraphScorer:
        batch_size = max(1024, split.message.num_edges // _STEPS)
        scorer = GraphScorer(decoder=decoder, batch_size=batch_size, seed=seed)
        return scorer.fit(split.message, _thinned(split.valid), progress=False)

    return fit


#: The name of :class:`LinkPredictor`, as it comes, among the scorers.
PREDICTOR = "default"
#: What learns from a split and a seed, by name: the predictor without and with a graph network,
#: and graph networks alone, with the product of two nodes' vectors and with those of their common
#: neighbours.
LEARNED: dict[str, Callable[[LinkSplit, int], PairScorer]] = {
    PREDICTOR: lambda split, seed: LinkPredictor(seed=seed).fit(split.message, split.valid),
    "default-and-graph": lambda split, seed: LinkPredictor(graph=_GRAPH, seed=seed).fit(
        split.message, split.valid
    ),
    "gcn": _graph_network("dot"),
    "common-neighbor-network": _graph_network("common"),
}
#: Which scorers a run compares, unless it names them; all are the predictor and every heuristic.
CHOICES = ("heuristics", PREDICTOR, "learned", "all")
_GRAPH = {"decoder": "dot"}
#: What tells one row of a benchmark from another.
KEY = ("setting", "scorer", "seed")
#: Where there are official splits: the settings, and whether their negatives are hard.
OFFICIAL = {"citeseer": {"existing": False, "heart": True}, "pubmed": {"existing": False}}
#: Hard negatives of each hidden connection.
NUM_NEGATIVES = 250
#: Hidden connections that are looked at; where there are more, some of them.
MOST_POSITIVES = 1000
_VALID, _TEST = 0.05, 0.1
_NEGATIVES_TO_STOP_BY = 50  # of each positive: graph networks look at them after every second epoch


class Judgement(NamedTuple):
    """What came of fitting a scorer and asking it for a part.

    Attributes:
        scorer: The scorer, fitted.
        positive: Its scores ``[P]`` of the positives.
        negative: Those of the negatives, ``[M]`` or ``[P, M]``.
        metrics: Those of :func:`gnnlab.networks.rank_metrics`.
        fit_seconds: How long it looked at the network.
        score_seconds: How long it looked at the pairs.
    """

    scorer: PairScorer
    positive: np.ndarray
    negative: np.ndarray
    metrics: dict[str, float]
    fit_seconds: float
    score_seconds: float


def run_benchmark(
    name: str,
    scorers: str = "all",
    seeds: int = 5,
    report: Callable[[str], None] = lambda line: None,
    rows: RowsFile | None = None,
) -> pd.DataFrame:
    """Fits every scorer on every split and judges it on the test part.

    ``citeseer`` and ``pubmed`` have official splits (see :func:`gnnlab.networks.load_heart`) in the
    setting ``existing`` and, CiteSeer only, ``heart``; heuristics are run once there, for nothing
    about them is drawn. The others are split anew for each seed: 5 % of the connections for
    validation and 10 % for the test, of which 1,000 at most are asked for. In the setting
    ``random`` each stands among 250 hard negatives of its own. Where there are times, the latest
    connections are hidden; they stand among as many negatives at random, which all share, in the
    setting ``time``, and among 250 hard ones in ``time-hard``. By the validation part
    :class:`LinkPredictor` chooses its ``negatives`` and ``missing``, and graph networks alone
    choose when to stop, by 50 of the negatives of each; nothing is learned from it.

    Args:
        name: One of :data:`gnnlab.networks.BENCHMARKS`.
        scorers: One of :data:`CHOICES`, or names of :data:`LEARNED` and of
            :data:`gnnlab.networks.SCORERS` with commas between.
        seeds: Number of repetitions.
        report: Called with a line for each setting, scorer and seed.
        rows: Where rows are kept as they come, by :data:`KEY`; what stands there is not run again.

    Returns:
        Rows of ``benchmark``, ``setting``, ``scorer``, ``seed``, ``fit_seconds``,
        ``score_seconds``, and the shares that :func:`gnnlab.networks.rank_metrics` gives.

    Raises:
        UnknownNameError: If there is no such benchmark, choice or scorer.
        InputError: If there are no seeds, or a scorer was named that the network has nothing for.
        FileFormatError: If a file of the mirror is not the known one.
        DownloadError: If a file can neither be found nor be downloaded.
    """
    check_request(name, scorers, seeds)
    rows = RowsFile(key=KEY) if rows is None else rows
    for setting, seed, split in _splits(name, seeds):
        for scorer in choose_scorers(scorers, split.message):
            if name in OFFICIAL and seed and scorer not in LEARNED:
                continue
            if rows.has(setting, scorer, seed):
                continue
            judgement = judge(scorer, split, seed)
            place = {"benchmark": name, "setting": setting, "scorer": scorer, "seed": seed}
            times = {f: getattr(judgement, f) for f in ("fit_seconds", "score_seconds")}
            rows.append(place | times | judgement.metrics)
            report(f"{name} {setting} {scorer} seed {seed}: {100 * judgement.metrics['mrr']:.2f}")
    return rows.table()


def check_request(name: str, scorers: str, seeds: int) -> None:
    """Refuses what :func:`run_benchmark` cannot run, before anything is loaded.

    Raises:
        UnknownNameError: If there is no such benchmark, choice or scorer.
        InputError: If there are no seeds.
    """
    if name not in BENCHMARKS:
        raise UnknownNameError.of("benchmark", name, BENCHMARKS)
    known = (*LEARNED, *SCORERS)
    for scorer in () if scorers in CHOICES else scorers.split(","):
        if scorer not in known:
            raise UnknownNameError.of("scorer", scorer, dict.fromkeys((*CHOICES, *known)))
    training.check_count("seeds", seeds)


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """One row per setting and scorer: means over the seeds in percent, and seconds.

    ``mrr_std`` is the standard deviation over the seeds, NaN if there is only one.
    """
    shares = ["mrr", "ranked-hits@10", "auc", "ap"]
    groups = table.groupby(["benchmark", "setting", "scorer"], sort=False)
    means = 100 * groups[shares].mean()
    means.insert(1, "mrr_std", 100 * groups["mrr"].std())
    seconds = groups[["fit_seconds", "score_seconds"]].mean()
    return means.join(groups.size().rename("seeds")).join(seconds).reset_index()


def to_json(summary: pd.DataFrame) -> str:
    """The table of :func:`summarise` as JSON: by setting and scorer, percents of two decimals."""
    settings: dict[str, dict] = {}
    for row in summary.to_dict("records"):
        place = {key: row.pop(key) for key in ("benchmark", "setting", "scorer")}
        values = {key: None if value != value else round(value, 2) for key, value in row.items()}
        settings.setdefault(place["setting"], {})[place["scorer"]] = values
    whole = {"benchmark": summary["benchmark"][0], "unit": "percent", "settings": settings}
    return json.dumps(whole, indent=2)


def choose_scorers(choice: str, network: Network) -> list[str]:
    """The names that a choice stands for; heuristics on features need some.

    Example:
        >>> choose_scorers("default", Network.of(["Jane", "Bingley"], [[0], [1]]))
        ['default']
        >>> choose_scorers("katz,default", Network.of(["Jane", "Bingley"], [[0], [1]]))
        ['katz', 'default']
    """
    names = [name for name in SCORERS if not (network.x is None and "features" in name)]
    groups = {
        "heuristics": names,
        "learned": list(LEARNED),
        "all": [PREDICTOR, *names],
    }
    return groups.get(choice, choice.split(","))


def judge(name: str, split: LinkSplit, seed: int = 0) -> Judgement:
    """Fits a scorer to the message graph, and has it rank the test part.

    Args:
        name: One of :data:`LEARNED` or of :data:`gnnlab.networks.SCORERS`.
        split: What it may look at, and what it has to tell apart.
        seed: That of what learns.
    """
    start = time.perf_counter()
    is_learned = name in LEARNED
    scorer = LEARNED[name](split, seed) if is_learned else SCORERS[name]().fit(split.message)
    fitted = time.perf_counter()
    positive, negative = score_part(scorer, split.test)
    scored = time.perf_counter()
    metrics = rank_metrics(positive, negative)
    return Judgement(scorer, positive, negative, metrics, fitted - start, scored - fitted)


def limit(part: Part, most: int, seed: int) -> Part:
    """At most so many positives, chosen at random, and the negatives that belong to them."""
    count = part.positive.size(1)
    if count <= most:
        return part
    rows = np.sort(np.random.default_rng(seed).permutation(count)[:most])
    negative = part.negative if part.negative.dim() == 2 else part.negative[:, rows]
    time = None if part.time is None else part.time[rows]
    return Part(part.positive[:, rows], negative, time)


def _thinned(part: Part) -> Part:
    """A part with fewer negatives of each positive, evenly taken from all."""
    if part.negative.dim() == 2:
        return part
    step = max(1, part.negative.size(2) // _NEGATIVES_TO_STOP_BY)
    return Part(part.positive, part.negative[:, :, ::step], part.time)


def _splits(name: str, seeds: int) -> Iterator[tuple[str, int, LinkSplit]]:
    """Setting, seed and split."""
    if name in OFFICIAL:
        for setting, is_hard in OFFICIAL[name].items():
            split = load_heart(name, hard=is_hard)
            yield from ((setting, seed, split) for seed in range(seeds))
        return
    network = load_benchmark(name)
    if network.edge_time is None:
        yield from (("random", seed, split_at_random(network, seed)) for seed in range(seeds))
        return
    for setting, count in (("time", None), ("time-hard", NUM_NEGATIVES)):
        kind = "uniform" if count is None else "hard"
        for seed in range(seeds):
            split = time_split(network, _VALID, _TEST, seed, negatives=kind, num_negatives=count)
            parts = (limit(part, MOST_POSITIVES, seed) for part in (split.valid, split.test))
            yield setting, seed, LinkSplit(split.message, *parts)


def split_at_random(network: Network, seed: int) -> LinkSplit:
    """The split of the setting ``random``."""
    options = {"negatives": "hard", "num_negatives": NUM_NEGATIVES}
    return random_split(network, _VALID, _TEST, seed, max_positives=MOST_POSITIVES, **options)
