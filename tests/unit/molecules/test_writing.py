from __future__ import annotations

import pytest

from gnnlab.errors import InputError, MoleculeError, ShapeError
from gnnlab.molecules import canonical_smiles, parse_smiles, read_molecules
from gnnlab.molecules.writing import write_molecules

SMILES = ["CCO", "c1ccccc1", "C[C@H](N)C(=O)O"]


@pytest.mark.parametrize("ending", [".smi", ".csv", ".sdf", ".SDF"])
def test_what_was_written_can_be_read(tmp_path, ending):
    path = write_molecules(tmp_path / f"molecules{ending}", SMILES)
    found = read_molecules(path).smiles
    assert [canonical_smiles(parse_smiles(s)) for s in found] == [
        canonical_smiles(parse_smiles(s)) for s in SMILES
    ]


def test_columns_go_along(tmp_path):
    columns = {"y": [1.5, 2.5, -3.0]}
    for ending in (".csv", ".sdf"):
        path = write_molecules(tmp_path / f"molecules{ending}", SMILES, columns)
        found = read_molecules(path, target_columns="y", smiles_column="smiles")
        assert found.targets[:, 0].tolist() == columns["y"]


@pytest.mark.parametrize(("name", "smiles", "columns", "error", "match"), [
    ("m.xyz", SMILES, None, InputError, "smi"),
    ("m.smi", SMILES, {"y": [1, 2, 3]}, InputError, "no room"),
    ("m.csv", SMILES, {"y": [1]}, ShapeError, "3 molecules"),
    ("m.sdf", ["Nemo"], None, MoleculeError, "whitespace|parsable"),
    ("missing/m.smi", SMILES, None, InputError, "folder"),
])  # fmt: skip
def test_mistakes(tmp_path, name, smiles, columns, error, match):
    with pytest.raises(error, match=match):
        write_molecules(tmp_path / name, smiles, columns)
    assert not list(tmp_path.iterdir())
