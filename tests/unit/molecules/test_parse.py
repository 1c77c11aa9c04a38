from __future__ import annotations

import itertools
import random
import time
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem, RDConfig, RDLogger

from gnnlab.errors import InputError, MoleculeError
from gnnlab.molecules.parse import canonical_smiles, parse_smiles

NCI = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"


def complete_graph(size: int) -> str:
    """The SMILES of ``size`` dummy atoms that are all bound to each other."""
    atoms = ["*"] * size
    pairs = [pair for pair in itertools.combinations(range(size), 2) if pair[1] > pair[0] + 1]
    for number, pair in enumerate(pairs):
        for atom in pair:
            atoms[atom] += f"%({number})"
    return "".join(atoms)


@pytest.mark.parametrize(
    ("smiles", "atoms"),
    [
        ("CCO", 3),
        ("  CCO\n", 3),
        ("[Na+].[Cl-]", 2),
        ("[Cu+2]", 1),
        ("[H][H]", 2),
        ("[2H]O[2H]", 3),
        ("[CH3:1][OH:2]", 2),
        ("C" * 1000, 1000),
        (np.str_("N"), 1),
    ],
)
def test_molecules_are_parsed(smiles, atoms):
    assert parse_smiles(smiles).GetNumAtoms() == atoms


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        (None, "not a string"),
        (float("nan"), "not a string"),
        (3, "not a string"),
        (b"CCO", "not a string"),
        (["CCO"], "not a string"),
        ("", "empty"),
        (" \t\n", "empty"),
        ("CCO ethanol", "whitespace inside"),
        ("CC\tO", "whitespace inside"),
        ("CC\nO", "whitespace inside"),
        ("CC\u00a0O", "whitespace inside"),
        ("CCO |^1:1|", "CXSMILES extension"),
        ("C\x00C", "control character: character 2 is '\\x00'"),
        ("\ufeffCC", "control character: character 1 is '\\ufeff'"),
        ("C\ud800", "control character: character 2 is '\\ud800'"),
        ("CO\u20ac", "not ASCII: character 3 is '\\u20ac'"),
        ("C" * 1001, "too large: 1001 atoms, at most 1000 allowed"),
        ("C" * 100_000, "too large: 100000 characters"),
        (complete_graph(50), "too large: 1225 bonds between 50 atoms"),
        ("C(C", "not parsable: extra open parentheses near character 2"),
        ("C1CC", "not parsable: unclosed ring"),
        ("[Xx]", "not parsable: syntax error near character 2"),
        ("C[", "not parsable: syntax error near character 2"),
        ("Cl" * 900 + "(", "not parsable: syntax error near character 1801"),
        ("CC>>CO", "not parsable: syntax error near character 3"),
        ("[#999]", "not parsable: Atomic number not found"),
        ("cC", "not parsable: non-ring atom 0 marked aromatic"),
        ("c1cccc1", "not parsable: Can't kekulize mol.  Unkekulized atoms: 0 1 2 3 4"),
        (
            "CN(C)(C)C",
            "not parsable: Explicit valence for atom # 1 N, 4, is greater than permitted",
        ),
    ],
)
def test_the_reason_is_told(smiles, reason):
    start = time.perf_counter()
    with pytest.raises(MoleculeError) as caught:
        parse_smiles(smiles)
    assert time.perf_counter() - start < 1
    assert caught.value.what == reason
    assert caught.value.value.rstrip(".") in repr(smiles)
    assert len(caught.value.value) <= 64


def test_the_limit_can_be_moved():
    assert parse_smiles("C" * 3000, max_atoms=3000).GetNumAtoms() == 3000
    assert parse_smiles("[CH3:1][CH3:2]", max_atoms=2).GetNumAtoms() == 2
    with pytest.raises(MoleculeError, match="too large: 3 atoms, at most 2 allowed"):
        parse_smiles("CCO", max_atoms=2)
    with pytest.raises(InputError, match="at most 10000 are safe"):
        parse_smiles("CCO", max_atoms=20_000)


def test_rdkit_stays_silent(capfd):
    assert parse_smiles("[H]C[H].[H]").GetNumAtoms() == 2
    for smiles in ("C(C", "CN(C)(C)C", "c1cccc1", "[#999]"):
        with pytest.raises(MoleculeError):
            parse_smiles(smiles)
    assert capfd.readouterr() == ("", "")


def test_rdkit_speaks_again_afterwards(capfd):
    RDLogger.EnableLog("rdApp.error")  # PyG's from_smiles switches it off for good
    with pytest.raises(MoleculeError):
        parse_smiles("C(C")
    Chem.MolFromSmiles("C1CC")
    assert "unclosed ring" in capfd.readouterr().err


@pytest.mark.parametrize(
    "strings",
    [
        ("CC(C)O", "[CH3:1][C@H]([CH3:2])O"),
        ("CCO", "OCC", "C(O)C", "[CH3:4][CH2:1][OH:9]"),
        ("c1ccccc1", "C1=CC=CC=C1"),
    ],
)
def test_one_molecule_has_one_canonical_string(strings):
    assert len({canonical_smiles(parse_smiles(text)) for text in strings}) == 1


def test_stereo_tells_canonical_strings_apart():
    hands = {canonical_smiles(parse_smiles(text)) for text in ("C[C@H](N)O", "C[C@@H](N)O")}
    assert len(hands) == 2


def test_canonical_smiles_leaves_the_molecule_as_it_is():
    mol = parse_smiles("[CH3:4]O")
    canonical_smiles(mol)
    assert mol.GetAtomWithIdx(0).GetAtomMapNum() == 4


def test_canonical_smiles_does_not_overflow_the_stack_of_rdkit():
    with pytest.raises(MoleculeError, match="too large: 20000 atoms"):
        canonical_smiles(Chem.MolFromSmiles("C" * 20_000))


def mutate(text: str, generator: random.Random) -> str:
    """Deletes, inserts, doubles or exchanges a few characters."""
    characters = list(text)
    for _ in range(generator.randint(1, 3)):
        place = generator.randrange(len(characters))
        other = generator.randrange(len(characters))
        kind = generator.randrange(4)
        if kind == 0 and len(characters) > 1:
            del characters[place]
        elif kind == 1:
            characters.insert(place, generator.choice("()[]=#@+-/\\%0129CNOcnosHl.:*~$ \x00é"))
        elif kind == 2:
            characters[place:place] = characters[place:other]
        else:
            characters[place], characters[other] = characters[other], characters[place]
    return "".join(characters)


def test_ten_thousand_mutated_strings_are_molecules_or_typed_errors():
    smiles = [line.split()[0] for line in NCI.read_text().splitlines()]
    generator = random.Random(5)  # noqa: S311
    parsed, reasons = 0, set()
    for number in range(10_000):
        try:
            mol = parse_smiles(mutate(smiles[number % len(smiles)], generator))
        except MoleculeError as error:
            reasons.add(error.what.split(":")[0])
        else:
            parsed += 1
            assert mol.GetNumAtoms() > 0
    assert 500 < parsed < 9500
    assert {"not parsable", "control character", "not ASCII", "whitespace inside"} <= reasons
