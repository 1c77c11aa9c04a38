"""The audit finds every kind of leak that is put into a clean split, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import networkx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.networks import Network
from gnnlab.networks.audit import audit
from gnnlab.networks.splits import LinkSplit, Part, random_split, time_split

GRAPH = networkx.gnm_random_graph(40, 120, seed=1)
WHOLE = Network.of(range(40), np.array(GRAPH.edges).T, edge_time=np.arange(120.0))


def pick(pairs, number):
    """One of the pairs, every other time in the other direction."""
    pair = pairs.reshape(2, -1)[:, [number // 2 % pairs[0].numel()]]
    return pair.flip(0) if number % 2 else pair


def with_positive(split, name, pair):
    part = getattr(split, name)
    # A pair that comes in place of another leaves the shapes as they are.
    return replace(split, **{name: replace(part, positive=put(part.positive, pair))})


def with_negative(split, name, pair):
    part = getattr(split, name)
    return replace(split, **{name: replace(part, negative=put(part.negative, pair))})


def put(pairs, pair):
    changed = pairs.clone()
    changed.view(2, -1)[:, -1:] = pair
    return changed


#: What is done to a split, with a random number at hand; and what the audit says.
LEAKS = {
    "test positive in the message graph": (
        lambda split, n: with_positive(split, "test", pick(split.message.edge_index, n)),
        "positive of test is a connection of the message graph",
    ),
    "valid positive in the message graph": (
        lambda split, n: with_positive(split, "valid", pick(split.message.edge_index, n)),
        "positive of valid is a connection of the message graph",
    ),
    "test connection added to the message graph": (
        lambda split, n: replace(
            split,
            message=WHOLE.only(
                torch.cat([split.message.edge_index, pick(split.test.positive, n)], 1)
            ),
        ),
        "positive of test is a connection of the message graph",
    ),
    "one pair in both parts": (
        lambda split, n: with_positive(split, "test", pick(split.valid.positive, n)),
        "positive of test is a positive of valid",
    ),
    "a positive twice": (
        lambda split, n: with_positive(split, "test", pick(split.test.positive[:, :-1], n)),
        "positive of test comes twice",
    ),
    "negative in the message graph": (
        lambda split, n: with_negative(split, "valid", pick(split.message.edge_index, n)),
        "negative of valid is a connection of the message graph",
    ),
    "negative is a positive of its part": (
        lambda split, n: with_negative(split, "test", pick(split.test.positive, n)),
        "negative of test is a positive of test",
    ),
    "negative of valid is a positive of test": (
        lambda split, n: with_negative(split, "valid", pick(split.test.positive, n)),
        "negative of valid is a positive of test",
    ),
    "a negative twice": (
        lambda split, n: with_negative(
            split, "test", split.test.negative[..., 0].reshape(2, -1)[:, -1:]
        ),
        "negative of test comes twice",
    ),
    "a self loop": (
        lambda split, n: with_negative(split, "test", torch.full((2, 1), n % 40)),
        "negative of test joins a node with itself",
    ),
    "a node that does not exist": (
        lambda split, n: with_positive(split, "valid", torch.tensor([[3], [40 + n]])),
        "positive of valid has a node that does not exist",
    ),
    "a positive that is no connection": (
        lambda split, n: with_positive(split, "test", pick(split.test.negative, n)),
        "positive of test is no connection of the network",
    ),
}


@pytest.mark.parametrize("negatives", ["uniform", "hard"])
@pytest.mark.parametrize("leak", LEAKS)
@settings(max_examples=10)
@given(number=st.integers(0, 999))
def test_every_leak_is_found(leak, negatives, number):
    split = random_split(WHOLE, 0.1, 0.2, number, negatives=negatives, num_negatives=20)
    assert audit(split, WHOLE).clean
    inject, words = LEAKS[leak]
    found = audit(inject(split, number), WHOLE)
    assert not found.clean
    assert any(finding.startswith(f"a {words}") for finding in found.findings), str(found)


def test_the_whole_network_tells_more():
    """A connection that is in no part can only be known from the whole network."""
    split = random_split(WHOLE, max_positives=5)
    parts = torch.cat([split.message.edge_index, split.valid.positive, split.test.positive], 1)
    left_out = WHOLE.edge_index[:, ~torch.from_numpy(WHOLE.only(parts).connected(WHOLE.edge_index))]
    leaky = with_negative(split, "test", left_out[:, :1])
    assert audit(leaky).clean
    assert "a negative of test is a connection of the network" in str(audit(leaky, WHOLE))
    strange = replace(
        split, message=WHOLE.only(torch.cat([parts[:, :84], pick(split.test.negative, 0)], 1))
    )
    assert "connection of the message graph is no connection" in str(audit(strange, WHOLE))
    assert "41 nodes, the split 40" in str(audit(split, Network.of(range(41), [[0], [1]])))


@settings(max_examples=20)
@given(st.integers(0, 999))
def test_the_future_is_found(number):
    split = time_split(WHOLE, 0.2, 0.2)
    assert audit(split, WHOLE).clean
    time = split.message.edge_time.clone()
    time[number % len(time)] = 97 + number % 20
    early = replace(split, message=replace(split.message, edge_time=time))
    assert "graph is not before the first positive of test" in str(audit(early))
    time = split.valid.time.clone()
    time[number % len(time)] = 200
    late = replace(split, valid=replace(split.valid, time=time))
    assert "positive of valid is not before the first positive of test" in str(audit(late))
    time[0] = float("nan")
    assert f"positive of valid has no time (1 of {len(time)}" in str(audit(late))


def test_times_that_are_left_out():
    split = time_split(WHOLE, 0.2, 0.2)
    bare = replace(split, message=WHOLE.only(split.message.edge_index))
    assert "connection of the message graph has no time (72 of 72" in str(audit(bare))


def test_nodes_that_nobody_has_met_are_no_negatives():
    network = Network.of(range(9), [[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]], edge_time=np.arange(5.0))
    split = LinkSplit(
        Network.of(range(9), network.edge_index[:, :3], edge_time=np.arange(3.0)),
        Part(torch.tensor([[3], [4]]), torch.tensor([[0], [2]]), torch.tensor([3.0])),
        Part(torch.tensor([[4], [5]]), torch.tensor([[0], [3]]), torch.tensor([4.0])),
    )
    assert audit(split, network).clean
    later = with_negative(split, "valid", torch.tensor([[0], [5]]))
    assert "negative of valid has a node nobody has met yet (1 of 1, like 0 - 5)" in str(
        audit(later)
    )
    assert audit(with_negative(split, "test", torch.tensor([[0], [5]])), network).clean


def test_a_split_made_by_pyg():
    """RandomLinkSplit of a graph with both directions, told that it is directed, leaks."""
    from torch_geometric.transforms import RandomLinkSplit

    for is_undirected in (True, False):
        torch.manual_seed(0)
        made = RandomLinkSplit(0.1, 0.2, is_undirected=is_undirected)(WHOLE.to_data())
        parts = [
            Part(
                data.edge_label_index[:, data.edge_label == 1],
                data.edge_label_index[:, data.edge_label == 0],
            )
            for data in made[1:]
        ]
        found = audit(LinkSplit(WHOLE.only(made[0].edge_index), *parts))
        leaks = [finding for finding in found.findings if "message graph" in finding]
        assert bool(leaks) != is_undirected


def test_names_are_those_of_the_user():
    names = ["Anna", "Kitty", "Levin", "Dolly"]
    message = Network.of(names, [[0, 1], [1, 2]])
    part = Part(torch.tensor([[2], [3]]), torch.tensor([[0], [3]]))
    leaky = LinkSplit(message, part, Part(torch.tensor([[3], [2]]), part.negative))
    found = audit(leaky)
    assert found.findings == (
        "a positive of test is a positive of valid too (1 of 1, like 'Dolly' - 'Levin')",
    )
    assert (
        str(audit(replace(leaky, test=Part(*torch.empty(2, 2, 0, dtype=torch.int64))))) == "clean"
    )
