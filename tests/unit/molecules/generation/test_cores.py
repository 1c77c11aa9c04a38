from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from gnnlab.errors import InputError, MoleculeError, UnknownNameError
from gnnlab.molecules import load_nci
from gnnlab.molecules.generation.actions import ActionSpace
from gnnlab.molecules.generation.conditions import PROPERTIES, Conditions, measure
from gnnlab.molecules.generation.cores import Core
from gnnlab.molecules.generation.generator import MoleculeGenerator
from gnnlab.molecules.generation.ledger import Ledger
from gnnlab.molecules.generation.random_policy import choose
from gnnlab.molecules.generation.rebuild import from_actions, to_mols
from gnnlab.molecules.generation.scripts import decorate, link
from gnnlab.molecules.generation.types import PRESETS, AtomTypes

SPACE = ActionSpace(AtomTypes.from_names(PRESETS["all"]), max_distance=30)
SCAFFOLDS = [
    "c1ccc2[nH]ccc2c1",
    "O=C1CCN1",
    "C1CC2CCC1CC2",
    "C[N+](C)(C)CC(=O)[O-]",
    "C",
    "C1CCC2(CC1)OCCO2",
    "O=S(=O)(N)c1ccc(N)cc1",
    "C1CC1",
    "c1ccc2c(c1)ccc1ccccc12",
]


def grow_at_random(plan, count, max_atoms, seed=0):
    """Chance decides wherever the scripts leave a choice."""
    generator = np.random.default_rng(seed)
    ledger, done = Ledger(SPACE, count, max_atoms), []
    while not ledger.is_done.all():
        views = plan.views(ledger)
        actions = np.full(count, -1)
        for row in np.flatnonzero(~ledger.is_done):
            allowed = plan.scripts[row].allowed(views[row])
            assert not (allowed & ~views[row].legal).any() or plan.scripts[row].bridge
            (action,) = choose(allowed[None], generator)
            actions[row] = plan.scripts[row].take(views[row], int(action))
        ledger.apply(actions)
        done.append(actions)
    return to_mols(ledger)


def bare(smiles_or_mol):
    """Atoms and bonds without what RDKit calls aromatic, which other rings may change."""
    mol = (
        smiles_or_mol if isinstance(smiles_or_mol, Chem.Mol) else Chem.MolFromSmiles(smiles_or_mol)
    )
    mol = Chem.RWMol(mol)
    Chem.Kekulize(mol, clearAromaticFlags=True)
    for bond in mol.GetBonds():
        bond.SetBondType(Chem.BondType.SINGLE)
    for atom in mol.GetAtoms():
        atom.SetNoImplicit(True)
        atom.SetNumExplicitHs(0)
    return mol


@pytest.mark.parametrize("smiles", SCAFFOLDS)
def test_a_walk_over_the_core_grows_the_core(smiles):
    core = Core.of(smiles, SPACE)
    for seed in range(10):
        steps = core.walk(np.random.default_rng(seed))
        mol = from_actions(SPACE, [step.action for step in steps])
        assert Chem.MolToSmiles(mol) == Chem.MolToSmiles(Chem.MolFromSmiles(smiles))


@pytest.mark.parametrize("smiles", SCAFFOLDS)
def test_every_molecule_holds_the_core(smiles):
    core = Core.of(smiles, SPACE)
    mols = grow_at_random(decorate(core, 60, np.random.default_rng(1)), 60, max_atoms=30)
    pattern = bare(smiles)
    assert all(bare(mol).HasSubstructMatch(pattern) for mol in mols)
    assert len({Chem.MolToSmiles(mol) for mol in mols}) > 40
    assert max(mol.GetNumAtoms() for mol in mols) > len(core) + 5


@pytest.mark.parametrize("max_atoms", [9, 10, 12])
def test_there_is_always_room_for_the_core(max_atoms):
    core = Core.of("c1ccc2[nH]ccc2c1", SPACE)
    mols = grow_at_random(decorate(core, 40, np.random.default_rng(2)), 40, max_atoms)
    assert all(9 <= mol.GetNumAtoms() <= max_atoms for mol in mols)


def test_only_attachments_grow():
    smiles = "Nc1ccc(O)cc1"
    core = Core.of(smiles, SPACE, attachments=[5])  # the oxygen
    mols = grow_at_random(decorate(core, 60, np.random.default_rng(3)), 60, max_atoms=16)
    pattern = Chem.MolFromSmarts("[NX3;H2]-!@[#6]1~[#6;H1]~[#6;H1]~[#6](~[OX2])~[#6;H1]~[#6;H1]~1")
    assert all(mol.HasSubstructMatch(pattern) for mol in mols)
    assert sum(mol.GetNumAtoms() > 8 for mol in mols) > 40


def test_attachments_are_numbered_as_they_stand():
    for smiles, given, symbol in (("OCC", 0, "O"), ("CCO", 2, "O"), ("C(O)C", 1, "O")):
        core = Core.of(smiles, SPACE, attachments=[given])
        (atom,) = core.open
        assert SPACE.types.names[core.types[atom]] == symbol


@pytest.mark.parametrize("lengths", [(0, 0), (1, 1), (2, 5)])
def test_a_link_joins_both_and_is_as_long_as_asked(lengths):
    first, second = Core.of("c1ccccc1", SPACE, [0]), Core.of("C1CCNCC1", SPACE, [3])
    plan = link(first, second, lengths, 80, np.random.default_rng(4))
    mols = grow_at_random(plan, 80, max_atoms=24)
    patterns = [bare("c1ccccc1"), bare("C1CCNCC1")]
    for mol in mols:
        assert all(bare(mol).HasSubstructMatch(pattern) for pattern in patterns)
        assert "." not in Chem.MolToSmiles(mol)
    if lengths[1] < 2:
        # The ends are one bond from each other, or two: nothing else can lie between them.
        between = "c1ccccc1-!@[NX3]2" if not lengths[1] else "c1ccccc1-,=!@*~!@[NX3,NX4]2"
        assert all(mol.HasSubstructMatch(Chem.MolFromSmarts(f"{between}CCCCC2")) for mol in mols)
    assert len({Chem.MolToSmiles(mol) for mol in mols}) > (1 if lengths[1] else 0)


@pytest.mark.parametrize(("smiles", "attachments", "error", "match"), [
    ("C1CC", None, MoleculeError, "unclosed ring"),
    ("[Xe]", None, MoleculeError, "outside the table"),
    ("C.C", None, MoleculeError, "several fragments"),
    ("FC(F)(F)F", None, InputError, "no atom has a free valence"),
    ("CF", [1], InputError, "without free valence"),
    ("CF", [5], InputError, "no such atom"),
    ("CF", [], InputError, "no atom has a free valence"),
])  # fmt: skip
def test_cores_that_nothing_can_grow_at(smiles, attachments, error, match):
    with pytest.raises(error, match=match):
        Core.of(smiles, SPACE, attachments)


@pytest.fixture(scope="module")
def listening():
    settings = {"hidden_channels": 48, "embedding_channels": 32, "epochs": 15, "batch_size": 64}
    generator = MoleculeGenerator(
        ("logp", "rings"), **settings, learning_rate=1e-2, accelerator="cpu"
    )
    return generator.fit(load_nci(400).smiles)


def test_what_is_asked_for_is_followed(listening):
    found = {}
    for wish in (-1.0, 4.0):
        molecules = listening.sample(150, condition={"logp": wish}, candidates=1, seed=0)
        found[wish] = measure(map(Chem.MolFromSmiles, molecules), ["logp"]).mean()
    assert found[4.0] > found[-1.0] + 0.5


def test_the_nearest_of_some_candidates_is_kept(listening):
    wishes = {"logp": [1.0, 4.0] * 10, "rings": 2}
    kept = listening.sample(20, condition=wishes, candidates=3, seed=0)
    repeated = {"logp": np.repeat(wishes["logp"], 3), "rings": 2}
    grown = listening.sample(60, condition=repeated, candidates=1, seed=0)
    values = measure(map(Chem.MolFromSmiles, grown), ["logp", "rings"])
    asked = np.stack([repeated["logp"], np.full(60, 2.0)], axis=1)
    distance = (np.abs(values - asked) / listening.conditions_.std).sum(axis=1)
    groups = np.arange(60).reshape(20, 3)
    assert kept == [grown[min(group, key=lambda place: distance[place])] for group in groups]
    assert listening.sample(20, condition=wishes, seed=0) == listening.sample(
        20, condition=wishes, candidates=4, seed=0
    )


def test_scaffolds_links_and_wishes_go_together(listening, tmp_path):
    pyridine = Chem.MolFromSmiles("c1ccncc1")
    settings = {"scaffold": "c1ccncc1", "attachments": [0], "condition": {"rings": 2}, "seed": 1}
    molecules = listening.sample(30, **settings)
    assert all(Chem.MolFromSmiles(m).HasSubstructMatch(pyridine) for m in molecules)
    linked = listening.link(20, "c1ccccc1", "C1CCNCC1", attachments=(0, 3), seed=2)
    assert all("." not in m for m in linked)
    listening.save(tmp_path / "model.safetensors")
    loaded = MoleculeGenerator.load(tmp_path / "model.safetensors")
    assert loaded.sample(30, **settings) == molecules


def test_an_aromatic_scaffold_stays_aromatic(listening, monkeypatch):
    thiophene = Chem.MolFromSmiles("c1ccsc1")  # its sulfur can have four more bonds, and often does

    def count(seed):
        molecules = listening.sample(40, scaffold="c1ccsc1", temperature=1.3, seed=seed)
        return sum(Chem.MolFromSmiles(m).HasSubstructMatch(thiophene) for m in molecules)

    assert count(seed=0) == 40
    monkeypatch.setattr("gnnlab.molecules.generation.making._MOST_ROUNDS", 0)
    assert count(seed=0) < 40


@pytest.mark.parametrize(("settings", "error", "match"), [
    ({"condition": {"qed": 0.5}}, UnknownNameError, "logp"),
    ({"condition": {"logp": 99}}, InputError, "ask for"),
    ({"condition": {"logp": float("nan")}}, InputError, "ask for"),
    ({"condition": {"logp": [1.0, 2.0]}}, InputError, "or 3"),
    ({"condition": {"logp": "high"}}, InputError, "number"),
    ({"condition": {"logp": 1.0}, "candidates": 0}, InputError, "candidates"),
    ({"candidates": 2}, InputError, "nothing is asked for"),
    ({"attachments": [0]}, InputError, "no scaffold"),
    ({"scaffold": "C1CC"}, MoleculeError, "unclosed ring"),
])  # fmt: skip
def test_impossible_wishes(listening, settings, error, match):
    with pytest.raises(error, match=match):
        listening.sample(3, **settings)


@pytest.mark.parametrize(("settings", "error", "match"), [
    ({"attachments": (0, 9)}, InputError, "no such atom"),
    ({"attachments": (0, 0), "lengths": (3, 1)}, InputError, "fewest"),
    ({"attachments": (0, 0), "lengths": (-1, 1)}, InputError, "fewest"),
])  # fmt: skip
def test_impossible_links(listening, settings, error, match):
    with pytest.raises(error, match=match):
        listening.link(2, "CC", "CN", **settings)


def test_it_must_have_learned_to_listen():
    generator = MoleculeGenerator(hidden_channels=8, epochs=1).fit(load_nci(30).smiles)
    with pytest.raises(InputError, match="properties="):
        generator.sample(2, condition={"logp": 1.0})
    with pytest.raises(UnknownNameError, match="qed"):
        MoleculeGenerator(("beauty",), hidden_channels=8, epochs=1).fit(load_nci(30).smiles)
    with pytest.raises(InputError, match="same for all"):
        MoleculeGenerator(("rings",), hidden_channels=8, epochs=1).fit(["CC", "CCC", "CCCC"] * 9)


def test_wishes_as_numbers():
    values = measure(map(Chem.MolFromSmiles, ["CCO", "c1ccccc1", "CC(=O)O"]), list(PROPERTIES))
    assert values.shape == (3, len(PROPERTIES))
    conditions = Conditions.of(list(PROPERTIES), values)
    encoded = conditions.encode(values)
    np.testing.assert_allclose(encoded[:, :5].mean(0), 0, atol=1e-6)
    assert (encoded[:, 5:] == 1).all()
    hidden = conditions.hide(np.ones((1000, 5)), np.random.default_rng(0))
    asked = ~np.isnan(hidden)
    assert 0.45 < (~asked).all(axis=1).mean() < 0.6  # nothing is asked of half of them
    assert 0.45 < asked[asked.any(axis=1)].mean() < 0.6
    assert (conditions.ask({}, 2) == 0).all()
