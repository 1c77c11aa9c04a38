"""Ctrl-C while several processes train: a quick end, the right exit status, finished runs kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

LINE = "from gnnlab.cli import main; main()"
WORDS = "sequences compare --models lstm --lengths 3 --hidden-size 4 --seeds 500 --processes 2"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals to a group of processes")
def test_interrupt_ends_all_processes_and_keeps_finished_runs(tmp_path):
    words = [*WORDS.split(), "--iterations", "20", "--out", tmp_path]
    process = subprocess.Popen(
        [sys.executable, "-c", LINE, *words],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("runs/*.json")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    # The pipes close when the last process has ended, so this waits for the workers as well.
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert 0 < len(list(tmp_path.glob("runs/*.json"))) < 500
