from __future__ import annotations

import pytest

from gnnlab.networks import LinkPredictor, benchmark
from gnnlab.tour import CHAPTERS, Picture, Table, Text
from gnnlab.tour import networks as chapter_of_networks

FEW = ["resource-allocation", "katz"]


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chapter_of_networks, "LinkPredictor", lambda: LinkPredictor(FEW))
        patch.setattr(benchmark, "LinkPredictor", lambda seed: LinkPredictor(FEW, seed=seed))
        patch.setattr("gnnlab.networks.stack._ITERATIONS", 40)
        folder = tmp_path_factory.mktemp("tour")
        yield chapter_of_networks.who_should_meet_whom(folder, quick=True)


def get_table(chapter, column):
    (found,) = [p.data for p in chapter.parts if isinstance(p, Table) and column in p.data]
    return found


def test_chapter_tells_its_story(chapter):
    assert chapter_of_networks.who_should_meet_whom in CHAPTERS
    words = " ".join(part.words for part in chapter.parts if isinstance(part, Text))
    assert "77 characters, and 254 pairs" in words
    assert "Cosette and Fantine are not connected" in words
    assert "5 mutual neighbours" in words
    pictures = [part.path for part in chapter.parts if isinstance(part, Picture)]
    assert [path.name for path in pictures] == ["neighborhood.png", "reliability.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)


def test_likely_ones_come_first(chapter):
    table = get_table(chapter, "suggestion")
    assert len(table) == 6
    assert table["probability"].is_monotonic_decreasing


def test_predictor_stands_beside_single_counts(chapter):
    table = get_table(chapter, "mean of 1 / rank").set_index("scorer")["mean of 1 / rank"]
    assert list(table.index) == ["LinkPredictor", *chapter_of_networks._RIVALS]
    assert table["LinkPredictor"] > 0.3
    assert ((table > 0) & (table <= 1)).all()
