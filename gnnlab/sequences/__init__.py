"""Sequences as path graphs: data, toy tasks, models."""

from gnnlab.sequences.classifier import SequenceClassifier, matched_hidden_size
from gnnlab.sequences.model import CELL_NAMES, INPUTS, SequenceModel
from gnnlab.sequences.paths import batch_sequences, path_graph
from gnnlab.sequences.tasks import (
    TASKS,
    BaumSweet,
    BinaryPalindrome,
    RandomCombinations,
    Task,
    make_task,
)
from gnnlab.sequences.vocabulary import Vocabulary

__all__ = [
    "CELL_NAMES",
    "INPUTS",
    "TASKS",
    "BaumSweet",
    "BinaryPalindrome",
    "RandomCombinations",
    "SequenceClassifier",
    "SequenceModel",
    "Task",
    "Vocabulary",
    "batch_sequences",
    "make_task",
    "matched_hidden_size",
    "path_graph",
]
