"""Chapter on networks: who should meet whom in Les Misérables, why, and how far to trust it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gnnlab import plots
from gnnlab.networks import LinkPredictor, Network, load_les_miserables, random_split
from gnnlab.networks.benchmark import PREDICTOR, judge
from gnnlab.networks.calibration import (
    calibration_error,
    hidden_probabilities,
    reliability_table,
)
from gnnlab.networks.drawing import draw_neighborhood
from gnnlab.sequences.runs import one_thread
from gnnlab.tour.page import Chapter, Picture, Table, Text

_DAUGHTER, _MOTHER = "Cosette", "Fantine"
_HIDDEN = 0.1  # of the connections
_RIVALS = ("resource-allocation", "adamic-adar", "katz", "common-neighbors")
_SHOWN = 6


def who_should_meet_whom(folder: Path, quick: bool) -> Chapter:
    """Suggestions for a character, the reasons in words and drawn, and what becomes of guesses."""
    network = load_les_miserables()
    with one_thread():
        return Chapter(
            "Who should meet whom",
            [
                *_suggesting(network, folder),
                *_checking(network, folder, rounds=1 if quick else 5),
                Text(
                    "The same for a list of your own, with a connection per line: `gnnlab networks "
                    "suggest friends.csv --node Anna --explain`, and `gnnlab networks evaluate "
                    "friends.csv`, which says how good such suggestions are."
                ),
            ],
        )


def _suggesting(network: Network, folder: Path) -> list[Text | Table | Picture]:
    predictor = LinkPredictor().fit(network)
    suggestions = predictor.suggest(_DAUGHTER, k=_SHOWN)
    explanation = predictor.explain(_DAUGHTER, _MOTHER)
    drawn = draw_neighborhood(network, _DAUGHTER, _MOTHER, folder / "neighborhood.png")
    return [
        Text(
            f"Victor Hugo's Les Misérables has {network.num_nodes} characters, and "
            f"{network.num_edges} pairs of them meet in some chapter. They are nodes and edges of "
            "a graph. Which pairs are missing? Many counts have something to say: how many "
            "acquaintances two share, how rare these are, how many paths lead from one to the "
            "other. `LinkPredictor` hides some connections, learns how much each count helps to "
            "find them again, never against the evidence, and then looks at all pairs. Whom should "
            f"{_DAUGHTER} meet?"
        ),
        Table(
            suggestions[["suggestion", "probability"]],
            f"The first suggestions for {_DAUGHTER}. Probabilities are those among pairs of which "
            "half meet; characters who know the same people are as likely.",
        ),
        Text(
            f"Why {_MOTHER}? {' '.join(str(explanation).splitlines())} That she is {_DAUGHTER}'s "
            "mother stands nowhere in these numbers."
        ),
        Picture(
            drawn,
            f"The neighbourhood of the two, dashed between them what is suggested. Green: whom "
            f"both know. {_count_left_out(network)}",
        ),
    ]


def _count_left_out(network: Network) -> str:
    u, v = network.node(_DAUGHTER), network.node(_MOTHER)
    known = np.union1d(network.neighbors(u), network.neighbors(v))
    return f"Together they know {len(np.setdiff1d(known, [u, v]))} of the characters."


def _checking(network: Network, folder: Path, rounds: int) -> list[Text | Table | Picture]:
    ranks, positive, negative = [], [], []
    for seed in range(rounds):
        split = random_split(network, 0, _HIDDEN, seed, negatives="hard")
        judged = {name: judge(name, split, seed)
                  for name in (PREDICTOR, *_RIVALS)}  # fmt: skip
        ranks.append({name: judgement.metrics["mrr"] for name, judgement in judged.items()})
        said = hidden_probabilities(judged[PREDICTOR].scorer, network, split.test.positive, seed)
        positive.append(said[0])
        negative.append(said[1].ravel())
    bins = reliability_table(np.concatenate(positive), np.concatenate(negative), num_bins=5)
    table = pd.DataFrame(ranks).mean().rename_axis("scorer").reset_index(name="mean of 1 / rank")
    table = table.replace(PREDICTOR, "LinkPredictor")
    times = "once" if rounds == 1 else f"{rounds} times"
    return [
        Text(
            f"Is it to be trusted? Hide a tenth of the meetings, {times}, learn from the others "
            "alone, and see at which rank each hidden one comes out among the pairs that look most "
            "like a meeting, as they share a character with it. Nothing of what is asked was seen: "
            "the split keeps connections to learn from, connections to ask for, and pairs without "
            "one apart, and `gnnlab.networks.audit` proves it for any split."
        ),
        Table(
            table,
            "How high hidden meetings rank; 1 would be always first. Nobody knows beforehand which "
            "count suits a network: the predictor finds out, and makes a probability of it.",
        ),
        Picture(
            plots.reliability(bins, folder / "reliability.png", error=calibration_error(bins)),
            f"Of {len(np.concatenate(positive))} hidden meetings and as heavy a share of other "
            "pairs: how often it is true when the predictor says so.",
        ),
    ]
