r"""Vanishing and exploding gradients: cells against each other, before and after they have learned.

Legend: T steps, B sequences, F input, H hidden, S size of the whole state (2H for h and c).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gnnlab import training
from gnnlab.analysis.compare.path_models import check_names
from gnnlab.analysis.gates import gate_saturation
from gnnlab.analysis.through_time import gradient_through_time, matrix_norms
from gnnlab.errors import InputError
from gnnlab.nn import CELLS, Cell, RNNCell
from gnnlab.sequences import BinaryPalindrome, SequenceClassifier, SequenceModel
from gnnlab.sequences.streams import compute_accuracy, draw

CELL_NAMES = ("rnn", "lstm", "gru", "peephole", "mingru")
STAGES = ("at initialisation", "after training")
_BATCH_SIZE = 32
_LEARNING_RATE = 3e-3
_NUM_TEST = 2000


def vanishing(
    cells: Sequence[str] = CELL_NAMES,
    length: int = 15,
    seeds: int = 3,
    trained: bool = True,
    *,
    hidden_size: int = 32,
    iterations: int = 1000,
    num_sequences: int = 8,
) -> pd.DataFrame:
    r"""How strongly the last state depends on earlier ones, for each cell against the lag.

    .. math::
        \Big\lVert \frac{\partial s_T}{\partial s_{T-k}} \Big\rVert_2, \quad
        \Big\lVert \frac{\partial h_T}{\partial h_{T-k}} \Big\rVert_2, \qquad k = 0 \dots T

    where s is all that a cell remembers (h and c of an LSTM) and h the part that it shows. The
    cells learn the last digit of binary palindromes of T + 1 digits, which they can only do by
    remembering the first one through all lags.

    Args:
        cells: Some of ``CELLS``.
        length: T.
        seeds: How many seeds: 0, 1, ...
        trained: Whether to look at the cells after training as well.
        hidden_size: H.
        iterations: The most that a cell may learn from; it stops when it makes no mistakes.
        num_sequences: B; the norms are their geometric means.

    Returns:
        One row per cell, stage, seed and lag with the columns ``cell``, ``stage`` (one of
        ``STAGES``), ``seed``, ``accuracy`` (on 2,000 fresh sequences), ``lag``, ``norm`` (of the
        whole state) and ``hidden_norm`` (of h alone).

    Raises:
        UnknownNameError: If there is no such cell.
        InputError: If a number makes no sense.

    Example:
        >>> table = vanishing(["mingru"], length=10, seeds=1, trained=False)
        >>> len(table), bool(table["norm"].is_monotonic_decreasing)  # a minGRU cannot explode
        (11, True)
    """
    training.check_count("num_sequences", num_sequences)
    parts = []
    for run, model, task in _runs(cells, length, seeds, trained, hidden_size, iterations):
        x = _enter(model, task, num_sequences, run["seed"])
        parts.append(pd.DataFrame(run | _norms(_cell(model), x)))
    return pd.concat(parts, ignore_index=True)


def gains(
    radii: Sequence[float] = (0.5, 1.0, 1.5),
    length: int = 15,
    seeds: int = 3,
    *,
    hidden_size: int = 32,
    num_sequences: int = 8,
    nonlinearity: str = "tanh",
) -> pd.DataFrame:
    r"""The same norms for plain cells whose recurrent matrix has a given spectral radius.

    .. math::
        \frac{\partial h_T}{\partial h_{T-k}} = \prod_{t} \text{diag}(\phi'(a_t))\, U, \qquad
        \rho(U) = \max_i |\lambda_i(U)|

    Without a nonlinearity the product would grow or shrink as :math:`\rho^k`. The matrices are
    orthogonal ones times the radius, which is the largest factor of every step, as the slope
    :math:`\phi' \le 1`: the gradient vanishes for certain below 1, and can explode above it
    (`Pascanu et al., 2013 <https://arxiv.org/abs/1211.5063>`_).

    Args:
        radii: Spectral radii of U, positive.
        length: T.
        seeds: How many seeds: 0, 1, ...
        hidden_size: H.
        num_sequences: B, of standard normal numbers.
        nonlinearity: ``"tanh"``, whose slope falls as the states grow, or ``"relu"``, whose slope
            is zero for every unit that is off.

    Returns:
        The columns of :func:`vanishing` without the accuracy, the radius as name of the cell.

    Raises:
        UnknownNameError: If there is no such nonlinearity.
        InputError: If a number makes no sense.

    Example:
        >>> table = gains([0.5], length=10, seeds=1)
        >>> bool((table["norm"] <= 0.5 ** table["lag"] + 1e-12).all())
        True
    """
    for name, number in (("length", length), ("seeds", seeds), ("num_sequences", num_sequences)):
        training.check_count(name, number)
    parts = []
    for radius in radii:
        training.check_positive("radii", radius)
        for seed in range(seeds):
            with training.seeded(seed):
                cell = RNNCell(1, hidden_size, nonlinearity=nonlinearity).double()
                torch.nn.init.orthogonal_(cell.weight_hh, gain=radius)
                x = torch.randn(length, num_sequences, 1, dtype=torch.float64)
            run = {"cell": f"radius {radius:g}", "stage": STAGES[0], "seed": seed}
            parts.append(pd.DataFrame(run | _norms(cell, x)))
    if not parts:
        raise InputError("a list of at least one is needed", where="radii", value=repr(radii))
    return pd.concat(parts, ignore_index=True)


def saturation(
    cells: Sequence[str] = ("lstm", "gru"),
    length: int = 15,
    seeds: int = 1,
    trained: bool = True,
    *,
    hidden_size: int = 32,
    iterations: int = 1000,
    num_sequences: int = 100,
    bins: int = 20,
) -> pd.DataFrame:
    """How the gates of the cells of :func:`vanishing` are spread between shut (0) and open (1).

    Args:
        cells: Some of ``CELLS`` with gates.
        length: T.
        seeds: How many seeds: 0, 1, ...
        trained: Whether to look at the cells after training as well.
        hidden_size: H.
        iterations: The most that a cell may learn from.
        num_sequences: B.
        bins: Number of equal parts between 0 and 1.

    Returns:
        One row per cell, stage, seed, gate and part with the columns ``cell``, ``stage``,
        ``seed``, ``accuracy``, ``gate``, ``activation`` (the middle of the part) and ``share`` (of
        all activations of that gate). See :func:`~gnnlab.analysis.gate_saturation`.

    Raises:
        UnknownNameError: If there is no such cell.
        InputError: If a cell has no gates, or a number makes no sense.

    Example:
        >>> table = saturation(["mingru"], length=5, trained=False, bins=2)
        >>> table[["gate", "activation"]].values.tolist()
        [['z', 0.25], ['z', 0.75]]
    """
    training.check_count("num_sequences", num_sequences)
    parts = []
    for run, model, task in _runs(cells, length, seeds, trained, hidden_size, iterations):
        x = _enter(model, task, num_sequences, run["seed"])
        for gate, found in gate_saturation(_cell(model), x, bins=bins).items():
            counts = found.histogram.numpy()
            columns = {
                "gate": gate,
                "activation": (np.arange(bins) + 0.5) / bins,
                "share": counts / counts.sum(),
            }
            parts.append(pd.DataFrame(run | columns))
    return pd.concat(parts, ignore_index=True)


def _runs(
    cells, length, seeds, trained, hidden_size, iterations
) -> Iterator[tuple[dict, SequenceModel, BinaryPalindrome]]:
    """Each cell with each seed at each stage: what it is called, its network, and its task."""
    cells = check_names("cells", cells, "cell", CELLS)
    training.check_count("seeds", seeds)
    task = BinaryPalindrome(training.check_count("length", length) + 1)
    for cell in cells:
        for seed in range(seeds):
            classifier = SequenceClassifier(
                cell,
                hidden_size,
                embedding_size=hidden_size,
                learning_rate=_LEARNING_RATE,
                batch_size=_BATCH_SIZE,
                iterations=iterations,
                stop_at=1.0,
                seed=seed,
                accelerator="cpu",
            )
            for stage in STAGES[: 1 + trained]:
                if stage == STAGES[0]:
                    model = classifier.make_model(task)
                else:
                    model = classifier.fit(task, progress=False).model_
                fresh = draw(task, _NUM_TEST, training.stream(seed, "score"))
                accuracy = compute_accuracy(model, *fresh)
                run = {"cell": cell, "stage": stage, "seed": seed, "accuracy": accuracy}
                yield run, model.double(), task


def _cell(model: SequenceModel) -> Cell:
    return model.recurrent.layers[0].cell


@torch.no_grad()
def _enter(model: SequenceModel, task: BinaryPalindrome, num_sequences: int, seed: int) -> Tensor:
    """What the cell reads of fresh sequences: ``[T, B, F]``."""
    steps, _ = draw(task, num_sequences, training.stream(seed, "score"))
    return model.embedding(steps.x).unflatten(0, (num_sequences, -1)).transpose(0, 1)


def _norms(cell: Cell, x: Tensor) -> dict[str, np.ndarray]:
    """Both norms by lag, geometric means over the sequences ``[T, B, F]``."""
    flow = gradient_through_time(cell, x)
    hidden = matrix_norms(flow.block("h", "h"), 2)  # [T+1, B]
    return {
        "lag": np.arange(len(flow.states)),
        "norm": flow.spectral_norms.log().mean(dim=1).exp().numpy(),
        "hidden_norm": hidden.log().mean(dim=1).exp().numpy(),
    }
