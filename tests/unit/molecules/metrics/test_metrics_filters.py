"""The filters against their definition, pattern by pattern; and the tables they come from."""

from __future__ import annotations

import pytest
from rdkit import Chem

from gnnlab.errors import FileFormatError
from gnnlab.molecules import load_nci
from gnnlab.molecules.metrics import filters
from gnnlab.molecules.metrics.filters import build_catalog, passes_filters, read_patterns
from gnnlab.molecules.metrics.profile import Profile

# The last one counts neighbours, hydrogens among them: it needs them drawn.
PATTERNS = (
    *("[#7]=[#7]", "[#6&!H0]=[#8]", "[H]C([H])([#6])[F,Cl,Br,I]", "c:1:c:c:c:c:c:1-[#8]-[#1]"),
    "[#16D2]-[#6X4]",
)


def slow_passes(mol):
    rings = [len(ring) for ring in Chem.GetSSSR(mol)]
    with_hydrogens = Chem.AddHs(mol)
    return not (
        any(size >= 8 for size in rings)
        or any(atom.GetFormalCharge() for atom in mol.GetAtoms())
        or {atom.GetSymbol() for atom in mol.GetAtoms()} - set("CNSOFH") - {"Cl", "Br"}
        or any(with_hydrogens.HasSubstructMatch(Chem.MolFromSmarts(text)) for text in PATTERNS)
    )


def test_molecules_are_held_back_by_the_definition():
    profile = Profile.of(load_nci(100).smiles, PATTERNS)
    expected = [slow_passes(Chem.MolFromSmiles(text)) for text in profile.smiles]
    assert profile.passes.tolist() == expected
    assert 30 < sum(expected) < 95


@pytest.mark.parametrize(
    ("smiles", "passes"),
    [
        ("CC", True),
        ("CC=O", False),  # hydrogen on the carbonyl, which only shows when it is drawn
        ("CC(C)=O", True),
        ("CCCl", False),
        ("CC(C)(C)Cl", True),
        ("C1CCCCCC1", True),
        ("C1CCCCCCC1", False),
        ("[2H]C", True),
        ("C[N+](C)(C)C", False),
        ("C[Si](C)(C)C", False),
        ("CI", False),
        ("Oc1ccccc1", False),
        ("CS", False),
        ("C=S", True),
    ],
)
def test_single_molecules(smiles, passes):
    assert passes_filters(Chem.MolFromSmiles(smiles), build_catalog(PATTERNS)) is passes


def test_tables_are_read_in_their_two_forms(monkeypatch, tmp_path):
    (tmp_path / "moses-mcf").write_text('names,smarts\nMCF1,[#7]=[#7]\nMCF4,"[F,Cl]C"\n')
    (tmp_path / "moses-pains").write_text('"[#6]-[#16]"   ,"<regId=whale(1)>"\n"[O,S]"  ,"x"\n')
    monkeypatch.setattr(filters, "fetch", lambda name: tmp_path / name)
    assert read_patterns() == ("[#7]=[#7]", "[F,Cl]C", "[#6]-[#16]", "[O,S]")


def test_what_is_no_pattern_is_named():
    with pytest.raises(FileFormatError, match=r"pattern 1; found: 'white whale'"):
        build_catalog(("C", "white whale"))
