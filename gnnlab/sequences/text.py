"""Learning to write: a character language model in the scikit-learn habit."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import torch
from torch import Tensor
from torch.nn import functional

from gnnlab import training
from gnnlab.data import load_model, save_model
from gnnlab.errors import InputError
from gnnlab.nn import State
from gnnlab.sequences.characters import Characters
from gnnlab.sequences.language_model import CharacterModel, Window
from gnnlab.sequences.paths import equal_paths
from gnnlab.sequences.sampling import Choice
from gnnlab.sequences.text_storage import describe, digest, load_start, restore, save_start
from gnnlab.sequences.windows import ConsecutiveWindows, RandomWindows

_CHUNK = 2_000  # characters of a text that are scored at a time, with the state handed on


class Score(NamedTuple):
    r"""How well a text was foreseen.

    Attributes:
        bits_per_character: Mean of :math:`-\log_2 p` over the characters that were asked for.
        accuracy: Share of them that were the most likely.
        num_characters: How many they are: all but the first of each text and the unknown ones.
        num_unknown: How many characters were never seen in training; they are read, not judged.
    """

    bits_per_character: float
    accuracy: float
    num_characters: int
    num_unknown: int


class TextGenerator(training.Estimator):
    r"""A recurrent network that predicts the next character, and so writes.

    The training text is cut into windows of T characters, path graphs of T nodes; at every node
    the network is told the character and asked for the next one. The defaults are the reported
    run: two LSTM layers, windows of 30, batches of 64, learning rate 2e-3 times 0.96 every 5,000
    iterations, gradients clipped at norm 5, 45,000 iterations.

    Args:
        num_layers: Number of recurrent layers.
        hidden_size: Width of their states.
        cell: Name of the cell, one of ``gnnlab.nn.CELLS``.
        embedding_size: Width of the table that characters enter through.
        dropout: Share of the numbers between the layers that is dropped in training.
        window: T.
        batch_size: Number of windows per iteration.
        carry_state: Whether windows follow each other and the state is handed on, without
            gradients (one in twenty starts from zeros all the same, as new texts do); otherwise
            they lie at random places and all start from zeros.
        learning_rate: Step size of Adam.
        decay, decay_every: The step size is multiplied by ``decay`` every so many iterations.
        max_norm: Gradients are scaled down to this norm.
        iterations: Number of iterations.
        seed: Seed of the weights and of the windows.
        accelerator: ``"cpu"``, ``"gpu"`` or ``"auto"``.

    Attributes:
        characters_: The :class:`Characters` of the training text.
        model_: The :class:`CharacterModel`.
        history_: The :class:`gnnlab.training.History`.
        num_parameters_: Number of trainable parameters.

    Example:
        >>> generator = TextGenerator(hidden_size=32, window=8, iterations=150, learning_rate=0.01)
        >>> generator = generator.fit("the cat sat on the mat. " * 20)
        >>> generator.generate("the ca", length=9)
        't sat on '
    """

    def __init__(
        self,
        num_layers: int = 2,
        hidden_size: int = 128,
        cell: str = "lstm",
        embedding_size: int = 64,
        dropout: float = 0.0,
        window: int = 30,
        batch_size: int = 64,
        carry_state: bool = False,
        learning_rate: float = 2e-3,
        decay: float = 0.96,
        decay_every: int = 5000,
        max_norm: float | None = 5.0,
        iterations: int = 45_000,
        seed: int = 0,
        accelerator: str = "auto",
    ):
        self.num_layers, self.hidden_size, self.cell = num_layers, hidden_size, cell
        self.embedding_size, self.dropout = embedding_size, dropout
        self.window, self.batch_size, self.carry_state = window, batch_size, carry_state
        self.learning_rate, self.decay, self.decay_every = learning_rate, decay, decay_every
        self.max_norm, self.iterations = max_norm, iterations
        self.seed, self.accelerator = seed, accelerator

    def fit(
        self,
        text: str | Sequence[str],
        *,
        validation: str | Sequence[str] | None = None,
        evaluate_every: int = 500,
        log_directory: str | os.PathLike | None = None,
        progress: bool | None = None,
        resume: bool = False,
        watch: Callable[[TextGenerator, int], None] | None = None,
    ) -> Self:
        """Learns anew from a text, or from segments of one.

        After Ctrl-C the generator can be used, and KeyboardInterrupt is raised.

        Args:
            text: At least one character longer than a window.
            validation: Text that is scored during training and not learned from.
            evaluate_every: Iterations between two scores.
            log_directory: Folder for ``metrics.csv``, ``model.safetensors`` and
                ``training.safetensors``, from which a training can be resumed.
            progress: Whether to show a progress bar; by default if the output is a terminal.
            resume: Go on with the training that stands in ``log_directory``, as if it had never
                been stopped; start anew if none does.
            watch: Called with the generator and the iteration after every ``evaluate_every``.

        Raises:
            InputError: If a parameter makes no sense, the text is too short, or the training to
                resume was one with other parameters or another text.
            FileFormatError: If the training to resume is damaged.
            TrainingError: If the loss is not finite; names the iteration.
        """
        segments = _list_texts(text)
        for name in ("window", "batch_size", "decay_every"):
            training.check_count(name, getattr(self, name))
        self._forget()
        self.characters_ = Characters.of("".join(segments))
        if len(self.characters_) < 2:
            self._forget()
            raise InputError(
                "there is nothing to learn from a text of one kind of character",
                where="text",
                value=repr(segments[0][:20]),
            )
        encoded = [self.characters_.encode(segment) for segment in segments]
        run = {"parameters": self.get_params(), "text": digest(segments)}
        loss = NextCharacter(self.carry_state)
        start = None
        if resume and log_directory is not None:
            start, loss.state = load_start(Path(log_directory), run)
        first = 0 if start is None else start.iteration
        if self.carry_state:
            batches = ConsecutiveWindows(encoded, self.window, self.batch_size, self.seed, first)
        else:
            batches = RandomWindows(encoded, self.window, self.batch_size, self.seed, first)
        self.model_ = self.build(len(self.characters_))
        self.num_parameters_ = self.model_.num_parameters()
        held_out = None if validation is None else _list_texts(validation)

        evaluations = itertools.count(first // evaluate_every + 1)

        def evaluate(model: CharacterModel) -> dict[str, float]:
            if watch is not None:
                watch(self, min(next(evaluations) * evaluate_every, self.iterations))
            if held_out is None:
                return {}
            return {"validation_bits": self._score(held_out).bits_per_character}

        self.history_ = training.fit(
            self.model_,
            batches,
            loss,
            iterations=self.iterations,
            learning_rate=self.learning_rate,
            decay=self.decay,
            decay_every=self.decay_every,
            max_norm=self.max_norm,
            seed=self.seed,
            evaluate=evaluate,
            evaluate_every=evaluate_every,
            log_directory=log_directory,
            checkpoint=self.save,
            snapshot=lambda path, state: save_start(path, state, run, loss.state),
            start=start,
            progress=progress,
            per_iteration=(self.window * self.batch_size, "characters"),
            accelerator=self.accelerator,
        )
        self.model_.average_unknown()
        if self.history_.interrupted:
            raise KeyboardInterrupt
        return self

    def generate(
        self,
        prompt: str = "",
        length: int = 200,
        *,
        num_samples: int | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> str | list[str]:
        """Writes on.

        Args:
            prompt: What has been written so far; without one, a random character begins the text
                and is part of it.
            length: Number of characters to write.
            num_samples: Write that many texts at once, and return a list.
            temperature: High is daring, low is careful; ``None`` always takes the most likely
                character.
            top_k: Choose among the k most likely characters only.
            top_p: Choose among the most likely ones that together have this probability only.
            seed: Makes the texts repeatable.

        Returns:
            The new characters, without the prompt.

        Raises:
            NotFittedError: Before ``fit``.
            InputError: If a number makes no sense, or the prompt has a character that was not in
                the training text; names it.
        """
        self._require_fitted()
        if not isinstance(length, int) or length < 0:
            raise InputError("a length is a whole number from 0", where="length", value=length)
        choose = Choice(temperature, top_k, top_p, seed)
        count = 1 if num_samples is None else training.check_count("num_samples", num_samples)
        written = self._write(prompt, length, count, choose) if length else [""] * count
        return written[0] if num_samples is None else written

    def score(self, text: str | Sequence[str]) -> float:
        """Bits per character: what it would take to tell the text to someone with this model."""
        return self.evaluate(text).bits_per_character

    def evaluate(self, text: str | Sequence[str]) -> Score:
        """Judges the model on a text, or on several that are read each from its beginning.

        Raises:
            NotFittedError: Before ``fit``.
            InputError: If no text has two characters of which the second is known.
        """
        self._require_fitted()
        return self._score(_list_texts(text))

    def save(self, path: str | os.PathLike) -> None:
        """Writes the fitted generator to one file, without its history.

        Raises:
            NotFittedError: Before ``fit``.
        """
        self._require_fitted()
        self.model_.average_unknown()
        save_model(path, self.model_.state_dict(), describe(self))

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Reads a generator that :meth:`save` wrote.

        Raises:
            InputError: If there is no such file.
            FileFormatError: If the file is damaged or holds something else.
        """
        tensors, config = load_model(path)
        return restore(cls, tensors, config, str(path))

    def build(self, num_symbols: int) -> CharacterModel:
        """An untrained model, drawn from the seed."""
        with training.seeded(self.seed):
            return CharacterModel(
                num_symbols,
                self.embedding_size,
                self.hidden_size,
                self.num_layers,
                self.cell,
                self.dropout,
            )

    @torch.no_grad()
    def _write(self, prompt: str, length: int, count: int, choose: Choice) -> list[str]:
        state = None
        if prompt:
            x = self._read(prompt).expand(count)  # the last character of the prompt
            state = self._state_after(prompt[:-1], count)
            columns = []
        else:
            x = torch.randint(len(self.characters_), (count,), generator=choose.generator)
            columns = [x]
        while len(columns) < length:
            logits, state = self.model_.step(x, state)
            x = choose(logits)
            columns.append(x)
        return [self.characters_.decode(row) for row in torch.stack(columns, dim=1).tolist()]

    def _read(self, prompt: str) -> Tensor:
        for position, symbol in enumerate(prompt):
            if symbol not in self.characters_.vocabulary:
                raise InputError(
                    "the prompt has a character that was not in the training text",
                    where=f"position {position}",
                    value=repr(symbol),
                    remedy="leave it out",
                )
        return self.characters_.encode(prompt[-1])

    def _state_after(self, text: str, count: int) -> list[State] | None:
        """The state of every layer after a text, once for each of ``count`` copies."""
        if not text:
            return None
        x = self.characters_.encode(text)
        _, state = self.model_(x, equal_paths(1, x.numel()))
        return [tuple(s.expand(count, -1) for s in layer) for layer in state]

    @torch.no_grad()
    def _score(self, texts: list[str]) -> Score:
        total = Score(0.0, 0.0, 0, 0)
        for length in sorted({len(text) for text in texts}):
            alike = [self.characters_.encode(text) for text in texts if len(text) == length]
            total = _add(total, self._score_together(torch.stack(alike)))
        if not total.num_characters:
            raise InputError(
                "there is no character to foresee", where="text", value=repr(texts[0][:20])
            )
        return Score(
            total.bits_per_character / total.num_characters,
            total.accuracy / total.num_characters,
            total.num_characters,
            total.num_unknown,
        )

    def _score_together(self, x: Tensor) -> Score:
        """Sums, not means, over texts of one length: ``[B, L]``."""
        unknown, state = self.characters_.unknown, None
        bits, correct, judged = 0.0, 0, 0
        for chunk, y in zip(x[:, :-1].split(_CHUNK, 1), x[:, 1:].split(_CHUNK, 1), strict=True):
            paths = equal_paths(*chunk.shape)
            logits, state = self.model_(chunk.flatten(), paths, state)  # [B * T, V]
            known = y.flatten() != unknown
            logits, y = logits[known], y.flatten()[known]
            bits += float(functional.cross_entropy(logits, y, reduction="sum")) / math.log(2)
            correct += int((logits.argmax(-1) == y).sum())
            judged += y.numel()
        return Score(bits, correct, judged, int((x == unknown).sum()))


class NextCharacter:
    """The loss of a window: the mean cross-entropy over all its characters.

    Args:
        carry_state: Whether a window goes on from the state that the one before has left.
    """

    def __init__(self, carry_state: bool = False):
        self.carry_state = carry_state
        self.state: list[State] | None = None

    def __call__(self, model: CharacterModel, window: Window) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss, and the share of characters that were the most likely."""
        logits, state = model(window.x, window.schedule, self._before(window))  # [B * T, V]
        if self.carry_state:
            self.state = [tuple(s.detach() for s in layer) for layer in state]
        accuracy = (logits.detach().argmax(-1) == window.y).float().mean()
        return functional.cross_entropy(logits, window.y), {"accuracy": accuracy}

    def _before(self, window: Window) -> list[State] | None:
        """The state that each window starts from: zeros where it is fresh."""
        if self.state is None:
            return None
        goes_on = ~window.fresh.unsqueeze(1)  # [B, 1]
        return [tuple(s * goes_on for s in layer) for layer in self.state]


def _add(one: Score, other: Score) -> Score:
    return Score(*(a + b for a, b in zip(one, other, strict=True)))


def _list_texts(text: str | Sequence[str]) -> list[str]:
    texts = [text] if isinstance(text, str) else list(text)
    for number, part in enumerate(texts):
        if not isinstance(part, str):
            raise InputError(
                "a text is a string", where=f"text[{number}]", value=type(part).__name__
            )
    if not any(texts):
        raise InputError("the text is empty", where="text", value="''")
    return [part for part in texts if part]
