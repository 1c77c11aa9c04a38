from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, RDConfig

from gnnlab.errors import InputError, MoleculeError, ShapeError, UnknownNameError
from gnnlab.molecules.parse import canonical_smiles, parse_smiles
from gnnlab.molecules.reading import read_molecules
from gnnlab.molecules.scaffolds import group_by_scaffold, murcko_scaffold
from gnnlab.molecules.splits import column_split, random_split, scaffold_split

NCI = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"


def deterministic_split(smiles, seed=0):
    return scaffold_split(smiles, mode="deterministic")


SPLITS = {
    "random": lambda smiles, seed=0: random_split(smiles, seed=seed),
    "balanced": lambda smiles, seed=0: scaffold_split(smiles, seed=seed),
    "deterministic": deterministic_split,
}


@pytest.fixture(scope="module")
def molecules():
    """300 molecules, and 60 of them once more, drawn from another atom on."""
    smiles = [line.split()[0] for line in NCI.read_text().splitlines()[:300]]
    twins = [Chem.MolToSmiles(parse_smiles(text), rootedAtAtom=0) for text in smiles[:60]]
    return read_molecules(smiles + twins)


def keys(molecules, kind):
    if kind == "molecule":
        return np.array(molecules.canonical)
    return np.array([murcko_scaffold(text) for text in molecules.smiles])


@pytest.mark.parametrize("name", SPLITS)
def test_parts_are_disjoint_and_whole(molecules, name):
    split = SPLITS[name](molecules)
    assert np.array_equal(np.sort(np.concatenate(split)), np.arange(360))
    assert all(np.array_equal(part, np.sort(part)) for part in split)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("random", "molecule"),
        ("balanced", "molecule"),
        ("balanced", "scaffold"),
        ("deterministic", "molecule"),
        ("deterministic", "scaffold"),
    ],
)
def test_nothing_is_in_two_parts(molecules, name, kind):
    names = keys(molecules, kind)
    train, validation, test = (set(names[part]) for part in SPLITS[name](molecules, seed=3))
    assert not train & validation
    assert not (train | validation) & test


@pytest.mark.parametrize("name", SPLITS)
@pytest.mark.parametrize("seed", range(4))
def test_sizes_are_close_to_the_fractions(molecules, name, seed):
    sizes = [len(part) for part in SPLITS[name](molecules, seed=seed)]
    assert sizes == pytest.approx([288, 36, 36], abs=2 if name == "random" else 12)


@pytest.mark.parametrize("name", ["random", "balanced"])
def test_the_seed_decides(molecules, name):
    first, again, other = (SPLITS[name](molecules, seed=seed) for seed in (1, 1, 2))
    assert all(map(np.array_equal, first, again))
    assert not np.array_equal(first.test, other.test)


@pytest.mark.parametrize("name", SPLITS)
def test_strings_and_rdkit_molecules_are_split_alike(molecules, name):
    expected = SPLITS[name](molecules)
    assert all(map(np.array_equal, expected, SPLITS[name](molecules.smiles)))
    mols = [parse_smiles(text) for text in molecules.smiles]
    assert all(map(np.array_equal, expected, SPLITS[name](mols)))


def test_random_split_without_twins_meets_the_fractions_to_the_row():
    smiles = ["C" * length for length in range(1, 31)]
    split = random_split(smiles, (0.5, 0.3, 0.2), seed=4)
    assert [len(part) for part in split] == [15, 9, 6]
    assert len(random_split(smiles, (0.9, 0.0, 0.1)).validation) == 0


def chain_on_rings(sizes: list[int]) -> list[str]:
    """For each size as many molecules with one ring, of a scaffold of their own."""
    return [
        "C" * length + "C1" + "C" * (ring + 2) + "1"
        for ring, size in enumerate(sizes)
        for length in range(size)
    ]


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(10)), seed=st.integers(0, 9))
def test_deterministic_split_does_not_depend_on_the_order_of_rows(order, seed):
    smiles = np.array(chain_on_rings([6, 3, 1]))
    expected = [set(smiles[part]) for part in scaffold_split(smiles, (0.6, 0.3, 0.1), MODE)]
    shuffled = smiles[list(order)]
    split = scaffold_split(shuffled, (0.6, 0.3, 0.1), MODE, seed)
    assert [set(shuffled[part]) for part in split] == expected


MODE = "deterministic"


def test_deterministic_split_fills_the_parts_from_the_largest_scaffold():
    smiles = chain_on_rings([1, 2, 1, 5, 1])
    split = scaffold_split(smiles, (0.7, 0.1, 0.2), MODE)
    assert [part.tolist() for part in split] == [[1, 2, 4, 5, 6, 7, 8], [9], [0, 3]]


@pytest.mark.parametrize("seed", range(5))
def test_balanced_split_trains_on_the_big_scaffolds(seed):
    smiles = chain_on_rings([30, 20, 10, *[2] * 20])
    split = scaffold_split(smiles, seed=seed)
    assert set(range(60)) <= set(split.train.tolist())


def test_molecules_without_a_ring_share_a_scaffold():
    groups = group_by_scaffold(["CCO", "C1CC1", "N", "CC1CC1", "[Na+].[Cl-]"])
    assert [rows.tolist() for rows in groups] == [[0, 2, 4], [1, 3]]


def test_scaffolds_forget_stereo_and_side_chains():
    assert murcko_scaffold("C[C@H]1CC[C@@H](F)CC1") == "C1CCCCC1"
    assert murcko_scaffold("CC1CCC(=O)CC1") == "O=C1CCCCC1"


def test_column_split_reads_the_usual_words():
    words = ["Train", "VALID", " test", "training", "val", "dev", "validation"]
    split = column_split(["C" * length for length in range(1, 8)], words)
    assert [part.tolist() for part in split] == [[0, 3], [1, 4, 5, 6], [2]]


def test_column_split_takes_a_column_of_the_table(tmp_path):
    path = tmp_path / "crew.csv"
    path.write_text("smiles,part\nCO,train\nC(,train\nCN,test\n")
    split = column_split(read_molecules(path), "part")
    assert [part.tolist() for part in split] == [[0], [], [1]]


@pytest.mark.parametrize(
    ("column", "error", "message"),
    [
        (["train", "test"], ShapeError, "3 molecules.*2 words"),
        (["train", "harpoon", "test"], InputError, "row 1.*harpoon.*use one of: train"),
        (["train", "test", "test"], InputError, r"two parts.*rows \[0, 2\]"),
        (["test", "test", "test"], InputError, "train part is empty"),
        ("part", InputError, "no such column.*'part'"),
    ],
)
def test_columns_that_cannot_be_used(column, error, message):
    with pytest.raises(error, match=message):
        column_split(["CO", "CC", "OC"], column)


@pytest.mark.parametrize("split", [random_split, scaffold_split])
@pytest.mark.parametrize(
    ("smiles", "fractions", "message"),
    [
        (["C", "CC", "CCC"], (0.8, 0.1, 0.2), "add up to 1"),
        (["C", "CC", "CCC"], (1.2, -0.1, -0.1), "add up to 1"),
        (["C", "CC", "CCC"], (0.5, 0.5), "add up to 1"),
        (["C", "CC", "CCC"], (float("nan"), 0.5, 0.5), "add up to 1"),
        (["C", "CC", "CCC"], (0.0, 0.5, 0.5), "training part needs a share"),
        (["C"], (0.8, 0.1, 0.1), "part is empty"),
        ([], (0.8, 0.1, 0.1), "part is empty"),
        (["C", "CC", "C1CC1"], (0.8, 0.1, 0.1), "part is empty"),
    ],
)
def test_impossible_splits_are_refused(split, smiles, fractions, message):
    with pytest.raises(InputError, match=message):
        split(smiles, fractions)


def test_other_mistakes_are_named():
    with pytest.raises(UnknownNameError, match=r"'fair'.*balanced, deterministic"):
        scaffold_split(["C"], mode="fair")
    with pytest.raises(MoleculeError, match=r"not a string.*row 1"):
        random_split(["C", None])


def test_canonical_strings_are_those_of_the_reader(molecules):
    assert molecules.canonical[300:] == molecules.canonical[:60]
    assert molecules.canonical[0] == canonical_smiles(parse_smiles(molecules.smiles[0]))
