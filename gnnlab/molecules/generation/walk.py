"""A walk in depth first over one molecule, written down as actions.

In plain lists: at the sizes of molecules they are faster than arrays.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np

from gnnlab.molecules.generation.actions import ActionSpace
from gnnlab.molecules.generation.kekule import KekuleGraph
from gnnlab.molecules.generation.types import MOST_ORDER

#: What a walk reads: for each atom a number, and for each atom one number per neighbour.
Plan = tuple[list[int], list[list[int]]]

_TRIES = 100
_PERMUTATIONS = [tuple(permutations(range(count))) for count in range(7)]


def plan(graph: KekuleGraph, space: ActionSpace) -> Plan:
    """What walks over a molecule read.

    Returns:
        For each atom twice its type, plus 1 if its bonds leave some of its capacity; and for each
        atom its neighbours, four times their number plus the order of the bond, sorted.

    Example:
        >>> from gnnlab.molecules.generation.types import AtomTypes
        >>> space = ActionSpace(AtomTypes.from_names(["C", "O"]))
        >>> plan(KekuleGraph("C=O", [0, 1], [(0, 1, 2)]), space)
        ([1, 2], [[6], [2]])
    """
    neighbours = [[] for _ in graph.atoms]
    left = [int(space.types.capacity[kind]) for kind in graph.atoms]
    for begin, end, order in graph.bonds:
        neighbours[begin].append(end << 2 | order)
        neighbours[end].append(begin << 2 | order)
        left[begin] -= order
        left[end] -= order
    atoms = [kind << 1 | (free > 0) for kind, free in zip(graph.atoms, left, strict=True)]
    return atoms, [sorted(codes) for codes in neighbours]


def find_walk(
    atoms: list[int],
    neighbours: list[list[int]],
    space: ActionSpace,
    generator: np.random.Generator | None,
) -> list[int] | None:
    """The first of some walks whose closures are all short enough; None if there is none.

    Args:
        atoms: See :func:`plan`.
        neighbours: See :func:`plan`.
        space: The actions.
        generator: Draws the walks. Without it the first one begins at atom 0 and takes neighbours
            in their order, and the others are always the same.
    """
    draws = None
    for _ in range(_TRIES):
        if generator is not None:
            draws = generator.random(len(atoms) + 1).tolist()
        actions = walk(atoms, neighbours, space, draws)
        if actions is not None:
            return actions
        generator = generator or np.random.default_rng(0)
    return None


def walk(
    atoms: list[int], neighbours: list[list[int]], space: ActionSpace, draws: list[float] | None
) -> list[int] | None:
    """The actions of one walk; None if a closure is too long.

    Args:
        atoms: See :func:`plan`.
        neighbours: See :func:`plan`.
        space: The actions.
        draws: Numbers from 0 to 1 that choose the order of each atom's neighbours, and one more
            that chooses the root; without them it is atom 0 and the order as it is.
    """
    num_types, pop = len(space.types), space.pop
    depth_of = [-1] * len(atoms)
    atom, depth = 0 if draws is None else int(draws[-1] * len(atoms)), 0
    actions = [atoms[atom] >> 1]
    path, waiting = [], []
    while True:
        depth_of[atom] = depth
        ahead, closures = [], []
        for code in neighbours[atom]:
            reached = depth_of[code >> 2]
            if reached < 0:
                ahead.append(code)
            elif reached < depth - 1:
                closures.append((depth - reached, code & 3))
        if closures:
            closures.sort()
            if closures[-1][0] > space.max_distance:
                return None
            first = space.first_closure - 2 * MOST_ORDER - 1
            actions += [first + MOST_ORDER * distance + order for distance, order in closures]
        if draws is not None and len(ahead) > 1:
            orders = _PERMUTATIONS[len(ahead)]
            ahead = [ahead[place] for place in orders[int(draws[atom] * len(orders))]]
        else:
            ahead.reverse()
        path.append(atom)
        waiting.append(ahead)
        # On from the deepest atom that has a neighbour left, back from those that have none.
        while True:
            while ahead and depth_of[ahead[-1] >> 2] >= 0:
                ahead.pop()
            if ahead:
                break
            if atoms[path.pop()] & 1:
                actions.append(pop)
            waiting.pop()
            if not path:
                return actions
            ahead = waiting[-1]
        code = ahead.pop()
        atom, depth = code >> 2, len(path)
        actions.append(num_types + MOST_ORDER * (atoms[atom] >> 1) + (code & 3) - 1)
