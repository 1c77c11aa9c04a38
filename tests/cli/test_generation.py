"""``gnnlab molecules train-generator``, ``generate`` and ``evaluate`` from the outside."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from gnnlab.cli import main
from gnnlab.molecules import canonical_smiles, parse_smiles, read_molecules
from gnnlab.molecules.embedded import load_nci

SMALL = ["--epochs", "2", "--hidden-channels", "16", "--samples", "30"]


def run_main(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(["molecules", *map(str, words)])
    output = capsys.readouterr()
    return stop.value.code, output.out, output.err


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Molecules in a file, three of them bad, and a generator that has learned from them."""
    folder = tmp_path_factory.mktemp("generation")
    rows = [*load_nci(80).smiles, "Moby Dick", "[Xe]", "C.C"]
    pd.DataFrame({"smiles": rows}).to_csv(folder / "whales.csv", index=False)
    words = ["train-generator", folder / "whales.csv", "--out", folder / "run", *SMALL]
    with pytest.raises(SystemExit) as stop:
        main(["molecules", *map(str, words), "--property", "logp"])
    assert stop.value.code == 0
    return folder


def test_training_leaves_a_model_samples_and_a_report(folder):
    run = folder / "run"
    names = ["metrics.csv", "model.safetensors", "report.csv", "samples.csv", "samples.svg"]
    assert [*names, "summary.json", "training.safetensors"] == sorted(p.name for p in run.iterdir())
    report = pd.read_csv(run / "report.csv").set_index("row")
    assert report.loc[[80, 81, 82], "reason"].tolist() == [
        "whitespace inside",
        "an atom outside the table of types",
        "several fragments",
    ]
    summary = json.loads((run / "summary.json").read_text())
    assert summary["scores"]["valid"] == 1
    assert len(pd.read_csv(run / "samples.csv")) == 30


def test_molecules_are_printed_or_written_and_drawn(folder, capsys, tmp_path):
    words = ["generate", folder / "run/model.safetensors", "-n", 6, "--seed", 3]
    code, out, _ = run_main(capsys, *words)
    assert code == 0
    assert len(out.split()) == 6
    for name in ("new.smi", "new.csv", "new.sdf"):
        code, _, _ = run_main(
            capsys, *words, "--out", tmp_path / name, "--draw", tmp_path / "a.svg"
        )
        assert code == 0
        found = [canonical_smiles(parse_smiles(s)) for s in read_molecules(tmp_path / name).smiles]
        assert found == out.split()
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")


def test_wishes_and_scaffolds(folder, capsys):
    words = ["generate", folder / "run/model.safetensors", "-n", 3, "--seed", 1]
    words += ["--scaffold", "C1CCNCC1", "--attachment", 3]
    code, out, _ = run_main(capsys, *words, "--condition", "logp=2", "--candidates", 2)
    assert code == 0
    assert all("N" in smiles for smiles in out.split())


def test_judging(folder, capsys, tmp_path):
    (tmp_path / "made.smi").write_text("CCO\nOCC\nC1CC\n")
    words = ["evaluate", tmp_path / "made.smi", "--reference", folder / "run/samples.csv"]
    code, out, _ = run_main(capsys, *words, "--no-fcd", "--no-filters")
    assert code == 0
    lines = dict(line.strip("| ").split(" | ") for line in out.splitlines() if " | " in line)
    assert float(lines["valid"]) == pytest.approx(2 / 3, abs=0.001)
    assert float(lines["unique@1000"]) == 0.5


@pytest.mark.parametrize(("words", "message"), [
    (["train-generator"], "molecules are needed"),
    (["train-generator", "--dataset", "whales"], "nci"),
    (["generate", "no.safetensors"], "no.safetensors"),
    (["generate", "MODEL", "-n", "0"], "count"),
    (["generate", "MODEL", "--condition", "logp"], "name=number"),
    (["generate", "MODEL", "--condition", "beauty=1"], "logp"),
    (["generate", "MODEL", "--candidates", 3], "candidates"),
    (["generate", "MODEL", "--scaffold", "C1CC"], "unclosed ring"),
    (["generate", "MODEL", "--out", "new.xyz"], "ending"),
])  # fmt: skip
def test_mistakes_end_in_one_line(folder, capsys, words, message):
    model = str(folder / "run/model.safetensors")
    code, _, err = run_main(capsys, *[model if word == "MODEL" else word for word in words])
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
