"""RecurrentConv against torch.nn on sequences, against recursion on trees, and its linear cost.

    python benchmarks/engine.py [--seconds 20] [--device cpu]

Both sides of every row run in turns in one process; medians. N nodes, T steps, B sequences.
"""

from __future__ import annotations

import argparse

import pandas as pd
import torch
from measure import alternate, forward_backward, write
from torch import Tensor, nn

from gnnlab.nn import ChildSumTreeLSTMCell, LSTMCell, MinGRUCell, RecurrentConv, Schedule

SHAPES = [(15, 128, 1, 128), (30, 64, 128, 128), (100, 32, 256, 256), (500, 8, 128, 128)]
UNEQUAL = (60, 32, 128, 128)  # lengths from 20 to 60


def sequences(lengths: list[int], F: int, H: int, seconds: float, device: torch.device) -> dict:
    """One row: the same LSTM on the same sequences, as path graphs and as torch.nn computes it."""
    lstm = nn.LSTM(F, H).to(device)
    conv = RecurrentConv(LSTMCell.from_torch(lstm)).to(device)
    parts = [torch.randn(length, F, device=device) for length in lengths]
    x = torch.cat(parts)  # [N, F]
    schedule = Schedule.from_lengths(lengths)
    if len(set(lengths)) == 1:
        given = torch.stack(parts, dim=1)  # [T, B, F]
        kind = "equal"
    else:
        given = nn.utils.rnn.pack_sequence(parts, enforce_sorted=False)
        kind = "packed"

    def by_torch() -> Tensor:
        out = lstm(given)[0]
        return out if kind == "equal" else out.data

    def with_new_schedule() -> Tensor:
        return conv(x, Schedule.from_edge_index(schedule.edge_index, len(x)))

    ours = conv(x, schedule)
    theirs = by_torch()
    if kind == "equal":
        theirs = theirs.transpose(0, 1).reshape(len(x), H)
        assert (ours - theirs).abs().max() < 1e-5
    assert torch.isclose(ours.sum(), theirs.sum(), rtol=1e-4, atol=1e-2)
    times = alternate(
        {
            "torch": forward_backward(lstm, by_torch, device),
            "gnnlab": forward_backward(conv, lambda: conv(x, schedule), device),
            "new schedule": forward_backward(conv, with_new_schedule, device),
        },
        seconds,
    )
    return {
        "T": max(lengths),
        "B": len(lengths),
        "F": F,
        "H": H,
        "lengths": kind,
        "torch.nn.LSTM [ms]": round(1e3 * times["torch"], 2),
        "RecurrentConv [ms]": round(1e3 * times["gnnlab"], 2),
        "ratio": round(times["gnnlab"] / times["torch"], 3),
        "ratio, schedule built every time": round(times["new schedule"] / times["torch"], 3),
    }


def random_binary_tree(num_leaves: int) -> tuple[list[tuple[int, int]], int]:
    """Edges child -> parent of a tree made by joining two random roots until one is left."""
    roots, edges, size = list(range(num_leaves)), [], num_leaves
    while len(roots) > 1:
        for _ in range(2):
            child = roots.pop(int(torch.randint(len(roots), ())))
            edges.append((child, size))
        roots.append(size)
        size += 1
    return edges, size


def recursive_tree_lstm(cell: ChildSumTreeLSTMCell, x: Tensor, children: list[list[int]]) -> list:
    """The hidden state of every node as textbooks write it: a function that calls itself."""
    states: list = [None] * len(x)

    def visit(node: int) -> tuple[Tensor, Tensor]:
        projected = cell.project(x[node : node + 1])
        h = c = x.new_zeros(1, cell.hidden_size)
        for child in children[node]:
            message_h, message_c = cell.message(visit(child), projected)
            h, c = h + message_h, c + message_c
        states[node], _ = cell.update(projected, (h, c))
        return states[node]

    is_child = {child for row in children for child in row}
    for root in range(len(x)):
        if root not in is_child:
            visit(root)
    return [h for h, _ in states]


def trees(seconds: float, device: torch.device, num_trees: int = 64, H: int = 64) -> dict:
    """One row: Child-Sum Tree-LSTM over a batch of random binary trees."""
    edges, size = [], 0
    for _ in range(num_trees):
        found, count = random_binary_tree(int(torch.randint(15, 27, ())))
        edges += [(child + size, parent + size) for child, parent in found]
        size += count
    edge_index = torch.tensor(edges).t()
    children: list[list[int]] = [[] for _ in range(size)]
    for child, parent in edges:
        children[parent].append(child)
    conv = RecurrentConv(ChildSumTreeLSTMCell(H, H)).to(device)
    x = torch.randn(size, H, device=device)
    schedule = Schedule.from_edge_index(edge_index, size)
    recursive = lambda: torch.cat(recursive_tree_lstm(conv.cell, x, children))  # noqa: E731
    assert (conv(x, schedule) - recursive()).abs().max() < 1e-5
    times = alternate(
        {
            "recursive": forward_backward(conv, recursive, device),
            "gnnlab": forward_backward(conv, lambda: conv(x, schedule), device),
            "new schedule": forward_backward(
                conv, lambda: conv(x, Schedule.from_edge_index(edge_index, size)), device
            ),
        },
        seconds,
    )
    return {
        "trees": num_trees,
        "nodes": size,
        "levels": schedule.num_levels,
        "H": H,
        "recursive [ms]": round(1e3 * times["recursive"], 1),
        "RecurrentConv [ms]": round(1e3 * times["gnnlab"], 2),
        "times faster": round(times["recursive"] / times["gnnlab"], 1),
        "times faster, schedule built every time": round(
            times["recursive"] / times["new schedule"], 1
        ),
    }


def long_paths(conv: RecurrentConv, T: int, B: int, H: int, device: torch.device):
    """A call that runs ``conv`` forward and backward over B sequences of T steps."""
    x, schedule = torch.randn(T * B, H, device=device), Schedule.from_lengths([T] * B)
    return forward_backward(conv, lambda: conv(x, schedule), device)


def growth(seconds: float, device: torch.device, B: int = 8, H: int = 64) -> list[dict]:
    """Backward time at T = 2000 over T = 1000: 2 is linear, 4 would be quadratic."""
    rows = []
    for executor, cell in (("kernel", LSTMCell), ("scan", MinGRUCell), ("levels", LSTMCell)):
        conv = RecurrentConv(cell(H, H), executor=executor).to(device)
        sides = {T: long_paths(conv, T, B, H, device) for T in (1000, 2000)}
        times = alternate(sides, seconds, rounds=5)
        rows.append(
            {
                "executor": executor,
                "cell": cell.__name__,
                "T=1000 [ms]": round(1e3 * times[1000], 1),
                "T=2000 [ms]": round(1e3 * times[2000], 1),
                "ratio": round(times[2000] / times[1000], 2),
            }
        )
    return rows


def main() -> None:
    """Runs all three comparisons and writes a table each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="per row")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    device = torch.device(options.device)
    suffix = "" if device.type == "cpu" else f"_{device.type}"
    torch.manual_seed(0)
    rows = [sequences([T] * B, F, H, options.seconds, device) for T, B, F, H in SHAPES]
    T, B, F, H = UNEQUAL
    lengths = torch.randint(20, T + 1, (B,)).tolist()
    rows.append(sequences(lengths, F, H, options.seconds, device))
    note = "Forward and backward of one LSTM layer in float32; at most 1.10 is wanted."
    write(f"engine_sequences{suffix}", pd.DataFrame(rows), note)
    write(f"engine_trees{suffix}", pd.DataFrame([trees(options.seconds, device)]))
    note = "Forward and backward, 8 sequences, H = 64: 2 is linear in T, 4 is quadratic."
    write(f"engine_growth{suffix}", pd.DataFrame(growth(options.seconds, device)), note)


if __name__ == "__main__":
    main()
