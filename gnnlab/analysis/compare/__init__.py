"""Recurrent and graph networks on the same data, and joined: which one helps where."""

from gnnlab.analysis.compare.molecules import compare_molecules
from gnnlab.analysis.compare.order import compare_order
from gnnlab.analysis.compare.sequences import compare_sequences
from gnnlab.analysis.compare.temporal import compare_temporal
from gnnlab.analysis.compare.walks import compare_walks

__all__ = [
    "compare_molecules",
    "compare_order",
    "compare_sequences",
    "compare_temporal",
    "compare_walks",
]
