"""MOSES' filters: what a medicinal chemist would not want to see among drug candidates.

The tables of forbidden patterns are not shipped; :func:`~gnnlab.data.fetch` knows them. RDKit's own
PAINS table differs in 17 of 480 patterns.
"""

from __future__ import annotations

import csv
from functools import cache

from rdkit import Chem, rdBase
from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogEntry, SmartsMatcher

from gnnlab.data import fetch
from gnnlab.errors import FileFormatError

#: The elements that a molecule may have.
ELEMENTS = frozenset({"C", "N", "S", "O", "F", "Cl", "Br", "H"})
#: A ring of so many atoms is too large.
LARGE_RING = 8


def read_patterns() -> tuple[str, ...]:
    """The SMARTS of MOSES: 22 medicinal chemistry filters (MCF) and 480 PAINS.

    Raises:
        DownloadError: If a table is neither in a mirror nor can be downloaded.
        FileFormatError: If the file of a mirror is not the one that is known.
    """
    with fetch("moses-mcf").open(encoding="utf-8", newline="") as file:
        patterns = [row["smarts"] for row in csv.DictReader(file)]
    with fetch("moses-pains").open(encoding="utf-8", newline="") as file:
        patterns += [row[0].strip() for row in csv.reader(file) if row]
    return tuple(patterns)


@cache
def build_catalog(patterns: tuple[str, ...]) -> FilterCatalog:
    """The patterns in RDKit's catalog, which goes through them without coming back to Python.

    Raises:
        FileFormatError: If one cannot be parsed.

    Example:
        >>> build_catalog(("[#7]=[#7]", "[#16]~[#16]")).GetNumEntries()
        2
    """
    catalog = FilterCatalog()
    with rdBase.BlockLogs():
        for number, smarts in enumerate(patterns):
            matcher = SmartsMatcher(str(number), smarts)
            if not matcher.IsValid():
                raise FileFormatError(
                    "not a SMARTS pattern", where=f"pattern {number}", value=repr(smarts)
                )
            catalog.AddEntry(FilterCatalogEntry(str(number), matcher))
    return catalog


def passes_filters(mol: Chem.Mol, catalog: FilterCatalog) -> bool:
    """Whether MOSES would let a molecule pass.

    It has no ring of eight or more atoms, no charged atom, no element but C, N, S, O, F, Cl, Br and
    H, and, with all its hydrogens drawn, no pattern of the catalog; and its SMILES without stereo
    can be read again.

    Args:
        mol: A sanitised molecule.
        catalog: The patterns, by :func:`build_catalog`.

    Example:
        >>> catalog = build_catalog(("[#7]=[#7]",))
        >>> smiles = ["CCO", "CN=NC", "C[O-]", "CI", "C1CCCCCCC1"]
        >>> [passes_filters(Chem.MolFromSmiles(text), catalog) for text in smiles]
        [True, False, False, False, False]
    """
    if any(len(ring) >= LARGE_RING for ring in mol.GetRingInfo().AtomRings()):
        return False
    if any(atom.GetFormalCharge() or atom.GetSymbol() not in ELEMENTS for atom in mol.GetAtoms()):
        return False
    with rdBase.BlockLogs():
        if catalog.HasMatch(Chem.AddHs(mol)):
            return False
        return Chem.MolFromSmiles(Chem.MolToSmiles(mol, isomericSmiles=False)) is not None
