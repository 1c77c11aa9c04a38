"""What README prints is what works."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_python_blocks_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102
    score = float(capsys.readouterr().out.split()[-1])
    assert score > 0.2  # ten classes: guessing gives 0.1
    assert (tmp_path / "missing-number.safetensors").exists()


def test_continuous_integration_runs_the_two_commands():
    commands = [line for block in blocks("sh") for line in block.strip().splitlines()]
    assert len(commands) == 2
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert commands[0].replace("&& gnnlab tour", "&& gnnlab tour --quick --out") in script
    install, test = commands[1].split(" && ")
    assert install in script
    assert script.rstrip().endswith(test)


def test_every_file_that_it_names_exists():
    for name in re.findall(r"\]\(([^)#]+)\)", README):
        assert name.startswith("https://") or (ROOT / name).exists(), name
    for name in re.findall(r"`(\w+\.py)`", README):
        assert list(ROOT.glob(f"*/{name}")) or list(ROOT.glob(f"gnnlab/*/{name}")), name
