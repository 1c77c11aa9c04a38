"""The command line as a whole: help, version, exit codes, one-line errors."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gnnlab import __version__, cli
from gnnlab.cli import main
from gnnlab.errors import GnnlabError


def run_main(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    output = capsys.readouterr()
    return stop.value.code, output.out, output.err


@pytest.mark.parametrize(
    "words", [["--help"], ["sequences", "--help"], ["sequences", "compare", "--help"]]
)
def test_help_exits_with_0(words, capsys):
    code, out, err = run_main(capsys, *words)
    assert code == 0
    assert "Usage" in out
    assert err == ""


def test_version(capsys):
    assert run_main(capsys, "--version") == (0, f"gnnlab {__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--task", "sudoku"], "unknown task (at: task; found: 'sudoku'); use one of: random-comb"),
        (["--models", "lstm", "elman"], "unknown model (at: model; found: 'elman'); use one of: "),
        (["--lengths", "5", "1"], "(at: length; found: 1)"),
        (["--seeds", "0"], "(at: seeds; found: 0)"),
        (["--iterations", "0"], "(at: iterations; found: 0)"),
        (["--hidden-size", "-3"], "(at: hidden_size; found: -3)"),
        (["--processes", "0"], "(at: processes; found: 0)"),
    ],
)
def test_mistake_exits_with_2_and_one_line(words, message, capsys, tmp_path):
    out_folder = tmp_path / "out"
    code, out, err = run_main(capsys, "sequences", "compare", "--out", out_folder, *words)
    assert code == 2
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1
    assert out == ""
    assert not out_folder.exists()


def test_folder_that_is_a_file_exits_with_2(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = run_main(capsys, "tour", "--out", tmp_path / "file")
    assert code == 2
    assert err.startswith("error: the folder cannot be made")


@pytest.mark.parametrize(
    "words",
    [
        ["sequences", "compare", "--lengths", "five", "--out", "x"],
        ["sequences", "compare"],
        ["sequences", "compare", "--out", "x", "--colour", "red"],
        ["dance"],
    ],
)
def test_words_that_cannot_be_read_exit_with_2(words, capsys):
    code, _, err = run_main(capsys, *words)
    assert code == 2
    assert "Traceback" not in err


def test_message_of_several_lines_becomes_one(capsys, monkeypatch):
    def fail(words):
        raise GnnlabError("two\nlines", value="a\n  b")

    monkeypatch.setattr(cli, "app", fail)
    assert run_main(capsys) == (2, "", "error: two lines (found: a b)\n")


def test_interrupt_exits_with_130(capsys, monkeypatch, tmp_path):
    def interrupt(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("gnnlab.tour.write_tour", interrupt)
    code, _, err = run_main(capsys, "tour", "--out", tmp_path)
    assert code == 130
    assert "Traceback" not in err


def test_unexpected_error_is_not_hidden(monkeypatch, tmp_path):
    def fail(*arguments, **settings):
        raise ZeroDivisionError

    monkeypatch.setattr("gnnlab.tour.write_tour", fail)
    with pytest.raises(ZeroDivisionError):
        main(["tour", "--out", str(tmp_path)])


def test_console_script_reports_a_mistake_without_traceback(tmp_path):
    line = "from gnnlab.cli import main; main()"
    words = ["sequences", "compare", "--task", "sudoku", "--out", tmp_path / "out"]
    done = subprocess.run([sys.executable, "-c", line, *words], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: unknown task")
    assert "Traceback" not in done.stderr
