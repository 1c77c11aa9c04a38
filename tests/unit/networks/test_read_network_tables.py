"""Networks from tables, arrays of edges and adjacency matrices, and tables of nodes."""

from __future__ import annotations

import narwhals
import networkx
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from gnnlab.errors import FileFormatError, InputError, ShapeError
from gnnlab.networks.reading import read_network

FRAME = pd.DataFrame(
    {"weight": [2.0, 1.0, np.nan, 1.0], "from": ["Anna", "Kitty", "Anna", None], "to": list("KLVX")}
)


@pytest.mark.parametrize("to_source", [lambda frame: frame, narwhals.from_native])
def test_tables_keep_their_row_numbers(to_source):
    reading = read_network(to_source(FRAME.set_axis([9, 9, 8, 7])))
    assert reading.network.names == ["Anna", "K", "Kitty", "L"]
    assert reading.network.edge_weight.tolist() == [2.0, 1.0]
    assert reading.report[["line", "reason"]].values.tolist() == [[2, "no weight"], [3, "no name"]]
    assert (reading.unit, reading.num_rows) == ("row", 4)


def test_names_keep_their_type():
    gaps = pd.DataFrame({"source": [3.0, 1.0, np.nan], "target": [1, 2, 3]})
    names = read_network(gaps).network.names
    assert names == [1, 2, 3]
    assert {type(name) for name in names} == {int}
    assert read_network([("3", "1"), ("1", "NA")]).network.names == ["3", "1", "NA"]
    assert read_network([("3", "1"), ("1",), ("1", 3)]).network.names == ["3", "1", 3]
    with pytest.raises(InputError, match="a name must be text or a number"):
        read_network(pd.DataFrame({"u": [["Anna"], ["Kitty"]], "v": ["Levin", "Anna"]}))


def test_dates_of_a_table():
    days = pd.to_datetime(["1970-01-02", "1970-01-03", None])
    frame = pd.DataFrame({"u": [1, 2, 3], "v": [2, 3, 4], "time": days})
    for column in (days, days.tz_localize("UTC"), days.astype(str), days.astype("datetime64[s]")):
        reading = read_network(frame.assign(time=column))
        assert reading.network.edge_time.tolist() == [86400.0, 2 * 86400.0]
        assert reading.report["reason"].tolist() == ["no time"]


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor])
@pytest.mark.parametrize("transpose", [False, True])
def test_edges_of_one_or_both_directions(convert, transpose):
    graph = networkx.karate_club_graph()
    once = np.array(graph.edges).T
    for edges in (once, np.concatenate([once, once[::-1]], axis=1)):
        reading = read_network(convert(edges.T.copy() if transpose else edges))
        assert reading.report.empty
        assert reading.network.names == list(graph)
        assert set(zip(*reading.network.edge_index.tolist(), strict=True)) == set(graph.edges)


def test_edges_with_one_direction_more_are_duplicates():
    reading = read_network(np.array([[0, 1, 1], [1, 0, 2]]))
    assert reading.report["reason"].tolist() == ["duplicate of row 0"]
    weighted = np.array([[0, 1, 2.0], [1, 0, 3.0]])
    assert read_network(weighted.tolist(), weight=2).network.edge_weight.tolist() == [5.0]


@pytest.mark.parametrize(
    "convert",
    [np.asarray, torch.as_tensor, sparse.csr_array, sparse.coo_matrix, pd.DataFrame],
)
def test_adjacency_matrices(convert):
    graph = networkx.les_miserables_graph()
    graph.add_node("Cosette's doll")
    matrix = networkx.to_numpy_array(graph)
    for weights in (matrix, np.triu(matrix), (matrix > 0).astype(int)):
        reading = read_network(convert(weights))
        assert reading.report.empty
        assert reading.network.num_nodes == len(graph)
        found = networkx.Graph(list(zip(*reading.network.edge_index.tolist(), strict=True)))
        assert found.number_of_edges() == graph.number_of_edges()
        if weights.max() > 1:
            expected = matrix[tuple(reading.network.edge_index)]
            assert reading.network.edge_weight.tolist() == expected.tolist()
        else:
            assert reading.network.edge_weight is None


def test_adjacency_tables_have_names_and_bad_entries_are_reported():
    names = ["Anna", "Kitty", "Levin"]
    frame = pd.DataFrame([[1, 2, 0], [2, 0, np.nan], [0, -1, 0]], index=names, columns=names)
    reading = read_network(frame)
    assert reading.network.names == names
    assert reading.network.edge_weight.tolist() == [2.0]
    reasons = ["connected to itself", "no number", "the weight is not positive"]
    assert reading.report["reason"].tolist() == reasons
    without = read_network(frame, weight=False).network
    assert without.edge_weight is None
    assert without.edge_index.tolist() == [[0, 1], [1, 2]]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (np.ones(3), ShapeError),
        (np.ones((3, 4, 5)), ShapeError),
        (np.ones((5, 1)), ShapeError),
        (sparse.csr_array(np.ones((2, 3))), ShapeError),
        (np.eye(3), InputError),
        (np.zeros((4, 4)), InputError),
        (pd.DataFrame({"u": [1]}), InputError),
        (pd.DataFrame(), InputError),
        ([], InputError),
        ([1, 2], InputError),
        (["Anna", "Kitty"], InputError),
        (7, InputError),
        (None, InputError),
    ],
)
def test_what_is_no_network(source, error):
    with pytest.raises(error):
        read_network(source)


NODES = """name,age,city,label,height
3,30,Moscow,0,1.5
1,,Paris,1,x
1,1,x,1,2
,1,x,1,2
9,5,Rome,,2
8
"""


def test_a_second_table_has_features_labels_and_nodes_without_connections(tmp_path):
    (tmp_path / "edges.csv").write_text("1,2\n2,3\n")
    (tmp_path / "nodes.csv").write_text(NODES)
    reading = read_network(tmp_path / "edges.csv", nodes=tmp_path / "nodes.csv")
    network = reading.network
    assert network.names == [1, 2, 3, 9]
    assert network.degree.tolist() == [1, 2, 1, 0]
    assert network.x.toarray().tolist() == [[0, 0], [0, 0], [30, 1.5], [5, 2]]
    assert network.labels == [1, None, 0, None]
    assert reading.columns["features"] == ["age", "height"]
    assert (reading.report["table"] == "nodes").all()
    assert reading.report[["line", "reason"]].values.tolist() == [
        [3, "no number in age: 0 is taken"],
        [3, "no number in height: 0 is taken"],
        [4, "duplicate of line 3"],
        [5, "no name"],
        [7, "too few fields: 1 where 5 are needed"],
    ]
    assert "(line 5 of the nodes)" in reading.summary()


def test_a_second_table_in_memory():
    nodes = pd.DataFrame({"id": ["b", "NA", np.nan], "club": ["x", None, "y"], "age": [7, 8, 9]})
    network = read_network([("a", "b")], nodes=nodes, label="club").network
    assert network.names == ["a", "b", "NA"]
    assert network.labels == [None, "x", None]
    assert network.x.toarray().tolist() == [[0], [7], [8]]
    chosen = read_network([("a", "b")], nodes=nodes, features=[]).network
    assert chosen.x is None
    assert chosen.labels is None
    for empty in (nodes[[]], nodes.iloc[:0].drop(columns=["id", "club", "age"])):
        with pytest.raises(InputError, match="there is no column"):
            read_network([("a", "b")], nodes=empty)
    assert read_network([("a", "b")], nodes=nodes.iloc[:0]).network.names == ["a", "b"]
    for options in ({"label": "town"}, {"features": ["town"]}, {"features": ["club"]}):
        with pytest.raises(InputError):
            read_network([("a", "b")], nodes=nodes, **options)


def test_a_second_table_of_names_alone(tmp_path):
    (tmp_path / "nodes.csv").write_text("name\nAnna Karenina\nAlexei Vronsky\n")
    network = read_network([("Anna Karenina", "Kitty")], nodes=tmp_path / "nodes.csv").network
    assert network.names == ["Anna Karenina", "Kitty", "Alexei Vronsky"]


def test_a_second_table_without_rows(tmp_path):
    for content in ("name,age\n", "", '"name\n'):
        (tmp_path / "nodes.csv").write_text(content)
        with pytest.raises(FileFormatError, match=r"nodes\.csv"):
            read_network([("a", "b")], nodes=tmp_path / "nodes.csv")


def test_names_of_both_tables_are_compared_as_they_are_written(tmp_path):
    (tmp_path / "edges.csv").write_text("1,2\n")
    nodes = pd.DataFrame({"name": [2.0, 5.0], "x": [1, 2]})
    assert read_network(tmp_path / "edges.csv", nodes=nodes).network.names == [1, 2, 5]
    named = pd.DataFrame({"name": ["2", "Levin"]})
    assert read_network(tmp_path / "edges.csv", nodes=named).network.names == ["1", "2", "Levin"]
