from __future__ import annotations

import numpy as np
import torch

from gnnlab.networks import load_les_miserables
from gnnlab.networks.evidence import Evidence, make_scorers, usual_scorers


class Counted:
    """A scorer that counts the pairs that it is asked for."""

    def __init__(self):
        self.asked = 0

    def fit(self, network):
        return self

    def score(self, pairs):
        self.asked += pairs.size(1)
        return (10 * pairs[0] + pairs[1]).double().numpy()


def test_every_column_is_what_the_scorer_says():
    network = load_les_miserables()
    scorers = make_scorers(usual_scorers(network))
    evidence = Evidence(scorers).fit(network)
    pairs = torch.tensor([[4, 0, 9, 4, 30], [7, 3, 2, 7, 5]])
    table = evidence.table(pairs)
    for column, scorer in enumerate(scorers.values()):
        np.testing.assert_array_equal(table[:, column], scorer.score(pairs).astype(np.float32))
    degrees = network.degree[pairs.numpy()]
    np.testing.assert_array_equal(table[:, -2:], np.stack([degrees.min(0), degrees.max(0)], 1))


def test_pairs_that_come_twice_are_looked_at_once():
    scorer = Counted()
    evidence = Evidence({"counted": scorer}).fit(load_les_miserables())
    table = evidence.table(torch.tensor([[5, 1, 5, 2, 1], [6, 2, 6, 1, 2]]))
    assert table[:, 0].tolist() == [56, 12, 56, 21, 12]
    assert scorer.asked == 3
    assert evidence.table(torch.zeros(2, 0, dtype=torch.int64)).shape == (0, 3)
