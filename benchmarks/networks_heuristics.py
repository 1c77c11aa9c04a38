"""Adamic-Adar scores per second: gnnlab against networkx, on ego-Facebook and GitHub.

    python benchmarks/networks_heuristics.py [--quick]

Both sides score pairs from the same list on one thread, each in whole calls of
torch.utils.benchmark; medians of that thread's own time, which other work on the machine disturbs
less than the clock on the wall. networkx gets the first pairs of the list only, because it would
take minutes over all of them. Random pairs have no connection; connected pairs are the network's
own, in random order. The index of our side is built once: its time has a column of its own.
"""

from __future__ import annotations

import argparse
import time

import networkx as nx
import numpy as np
import pandas as pd
import torch
from measure import machine, write
from torch.utils.benchmark import Timer

from gnnlab.networks.datasets import load_benchmark
from gnnlab.networks.network import Network
from gnnlab.networks.scorers import AdamicAdar

NETWORKS = ("facebook-ego", "github")
COUNTS = (1_000, 10_000, 100_000, 1_000_000, 4_000_000)
THEIRS = 10_000


def random_pairs(network: Network, count: int) -> np.ndarray:
    """Pairs ``[2, count]`` of different nodes without a connection."""
    generator = np.random.default_rng(0)
    pairs = generator.integers(0, network.num_nodes, (2, 2 * count))
    pairs = pairs[:, (pairs[0] != pairs[1]) & ~network.connected(pairs)]
    return pairs[:, :count]


def seconds(statement: str, names: dict, least: float) -> float:
    """The median time of a call."""
    timer = Timer(statement, globals=names, timer=time.thread_time)
    return timer.blocked_autorange(min_run_time=least).median


def compare(name: str, network: Network, kind: str, pairs: np.ndarray, least: float) -> dict:
    """One row: both sides on one list of pairs."""
    graph = nx.Graph(network.edge_index.T.tolist())
    scorer, some = AdamicAdar().fit(network), pairs[:, :THEIRS]
    theirs = list(map(tuple, some.T.tolist()))
    expected = [score for _, _, score in nx.adamic_adar_index(graph, theirs)]
    np.testing.assert_allclose(scorer.score(some), expected, rtol=1e-12)
    call = "list(adamic_adar_index(graph, pairs))"
    names = {"adamic_adar_index": nx.adamic_adar_index, "graph": graph, "pairs": theirs}
    slow = len(theirs) / seconds(call, names, least)
    fast = pairs.shape[1] / seconds(
        "scorer.score(pairs)", {"scorer": scorer, "pairs": pairs}, least
    )
    names = {"scorer": scorer, "network": network}
    return {
        "network": name,
        "pairs": kind,
        "P": pairs.shape[1],
        "networkx [1000/s]": round(slow / 1e3, 1),
        "gnnlab [1000/s]": round(fast / 1e3),
        "times networkx": round(fast / slow, 1),
        "fit [ms]": round(1e3 * seconds("scorer.fit(network)", names, least), 1),
    }


def main() -> None:
    """Writes a row per network, kind of pairs and length of the list."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short lists, nothing written")
    options = parser.parse_args()
    torch.set_num_threads(1)
    least, counts = (0.2, COUNTS[:2]) if options.quick else (2.0, COUNTS)
    rows = []
    for name in NETWORKS:
        network = load_benchmark(name)
        pairs = random_pairs(network, counts[-1])
        for count in counts:
            rows.append(compare(name, network, "random", pairs[:, :count], least))
        order = np.random.default_rng(1).permutation(network.num_edges)
        connected = network.edge_index.numpy()[:, order]
        rows.append(compare(name, network, "connected", connected, least))
    table = pd.DataFrame(rows)
    if options.quick:
        print(machine(), table.to_string(index=False), sep="\n")
    else:
        write("networks_heuristics", table)


if __name__ == "__main__":
    main()
