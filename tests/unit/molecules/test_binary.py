"""Reading many molecules at once gives what RDKit says atom by atom."""

from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem, RDConfig, rdBase

from gnnlab.molecules import binary
from gnnlab.molecules.records import ATOM_FIELDS, BOND_FIELDS, Records, read_molecule

FOREIGN = ["*C", "[CH3:1]O", "C~C", "C[Pt@SP1](F)(Cl)Br", "C" * 300]
ODD = [
    *["[U+6]", "C", "[2H]O", "[999C]", "[W-4]", "[CH]", "F/C=C/F", "C/C(F)=C(/Cl)O", "CC->[Fe]"],
    *["C12C3C4C1C5C2C3C45", "C[C@H]1CC[C@@H](O)CC1", "O=[N+]([O-])c1cc(/C=N/O)[nH]c1", "C" * 255],
    *["C1CCCCCCCCCCCCCCCCCCCCCCCCCCCCCC1", "C1CC1.C1CC1.[Na+]"],
]


def nci(step):
    path = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"
    return [line.split()[0] for line in path.read_text().splitlines()[::step]]


def parse(lines):
    with rdBase.BlockLogs():
        mols = [(Chem.MolFromSmiles(line), line) for line in lines]
    return [(mol, line) for mol, line in mols if mol is not None]


def assert_same(found, expected):
    np.testing.assert_array_equal(found.num_atoms, expected.num_atoms)
    np.testing.assert_array_equal(found.num_bonds, expected.num_bonds)
    for name in ATOM_FIELDS:
        np.testing.assert_array_equal(found.atoms[name], expected.atoms[name], err_msg=name)
    for name in BOND_FIELDS:
        np.testing.assert_array_equal(found.bonds[name], expected.bonds[name], err_msg=name)
    assert set(found.atoms) == set(ATOM_FIELDS)
    assert set(found.bonds) == set(BOND_FIELDS)


@pytest.mark.parametrize("lines", [ODD, nci(step=10)], ids=["odd", "nci"])
def test_it_reads_what_rdkit_says_atom_by_atom(lines):
    pairs = parse(lines)
    found, understood = binary.read([binary.write(*pair) for pair in pairs])
    slow = [
        read_molecule(mol) for (mol, _), is_good in zip(pairs, understood, strict=True) if is_good
    ]
    assert_same(found, Records.join(slow))
    # A new version of RDKit's form would be left to the slow way, and this test would tell.
    assert understood.mean() > 0.95


@pytest.mark.parametrize("foreign", FOREIGN)
def test_what_it_does_not_know_is_left_out_and_spoils_nothing(foreign):
    pairs = parse(["CCO", foreign, "c1ccccc1", foreign])
    found, understood = binary.read([binary.write(*pair) for pair in pairs])
    assert understood.tolist() == [True, False, True, False]
    assert_same(found, Records.join([read_molecule(pairs[0][0]), read_molecule(pairs[2][0])]))


def test_stereo_that_it_does_not_know_is_left_out():
    double, single = (Chem.MolFromSmiles(smiles) for smiles in ("CC=CC", "CC-CC"))
    double.GetBondWithIdx(1).SetStereo(Chem.BondStereo.STEREOE)  # no neighbours beside it
    single.GetBondWithIdx(1).SetStereo(Chem.BondStereo.STEREOATROPCW)
    _, understood = binary.read([binary.write(mol, "") for mol in (double, single)])
    assert not understood.any()


def test_bytes_that_are_no_molecules_are_left_out():
    blob, _ = binary.write(Chem.MolFromSmiles("C[C@H](F)/C=C/C1CC1"), "")
    generator = np.random.default_rng(0)
    other_version = blob[:12] + b"\x05" + blob[13:]
    bad = [blob[:40], b"x" * 50, bytes(64), other_version, blob + b"\x16"]
    bad += [generator.bytes(int(size)) for size in generator.integers(30, 400, 200)]
    records, understood = binary.decode([blob, *bad, blob])
    assert understood.tolist() == [True, *[False] * len(bad), True]
    assert records.num_atoms.tolist() == [8, 8]


def test_no_molecules_are_no_records():
    records, understood = binary.read([])
    assert len(records.num_atoms) == len(understood) == 0
