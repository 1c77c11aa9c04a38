"""Training runs that depend on nothing but their settings: independent, resumable, side by side.

A run computes on one thread, whatever goes on beside it, so that its numbers are the same alone and
in a crowd. Its result is a small file of its own, and a finished run is never repeated.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from gnnlab.data import write_file
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.sequences.classifier import CELL_NAMES, SequenceClassifier, matched_hidden_size
from gnnlab.sequences.tasks import make_task

#: An LSTM with as many parameters as the bidirectional one of the run's hidden size.
MATCHED = "lstm-matched"
MODELS = (*CELL_NAMES, MATCHED)
#: Size of the fresh sample that gives the final accuracy.
NUM_TEST = 2000


@dataclass(frozen=True)
class Run:
    """The settings of one training run; equal settings give equal numbers.

    Attributes:
        task: Name of the task.
        length: Size of the task.
        model: Name of a cell, or ``"lstm-matched"``.
        seed: Seed of the weights and of all samples.
        hidden_size: Width of the state; for ``"lstm-matched"`` that of the BiLSTM to match.
        iterations: Number of training steps.
        learning_rate: Of Adam.
        batch_size: Sequences per step.
        max_norm: Gradients are clipped to this norm.
        inputs: How numbers enter the network: ``"embedding"`` or ``"scalar"``.
        evaluate_every: Iterations between two looks at the validation sample.
    """

    task: str
    length: int
    model: str
    seed: int
    hidden_size: int
    iterations: int
    learning_rate: float
    batch_size: int
    max_norm: float
    inputs: str = "embedding"
    evaluate_every: int = 5

    def __post_init__(self):
        for name in ("hidden_size", "iterations", "batch_size", "evaluate_every"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise InputError("a whole number from 1 is needed", where=name, value=value)
        if self.inputs not in ("embedding", "scalar"):
            raise UnknownNameError.of("inputs", self.inputs, ("embedding", "scalar"))

    @property
    def file_name(self) -> str:
        """Name of the file with the result; a digest keeps runs with other settings apart."""
        settings = json.dumps(asdict(self), sort_keys=True)
        digest = hashlib.sha256(settings.encode()).hexdigest()[:10]
        return f"{self.task}-{self.length}-{self.model}-seed{self.seed}-{digest}.json"


def run_all(
    runs: Sequence[Run],
    folder: Path,
    processes: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict]:
    """Trains the runs whose results ``folder`` lacks and returns all results in the order given.

    Args:
        runs: What to train.
        folder: Existing folder with one file per finished run.
        processes: How many runs go on at the same time.
        progress: Called with the numbers of finished runs and of all runs.

    Returns:
        For each run its ``settings``, its ``result`` and its ``history``, one dictionary per
        iteration.
    """
    pending = [run for run in runs if _read(run, folder) is None]
    done = len(runs) - len(pending)
    progress(done, len(runs))
    for _ in _train(pending, folder, min(processes, len(pending))):
        done += 1
        progress(done, len(runs))
    return [_read(run, folder) for run in runs]


def train(run: Run) -> dict:
    """Trains one run on one thread of the CPU and measures it on fresh samples."""
    task = make_task(run.task, run.length)
    classifier = make_classifier(run)
    with one_thread():
        classifier.fit(task, progress=False)
        accuracy = classifier.score(task, num_samples=NUM_TEST)
    history = classifier.history_
    result = {
        "parameters": classifier.num_parameters_,
        "accuracy": accuracy,
        "iterations_to_100": history.iterations_to(1.0),
        "seconds": history.seconds,
    }
    return {"settings": asdict(run), "result": result, "history": history.rows}


def make_classifier(run: Run) -> SequenceClassifier:
    """The untrained classifier of a run."""
    settings = {
        "hidden_size": run.hidden_size,
        "inputs": run.inputs,
        "learning_rate": run.learning_rate,
        "batch_size": run.batch_size,
        "iterations": run.iterations,
        "max_norm": run.max_norm,
        "evaluate_every": run.evaluate_every,
        "seed": run.seed,
        "accelerator": "cpu",
    }
    if run.model != MATCHED:
        return SequenceClassifier(run.model, **settings)
    task = make_task(run.task, run.length)
    wanted = SequenceClassifier("bilstm", **settings).make_model(task).num_parameters()
    hidden_size = matched_hidden_size("lstm", wanted, task, inputs=run.inputs)
    return SequenceClassifier("lstm", **(settings | {"hidden_size": hidden_size}))


def _train(runs: Sequence[Run], folder: Path, processes: int) -> Iterator[None]:
    """Trains and writes all runs; yields whenever one is finished."""
    if processes <= 1:
        yield from (_train_and_write(run, folder) for run in runs)
        return
    # A forked process would inherit torch's thread pools in an unknown state.
    context = multiprocessing.get_context("spawn")
    # A terminal sends Ctrl-C to all processes; the answer is up to this one alone.
    deaf = {"initializer": signal.signal, "initargs": (signal.SIGINT, signal.SIG_IGN)}
    pool = ProcessPoolExecutor(processes, mp_context=context, **deaf)
    try:
        for future in as_completed([pool.submit(_train_and_write, run, folder) for run in runs]):
            yield future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        # What is running would go on to its end. Files are written whole or not at all, so that
        # killing is safe; asking kindly is not enough, since Lightning waits for a step to end.
        for process in multiprocessing.active_children():
            process.kill()
        raise
    pool.shutdown()


def _train_and_write(run: Run, folder: Path) -> None:
    write_file(folder / run.file_name, json.dumps(train(run)).encode())


def _read(run: Run, folder: Path) -> dict | None:
    """The record of a finished run; ``None`` if there is none, or none that can be read."""
    path = folder / run.file_name
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_bytes())
        return record if record["settings"] == asdict(run) else None
    except (ValueError, TypeError, KeyError):
        return None


@contextmanager
def one_thread() -> Iterator[None]:
    """Keeps torch on one thread: networks this small lose more by sharing than they win."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
