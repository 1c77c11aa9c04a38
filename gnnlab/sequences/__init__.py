"""Sequences as path graphs: data, toy tasks, models."""

from gnnlab.sequences.classifier import SequenceClassifier, matched_hidden_size
from gnnlab.sequences.corpus import TEXTS, load_text, read_text, split_text
from gnnlab.sequences.model import CELL_NAMES, INPUTS, SequenceModel
from gnnlab.sequences.paths import batch_sequences, path_graph
from gnnlab.sequences.presets import PRESETS
from gnnlab.sequences.tasks import (
    TASKS,
    BaumSweet,
    BinaryPalindrome,
    RandomCombinations,
    Task,
    make_task,
)
from gnnlab.sequences.text import TextGenerator
from gnnlab.sequences.vocabulary import Vocabulary

__all__ = [
    "CELL_NAMES",
    "INPUTS",
    "PRESETS",
    "TASKS",
    "TEXTS",
    "BaumSweet",
    "BinaryPalindrome",
    "RandomCombinations",
    "SequenceClassifier",
    "SequenceModel",
    "Task",
    "TextGenerator",
    "Vocabulary",
    "batch_sequences",
    "load_text",
    "make_task",
    "matched_hidden_size",
    "path_graph",
    "read_text",
    "split_text",
]
