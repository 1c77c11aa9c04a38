"""All metrics together, each against an obvious twin, on embedded molecules."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator
from rdkit.DataStructs import BulkTanimotoSimilarity

from gnnlab.errors import InputError, MoleculeError
from gnnlab.molecules import load_nci
from gnnlab.molecules.metrics import Reference, evaluate, evaluation
from gnnlab.molecules.metrics.evaluation import cosine

NCI = load_nci(130).smiles
GENERATED = [*NCI[:60], "C1CC", None, *NCI[:15]]
TEST, TEST_SCAFFOLDS = NCI[50:100], NCI[100:]
NAMES = [
    *("valid", "unique@1000", "unique@10000", "SNN/Test", "Frag/Test", "Scaf/Test"),
    *("SNN/TestSF", "Frag/TestSF", "Scaf/TestSF", "IntDiv", "IntDiv2", "Filters"),
    *("logP", "SA", "QED", "weight", "Novelty"),
]


def score(generated, reference, train=None, **options):
    return evaluate(generated, reference, train, fcd=False, filters=False, **options)


@pytest.fixture(scope="module")
def references():
    parts = {"Test": TEST, "TestSF": TEST_SCAFFOLDS}
    return {name: Reference.of(rows, fcd=False) for name, rows in parts.items()}


@pytest.fixture(scope="module")
def scores(references):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "read_patterns", lambda: ("[#7]=[#7]",))
        return evaluate(GENERATED, references, NCI[:25], fcd=False)


@pytest.fixture(scope="module")
def canonical():
    return [Chem.CanonSmiles(text) for text in GENERATED if text and text != "C1CC"]


def fingerprints(smiles):
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    return [generator.GetFingerprint(Chem.MolFromSmiles(text)) for text in smiles]


def test_names_and_order_are_those_of_moses(scores):
    assert list(scores) == NAMES
    assert all(type(value) is float and math.isfinite(value) for value in scores.values())


def test_shares(scores, canonical):
    assert scores["valid"] == 75 / 77
    assert scores["unique@1000"] == scores["unique@10000"] == len(set(canonical)) / 75
    known = {Chem.CanonSmiles(text) for text in NCI[:25]}
    different = set(canonical)
    assert scores["Novelty"] == len(different - known) / len(different)
    azo = Chem.MolFromSmarts("[#7]=[#7]")
    assert (
        0
        < scores["Filters"]
        < 1 - np.mean([Chem.MolFromSmiles(text).HasSubstructMatch(azo) for text in canonical])
    )


def test_uniqueness_is_among_the_first_valid_ones(monkeypatch):
    monkeypatch.setattr(evaluation, "UNIQUE_AMONG", (4, 10))
    scores = score([*["C("] * 3, "CCO", "OCC", "C(C)O", "CCN", "CCC"], ["C"])
    assert (scores["unique@4"], scores["unique@10"]) == (2 / 4, 3 / 5)


@pytest.mark.parametrize("name", ["Test", "TestSF"])
def test_similarity_to_the_nearest(scores, canonical, name):
    theirs = fingerprints({"Test": TEST, "TestSF": TEST_SCAFFOLDS}[name])
    nearest = [max(BulkTanimotoSimilarity(one, theirs)) for one in fingerprints(canonical)]
    assert scores[f"SNN/{name}"] == pytest.approx(np.mean(nearest), rel=1e-6)


def test_diversity(scores, canonical):
    ours = fingerprints(canonical)
    table = np.array([BulkTanimotoSimilarity(one, ours) for one in ours])
    assert scores["IntDiv"] == pytest.approx(1 - table.mean(), rel=1e-6)
    root = np.sqrt((table**2).mean(axis=1)).mean()
    assert scores["IntDiv2"] == pytest.approx(1 - root, rel=1e-6)
    assert DataStructs.TanimotoSimilarity(ours[0], ours[0]) == 1


def test_distance_of_a_property_is_the_area_between_the_shares(scores, canonical):
    from rdkit.Chem.Descriptors import MolWt

    ours, theirs = (
        np.sort([MolWt(Chem.MolFromSmiles(text)) for text in smiles])
        for smiles in (canonical, TEST)
    )
    values = np.sort(np.concatenate([ours, theirs]))
    shares = [
        np.searchsorted(each, values[:-1], side="right") / len(each) for each in (ours, theirs)
    ]
    area = np.sum(np.abs(shares[0] - shares[1]) * np.diff(values))
    assert scores["weight"] == pytest.approx(area, rel=1e-9)


def test_order_does_not_count(scores, references):
    moved = GENERATED[::-1]
    other = evaluate(moved, references, NCI[:25][::-1], fcd=False, filters=False)
    for name, value in other.items():
        assert value == pytest.approx(scores[name], rel=1e-6), name


def test_identical_sets():
    scores = score(TEST, TEST[::-1], TEST)
    assert {name: scores[name] for name in ("SNN/Test", "valid", "Novelty")} == {
        "SNN/Test": 1,
        "valid": 1,
        "Novelty": 0,
    }
    assert scores["Frag/Test"] == scores["Scaf/Test"] == pytest.approx(1, abs=1e-12)
    for name in ("logP", "SA", "QED", "weight"):
        assert scores[name] == pytest.approx(0, abs=1e-12)


def test_another_way_of_writing_is_nothing_new():
    assert score(["CCO", "F/C=C/F"], ["C"], ["OCC", "F\\C=C\\F"])["Novelty"] == 0
    assert score(["F/C=C/F"], ["C"], ["F/C=C\\F"])["Novelty"] == 1


def test_cosine_is_that_of_vectors():
    one, other = Counter("call me ishmael"), Counter("some years ago")
    keys = [*{*one, *other}]
    ours, theirs = ([counts[key] for key in keys] for counts in (one, other))
    expected = np.dot(ours, theirs) / np.linalg.norm(ours) / np.linalg.norm(theirs)
    assert cosine(one, other) == pytest.approx(expected, rel=1e-12)
    assert cosine(Counter("a"), Counter("b")) == 0
    assert math.isnan(cosine(Counter(), one))


def test_molecules_without_two_rings_have_no_scaffold():
    assert math.isnan(score(["CCO"], NCI[:20])["Scaf/Test"])


def test_progress_names_the_steps():
    seen = {}
    score(
        *(["CCO", "CCN"], ["C"], ["CC"]),
        progress=lambda step, done, total: seen.__setitem__(step, (done, total)),
    )
    assert seen == {
        "generated: molecules": (2, 2),
        "Test: molecules": (1, 1),
        "Test: similarity": (2, 2),
        "diversity": (2, 2),
        "train": (1, 1),
    }


@pytest.mark.parametrize(
    ("generated", "reference", "train", "message"),
    [
        ([], ["C"], None, "at: generated"),
        ("CCO", ["C"], None, "list of SMILES is needed.*at: generated; found: 'CCO'"),
        (["C("], ["C"], None, "no row of 1 is a molecule.*row 0: not parsable"),
        ([None, 3], ["C"], None, "no row of 2 is a molecule.*row 0: not a string"),
        (["C"], [], None, "at: Test"),
        (["C"], {}, None, "nothing to compare with"),
        (["C"], {"TestSF": "CCO"}, None, "at: TestSF"),
        (["C"], ["C"], [], "at: train"),
        (["C"], ["C"], "CCO", "at: train"),
    ],
)
def test_bad_input_is_refused(generated, reference, train, message):
    with pytest.raises(InputError, match=message):
        score(generated, reference, train)


def test_a_bad_reference_is_refused():
    with pytest.raises(MoleculeError, match="Test, row 1"):
        score(["C"], ["C", "C("])
    with pytest.raises(InputError, match="num_workers"):
        score(["C"], ["C"], num_workers=0)


def test_only_the_first_reference_needs_properties():
    rows = load_nci(40).smiles
    whole, bare = (Reference.of(rows[20:], fcd=False, properties=p) for p in (True, False))
    options = {"fcd": False, "filters": False}
    expected = evaluate(rows[:20], {"Test": whole, "TestSF": whole}, **options)
    assert evaluate(rows[:20], {"Test": whole, "TestSF": bare}, **options) == expected
    with pytest.raises(InputError, match=r"properties=True"):
        evaluate(rows[:20], bare, **options)


def test_a_reference_without_activations_has_no_fcd(monkeypatch):
    monkeypatch.setattr(evaluation, "require_chemnet", lambda: None)
    with pytest.raises(InputError, match=r"reference TestSF.*fcd=True"):
        evaluate(["C"], {"TestSF": Reference.of(["C"], fcd=False)})
