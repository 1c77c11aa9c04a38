from __future__ import annotations

import itertools

import numpy as np
import torch

from gnnlab.sequences import BaumSweet, RandomCombinations, SequenceModel
from gnnlab.sequences import streams as module
from gnnlab.sequences.paths import encode_sequences
from gnnlab.sequences.streams import DataBatches, TaskBatches, compute_logits, make_schedule, take

SEQUENCES = [[1, 2, 3], [4], [5, 6], [7, 8, 9, 10]]


def test_equal_lengths_share_one_schedule():
    batches = TaskBatches(RandomCombinations(5), 8, np.random.default_rng(0))
    first, second = itertools.islice(batches, 2)
    assert first.schedule is second.schedule
    assert first.schedule.lengths.tolist() == [4] * 8
    assert not torch.equal(first.x, second.x)


def test_unequal_lengths():
    batch = next(iter(TaskBatches(BaumSweet(3), 50, np.random.default_rng(0))))
    assert batch.schedule.num_nodes == len(batch.x)
    assert len(set(batch.schedule.lengths.tolist())) > 1


def test_take():
    steps = take(encode_sequences(SEQUENCES), torch.tensor([3, 0, 3, 1]))
    assert steps.x.tolist() == [7, 8, 9, 10, 1, 2, 3, 7, 8, 9, 10, 4]
    assert steps.lengths.tolist() == [4, 3, 4, 1]


def test_a_pass_over_data_shows_every_sequence_once():
    y = torch.tensor([0, 1, 2, 3])
    batches = DataBatches(encode_sequences(SEQUENCES), y, 3, np.random.default_rng(0))
    seen = []
    for batch in batches:
        ends = batch.schedule.lengths.cumsum(0).tolist()
        for start, end, label in zip([0, *ends], ends, batch.y.tolist(), strict=False):
            assert batch.x[start:end].tolist() == SEQUENCES[label]
            seen.append(label)
    assert sorted(seen) == [0, 1, 2, 3]
    orders = [torch.cat([batch.y for batch in batches]).tolist() for _ in range(8)]
    assert len(set(map(tuple, orders))) > 1


def test_chunks_do_not_change_the_logits(monkeypatch):
    model = SequenceModel("embedding", 11, 3, cell="bigru", hidden_size=4)
    steps = encode_sequences(SEQUENCES)
    whole = compute_logits(model, steps)
    monkeypatch.setattr(module, "_CHUNK", 3)
    assert torch.allclose(compute_logits(model, steps), whole, atol=1e-6)
    assert not whole.requires_grad


def test_make_schedule_of_one_sequence():
    assert make_schedule(torch.tensor([3])).edge_index.tolist() == [[0, 1], [1, 2]]
