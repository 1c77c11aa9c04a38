"""An LSTM is a message-passing layer on a path graph; a bidirectional LSTM is two opposite paths.

Run:  python examples/lstm_as_path_graph.py [--quick]
"""

from __future__ import annotations

import argparse

import torch

from gnnlab.nn import LSTMCell, RecurrentConv


def main() -> None:
    """Copies the weights of torch's LSTM into a graph layer and compares all outputs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a shorter sequence")
    num_steps = 20 if parser.parse_args().quick else 500

    torch.manual_seed(0)
    x = torch.randn(num_steps, 8, dtype=torch.float64)  # one sequence of 8 numbers per step
    step = torch.arange(num_steps)
    path = torch.stack([step[:-1], step[1:]])  # step t sends its state to step t + 1

    lstm = torch.nn.LSTM(8, 16, bidirectional=True).double()
    expected, _ = lstm(x)  # [T, 2 * 16]

    forward = RecurrentConv(LSTMCell.from_torch(lstm))
    compare("a path graph and torch.nn.LSTM", forward(x, path), expected[:, :16])

    # The second direction is a cell of its own on the same path with its edges turned around.
    backward = RecurrentConv(LSTMCell.from_torch(lstm, reverse=True))
    both = torch.cat([forward(x, path), backward(x, path.flip(0))], dim=1)
    compare("two opposite paths and the bidirectional LSTM", both, expected)

    # Nodes may come in any order: only the edges say who follows whom.
    order = torch.randperm(num_steps)
    place = torch.argsort(order)  # step t is now node place[t]
    shuffled = forward(x[order], place[path])
    compare("the same path with shuffled nodes", shuffled[place], expected[:, :16])


def compare(what: str, actual: torch.Tensor, expected: torch.Tensor) -> None:
    """Prints the largest difference, and fails if it is more than rounding."""
    print(f"{what}: largest difference {(actual - expected).abs().max().item():.1e}")
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)


if __name__ == "__main__":
    main()
