"""Measuring: the sides of a comparison in turns, each beside what the machine could do."""

from gnnlab.bench.adjacency import Advice, measure_graph, measure_grid
from gnnlab.bench.contenders import CONTENDERS, Contender
from gnnlab.bench.graphs import GRAPHS, Graph, make_graph, real_networks, undirected
from gnnlab.bench.grid import GridCell, full_grid, quick_grid
from gnnlab.bench.measure import alternate, forward_backward, machine, peak_memory, saved_bytes
from gnnlab.bench.problem import Problem
from gnnlab.bench.report import to_markdown, write_report
from gnnlab.bench.roofline import Cost, Shape
from gnnlab.bench.sweep import QUICK, Settings

__all__ = [
    "CONTENDERS",
    "GRAPHS",
    "QUICK",
    "Advice",
    "Contender",
    "Cost",
    "Graph",
    "GridCell",
    "Problem",
    "Settings",
    "Shape",
    "alternate",
    "forward_backward",
    "full_grid",
    "machine",
    "make_graph",
    "measure_graph",
    "measure_grid",
    "peak_memory",
    "quick_grid",
    "real_networks",
    "saved_bytes",
    "to_markdown",
    "undirected",
    "write_report",
]
