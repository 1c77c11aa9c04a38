"""The chapter on what flows where tells what it measures."""

from __future__ import annotations

from functools import partial

import pytest

from gnnlab.tour import CHAPTERS, Picture, Table, Text, flow


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        few = partial(flow.vanishing, ["lstm"], 3, 1, iterations=5)
        patch.setattr(flow, "vanishing", lambda *given, **options: few())
        return flow.what_flows_where(tmp_path_factory.mktemp("tour"), quick=True)


def test_chapter_tells_its_story(chapter):
    assert flow.what_flows_where in CHAPTERS
    words = " ".join(part.words for part in chapter.parts if isinstance(part, Text))
    assert "4 updates until E knows of C: along C-D-B-A-E or C-D-F-A-E" in words
    pictures = [part.path for part in chapter.parts if isinstance(part, Picture)]
    assert [path.name for path in pictures] == ["gains.png", "gradients.png", "smoothing.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)


def test_a_network_that_cannot_see_the_first_step_guesses(chapter):
    *_, table = (part.data for part in chapter.parts if isinstance(part, Table))
    blind = table[table["receptive"] == "no"]
    assert len(blind) == 2
    assert blind["accuracy"].between(0.4, 0.6).all()
    assert table.set_index("model")["accuracy"]["lstm"] > 0.8
