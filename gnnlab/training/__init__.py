"""Training: fitting, histories, seeds, and what all estimators share. Lightning lives here only."""

from gnnlab.training.check import check_count, check_positive, check_seed, check_share
from gnnlab.training.estimator import Estimator
from gnnlab.training.fitting import ACCELERATORS, fit
from gnnlab.training.history import History
from gnnlab.training.products import wide_products
from gnnlab.training.resume import check_same_run
from gnnlab.training.seeds import STREAMS, seeded, stream
from gnnlab.training.state import TrainingState
from gnnlab.training.track import track

__all__ = [
    "ACCELERATORS",
    "STREAMS",
    "Estimator",
    "History",
    "TrainingState",
    "check_count",
    "check_positive",
    "check_same_run",
    "check_seed",
    "check_share",
    "fit",
    "seeded",
    "stream",
    "track",
    "wide_products",
]
