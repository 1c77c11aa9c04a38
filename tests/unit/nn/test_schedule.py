"""Levels, kinds, merging and reversal against the slow twin on random graphs."""

import gc
import pickle
import weakref
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric import EdgeIndex

from gnnlab.errors import CycleError, DtypeError, InputError, ShapeError
from gnnlab.nn import Schedule, reference
from gnnlab.nn.schedule import _REMEMBERED


@st.composite
def graphs(draw, acyclic=False):
    """A random directed graph as (edge_index, num_nodes), with shuffled node ids."""
    N = draw(st.integers(0, 12))
    E = draw(st.integers(0, 20)) if N else 0
    pairs = [(draw(st.integers(0, N - 1)), draw(st.integers(0, N - 1))) for _ in range(E)]
    if acyclic:
        shuffled = draw(st.permutations(range(N)))
        pairs = [(shuffled[min(p)], shuffled[max(p)]) for p in pairs if p[0] != p[1]]
    return torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).t(), N


def expected_kind(edge_index, num_nodes, levels):
    if levels is None:
        return "general"
    indegree = torch.bincount(edge_index[1], minlength=num_nodes)
    outdegree = torch.bincount(edge_index[0], minlength=num_nodes)
    single = [bool((degree <= 1).all()) for degree in (indegree, outdegree)]
    return "path" if all(single) else "tree" if any(single) else "dag"


@settings(max_examples=200, deadline=None)
@given(graphs() | graphs(acyclic=True))
def test_levels_and_kind_equal_the_slow_twin(graph):
    edge_index, N = graph
    schedule = Schedule.from_edge_index(edge_index, N)
    levels = reference.levels(edge_index, N)
    assert schedule.kind == expected_kind(edge_index, N, levels)
    if levels is None:
        assert schedule.level is None
        cycle = schedule.find_cycle()
        assert cycle[0] == cycle[-1]
        edges = set(map(tuple, edge_index.t().tolist()))
        assert all(step in edges for step in pairwise(cycle))
    else:
        assert schedule.level.tolist() == levels
        assert schedule.find_cycle() == []


@settings(max_examples=60, deadline=None)
@given(graphs(acyclic=True))
def test_reversal_turns_sources_into_sinks(graph):
    edge_index, N = graph
    schedule = Schedule.from_edge_index(edge_index, N)
    turned = schedule.reversed()
    assert turned.level.tolist() == reference.levels(edge_index.flip(0), N)
    assert turned.sources.tolist() == schedule.sinks.tolist()
    assert turned.sinks.tolist() == schedule.sources.tolist()
    assert turned.reversed() is schedule
    assert schedule.reversed() is turned


@settings(max_examples=60, deadline=None)
@given(st.lists(graphs() | graphs(acyclic=True), min_size=1, max_size=4))
def test_a_merged_schedule_equals_that_of_the_batch(parts):
    schedules = [Schedule.from_edge_index(*part) for part in parts]
    merged = Schedule.merge(schedules)
    whole = Schedule.from_edge_index(merged.edge_index, sum(N for _, N in parts))
    assert merged.edge_index.equal(whole.edge_index)
    if whole.kind in ("path", "general"):
        assert merged.kind == whole.kind
    for name in ("level", "path", "sources", "sinks"):
        if getattr(whole, name) is not None:
            assert getattr(merged, name).tolist() == getattr(whole, name).tolist()


def test_merging_computes_no_level_again(monkeypatch):
    schedules = [Schedule.from_lengths([3]), Schedule.from_lengths([2, 4])]
    monkeypatch.setattr(Schedule, "from_edge_index", None)
    assert Schedule.merge(schedules).path.tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 2]


def test_paths_are_found_in_any_order_of_nodes_and_edges():
    lengths = [7, 3, 5, 1, 64]
    plain = Schedule.from_lengths(lengths)
    place = torch.randperm(plain.num_nodes)
    edges = place[plain.edge_index][:, torch.randperm(plain.edge_index.size(1))]
    shuffled = Schedule.from_edge_index(edges, plain.num_nodes)
    assert shuffled.kind == "path"
    assert shuffled.level[place].equal(plain.level)
    assert sorted(shuffled.lengths.tolist()) == sorted(lengths)
    assert shuffled.sources.tolist() == sorted(place[plain.sources].tolist())
    firsts, lasts = shuffled.sources, shuffled.sinks
    assert shuffled.path[firsts].tolist() == shuffled.path[lasts].tolist() == list(range(5))


@pytest.mark.parametrize("lengths", [[], [1], [1, 1], [4], [3, 1, 2], [1, 5, 1]])
def test_the_usual_layout_is_recognised(lengths, monkeypatch):
    plain = Schedule.from_lengths(lengths)
    # The same edges in another order, but for those that have only one.
    slow = Schedule.from_edge_index(plain.edge_index.flip(1), plain.num_nodes)
    monkeypatch.setattr("gnnlab.nn.schedule._levels_by_pointer_doubling", None)
    quick = Schedule.from_edge_index(plain.edge_index, plain.num_nodes)
    assert quick.kind == slow.kind == "path"
    assert quick.edge_index.equal(plain.edge_index)
    for name in ("level", "path", "sources", "sinks"):
        assert getattr(quick, name).tolist() == getattr(slow, name).tolist()


def test_a_long_path_takes_no_step_per_node():
    N = 200_000
    edge_index = torch.stack([torch.arange(1, N), torch.arange(N - 1)])  # from the last node on
    with torch.profiler.profile() as profile:
        schedule = Schedule.from_edge_index(edge_index, N)
    assert schedule.num_levels == N
    assert len(profile.events()) < 2_000


def test_schedules_are_remembered_until_the_tensor_changes():
    edge_index = torch.tensor([[0, 1], [1, 2]])
    first = Schedule.of(edge_index, 3)
    assert Schedule.of(edge_index, 3) is first
    edge_index[1, 1] = 0
    changed = Schedule.of(edge_index, 3)
    assert changed.kind == "general"
    assert Schedule.of(edge_index, 4) is not changed
    assert Schedule.of(first, 3) is first


def test_what_is_remembered_dies_with_its_tensor():
    before = len(_REMEMBERED)
    edge_index = torch.tensor([[0, 1], [1, 2]])
    schedule = weakref.ref(Schedule.of(edge_index, 3))
    assert len(_REMEMBERED) == before + 1
    del edge_index
    gc.collect()
    assert len(_REMEMBERED) == before
    assert schedule() is None


def test_edge_index_of_pyg_and_other_integers():
    plain = torch.tensor([[0, 1], [1, 2]])
    for edges in (EdgeIndex(plain, sparse_size=(3, 3)), plain.int()):
        assert Schedule.from_edge_index(edges, 3).level.tolist() == [0, 1, 2]


def test_a_schedule_survives_pickling():
    schedule = pickle.loads(pickle.dumps(Schedule.from_lengths([3, 2])))  # noqa: S301
    assert schedule.level.tolist() == [0, 1, 2, 0, 1]


@pytest.mark.parametrize(
    ("edges", "error", "message"),
    [
        ([[0, 1], [1, 2]], DtypeError, "not a tensor"),
        (torch.tensor([[0, 1, 2]]), ShapeError, r"found: \[1, 3\]"),
        (torch.tensor([0, 1]), ShapeError, r"\[2, E\]"),
        (torch.tensor([[0.0], [1.0]]), DtypeError, "float32"),
        (torch.tensor([[0, 0], [1, -1]]), InputError, r"edge_index\[:, 1\]; found: \(0, -1\)"),
        (torch.tensor([[0, 3], [1, 0]]), InputError, "node ids from 0 to 2"),
    ],
)
def test_what_an_edge_list_must_not_be(edges, error, message):
    with pytest.raises(error, match=message):
        Schedule.of(edges, 3)


def test_a_cycle_is_named():
    schedule = Schedule.from_edge_index(torch.tensor([[0, 1, 2, 3], [1, 2, 3, 1]]), 4)
    with pytest.raises(CycleError, match=r"1 -> 2 -> 3 -> 1|2 -> 3 -> 1 -> 2|3 -> 1 -> 2 -> 3"):
        schedule.require_order()


def test_empty_sequences_and_batches_are_refused():
    with pytest.raises(InputError, match=r"lengths\[1\]; found: 0"):
        Schedule.from_lengths([3, 0])
    with pytest.raises(InputError, match="nothing to merge"):
        Schedule.merge([])
    with pytest.raises(InputError, match="for 5 nodes"):
        Schedule.of(Schedule.from_lengths([5]), 4)
