"""Every figure of gnnlab: learning curves, heat maps, gates, small graphs, rankings, comparisons.

Functions take tidy data and a path, draw on a :class:`matplotlib.figure.Figure` of their own (no
pyplot state, so they work without a display and in any thread), and return the path they wrote.
Colours are those of Okabe and Ito, told apart by colour-blind readers; ordered groups (lengths)
take steps of one sequential map instead.
"""

from gnnlab.plots.comparisons import accuracy_by_length, order_sensitivity
from gnnlab.plots.curves import learning_curves, mean_and_band
from gnnlab.plots.gradients import gradient_flow, saturation
from gnnlab.plots.graphs import graph_row, neighborhood
from gnnlab.plots.maps import gates_over_time, heat_map
from gnnlab.plots.measured import crossover, memory_growth, roofline
from gnnlab.plots.rankings import detection_curves, rank_histogram, reliability
from gnnlab.plots.sizes import error_by_size, scores_by_model
from gnnlab.plots.smoothing import smoothing_curves, squashing_scatter
from gnnlab.plots.style import PALETTE

__all__ = [
    "PALETTE",
    "accuracy_by_length",
    "crossover",
    "detection_curves",
    "error_by_size",
    "gates_over_time",
    "gradient_flow",
    "graph_row",
    "heat_map",
    "learning_curves",
    "mean_and_band",
    "memory_growth",
    "neighborhood",
    "order_sensitivity",
    "rank_histogram",
    "reliability",
    "roofline",
    "saturation",
    "scores_by_model",
    "smoothing_curves",
    "squashing_scatter",
]
