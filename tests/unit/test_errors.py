"""The error tree: what a message says, which built-in kinds it has, and that it can be pickled."""

from __future__ import annotations

import pickle

import pytest

from gnnlab import errors
from gnnlab.errors import GnnlabError, InputError, UnknownNameError

KINDS = sorted(
    (
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, GnnlabError)
    ),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", KINDS)
def test_message_says_what_where_value_and_remedy(kind):
    error = kind("a number is missing", where="row 3", value="''", remedy="fill it in")
    assert str(error) == "a number is missing (at: row 3; found: ''); fill it in"


@pytest.mark.parametrize("kind", KINDS)
def test_message_leaves_out_what_is_not_given(kind):
    assert str(kind("a number is missing")) == "a number is missing"


@pytest.mark.parametrize("kind", KINDS)
def test_error_survives_pickling(kind):
    error = kind("a number is missing", where="row 3", value=0, remedy="fill it in")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert (copy.what, copy.where, copy.value, copy.remedy) == (
        "a number is missing",
        "row 3",
        0,
        "fill it in",
    )


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        ("InputError", ValueError),
        ("ShapeError", ValueError),
        ("DtypeError", TypeError),
        ("NonFiniteError", ValueError),
        ("UnknownNameError", ValueError),
        ("CycleError", ValueError),
        ("MemoryLimitError", MemoryError),
        ("NotFittedError", RuntimeError),
        ("FileFormatError", ValueError),
        ("TrainingError", RuntimeError),
    ],
)
def test_kind_can_be_caught_as_the_builtin_one(kind, builtin):
    with pytest.raises(builtin):
        raise getattr(errors, kind)("something is wrong")


def test_unknown_name_lists_the_known_ones():
    error = UnknownNameError.of("cell", "lsmt", ["gru", "lstm"])
    assert isinstance(error, InputError)
    assert str(error) == "unknown cell (at: cell; found: 'lsmt'); use one of: gru, lstm"
