"""Understanding: what flows where in a network, how far, and through which gates.

The comparisons of recurrent and graph networks are in :mod:`gnnlab.analysis.compare`.
"""

from gnnlab.analysis.deep import DEEP, DeepNetwork, make_deep
from gnnlab.analysis.gates import GateSaturation, gate_saturation
from gnnlab.analysis.jacobian import (
    Influence,
    jacobian_blocks,
    measured_field,
    node_jacobian,
    total_influence,
)
from gnnlab.analysis.oversmoothing import (
    dirichlet_energy,
    effective_rank,
    mean_average_distance,
    smoothing,
)
from gnnlab.analysis.oversquashing import forman_curvature, squashing
from gnnlab.analysis.paths import adjacency_matrix, hops, receptive_field, shortest_paths
from gnnlab.analysis.resistance import effective_resistance
from gnnlab.analysis.states import LayerState, layer_states
from gnnlab.analysis.terms import Terms, gradient_terms
from gnnlab.analysis.through_time import GradientFlow, gradient_through_time
from gnnlab.analysis.vanishing_gradients import gains, saturation, vanishing

__all__ = [
    "DEEP",
    "DeepNetwork",
    "GateSaturation",
    "GradientFlow",
    "Influence",
    "LayerState",
    "Terms",
    "adjacency_matrix",
    "dirichlet_energy",
    "effective_rank",
    "effective_resistance",
    "forman_curvature",
    "gains",
    "gate_saturation",
    "gradient_terms",
    "gradient_through_time",
    "hops",
    "jacobian_blocks",
    "layer_states",
    "make_deep",
    "mean_average_distance",
    "measured_field",
    "node_jacobian",
    "receptive_field",
    "saturation",
    "shortest_paths",
    "smoothing",
    "squashing",
    "total_influence",
    "vanishing",
]
