"""All that the metrics need to know about molecules, found in one pass over them.

Legend: M molecules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import QED, Crippen, Descriptors, rdFingerprintGenerator
from rdkit.Chem.Scaffolds import MurckoScaffold

from gnnlab.errors import MoleculeError
from gnnlab.molecules.metrics.chunks import Progress, map_chunks
from gnnlab.molecules.metrics.filters import build_catalog, passes_filters
from gnnlab.molecules.metrics.synthesis import sa_score
from gnnlab.molecules.parse import parse_smiles, write_smiles

NUM_BITS = 1024
#: A scaffold of fewer rings than this does not count.
FEWEST_RINGS = 2
#: Properties of one molecule, by the names that MOSES gives the distances between them.
PROPERTIES: dict[str, Callable[[Chem.Mol], float]] = {
    "logP": Crippen.MolLogP,
    "SA": sa_score,
    "QED": QED.qed,
    "weight": Descriptors.MolWt,
}

_MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=NUM_BITS)


@dataclass(eq=False, repr=False)
class Profile:
    """Facts about molecules.

    Attributes:
        smiles: Canonical SMILES with stereo, M of them.
        fingerprints: ``[M, 128]`` uint8: Morgan fingerprints of radius 2, eight bits a byte.
        fragments: How often each BRICS fragment occurs.
        scaffolds: How often each Murcko scaffold of two or more rings occurs.
        properties: ``[M, 4]`` float64, the columns are :data:`PROPERTIES`; None if nobody asked.
        passes: ``[M]`` bool: which molecules pass the filters; None if nobody asked.
        num_rows: How many rows there were, good and bad.
        errors: Row -> why it is no molecule.
    """

    smiles: list[str]
    fingerprints: np.ndarray
    fragments: Counter[str]
    scaffolds: Counter[str]
    properties: np.ndarray | None
    passes: np.ndarray | None
    num_rows: int
    errors: dict[int, MoleculeError] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        rows: Sequence,
        patterns: tuple[str, ...] | None = None,
        num_workers: int = 1,
        step: str = "molecules",
        progress: Progress | None = None,
        properties: bool = True,
    ) -> Profile:
        """Reads all rows that are molecules, each from its canonical SMILES.

        Args:
            rows: SMILES strings; anything else is a bad row.
            patterns: SMARTS that the filters forbid; without them nothing is filtered.
            num_workers: Number of processes.
            step: The name under which progress is reported.
            progress: Called after every thousand rows.
            properties: Whether to find out the properties, which takes longer than the rest.

        Example:
            >>> profile = Profile.of(["OCC", "no molecule", "Cc1ccc2ccccc2c1"])
            >>> profile.smiles, dict(profile.scaffolds), profile.errors[1].what
            (['CCO', 'Cc1ccc2ccccc2c1'], {'c1ccc2ccccc2c1': 1}, 'whitespace inside')
        """
        read = partial(_read_chunk, patterns=patterns, properties=properties)
        return _join(list(map_chunks(read, rows, num_workers, step, progress)))


def read_canonical(row: object) -> tuple[Chem.Mol, str]:
    """A molecule as it is read from its canonical SMILES, and that string.

    So all that is found depends on the molecule, and not on how somebody wrote it.

    Raises:
        MoleculeError: If the row is no molecule, or its canonical SMILES is none.
    """
    mol = parse_smiles(row)
    text = write_smiles(mol)
    return (mol if text == row else parse_smiles(text)), text


def brics_fragments(mol: Chem.Mol) -> list[str]:
    """The pieces between the bonds that BRICS would cut, as SMILES with numbered open ends.

    Example:
        >>> brics_fragments(Chem.MolFromSmiles("CCOC(=O)c1ccccc1"))
        ['[1*]C([6*])=O', '[16*]c1ccccc1', '[3*]O[3*]', '[4*]CC']
    """
    return sorted(Chem.MolToSmiles(Chem.FragmentOnBRICSBonds(mol)).split("."))


def ring_scaffold(mol: Chem.Mol) -> str | None:
    """The Murcko scaffold as SMILES; None if it has fewer than two rings or RDKit finds none."""
    try:
        scaffold = MurckoScaffold.GetScaffoldForMol(mol)
    except (ValueError, RuntimeError):
        return None
    if scaffold.GetRingInfo().NumRings() < FEWEST_RINGS:
        return None
    return Chem.MolToSmiles(scaffold) or None


def _read_chunk(
    rows: Sequence,
    first_row: int,
    patterns: tuple[str, ...] | None,
    properties: bool,
) -> Profile:
    catalog = None if patterns is None else build_catalog(patterns)
    smiles, bits, values, passes, errors = [], [], [], [], {}
    fragments, scaffolds = Counter(), Counter()
    with rdBase.BlockLogs():
        for row_number, row in enumerate(rows, start=first_row):
            try:
                mol, text = read_canonical(row)
            except MoleculeError as error:
                errors[row_number] = error
                continue
            smiles.append(text)
            bits.append(_MORGAN.GetFingerprintAsNumPy(mol))
            fragments.update(brics_fragments(mol))
            scaffolds.update(filter(None, [ring_scaffold(mol)]))
            if properties:
                values.append([of(mol) for of in PROPERTIES.values()])
            if catalog is not None:
                passes.append(passes_filters(mol, catalog))
    return Profile(
        smiles=smiles,
        fingerprints=np.packbits(np.reshape(bits, (len(bits), NUM_BITS)).astype(bool), axis=1),
        fragments=fragments,
        scaffolds=scaffolds,
        properties=np.reshape(values, (len(values), len(PROPERTIES))) if properties else None,
        passes=None if catalog is None else np.array(passes, dtype=bool),
        num_rows=len(rows),
        errors=errors,
    )


def _join(parts: list[Profile]) -> Profile:
    """One after the other."""
    return Profile(
        smiles=[text for part in parts for text in part.smiles],
        fingerprints=np.concatenate([part.fingerprints for part in parts]),
        fragments=_sum(part.fragments for part in parts),
        scaffolds=_sum(part.scaffolds for part in parts),
        properties=_concatenate([part.properties for part in parts]),
        passes=_concatenate([part.passes for part in parts]),
        num_rows=sum(part.num_rows for part in parts),
        errors={row: error for part in parts for row, error in part.errors.items()},
    )


def _concatenate(arrays: list[np.ndarray | None]) -> np.ndarray | None:
    return None if arrays[0] is None else np.concatenate(arrays)


def _sum(counters: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return total
