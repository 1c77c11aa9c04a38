"""Networks from graphs of networkx, and from the files that networkx reads."""

from __future__ import annotations

import networkx
import numpy as np
import pytest

from gnnlab.errors import FileFormatError, InputError, MemoryLimitError
from gnnlab.networks.reading import graphs as graphs_module
from gnnlab.networks.reading import read_network
from gnnlab.networks.reading import text as text_module

WRITERS = {"graphml": networkx.write_graphml, "gml": networkx.write_gml}
BOMB = '<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("make", [networkx.karate_club_graph, networkx.les_miserables_graph])
def test_files_hold_what_was_written(tmp_path, suffix, make):
    graph = make()
    graph.add_node("99" if 0 not in graph else 99)
    for name in (f"graph.{suffix}", "graph.txt"):
        WRITERS[suffix](graph, tmp_path / name)
        network = read_network(tmp_path / name).network
        assert network.names == list(graph)
        expected = networkx.to_numpy_array(graph)[tuple(network.edge_index)]
        assert network.edge_weight.tolist() == expected.tolist()
        assert network.num_edges == graph.number_of_edges()


@pytest.mark.parametrize("suffix", WRITERS)
def test_attributes_of_nodes_are_read_when_asked_for(tmp_path, suffix):
    graph = networkx.Graph([("Anna", "Kitty"), ("Kitty", "Levin")])
    networkx.set_node_attributes(graph, {"Anna": 28, "Kitty": 18}, "age")
    networkx.set_node_attributes(graph, {"Anna": "Moscow", "Levin": "Pokrovskoye"}, "home")
    WRITERS[suffix](graph, tmp_path / f"graph.{suffix}")
    for source in (graph, tmp_path / f"graph.{suffix}"):
        assert read_network(source).network.x is None
        reading = read_network(source, features=["age"], label="home")
        assert reading.network.x.toarray().tolist() == [[28], [18], [0]]
        assert reading.network.labels == ["Moscow", None, "Pokrovskoye"]
        assert reading.report["reason"].tolist() == ["no number in age: 0 is taken"]
        with pytest.raises(InputError, match="no node has this attribute"):
            read_network(source, label="town")


def test_directions_and_repeated_edges():
    graph = networkx.MultiDiGraph()
    graph.add_edge("Anna", "Kitty", weight=1, time=5)
    graph.add_edge("Kitty", "Anna", weight=2, time=3)
    graph.add_edge("Levin", "Levin", weight=2, time=3)
    graph.add_edge("Levin", "Anna", weight=2)
    reading = read_network(graph)
    assert reading.network.names == ["Anna", "Kitty", "Levin"]
    assert reading.network.edge_weight.tolist() == [3.0]
    assert reading.network.edge_time.tolist() == [3.0]
    assert reading.unit == "edge"
    reasons = ["duplicate of edge 0", "connected to itself", "no time"]
    assert reading.report["reason"].tolist() == reasons
    assert read_network(graph, time=False).network.num_edges == 2
    with pytest.raises(InputError, match="no edge has this attribute"):
        read_network(graph, weight="strength")


def test_names_are_the_objects_of_the_graph():
    network = read_network(networkx.grid_2d_graph(3, 3)).network
    assert network.names == list(networkx.grid_2d_graph(3, 3))
    network = read_network(networkx.Graph([(7, "7"), ("7", " Anna")])).network
    assert network.names == [7, "7", " Anna"]
    with pytest.raises(InputError, match="there is no connection"):
        read_network(networkx.empty_graph(3))


def test_labels_are_names_only_if_each_is_there_once(tmp_path):
    nodes = 'graph [ node [ id 4 label "{}" ] node [ id 5 label "{}" ] edge [ source 4 target 5 ] ]'
    for labels, names in ((("Anna", "Kitty"), ["Anna", "Kitty"]), (("x", "x"), [4, 5])):
        (tmp_path / "a.gml").write_text(nodes.format(*labels))
        assert read_network(tmp_path / "a.gml").network.names == names


def test_a_gml_file_may_repeat_a_connection(tmp_path):
    edges = "edge [ source 1 target 2 ] " * 2
    (tmp_path / "a.gml").write_text(f"graph [\nnode [ id 1 ] node [ id 2 ] {edges}\n]")
    reading = read_network(tmp_path / "a.gml")
    assert reading.network.num_edges == 1
    assert reading.report["reason"].tolist() == ["duplicate of edge 0"]


@pytest.mark.parametrize("content", [BOMB, BOMB.lower().replace("<!", "<! "), "\n" + BOMB])
def test_document_types_are_refused(tmp_path, content, monkeypatch):
    monkeypatch.setattr(graphs_module, "_parse", lambda *_: pytest.fail("the text was parsed"))
    (tmp_path / "a.graphml").write_text(content + "<graphml>&b;</graphml>")
    with pytest.raises(FileFormatError, match="a document type could make a small file endless"):
        read_network(tmp_path / "a.graphml")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.graphml", "<graphml>\n<graph>\n</graphml>"),
        ("a.graphml", "<html></html>"),
        ("a.graphml", "<a>" * 20_000),
        ("a.graphml", "<graphml>&lol;</graphml>"),
        ("a.graphml", ""),
        ("a.gml", "graph [ node [ id 1 ]"),
        ("a.gml", "graph [ " * 5_000),
        ("a.gml", "graph [ node [ id " + "9" * 5_000 + " ] ]"),
        ("a.gml", "graph [ node [ id 1 ] edge [ source 1 target 2 ] ]"),
        ("a.gml", ""),
    ],
)
def test_malformed_files_are_named(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(FileFormatError, match=rf"(is no \w+|no connection) \(at: {name}"):
        read_network(tmp_path / name)


def test_the_line_of_malformed_xml_is_named(tmp_path):
    (tmp_path / "a.graphml").write_text("<graphml>\n<graph>\n</graphml>")
    with pytest.raises(FileFormatError, match=r"a.graphml, line 3"):
        read_network(tmp_path / "a.graphml")


@pytest.mark.parametrize("suffix", WRITERS)
def test_huge_labels_are_no_trouble(tmp_path, suffix):
    names = ["A" * 2_000_000, "B" * 2_000_000]
    WRITERS[suffix](networkx.Graph([tuple(names)]), tmp_path / f"a.{suffix}")
    assert read_network(tmp_path / f"a.{suffix}").network.names == names


def test_files_too_large_for_objects_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(text_module, "LARGEST_TEXT", 1000)
    networkx.write_gml(networkx.path_graph(200), tmp_path / "a.gml")
    with pytest.raises(MemoryLimitError, match="the file is larger than"):
        read_network(tmp_path / "a.gml")


def test_weights_that_are_none_are_reported():
    graph = networkx.path_graph(6)
    weights = [1.5, np.nan, "many", 10**400, -1]
    networkx.set_edge_attributes(graph, dict(zip(graph.edges, weights, strict=True)), "weight")
    reading = read_network(graph)
    assert reading.network.edge_weight.tolist() == [1.5]
    assert reading.report["line"].tolist() == [1, 2, 3, 4]
    assert reading.network.num_nodes == 6
