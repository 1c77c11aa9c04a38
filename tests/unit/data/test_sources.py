from __future__ import annotations

import hashlib
import re

import pytest

from gnnlab.data import fetch, registry
from gnnlab.data.sources import Entry, hash_of
from gnnlab.errors import DownloadError, FileFormatError, UnknownNameError

CONTENT = b"Once upon a time"
ENTRY = Entry(
    "tale",
    "text/tale.txt",
    "https://example.org/tale.txt",
    hashlib.sha256(CONTENT).hexdigest(),
    len(CONTENT),
    "",
    "",
)


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    (tmp_path / "text").mkdir()
    monkeypatch.setenv("GNNLAB_DATA", str(tmp_path))
    monkeypatch.setattr("gnnlab.data.sources.registry", lambda: {"tale": ENTRY})
    return tmp_path / "text" / "tale.txt"


def test_every_entry_is_complete():
    for name, entry in registry().items():
        assert name == entry.name
        assert re.fullmatch(r"https://\S+", entry.url)
        assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
        assert entry.bytes > 0
        assert entry.licence
        assert entry.cite


def test_a_mirror_is_looked_at_first(mirror):
    mirror.write_bytes(CONTENT)
    assert fetch("tale") == mirror
    assert hash_of(mirror) == ENTRY.sha256


def test_another_file_under_the_name_is_refused(mirror):
    mirror.write_bytes(CONTENT + b".")
    with pytest.raises(FileFormatError, match=r"text/tale\.txt.*https://example\.org"):
        fetch("tale")


def test_what_is_not_there_is_downloaded_and_checked(mirror, monkeypatch, tmp_path):
    import pooch

    def retrieve(url, known_hash, fname, path):
        assert (url, known_hash) == (ENTRY.url, f"sha256:{ENTRY.sha256}")
        raise OSError("no network")

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    with pytest.raises(DownloadError, match=r"cannot be downloaded.*GNNLAB_DATA"):
        fetch("tale")
    found = tmp_path / "cached"
    monkeypatch.setattr(pooch, "retrieve", lambda *args, **kwargs: str(found))
    assert fetch("tale") == found


def test_unknown_data_set():
    with pytest.raises(UnknownNameError, match=r"'moby-dick'.*grimm"):
        fetch("moby-dick")
