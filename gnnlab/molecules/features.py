"""The columns of a molecular graph's ``x`` and ``edge_attr``: categories, never raw numbers.

Every entry of ``x`` and ``edge_attr`` is the place of its value in a list of categories, ready for
an embedding table or one-hot encoding. No column depends on the order of the atoms: handedness is
told by CIP labels (R, S, E, Z), not by RDKit's chiral tags, which say how a centre is drawn
relative to the order of its bonds. What the categories merge or leave out is kept beside them in
``node_record`` and ``edge_record``, which is what the way back reads.

Legend: N atoms, E bonds.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

OTHER = "other"

#: Column of ``x`` -> its categories. Charges in units of the elementary charge; ``num_hs`` counts
#: the hydrogens that are not atoms of the graph, ``degree`` the bonds to atoms that are.
#: ``chirality`` is the CIP label of a stereo centre; small letters are RDKit's for
#: pseudo-asymmetric centres (cis or trans across a ring), ``other`` for a centre without a label,
#: such as a square planar one.
ATOM_CATEGORIES = MappingProxyType(
    {
        "atomic_num": (*range(119), OTHER),  # 0 is the dummy atom *
        "chirality": ("none", "R", "S", "r", "s", OTHER),
        "degree": (*range(11), OTHER),
        "formal_charge": (*range(-5, 7), OTHER),
        "num_hs": (*range(9), OTHER),
        "num_radical_electrons": (*range(5), OTHER),
        "hybridization": ("UNSPECIFIED", "S", "SP", "SP2", "SP3", "SP2D", "SP3D", "SP3D2", OTHER),
        "is_aromatic": (0, 1),
        "is_in_ring": (0, 1),
    }
)

#: Column of ``edge_attr`` -> its categories. Bond types stand in the order of RDKit's enumeration;
#: ``stereo`` is the CIP label of a double bond, small letters as above, ``any`` drawn as unknown.
BOND_CATEGORIES = MappingProxyType(
    {
        "bond_type": (
            *("UNSPECIFIED", "SINGLE", "DOUBLE", "TRIPLE", "QUADRUPLE", "QUINTUPLE", "HEXTUPLE"),
            *("ONEANDAHALF", "TWOANDAHALF", "THREEANDAHALF", "FOURANDAHALF", "FIVEANDAHALF"),
            *("AROMATIC", "IONIC", "HYDROGEN", "THREECENTER", "DATIVEONE", "DATIVE"),
            *("DATIVEL", "DATIVER", "OTHER", "ZERO"),
        ),
        "stereo": ("none", "any", "Z", "E", "z", "e", OTHER),
        "is_conjugated": (0, 1),
        "is_in_ring": (0, 1),
    }
)

#: Column of ``x`` or ``edge_attr`` -> number of categories, in the order of the columns.
ATOM_COLUMNS = MappingProxyType({name: len(c) for name, c in ATOM_CATEGORIES.items()})
BOND_COLUMNS = MappingProxyType({name: len(c) for name, c in BOND_CATEGORIES.items()})

#: Columns of ``node_record``: exact numbers that the categories merge or leave out.
#: ``num_explicit_hs`` are the hydrogens written in brackets and ``no_implicit`` says that RDKit may
#: add none; ``chiral_tag`` is RDKit's, relative to the order of the bonds in ``edge_index``.
NODE_RECORD = (
    "formal_charge",
    "num_explicit_hs",
    "no_implicit",
    "num_radical_electrons",
    "chiral_tag",
    "chiral_permutation",
    "isotope",
    "atom_map",
)

#: Meaning of ``edge_record``: on which side of a double bond the first-listed other neighbours of
#: its two ends are.
EDGE_RECORD = ("none", "any", "cis", "trans")

# Features are made from integers: the place of the word, or the number itself.
_LOWEST = {"formal_charge": -5}


def encode_atoms(atoms: dict[str, np.ndarray]) -> np.ndarray:
    """Turns exact numbers into categories.

    Args:
        atoms: ``[N]`` for every column of ``x``; labels as places in their list of categories.

    Returns:
        ``[N, 9]`` uint8; a number that is not in its list becomes the last category.

    Example:
        >>> atoms = {name: np.array([0, 1]) for name in ATOM_COLUMNS}
        >>> atoms["formal_charge"] = np.array([-1, 12])
        >>> encode_atoms(atoms)[:, list(ATOM_COLUMNS).index("formal_charge")].tolist()
        [4, 12]
    """
    return _encode(atoms, ATOM_COLUMNS)


def encode_bonds(bonds: dict[str, np.ndarray]) -> np.ndarray:
    """As :func:`encode_atoms`, ``[E, 4]`` for bonds."""
    return _encode(bonds, BOND_COLUMNS)


def _encode(columns: dict[str, np.ndarray], num_categories: MappingProxyType) -> np.ndarray:
    length = len(next(iter(columns.values())))
    codes = np.empty((length, len(num_categories)), dtype=np.uint8)
    for place, (name, number) in enumerate(num_categories.items()):
        code = columns[name] - _LOWEST.get(name, 0)
        codes[:, place] = np.where((code >= 0) & (code < number), code, number - 1)
    return codes
