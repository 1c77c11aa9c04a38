"""What a generator of molecules can do once it has learned.

Legend: B molecules, C properties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from rdkit import Chem
from torch import Tensor

from gnnlab import training
from gnnlab.errors import InputError
from gnnlab.molecules.generation.actions import ActionSpace
from gnnlab.molecules.generation.conditions import Conditions
from gnnlab.molecules.generation.cores import Core
from gnnlab.molecules.generation.events import replay_in_parts
from gnnlab.molecules.generation.learning import score
from gnnlab.molecules.generation.model import GrowthModel
from gnnlab.molecules.generation.orders import GrowthGraphs
from gnnlab.molecules.generation.sampling import Draw, Growth, make
from gnnlab.molecules.generation.scripts import Plan, decorate, link
from gnnlab.molecules.parse import parse_smiles

_CANDIDATES = 4
_MOST_ROUNDS = 20  # a scaffold that is never found again has all its bonds all the same


class Maker(training.Estimator):
    """Makes molecules, and tells how probable they are.

    Attributes:
        model_: The network.
        space_: The actions.
        max_atoms_: The most atoms of a molecule.
        temperature_: What it samples with unless it is told otherwise.
        conditions_: What it can be asked for, or ``None``.
    """

    canonical: float
    model_: GrowthModel
    space_: ActionSpace
    max_atoms_: int
    temperature_: float
    conditions_: Conditions | None

    def sample(
        self,
        count: int,
        *,
        condition: Mapping[str, float | Sequence[float]] | None = None,
        scaffold: str | None = None,
        attachments: Sequence[int] | None = None,
        candidates: int | None = None,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> list[str]:
        """New molecules.

        Args:
            count: How many.
            condition: What is asked of them: for some of the ``properties`` a value, or one for
                each molecule.
            scaffold: A molecule that each of them is to be grown around; all its atoms and bonds
                stay. Where a new ring takes its aromaticity, as RDKit sees it, another molecule is
                grown in place of that one.
            attachments: The atoms of the scaffold where something may grow, numbered from 0 as
                they stand in its SMILES; by default all that have a hydrogen to give.
            candidates: How many are grown for each that is asked for by a ``condition``; the
                nearest to it is kept. By default 4; 1 shows what the network alone can do.
            temperature: Above 1 more daring, below 1 more careful; by default ``temperature_``.
            seed: Makes them repeatable.

        Returns:
            Canonical SMILES.

        Raises:
            NotFittedError: Before ``fit``.
            InputError: If a number makes no sense, or nothing can grow at the scaffold.
            UnknownNameError: If it has not learned about a property.
            MoleculeError: If the scaffold is no molecule, or has atoms that it has not learned.
        """
        core, plan, kept = None, None, []
        if scaffold is not None:
            core = Core.of(scaffold, self._known_space(), attachments)
            plan, kept = partial(decorate, core), [scaffold]
        elif attachments is not None:
            raise InputError("there is no scaffold", where="attachments", value=attachments)
        options = {"condition": condition, "candidates": candidates, "temperature": temperature}
        return self._make(count, plan, kept, len(core or ()), seed=seed, **options)

    def link(
        self,
        count: int,
        first: str,
        second: str,
        *,
        attachments: tuple[int, int],
        lengths: tuple[int, int] = (1, 6),
        condition: Mapping[str, float | Sequence[float]] | None = None,
        candidates: int | None = None,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> list[str]:
        """New molecules that link two fragments; only what lies between them grows.

        Args:
            count: How many.
            first: A fragment; all its atoms and bonds stay.
            second: The other one.
            attachments: The atom of each that the link hangs on, numbered from 0 as they stand in
                its SMILES.
            lengths: The fewest and the most atoms on the way from one to the other.
            condition: As for :meth:`sample`.
            candidates: As for :meth:`sample`.
            temperature: As for :meth:`sample`.
            seed: Makes them repeatable.

        Returns:
            Canonical SMILES.

        Raises:
            NotFittedError: Before ``fit``.
            InputError: If a number makes no sense, or an attachment has no free valence.
            MoleculeError: If a fragment is no molecule, or has atoms that it has not learned.
        """
        space = self._known_space()
        least, most = lengths
        if not 0 <= least <= most:
            raise InputError("the fewest atoms come first", where="lengths", value=lengths)
        if most and not (space.types.capacity > 1).any():
            raise InputError("no atom it has learned has two bonds", where="lengths", value=lengths)
        cores = [
            Core.of(smiles, space, [atom])
            for smiles, atom in zip((first, second), attachments, strict=True)
        ]
        size = sum(map(len, cores)) + most
        plan = partial(link, *cores, lengths)
        options = {"condition": condition, "candidates": candidates, "temperature": temperature}
        return self._make(count, plan, [first, second], size, seed=seed, **options)

    def log_prob(self, smiles: Sequence[str], num_orders: int = 0, seed: int = 0) -> np.ndarray:
        r"""How probable molecules are, as natural logarithms.

        A molecule can be grown in many orders, and its probability is the sum over all of them.
        By default this is the exact log-probability of one, the order of the canonical SMILES;
        with ``num_orders`` the logarithm of the sum over the different ones among so many random
        orders, a lower bound that rises to the exact value.

        Args:
            smiles: Molecules.
            num_orders: Number of random orders.
            seed: Draws them.

        Returns:
            One number per molecule; NaN for what is no molecule or cannot be grown.

        Raises:
            NotFittedError: Before ``fit``.
        """
        self._require_fitted("model_")
        graphs = GrowthGraphs.of(smiles, self.space_, self.max_atoms_)
        found = np.full(len(smiles), np.nan)
        if not len(graphs):
            return found
        if not num_orders:
            found[graphs.rows] = self._score(graphs.batch(range(len(graphs))), self._is_canonical())
            return found
        generator = np.random.default_rng(seed)
        for index, row in enumerate(graphs.rows):
            table = graphs.batch([index] * num_orders, generator)
            found[row] = np.logaddexp.reduce(
                self._score(np.unique(table, axis=0), self._is_canonical(free=False))
            )
        return found

    def _known_space(self) -> ActionSpace:
        self._require_fitted("model_")
        return self.space_

    @training.wide_products()
    def _make(
        self,
        count: int,
        plan: Callable[..., Plan] | None,
        kept: Sequence[str],
        size: int,
        condition: Mapping[str, float | Sequence[float]] | None,
        candidates: int | None,
        temperature: float | None,
        seed: int | None,
    ) -> list[str]:
        """Grows molecules that hold what is to be kept and have room for ``size`` atoms."""
        self._require_fitted("model_")
        training.check_count("count", count)
        temperature = self.temperature_ if temperature is None else temperature
        choose = Draw(training.check_positive("temperature", temperature), seed)
        wishes, each = self._ask(condition, count, candidates)
        begin = partial(
            Growth,
            self.model_,
            self.space_,
            max_atoms=max(self.max_atoms_, size),
            canonical=self._is_canonical(free=plan is None),
        )
        plan = plan and partial(plan, generator=np.random.default_rng(seed))
        mols = make(begin, count * each, choose, plan, wishes)
        patterns = [parse_smiles(smiles) for smiles in kept]
        for _ in range(_MOST_ROUNDS):
            lost = [row for row, mol in enumerate(mols) if not _holds(mol, patterns)]
            if not lost:
                break
            again = make(begin, len(lost), choose, plan, None if wishes is None else wishes[lost])
            for row, mol in zip(lost, again, strict=True):
                mols[row] = mol
        if each > 1:
            distance = self.conditions_.distance(mols, wishes).reshape(count, each)
            nearest = distance.argmin(axis=1) + each * np.arange(count)
            mols = [mols[place] for place in nearest]
        return [Chem.MolToSmiles(mol) for mol in mols]

    def _ask(
        self,
        condition: Mapping[str, float | Sequence[float]] | None,
        count: int,
        candidates: int | None,
    ) -> tuple[Tensor | None, int]:
        """The wishes of all candidates, one after the other, and how many there are for each."""
        if not condition:
            if candidates is not None:
                raise InputError(
                    "nothing is asked for that a candidate could be near to",
                    where="candidates",
                    value=candidates,
                    remedy="name a condition",
                )
            return None, 1
        if self.conditions_ is None:
            raise InputError(
                "it has not learned to be asked for properties",
                where="condition",
                value=list(condition),
                remedy="fit a generator with properties=...",
            )
        each = _CANDIDATES if candidates is None else candidates
        training.check_count("candidates", each)
        return self.conditions_.ask(condition, count).repeat_interleave(each, dim=0), each

    def _is_canonical(self, free: bool = True) -> bool:
        """Whether molecules grow in the order of their canonical SMILES, if they are free to."""
        return self.canonical == 1 or (free and self.canonical > 0)

    @training.wide_products()
    def _score(self, table: np.ndarray, canonical: bool) -> np.ndarray:
        """The log-probability ``[B]`` of each row of actions."""
        parts = replay_in_parts(self.space_, table, self.max_atoms_, canonical)
        return score(self.model_, parts)


def _holds(mol: Chem.Mol, patterns: Sequence[Chem.Mol]) -> bool:
    return all(mol.HasSubstructMatch(pattern) for pattern in patterns)
