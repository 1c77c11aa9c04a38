"""References are kept on disk, found again to the last digit, and made anew when damaged."""

from __future__ import annotations

import numpy as np
import pytest

from gnnlab.errors import InputError, MoleculeError
from gnnlab.molecules import load_nci
from gnnlab.molecules.metrics import Reference, evaluate, reference

SMILES = load_nci(15).smiles


@pytest.fixture
def count(monkeypatch):
    """The names of all references that were read rather than found."""
    seen = []
    read = reference._read
    monkeypatch.setattr(reference, "_read", lambda *given: seen.append(given[1]) or read(*given))
    return seen


def assert_same(one, other):
    for name, value in vars(one.profile).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, getattr(other.profile, name))
            assert value.dtype == getattr(other.profile, name).dtype
        else:
            assert value == getattr(other.profile, name)
    generated = load_nci(30).smiles[10:]
    scores = [evaluate(generated, part, fcd=False, filters=False) for part in (one, other)]
    assert scores[0] == scores[1]


def test_what_was_kept_is_found(tmp_path, count):
    first = Reference.of(SMILES, fcd=False, cache=tmp_path / "new", name="Pequod")
    again = Reference.of(SMILES, fcd=False, cache=tmp_path / "new")
    assert count == ["Pequod"]
    assert_same(first, again)
    assert repr(again) == "Reference(15 molecules)"
    assert [file.suffix for file in (tmp_path / "new").iterdir()] == [".safetensors"]


def test_with_and_without_properties_are_kept_apart(tmp_path, count):
    for properties in (True, False, True, False):
        reference = Reference.of(SMILES, fcd=False, properties=properties, cache=tmp_path)
        assert (reference.profile.properties is not None) == properties
    assert len(count) == 2


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "foreign"])
def test_a_damaged_file_is_made_anew(tmp_path, count, damage):
    first = Reference.of(SMILES, fcd=False, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    cut = bytes(content[:-9])
    content[-30] ^= 1
    Reference.of(SMILES[:2], fcd=False, cache=tmp_path / "other")
    (other,) = (tmp_path / "other").iterdir()
    contents = {"flip": content, "cut": cut, "empty": b"", "foreign": other.read_bytes()}
    file.write_bytes(contents[damage])
    count.clear()
    assert_same(first, Reference.of(SMILES, fcd=False, cache=tmp_path))
    assert len(count) == 1
    Reference.of(SMILES, fcd=False, cache=tmp_path)
    assert len(count) == 1


def test_other_molecules_and_versions_are_kept_apart(tmp_path, count, monkeypatch):
    Reference.of(["CCO", "CCN"], fcd=False, cache=tmp_path)
    Reference.of(["CCN", "CCO"], fcd=False, cache=tmp_path)
    assert len(count) == 2
    monkeypatch.setattr(reference, "VERSION", reference.VERSION + 1)
    Reference.of(["CCO", "CCN"], fcd=False, cache=tmp_path)
    assert len(count) == 3


def test_a_bad_row_is_named():
    rows = ["CCO", "C1CC", "C", None]
    with pytest.raises(MoleculeError, match=r"not parsable.*Test, row 1, and 1 more.*'C1CC'"):
        Reference.of(rows, fcd=False, name="Test")


@pytest.mark.parametrize("smiles", [[], "CCO", None, 3])
def test_what_is_no_list_of_molecules(smiles):
    with pytest.raises(InputError, match=r"a list of SMILES is needed.*Nautilus"):
        Reference.of(smiles, fcd=False, name="Nautilus")


def test_no_process(tmp_path):
    with pytest.raises(InputError, match="num_workers; found: 0"):
        Reference.of(["C"], fcd=False, num_workers=0)


def test_a_file_in_the_place_of_the_folder(tmp_path, count):
    (tmp_path / "file").write_text("Call me Ishmael.")
    with pytest.raises(InputError, match="folder"):
        Reference.of(SMILES, fcd=False, cache=tmp_path / "file")
    assert not count
