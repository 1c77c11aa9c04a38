"""Fitting a model to a stream of batches."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from gnnlab.errors import InputError, UnknownNameError
from gnnlab.training.check import check_count, check_positive
from gnnlab.training.history import History
from gnnlab.training.interrupt import deferred_interrupt
from gnnlab.training.processes import Processes
from gnnlab.training.products import wide_products
from gnnlab.training.seeds import seeded
from gnnlab.training.state import TrainingState

ACCELERATORS = ("auto", "cpu", "gpu")
#: What a loss function returns: the loss, and figures of the batch for the history.
Loss = tuple[Tensor, dict[str, float]]


def fit(
    model: nn.Module,
    batches: Iterable,
    loss_function: Callable[[nn.Module, Any], Loss],
    *,
    iterations: int,
    learning_rate: float = 1e-3,
    decay: float = 1.0,
    decay_every: int = 1000,
    max_norm: float | None = None,
    seed: int = 0,
    evaluate: Callable[[nn.Module], dict[str, float]] | None = None,
    evaluate_every: int = 25,
    stop: Callable[[dict[str, float]], bool] | None = None,
    log_directory: str | os.PathLike | None = None,
    checkpoint: Callable[[Path], None] | None = None,
    snapshot: Callable[[Path, TrainingState], None] | None = None,
    start: TrainingState | None = None,
    progress: bool | None = None,
    per_iteration: tuple[int, str] = (1, "iterations"),
    accelerator: str = "auto",
) -> History:
    """Trains ``model`` in place with Adam, through Lightning.

    The first Ctrl-C ends the training after the iteration at hand; the model is usable then, and
    the history says ``interrupted``. The second one raises KeyboardInterrupt at once.

    Started by ``torchrun --nproc-per-node 2 script.py``, all processes train one model: each learns
    from every second batch, and the weights change by the mean of their gradients. All must make
    the same batches in the same order. If ``batches`` has a method ``share(rank, count)``, it is
    asked for the batches of a process, which need not make those of the others. Files are written
    by the first process.

    Args:
        model: The module to train; afterwards it is on the CPU and in evaluation mode.
        batches: Batches in any form that ``loss_function`` understands, for example a PyG
            ``DataLoader``; started anew when it ends.
        loss_function: From the model and a batch to the loss and further figures by name.
        iterations: Number of batches to learn from.
        learning_rate: Step size of Adam.
        decay: The step size is multiplied by this number every ``decay_every`` iterations.
        decay_every: See ``decay``.
        max_norm: Gradients are scaled down to this norm.
        seed: Seed of whatever the model draws at random, such as dropout. The caller's generators
            are not touched.
        evaluate: Called with the model in evaluation mode; its figures enter the history.
        evaluate_every: Number of iterations between two evaluations; there is one at the end, too.
        stop: Called with the figures of each evaluation; ``True`` ends the training.
        log_directory: Folder for ``metrics.csv`` and the checkpoint; nothing is written without.
        checkpoint: Called with the path ``model.safetensors`` in that folder at the end, and
            together with every twentieth evaluation, or the first one after ten minutes.
        snapshot: Called right after it with the path ``training.safetensors`` and the state of the
            training, for a later ``start``.
        start: Goes on from this state, as if the training had never been stopped: ``batches`` must
            begin with the one that comes next, and ``metrics.csv`` is kept up to there.
        progress: Whether to show a progress bar; by default if the output is a terminal.
        per_iteration: What an iteration works through, for the rate beside the progress bar, such
            as ``(640, "characters")``.
        accelerator: ``"cpu"``, ``"gpu"``, or ``"auto"`` for a GPU if there is one.

    Raises:
        TrainingError: If the loss or a gradient is not finite; the model keeps its last weights.
        InputError: If an argument makes no sense, ``batches`` gives none, or there is no GPU.

    Example:
        >>> import torch
        >>> model = nn.Linear(1, 1)
        >>> x = torch.linspace(-1, 1, 16).unsqueeze(1)
        >>> def loss_function(model, batch):
        ...     return (model(batch) - 2 * batch).square().mean(), {}
        >>> history = fit(model, [x], loss_function, iterations=200, learning_rate=0.05)
        >>> len(history.rows), history.column("loss")[-1] < 0.01
        (200, True)
    """
    check_count("iterations", iterations)
    check_count("evaluate_every", evaluate_every)
    check_count("decay_every", decay_every)
    check_positive("learning_rate", learning_rate)
    check_positive("decay", decay)
    check_count("per_iteration", per_iteration[0])
    if max_norm is not None:
        check_positive("max_norm", max_norm)
    if log_directory is not None:
        log_directory = _make_folder(Path(log_directory))
    processes = Processes.here()
    if processes.rank:
        log_directory, progress = None, False
    if accelerator not in ACCELERATORS:
        raise UnknownNameError.of("accelerator", accelerator, ACCELERATORS)
    with _quiet_lightning(), seeded(seed), wide_products(), deferred_interrupt() as interrupt:
        from gnnlab.training.loop import Loop, run

        loop = Loop(
            model=model,
            loss_function=loss_function,
            iterations=iterations,
            learning_rate=learning_rate,
            decay=decay,
            decay_every=decay_every,
            max_norm=max_norm,
            evaluate=evaluate,
            evaluate_every=evaluate_every,
            stop=stop,
            log_directory=log_directory,
            checkpoint=checkpoint,
            snapshot=snapshot,
            start=start,
            per_iteration=per_iteration,
            interrupt=interrupt,
            processes=processes,
        )
        return run(loop, batches, progress, accelerator)


def _make_folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(
            "a file stands where the folder should be", where="log_directory", value=str(path)
        ) from error
    return path


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Silences Lightning's banners, tips and warnings, and nobody else's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(pytorch_)?lightning\..*")
        # Slow to import, so nobody pays for it before the first training.
        import lightning.pytorch
        from lightning.pytorch.utilities.warnings import PossibleUserWarning

        warnings.simplefilter("ignore", PossibleUserWarning)
        logger = logging.getLogger(lightning.pytorch.__name__)
        level = logger.level
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)
