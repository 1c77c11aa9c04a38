"""Chapters on the toy tasks: LSTM against BiLSTM, and what happens inside a trained LSTM."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch

from gnnlab import plots
from gnnlab.nn import Schedule
from gnnlab.sequences import SequenceClassifier, make_task
from gnnlab.sequences.compare import compare
from gnnlab.sequences.report import summarise, to_readable
from gnnlab.sequences.runs import one_thread
from gnnlab.tour.page import Chapter, Picture, Table, Text


def lstm_against_bilstm(folder: Path, quick: bool) -> Chapter:
    """The reported experiment in small: which one learns random combinations sooner, and why."""
    lengths, seeds, iterations = ((5, 10), 1, 300) if quick else ((5, 10, 15), 3, 500)
    comparison = compare(
        "random-combinations",
        ("lstm", "bilstm", "lstm-matched"),
        lengths,
        seeds,
        out=folder / "random-combinations",
        processes=min(2, os.cpu_count() or 1),
        iterations=iterations,
    )
    return Chapter(
        "Does a bidirectional LSTM learn faster, or is it only larger?",
        [
            Text(
                "Shuffle the numbers from 0 to T-1 and show all but the last: which one is "
                "missing? The network reads one number per step and answers at the end, so it must "
                "carry everything it saw along the path."
            ),
            Text(
                "A bidirectional LSTM reads the path from both ends, with twice the parameters. "
                "So there is a third runner: `lstm-matched`, an LSTM with one direction and about "
                "as many parameters as the bidirectional one. What it gains over the plain LSTM is "
                "due to its size; only what the BiLSTM gains beyond that is due to its direction."
            ),
            Picture(
                folder / "random-combinations" / "overlay.png",
                f"Mean of {seeds} seed{'s' * (seeds > 1)} with a band of one standard deviation.",
            ),
            Table(
                to_readable(summarise(comparison.results)),
                "Final accuracy on 2,000 fresh samples; iterations until all samples of the "
                "validation set were right, over the runs that got there.",
            ),
            Text(
                "The full experiment takes `gnnlab sequences compare --task random-combinations "
                "--models lstm bilstm lstm-matched --lengths 5 10 15 --seeds 3 --out runs`."
            ),
        ],
    )


def inside_the_gates(folder: Path, quick: bool) -> Chapter:
    """The gates and the memory of a small trained LSTM while it reads one sequence."""
    task = make_task("random-combinations", 8)
    classifier = SequenceClassifier(
        "lstm", hidden_size=32, learning_rate=5e-3, iterations=400 if quick else 1000
    )
    with one_thread():
        classifier.fit(task, progress=False)
    sequence = np.array([3, 1, 4, 0, 5, 7, 2])
    probabilities = classifier.predict_proba([sequence])[0]
    answer = int(probabilities.argmax())
    picture = plots.gates_over_time(
        _activations(classifier.model_, sequence),
        folder / "gates.png",
        steps=sequence,
        signed=("candidate", "memory", "hidden state"),
    )
    return Chapter(
        "Inside the gates",
        [
            Text(
                "Here a small LSTM of 32 units, trained on permutations of eight numbers, reads "
                f"{', '.join(map(str, sequence))}. It answers {answer} with probability "
                f"{probabilities[answer]:.3f} (right on {classifier.score(task):.1%} of fresh "
                "samples). Every column is one node of the path graph, every row one hidden unit; "
                "units are sorted by what their memory holds in the end."
            ),
            Picture(
                picture,
                "A gate near 1 (yellow) is open. Where input and forget gates stay open, the "
                "memory is a running sum of the candidates. The answer is read from the last "
                "column of the hidden state alone.",
            ),
        ],
    )


@torch.no_grad()
def _activations(model: torch.nn.Module, sequence: np.ndarray) -> dict[str, np.ndarray]:
    """Gates and states of the first layer by name, ``[T, H]`` each, units sorted by memory."""
    path = Schedule.from_lengths([len(sequence)])
    x = model.embedding(torch.from_numpy(sequence))  # [T, F]
    conv = model.recurrent.layers[0]
    gates = conv.gates(x, path)
    memory = [torch.zeros_like(gates["i"][0])]
    for i, f, g in zip(gates["i"], gates["f"], gates["g"], strict=True):
        memory.append(f * memory[-1] + i * g)
    named = {
        "input gate": gates["i"],
        "forget gate": gates["f"],
        "output gate": gates["o"],
        "candidate": gates["g"],
        "memory": torch.stack(memory[1:]),
        "hidden state": conv(x, path),
    }
    order = memory[-1].argsort()
    return {name: values[:, order].numpy() for name, values in named.items()}
