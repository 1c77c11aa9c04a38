"""How many negatives that the predictor learns from are connections that the split has hidden.

    python benchmarks/networks_false_negatives.py facebook-ego usair ecoli

They look like connections because they are some, and nobody can know them beforehand. The slope is
that of a logistic regression from the predictor's scores to connections of the message graph that
were hidden in turn, with these negatives and without them: with them it is too flat for the test
part, whose negatives are true ones. One split of each network, of a seed that no table uses.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
import torch
from measure import write
from sklearn.linear_model import LogisticRegression

from gnnlab.networks import LinkPredictor, Network, load_benchmark
from gnnlab.networks.benchmark import split_at_random
from gnnlab.networks.evidence import Evidence, make_scorers, usual_scorers
from gnnlab.networks.hiding import hide
from gnnlab.networks.predictor import score_part
from gnnlab.networks.splits import Part

SEED = 10
HIDDEN = 0.08  # of the message graph's connections


def slope(positive: np.ndarray, negative: np.ndarray) -> float:
    """That of log-odds over scores, if both kinds weigh the same."""
    scores = np.concatenate([positive, negative])[:, None]
    is_positive = np.arange(len(scores)) < len(positive)
    return LogisticRegression(class_weight="balanced").fit(scores, is_positive).coef_.item()


def learned_from(predictor: LinkPredictor, message: Network) -> tuple[Part, np.ndarray]:
    """Connections that are hidden as in learning with their negatives, and the scores of all."""
    count = message.num_edges
    rows = np.sort(np.random.default_rng(SEED).permutation(count)[: int(HIDDEN * count)])
    split = hide(message, rows, predictor.negatives_, predictor.missing_, SEED)
    part = split.valid
    evidence = Evidence(make_scorers(usual_scorers(message))).fit(split.message)
    pairs = torch.cat([part.positive, part.negative.flatten(1)], dim=1)
    return part, predictor.stack_.score(evidence.table(pairs))


def tested(predictor: LinkPredictor, network: Network, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """The scores of a part, and of negatives drawn in knowledge of the whole network."""
    rows = np.searchsorted(network.keys, network.keys_of(part.positive))
    whole = hide(network, rows, predictor.negatives_, predictor.missing_, SEED)
    return score_part(predictor, whole.valid)


def measure(name: str) -> dict[str, object]:
    """One row: one split of one network."""
    network = load_benchmark(name)
    split = split_at_random(network, SEED)
    predictor = LinkPredictor(seed=SEED).fit(split.message, split.valid)
    part, scores = learned_from(predictor, split.message)
    positive, negative = np.split(scores, [part.positive.size(1)])
    is_true = ~np.asarray(network.connected(part.negative.flatten(1).numpy()))
    known, others = tested(predictor, network, split.test)
    return {
        "network": name,
        "negatives": len(is_true),
        "hidden connections among them, %": round(100 * (1 - is_true.mean()), 1),
        "slope": round(slope(positive, negative), 3),
        "slope without them": round(slope(positive, negative[is_true]), 3),
        "slope of the test part": round(slope(known, others.ravel()), 3),
    }


def main() -> None:
    """Writes a row per network that is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    torch.set_num_threads(1)
    write("networks_false_negatives", pd.DataFrame([measure(name) for name in options.names]))


if __name__ == "__main__":
    main()
