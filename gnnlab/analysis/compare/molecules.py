"""Molecules as graphs to a graph network, and as strings to an LSTM: error against training size.

Legend: B molecules.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from gnnlab import training
from gnnlab.analysis.compare.budget import match_width
from gnnlab.analysis.compare.strings import StringModel, Strings, count_parameters, number_symbols
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.molecules import (
    BENCHMARKS,
    MoleculeGraphs,
    crippen_logp,
    evaluate,
    load_benchmark,
    load_nci,
    random_split,
)
from gnnlab.molecules.members import Examples, fit_member, predict_member
from gnnlab.molecules.model import PropertyModel
from gnnlab.molecules.targets import Scale, Targets

#: The models of the comparison, the mean of the training molecules first.
MODELS = ("mean", "gnn", "lstm", "lstm-random-smiles", "bilstm")
#: What can be compared on: what comes with RDKit, and the benchmarks of one measured number.
DATASETS = (
    "nci-logp",
    *(n for n, task in BENCHMARKS.items() if task.task == "regression" and not task.cliff_column),
)
_NUM_EMBEDDED = 1500
_TEST_SHARE, _VALIDATION_SHARE = 0.2, 0.2
_HIDDEN = 64  # of the graph network; the others follow
# Passes over the molecules, and steps that are taken at least, so that few are learned from enough.
_PASSES, _STEPS = 40, 240
_QUICK = 8  # times fewer
_PATIENCE = 0.25  # of the passes
_BATCH, _LEARNING_RATE, _DROPOUT = 25, 2e-3, 0.1
_FEWEST = 10
_SPELLINGS = 10  # over which predictions are averaged


class Problem(NamedTuple):
    """What all models of one size and seed are given.

    Attributes:
        smiles: B canonical strings: those to learn from, to stop by, and to be judged by.
        graphs: The same as graphs.
        y: ``[B]`` what was measured.
        learn: The places to learn from.
        validate: The places to stop by.
        test: The places to be judged by.
        symbols: The number of each symbol of the strings.
        passes: The most passes over the molecules to learn from.
        seed: That of weights and orders.
    """

    smiles: list[str]
    graphs: MoleculeGraphs
    y: np.ndarray
    learn: np.ndarray
    validate: np.ndarray
    test: np.ndarray
    symbols: dict[str, int]
    passes: int
    seed: int

    @property
    def scale(self) -> Scale:
        """That of the molecules to learn from."""
        return Targets.of(self.y[self.learn], len(self.learn), "regression").scale()

    @property
    def scaled(self) -> torch.Tensor:
        """``[B, 1]`` what networks learn."""
        scale = self.scale
        return torch.from_numpy((self.y[:, None] - scale.mean) / scale.std).float()


def compare_molecules(
    dataset: str = "nci-logp",
    sizes: Sequence[int] = (50, 100, 200, 400, 800),
    seeds: int = 3,
    *,
    models: Sequence[str] = MODELS[:-1],
    quick: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Fits models to ever more molecules, and judges them on the same ones.

    The graph network is that of :class:`gnnlab.molecules.PropertyPredictor` alone, without
    descriptors and companions. The LSTMs read canonical SMILES, with as many parameters, and learn
    by the same recipe: the same molecules in the same number of passes at most, the same fifth of
    them to stop by, the same steps of Adam. ``lstm-random-smiles`` is the same LSTM, but the
    strings that it learns from are drawn anew in every pass, and its prediction is the mean over
    ten of them, for a string's order is arbitrary.

    Each seed has a test part of its own, a fifth of all, and one order of the others, of which
    the first ones are learned from.

    Args:
        dataset: One of :data:`DATASETS`. ``"nci-logp"`` needs no download: the octanol-water
            coefficient that RDKit computes for 1,500 molecules.
        sizes: How many molecules to learn from, those to stop by included; 10 at least.
        seeds: Number of repetitions.
        models: Some of :data:`MODELS`; by default all but the slowest, ``bilstm``.
        quick: One seed, the two smallest sizes and few passes, to see that it runs.
        report: Called with a line for each size, seed and model.

    Returns:
        Rows of ``model``, ``size``, ``seed``, ``parameters``, ``rmse`` on the test part in the
        unit of the data, and ``seconds`` of fitting and predicting.

    Raises:
        UnknownNameError: If there is no such data set or model.
        InputError: If there are no sizes or seeds, or a size is too small or too large.
        DownloadError: If the data can neither be found nor downloaded.

    Example:
        >>> table = compare_molecules(sizes=[40], models=["mean", "gnn"], quick=True)
        >>> table[["model", "size", "seed"]].values.tolist()
        [['mean', 40, 0], ['gnn', 40, 0]]
    """
    for model in models:
        if model not in MODELS:
            raise UnknownNameError.of("model", model, MODELS)
    if dataset not in DATASETS:
        raise UnknownNameError.of("data set", dataset, DATASETS)
    seeds = training.check_count("seeds", seeds)
    sizes = sorted(training.check_count("sizes", size) for size in sizes)
    if not sizes or sizes[0] < _FEWEST:
        raise InputError(f"numbers from {_FEWEST} are needed", where="sizes", value=sizes)
    if quick:
        sizes, seeds = sizes[:2], 1
    rows = []
    for size, problem in _problems(*load_property(dataset), sizes, seeds, quick):
        for model in models:
            place = {"model": model, "size": size, "seed": problem.seed}
            rows.append(place | _run(model, problem))
            report(f"{size} molecules, seed {problem.seed}, {model}: {rows[-1]['rmse']:.3f}")
    return pd.DataFrame(rows)


def load_property(dataset: str) -> tuple[list[str], np.ndarray]:
    """The canonical SMILES of a data set and their values ``[B]``.

    Args:
        dataset: One of :data:`DATASETS`.

    Raises:
        DownloadError: If it can neither be found nor downloaded.

    Example:
        >>> smiles, y = load_property("nci-logp")
        >>> len(smiles), smiles[0], y[0].round(2).item()
        (1500, 'CC1=CC(=O)C=CC1=O', 0.64)
    """
    if dataset == "nci-logp":
        smiles = load_nci(_NUM_EMBEDDED).canonical
        return smiles, crippen_logp(smiles)
    molecules = load_benchmark(dataset).molecules
    y = molecules.targets[:, 0]
    known = np.flatnonzero(~np.isnan(y))
    return [molecules.canonical[row] for row in known], y[known]


def _problems(
    smiles: list[str], y: np.ndarray, sizes: list[int], seeds: int, quick: bool
) -> Iterator[tuple[int, Problem]]:
    """Size and problem, seed by seed; a larger size has all molecules of the smaller ones."""
    graphs = MoleculeGraphs.of(smiles)
    smiles, y = [smiles[row] for row in graphs.rows], y[graphs.rows]
    symbols = number_symbols(smiles)
    for seed in range(seeds):
        split = random_split(smiles, (1 - _TEST_SHARE, 0, _TEST_SHARE), seed)
        order = training.stream(seed, "training").permutation(split.train)
        if sizes[-1] > len(order):
            raise InputError(
                f"there are {len(order)} molecules to learn from", where="sizes", value=sizes[-1]
            )
        for size in sizes:
            validate, learn = np.split(order[:size], [int(_VALIDATION_SHARE * size)])
            passes = max(_PASSES, _STEPS // -(-len(learn) // _BATCH)) // (_QUICK if quick else 1)
            parts = (learn, validate, split.test)
            yield size, Problem(smiles, graphs, y, *parts, symbols, passes, seed)


def _run(name: str, problem: Problem) -> dict[str, float]:
    """What a model costs, and how far off it is."""
    start = time.perf_counter()
    parameters, scaled = 0, np.zeros((len(problem.test), 1))  # the mean of those to learn from
    if name != "mean":
        model, examples = _make(name, problem)
        parameters = model.num_parameters()
        history = fit_member(
            model,
            examples,
            (problem.learn, problem.validate),
            task="regression",
            epochs=problem.passes,
            patience=int(_PATIENCE * problem.passes),
            batch_size=_BATCH,
            learning_rate=_LEARNING_RATE,
            seed=problem.seed,
            progress=False,
            accelerator="cpu",
        )
        if history.interrupted:
            raise KeyboardInterrupt
        rounds = _SPELLINGS if name == "lstm-random-smiles" else 1
        answers = [predict_member(model, examples, problem.test) for _ in range(rounds)]
        scaled = np.mean(answers, axis=0)
    predicted = problem.scale.unscale(scaled)[:, 0]
    return {
        "parameters": parameters,
        "rmse": evaluate("rmse", problem.y[problem.test], predicted).value,
        "seconds": time.perf_counter() - start,
    }


def _make(name: str, problem: Problem) -> tuple[nn.Module, Examples | Strings]:
    """An untrained model, and the molecules as it reads them."""
    with training.seeded(problem.seed):
        graph_model = PropertyModel(hidden_channels=_HIDDEN, dropout=_DROPOUT)
        if name == "gnn":
            return graph_model, Examples(problem.graphs, None, problem.scaled)
        both, num_symbols = name == "bilstm", len(problem.symbols) + 1
        width = match_width(
            lambda hidden: count_parameters(num_symbols, hidden, both),
            graph_model.num_parameters(),
        )
        model = StringModel(num_symbols, width, both, _DROPOUT)
    respelled = None
    if name == "lstm-random-smiles":
        # Those to stop by stay as they are, or their loss would go up and down for no reason.
        respelled = np.setdiff1d(np.arange(len(problem.smiles)), problem.validate)
    generator = training.stream(problem.seed, "score")
    return model, Strings(problem.smiles, problem.scaled, problem.symbols, respelled, generator)
