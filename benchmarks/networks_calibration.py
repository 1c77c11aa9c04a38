"""Whether the default predictor's probabilities mean what they say of connections it never saw.

    python benchmarks/networks_calibration.py usair lastfm-asia --seeds 3

The splits are those of `gnnlab networks benchmark`; of the hidden connections, 1,000 at most, each
stands among pairs like those that the predictor has learned from. Positives and negatives weigh the
same. Rows are kept in `results/networks_calibration.csv`; what stands there is not run again.
"""

from __future__ import annotations

import argparse

from measure import RESULTS, write

from gnnlab.data.rows import RowsFile
from gnnlab.networks import LinkPredictor, load_benchmark
from gnnlab.networks.benchmark import split_at_random
from gnnlab.networks.calibration import (
    calibration_error,
    hidden_probabilities,
    reliability_table,
)

NAME = "networks_calibration"


def measure(name: str, seed: int) -> dict[str, object]:
    """One row: one split of one network."""
    network = load_benchmark(name)
    split = split_at_random(network, seed)
    predictor = LinkPredictor(seed=seed).fit(split.message, split.valid)
    said = hidden_probabilities(predictor, network, split.test.positive, seed)
    table = reliability_table(*said)
    return {
        "network": name,
        "seed": seed,
        "hidden connections": split.test.positive.size(1),
        "negatives": predictor.negatives_,
        "calibration error": calibration_error(table),
        "largest difference in a bin": (table["probability"] - table["share"]).abs().max(),
        "smallest probability": min(part.min() for part in said),
        "largest probability": max(part.max() for part in said),
    }


def main() -> None:
    """Measures the networks that are named, and writes the table of all that were."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    rows = RowsFile(RESULTS / f"{NAME}.csv", ("network", "seed"), resume=True)
    for name in options.names:
        for seed in range(options.seeds):
            if not rows.has(name, seed):
                rows.append(measure(name, seed))
    table = rows.table()
    errors = table["calibration error"]
    note = f"{(errors <= 0.05).sum()} of {len(table)} splits have an error of at most 0.05."
    write(NAME, table.round(4), note)


if __name__ == "__main__":
    main()
