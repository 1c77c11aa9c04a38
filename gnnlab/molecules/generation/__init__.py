r"""Growing molecules bond by bond, so that whatever grows is a valid molecule.

A molecule is a graph of heavy atoms with bonds of order 1, 2 and 3 and formal charges. It grows in
depth first, by the actions of :class:`ActionSpace`, and a :class:`Ledger` says which of them are
legal. Hydrogens are implied; stereo, isotopes and atom-map numbers are not part of it.

**No sequence of legal actions gives a molecule that RDKit refuses.** Let :math:`c_v` be the
capacity of atom v, and :math:`b_v` the sum of the orders of its bonds.

1. *The graph is connected and simple.* An added atom is bonded to the focus, so all atoms form a
   tree. Any other bond goes from the focus to an ancestor two or more levels up, while the focus
   has no children, and each is farther up than the one before; so it joins two atoms that no other
   bond joins.
2. *The books balance:* :math:`b_v \le c_v` *at all times.* A new atom begins with
   :math:`b_v = 0 \le c_v`. A bond of order o is legal only if :math:`o \le c_v - b_v` at both of
   its ends, and is counted at both.
3. *Every atom is one that RDKit accepts.* RDKit's valence rule looks at one atom at a time: its
   element, its charge, and :math:`b_v`. :class:`AtomTypes` has tried each type with every
   :math:`b_v` from 0 to :math:`c_v`, made of single, double and triple bonds in every way. Up to
   the next valence that the element has, RDKit adds hydrogens, which it may, as none of the atoms
   is marked as one without.
4. *The other steps of sanitising find nothing to refuse.* Kekulising can fail only on bonds that
   are marked aromatic, and none is; aromaticity is worked out afterwards, from the double bonds
   that are there. Radicals are given only to atoms that may not take hydrogens. Cleaning rewrites
   metals, and nitrogens and halogens with more bonds than they have here; and, the one thing of
   ours that it touches, it writes CC=P(=O)C with charges, CC=[P+]([O-])C, which is valid again.
   Rings, conjugation, hybridisation and hydrogens are only worked out.

This holds at every moment, so an unfinished molecule is a valid one too.

**There is no dead end.** As long as there is a focus, stepping back is legal. A molecule of N atoms
takes at most N actions that set atoms, N that step back, and one for each ring, of which the
capacities allow a finite number; so it ends, and when it has the most atoms allowed it can still
be finished.

**Nothing is out of reach.** A search in depth first through an undirected graph meets only new
atoms and ancestors. So every connected molecule whose atoms are of the table, with the hydrogens
that RDKit gives them, has exactly one sequence for each root and each order of neighbours, as long
as ``max_distance`` and ``max_atoms`` suffice. In a symmetric molecule several orders give the same
sequence. A molecule with aromatic rings has sequences for each way to place its double bonds;
:class:`GrowthGraphs` takes the one that RDKit finds in the canonical SMILES.

What is not proved but measured: that RDKit reads the aromatic SMILES that it writes, as it has to
find double bonds again where it has left them out. ``benchmarks/molecules_growth.py`` asks it for a
million molecules.

Example:
    >>> from rdkit import Chem
    >>> space = ActionSpace(AtomTypes.from_names(["C", "N", "O"]), max_distance=10)
    >>> actions = to_actions(space, "O=C1CCN1")
    >>> Chem.MolToSmiles(from_actions(space, actions))
    'O=C1CCN1'
"""

from gnnlab.molecules.generation.actions import ADD, CLOSE, POP, ROOT, ActionSpace
from gnnlab.molecules.generation.kekule import KekuleGraph, flat_smiles, read_kekule
from gnnlab.molecules.generation.ledger import NO_ACTION, Ledger, Window
from gnnlab.molecules.generation.orders import GrowthGraphs, to_actions
from gnnlab.molecules.generation.random_policy import sample_random
from gnnlab.molecules.generation.rebuild import build_mol, from_actions, replay, to_mols
from gnnlab.molecules.generation.types import CAPACITIES, PRESETS, AtomTypes

__all__ = [
    "ADD",
    "CAPACITIES",
    "CLOSE",
    "NO_ACTION",
    "POP",
    "PRESETS",
    "ROOT",
    "ActionSpace",
    "AtomTypes",
    "GrowthGraphs",
    "KekuleGraph",
    "Ledger",
    "Window",
    "build_mol",
    "flat_smiles",
    "from_actions",
    "read_kekule",
    "replay",
    "sample_random",
    "to_actions",
    "to_mols",
]
