"""The table of atom types."""

import json
import pickle
import re

import pytest
from rdkit import Chem

from gnnlab.errors import InputError, UnknownNameError
from gnnlab.molecules.generation.types import CAPACITIES, PRESETS, AtomTypes, check_type

# RDKit allows more than these tables do; what the tables leave out on purpose.
LOWER_ON_PURPOSE = {"I": 5, "S+": 5, "S-": 5}


@pytest.mark.parametrize("name", CAPACITIES)
def test_every_type_passes_and_its_capacity_is_the_largest(name):
    types = AtomTypes.from_names([name])
    capacity = LOWER_ON_PURPOSE.get(name, CAPACITIES[name])
    check_type(types.elements[0], types.charges[0], capacity)
    with pytest.raises(InputError, match=f"'{re.escape(name)}' with"):
        check_type(types.elements[0], types.charges[0], capacity + 1)


def test_a_type_that_comes_back_as_a_radical():
    with pytest.raises(InputError, match=r"'Sn' with bond orders \(\)"):
        check_type("Sn", 0, 4)


@pytest.mark.parametrize("names", PRESETS.values(), ids=PRESETS)
def test_names_restore_the_table(names):
    types = AtomTypes.from_names(names)
    assert types.names == names
    assert len(types) == len(names)
    assert AtomTypes.from_names(json.loads(json.dumps(types.names))) == types
    assert hash(pickle.loads(pickle.dumps(types))) == hash(types)  # noqa: S301
    assert types.capacity.tolist() == [CAPACITIES[name] for name in names]
    pairs = zip(types.elements, types.charges, strict=True)
    assert [types.index(*pair) for pair in pairs] == list(range(len(types)))


def test_of_takes_what_occurs_by_frequency_then_name():
    mols = [Chem.MolFromSmiles(text) for text in ("CCO", "CN", "[Na+].[O-]C", "c1ccccc1", "*C")]
    assert AtomTypes.of(mols).names == ("C", "N", "O", "O-")
    assert AtomTypes.of(reversed(mols)).names == ("C", "N", "O", "O-")


@pytest.mark.parametrize("names", [("Xx",), ("C", "Na+"), ("C+-+",), (3,), ("c",), ("O--",)])
def test_unknown_types(names):
    with pytest.raises(UnknownNameError, match="atom type"):
        AtomTypes.from_names(names)


@pytest.mark.parametrize(("names", "what"), [((), "no atom types"), (("C", "N", "C"), "twice")])
def test_useless_tables(names, what):
    with pytest.raises(InputError, match=what):
        AtomTypes.from_names(names)


def test_of_nothing_usable():
    with pytest.raises(InputError, match="no atom types"):
        AtomTypes.of([Chem.MolFromSmiles("[Na+]")])


def test_index_of_a_missing_type():
    with pytest.raises(UnknownNameError, match="use one of: C, O"):
        AtomTypes.from_names("CO").index("O", -1)


def test_capacities_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        AtomTypes.from_names("C").capacity[0] = 5
