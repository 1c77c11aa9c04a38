from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.errors import FileFormatError, InputError, UnknownNameError
from gnnlab.sequences import load_text, read_text, split_text
from gnnlab.sequences.characters import Characters
from gnnlab.sequences.windows import ConsecutiveWindows, RandomWindows


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_reads_utf_8_with_and_without_a_mark(tmp_path, mark):
    path = tmp_path / "tale.txt"
    path.write_bytes(mark + "Rotkäppchen\r\nund".encode())
    assert read_text(path) == "Rotkäppchen\nund"
    path.write_bytes(mark + b"K\xe4the")
    with pytest.raises(FileFormatError, match=f"byte {len(mark) + 1}; found: 0xe4"):
        read_text(path)
    with pytest.raises(InputError, match=r"nowhere\.txt"):
        read_text(tmp_path / "nowhere.txt")


def test_texts_by_name():
    assert "lambda" in load_text("python")
    with pytest.raises(UnknownNameError, match=r"'bible'.*python, grimm"):
        load_text("bible")


@settings(max_examples=50, deadline=None)
@given(length=st.integers(0, 5000), block=st.integers(1, 200), seed=st.integers(0, 99))
def test_blocks_and_segments_are_the_whole_text(length, block, seed):
    text = "".join(chr(33 + i % 90) for i in range(length))
    split = split_text(text, block=block, share=0.1, seed=seed)
    assert all(len(held) == block for held in split.blocks)
    assert len(split.blocks) == int(length * 0.1 / block)
    assert sum(map(len, split.segments)) + block * len(split.blocks) == length
    at = 0
    for part in sorted(split.segments + split.blocks, key=text.find)[:1]:
        at = text.find(part)
        assert at >= 0


def test_blocks_are_spread_over_the_text():
    text = "".join(f"{i:06d}" for i in range(20_000))
    split = split_text(text, block=600)
    places = [text.index(block) / len(text) for block in split.blocks]
    assert len(places) == 10
    assert all(k / 10 <= place < (k + 1) / 10 for k, place in enumerate(places))
    for segment in split.segments:
        assert segment in text


def test_random_windows_follow_the_text_and_can_be_taken_up_again():
    segments = [torch.arange(0, 20), torch.arange(100, 105), torch.arange(200, 230)]
    windows = iter(RandomWindows(segments, length=6, batch_size=4, seed=1))
    batches = [next(windows) for _ in range(1500)]
    for batch in batches[:100]:
        assert torch.equal(batch.y, batch.x + 1)  # nothing crosses the end of a segment
        assert (batch.x.view(4, 6).diff(dim=1) == 1).all()
    seen = torch.cat([batch.x.view(4, 6)[:, 0] for batch in batches]).unique().tolist()
    assert seen == [*range(14), *range(200, 224)]
    again = iter(RandomWindows(segments, length=6, batch_size=4, seed=1, first=1234))
    assert torch.equal(next(again).x, batches[1234].x)
    with pytest.raises(InputError, match="41 of text"):
        RandomWindows(segments, length=40, batch_size=4, seed=1)


def test_consecutive_windows_go_on_where_the_last_ones_ended():
    windows = iter(ConsecutiveWindows([torch.arange(25), torch.arange(25, 50)], 3, 4, seed=0))
    first, second = next(windows), next(windows)
    assert first.x.view(4, 3).tolist() == [[0, 1, 2], [12, 13, 14], [24, 25, 26], [36, 37, 38]]
    assert torch.equal(second.x, first.x + 3)
    assert torch.equal(first.y, first.x + 1)
    later = iter(ConsecutiveWindows([torch.arange(50)], 3, 4, seed=0, first=1))
    assert torch.equal(next(later).x, second.x)
    with pytest.raises(InputError, match="13"):
        ConsecutiveWindows([torch.arange(12)], 3, 4, seed=0)


def test_one_consecutive_window_in_twenty_is_fresh():
    def fresh(first: int, count: int) -> torch.Tensor:
        windows = ConsecutiveWindows([torch.arange(50)], 3, 4, seed=5, first=first)
        return torch.stack([window.fresh for window in itertools.islice(windows, count)])

    drawn = fresh(0, 2500)
    assert 0.04 < drawn.float().mean().item() < 0.06
    assert torch.equal(fresh(1234, 10), drawn[1234:1244])
    assert not torch.equal(drawn[:1000], drawn[1000:2000])


def test_characters():
    characters = Characters.of("grimm")
    assert len(characters) == 4
    assert characters.decode(characters.encode("mirg")) == "mirg"
    assert characters.encode("gr?").tolist() == [0, 3, 4]
