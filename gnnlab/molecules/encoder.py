"""Graph networks that turn a molecule's atoms into vectors.

Legend: N atoms, E directed bonds, F width of an embedding, H hidden.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import Data

from gnnlab.errors import UnknownNameError
from gnnlab.molecules.features import ATOM_COLUMNS, BOND_CATEGORIES, BOND_COLUMNS
from gnnlab.nn import (
    Adjacency,
    GATConv,
    GatedGraphConv,
    GCNConv,
    GRUCell,
    RecurrentConv,
    RNNCell,
    Schedule,
    line_graph,
    make_cell,
)

_WIDTH = 64  # of the embeddings of atoms and bonds
_HEADS = 4


class Categories(nn.Module):
    r"""A learned vector for every category of every column, summed over the columns.

    .. math::
        e_v = \sum_c E_c[x_{vc}]

    This is a linear map of the one-hot encoding, without the ones and zeros.

    Args:
        columns: Name of each column, and its number of categories.
        width: F.

    Shape:
        - x: :math:`(N, C)` whole numbers; output: :math:`(N, F)`.

    Example:
        >>> Categories({"atomic_num": 119, "charge": 12}, width=8)(torch.tensor([[6, 5]])).shape
        torch.Size([1, 8])
    """

    def __init__(self, columns: Mapping[str, int], width: int):
        super().__init__()
        *first, size = itertools.accumulate(columns.values(), initial=0)
        self.register_buffer("first", torch.tensor(first))  # [C]
        self.weight = nn.Parameter(torch.empty(size, width))
        nn.init.normal_(self.weight, std=len(columns) ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        """``[N, C]`` to ``[N, F]``."""
        return functional.embedding_bag(x + self.first, self.weight, mode="sum")


class BondEncoder(nn.Module):
    r"""States live at directed bonds, and travel from bond to bond.

    .. math::
        h_{vw} = \text{cell}\Big([x_v \Vert x_{vw}],\ \sum_{u \ne w} h_{uv}\Big), \qquad
        h_v = \text{relu}\Big(W\,[x_v \Vert \sum_{u} h_{uv}] + b\Big)

    A :class:`~gnnlab.nn.RecurrentConv` on the line graph, ``num_layers`` steps from zeros. With
    the plain cell this is the directed message passing network
    (`Yang et al., 2019 <https://arxiv.org/abs/1904.01561>`_).

    Args:
        hidden_channels: H.
        num_layers: Number of steps.
        cell: ``"relu"`` for the plain cell, or one of ``gnnlab.nn.CELLS``.
        dropout: Share of the numbers of the result that is dropped in training.
    """

    def __init__(
        self, hidden_channels: int, num_layers: int = 3, cell: str = "relu", dropout: float = 0.0
    ):
        super().__init__()
        H = hidden_channels
        self.atoms, self.bonds = Categories(ATOM_COLUMNS, _WIDTH), Categories(BOND_COLUMNS, _WIDTH)
        if cell == "relu":
            update = RNNCell(_WIDTH, H, nonlinearity="relu")
        else:
            update = make_cell(cell, _WIDTH, H)
        self.conv = RecurrentConv(update, executor="sync", steps=num_layers)
        self.output = nn.Linear(_WIDTH + H, H)
        self.dropout = nn.Dropout(dropout)

    def forward(self, data: Data) -> Tensor:
        """The atoms' vectors ``[N, H]``."""
        num_atoms = data.num_nodes
        source, target = data.edge_index
        x = self.atoms(data.x)  # [N, F]
        bonds = x.index_select(0, source) + self.bonds(data.edge_attr)  # [E, F]
        # All bonds take each step together, so nobody need find out which come before which.
        graph = Schedule(line_graph(data.edge_index, num_atoms), len(bonds), "general")
        h = self.conv(bonds, graph)  # [E, H]
        arriving = h.new_zeros(num_atoms, h.size(1)).index_add(0, target, h)  # [N, H]
        return self.dropout(self.output(torch.cat([x, arriving], dim=1)).relu())


class AtomEncoder(nn.Module):
    r"""Layers of convolutions over atoms, each added to what it was given.

    .. math::
        h^{(l+1)}_v = h^{(l)}_v + \text{dropout}(\text{relu}(\text{conv}_l(h^{(l)}, A)_v))

    Args:
        make_layer: From H to a layer that takes ``(h, adjacency)``.
        hidden_channels: H.
        num_layers: Number of layers.
        dropout: Share of the numbers of each layer that is dropped in training.
    """

    def __init__(
        self,
        make_layer: Callable[[int], nn.Module],
        hidden_channels: int,
        num_layers: int = 3,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.atoms = Categories(ATOM_COLUMNS, hidden_channels)
        self.bonds = Categories(BOND_COLUMNS, hidden_channels)
        self.layers = nn.ModuleList(make_layer(hidden_channels) for _ in range(num_layers))
        self.dropout = nn.Dropout(dropout)

    def forward(self, data: Data) -> Tensor:
        """The atoms' vectors ``[N, H]``."""
        h = self.atoms(data.x)
        # These layers have no place for bonds, so an atom begins with what its bonds are.
        h = h.index_add(0, data.edge_index[1], self.bonds(data.edge_attr))  # [N, H]
        graph = Adjacency.of(data.edge_index, data.num_nodes)
        for layer in self.layers:
            h = h + self.dropout(layer(h, graph).relu())
        return h


class GatedEncoder(nn.Module):
    """A gated graph network on the atoms, with a message matrix for each kind of bond.

    Args:
        hidden_channels: H.
        num_layers: Number of steps.
        dropout: Share of the numbers of the result that is dropped in training.
    """

    _KINDS = ("SINGLE", "DOUBLE", "TRIPLE", "AROMATIC")  # and one for all others

    def __init__(self, hidden_channels: int, num_layers: int = 3, dropout: float = 0.0):
        super().__init__()
        names = BOND_CATEGORIES["bond_type"]
        kinds = [self._KINDS.index(n) if n in self._KINDS else len(self._KINDS) for n in names]
        self.register_buffer("kind", torch.tensor(kinds))
        self.atoms = Categories(ATOM_COLUMNS, hidden_channels)
        cell = GRUCell(hidden_channels, hidden_channels)
        self.conv = GatedGraphConv(cell, num_layers, num_edge_types=len(self._KINDS) + 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, data: Data) -> Tensor:
        """The atoms' vectors ``[N, H]``."""
        kind = self.kind[data.edge_attr[:, 0]]  # [E]
        return self.dropout(self.conv(self.atoms(data.x), data.edge_index, kind))


def make_encoder(name: str, hidden_channels: int, num_layers: int, dropout: float) -> nn.Module:
    """The encoder of one of ``ENCODERS``.

    Raises:
        UnknownNameError: If there is no such encoder.
    """
    if name not in ENCODERS:
        raise UnknownNameError.of("encoder", name, ENCODERS)
    return ENCODERS[name](hidden_channels, num_layers, dropout)


def _bonds(cell: str) -> Callable[[int, int, float], nn.Module]:
    return lambda hidden, layers, dropout: BondEncoder(hidden, layers, cell, dropout)


def _atoms(make_layer: Callable[[int], nn.Module]) -> Callable[[int, int, float], nn.Module]:
    return lambda hidden, layers, dropout: AtomEncoder(make_layer, hidden, layers, dropout)


#: Name -> function of hidden_channels, num_layers and dropout. The first ones have states at bonds.
ENCODERS: dict[str, Callable[[int, int, float], nn.Module]] = {
    "bonds": _bonds("relu"),
    "bonds-gru": _bonds("gru"),
    "bonds-lstm": _bonds("lstm"),
    "gcn": _atoms(lambda hidden: GCNConv(hidden, hidden, self_weight=True)),
    "gat": _atoms(lambda hidden: GATConv(hidden, hidden // _HEADS, heads=_HEADS)),
    "gated": GatedEncoder,
}
