from __future__ import annotations

import pytest

from gnnlab.data.rows import RowsFile
from gnnlab.errors import FileFormatError, InputError


def test_rows_stand_in_the_file_as_soon_as_they_are_there(tmp_path):
    path = tmp_path / "rows.csv"
    rows = RowsFile(path, ("name", "seed"))
    for seed in range(2):
        rows.append({"name": "Ahab", "seed": seed, "value": seed / 3})
        assert len(path.read_text().splitlines()) == 2 + seed
    assert path.read_text() == "name,seed,value\nAhab,0,0\nAhab,1,0.333333\n"


def test_a_file_to_go_on_with(tmp_path):
    path, key = tmp_path / "rows.csv", ("name", "seed")
    assert RowsFile(path, key, resume=True).table().empty
    RowsFile(path, key).append({"name": "Ahab", "seed": 0, "value": 0.25})
    rows = RowsFile(path, key, resume=True)
    assert rows.has("Ahab", 0)
    assert not rows.has("Ahab", 1)
    rows.append({"name": "Ahab", "seed": 1, "value": 0.5})
    assert RowsFile(path, key, resume=True).table()["value"].tolist() == [0.25, 0.5]
    assert not RowsFile(path, key).has("Ahab", 0)  # anew


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"name\nAhab\n", b'a,"b\n'])
def test_files_that_are_no_such_table(tmp_path, content):
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"rows\.csv"):
        RowsFile(path, ("name", "seed"), resume=True)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="folder"):
        RowsFile(tmp_path / "Nantucket" / "rows.csv", ("seed",)).append({"seed": 0})
