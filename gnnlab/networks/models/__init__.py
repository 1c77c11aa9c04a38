"""Learned scorers of possible connections: graph networks on the package's core."""

from gnnlab.networks.models.decoders import DECODERS
from gnnlab.networks.models.draws import NEGATIVES
from gnnlab.networks.models.encoders import ENCODERS
from gnnlab.networks.models.scorer import GraphScorer

__all__ = ["DECODERS", "ENCODERS", "NEGATIVES", "GraphScorer"]
