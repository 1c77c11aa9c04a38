"""From molecules to actions, and back again through the ledger."""

import numpy as np
import pytest
from rdkit import Chem, rdBase

from gnnlab.errors import InputError, MoleculeError
from gnnlab.molecules import load_nci
from gnnlab.molecules.generation import (
    PRESETS,
    ActionSpace,
    AtomTypes,
    GrowthGraphs,
    Ledger,
    build_mol,
    from_actions,
    replay,
    to_actions,
    to_mols,
)
from gnnlab.molecules.generation.kekule import flat_smiles, read_kekule

SPACE = ActionSpace(AtomTypes.from_names(PRESETS["all"]))

MOLECULES = {
    "one atom": "C",
    "one charged atom": "[NH4+]",
    "chain": "CCCCCC",
    "branches": "CC(C)(C)C(F)(F)Cl",
    "benzene": "c1ccccc1",
    "pyrrole": "c1cc[nH]c1",
    "fused": "c1ccc2cc3ccccc3cc2c1",
    "angular": "c1ccc2c(c1)ccc1ccccc12",
    "spiro": "C1CCC2(CC1)CO2",
    "bridged": "C1CC2CCC1C2",
    "adamantane": "C1C2CC3CC1CC(C2)C3",
    "cubane": "C12C3C4C1C5C2C3C45",
    "two closures of one atom": "C12CC1C2",
    "bicyclobutadiene": "C1=C2C=C12",
    "macrocycle": "C1CCCCCCCCCCCCCCC1",
    "nitro": "CC[N+](=O)[O-]",
    "azide": "CN=[N+]=[N-]",
    "isonitrile": "C[N+]#[C-]",
    "pyridinium": "C[n+]1ccccc1",
    "pyrylium": "c1cc[o+]cc1",
    "sulfonium": "C[S+](C)C",
    "sulfone": "CS(=O)(=O)C",
    "hypervalent with hydrogen": "C[SH](C)C",
    "phosphate": "COP(=O)(O)O",
    "ylide": "CC=[P+](C)[O-]",
    "borate": "C[B-](C)(C)C",
    "selenophene": "c1cc[se]c1",
    "silane": "C[Si](C)(C)C",
    "cumulene": "C=C=C=C",
    "iodine": "Ic1ccccc1Br",
}


@pytest.mark.parametrize("smiles", MOLECULES.values(), ids=MOLECULES)
def test_every_order_grows_the_molecule(smiles):
    expected = Chem.CanonSmiles(smiles)
    generator = np.random.default_rng(0)
    graphs = GrowthGraphs.of([smiles], SPACE)
    assert graphs.errors == {}
    for actions in (graphs.actions(0), *(graphs.actions(0, generator) for _ in range(20))):
        assert len(actions) == graphs.num_actions[0]
        assert Chem.MolToSmiles(from_actions(SPACE, actions)) == expected


def test_nci_molecules_come_back_through_the_ledger():
    smiles = load_nci(400).smiles
    graphs = GrowthGraphs.of(smiles, SPACE, max_atoms=50)
    assert len(graphs) > 340
    assert sorted([*graphs.rows, *graphs.errors]) == list(range(len(smiles)))
    for seed in range(3):
        generator = np.random.default_rng(seed)
        table = graphs.batch(range(len(graphs)), generator)
        ledger = Ledger(SPACE, len(graphs), max_atoms=50)
        rows = np.arange(len(graphs))
        for actions in table.T:
            growing = actions >= 0
            np.testing.assert_array_equal(ledger.is_done, ~growing)
            assert ledger.legal()[rows[growing], actions[growing]].all()
            ledger.apply(actions)
        assert ledger.is_done.all()
        assert [Chem.MolToSmiles(mol) for mol in to_mols(ledger)] == graphs.smiles
    with rdBase.BlockLogs():
        read = [flat_smiles(Chem.MolFromSmiles(smiles[row])) for row in graphs.rows]
    assert [Chem.CanonSmiles(text) for text in read] == graphs.smiles


REPORTED = {
    "several fragments": ("CC.O", "several fragments"),
    "salt": ("[Na+].[Cl-]", "several fragments"),
    "element": ("C[Hg]C", "outside the table"),
    "charge": ("[O-]Cl(=O)(=O)=O", "outside the table"),
    "dummy": ("*C", "outside the table"),
    "hydrogen molecule": ("[H][H]", "outside the table"),
    "hypervalent iodine": ("CI(=O)=O", "more bonds than the 1"),
    "radical": ("C[CH]C", "a radical"),
    "carbene": ("C[C]C", "a radical"),
    "isotope": ("C[13CH3]", "an isotope"),
    "deuterium": ("[2H]OC", "an isotope"),
    "quadruple bond": ("C$C", "not single, double or triple"),
    "hydrogens that nobody expects": ("C[SH2]C", "hydrogens that RDKit"),
    "large ring": ("C1" + "C" * 41 + "1", "a ring too large"),
    "too many atoms": ("C" * 61, "too large: 61 atoms"),
    "no text": (None, "not a string"),
    "nonsense": ("Ishmael", "not parsable"),
    "empty": ("", "empty"),
    "no atoms": (Chem.Mol(), "no atoms"),
    "query": (Chem.MolFromSmarts("[C,N]"), "query"),
}


@pytest.mark.parametrize(("molecule", "what"), REPORTED.values(), ids=REPORTED)
def test_what_cannot_be_grown_is_reported_with_its_row(molecule, what):
    graphs = GrowthGraphs.of(["CC", molecule, "CO"], SPACE, max_atoms=60)
    assert graphs.smiles == ["CC", "CO"]
    assert graphs.rows.tolist() == [0, 2]
    assert list(graphs.errors) == [1]
    assert what in str(graphs.errors[1])
    assert graphs.errors[1].where.startswith("row 1")


def test_one_molecule_that_cannot_be_grown():
    with pytest.raises(MoleculeError, match=r"^several fragments \(found: C.O\)"):
        to_actions(SPACE, "C.O")


def test_no_molecules():
    graphs = GrowthGraphs.of([], SPACE)
    assert len(graphs) == 0
    assert graphs.batch([]).shape == (0, 0)
    for index in (0, -1):
        with pytest.raises(InputError, match="there are 0 molecules"):
            graphs.actions(index)


def test_stereo_maps_and_drawn_hydrogens_are_dropped():
    drawn = Chem.AddHs(Chem.MolFromSmiles("C[C@H](F)/C=C/[NH2:1]"))
    num_atoms = drawn.GetNumAtoms()
    graphs = GrowthGraphs.of(["C[C@H](F)/C=C/N", drawn, "C[C@@H](F)/C=C\\[NH2:7]"], SPACE)
    assert graphs.smiles == ["CC(F)C=CN"] * 3
    assert graphs.actions(0) == graphs.actions(1) == graphs.actions(2)
    assert drawn.GetNumAtoms() == num_atoms  # left as it was


@pytest.mark.parametrize("smiles", ["CC=O", "C1CO1", "Cc1ccco1", "CN=[N+]=[N-]", "C1=C(C)C1"])
def test_the_order_of_the_input_does_not_matter(smiles):
    mol = Chem.MolFromSmiles(smiles)
    generator = np.random.default_rng(0)
    shuffled = [
        Chem.RenumberAtoms(mol, generator.permutation(mol.GetNumAtoms()).tolist()) for _ in range(4)
    ]
    graphs = GrowthGraphs.of([mol, *shuffled], SPACE)
    reached = [{tuple(graphs.actions(row, generator)) for _ in range(400)} for row in range(5)]
    assert all(actions == reached[0] for actions in reached[1:])
    assert len({tuple(graphs.actions(row)) for row in range(5)}) == 1


def test_all_neighbours_are_equally_likely():
    graphs = GrowthGraphs.of(["FC(Cl)Br"], SPACE)
    generator = np.random.default_rng(0)
    drawn = [tuple(graphs.actions(0, generator)) for _ in range(4000)]
    counts = {actions: drawn.count(actions) for actions in set(drawn)}
    # The carbon first: 1/4 * 1/6 for each of 6 orders; a halogen first: 1/4 * 1/2 for each of 2.
    assert len(counts) == 6 + 3 * 2
    for actions, count in counts.items():
        probability = 1 / 24 if actions[0] == SPACE.types.index("C") else 1 / 8
        assert abs(count / 4000 - probability) < 5 * (probability / 4000) ** 0.5


def test_equal_seeds_give_equal_orders():
    graphs = GrowthGraphs.of(list(MOLECULES.values()), SPACE)
    first, second = (graphs.batch(range(len(graphs)), np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (first != graphs.batch(range(len(graphs)), np.random.default_rng(4))).any()


def test_canonical_rows_take_no_draws():
    graphs = GrowthGraphs.of(list(MOLECULES.values()), SPACE)
    is_canonical = np.arange(len(graphs)) % 3 == 0
    mixed = graphs.batch(range(len(graphs)), np.random.default_rng(3), is_canonical)
    rest = np.flatnonzero(~is_canonical)
    drawn = graphs.batch(rest, np.random.default_rng(3))
    np.testing.assert_array_equal(mixed[rest][:, : drawn.shape[1]], drawn)
    fixed = graphs.batch(range(len(graphs)))
    np.testing.assert_array_equal(mixed[is_canonical], fixed[is_canonical])


def test_orders_with_long_closures_are_passed_over():
    # Naphthalene: its outer ring has ten atoms, its two rings six.
    space = ActionSpace(SPACE.types, max_distance=6)
    smiles = "c1ccc2ccccc2c1"
    graphs, generator = GrowthGraphs.of([smiles], space), np.random.default_rng(0)
    for _ in range(50):
        actions = np.array(graphs.actions(0, generator))
        assert space.distance[actions].max() <= 6
        assert Chem.MolToSmiles(from_actions(space, actions.tolist())) == smiles
    free = GrowthGraphs.of([smiles], SPACE)
    walks = [free.actions(0, generator) for _ in range(50)]
    assert max(SPACE.distance[actions].max() for actions in walks) == 9
    assert GrowthGraphs.of([smiles], ActionSpace(SPACE.types, max_distance=4)).errors


def test_kekule_graphs_do_not_depend_on_how_they_were_written():
    for text in ("Cc1ccccc1F", "FC1=C(C)C=CC=C1", "FC=1C(C)=CC=CC1"):
        graph = read_kekule(text, SPACE.types)
        assert graph == read_kekule("Cc1ccccc1F", SPACE.types)
        assert Chem.MolToSmiles(build_mol(SPACE.types, *graph[1:])) == "Cc1ccccc1F"


def test_replay_of_prefixes_is_a_valid_molecule_at_every_step():
    actions = to_actions(SPACE, "O=C(c1ccccc1)N1CCC2(CC1)OCCO2", np.random.default_rng(0))
    for end in range(1, len(actions) + 1):
        (mol,) = to_mols(replay(SPACE, [actions[:end]], max_atoms=30))
        assert Chem.MolFromSmiles(Chem.MolToSmiles(mol)) is not None
