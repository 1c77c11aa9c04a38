from __future__ import annotations

import pytest

from gnnlab.molecules.embedded import load_nci
from gnnlab.tour import CHAPTERS, Picture, Table, Text
from gnnlab.tour import generation as chapter_of_generation


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chapter_of_generation, "load_nci", lambda count: load_nci(120))
        yield chapter_of_generation.new_molecules(tmp_path_factory.mktemp("tour"), quick=True)


def get_table(chapter, column):
    (found,) = [p.data for p in chapter.parts if isinstance(p, Table) and column in p.data]
    return found


def test_chapter_tells_its_story(chapter):
    assert chapter_of_generation.new_molecules in CHAPTERS
    words = " ".join(part.words for part in chapter.parts if isinstance(part, Text))
    assert "of 300 molecules RDKit accepts 300" in words
    pictures = [part.path for part in chapter.parts if isinstance(part, Picture)]
    assert [path.name for path in pictures] == ["made.png", "around.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)


def test_all_are_valid_and_the_network_is_nearer_than_chance(chapter):
    table = get_table(chapter, "network").set_index("measure")
    assert table.loc["valid"].tolist() == [1, 1]
    nearest = table.loc["similarity to the nearest real molecule"]
    assert nearest["network"] > nearest["chance"]


def test_paracetamol_step_by_step(chapter):
    actions = get_table(chapter, "action")["action"].tolist()
    assert actions[0].startswith("begin with")
    assert sum(action.startswith("close a ring") for action in actions) == 1
    assert sum(action.startswith("add") for action in actions) == 10


def test_wishes_have_an_answer(chapter):
    table = get_table(chapter, "logP asked for")
    assert table["logP asked for"].is_monotonic_increasing
    assert len(table) == 3
    one, four = (table[f"mean error, {grown} grown"] for grown in (1, 4))
    assert (four < one).all()
