"""Featurised molecules are found again, and a damaged file is not trusted."""

import numpy as np
import pytest
from rdkit import Chem

from gnnlab.errors import InputError
from gnnlab.molecules import cache as module
from gnnlab.molecules import featurize
from gnnlab.molecules.cache import key_of
from gnnlab.molecules.graphs import MoleculeGraphs

ROWS = ["CCO", "no molecule", "[2H]C", None, "c1ccccc1"]


@pytest.fixture
def count(monkeypatch):
    """How many rows were read rather than found."""
    seen = []
    read = featurize._read_row
    monkeypatch.setattr(featurize, "_read_row", lambda row: seen.append(row) or read(row))
    return seen


def assert_same(one, other):
    for name, array in one.arrays().items():
        np.testing.assert_array_equal(array, getattr(other, name), err_msg=name)
        assert array.dtype == getattr(other, name).dtype
    assert {row: str(e) for row, e in one.errors.items()} == {
        row: str(e) for row, e in other.errors.items()
    }


def test_what_was_kept_is_found(tmp_path, count):
    first = MoleculeGraphs.of(ROWS, cache=tmp_path / "new")
    read = len(count)
    again = MoleculeGraphs.of(ROWS, cache=tmp_path / "new")
    assert len(count) == read > 0
    assert_same(first, again)
    assert_same(MoleculeGraphs.of(ROWS), again)
    assert [file.suffix for file in (tmp_path / "new").iterdir()] == [".safetensors"]


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "foreign"])
def test_a_damaged_file_is_built_again(tmp_path, count, damage):
    first = MoleculeGraphs.of(ROWS, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[-30] ^= 1
    cut = bytes(content[:-9])
    other = MoleculeGraphs.of(["C"], cache=tmp_path / "other") and (tmp_path / "other").iterdir()
    file.write_bytes(
        {"flip": content, "cut": cut, "empty": b"", "foreign": next(other).read_bytes()}[damage]
    )
    count.clear()
    assert_same(first, MoleculeGraphs.of(ROWS, cache=tmp_path))
    assert count
    count.clear()
    assert_same(first, MoleculeGraphs.of(ROWS, cache=tmp_path))
    assert not count


def test_a_file_in_the_place_of_the_folder_is_refused_before_the_work(tmp_path, count):
    (tmp_path / "file").write_text("Call me Ishmael.")
    with pytest.raises(InputError, match="folder"):
        MoleculeGraphs.of(ROWS, cache=tmp_path / "file")
    assert not count


def test_the_key_is_the_content(monkeypatch):
    mol = Chem.MolFromSmiles("CO")
    rows = [["CO"], ["C", "O"], ["OC"], [mol], [Chem.MolFromSmiles("OC")], [None], ["None"], []]
    keys = [key_of(row) for row in rows]
    assert len(set(keys)) == len(keys)
    assert key_of(["CO"]) == keys[0]
    monkeypatch.setattr(module, "VERSION", module.VERSION + 1)
    assert key_of(["CO"]) != keys[0]
    monkeypatch.undo()
    monkeypatch.setattr(module.rdBase, "rdkitVersion", "0")
    assert key_of(["CO"]) != keys[0]
