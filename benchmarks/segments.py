"""Long sequences through the CPU's LSTM kernel: in one call, or in segments that hand the state on.

python benchmarks/segments.py [--seconds 5]
"""

from __future__ import annotations

import argparse

import pandas as pd
import torch
from measure import alternate, forward_backward, write

from gnnlab.nn import LSTMCell, RecurrentConv, Schedule, kernels

SHAPES = [(2000, 8, 64), (1000, 64, 128), (200, 32, 256)]


def compare(T: int, B: int, H: int, seconds: float) -> dict:
    """One row: forward and backward of one LSTM layer, with and without segments."""
    conv, schedule = RecurrentConv(LSTMCell(H, H)), Schedule.from_lengths([T] * B)
    x, usual = torch.randn(T * B, H), kernels._ONE_CALL
    run = forward_backward(conv, lambda: conv(x, schedule), torch.device("cpu"))

    def within(limit: int):
        def call() -> None:
            kernels._ONE_CALL = limit
            run()

        return call

    times = alternate({"one call": within(2**60), "segments": within(usual)}, seconds, rounds=5)
    kernels._ONE_CALL = usual
    return {
        "threads": torch.get_num_threads(),
        "T": T,
        "B": B,
        "F = H": H,
        "one call [ms]": round(1e3 * times["one call"], 1),
        "segments [ms]": round(1e3 * times["segments"], 1),
        "ratio": round(times["segments"] / times["one call"], 2),
    }


def main() -> None:
    """Writes a row per shape and number of threads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="per row")
    seconds = parser.parse_args().seconds
    rows = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        rows += [compare(*shape, seconds) for shape in SHAPES]
    write("segments", pd.DataFrame(rows))


if __name__ == "__main__":
    main()
