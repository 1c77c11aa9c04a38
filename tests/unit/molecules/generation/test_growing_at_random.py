"""The trial of the guarantee, and the ways from actions to molecules."""

import numpy as np
import pytest
from rdkit import Chem, rdBase

from gnnlab.errors import InputError, MoleculeError
from gnnlab.molecules.generation import (
    CLOSE,
    POP,
    PRESETS,
    ActionSpace,
    AtomTypes,
    Ledger,
    build_mol,
    from_actions,
    sample_random,
    to_mols,
)

SPACE = ActionSpace(AtomTypes.from_names(["C", "N", "O"]), max_distance=8)


def check(mol):
    """Sanitised already; reads back as the same molecule, without radicals."""
    smiles = Chem.MolToSmiles(mol)
    assert "." not in smiles
    back = Chem.MolFromSmiles(smiles)
    assert back is not None, smiles
    assert Chem.MolToSmiles(back) == smiles
    assert not any(atom.GetNumRadicalElectrons() for atom in back.GetAtoms())
    assert Chem.SanitizeMol(mol, catchErrors=True) == Chem.SanitizeFlags.SANITIZE_NONE


@pytest.mark.parametrize("names", PRESETS.values(), ids=PRESETS)
def test_every_random_molecule_is_valid(names):
    space = ActionSpace(AtomTypes.from_names(names))
    mols = sample_random(space, 2500, seed=1, max_atoms=38)
    assert len(mols) == 2500
    with rdBase.BlockLogs():
        for mol in mols:
            check(mol)
    assert max(mol.GetNumAtoms() for mol in mols) > 30
    assert sum(mol.GetRingInfo().NumRings() > 1 for mol in mols) > 200


@pytest.mark.parametrize("names", PRESETS.values(), ids=PRESETS)
def test_tangles_of_rings_are_valid(names):
    space = ActionSpace(AtomTypes.from_names(names))
    weights = np.where(space.kind == CLOSE, 5.0, np.where(space.kind == POP, 0.1, 1.0))
    weights[space.first_closure :] /= np.maximum(space.order[space.first_closure :], 1)
    weights[: space.first_closure] *= space.types.capacity[space.type[: space.first_closure]] > 1
    ledger, generator = Ledger(space, 150, 30), np.random.default_rng(0)
    while not ledger.is_done.all():
        chances = (ledger.legal() * weights).cumsum(1)
        drawn = generator.random((150, 1)) * chances[:, -1:]
        ledger.apply(np.where(ledger.is_done, -1, (chances > drawn).argmax(1)))
    with rdBase.BlockLogs():
        mols = to_mols(ledger)
        for mol in mols:
            check(mol)
    assert np.mean([mol.GetRingInfo().NumRings() for mol in mols]) > 2


def test_seeds():
    smiles = [
        [Chem.MolToSmiles(mol) for mol in sample_random(SPACE, count, seed, max_atoms=9)]
        for count, seed in ((600, 3), (520, 3), (600, 4))
    ]
    assert smiles[0][:520] == smiles[1]
    assert smiles[0] != smiles[2]
    assert sample_random(SPACE, 0) == []


@pytest.mark.parametrize(
    ("arguments", "where"), [((-1, 0, 9), "count"), ((1, -1, 9), "seed"), ((1, 0, 0), "max_atoms")]
)
def test_numbers_that_are_too_small(arguments, where):
    with pytest.raises(InputError, match=f"at: {where}"):
        sample_random(SPACE, *arguments)


def test_atoms_are_in_the_order_of_birth():
    actions = [SPACE.root(2), SPACE.add(0, 1), SPACE.add(1, 3)]
    mol = from_actions(SPACE, [*actions, SPACE.pop])
    assert [atom.GetSymbol() for atom in mol.GetAtoms()] == ["O", "C", "N"]


def test_unfinished_and_empty_sequences():
    for actions in ([], [SPACE.root(0)]):
        with pytest.raises(InputError, match="not finished"):
            from_actions(SPACE, actions)
    with pytest.raises(InputError, match=r"no atoms yet \(at: molecule 0\)"):
        to_mols(Ledger(SPACE, 1, 5))


def test_a_molecule_that_no_ledger_allows():
    with pytest.raises(MoleculeError, match="cannot be sanitised: Explicit valence"):
        build_mol(SPACE.types, [2, 0, 0, 0], [(0, 1, 1), (0, 2, 1), (0, 3, 1)])
