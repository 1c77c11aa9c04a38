"""Hits@100 under the protocol of NCN: ten random splits, 70 % to learn from, 20 % to find.

    python benchmarks/networks_hits.py cora citeseer --seeds 10

A hit is a test connection above the hundredth best of as many pairs without one. Only the training
connections are looked at; the validation part is used by nobody.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import pandas as pd
from measure import write

from gnnlab.networks import (
    SCORERS,
    GraphScorer,
    LinkPredictor,
    load_benchmark,
    random_split,
    rank_metrics,
)
from gnnlab.networks.predictor import score_part

NCN = {"decoder": "common", "num_layers": 2, "dropout": 0.5}
CONTENDERS: dict[str, Callable[[int], object]] = {
    "resource-allocation": lambda seed: SCORERS["resource-allocation"](),
    "smoothed-features": lambda seed: SCORERS["smoothed-features"](),
    "graph network, common neighbours": lambda seed: GraphScorer(seed=seed, **NCN),
    "default": lambda seed: LinkPredictor(seed=seed),
    "default and graph network": lambda seed: LinkPredictor(graph=NCN, seed=seed),
}


def main() -> None:
    """Compares all contenders on each split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    rows = []
    for name in options.names:
        network = load_benchmark(name)
        for seed in range(options.seeds):
            split = random_split(network, 0.1, 0.2, seed)
            for contender, make in CONTENDERS.items():
                start = time.perf_counter()
                scorer = make(seed).fit(split.message)
                seconds = time.perf_counter() - start
                hits = rank_metrics(*score_part(scorer, split.test))["hits@100"]
                rows.append((name, contender, seed, 100 * hits, seconds))
                print(*rows[-1], flush=True)
    table = pd.DataFrame(rows, columns=["benchmark", "scorer", "seed", "hits@100", "seconds"])
    groups = table.groupby(["benchmark", "scorer"], sort=False)
    summary = groups["hits@100"].agg(["mean", "std", "count"]).round(2)
    summary["seconds"] = groups["seconds"].mean().round(1)
    write("networks_hits", summary.reset_index().astype(object).fillna(""))


if __name__ == "__main__":
    main()
