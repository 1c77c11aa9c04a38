from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from gnnlab.errors import FileFormatError, InputError, NotFittedError
from gnnlab.nn import CELLS, Schedule
from gnnlab.sequences import SequenceClassifier, TextGenerator
from gnnlab.sequences.language_model import Window
from gnnlab.sequences.paths import equal_paths
from gnnlab.sequences.text import NextCharacter

TEXT = "The cat sat on the mat; the dog sat on the cat. " * 30
SMALL = {"hidden_size": 16, "embedding_size": 8, "window": 8, "batch_size": 16, "iterations": 60}


@pytest.fixture(scope="module")
def fitted():
    return TextGenerator(**SMALL).fit(TEXT)


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_learns(cell):
    generator = TextGenerator(cell=cell, learning_rate=0.01, **SMALL).fit(TEXT)
    losses = generator.history_.column("loss")
    assert losses[0] == pytest.approx(math.log(len(set(TEXT))), rel=0.3)
    assert losses[-1] < 0.8 * losses[0]
    assert len(generator.generate(length=5)) == 5


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("prompt", ["T", "The c"])
def test_kept_state_writes_what_reading_everything_again_writes(cell, prompt):
    generator = TextGenerator(cell=cell, **SMALL | {"iterations": 5}).fit(TEXT)
    generator.model_.double()
    written = generator.generate(prompt, length=30)
    x = generator.characters_.encode(prompt)
    for symbol in written:
        logits, _ = generator.model_(x, Schedule.from_lengths([x.numel()]))
        assert symbol == generator.characters_.decode([int(logits[-1].argmax())])
        x = torch.cat([x, generator.characters_.encode(symbol)])


def test_step_equals_forward(fitted):
    model = fitted.model_
    x = fitted.characters_.encode("the dog sat")
    expected, states = model(x, Schedule.from_lengths([x.numel()]))
    state, logits = None, []
    for symbol in x:
        row, state = model.step(symbol.view(1), state)
        logits.append(row)
    torch.testing.assert_close(torch.cat(logits), expected)
    torch.testing.assert_close(state, states)


def test_samples_of_a_batch_do_not_know_of_each_other(fitted):
    alone = fitted.generate("the ", length=20)
    together = fitted.generate("the ", length=20, num_samples=3)
    assert together == [alone] * 3
    daring = fitted.generate("the ", length=20, num_samples=3, temperature=1.5, seed=1)
    assert len(set(daring)) == 3
    assert daring == fitted.generate("the ", length=20, num_samples=3, temperature=1.5, seed=1)


def test_without_a_prompt_a_random_character_begins(fitted):
    texts = fitted.generate(length=3, num_samples=50, seed=0)
    assert {len(text) for text in texts} == {3}
    assert len({text[0] for text in texts}) > 5
    assert fitted.generate(length=0) == ""
    assert fitted.generate("the", length=0, num_samples=2) == ["", ""]


def test_a_low_temperature_is_greedy(fitted):
    greedy = fitted.generate("the ", length=20)
    assert fitted.generate("the ", length=20, temperature=1e-3, seed=0) == greedy
    assert fitted.generate("the ", length=20, temperature=5.0, top_k=1, seed=0) == greedy
    assert fitted.generate("the ", length=20, temperature=5.0, top_p=1e-9, seed=0) == greedy


def test_score_is_the_cross_entropy_in_bits(fitted):
    text = TEXT[:40]
    x = fitted.characters_.encode(text)
    logits, _ = fitted.model_(x[:-1], Schedule.from_lengths([39]))
    expected = float(functional.cross_entropy(logits, x[1:]).detach()) / math.log(2)
    assert fitted.score(text) == pytest.approx(expected, rel=1e-5)
    found = fitted.evaluate([text, text[:20], text])
    assert (found.num_characters, found.num_unknown) == (39 + 19 + 39, 0)


def test_a_long_text_is_scored_in_pieces_with_the_state_handed_on(fitted, monkeypatch):
    whole = fitted.score(TEXT[:100])
    monkeypatch.setattr("gnnlab.sequences.text._CHUNK", 7)
    assert fitted.score(TEXT[:100]) == pytest.approx(whole, rel=1e-5)


def test_unknown_characters_are_read_and_counted_not_judged(fitted):
    found = fitted.evaluate("the c@t sat@")
    assert (found.num_characters, found.num_unknown) == (9, 2)
    assert math.isfinite(found.bits_per_character)
    rows = fitted.model_.embedding.weight
    torch.testing.assert_close(rows[-1], rows[:-1].mean(0))


def test_held_out_text_is_scored_on_the_way_and_watched():
    seen = []
    generator = TextGenerator(**SMALL).fit(
        TEXT,
        validation=TEXT[:50],
        evaluate_every=25,
        watch=lambda g, iteration: seen.append((iteration, g.generate("the", 3))),
    )
    assert [iteration for iteration, _ in seen] == [25, 50, 60]
    assert len(generator.history_.column("validation_bits")) == 3
    assert generator.history_.column("validation_bits")[-1] == pytest.approx(
        generator.score(TEXT[:50]), rel=1e-4
    )


def test_carried_state_uses_what_lies_before_the_window():
    # What follows "a" or "b" is said by a letter that stands further back than a window is long.
    text = "".join(f"{mark}....{mark.upper()}...." for mark in "abbabaabab" * 60)
    settings = SMALL | {"window": 3, "iterations": 400, "learning_rate": 0.01, "hidden_size": 32}
    random = TextGenerator(**settings).fit(text)
    carried = TextGenerator(carry_state=True, **settings).fit(text)
    assert carried.score(text) < random.score(text)


def test_a_fresh_window_starts_from_zeros_and_the_others_go_on():
    model = TextGenerator(**SMALL).build(5)
    x, y = torch.randint(5, (2, 12)), torch.randint(5, (2, 12))
    paths = equal_paths(2, 6)
    loss, alone = NextCharacter(carry_state=True), NextCharacter()
    loss(model, Window(x[0], y[0], paths, torch.tensor([False, False])))
    carried = loss.state
    got, _ = loss(model, Window(x[1], y[1], paths, torch.tensor([True, False])))
    fresh, _ = alone(model, Window(x[1][:6], y[1][:6], equal_paths(1, 6)))
    before = [tuple(s[1:] for s in layer) for layer in carried]
    logits, _ = model(x[1][6:], equal_paths(1, 6), before)
    goes_on = functional.cross_entropy(logits, y[1][6:])
    torch.testing.assert_close(got, (fresh + goes_on) / 2)


@pytest.mark.parametrize("carry_state", [False, True])
def test_a_resumed_training_is_the_same_to_the_last_bit(tmp_path, carry_state):
    settings = SMALL | {"dropout": 0.2, "carry_state": carry_state, "decay": 0.5, "decay_every": 7}
    whole = TextGenerator(**settings).fit(TEXT, log_directory=tmp_path / "a", evaluate_every=10)
    TextGenerator(**settings | {"iterations": 25}).fit(
        TEXT, log_directory=tmp_path / "b", evaluate_every=10
    )
    resumed = TextGenerator(**settings)
    resumed.fit(TEXT, log_directory=tmp_path / "b", evaluate_every=10, resume=True)
    for name, value in whole.model_.state_dict().items():
        assert torch.equal(resumed.model_.state_dict()[name], value), name
    assert resumed.history_.column("loss") == whole.history_.column("loss")
    files = [(tmp_path / folder / "metrics.csv").read_text() for folder in "ab"]
    assert files[0] == files[1]


def test_only_the_same_training_is_resumed(tmp_path):
    settings = SMALL | {"iterations": 5}
    TextGenerator(**settings).fit(TEXT, log_directory=tmp_path)
    again = TextGenerator(**settings | {"iterations": 8})
    with pytest.raises(InputError, match="another text"):
        again.fit(TEXT + "!", log_directory=tmp_path, resume=True)
    with pytest.raises(InputError, match="hidden_size=16"):
        TextGenerator(**settings | {"hidden_size": 17}).fit(
            TEXT, log_directory=tmp_path, resume=True
        )
    (tmp_path / "metrics.csv").write_text("iteration,loss\n1,2.0\n")
    with pytest.raises(FileFormatError, match="first 5 iterations"):
        again.fit(TEXT, log_directory=tmp_path, resume=True)
    fresh = again.fit(TEXT, log_directory=tmp_path / "new", resume=True)
    assert len(fresh.history_.rows) == 8


def test_saved_and_loaded(fitted, tmp_path):
    path = tmp_path / "model.safetensors"
    fitted.save(path)
    twin = TextGenerator.load(path)
    assert twin.generate("the ", 30) == fitted.generate("the ", 30)
    assert twin.get_params() == fitted.get_params()
    assert twin.num_parameters_ == fitted.num_parameters_


def test_files_of_another_kind_are_refused(fitted, tmp_path):
    other = tmp_path / "classifier.safetensors"
    classifier = SequenceClassifier(hidden_size=4, iterations=1)
    classifier.fit(["ab", "ba"], [0, 1]).save(other)
    with pytest.raises(FileFormatError, match="no text generator"):
        TextGenerator.load(other)
    path = tmp_path / "model.safetensors"
    fitted.save(path)
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    with pytest.raises(FileFormatError, match="damaged"):
        TextGenerator.load(path)
    with pytest.raises(InputError, match="no such file"):
        TextGenerator.load(tmp_path / "nothing")


BAD_TEXTS = {
    "empty": ("", "empty"),
    "no segments": ([], "empty"),
    "one kind of character": ("aaaaaaaaaaaaaaaaaaaa", "one kind of character"),
    "shorter than a window": ("abcdefgh", "9 of text"),
    "no string": ([b"bytes"], r"text\[0\].*bytes"),
}


@pytest.mark.parametrize("bad", BAD_TEXTS)
def test_bad_text(bad):
    text, message = BAD_TEXTS[bad]
    with pytest.raises(InputError, match=message):
        TextGenerator(**SMALL).fit(text)


BAD_REQUESTS = {
    "unknown character": ({"prompt": "c@t"}, r"position 1.*'@'"),
    "negative length": ({"length": -1}, "length.*-1"),
    "length that is no number": ({"length": "9"}, "length"),
    "no samples": ({"num_samples": 0}, "num_samples"),
    "temperature of zero": ({"temperature": 0}, "temperature"),
    "negative temperature": ({"temperature": -1.0}, "temperature"),
    "infinite temperature": ({"temperature": math.inf}, "temperature"),
    "top_k of zero": ({"temperature": 1.0, "top_k": 0}, "top_k"),
    "top_p of zero": ({"temperature": 1.0, "top_p": 0.0}, "top_p"),
    "top_k beside greedy": ({"top_k": 3}, "top_k.*temperature"),
}


@pytest.mark.parametrize("bad", BAD_REQUESTS)
def test_bad_request(fitted, bad):
    request, message = BAD_REQUESTS[bad]
    with pytest.raises(InputError, match=message):
        fitted.generate(**request)


def test_nothing_works_before_fit(tmp_path):
    for call in (
        lambda g: g.generate(),
        lambda g: g.score(TEXT),
        lambda g: g.save(tmp_path / "model"),
    ):
        with pytest.raises(NotFittedError):
            call(TextGenerator())


@pytest.mark.parametrize("name", ["window", "batch_size", "iterations", "decay_every"])
def test_bad_parameter(name):
    with pytest.raises(InputError, match=name):
        TextGenerator(**SMALL | {name: 0}).fit(TEXT)


def test_the_progress_bar_counts_characters(capsys):
    generator = TextGenerator(hidden_size=4, window=5, batch_size=2, iterations=4)
    generator.fit("the cat sat. " * 9, progress=True)
    assert "characters/s" in capsys.readouterr().out
