"""SMILES and molecules to graphs, and back without loss."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, RDConfig, rdBase

from gnnlab.errors import MoleculeError, ShapeError
from gnnlab.molecules.features import ATOM_COLUMNS, BOND_COLUMNS, NODE_RECORD
from gnnlab.molecules.graph import from_mol, from_smiles, to_mol, to_smiles

SPECIAL = {
    "salt": "[Na+].[O-]C(=O)c1ccccc1",
    "charges": "C[N+](C)(C)CC([O-])=O",
    "isotopes": "[2H]C([13CH3])[18OH]",
    "radical": "C[CH]C",
    "carbene": "[CH2]",
    "no hydrogens": "[C]",
    "explicit hydrogen": "[H]O[H]",
    "hydrogen molecule": "[H][H]",
    "proton": "[H+]",
    "dative": "CN(C)(C)->[Fe+2]",
    "metal": "[Cl-].[Cl-].N[Pt+2]N",
    "uranium": "[U+6]",
    "charge beyond the table": "[W+8]",
    "degree beyond the table": "[Fe](C)(C)(C)(C)(C)(C)(C)(C)(C)(C)(C)C",
    "square planar": "C[Pt@SP1](F)(Cl)Br",
    "octahedral": "C[Co@OH12](F)(Cl)(Br)(I)S",
    "quadruple": "[Re-]$[Re-]",
    "dummy": "*c1ccc(*)cc1",
    "numbered dummy": "[1*]C[2*]",
    "atom map": "[CH3:7][OH:1]",
    "large atom map": "[CH3:300]O",
    "pyrrole": "c1cc[nH]c1",
    "aromatic charge": "C[n+]1ccccc1",
    "fulvene, aromatic and not": "c1ccc2c(c1)C=CC2=C",
    "selenium": "c1cc[se]c1",
    "tetrahedral": "N[C@@H](C)C(=O)O",
    "sulfoxide": "C[S@](=O)CC",
    "phosphorus": "C[P@@](=O)(O)CC",
    "quaternary nitrogen": "C[N@+](CC)(CCC)CCCC",
    "cis on a ring": "C[C@H]1CC[C@@H](O)CC1",
    "trans on a ring": "C[C@H]1CC[C@H](O)CC1",
    "spiro": "C[C@H]1CC[C@]2(CC1)CO2",
    "adamantane": "NC12C[C@H]3C[C@@H](C1)C[C@@H](C2)C3",
    "E": "C/C=C/F",
    "Z": "C/C=C\\F",
    "imine": "C/C(N)=N/O",
    "polyene": "CC(/C=C/C=C(/C)F)=C\\C(=O)O",
    "cumulene": "CC=C=CC",
    "stereo depends on stereo": "C/C=C/[C@H](O)/C=C\\C",
    "allene salt": "Cl.O=C(O)/C=C/c1ccc(C)s1",
    "one atom": "C",
}
GETTERS = [
    *["GetAtomicNum", "GetFormalCharge", "GetIsotope", "GetAtomMapNum", "GetNumExplicitHs"],
    *["GetNoImplicit", "GetTotalNumHs", "GetNumRadicalElectrons", "GetIsAromatic"],
    *["GetHybridization", "IsInRing"],
]


def nci(step):
    """Every so many-th molecule of RDKit's embedded NCI file that RDKit can read."""
    path = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"
    with rdBase.BlockLogs():
        mols = (
            Chem.MolFromSmiles(line.split()[0]) for line in path.read_text().splitlines()[::step]
        )
        return [mol for mol in mols if mol is not None]


def biaryl(stereo):
    mol = Chem.MolFromSmiles("Cc1cccc(I)c1-n1c(C)ccc1Br")
    mol.GetBondBetweenAtoms(7, 8).SetStereo(stereo)
    return mol


def rows(tensor):
    return sorted(map(tuple, tensor.tolist()))


@pytest.mark.parametrize("smiles", SPECIAL.values(), ids=SPECIAL)
def test_the_way_back_is_exact(smiles):
    mol = Chem.MolFromSmiles(smiles)
    back = to_mol(from_smiles(smiles))
    assert Chem.MolToSmiles(back) == Chem.MolToSmiles(mol)
    for a, b in zip(mol.GetAtoms(), back.GetAtoms(), strict=True):
        for getter in GETTERS:
            assert getattr(a, getter)() == getattr(b, getter)(), getter
    for a, b in zip(mol.GetBonds(), back.GetBonds(), strict=True):
        assert a.GetBondType() == b.GetBondType()
        assert a.GetStereo() == b.GetStereo()
        assert (a.GetBeginAtomIdx(), a.GetEndAtomIdx()) == (b.GetBeginAtomIdx(), b.GetEndAtomIdx())


def test_the_way_back_is_exact_for_nci():
    for mol in nci(step=10):
        data = from_mol(mol)
        assert to_smiles(data) == data.smiles


@pytest.mark.parametrize(
    "smiles",
    [
        r"O=C(Nc1cccc(C(CCN2CCCC2)N/C2=N/C=N\C=C\CC/C=C/2)c1)C1=C(F)C=CCC1F",
        "C1C[N+]23CCC[N+]4(C1)CC[S-]1[Fe+2]24([SH+]CC3)[S-]2CC[N+]34CCC[N+]5(CCC3)CC[SH+][Fe+2]1254",
    ],
    ids=["contradicting bonds", "iron and sulphur"],
)
def test_what_rdkit_itself_does_not_bring_back_is_exact_once_it_is_read(smiles):
    """The only two of 1.5 million rows that a graph does not bring back as they were."""
    with rdBase.BlockLogs():
        first = Chem.MolToSmiles(Chem.MolFromSmiles(smiles))
        again = Chem.MolToSmiles(Chem.MolFromSmiles(first))
        assert first != again
        assert to_smiles(from_smiles(first)) == again


@pytest.mark.parametrize("smiles", SPECIAL.values(), ids=SPECIAL)
def test_the_molecule_comes_back_sanitised_and_as_the_same_graph(smiles):
    data = from_smiles(smiles)
    again = from_mol(to_mol(data))
    for name in ("x", "edge_index", "edge_attr", "node_record", "edge_record"):
        assert torch.equal(data[name], again[name]), name


@pytest.mark.parametrize("smiles", SPECIAL.values(), ids=SPECIAL)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(1, 10_000))
def test_features_do_not_depend_on_the_order_of_the_atoms(smiles, seed):
    mol = Chem.MolFromSmiles(smiles)
    shuffled = Chem.MolToRandomSmilesVect(mol, 1, randomSeed=seed)[0]
    one, other = from_smiles(Chem.MolToSmiles(mol)), from_smiles(shuffled)
    assert rows(one.x) == rows(other.x)
    assert rows(one.edge_attr) == rows(other.edge_attr)
    assert to_smiles(one) == to_smiles(other)


def test_renumbering_the_atoms_permutes_the_rows():
    generator = torch.Generator().manual_seed(0)
    for mol in [Chem.MolFromSmiles(smiles) for smiles in SPECIAL.values()] + nci(step=50):
        data = from_mol(mol)
        order = torch.randperm(data.num_nodes, generator=generator)
        other = from_mol(Chem.RenumberAtoms(mol, order.tolist()))
        assert torch.equal(other.x, data.x[order])
        links = torch.cat([order[other.edge_index].T, other.edge_attr], 1)
        assert rows(links) == rows(torch.cat([data.edge_index.T, data.edge_attr], 1))


def test_mirror_images_and_isomers_differ_in_their_features():
    pairs = [("N[C@@H](C)O", "N[C@H](C)O"), ("C/C=C/F", "C/C=C\\F")]
    pairs += [(SPECIAL["cis on a ring"], SPECIAL["trans on a ring"])]
    for one, other in map(lambda pair: map(from_smiles, pair), pairs):  # noqa: C417
        assert (rows(one.x), rows(one.edge_attr)) != (rows(other.x), rows(other.edge_attr))


def test_edges_stand_in_pairs_and_atoms_in_order():
    data = from_smiles("OC(=O)C[Cl:3]")
    assert data.x[:, 0].tolist() == [8, 6, 8, 6, 17]
    edge = torch.arange(data.num_edges)
    assert torch.equal(data.edge_index[:, edge ^ 1], data.edge_index.flip(0))
    assert torch.equal(data.edge_attr[edge ^ 1], data.edge_attr)
    assert data.node_record[4, NODE_RECORD.index("atom_map")] == 3
    assert data.validate()


def test_shapes_of_a_molecule_without_bonds():
    data = from_smiles("[Na+]")
    assert data.x.shape == (1, len(ATOM_COLUMNS))
    assert data.edge_index.shape == (2, 0)
    assert data.edge_attr.shape == (0, len(BOND_COLUMNS))
    assert to_smiles(data) == "[Na+]"


@pytest.mark.parametrize("as_kekule", [False, True])
def test_molecules_that_are_not_prepared_are_prepared_in_a_copy(as_kekule):
    smiles = "Cc1ccc(/C=C/[C@H](N)O)cc1"
    mol = Chem.MolFromSmiles(smiles, sanitize=as_kekule)
    if as_kekule:
        Chem.Kekulize(mol)
    before = mol.ToBinary()
    data = from_mol(mol)
    assert mol.ToBinary() == before
    assert torch.equal(data.x, from_smiles(smiles).x)
    assert to_smiles(data) == Chem.CanonSmiles(smiles)


def test_a_molecule_with_hydrogens_as_atoms_keeps_them():
    mol = Chem.AddHs(Chem.MolFromSmiles("C[C@H](O)/C=C/F"))
    data = from_mol(mol)
    assert data.num_nodes == mol.GetNumAtoms()
    assert to_smiles(data) == Chem.MolToSmiles(mol)


@pytest.mark.parametrize(
    ("mol", "reason"),
    [
        ("CCO", "not a molecule"),
        (Chem.Mol(), "no atoms"),
        (Chem.MolFromSmarts("[C,N]~O"), "query"),
        (Chem.MolFromSmiles("C~C"), "query"),
        (Chem.MolFromSmiles("C[C@H](O)F |&1:1|"), "stereo groups"),
        (Chem.MolFromSmiles("CN(C)(C)(C)C", sanitize=False), "cannot be sanitised"),
        (Chem.MolFromSmiles("c1cccc1", sanitize=False), "cannot be sanitised"),
        (Chem.MolFromSmiles("C" * 1001), "too large: 1001 atoms"),
        (biaryl(Chem.BondStereo.STEREOATROPCW), "atropisomer"),
    ],
)
def test_what_a_graph_cannot_hold_is_refused(mol, reason, capfd):
    with pytest.raises(MoleculeError, match=reason):
        from_mol(mol)
    assert capfd.readouterr() == ("", "")


def test_a_graph_that_is_no_molecule_is_refused(capfd):
    data = from_smiles("CC")
    data.edge_attr[:, 0] = 4  # a quadruple bond
    data.node_record[:, NODE_RECORD.index("num_explicit_hs")] = 3
    with pytest.raises(MoleculeError, match="cannot be sanitised"):
        to_mol(data)
    assert capfd.readouterr() == ("", "")


def test_a_graph_whose_parts_do_not_fit_is_refused():
    data = from_smiles("CC")
    del data.node_record
    with pytest.raises(MoleculeError, match="no node_record"):
        to_mol(data)
    data = from_smiles("CCO")
    data.edge_index = data.edge_index[:, [0, 2, 1, 3]]
    with pytest.raises(ShapeError, match="reverse"):
        to_mol(data)
    data = from_smiles("CCO")
    data.x = data.x[:2]
    with pytest.raises(ShapeError, match="node_record"):
        to_mol(data)


def test_smiles_are_kept_as_given():
    assert from_smiles("OCC").smiles == "OCC"
    assert from_mol(Chem.MolFromSmiles("OCC")).smiles == "CCO"
    with pytest.raises(MoleculeError):
        from_smiles("not a molecule")
