"""The parts of MOSES, in all forms in which their files come."""

from __future__ import annotations

import gzip

import pytest

from gnnlab.data import registry
from gnnlab.errors import FileFormatError, UnknownNameError
from gnnlab.molecules import moses
from gnnlab.molecules.moses import MOSES_PARTS, load_moses


@pytest.mark.parametrize("part", MOSES_PARTS)
def test_every_part_is_in_the_registry(part):
    assert MOSES_PARTS[part] in registry()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("content", [b"SMILES\nCCO\nCCN\n", b"CCO\r\nCCN"])
def test_header_and_packing_make_no_difference(monkeypatch, tmp_path, pack, content):
    # The origin of two parts is packed, and is kept under a name that does not say so.
    (tmp_path / "moses-test").write_bytes(pack(content))
    monkeypatch.setattr(moses, "fetch", lambda name: tmp_path / name)
    assert load_moses("test") == ["CCO", "CCN"]


def test_unknown_part():
    with pytest.raises(UnknownNameError, match=r"'valid'.*train_90k, test, test_scaffolds"):
        load_moses("valid")


def test_what_is_no_text_is_refused(monkeypatch, tmp_path):
    (tmp_path / "moses-test").write_bytes(b"CC\xff")
    monkeypatch.setattr(moses, "fetch", lambda name: tmp_path / name)
    with pytest.raises(FileFormatError, match="MOSES test, byte 2"):
        load_moses("test")
