"""Edge lists: the dialects that are read, and the lines that are refused by their number."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.errors import FileFormatError, GnnlabError, InputError, NonFiniteError
from gnnlab.networks import read_edge_list

EDGES = [[0, 1], [1, 2]]


@pytest.fixture
def write(tmp_path):
    def write(content, name="friends.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    "content",
    [
        "7,8\n8,9\n",
        "7\t8\n8\t9",
        "7 8\r\n8 9\r\n",
        "   7    8\n   8    9\n",
        "# friends\n7,8\n\n% more\n8,9\n",
        "source,target\n7,8\n8,9\n",
        "from\tto\n7\t8\n8\t9\n",
        "eins,zwei\n7,8\n8,9\n",
        "\ufeffnode_1,node_2\n7,8\n8,9\n",
        "7 8 1082040961\n8 9 1082155839\n",
        '"7","8"\n"8","9"\n',
    ],
)
def test_dialects_give_the_same_graph(write, content):
    edges = read_edge_list(write(content))
    assert edges.edge_index.tolist() == EDGES
    assert edges.names == [7, 8, 9]
    assert edges.num_nodes == 3
    assert edges.edge_weight is None


def test_compressed_file_is_known_by_its_content(write):
    edges = read_edge_list(write(gzip.compress(b"7,8\n8,9\n"), "friends.csv"))
    assert edges.edge_index.tolist() == EDGES


def test_numbers_are_ordered_and_names_appear_in_turn(write):
    assert read_edge_list(write("10 2\n2 9\n")).names == [2, 9, 10]
    edges = read_edge_list(write("Pierre\tNatasha Rostova\nNatasha Rostova\tAndrei\n"))
    assert edges.names == ["Pierre", "Natasha Rostova", "Andrei"]
    assert edges.edge_index.tolist() == EDGES


def test_names_are_kept_letter_by_letter(write):
    assert read_edge_list(write("NA,null\nnull,01\n")).names == ["NA", "null", "01"]
    assert read_edge_list(write('O"Hara Rhett\n')).names == ['O"Hara', "Rhett"]


def test_duplicates_and_loops_stay(write):
    assert read_edge_list(write("1 1\n1 2\n1 2\n")).edge_index.tolist() == [[0, 0, 0], [0, 1, 1]]


def test_weights_are_the_third_column(write):
    path = write("1,2,0.5\n2,3,-4e1\n")
    assert read_edge_list(path, weighted=True).edge_weight.tolist() == [0.5, -40.0]
    assert read_edge_list(path).edge_weight is None


def test_titles_are_guessed_or_said(write):
    words = write("Emma,Knightley\nHarriet,Martin\n")
    assert read_edge_list(words).names == ["Emma", "Knightley", "Harriet", "Martin"]
    assert read_edge_list(words, header=True).names == ["Harriet", "Martin"]
    titled = write("source,target\nEmma,Harriet\n", "titled.csv")
    assert read_edge_list(titled).num_nodes == 2
    assert read_edge_list(titled, header=False).num_nodes == 4


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("", FileFormatError, "no edge"),
        ("# nothing\n\n", FileFormatError, "no edge"),
        ("source,target\n", FileFormatError, "no edge"),
        ("1 2\n\n# note\n3\n", FileFormatError, "line 4"),
        ("1,2\n3,\n", FileFormatError, "line 2"),
        ("# note\n1,2\n3,4,5\n", FileFormatError, "line 3"),
        ("1\n2\n", FileFormatError, "line 1"),
        (b"\xff\xfe\x00\x01", FileFormatError, "byte 0"),
        ("1 2\n3 \0\n", FileFormatError, "not text"),
        (gzip.compress(b"1,2\n" * 99)[:-12], FileFormatError, "damaged"),
        ('1,2\n"3,4\n', FileFormatError, "line 2"),
    ],
)
def test_bad_files_are_refused(write, content, error, message):
    with pytest.raises(error, match=message):
        read_edge_list(write(content))


@pytest.mark.parametrize("weight", ["heavy", "nan", "inf", "-inf"])
def test_bad_weight_is_named_with_its_line(write, weight):
    with pytest.raises(NonFiniteError, match="line 3"):
        read_edge_list(write(f"1 2 1\n2 3 2\n3 1 {weight}\n"), weighted=True, header=False)


def test_missing_third_column_and_missing_file(write, tmp_path):
    with pytest.raises(FileFormatError, match="3 fields"):
        read_edge_list(write("1 2\n"), weighted=True)
    with pytest.raises(InputError, match="no such file"):
        read_edge_list(tmp_path / "lost.csv")
    with pytest.raises(InputError, match="no such file"):
        read_edge_list(tmp_path)


@settings(max_examples=100, deadline=None)
@given(content=st.one_of(st.binary(max_size=60), st.text("12 ,\t\n#\"a.-'", max_size=60)))
def test_any_bytes_give_a_graph_or_a_typed_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        edges = read_edge_list(path)
    except GnnlabError:
        return
    assert edges.edge_index.shape[0] == 2
    assert 0 <= edges.edge_index.min() <= edges.edge_index.max() < edges.num_nodes
