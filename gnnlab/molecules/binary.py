"""RDKit's own binary form of molecules, decoded for many molecules at once.

Asking RDKit for one number of one atom costs about 0.4 microseconds, and a molecule of ordinary
size has 400 of them. ``Mol.ToBinary`` writes all of them in the time of 40 questions, and NumPy
reads them for a thousand molecules together. The form is versioned: another version than the known
one, and whatever is rare (more than 255 atoms, map numbers, dummy atoms), is not decoded, and the
caller asks RDKit atom by atom.

The form: a head of 30 bytes with the numbers of atoms and bonds; the atoms; a tag; the bonds; a
tag, the number of rings, and the rings; a tag at the end. An atom takes 6 bytes (element, flags,
and a word that says what follows) and one byte for each number that is not RDKit's default.

Legend: B molecules, N atoms, E bonds, R rings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from rdkit import Chem

from gnnlab.molecules.records import ATOM_FIELDS, BOND_FIELDS, Records, spans, starts
from gnnlab.molecules.stereo import RAW_FIELDS, TETRAHEDRAL, cip_codes, label_stereo

Written = tuple[bytes, Sequence[tuple[int, str]]]

_OPTIONS = int(Chem.PropertyPickleOptions.NoConformers)
_HEAD = bytes.fromhex("efbeadde 00000000 10000000 04000000 00000000")  # version 16.4.0
_NUM_ATOMS, _NUM_BONDS, _HEAD_END = 20, 24, 30
_BEGIN_ATOMS, _BEGIN_BONDS, _BEGIN_RINGS, _END = 1, 11, 66, 22
_MOST_ATOMS = 255  # more, and RDKit numbers them with four bytes each

# Atoms. The word's bits, in the order in which their bytes follow; the isotope takes four.
_CHARGE, _CHIRAL, _HYBRID, _EXPLICIT_HS, _VALENCE, _IMPLICIT_HS, _RADICALS, _ISOTOPE = range(1, 9)
_ATOM_KNOWN, _ATOM_AROMATIC, _ATOM_NO_IMPLICIT = 0b1100000, 6, 5
_SP3 = 4
_WORDS = np.arange(512)
_HAS = (_WORDS[:, None] >> np.arange(9)) & 1  # [512, 9]
_OFFSET = 6 + np.cumsum(_HAS, axis=1) - _HAS  # [512, 9], of each number's byte in an atom
_ATOM_SIZE = 6 + _HAS.sum(1) + 3 * _HAS[:, _ISOTOPE]

# Bonds. Two atoms and the flags; then type, direction and stereo, each only if its flag is set.
_BOND_KNOWN, _CONJUGATED, _TYPE, _DIRECTION, _STEREO = 0b1101110, 5, 3, 2, 1
_SINGLE, _ANY, _TRANS = 1, 1, 5


def write(mol: Chem.Mol, smiles: str) -> Written:
    """What :func:`read` needs of a prepared molecule.

    The molecule can go at once, and should: a thousand of them do not fit into the processor's
    caches, and are then read and freed at half the speed.

    Args:
        mol: The molecule.
        smiles: Its SMILES string, which tells whether there are centres to be labelled.
    """
    return mol.ToBinary(_OPTIONS), cip_codes(mol) if "@" in smiles else ()


def read(written: Sequence[Written]) -> tuple[Records, np.ndarray]:
    """Reads many molecules.

    Returns:
        The records of those that were understood, and which they are, ``[B]`` bool.
    """
    records, understood = decode([blob for blob, _ in written])
    good = np.flatnonzero(understood).tolist()
    label_stereo(
        records.num_atoms,
        records.num_bonds,
        records.atoms,
        records.bonds,
        [written[place][1] for place in good],
        lambda i: Chem.Mol(written[good[i]][0]),
    )
    return records, understood


def decode(blobs: Sequence[bytes]) -> tuple[Records, np.ndarray]:
    """As :func:`read`, but leaves the stereo labels to be filled in."""
    # The walk looks a few bytes ahead, and what is not understood may lead it anywhere.
    buffer = np.frombuffer(b"".join([*blobs, bytes(64)]), dtype=np.uint8)
    size = np.fromiter(map(len, blobs), dtype=np.int64, count=len(blobs))
    begin = starts(size)
    head = buffer[begin[:, None] + np.arange(_HEAD_END)]  # [B, 30]
    num_atoms, num_bonds = (
        head[:, place : place + 4].copy().view("<i4")[:, 0].astype(np.int64)
        for place in (_NUM_ATOMS, _NUM_BONDS)
    )
    understood = (head[:, : len(_HEAD)] == np.frombuffer(_HEAD, np.uint8)).all(1)
    understood &= (num_atoms > 0) & (num_atoms <= _MOST_ATOMS)
    understood &= (num_bonds >= 0) & (num_bonds <= size)
    understood &= head[:, -1] == _BEGIN_ATOMS
    num_atoms, num_bonds = num_atoms * understood, num_bonds * understood

    place = begin + _HEAD_END
    atom, place = _walk(buffer, place, num_atoms, _atom_size)
    understood &= buffer[place] == _BEGIN_BONDS
    bond, place = _walk(buffer, place + 1, num_bonds, _bond_size)
    understood &= buffer[place] == _BEGIN_RINGS
    num_rings = buffer[place + 1].astype(np.int64) * understood
    understood &= ~buffer[place[:, None] + np.arange(2, 5)].any(1)
    ring, place = _walk(buffer, place + 5, num_rings, _ring_size)
    understood &= (buffer[place] == _END) & (place + 1 == begin + size)
    for items, counts, known in (
        (atom, num_atoms, _atom_known),
        (bond, num_bonds, _bond_known),
    ):
        owner = np.repeat(np.arange(len(blobs)), counts)
        understood[owner[~known(buffer, items)]] = False

    good = [np.repeat(understood, counts) for counts in (num_atoms, num_bonds, num_rings)]
    atom, bond, ring = (items[keep] for items, keep in zip((atom, bond, ring), good, strict=True))
    counts = [count[understood] for count in (num_atoms, num_bonds, num_rings)]
    return _fill(buffer, atom, bond, ring, *counts), understood


def _walk(
    buffer: np.ndarray, place: np.ndarray, counts: np.ndarray, size_at: Callable
) -> tuple[np.ndarray, np.ndarray]:
    """Follows the items of all molecules side by side, as each says where the next one begins.

    Returns:
        Where the items are, one molecule after the other, and where each molecule's items end.
    """
    # With the longest molecule first, those that have an item left are always the first few.
    order = np.argsort(-counts, kind="stable")
    place, first = place[order], starts(counts)[order]
    remaining = np.searchsorted(-counts[order], -np.arange(counts.max(initial=0)), side="left")
    items = np.empty(counts.sum(), dtype=np.int64)
    last = len(buffer) - 64
    for step, active in enumerate(remaining.tolist()):
        here = place[:active]
        items[first[:active] + step] = here
        place[:active] = np.minimum(here + size_at(buffer, here), last)
    end = np.empty_like(place)
    end[order] = place
    return items, end


def _word(buffer: np.ndarray, atom: np.ndarray) -> np.ndarray:
    return buffer[atom + 2] | (buffer[atom + 3].astype(np.int64) & 1) << 8


def _atom_size(buffer: np.ndarray, atom: np.ndarray) -> np.ndarray:
    return _ATOM_SIZE[_word(buffer, atom)]


def _bond_size(buffer: np.ndarray, bond: np.ndarray) -> np.ndarray:
    flags = buffer[bond + 2].astype(np.int64)
    size = 3 + (flags >> _TYPE & 1) + (flags >> _DIRECTION & 1)
    has_stereo = flags >> _STEREO & 1
    return size + has_stereo * (2 + buffer[bond + size + 1])  # how many atoms it refers to


def _ring_size(buffer: np.ndarray, ring: np.ndarray) -> np.ndarray:
    return 1 + buffer[ring].astype(np.int64)


def _atom_known(buffer: np.ndarray, atom: np.ndarray) -> np.ndarray:
    is_plain = (buffer[atom + 1] & ~np.uint8(_ATOM_KNOWN)) == 0
    is_plain &= (buffer[atom + 3] < 2) & (buffer[atom + 4] == 0) & (buffer[atom + 5] == 0)
    # Square planar and the like have a permutation, which is not written here.
    return is_plain & (_number(buffer, atom, _CHIRAL) <= TETRAHEDRAL)


def _bond_known(buffer: np.ndarray, bond: np.ndarray) -> np.ndarray:
    flags = buffer[bond + 2]
    stereo = bond + 3 + (flags >> _TYPE & 1) + (flags >> _DIRECTION & 1)
    # Cis or trans say nothing without the two neighbours that they refer to.
    is_double = (buffer[stereo] <= _TRANS) & (buffer[stereo + 1] == 2)
    is_plain = ((flags >> _STEREO & 1) == 0) | (buffer[stereo] == _ANY) | is_double
    return is_plain & ((flags & ~np.uint8(_BOND_KNOWN)) == 0)


def _number(buffer: np.ndarray, atom: np.ndarray, bit: int, default: int = 0) -> np.ndarray:
    """A number of each atom, ``[N]`` int32, where it is not written the default."""
    word = _word(buffer, atom)
    written = np.flatnonzero(word >> bit & 1)
    values = np.full(len(atom), default, dtype=np.int32)
    values[written] = buffer[atom[written] + _OFFSET[word[written], bit]].view(np.int8)
    return values


def _fill(
    buffer: np.ndarray,
    atom: np.ndarray,
    bond: np.ndarray,
    ring: np.ndarray,
    num_atoms: np.ndarray,
    num_bonds: np.ndarray,
    num_rings: np.ndarray,
) -> Records:
    """The records of molecules, given where their atoms, bonds and rings are."""
    atom_start = starts(num_atoms)
    source, target = buffer[bond].astype(np.int32), buffer[bond + 1].astype(np.int32)
    offset = np.repeat(atom_start, num_bonds)
    ends = np.concatenate([source + offset, target + offset])  # [2E]
    in_ring, link_in_ring = _rings(
        buffer, ring, np.repeat(atom_start, num_rings), ends.reshape(2, -1), len(atom)
    )
    return Records(
        num_atoms,
        num_bonds,
        _atoms(buffer, atom) | {"degree": np.bincount(ends, minlength=len(atom)), **in_ring},
        _bonds(buffer, bond) | {"source": source, "target": target, **link_in_ring},
    )


def _atoms(buffer: np.ndarray, atom: np.ndarray) -> dict[str, np.ndarray]:
    flags = buffer[atom + 1]
    explicit_hs = _number(buffer, atom, _EXPLICIT_HS)
    word = _word(buffer, atom)
    isotope = np.zeros(len(atom), dtype=np.int32)
    marked = np.flatnonzero(word >> _ISOTOPE & 1)
    place = atom[marked] + _OFFSET[word[marked], _ISOTOPE]
    isotope[marked] = buffer[place[:, None] + np.arange(4)].copy().view("<i4")[:, 0]
    return {name: np.zeros(len(atom), dtype=np.int32) for name in ATOM_FIELDS} | {
        "atomic_num": buffer[atom].astype(np.int32),
        "formal_charge": _number(buffer, atom, _CHARGE),
        "num_hs": explicit_hs + _number(buffer, atom, _IMPLICIT_HS),
        "num_radical_electrons": _number(buffer, atom, _RADICALS),
        "hybridization": _number(buffer, atom, _HYBRID, default=_SP3),
        "is_aromatic": (flags >> _ATOM_AROMATIC & 1).astype(np.int32),
        "num_explicit_hs": explicit_hs,
        "no_implicit": (flags >> _ATOM_NO_IMPLICIT & 1).astype(np.int32),
        "chiral_tag": _number(buffer, atom, _CHIRAL),
        "isotope": isotope,
    }


def _bonds(buffer: np.ndarray, bond: np.ndarray) -> dict[str, np.ndarray]:
    flags = buffer[bond + 2]
    place = bond + 3
    typed, turned, sided = (
        np.flatnonzero(flags >> bit & 1) for bit in (_TYPE, _DIRECTION, _STEREO)
    )
    bond_type = np.full(len(bond), _SINGLE, dtype=np.int32)
    bond_type[typed] = buffer[place[typed]]
    place[typed] += 1
    place[turned] += 1
    names = (*BOND_FIELDS, *RAW_FIELDS)
    columns = {name: np.zeros(len(bond), dtype=np.int32) for name in names}
    for offset, name in ((0, "rdkit_stereo"), (2, "left"), (3, "right")):
        columns[name][sided] = buffer[place[sided] + offset]
    return columns | {
        "bond_type": bond_type,
        "is_conjugated": (flags >> _CONJUGATED & 1).astype(np.int32),
    }


def _rings(
    buffer: np.ndarray, ring: np.ndarray, offset: np.ndarray, ends: np.ndarray, num_atoms: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Which atoms ``[N]`` and bonds ``[E]`` lie on one of the rings."""
    size = buffer[ring].astype(np.int64)
    member = buffer[spans(ring + 1, size)] + np.repeat(offset, size)
    following = np.roll(member, -1)
    last = np.cumsum(size) - 1
    following[last] = member[starts(size)]
    atom_in_ring = np.zeros(num_atoms, dtype=np.int32)
    atom_in_ring[member] = 1
    bond_in_ring = np.zeros(ends.shape[1], dtype=np.int32)
    candidate = np.flatnonzero(atom_in_ring[ends].all(0))
    low, high = np.sort(ends[:, candidate], axis=0)
    links = np.minimum(member, following) * num_atoms + np.maximum(member, following)
    bond_in_ring[candidate] = np.isin(low * num_atoms + high, links)
    return {"is_in_ring": atom_in_ring}, {"is_in_ring": bond_in_ring}
