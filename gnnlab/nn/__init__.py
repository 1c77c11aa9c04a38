"""The core: cells, schedules and message-passing layers. Tensors in, tensors out."""

from gnnlab.nn.accelerate import accelerate
from gnnlab.nn.adjacency import LAYOUTS, Adjacency
from gnnlab.nn.aggregate import aggregate
from gnnlab.nn.aggregation import GRUAggregation, LSTMAggregation
from gnnlab.nn.attention import GATConv
from gnnlab.nn.calibrate import calibrate
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
from gnnlab.nn.graph_recurrent import GraphRecurrentConv
from gnnlab.nn.layout import choose_layout, crossover_density
from gnnlab.nn.line_graph import line_graph
from gnnlab.nn.readout import READOUTS, readout
from gnnlab.nn.recurrent import EXECUTORS, RecurrentConv
from gnnlab.nn.sampling import NeighborSampler
from gnnlab.nn.scan import affine_scan
from gnnlab.nn.schedule import Schedule
from gnnlab.nn.stack import GraphRNN

__all__ = [
    "CELLS",
    "CSR",
    "EXECUTORS",
    "LAYOUTS",
    "READOUTS",
    "Adjacency",
    "Cell",
    "ChildSumTreeLSTMCell",
    "GATConv",
    "GCNConv",
    "GRUAggregation",
    "GRUCell",
    "GatedGraphConv",
    "GraphRNN",
    "GraphRecurrentConv",
    "LSTMAggregation",
    "LSTMCell",
    "MinGRUCell",
    "NeighborSampler",
    "PeepholeLSTMCell",
    "RNNCell",
    "RecurrentConv",
    "Schedule",
    "State",
    "accelerate",
    "affine_scan",
    "aggregate",
    "calibrate",
    "choose_layout",
    "crossover_density",
    "line_graph",
    "make_cell",
    "readout",
]
