"""``gnnlab text`` from the outside."""

from __future__ import annotations

import pytest

from gnnlab.cli import main

TALE = "Once upon a time there was a wood, and in the wood there was a house. " * 400


def run_main(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    output = capsys.readouterr()
    return stop.value.code, output.out, output.err


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    (folder / "tale.txt").write_text(TALE)
    words = ["text", "train", folder / "tale.txt", "--out", folder / "run"]
    words += ["--hidden-size", "16", "--num-layers", "1", "--iterations", "100"]
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    assert stop.value.code == 0
    return folder


def test_trains_writes_and_scores(trained, capsys):
    model = trained / "run" / "model.safetensors"
    words = ["--prompt", "Once", "--length", "12", "--temperature", "0.5", "-n", "3", "--seed", "1"]
    code, out, err = run_main(capsys, "text", "generate", model, *words)
    assert (code, err) == (0, "")
    texts = out.rstrip("\n").split("\n\n")
    assert len(texts) == 3
    assert all(text.startswith("Once") and len(text) == 16 for text in texts)
    code, out, _ = run_main(capsys, "text", "score", model, trained / "tale.txt")
    assert code == 0
    assert float(out.split()[0]) < 4.5
    (trained / "other.txt").write_text("Once upon a time, Größe 7.")
    code, out, _ = run_main(capsys, "text", "score", model, trained / "other.txt")
    assert "4 characters were not in the training text" in out


def test_mistakes(trained, capsys, tmp_path):
    model = trained / "run" / "model.safetensors"
    (tmp_path / "latin.txt").write_bytes(b"K\xf6nig")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(model.read_bytes()[:-1] + b"?")
    mistakes = [
        (["train"], "one text is needed"),
        (["train", "--dataset", "bible"], "unknown text"),
        (["train", "--dataset", "python", "--preset", "worst"], "use one of: reported, best"),
        (["train", tmp_path / "nowhere.txt"], "cannot be read"),
        (["train", tmp_path / "latin.txt"], "byte 1; found: 0xf6"),
        (["generate", model, "--prompt", "woö"], "position 2; found: 'ö'"),
        (["generate", model, "--length", "-1"], "length"),
        (["generate", model, "--temperature", "0"], "temperature"),
        (["generate", damaged], "damaged"),
        (["generate", tmp_path / "latin.txt"], "not a gnnlab model file"),
    ]
    for words, message in mistakes:
        code, out, err = run_main(capsys, "text", *words)
        assert (code, out) == (2, ""), words
        assert message in err
        assert err.count("\n") == 1
