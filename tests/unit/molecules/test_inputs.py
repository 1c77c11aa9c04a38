from __future__ import annotations

import numpy as np
import pytest

from gnnlab.errors import InputError
from gnnlab.molecules import inputs as inputs_module
from gnnlab.molecules.inputs import prepare

ROWS = [*(f"{'C' * n}O" for n in range(1, 8)), "Ishmael", None, "c1ccccc1N"]


def test_bad_rows_are_told_apart():
    found = prepare(ROWS)
    assert found.rows.tolist() == [0, 1, 2, 3, 4, 5, 6, 9]
    assert sorted(found.errors) == [7, 8]
    assert found.num_rows == len(ROWS)
    assert len(found.descriptors) == len(found.counts) == len(found) == 8


def test_several_processes_give_the_same(monkeypatch):
    monkeypatch.setattr(inputs_module, "_CHUNK", 3)
    one, two = prepare(ROWS), prepare(ROWS, num_workers=2)
    np.testing.assert_array_equal(one.descriptors, two.descriptors)
    np.testing.assert_array_equal(one.counts, two.counts)
    np.testing.assert_array_equal(one.graphs.x, two.graphs.x)


def test_taking_some():
    everything = prepare(ROWS)
    some = everything.take(np.array([7, 0]))
    alone = prepare(["c1ccccc1N", "CO"])
    np.testing.assert_array_equal(some.descriptors, alone.descriptors)
    np.testing.assert_array_equal(some.counts, alone.counts)
    assert some.num_rows == 2


def test_only_what_is_wanted():
    found = prepare(ROWS, descriptors=False, fingerprints=False)
    assert found.descriptors is None
    assert found.counts is None


@pytest.mark.parametrize(("smiles", "match"), [("CCO", "one string"), ([None, ""], "no row")])
def test_mistakes(smiles, match):
    with pytest.raises(InputError, match=match):
        prepare(smiles)
