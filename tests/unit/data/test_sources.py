from __future__ import annotations

import dataclasses
import gzip
import hashlib
import re

import pytest

from gnnlab.data import fetch, registry
from gnnlab.data.sources import Entry, hash_of
from gnnlab.errors import DownloadError, FileFormatError, UnknownNameError

CONTENT = b"Once upon a time"
PACKED = gzip.compress(CONTENT, mtime=0)
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
        assert re.fullmatch(r"([0-9a-f]{64})?", entry.gzip_sha256)
        assert not entry.path.endswith(".gz")


def test_no_two_entries_share_a_place():
    assert len({entry.path for entry in registry().values()}) == len(registry())


def test_a_mirror_is_looked_at_first(mirror):
    mirror.write_bytes(CONTENT)
    assert fetch("tale") == mirror
    assert hash_of(mirror) == ENTRY.sha256


def test_another_file_under_the_name_is_refused(mirror):
    mirror.write_bytes(CONTENT + b".")
    with pytest.raises(FileFormatError, match=r"text/tale\.txt.*https://example\.org"):
        fetch("tale")


@pytest.fixture
def packed(mirror, monkeypatch):
    """The place of a packed copy whose hash is known."""
    entry = dataclasses.replace(ENTRY, gzip_sha256=hashlib.sha256(PACKED).hexdigest())
    monkeypatch.setattr("gnnlab.data.sources.registry", lambda: {"tale": entry})
    return mirror.with_name("tale.txt.gz")


def test_a_packed_copy_will_do(packed):
    packed.write_bytes(PACKED)
    assert fetch("tale") == packed
    assert gzip.decompress(fetch("tale").read_bytes()) == CONTENT


def test_the_bytes_of_the_origin_go_before_a_packed_copy(packed, mirror):
    packed.write_bytes(PACKED)
    mirror.write_bytes(CONTENT)
    assert fetch("tale") == mirror


@pytest.mark.parametrize("content", [CONTENT, gzip.compress(CONTENT, mtime=1)])
def test_another_packed_copy_is_refused(packed, content):
    packed.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"tale\.txt\.gz.*under the name text/tale\.txt"):
        fetch("tale")


def test_a_packed_copy_that_is_not_known_does_not_count(mirror, monkeypatch):
    import pooch

    mirror.with_name("tale.txt.gz").write_bytes(PACKED)
    monkeypatch.setattr(pooch, "retrieve", lambda *args, **kwargs: "downloaded")
    assert fetch("tale").name == "downloaded"


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
