"""The training loop in Lightning's terms; imported by ``fit`` alone, because Lightning is slow."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from gnnlab.errors import InputError, TrainingError
from gnnlab.training.history import History, MetricsFile
from gnnlab.training.interrupt import InterruptRequest
from gnnlab.training.processes import Processes
from gnnlab.training.state import TrainingState
from gnnlab.training.track import wants_progress

_EVALUATIONS_PER_CHECKPOINT = 20
_SECONDS_PER_CHECKPOINT = 600  # where evaluations are rare


@dataclass
class Loop:
    """The arguments of :func:`gnnlab.training.fit` that the loop needs, checked."""

    model: nn.Module
    loss_function: Callable
    iterations: int
    learning_rate: float
    decay: float
    decay_every: int
    max_norm: float | None
    evaluate: Callable | None
    evaluate_every: int
    stop: Callable | None
    log_directory: Path | None
    checkpoint: Callable | None
    snapshot: Callable | None
    start: TrainingState | None
    per_iteration: tuple[int, str]
    interrupt: InterruptRequest
    processes: Processes

    @property
    def steps(self) -> int:
        """How often the weights have to change: all processes learn from a batch each time."""
        return -(-(self.iterations - self.first) // self.processes.count)

    def iteration(self, step: int) -> int:
        """How many batches were learned from after so many steps."""
        return min(self.first + step * self.processes.count, self.iterations)

    def reaches(self, step: int, every: int) -> bool:
        """Whether this step, counted from 1, comes to a multiple of ``every`` iterations."""
        return self.iteration(step) // every > self.iteration(step - 1) // every

    @property
    def first(self) -> int:
        """The number of iterations that were made before."""
        return 0 if self.start is None else self.start.iteration


def run(loop: Loop, batches: Iterable, progress: bool | None, accelerator: str) -> History:
    """Trains, and returns the history."""
    module, recorder = Module(loop), Recorder(loop)
    if loop.first >= loop.iterations:  # there is nothing left to do
        module.configure_optimizers()
        loop.model.eval()
        return recorder.history
    callbacks = [recorder]
    if wants_progress(progress):
        from gnnlab.training.progress import ProgressBar

        callbacks.append(ProgressBar(loop.iterations, loop.first, loop.per_iteration))
    trainer = _make_trainer(callbacks, accelerator, loop.processes)
    loop.model.train()  # Lightning leaves the mode as it is
    start = time.perf_counter()
    try:
        trainer.fit(module, Repeated(batches, loop.steps, loop.processes))
    finally:
        recorder.close()
        loop.model.eval()
    recorder.history.seconds = time.perf_counter() - start
    recorder.history.interrupted = loop.interrupt.requested
    if loop.log_directory is not None:
        recorder.save(module)
    return recorder.history


def _make_trainer(callbacks: list[Callback], accelerator: str, processes: Processes) -> Trainer:
    several = {"strategy": "ddp_find_unused_parameters_true"} if processes.count > 1 else {}
    try:
        return Trainer(
            accelerator=accelerator,
            devices=processes.local_count,
            num_nodes=processes.count // processes.local_count,
            **several,
            max_epochs=1,
            callbacks=callbacks,
            # Ours are cheaper than Lightning's own and leave no folders behind.
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
    except MisconfigurationException as error:
        raise InputError(
            "this machine has no such accelerator",
            where="accelerator",
            value=accelerator,
            remedy="use 'auto'",
        ) from error


class Repeated:
    """Exactly ``length`` batches, from an iterable that is started anew whenever it ends.

    Of several processes each takes its share, and as many as the others.
    """

    def __init__(self, batches: Iterable, length: int, processes: Processes):
        self.batches, self.length, self.processes = batches, length, processes

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator:
        number = 0
        while True:
            before = number
            for batch in self.processes.share(self.batches):
                yield batch
                number += 1
                if number == self.length:
                    return
            if number == before:
                raise InputError(
                    f"there are batches for {number} of {self.length} iterations",
                    where="batches",
                    remedy="pass an iterable that can be started again, such as a DataLoader",
                )


class Module(LightningModule):
    """The model with its loss and its optimiser."""

    def __init__(self, loop: Loop):
        super().__init__()
        self.model, self.loop = loop.model, loop
        self.row: dict[str, float] = {}

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """The loss of a batch; a loss that is not finite ends the training."""
        loss, figures = self.loop.loss_function(self.model, batch)
        iteration = self.loop.iteration(batch_idx + 1)
        self.row = {"iteration": iteration, "loss": float(loss.detach())}
        self.row |= {name: float(value) for name, value in figures.items()}
        self._require_finite("loss")
        return loss

    def configure_gradient_clipping(self, optimizer, *args, **kwargs) -> None:
        """Clips the gradients by their norm, which is recorded as it was before."""
        max_norm = math.inf if self.loop.max_norm is None else self.loop.max_norm
        self.row["gradient_norm"] = float(clip_grad_norm_(self.model.parameters(), max_norm))
        self._require_finite("gradient_norm")

    def configure_optimizers(self) -> dict[str, Any]:
        """Adam, its learning rate falling in steps."""
        loop = self.loop
        # One pass over all parameters instead of several over each of them.
        optimizer = torch.optim.Adam(self.model.parameters(), lr=loop.learning_rate, fused=True)
        if loop.start is not None:
            loop.start.restore(self.model, optimizer)
        rate = partial(_decayed, loop)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
        self.optimizer = optimizer
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def _require_finite(self, name: str) -> None:
        if not math.isfinite(self.row[name]):
            raise TrainingError(
                f"the {name.replace('_', ' ')} is not a finite number",
                where=f"iteration {self.row['iteration']}",
                value=self.row[name],
                remedy="lower learning_rate or max_norm, or look for extreme values in the batch",
            )


def _decayed(loop: Loop, step: int) -> float:
    return loop.decay ** (loop.iteration(step) // loop.decay_every)


class Recorder(Callback):
    """Keeps the history and its file, evaluates, and ends the training when asked to."""

    def __init__(self, loop: Loop):
        self.loop = loop
        self.history = History()
        self.saved = time.monotonic()
        self.file = None
        if loop.log_directory is not None:
            self.file = MetricsFile(loop.log_directory / "metrics.csv")
            self.history.rows += self.file.keep(loop.first)

    def on_train_batch_end(
        self, trainer: Trainer, module: Module, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Adds the row of this iteration."""
        loop, step = self.loop, batch_idx + 1
        self.history.rows.append(module.row)
        if self._agree(trainer, loop.interrupt.requested):
            trainer.should_stop = True
            return
        if not loop.reaches(step, loop.evaluate_every) and step < loop.steps:
            return
        if loop.evaluate is not None:
            figures = self._evaluate(module.model)
            module.row |= figures
            wants_stop = loop.stop is not None and bool(loop.stop(figures))
            trainer.should_stop = self._agree(trainer, wants_stop)
        if self.file is not None:
            self.file.write(self.history.rows)
            is_due = loop.reaches(step, _EVALUATIONS_PER_CHECKPOINT * loop.evaluate_every)
            if is_due or time.monotonic() - self.saved > _SECONDS_PER_CHECKPOINT:
                self.save(module)

    def _agree(self, trainer: Trainer, wanted: bool) -> bool:
        """Whether any process wants it: one that stopped alone would leave the others waiting."""
        if self.loop.processes.count == 1:
            return wanted
        return trainer.strategy.reduce_boolean_decision(wanted, all=False)

    def _evaluate(self, model: nn.Module) -> dict[str, float]:
        model.eval()
        with torch.no_grad():
            figures = self.loop.evaluate(model)
        model.train()
        return {name: float(value) for name, value in figures.items()}

    def save(self, module: Module) -> None:
        """Writes the checkpoint, and what it takes to go on from here."""
        self.saved = time.monotonic()
        folder = self.loop.log_directory
        if self.loop.checkpoint is not None:
            self.loop.checkpoint(folder / "model.safetensors")
        if self.loop.snapshot is not None and self.history.rows:
            iteration = int(self.history.rows[-1]["iteration"])
            state = TrainingState.capture(iteration, module.model, module.optimizer)
            self.loop.snapshot(folder / "training.safetensors", state)

    def close(self) -> None:
        """Writes the rows that are not in the file yet."""
        if self.file is not None:
            self.file.write(self.history.rows)
