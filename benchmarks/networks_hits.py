"""Hits@100 under the protocol of NCN: ten random splits, 70 % to learn from, 20 % to find.

    python benchmarks/networks_hits.py cora citeseer --seeds 10 [--resume]

A hit is a test connection above the hundredth best of as many pairs without one. Only the training
connections are looked at, and the predictor learns to tell them from uniform pairs, as it is asked
here; the settings of the graph networks were chosen on the validation parts of Cora's splits 10 to
12. Rows are kept in `results/networks_hits`, a file for each network.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import pandas as pd
from measure import RESULTS, write

from gnnlab.data.rows import RowsFile
from gnnlab.networks import (
    SCORERS,
    LinkPredictor,
    LinkSplit,
    load_benchmark,
    random_split,
    rank_metrics,
)
from gnnlab.networks.evidence import PairScorer
from gnnlab.networks.predictor import score_part

FOLDER = RESULTS / "networks_hits"
HEURISTICS = ("resource-allocation", "smoothed-features")
GRAPH = {"decoder": "dot", "num_layers": 2, "dropout": 0.7, "ensemble_size": 4}


def contenders(split: LinkSplit, seed: int) -> Iterator[tuple[str, PairScorer]]:
    """Each with its name, fitted. The graph networks are those that the predictor has learned."""
    for name in HEURISTICS:
        yield name, SCORERS[name]().fit(split.message)
    yield "default", LinkPredictor(negatives="uniform", seed=seed).fit(split.message)
    both = LinkPredictor(graph=GRAPH, negatives="uniform", seed=seed).fit(split.message)
    yield "default and four graph networks", both
    yield "four graph networks", both.evidence_.scorers["graph"]


def main() -> None:
    """Compares all contenders on each split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--resume", action="store_true", help="go on with the rows that are there")
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    for name in options.names:
        rows = RowsFile(FOLDER / f"{name}.csv", ("scorer", "seed"), options.resume)
        network = load_benchmark(name)
        for seed in range(options.seeds):
            if rows.has("four graph networks", seed):
                continue
            split = random_split(network, 0.1, 0.2, seed)
            start = time.perf_counter()
            for scorer, fitted in contenders(split, seed):
                seconds = time.perf_counter() - start
                hits = 100 * rank_metrics(*score_part(fitted, split.test))["hits@100"]
                place = {"benchmark": name, "scorer": scorer, "seed": seed}
                if not rows.has(scorer, seed):
                    rows.append(place | {"hits@100": hits, "seconds": seconds})
                print(name, scorer, seed, round(hits, 2), flush=True)
                start = time.perf_counter()
    table = pd.concat([pd.read_csv(path) for path in sorted(FOLDER.glob("*.csv"))])
    groups = table.groupby(["benchmark", "scorer"], sort=False)
    summary = groups["hits@100"].agg(["mean", "std", "count"]).round(2)
    summary["seconds"] = groups["seconds"].mean().round(1)
    write(
        "networks_hits",
        summary.reset_index().astype(object).fillna(""),
        "Seconds of fitting, one thread; those of the four graph networks are part of the row "
        "above, where they learn twice: without the connections that are hidden to weigh them, "
        "and with them.",
    )


if __name__ == "__main__":
    main()
