from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gnnlab.data import write_file
from gnnlab.errors import InputError


def test_replaces_the_old_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "note"
    write_file(path, b"old")
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_has_the_usual_permissions(tmp_path):
    write_file(tmp_path / "ours", b"")
    (tmp_path / "usual").write_bytes(b"")
    ours, usual = (stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours", "usual"))
    assert ours == usual


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_a_failure_anywhere_keeps_the_old_file(tmp_path, monkeypatch, failing):
    path = tmp_path / "note"
    write_file(path, b"old")

    def fail(*args, **kwargs):
        raise OSError("no space left on device")

    if failing == "write":
        content = None  # no bytes, so that file.write itself raises
    else:
        content = b"new"
        monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[failing], fail)
    with pytest.raises((OSError, TypeError)):
        write_file(path, content)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_not_overwritten(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder stands"):
        write_file(tmp_path / "folder", b"")
    with pytest.raises(InputError, match="does not exist"):
        write_file(tmp_path / "nowhere" / "file", b"")
