"""Suggestions for every node of a large network: seconds and memory.

    python benchmarks/networks_suggest.py github facebook-pages lastfm-asia

Each network in a process of its own, whose peak memory is that of fitting and suggesting together.
"""

from __future__ import annotations

import argparse
import resource
import time
from multiprocessing import get_context

import pandas as pd
from measure import write

from gnnlab.networks import LinkPredictor, load_benchmark


def run(name: str) -> dict[str, object]:
    """Fits the default predictor and suggests ten connections to every node."""
    network = load_benchmark(name)
    start = time.perf_counter()
    predictor = LinkPredictor().fit(network)
    fitted = time.perf_counter()
    suggestions = predictor.suggest_all(10)
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "network": name,
        "nodes": network.num_nodes,
        "connections": network.num_edges,
        "scorers": len(predictor.evidence_.scorers),
        "fit, s": f"{fitted - start:.1f}",
        "suggest all, s": f"{done - fitted:.1f}",
        "suggestions": len(suggestions),
        "peak memory, GB": f"{peak / 1e9:.2f}",
    }


def main() -> None:
    """Measures the networks that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+")
    names = parser.parse_args().names
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        rows = [pool.apply(run, (name,)) for name in names]
    write("networks_suggest", pd.DataFrame(rows), "One process at a time, the default predictor.")


if __name__ == "__main__":
    main()
