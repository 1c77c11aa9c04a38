"""How good a generator is: the metrics of MOSES for generated molecules."""

from gnnlab.molecules.metrics.evaluation import evaluate
from gnnlab.molecules.metrics.profile import PROPERTIES
from gnnlab.molecules.metrics.reference import Reference
from gnnlab.molecules.metrics.synthesis import sa_score

__all__ = ["PROPERTIES", "Reference", "evaluate", "sa_score"]
