"""Scorers that learn nothing: how likely two nodes are connected, behind one interface."""

from collections.abc import Callable
from functools import partial

from gnnlab.networks.scorers.katz import Katz
from gnnlab.networks.scorers.local import (
    AdamicAdar,
    CommonNeighbors,
    Jaccard,
    PreferentialAttachment,
    ResourceAllocation,
)
from gnnlab.networks.scorers.pagerank import PageRank
from gnnlab.networks.scorers.paths import LocalPath, ShortestPath
from gnnlab.networks.scorers.scorer import Scorer
from gnnlab.networks.scorers.similarity import IdfFeatures, RawFeatures, SmoothedFeatures
from gnnlab.networks.scorers.spectral import Spectral

__all__ = [
    "SCORERS",
    "AdamicAdar",
    "CommonNeighbors",
    "IdfFeatures",
    "Jaccard",
    "Katz",
    "LocalPath",
    "PageRank",
    "PreferentialAttachment",
    "RawFeatures",
    "ResourceAllocation",
    "Scorer",
    "ShortestPath",
    "SmoothedFeatures",
    "Spectral",
]

#: All scorers by name; those of features need a network that has some.
SCORERS: dict[str, Callable[[], Scorer]] = {
    "common-neighbors": CommonNeighbors,
    "jaccard": Jaccard,
    "adamic-adar": AdamicAdar,
    "resource-allocation": ResourceAllocation,
    "preferential-attachment": PreferentialAttachment,
    "local-path": LocalPath,
    "katz": Katz,
    "pagerank": PageRank,
    "shortest-path": ShortestPath,
    "spectral": Spectral,
    "raw-features": RawFeatures,
    "idf-features": IdfFeatures,
    "smoothed-features": SmoothedFeatures,
    "smoothed-features-2": partial(SmoothedFeatures, hops=2),
    "smoothed-features-3": partial(SmoothedFeatures, hops=3),
}
