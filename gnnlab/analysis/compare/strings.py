"""Molecules as strings for a recurrent network: a SMILES string is a path graph.

Legend: B molecules, N symbols of all strings, V different symbols, F embedding, H hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from gnnlab.molecules import parse_smiles
from gnnlab.molecules.spelling import random_smiles, split_smiles
from gnnlab.nn import RecurrentConv, Schedule, make_cell, readout
from gnnlab.sequences import batch_sequences
from gnnlab.sequences.vocabulary import unique

_WIDTH = 64  # of the embedding, as that of atoms and bonds in a graph network
_UNKNOWN = 0  # the number of all symbols that no string of the data has


class Strings:
    """SMILES strings and what is known of the molecules, in the batches that models learn from.

    Args:
        smiles: B strings.
        y: ``[B, 1]`` what is known of them.
        symbols: The number of each symbol; see :func:`number_symbols`.
        respelled: The places of molecules that are written anew, in another of their strings,
            whenever they are asked for; none if it is left out.
        generator: Draws these strings.

    Example:
        >>> smiles = ["CCO", "CCl"]
        >>> strings = Strings(smiles, torch.zeros(2, 1), number_symbols(smiles))
        >>> batch, _, y = strings.batch(np.array([1, 0]))
        >>> batch.x.tolist(), batch.lengths.tolist(), y.shape
        ([1, 2, 1, 1, 3], [2, 3], torch.Size([2, 1]))
    """

    def __init__(
        self,
        smiles: Sequence[str],
        y: Tensor,
        symbols: dict[str, int],
        respelled: np.ndarray | None = None,
        generator: np.random.Generator | None = None,
    ):
        self.y, self.symbols, self.generator = y, symbols, generator
        self.numbers = [self._number(string) for string in smiles]
        places = [] if respelled is None else respelled.tolist()
        self.mols = {place: parse_smiles(smiles[place]) for place in places}

    def __len__(self) -> int:
        return len(self.numbers)

    def batch(self, places: np.ndarray) -> tuple[Batch, None, Tensor]:
        """Some of them: path graphs, nothing besides, and what is known."""
        rows = [self._spell(place) for place in places.tolist()]
        return batch_sequences(rows), None, self.y[places]

    def _spell(self, place: int) -> list[int]:
        if place not in self.mols:
            return self.numbers[place]
        return self._number(random_smiles(self.mols[place], self.generator))

    def _number(self, string: str) -> list[int]:
        return [self.symbols.get(symbol, _UNKNOWN) for symbol in split_smiles(string)]


def number_symbols(smiles: Sequence[str]) -> dict[str, int]:
    """The symbols of some strings, numbered from 1; 0 is for those that come up later.

    Example:
        >>> number_symbols(["C=C", "CBr"])
        {'=': 1, 'Br': 2, 'C': 3}
    """
    found = unique(symbol for string in smiles for symbol in split_smiles(string))
    return {symbol: number for number, symbol in enumerate(found, start=1)}


class StringModel(nn.Module):
    r"""An LSTM along a string, all states added up, and two layers.

    .. math::
        h_t = \text{LSTM}(E[x_t], h_{t-1}), \qquad z = \sum_t h_t, \qquad
        \hat y = W_2\,\text{relu}(W_1 z + b_1) + b_2

    Readout and head are those of :class:`gnnlab.molecules.model.PropertyModel`; only what makes
    the states differs, and what the nodes are: symbols on a path in place of atoms with bonds.

    Args:
        num_symbols: V.
        hidden_size: H, in each direction.
        bidirectional: Whether a second LSTM reads from the end.
        dropout: Share of the numbers that is dropped before each layer of the head in training.

    Shape:
        - batch: what :func:`gnnlab.sequences.batch_sequences` makes of B strings
        - output: :math:`(B, 1)`

    Example:
        >>> StringModel(num_symbols=9, hidden_size=8)(batch_sequences([[1, 2], [3]])).shape
        torch.Size([2, 1])
    """

    def __init__(
        self,
        num_symbols: int,
        hidden_size: int,
        bidirectional: bool = False,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.embedding = nn.Embedding(num_symbols, _WIDTH)
        self.recurrent = RecurrentConv(make_cell("lstm", _WIDTH, hidden_size), bidirectional)
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(self.recurrent.out_channels, hidden_size),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_size, 1),
        )

    def forward(self, batch: Batch, descriptors: None = None) -> Tensor:
        """The property ``[B, 1]``, scaled as in training; there are no ``descriptors`` here."""
        x = self.embedding(batch.x)  # [N, F]
        h = self.recurrent(x, Schedule.from_lengths(batch.lengths))  # [N, H] or [N, 2H]
        return self.head(readout(h, batch.batch, batch.num_graphs, "sum"))

    def num_parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)


def count_parameters(num_symbols: int, hidden_size: int, bidirectional: bool) -> int:
    """How many a :class:`StringModel` would have, without the memory for them."""
    with torch.device("meta"):
        return StringModel(num_symbols, hidden_size, bidirectional).num_parameters()
