r"""The toy sequences as path graphs, to recurrent networks and to graph networks of equal size.

A recurrent network carries what it has read from the first node to the last in one pass. In a
synchronous network all nodes are updated at once, and news travel one edge per update: with fewer
than T - 1 layers the last of T nodes has not heard of the first. With as many it has, but by one
route among many; see :func:`first_share`.

Legend: T steps of a sequence, K layers or steps of a synchronous network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import comb

import pandas as pd
import torch

from gnnlab.analysis.compare.path_models import PATH_MODELS, SYNCHRONOUS, check_names
from gnnlab.analysis.compare.path_training import make_path_task, train
from gnnlab.analysis.paths import receptive_field
from gnnlab.errors import InputError
from gnnlab.sequences import RandomCombinations, Task, path_graph
from gnnlab.training import check_count

MODELS = ("rnn", "lstm", "gcn", "gated")
_QUICK_ITERATIONS = 150


def compare_sequences(
    lengths: Sequence[int] = (5, 10, 15),
    depths: Mapping[int, Sequence[int]] | Sequence[int] | None = None,
    task: str = "binary-palindrome",
    seeds: int = 3,
    iterations: int = 400,
    *,
    models: Sequence[str] = MODELS,
    parameters: int = 12_000,
    quick: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Trains recurrent and graph networks of equal size on the same sequences.

    All read the same batches, answer from the last node's state, and have as many parameters
    (within 5 %) and iterations. The label of a binary palindrome is its first digit, of which the
    others tell nothing: a network that does not see the first step can only guess. For a random
    combination every step counts.

    Args:
        lengths: Numbers T of steps.
        depths: Numbers K of layers of the synchronous networks, for all lengths or by length. If
            left out one too few (T - 2), just enough (T - 1) and twice as many.
        task: ``"binary-palindrome"`` or ``"random-combinations"``.
        seeds: How many seeds: 0, 1, ...
        iterations: The most that a network may learn from; it stops when it makes no mistakes.
        models: Some of ``PATH_MODELS``.
        parameters: The number of trainable parameters to come near to.
        quick: Two lengths, one seed and at most 150 iterations, for a first look.
        report: Called with a line for each run.

    Returns:
        One row per run with the columns ``model``, ``length``, ``depth`` (how many edges news
        travel: K, or T - 1 in one recurrent pass), ``seed``, ``parameters``, ``iterations``,
        ``accuracy`` (on 2,000 fresh sequences), ``seconds`` (of the training), and what theory
        says: ``receptive`` (whether the first step is within reach of the last), ``first_share``
        (see :func:`first_share`; 1 for recurrent networks) and ``best`` (the highest accuracy that
        is possible with what is in reach).

    Raises:
        UnknownNameError: If there is no such task or network.
        InputError: If a number makes no sense, or there is no network of that size.

    Example:
        >>> table = compare_sequences([3], [1, 4], seeds=1, iterations=50, models=["rnn", "gcn"])
        >>> table[["model", "depth", "receptive", "best"]]
          model  depth  receptive  best
        0   rnn      2       True   1.0
        1   gcn      1      False   0.5
        2   gcn      4       True   1.0
    """
    if quick:
        lengths, seeds, iterations = lengths[:2], 1, min(iterations, _QUICK_ITERATIONS)
    plan = _plan(models, lengths, depths, check_count("seeds", seeds))
    tasks = {length: make_path_task(task, length) for length in lengths}
    rows = []
    for name, length, depth, seed in plan:
        rows.append(_run(name, tasks[length], depth, seed, parameters, iterations))
        report(f"{length} steps, {name} of depth {depth}, seed {seed}: {rows[-1]['accuracy']:.3f}")
    return pd.DataFrame(rows)


def first_share(length: int, depth: int) -> float:
    r"""The share of the first of T nodes in what the last one knows after K updates.

    .. math::
        \frac{\partial h_T}{\partial x_1} = \sum_{d \ge T-1} \binom{K}{d} \, 2^{-K}

    for a linear network that takes, in every update, the mean of a node and its predecessor
    (``GCNConv`` with ``normalize="row"``). One of the :math:`2^K` ways to move or to stay in K
    updates bridges T - 1 edges if K = T - 1: the first node is within reach, and hardly heard.
    With twice as many updates its share is more than one half.

    Args:
        length: T.
        depth: K.

    Raises:
        InputError: If a number is not a whole one from 1 (``length``) or 0 (``depth``).

    Example:
        >>> [round(first_share(10, depth), 4) for depth in (8, 9, 18)]
        [0.0, 0.002, 0.5927]
    """
    check_count("length", length)
    if not isinstance(depth, int) or depth < 0:
        raise InputError("a whole number from 0 is needed", where="depth", value=repr(depth))
    return sum(comb(depth, moves) for moves in range(length - 1, depth + 1)) / 2**depth


def _plan(models, lengths, depths, seeds) -> list[tuple[str, int, int, int]]:
    """Model, length, depth and seed of every run, checked before the first one starts."""
    models = check_names("models", models, "network", PATH_MODELS)
    if not len(lengths):
        raise InputError("at least one is needed", where="lengths", value=repr(lengths))
    return [
        (model, check_count("lengths", length), depth, seed)
        for length in dict.fromkeys(lengths)
        for model in models
        for depth in _depths(model, length, depths)
        for seed in range(seeds)
    ]


def _depths(model: str, length: int, depths) -> list[int]:
    enough = length - 1
    if model not in SYNCHRONOUS:
        return [enough]
    if depths is None:
        return sorted({max(1, depth) for depth in (enough - 1, enough, 2 * enough)})
    if isinstance(depths, Mapping):
        if length not in depths:
            raise InputError(
                "there are no depths for a length",
                where="depths",
                value=length,
                remedy=f"it has those for: {', '.join(map(str, depths))}",
            )
        depths = depths[length]
    return [check_count("depths", depth) for depth in dict.fromkeys(depths)]


def _run(name: str, task: Task, depth: int, seed: int, parameters: int, iterations: int) -> dict:
    length = task.sequence_lengths[0]
    trained = train(
        name, task, depth=max(1, depth), parameters=parameters, seed=seed, iterations=iterations
    )
    path = path_graph(torch.zeros(length, dtype=torch.long))
    seen = receptive_field(path.edge_index, length - 1, depth, num_nodes=length)
    return {
        "model": name,
        "length": length,
        "depth": depth,
        "seed": seed,
        "parameters": trained.model.num_parameters(),
        "iterations": trained.iterations,
        "accuracy": trained.accuracy,
        "seconds": trained.seconds,
        "receptive": 0 in seen,
        "first_share": first_share(length, depth) if name in SYNCHRONOUS else 1.0,
        "best": _best_accuracy(task, len(seen)),
    }


def _best_accuracy(task: Task, num_seen: int) -> float:
    """What is possible for a network that sees the last ``num_seen`` steps of each sequence."""
    if isinstance(task, RandomCombinations):
        return 1 / (task.length - num_seen)  # every number that was not seen may be the missing one
    return 1.0 if num_seen == task.length - 1 else 1 / task.num_classes
