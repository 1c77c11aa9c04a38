"""The numbering of actions."""

import pytest

from gnnlab.errors import InputError
from gnnlab.molecules.generation import ADD, CLOSE, POP, PRESETS, ROOT, ActionSpace, AtomTypes


@pytest.fixture(params=PRESETS, scope="module")
def space(request):
    return ActionSpace(AtomTypes.from_names(PRESETS[request.param]), max_distance=7)


def test_ids_are_in_the_order_of_the_contract(space):
    num_types = len(space.types)
    ids = [space.root(t) for t in range(num_types)]
    ids += [space.add(t, o) for t in range(num_types) for o in (1, 2, 3)]
    ids += [space.close(k, o) for k in range(2, 8) for o in (1, 2, 3)]
    assert [*ids, space.pop] == list(range(space.size))
    assert space.size == num_types + 3 * num_types + 3 * 6 + 1


def test_columns_tell_what_an_id_means(space):
    for action in range(space.size):
        kind, atom, order, distance = (
            int(column[action]) for column in (space.kind, space.type, space.order, space.distance)
        )
        back = {
            ROOT: lambda atom=atom: space.root(atom),
            ADD: lambda atom=atom, order=order: space.add(atom, order),
            CLOSE: lambda distance=distance, order=order: space.close(distance, order),
            POP: lambda: space.pop,
        }
        assert back[kind]() == action
        assert (atom >= 0) == (kind in (ROOT, ADD))
        assert (order > 0) == (kind in (ADD, CLOSE))
        assert (distance > 0) == (kind == CLOSE)


def test_descriptions_differ(space):
    words = [space.describe(action) for action in range(space.size)]
    assert len(set(words)) == space.size
    assert words[0] == f"begin with {space.types.names[0]}"


@pytest.mark.parametrize(
    ("call", "where"),
    [
        (lambda space: space.add(0, 4), "order"),
        (lambda space: space.add(99, 1), "type"),
        (lambda space: space.close(8, 1), "distance"),
        (lambda space: space.close(1, 1), "distance"),
        (lambda space: space.root(-1), "type"),
        (lambda space: space.describe(space.size), "action"),
        (lambda space: ActionSpace(space.types, max_distance=1), "max_distance"),
    ],
)
def test_what_there_is_not(space, call, where):
    with pytest.raises(InputError, match=f"at: {where}"):
        call(space)


def test_equal_spaces_are_equal():
    first, second = (ActionSpace(AtomTypes.from_names("CN"), 5) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != ActionSpace(first.types, 6)
