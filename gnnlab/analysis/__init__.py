"""Understanding: what flows where in a network, how far, and through which gates."""

from gnnlab.analysis.gates import GateSaturation, gate_saturation
from gnnlab.analysis.jacobian import Influence, jacobian_blocks, node_jacobian, total_influence
from gnnlab.analysis.paths import adjacency_matrix, hops, receptive_field, shortest_paths
from gnnlab.analysis.terms import Terms, gradient_terms
from gnnlab.analysis.through_time import GradientFlow, gradient_through_time

__all__ = [
    "GateSaturation",
    "GradientFlow",
    "Influence",
    "Terms",
    "adjacency_matrix",
    "gate_saturation",
    "gradient_terms",
    "gradient_through_time",
    "hops",
    "jacobian_blocks",
    "node_jacobian",
    "receptive_field",
    "shortest_paths",
    "total_influence",
]
