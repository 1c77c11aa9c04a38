"""A Tree-LSTM learns who tells the truth, and what "and", "or" and "not" mean.

A statement is a tree: names are its leaves, every bracket is a node that hears its parts. The
network only ever sees whether whole statements are true.

Run:  python examples/tree_lstm.py [--quick]
"""

from __future__ import annotations

import argparse
import random

import torch
from torch_geometric.data import Batch, Data

from gnnlab.nn import ChildSumTreeLSTMCell, RecurrentConv

HONEST = {"Alice": True, "Heidi": True, "Emma": True, "Dracula": False, "Fagin": False}
WORDS = {word: number for number, word in enumerate((*HONEST, "and", "or", "not"))}


def make_statement(generator: random.Random, depth: int) -> str | tuple:
    """A random statement such as ``("and", "Alice", ("not", "Fagin"))``."""
    if depth == 0 or generator.random() < 0.2:
        return generator.choice(list(HONEST))
    operator = generator.choice(("and", "or", "not"))
    num_parts = 1 if operator == "not" else 2
    return (operator, *(make_statement(generator, depth - 1) for _ in range(num_parts)))


def is_true(statement: str | tuple) -> bool:
    """Whether all that the statement needs is said by honest people."""
    if isinstance(statement, str):
        return HONEST[statement]
    operator, *parts = statement
    values = [is_true(part) for part in parts]
    return {"and": all(values), "or": any(values), "not": not values[0]}[operator]


def to_graph(statement: str | tuple) -> Data:
    """One node per word, the root first; every part sends to the bracket that it stands in."""
    words: list[int] = []
    edges: list[tuple[int, int]] = []

    def add(part: str | tuple) -> int:
        word, *parts = (part,) if isinstance(part, str) else part
        node = len(words)
        words.append(WORDS[word])
        for child in parts:
            edges.append((add(child), node))
        return node

    add(statement)
    edge_index = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).T
    return Data(
        word=torch.tensor(words),
        edge_index=edge_index,
        num_nodes=len(words),
        y=int(is_true(statement)),
    )


class TreeClassifier(torch.nn.Module):
    """Embedding of the words, a Tree-LSTM over the statement, an output map at the root."""

    def __init__(self, hidden_size: int = 32):
        super().__init__()
        self.embedding = torch.nn.Embedding(len(WORDS), hidden_size)
        self.conv = RecurrentConv(ChildSumTreeLSTMCell(hidden_size, hidden_size))
        self.output = torch.nn.Linear(hidden_size, 2)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Scores for false and true of each statement in the batch."""
        h = self.conv(self.embedding(batch.word), batch.edge_index)  # [N, H]
        return self.output(h[batch.ptr[:-1]])  # the roots


def make_batch(generator: random.Random, size: int, depth: int) -> Batch:
    """``size`` random statements as one batch of trees."""
    return Batch.from_data_list([to_graph(make_statement(generator, depth)) for _ in range(size)])


def main() -> None:
    """Trains on shallow statements, then asks about shallow and deeper ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    iterations = 60 if parser.parse_args().quick else 400

    torch.manual_seed(0)
    generator = random.Random(0)  # noqa: S311
    model = TreeClassifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(iterations):
        batch = make_batch(generator, size=32, depth=3)
        loss = torch.nn.functional.cross_entropy(model(batch), batch.y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    for depth in (3, 5):
        batch = make_batch(generator, size=500, depth=depth)
        accuracy = (model(batch).argmax(dim=1) == batch.y).double().mean().item()
        print(f"depth up to {depth}: accuracy {accuracy:.3f} on 500 new statements")

    statement = ("and", "Alice", ("not", ("or", "Dracula", "Fagin")))
    answer = model(Batch.from_data_list([to_graph(statement)])).argmax().item()
    print(f"{statement} is {bool(answer)}")


if __name__ == "__main__":
    main()
