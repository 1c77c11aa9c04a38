"""The benchmarks of property prediction: which data, which targets, which split, which score."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gnnlab.data import fetch
from gnnlab.errors import UnknownNameError
from gnnlab.molecules.reading import Molecules, read_molecules
from gnnlab.molecules.splits import Split

_PARTS = ("train", "test")


@dataclass(frozen=True)
class BenchmarkTask:
    """What is to be predicted, and how it is judged.

    Attributes:
        name: Its name in :data:`BENCHMARKS`.
        family: The benchmark it belongs to; its card is ``datasets/<family>.md``.
        files: Names in :func:`gnnlab.data.registry`: one file, or those of training and test.
        smiles_column: The column of the molecules.
        target_columns: The columns of the targets.
        task: ``"regression"`` or ``"classification"``, in both cases of one target or more.
        score: What it is judged by, a name in :data:`~gnnlab.molecules.scores.SCORES`.
        split: ``"random"`` (80/10/10), ``"scaffold"`` (80/10/10), or ``"column"`` if the parts are
            published.
        protocol: What to know when comparing with published numbers.
        split_column: The column that says ``train`` or ``test``.
        cliff_column: The column that marks activity cliffs by 1.
    """

    name: str
    family: str
    files: tuple[str, ...]
    smiles_column: str
    target_columns: tuple[str, ...]
    task: str
    score: str
    split: str
    protocol: str
    split_column: str | None = None
    cliff_column: str | None = None


@dataclass(frozen=True)
class Benchmark:
    """The data of a benchmark.

    Attributes:
        task: What it is.
        molecules: The M molecules that can be read, with their targets; those that cannot are in
            its report.
        split: The published parts as rows of ``molecules``, validation empty; None if there are
            none. A training row whose molecule is in the test as well is left out.
        is_cliff: ``[M]``, true for molecules of an activity cliff: another molecule is much alike
            and much more, or less, active. None where this is not known.
    """

    task: BenchmarkTask
    molecules: Molecules
    split: Split | None
    is_cliff: np.ndarray | None


def load_benchmark(name: str) -> Benchmark:
    """Fetches and reads a benchmark.

    Args:
        name: One of :data:`BENCHMARKS`.

    Raises:
        UnknownNameError: If there is no such benchmark; the message lists the known ones.
        DownloadError: If a file is neither in a mirror nor can be downloaded.
        FileFormatError: If the file of a mirror is not the one that is known.
    """
    if name not in BENCHMARKS:
        raise UnknownNameError.of("benchmark", name, BENCHMARKS)
    task = BENCHMARKS[name]
    frames = [pd.read_csv(fetch(file)) for file in task.files]
    if len(frames) == 2:
        frames = [frame.assign(split=part) for frame, part in zip(frames, _PARTS, strict=True)]
    molecules = read_molecules(
        pd.concat(frames, ignore_index=True), task.smiles_column, task.target_columns
    )
    split = is_cliff = None
    if task.split_column:
        split = _published_split(molecules, task.split_column)
    if task.cliff_column:
        is_cliff = molecules.table[task.cliff_column].to_numpy() == 1
    return Benchmark(task, molecules, split, is_cliff)


def _published_split(molecules: Molecules, column: str) -> Split:
    parts, canonical = molecules.table[column].to_numpy(), np.array(molecules.canonical)
    is_test = parts == "test"
    # The test must stay as published, so a molecule of both parts is taken from training.
    is_train = (parts == "train") & ~np.isin(canonical, canonical[is_test])
    return Split(np.flatnonzero(is_train), np.flatnonzero([]), np.flatnonzero(is_test))


_RANDOM = (
    "Random 80/10/10 as in MoleculeNet. RMSE varies from split to split, published standard "
    "deviations are 4 to 9 % of it: compare models on the same splits."
)
_SCAFFOLD = (
    "Scaffold split 80/10/10. MoleculeNet's is deterministic, the largest scaffolds to training; "
    "numbers of balanced scaffold splits are higher (for BBBP by 0.2) and not comparable."
)
_CLIFFS = (
    "Published training and test rows (80/20); the settings of published models were chosen inside "
    "the training rows. RMSE on all test rows, and on the activity cliffs among them."
)
_ADME = "Published training and test rows (80/20), one file each."

_MOLECULENET = BenchmarkTask(
    name="",
    family="moleculenet",
    files=(),
    smiles_column="smiles",
    target_columns=(),
    task="regression",
    score="rmse",
    split="random",
    protocol=_RANDOM,
)
_CLASSES = replace(
    _MOLECULENET,
    task="classification",
    score="roc-auc",
    split="scaffold",
    protocol=_SCAFFOLD,
)
_TOX21 = (
    *("NR-AR", "NR-AR-LBD", "NR-AhR", "NR-Aromatase", "NR-ER", "NR-ER-LBD", "NR-PPAR-gamma"),
    *("SR-ARE", "SR-ATAD5", "SR-HSE", "SR-MMP", "SR-p53"),
)
_CLIFF_SETS = (
    *("CHEMBL1862_Ki", "CHEMBL2034_Ki", "CHEMBL2047_EC50", "CHEMBL204_Ki", "CHEMBL214_Ki"),
    *("CHEMBL218_EC50", "CHEMBL228_Ki", "CHEMBL231_Ki", "CHEMBL233_Ki", "CHEMBL236_Ki"),
    *("CHEMBL237_Ki", "CHEMBL238_Ki", "CHEMBL244_Ki", "CHEMBL262_Ki", "CHEMBL264_Ki"),
    *("CHEMBL287_Ki", "CHEMBL2971_Ki", "CHEMBL3979_EC50", "CHEMBL4203_Ki", "CHEMBL4792_Ki"),
)
_ADME_ENDPOINTS = ("HLM", "RLM", "MDR1_ER", "Sol", "hPPB", "rPPB")


def _moleculenet(like: BenchmarkTask, name: str, *targets: str) -> BenchmarkTask:
    return replace(like, name=name, files=(name,), target_columns=targets)


def _cliffs(name: str) -> BenchmarkTask:
    return BenchmarkTask(
        name=name,
        family="moleculeace",
        files=(name,),
        smiles_column="smiles",
        target_columns=("y",),
        task="regression",
        score="rmse",
        split="column",
        protocol=_CLIFFS,
        split_column="split",
        cliff_column="cliff_mol",
    )


def _adme(endpoint: str) -> BenchmarkTask:
    return BenchmarkTask(
        name=f"biogen-{endpoint}",
        family="biogen_adme",
        files=(f"biogen-{endpoint}-train", f"biogen-{endpoint}-test"),
        smiles_column="smiles",
        target_columns=("activity",),
        task="regression",
        score="rmse",
        split="column",
        protocol=_ADME,
        split_column="split",
    )


#: All benchmarks by name.
BENCHMARKS: dict[str, BenchmarkTask] = {
    task.name: task
    for task in (
        _moleculenet(_MOLECULENET, "esol", "measured log solubility in mols per litre"),
        _moleculenet(_MOLECULENET, "freesolv", "expt"),
        _moleculenet(_MOLECULENET, "lipophilicity", "exp"),
        replace(_moleculenet(_CLASSES, "bace", "Class"), smiles_column="mol"),
        _moleculenet(_CLASSES, "bbbp", "p_np"),
        _moleculenet(_CLASSES, "tox21", *_TOX21),
        _moleculenet(_CLASSES, "hiv", "HIV_active"),
        _moleculenet(_CLASSES, "sider", *(f"SIDER{number}" for number in range(1, 28))),
        *map(_cliffs, _CLIFF_SETS),
        *map(_adme, _ADME_ENDPOINTS),
    )
}
