"""The record of an atom in one byte, and in full for the few atoms that need more.

The byte holds, from the lowest bit: ``chiral_tag`` (2 bits), ``no_implicit`` (1),
``num_explicit_hs`` (5). Charge and radical electrons are read from ``x``. An atom with an isotope,
an atom-map number, or any number beyond that, is rare and keeps its whole record.

Legend: N atoms, R rare ones.
"""

from __future__ import annotations

import numpy as np

from gnnlab.molecules.features import ATOM_CATEGORIES, NODE_RECORD

_COLUMN = {name: place for place, name in enumerate(ATOM_CATEGORIES)}
_FROM_X = ("formal_charge", "num_radical_electrons")
_MOST = {"chiral_tag": 3, "no_implicit": 1, "num_explicit_hs": 31}
_SHIFT = {"chiral_tag": 0, "no_implicit": 2, "num_explicit_hs": 3}


def pack(atoms: dict[str, np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Packs the records of N atoms.

    Args:
        atoms: ``[N]`` for each name in ``NODE_RECORD``.
        x: ``[N, 9]``, the features of the same atoms.

    Returns:
        The bytes ``[N]``, the rare atoms ``[R]``, and their records ``[R, 8]``.
    """
    packed = np.zeros(len(x), dtype=np.uint8)
    for name, shift in _SHIFT.items():
        packed |= (atoms[name] & _MOST[name]).astype(np.uint8) << np.uint8(shift)
    is_rare = np.zeros(len(x), dtype=bool)
    for name, most in _MOST.items():
        is_rare |= (atoms[name] < 0) | (atoms[name] > most)
    for name in _FROM_X:
        is_rare |= x[:, _COLUMN[name]] == len(ATOM_CATEGORIES[name]) - 1
    for name in ("chiral_permutation", "isotope", "atom_map"):
        is_rare |= atoms[name] != 0
    rare = np.flatnonzero(is_rare)
    return packed, rare, np.stack([atoms[name][rare] for name in NODE_RECORD], axis=1)


def unpack(
    x: np.ndarray,
    packed: np.ndarray,
    atom: np.ndarray,
    rare_atom: np.ndarray,
    rare_record: np.ndarray,
) -> np.ndarray:
    """The records ``[N, 8]`` int32 of some atoms, given their features, bytes and numbers."""
    record = np.zeros((len(packed), len(NODE_RECORD)), dtype=np.int32)
    for place, name in enumerate(NODE_RECORD):
        if name in _SHIFT:
            record[:, place] = packed >> _SHIFT[name] & _MOST[name]
        elif name in _FROM_X:
            record[:, place] = x[:, _COLUMN[name]].astype(np.int32) + ATOM_CATEGORIES[name][0]
    if len(rare_atom):
        place = np.minimum(np.searchsorted(rare_atom, atom), len(rare_atom) - 1)
        is_rare = rare_atom[place] == atom
        record[is_rare] = rare_record[place[is_rare]]
    return record
