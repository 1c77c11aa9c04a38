import numpy as np
import pytest
import torch

from gnnlab.analysis.compare import molecules as compare
from gnnlab.analysis.compare.budget import match_width
from gnnlab.analysis.compare.molecules import MODELS, compare_molecules, load_property
from gnnlab.analysis.compare.strings import StringModel, Strings, number_symbols
from gnnlab.errors import InputError, UnknownNameError
from gnnlab.molecules import canonical_smiles, parse_smiles
from gnnlab.sequences import batch_sequences

SMILES = ["ClCCO", "CC(C)Br", "c1cc[nH]c1", "O=C(N)CC"]


@pytest.fixture(scope="module", autouse=True)
def few_molecules():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "_NUM_EMBEDDED", 300)
        patch.setattr(compare, "_SPELLINGS", 2)
        yield


@pytest.fixture(scope="module")
def table(few_molecules):
    return compare_molecules(sizes=[60, 30], seeds=3, models=MODELS, quick=True)


def test_a_row_for_each_model_and_size_of_one_quick_seed(table):
    assert table.columns.tolist() == ["model", "size", "seed", "parameters", "rmse", "seconds"]
    pairs = list(zip(table["model"], table["size"], table["seed"], strict=True))
    assert pairs == [(model, size, 0) for size in (30, 60) for model in MODELS]
    assert (table["rmse"] > 0).all()


def test_networks_have_as_many_parameters(table):
    counts = table.groupby("model")["parameters"].agg(["min", "max"])
    assert (counts["min"] == counts["max"]).all()  # the sizes do not matter
    assert counts.loc["mean", "max"] == 0
    learned = counts["min"].drop("mean")
    assert learned.max() < 1.1 * learned.min()


def test_mean_is_that_of_the_molecules_to_learn_from(table, monkeypatch):
    problems = []
    monkeypatch.setattr(compare, "_run", lambda model, p: problems.append(p) or {"rmse": 0.0})
    compare_molecules(sizes=[30, 60], models=["mean"], quick=True)
    for problem in problems:
        y = problem.y
        expected = np.sqrt(((y[problem.test] - y[problem.learn].mean()) ** 2).mean())
        size = len(problem.learn) + len(problem.validate)
        found = table[(table["model"] == "mean") & (table["size"] == size)]["rmse"].item()
        assert np.isclose(found, expected)


def test_parts_are_apart_and_larger_sizes_hold_the_smaller_ones(monkeypatch):
    problems = []
    monkeypatch.setattr(compare, "_run", lambda model, p: problems.append(p) or {"rmse": 0.0})
    compare_molecules(sizes=[20, 50], seeds=2, models=["mean"])
    for small, large in (problems[:2], problems[2:]):
        assert np.array_equal(small.test, large.test)
        whole = [set(np.concatenate([p.learn, p.validate]).tolist()) for p in (small, large)]
        assert [len(places) for places in whole] == [20, 50]
        assert whole[0] < whole[1]
        assert not whole[1] & set(large.test.tolist())
        canonical = np.array(large.smiles)
        assert not set(canonical[list(whole[1])]) & set(canonical[large.test])
        assert [len(p.validate) for p in (small, large)] == [4, 10]
    assert not np.array_equal(problems[0].test, problems[2].test)


def test_networks_learn_something(monkeypatch):
    monkeypatch.setattr(compare, "_QUICK", 4)
    found = compare_molecules(sizes=[200], models=["mean", "gnn", "lstm"], quick=True)
    error = found.set_index("model")["rmse"]
    assert error["gnn"] < 0.8 * error["mean"]
    assert error["lstm"] < 0.8 * error["mean"]


def test_same_seed_same_numbers():
    asked = {"sizes": [20], "models": ["lstm-random-smiles"], "quick": True}
    first, second = (compare_molecules(**asked)["rmse"].item() for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"dataset": "moby-dick"}, UnknownNameError, "data set"),
        ({"dataset": "bbbp"}, UnknownNameError, "data set"),
        ({"models": ["gnn", "ahab"]}, UnknownNameError, "ahab"),
        ({"sizes": []}, InputError, "sizes"),
        ({"sizes": [9, 50]}, InputError, "sizes"),
        ({"sizes": [50, 10_000], "models": ["mean"]}, InputError, "240 molecules"),
        ({"seeds": 0}, InputError, "seeds"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        compare_molecules(**arguments)


def test_embedded_property_is_finite():
    smiles, y = load_property("nci-logp")
    assert len(smiles) == len(y) == 300
    assert np.isfinite(y).all()


def test_strings_of_two_letters_and_brackets_are_symbols():
    symbols = number_symbols(SMILES)
    assert {"Cl", "Br", "[nH]"} <= set(symbols)
    strings = Strings(SMILES, torch.zeros(4, 1), symbols)
    batch, nothing, y = strings.batch(np.array([2, 0]))
    assert nothing is None
    assert y.shape == (2, 1)
    assert batch.lengths.tolist() == [7, 4]
    assert batch.x[7:].tolist() == [symbols[s] for s in ("Cl", "C", "C", "O")]


def test_symbols_that_are_new_are_unknown():
    strings = Strings(["C#C"], torch.zeros(1, 1), number_symbols(["CC"]))
    assert strings.batch(np.array([0]))[0].x.tolist() == [1, 0, 1]


def test_only_chosen_strings_are_written_anew_and_stay_the_same_molecule():
    symbols = number_symbols([*SMILES, "()1=O[nH]"])
    generator = np.random.default_rng(0)
    strings = Strings(SMILES, torch.zeros(4, 1), symbols, np.array([2, 3]), generator)
    seen = [strings.batch(np.arange(4))[0] for _ in range(20)]
    rows = [[tuple(b.x[b.batch == place].tolist()) for b in seen] for place in range(4)]
    assert [len(set(row)) > 1 for row in rows] == [False, False, True, True]
    names = {number: symbol for symbol, number in symbols.items()}
    for place, row in enumerate(rows):
        written = {canonical_smiles(parse_smiles("".join(names[n] for n in r))) for r in row}
        assert written == {canonical_smiles(parse_smiles(SMILES[place]))}


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_string_does_not_depend_on_its_batch(bidirectional, float64):
    model = StringModel(9, 6, bidirectional).eval()
    rows = [[1, 2, 3], [4], [5, 6, 7, 8, 1]]
    alone = torch.cat([model(batch_sequences([row])) for row in rows])
    assert torch.allclose(model(batch_sequences(rows)), alone, atol=1e-12)
    turned = model(batch_sequences([rows[0][::-1]]))
    assert not torch.allclose(turned, alone[:1], atol=1e-6)


@pytest.mark.parametrize("target", [1, 7, 1000, 123_456])
def test_width_is_the_nearest(target):
    def count(width):
        return 3 * width * width + width

    width = match_width(count, target)
    nearest = min(abs(count(other) - target) for other in range(1, width + 3))
    assert abs(count(width) - target) == nearest
