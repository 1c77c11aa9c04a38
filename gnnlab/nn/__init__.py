"""The core: cells, schedules and message-passing layers. Tensors in, tensors out."""

from gnnlab.nn.adjacency import LAYOUTS, Adjacency
from gnnlab.nn.aggregate import aggregate
from gnnlab.nn.aggregation import GRUAggregation, LSTMAggregation
from gnnlab.nn.attention import GATConv
from gnnlab.nn.cell import Cell, State
from gnnlab.nn.cells import (
    CELLS,
    ChildSumTreeLSTMCell,
    GRUCell,
    LSTMCell,
    MinGRUCell,
    PeepholeLSTMCell,
    RNNCell,
    make_cell,
)
from gnnlab.nn.csr import CSR
from gnnlab.nn.gated import GatedGraphConv
from gnnlab.nn.gcn import GCNConv
from gnnlab.nn.recurrent import EXECUTORS, RecurrentConv
from gnnlab.nn.scan import affine_scan
from gnnlab.nn.schedule import Schedule
from gnnlab.nn.stack import GraphRNN

__all__ = [
    "CELLS",
    "CSR",
    "EXECUTORS",
    "LAYOUTS",
    "Adjacency",
    "Cell",
    "ChildSumTreeLSTMCell",
    "GATConv",
    "GCNConv",
    "GRUAggregation",
    "GRUCell",
    "GatedGraphConv",
    "GraphRNN",
    "LSTMAggregation",
    "LSTMCell",
    "MinGRUCell",
    "PeepholeLSTMCell",
    "RNNCell",
    "RecurrentConv",
    "Schedule",
    "State",
    "affine_scan",
    "aggregate",
    "make_cell",
]
