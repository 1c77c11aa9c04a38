"""Who will meet whom: space, time, both, and scorers that learn nothing, on equal terms.

Legend: N nodes, P pairs, T windows.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from torch import Tensor

from gnnlab import training
from gnnlab.analysis.compare.temporal_models import ENCODERS, Forecaster, learn
from gnnlab.analysis.compare.temporal_scorers import Recency, Recent
from gnnlab.analysis.compare.temporal_windows import Foresight, Windows, foresight
from gnnlab.networks import SCORERS, Network, Part, rank_metrics

#: What is reported of each part, see :func:`gnnlab.networks.rank_metrics`.
MEASURES = ("mrr", "ranked-hits@10", "auc")
_STATIC = ("common-neighbors", "adamic-adar", "preferential-attachment", "katz")
_RECENT = ("preferential-attachment", "katz")
_CHANNELS, _QUICK_CHANNELS = 64, 32
_EPOCHS, _QUICK_EPOCHS = 100, 15

#: From pairs [2, P] to their scores [P].
Score = Callable[[Tensor], np.ndarray]


def compare_temporal(
    network: Network,
    *,
    seeds: int = 3,
    windows: int = 10,
    negatives: str = "uniform",
    quick: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Has every model foresee the last tenth of a network's connections.

    The tenth before it is for validation: the epoch of each learned model is chosen on it, and
    nothing else. Asked for are new connections between nodes that have met someone before, among as
    many pairs without one; all models see the same pairs, learn from the same ones, and look at the
    same past, which includes the validation part when the test is asked for (see
    :func:`foresight`). The learned models differ in their encoder only, which has the same number
    of parameters up to rounding:

    - ``space-and-time``: a GRU over the windows of the past whose maps are graph convolutions
      (:class:`gnnlab.nn.GraphRecurrentConv`)
    - ``space``: graph convolutions on the whole past, a static graph network
    - ``time``: the GRU of ``space-and-time`` without edges, so that all it knows of others is how
      many each node has met, and when
    - ``gated``: a GRU as node update on the whole past (:class:`gnnlab.nn.GatedGraphConv`)

    All four read how many each node has met in each window and by then.

    Args:
        network: With times. Weights and features are not looked at.
        seeds: Number of repetitions: other negatives, other weights.
        windows: The number T of windows of equally many connections to learn from.
        negatives: One of the kinds of :func:`gnnlab.networks.time_split`.
        quick: A fraction of the training and half the width, to see that everything runs.
        report: Called with a line for each seed and model.

    Returns:
        Rows of ``model``, ``kind`` (heuristic or learned), ``seed``, :data:`MEASURES` on the test
        part, ``valid_mrr``, ``parameters`` of the encoder and ``seconds``.

    Raises:
        UnknownNameError: If there are no such negatives.
        NonFiniteError: If a time is NaN or infinite.
        InputError: If there are no times, a number makes no sense, or the network is too small.

    Example:
        >>> from gnnlab.analysis.compare.temporal_windows import changing_network
        >>> network = changing_network(num_nodes=60, num_edges=400)
        >>> table = compare_temporal(network, seeds=1, windows=4, quick=True)
        >>> table.groupby("kind")["model"].nunique().to_dict()
        {'heuristic': 7, 'learned': 4}
    """
    training.check_count("seeds", seeds)
    rows = []
    for seed in range(seeds):
        parts = foresight(network, seed=seed, negatives=negatives)
        for model in (*heuristics(windows), *ENCODERS):
            start = time.perf_counter()
            validation, test, parameters = forecasts(model, parts, windows, seed, quick)
            figures = _judge(test, parts.test)
            rows.append(
                {
                    "model": model,
                    "kind": "learned" if model in ENCODERS else "heuristic",
                    "seed": seed,
                    **{name: figures[name] for name in MEASURES},
                    "valid_mrr": _judge(validation, parts.valid)["mrr"],
                    "parameters": parameters,
                    "seconds": time.perf_counter() - start,
                }
            )
            report(f"seed {seed} {model}: {figures['mrr']:.3f}")
    return pd.DataFrame(rows)


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """One row per model of :func:`compare_temporal`, the best mean reciprocal rank first.

    Means over the seeds, and standard deviations as ``<measure>_std``, NaN for one seed.

    Example:
        >>> figures = {"mrr": [0.2, 0.4], "ranked-hits@10": 0.5, "auc": 0.9, "valid_mrr": 0.3}
        >>> same = {"model": "space", "kind": "learned", "parameters": 8, "seconds": 1.0}
        >>> summarise(pd.DataFrame(figures | same))[["model", "seeds", "mrr", "mrr_std"]].round(2)
           model  seeds  mrr  mrr_std
        0  space      2  0.3     0.14
    """
    groups = table.groupby(["model", "kind"], sort=False)
    means = groups[[*MEASURES, "valid_mrr", "parameters", "seconds"]].mean()
    spread = groups[list(MEASURES)].std().add_suffix("_std")
    whole = means.join(spread).join(groups.size().rename("seeds")).reset_index()
    return whole.sort_values("mrr", ascending=False, ignore_index=True)


def heuristics(windows: int) -> dict[str, Callable[[], object]]:
    """Scorers that learn nothing, by name; ``recent`` ones look at the last window only."""
    return {
        **{name: SCORERS[name] for name in _STATIC},
        "recency": Recency,
        **{f"recent {name}": lambda n=name: Recent(n, 1 / windows) for name in _RECENT},
    }


def forecasts(
    model: str, parts: Foresight, windows: int, seed: int, quick: bool = False
) -> tuple[Score, Score, int]:
    """What a model says of the validation part, of the test part, and its encoder's parameters.

    Nothing of ``parts.test`` is looked at.

    Args:
        model: One of :func:`heuristics` or of :data:`ENCODERS`.
        parts: The network taken apart.
        windows: T.
        seed: That of what learns.
        quick: As for :func:`compare_temporal`.
    """
    if model not in ENCODERS:
        make = heuristics(windows)[model]
        return make().fit(parts.learning).score, make().fit(parts.past).score, 0
    early = Windows.of(parts.learning, windows)
    late = Windows.of(parts.learning, windows, last_of=parts.past)
    learned = learn(
        model,
        parts.learning,
        early,
        parts.valid,
        channels=_QUICK_CHANNELS if quick else _CHANNELS,
        epochs=_QUICK_EPOCHS if quick else _EPOCHS,
        seed=seed,
    )
    parameters = sum(p.numel() for p in learned.encoder.parameters())
    return _score(learned, early), _score(learned, late), parameters


def _score(learned: Forecaster, windows: Windows) -> Score:
    return lambda pairs: learned.score(windows, pairs)


def _judge(score: Score, part: Part) -> dict[str, float]:
    negative = score(part.negative.flatten(1)).reshape(part.negative.shape[1:])
    return rank_metrics(score(part.positive), negative)
