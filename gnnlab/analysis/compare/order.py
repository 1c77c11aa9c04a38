"""Order: which networks notice when nodes are numbered anew, and which when tokens change places.

A graph has no first row. What its networks answer depends on the edges, not on the numbers that
the nodes happen to have; a recurrent network is no exception as long as it follows the edges. One
that reads the rows as they are stored takes their order for the meaning.

Legend: N nodes of all sequences, B sequences, T steps of one, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import torch
from torch import Tensor

from gnnlab import training
from gnnlab.analysis.compare.path_models import PATH_MODELS, SYNCHRONOUS, PathModel, check_names
from gnnlab.analysis.compare.path_training import make_path_task, train
from gnnlab.errors import InputError
from gnnlab.nn import Schedule
from gnnlab.sequences.streams import draw

TASKS = ("binary-palindrome", "random-combinations")
#: What stays, and what is permuted: nodes with their edges, or the tokens on the nodes.
PERMUTED = ("nothing", "nodes", "tokens")
#: Added to a network's name when it reads the rows as they are stored and not along the edges.
BY_ROWS = ", by rows"
_QUICK_ITERATIONS = 100


def compare_order(
    tasks: Sequence[str] = TASKS,
    length: int = 5,
    seeds: int = 3,
    iterations: int = 400,
    *,
    models: Sequence[str] = ("lstm", "gcn", "gated"),
    parameters: int = 12_000,
    num_sequences: int = 1000,
    quick: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Measures what permutations do to the answers of trained networks.

    Every network answers fresh sequences three times: as they are; with the nodes of each sequence
    renumbered and the edges with them (the same graph); and with the tokens of each sequence in
    another order (another sequence, held against the old label). Recurrent networks answer a
    second time with the same weights, but read the rows as they are stored.

    The label of a binary palindrome is its first digit, so order is all; the number that a random
    combination lacks is the same in every order.

    Args:
        tasks: Any of ``TASKS``.
        length: Number T of steps; the synchronous networks have 2(T - 1) layers.
        seeds: How many seeds: 0, 1, ...
        iterations: The most that a network may learn from; 0 leaves it untrained.
        models: Some of ``PATH_MODELS``.
        parameters: The number of trainable parameters to come near to.
        num_sequences: How many sequences are answered.
        quick: One seed and at most 100 iterations, for a first look.
        report: Called with a line for each network that was trained.

    Returns:
        One row per task, seed, network and kind of permutation with the columns ``task``,
        ``seed``, ``model`` (with ``", by rows"`` if it does not follow the edges), ``permuted``,
        ``accuracy`` and ``deviation`` (the largest change of a logit).

    Raises:
        UnknownNameError: If there is no such task or network.
        InputError: If a number makes no sense.

    Example:
        >>> table = compare_order(["binary-palindrome"], seeds=1, iterations=0, models=["lstm"])
        >>> nodes = table[table["permuted"] == "nodes"].set_index("model")
        >>> (nodes["deviation"] > 1e-3).to_dict()
        {'lstm': False, 'lstm, by rows': True}
    """
    if training.check_count("length", length) < 2:
        raise InputError("one token has no order", where="length", value=length)
    tasks = check_names("tasks", tasks, "task", TASKS)
    models = check_names("models", models, "network", PATH_MODELS)
    training.check_count("seeds", seeds)
    training.check_count("num_sequences", num_sequences)
    if quick:
        seeds, iterations = 1, min(iterations, _QUICK_ITERATIONS)
    rows = []
    for name in tasks:
        task = make_path_task(name, length)
        for seed in range(seeds):
            steps, y = draw(task, num_sequences, training.stream(seed, "score"))
            for kind in models:
                model = train(
                    kind,
                    task,
                    depth=2 * (length - 1),
                    parameters=parameters,
                    seed=seed,
                    iterations=iterations,
                ).model
                rows += [
                    {"task": name, "seed": seed} | row for row in _measure(model, steps.x, y, seed)
                ]
                report(f"{name}, {kind}, seed {seed}")
    return pd.DataFrame(rows)


def renumber(x: Tensor, edge_index: Tensor, order: Tensor) -> tuple[Tensor, Tensor]:
    """The same graph with other numbers: node ``order[i]`` becomes node i.

    Args:
        x: ``[N]`` or ``[N, F]``.
        edge_index: ``[2, E]``.
        order: ``[N]``, every node once.

    Returns:
        x and edge_index of the renumbered graph.

    Raises:
        InputError: If ``order`` does not name every node once.

    Example:
        >>> path = torch.tensor([[0, 1], [1, 2]])
        >>> renumber(torch.tensor([7, 8, 9]), path, order=torch.tensor([2, 0, 1]))
        (tensor([9, 7, 8]), tensor([[1, 2],
                [2, 0]]))
    """
    nodes = torch.arange(x.size(0))
    if order.shape != nodes.shape or not torch.equal(order.sort().values, nodes):
        raise InputError(
            "an order names every node once",
            where="order",
            value=f"{order.numel()} numbers for {x.size(0)} nodes",
            remedy="use torch.randperm(x.size(0))",
        )
    return x[order], order.argsort()[edge_index]


@torch.no_grad()
def _measure(model: PathModel, x: Tensor, y: Tensor, seed: int) -> list[dict]:
    B, T = y.numel(), x.size(0) // y.numel()
    paths = Schedule.from_lengths([T] * B)
    order = _shuffle(B, T, seed)
    moved, edge_index = renumber(x, paths.edge_index, order)
    readings = {"": {"nodes": (moved, edge_index), "tokens": (moved, paths)}}
    if model.name not in SYNCHRONOUS:
        readings[BY_ROWS] = dict.fromkeys(("nodes", "tokens"), (moved, paths))
    logits = model(x, paths)  # [B, C]
    rows = []
    for suffix, inputs in readings.items():
        answers = {"nothing": logits} | {name: model(*given) for name, given in inputs.items()}
        rows += [
            {
                "model": model.name + suffix,
                "permuted": permuted,
                "accuracy": float((answers[permuted].argmax(dim=-1) == y).double().mean()),
                "deviation": float((answers[permuted] - logits).abs().max()),
            }
            for permuted in PERMUTED
        ]
    return rows


def _shuffle(num_sequences: int, length: int, seed: int) -> Tensor:
    """An order ``[N]`` of all nodes that leaves each in its own sequence."""
    generator = training.stream(seed, "validation")
    within = generator.permuted(
        torch.arange(length).repeat(num_sequences, 1).numpy(), axis=1
    )  # [B, T]
    return (torch.from_numpy(within) + length * torch.arange(num_sequences)[:, None]).flatten()
