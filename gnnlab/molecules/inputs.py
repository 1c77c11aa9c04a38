"""What a property model reads of molecules: their graphs, and further features of the whole.

Legend: B good molecules, D descriptors, K fragments.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np

from gnnlab.errors import InputError, MoleculeError
from gnnlab.molecules.descriptors import morgan_counts, rdkit_descriptors
from gnnlab.molecules.graphs import MoleculeGraphs
from gnnlab.molecules.parse import parse_smiles

_CHUNK = 500  # molecules that a process describes at a time


class Inputs(NamedTuple):
    """The good ones among some molecules, ready for a model.

    Attributes:
        graphs: B graphs.
        descriptors: ``[B, D]`` RDKit's descriptors as they are, NaN where undefined, or ``None``.
        counts: ``[B, K]`` Morgan counts, or ``None``.
        rows: ``[B]`` their numbers among all.
        errors: Why each of the others is not good, by its number.
    """

    graphs: MoleculeGraphs
    descriptors: np.ndarray | None
    counts: np.ndarray | None
    rows: np.ndarray
    errors: dict[int, MoleculeError]

    def __len__(self) -> int:
        return len(self.graphs)

    @property
    def num_rows(self) -> int:
        """How many there were, good or not."""
        return len(self.rows) + len(self.errors)

    def take(self, places: np.ndarray) -> Inputs:
        """Some of the good ones, by their places among the good ones, numbered anew."""
        return Inputs(
            self.graphs.subset(places),
            None if self.descriptors is None else self.descriptors[places],
            None if self.counts is None else self.counts[places],
            np.arange(len(places)),
            {},
        )


def prepare(
    smiles: Iterable[object],
    descriptors: bool = True,
    fingerprints: bool = True,
    num_workers: int = 1,
) -> Inputs:
    """Reads molecules; bad ones are told apart and do not disturb the good ones.

    Args:
        smiles: SMILES strings; anything else is a bad row.
        descriptors: Whether to compute RDKit's descriptors (the slowest part by far).
        fingerprints: Whether to count fragments.
        num_workers: Processes that read molecules. A script that starts more than one needs the
            usual ``if __name__ == "__main__":`` on systems that do not fork.

    Raises:
        InputError: If there is no molecule at all, or ``smiles`` is one string.

    Example:
        >>> inputs = prepare(["CCO", "Nemo", "C"], descriptors=False)
        >>> len(inputs), inputs.rows.tolist(), inputs.counts.shape
        (2, [0, 2], (2, 2048))
    """
    if isinstance(smiles, str):
        raise InputError(
            "one string is not a list of molecules", where="smiles", remedy=f"use [{smiles!r}]"
        )
    smiles = list(smiles)
    graphs = MoleculeGraphs.of(smiles, num_workers=num_workers)
    if not len(graphs):
        raise InputError(
            "no row is a molecule",
            where="smiles",
            value=f"{len(smiles)} rows" + "".join(f"; {e.what}" for e in _first(graphs.errors)),
        )
    good = [smiles[row] for row in graphs.rows]
    chunks = [good[first : first + _CHUNK] for first in range(0, len(good), _CHUNK)]
    describe = partial(_describe, descriptors=descriptors, fingerprints=fingerprints)
    if num_workers == 1 or len(chunks) == 1:
        parts = list(map(describe, chunks))
    else:
        with ProcessPoolExecutor(min(num_workers, len(chunks))) as pool:
            parts = list(pool.map(describe, chunks))
    values, counts = zip(*parts, strict=True)
    return Inputs(
        graphs,
        np.concatenate(values) if descriptors else None,
        np.concatenate(counts) if fingerprints else None,
        np.asarray(graphs.rows),
        graphs.errors,
    )


def _describe(
    smiles: list, descriptors: bool, fingerprints: bool
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Descriptors ``[B, D]`` and counts ``[B, K]`` of good molecules."""
    mols = [parse_smiles(text) for text in smiles] if descriptors or fingerprints else []
    return (
        rdkit_descriptors(mols) if descriptors else None,
        morgan_counts(mols) if fingerprints else None,
    )


def _first(errors: dict[int, MoleculeError]) -> list[MoleculeError]:
    return [errors[min(errors)]] if errors else []
