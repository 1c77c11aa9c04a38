from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gnnlab.data import registry
from gnnlab.errors import UnknownNameError
from gnnlab.molecules.scores import SCORES
from gnnlab.molecules.tasks import BENCHMARKS, load_benchmark

DATASETS = Path(__file__).parents[3] / "datasets"
MOLECULES = ["CCO", "CCN", "CCC ", "c1ccccc1", "Ahab", "CCCl"]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Small files in the form of the real ones, for all benchmarks."""
    for task in BENCHMARKS.values():
        for number, file in enumerate(task.files):
            # The second file begins with a molecule of the first, written the other way round.
            molecules = MOLECULES if number == 0 else ["OCC", "CCBr"]
            columns = {name: np.arange(len(molecules)) % 2 for name in task.target_columns}
            columns[task.smiles_column] = molecules
            if task.cliff_column:
                columns[task.cliff_column] = [1, 0, 0, 1, 1, 0]
                columns[task.split_column] = ["train", "train", "test", "test", "test", "train"]
            pd.DataFrame(columns).to_csv(tmp_path / f"{file}.csv.gz", index=False)
    monkeypatch.setattr("gnnlab.molecules.tasks.fetch", lambda name: tmp_path / f"{name}.csv.gz")
    return tmp_path


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_task_is_complete(name):
    task = BENCHMARKS[name]
    assert task.name == name
    assert set(task.files) <= set(registry())
    assert SCORES[task.score].task == task.task
    assert (task.split == "column") == (task.split_column is not None)
    assert task.split in ("random", "scaffold", "column")
    assert (DATASETS / f"{task.family}.md").is_file()
    for file in task.files:
        assert registry()[file].cite in (DATASETS / f"{task.family}.md").read_text("utf-8")


def test_the_families():
    assert Counter(task.family for task in BENCHMARKS.values()) == {
        "moleculenet": 8,
        "moleculeace": 20,
        "biogen_adme": 6,
    }
    assert len(BENCHMARKS["tox21"].target_columns) == 12
    assert len(BENCHMARKS["sider"].target_columns) == 27


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_task_loads(name, files):
    benchmark = load_benchmark(name)
    molecules, task = benchmark.molecules, benchmark.task
    assert molecules.smiles[:5] == ["CCO", "CCN", "CCC", "c1ccccc1", "CCCl"]
    assert molecules.rows[:5].tolist() == [0, 1, 2, 3, 5]
    assert "Ahab" in molecules.report["smiles"].tolist()
    assert molecules.targets.shape == (len(molecules), len(task.target_columns))
    assert molecules.targets[:5, 0].tolist() == [0, 1, 0, 1, 1]
    assert (benchmark.split is None) == (task.split != "column")
    assert (benchmark.is_cliff is None) == (task.cliff_column is None)


def test_published_parts_and_cliffs_are_aligned_with_the_good_rows(files):
    benchmark = load_benchmark("CHEMBL2034_Ki")
    assert benchmark.split.train.tolist() == [0, 1, 4]
    assert benchmark.split.validation.tolist() == []
    assert benchmark.split.test.tolist() == [2, 3]
    assert benchmark.is_cliff.tolist() == [True, False, False, True, False]


def test_two_files_are_training_and_test_and_share_no_molecule(files):
    split = load_benchmark("biogen-HLM").split
    assert split.train.tolist() == [1, 2, 3, 4]  # row 0 is ethanol, and so is row 5
    assert split.test.tolist() == [5, 6]


def test_missing_labels_stay_missing(files):
    path = files / "tox21.csv.gz"
    frame = pd.read_csv(path).astype({"SR-p53": float})
    frame.loc[1, "SR-p53"] = np.nan
    frame.to_csv(path, index=False)
    targets = load_benchmark("tox21").molecules.targets
    assert np.argwhere(np.isnan(targets)).tolist() == [[1, 11]]


def test_unknown_benchmark():
    with pytest.raises(UnknownNameError, match=r"'moby-dick'.*esol"):
        load_benchmark("moby-dick")
