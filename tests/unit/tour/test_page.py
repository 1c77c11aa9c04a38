"""The page of the tour: one file, nothing fetched, nothing unescaped."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from gnnlab import tour
from gnnlab.errors import InputError
from gnnlab.tour import Chapter, Picture, Table, Text, write_tour


def small_chapter(folder, quick):
    picture = folder / "dot.png"
    picture.write_bytes(b"not really a picture")
    table = pd.DataFrame({"name": ["`f(x) < 1`"], "count": [12345], "share": [0.123456]})
    return Chapter(
        "Nodes & <edges>",
        [Text(f"quick: {quick}, see `a < b`"), Table(table, "numbers"), Picture(picture, "a dot")],
    )


class Balance(HTMLParser):
    """Collects the tags that were opened and never closed, or closed out of order."""

    VOID = ("meta", "img", "br")

    def __init__(self):
        super().__init__()
        self.stack = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


@pytest.fixture
def page(tmp_path):
    return write_tour(tmp_path / "tour", True, chapters=[small_chapter]).read_text(encoding="utf-8")


def test_page_carries_its_pictures_and_fetches_nothing(page):
    data = base64.b64encode(b"not really a picture").decode()
    assert f'src="data:image/png;base64,{data}"' in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)


def test_page_escapes_what_it_is_given(page):
    assert "Nodes &amp; &lt;edges&gt;" in page
    assert "quick: True, see <code>a &lt; b</code>" in page
    assert "<code>f(x) &lt; 1</code>" in page


def test_page_aligns_and_shortens_numbers(page):
    assert '<td class="number">12,345</td><td class="number">0.123</td>' in page


def test_page_is_balanced_html(page):
    parser = Balance()
    parser.feed(page)
    assert parser.stack == []


def test_chapters_are_announced_before_they_run(tmp_path):
    said = []
    write_tour(tmp_path, report=said.append, chapters=[small_chapter, small_chapter])
    assert said == ["small chapter", "small chapter"]


def test_chapters_are_all_listed_in_the_contents(tmp_path):
    text = write_tour(tmp_path, chapters=[small_chapter] * 3).read_text(encoding="utf-8")
    for number in (1, 2, 3):
        assert f'href="#chapter-{number}"' in text
        assert f'id="chapter-{number}"' in text


def test_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"folder cannot be made.*out"):
        write_tour(tmp_path / "file", chapters=[])


def test_every_chapter_has_a_name_of_its_own():
    names = [chapter.__name__ for chapter in tour.CHAPTERS]
    assert len(set(names)) == len(names) > 0
