"""Networks of people, pages, proteins and the like: which connections are missing, and why."""

from gnnlab.networks.audit import Audit, audit
from gnnlab.networks.bootstrap import paired_bootstrap
from gnnlab.networks.calibration import calibration_error, reliability_table
from gnnlab.networks.datasets import BENCHMARKS, load_benchmark, load_heart
from gnnlab.networks.drawing import draw_neighborhood
from gnnlab.networks.edge_list import EdgeList, read_edge_list
from gnnlab.networks.embedded import (
    EMBEDDED,
    load_davis_southern_women,
    load_florentine_families,
    load_karate_club,
    load_les_miserables,
)
from gnnlab.networks.explanation import Explanation
from gnnlab.networks.hard import hard_negatives
from gnnlab.networks.metrics import rank_metrics, ranks, suggestion_metrics
from gnnlab.networks.models import GraphScorer
from gnnlab.networks.negatives import degree_matched_negatives, uniform_negatives
from gnnlab.networks.network import Network
from gnnlab.networks.predictor import LinkPredictor
from gnnlab.networks.reading import Reading, read_network
from gnnlab.networks.scorers import SCORERS
from gnnlab.networks.splits import LinkSplit, Part, given_split, random_split, time_split

__all__ = [
    "BENCHMARKS",
    "EMBEDDED",
    "SCORERS",
    "Audit",
    "EdgeList",
    "Explanation",
    "GraphScorer",
    "LinkPredictor",
    "LinkSplit",
    "Network",
    "Part",
    "Reading",
    "audit",
    "calibration_error",
    "degree_matched_negatives",
    "draw_neighborhood",
    "given_split",
    "hard_negatives",
    "load_benchmark",
    "load_davis_southern_women",
    "load_florentine_families",
    "load_heart",
    "load_karate_club",
    "load_les_miserables",
    "paired_bootstrap",
    "random_split",
    "rank_metrics",
    "ranks",
    "read_edge_list",
    "read_network",
    "reliability_table",
    "suggestion_metrics",
    "time_split",
    "uniform_negatives",
]
