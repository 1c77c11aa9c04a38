"""Several processes train one model: the same weights as one that learns from all their batches."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from gnnlab.networks import load_karate_club
from gnnlab.networks.models.learning import SampledGraph
from gnnlab.networks.negatives import uniform_negatives
from gnnlab.training.processes import Processes

SCRIPT = """
import json, os, sys, torch
from gnnlab import training
from gnnlab.networks import GraphScorer, load_karate_club

model = torch.nn.Linear(2, 1)
torch.nn.init.zeros_(model.weight), torch.nn.init.zeros_(model.bias)
batches = [torch.tensor([[1.0, 2.0, n]]) for n in range(4)]
loss = lambda model, batch: ((model(batch[:, :2]) - batch[:, 2:]).square().mean(), {})
asked = []
history = training.fit(
    model, batches, loss, iterations=6, learning_rate=0.1, decay=0.5, decay_every=4,
    evaluate=lambda model: asked.append(0) or {"bias": model.bias.item()}, evaluate_every=4,
    log_directory=sys.argv[1], accelerator="cpu",
)
network = load_karate_club()
scorer = GraphScorer(hidden_channels=4, epochs=2, num_neighbors=[3, 3], batch_size=20)
scores = scorer.fit(network).score(network.edge_index[:, :5])
rank = os.environ.get("RANK", "0")
rows = [row["iteration"] for row in history.rows]
result = [model.weight.flatten().tolist(), len(asked), rows, scores.tolist()]
open(f"{sys.argv[1]}/{rank}.json", "w").write(json.dumps(result))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What two processes have found."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "script.py").write_text(SCRIPT)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*torchrun, "--nproc-per-node", "2", folder / "script.py", folder]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert not done.returncode, done.stderr
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in (0, 1)], folder


def test_weights_are_those_of_the_mean_gradient(results):
    model = torch.nn.Linear(2, 1)
    torch.nn.init.zeros_(model.weight), torch.nn.init.zeros_(model.bias)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for pair, rate in (((0, 1), 0.1), ((2, 3), 0.1), ((0, 1), 0.05)):
        target = torch.tensor(pair, dtype=torch.float32)
        loss = (model(torch.tensor([[1.0, 2.0]])).flatten() - target).square().mean()
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert results[0][0][0] == pytest.approx(model.weight.flatten().tolist(), abs=1e-6)


def test_both_processes_have_the_same_model_and_the_first_one_writes(results):
    (first, second), folder = results
    assert first[0] == second[0]
    assert first[3] == pytest.approx(second[3])
    assert first[1:3] == [2, [2, 4, 6]]
    lines = (folder / "metrics.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["iteration", "2", "4", "6"]


def test_shares_are_all_batches_once():
    batches = list(range(7))
    shares = [list(Processes(rank, 3, 3).share(batches)) for rank in range(3)]
    assert shares == [[0, 3, 6], [1, 4], [2, 5]]


def _draw(network, count, generator):
    return uniform_negatives(network, count, int(generator.integers(100)))


def test_sampled_batches_are_shared_without_being_sampled_twice():
    def batches():
        generator = np.random.default_rng(0)
        return SampledGraph(load_karate_club(), None, [3, 3], 20, _draw, generator)

    whole = list(batches())
    for rank in (0, 1):
        own = list(Processes(rank, 2, 2).share(batches()))
        assert len(own) == len(whole[rank::2])
        for (inputs, *pairs), (other, *others) in zip(own, whole[rank::2], strict=True):
            assert torch.equal(inputs.graph.keys, other.graph.keys)
            assert all(map(torch.equal, pairs, others))
