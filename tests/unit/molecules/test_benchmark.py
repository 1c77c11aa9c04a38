from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from gnnlab.data.rows import RowsFile
from gnnlab.errors import InputError, MemoryLimitError, UnknownNameError
from gnnlab.molecules import benchmark
from gnnlab.molecules.baselines import Baseline
from gnnlab.molecules.reading import read_molecules
from gnnlab.molecules.splits import Split
from gnnlab.molecules.tasks import BENCHMARKS, Benchmark

SMILES = [f"{'C' * n}{end}" for n in range(1, 14) for end in ("O", "N", "CC(F)C")]
TASK = BENCHMARKS["esol"]


@pytest.fixture
def known(monkeypatch):
    """A small benchmark in the place of every other one; every third molecule is a cliff."""
    table = pd.DataFrame({"smiles": SMILES, "y": [float(s.count("C")) for s in SMILES]})
    molecules = read_molecules(table, "smiles", ["y"])
    found = {
        "random": Benchmark(TASK, molecules, None, None),
        "column": Benchmark(
            BENCHMARKS["CHEMBL262_Ki"],
            molecules,
            Split(np.arange(26), np.arange(0), np.arange(26, 39)),
            np.arange(39) % 3 == 0,
        ),
    }
    monkeypatch.setattr(benchmark, "load_benchmark", found.__getitem__)
    small = {"hidden_channels": 16, "epochs": 8, "ensemble_size": 2}
    monkeypatch.setattr(
        benchmark,
        "PREDICTORS",
        {k: v | small for k, v in benchmark.PREDICTORS.items()},
    )


def test_every_model_on_every_split(known):
    lines = []
    table = benchmark.run_benchmark("random", seeds=2, report=lines.append)
    assert len(table) == len(lines) == 2 * len(benchmark.MODELS)
    assert table["value"].notna().all()
    assert table["cliff_value"].isna().all()
    by_seed = table[table["model"] == "mean"]["value"]
    assert by_seed.nunique() == 2  # another split each
    summary = benchmark.summarise(table).set_index("model")
    best = summary["mean"].drop(list(benchmark.PREDICTORS)).idxmin()
    assert summary.loc[best, "lead"] == 0
    assert summary.loc["mean", "lead"] == pytest.approx(
        summary.loc[best, "mean"] - summary.loc["mean", "mean"]
    )


def test_a_stopped_run_goes_on(known, tmp_path):
    path, said = tmp_path / "random.csv", []
    whole = benchmark.run_benchmark("random", ["mean", "svm"], seeds=2)
    benchmark.run_benchmark("random", ["mean"], 1, rows=RowsFile(path, benchmark.KEY))
    for _ in range(2):  # the second time there is nothing left
        rows = RowsFile(path, benchmark.KEY, resume=True)
        table = benchmark.run_benchmark("random", ["mean", "svm"], 2, said.append, rows)
    assert len(said) == 3
    columns = ["model", "seed", "value"]
    pd.testing.assert_frame_equal(table[columns], whole[columns], rtol=1e-5)


def test_published_split_and_cliffs(known):
    table = benchmark.run_benchmark("column", ["mean", "svm"], seeds=2)
    values = table.pivot_table(index="seed", columns="model", values="value")
    assert values["mean"].nunique() == 1
    y = np.array([float(s.count("C")) for s in SMILES])
    guess, test = y[:26].mean(), np.arange(26, 39)
    assert values["mean"][0] == pytest.approx(np.sqrt(np.square(y[test] - guess).mean()))
    cliffs = test[test % 3 == 0]
    found = table[table["model"] == "mean"]["cliff_value"].iloc[0]
    assert found == pytest.approx(np.sqrt(np.square(y[cliffs] - guess).mean()))


def test_what_cannot_learn_from_so_many_is_not_left_out(known, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise MemoryLimitError("too many")

    monkeypatch.setattr(Baseline, "fit", refuse)
    table = benchmark.run_benchmark("random", ["mean"], seeds=1)
    assert math.isnan(table["value"].iloc[0])
    assert math.isnan(benchmark.summarise(table)["mean"].iloc[0])


def test_mistakes():
    with pytest.raises(UnknownNameError, match="joint"):
        benchmark.run_benchmark("esol", ["oracle"])
    with pytest.raises(InputError, match="repetition"):
        benchmark.run_benchmark("esol", seeds=0)
    with pytest.raises(UnknownNameError, match="esol"):
        benchmark.run_benchmark("white whale")
