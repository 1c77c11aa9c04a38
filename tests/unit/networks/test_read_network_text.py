"""Networks from delimited text: what is told from the lines, and what is said of the bad ones."""

from __future__ import annotations

import gzip

import networkx
import numpy as np
import pytest

from gnnlab.errors import FileFormatError, InputError
from gnnlab.networks.reading import read_network
from gnnlab.networks.reading import text as text_module

PAIRS = [("Anna", "Kitty"), ("Kitty", "Levin"), ("Anna", "Vronsky")]
NAMES = ["Anna", "Kitty", "Levin", "Vronsky"]


@pytest.fixture
def write(tmp_path):
    def write(content, name="friends.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def complaints(reading):
    return list(reading.report[["line", "reason"]].itertuples(index=False, name=None))


@pytest.mark.parametrize("delimiter", [",", ", ", ";", "|", "\t", " ", "   "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("title", ["", "Source{}Target", "\ufeffnode_1{}node_2"])
def test_dialects_give_the_same_network(write, delimiter, end, title):
    lines = [title.format(delimiter)] + [delimiter.join(pair) for pair in PAIRS]
    reading = read_network(write(end.join(lines) + end))
    assert reading.network.names == NAMES
    assert reading.network.edge_index.tolist() == [[0, 0, 1], [1, 3, 2]]
    assert reading.report.empty
    assert reading.num_rows == 3


def test_compressed_file_is_known_by_its_content(write):
    path = write(gzip.compress(b"Anna,Kitty\n"), "friends.csv")
    assert read_network(path).network.names == ["Anna", "Kitty"]


def test_whole_numbers_are_numbers_that_ascend_and_007_is_a_name(write):
    assert read_network(write("10 2\n2 9\n-1 9\n")).network.names == [-1, 2, 9, 10]
    assert read_network(write("007 2\n2 9\n")).network.names == ["007", "2", "9"]
    assert read_network(write("NA,null\nnull,O'Hara\n")).network.names == ["NA", "null", "O'Hara"]


def test_quotation_marks(write):
    reading = read_network(write('"Rostova, Natasha",Pierre\nPierre,"Hélène ""K"""\n'))
    assert reading.network.names == ["Rostova, Natasha", "Pierre", 'Hélène "K"']
    written_by_r = '"source" "target"\n"1" "Anna K" "Levin"\n"2" "Levin" "Kitty"\n'
    assert read_network(write(written_by_r)).network.names == ["Anna K", "Levin", "Kitty"]
    assert read_network(write("<anna@x>,<kitty@x>\n")).network.names == ["<anna@x>", "<kitty@x>"]
    assert read_network(write('O"Hara\tRhett\n"Al" S\tRhett\n')).network.num_nodes == 3


def test_columns_are_found_by_titles_or_asked_for(write):
    content = "weight,timestamp,from,to\n2,5,Anna,Kitty\n1.5,6,Kitty,Levin\n"
    reading = read_network(write(content))
    expected = {"source": "from", "target": "to", "weight": "weight", "time": "timestamp"}
    assert reading.columns == expected
    assert reading.network.edge_weight.tolist() == [2.0, 1.5]
    assert reading.network.edge_time.tolist() == [5.0, 6.0]
    without = read_network(write(content), weight=False, time=False).network
    assert without.edge_weight is None
    assert without.edge_time is None
    asked = read_network(write("x\t1\tAnna\tKitty\nx\t2\tKitty\tLevin\n"), columns=(2, 3), weight=1)
    assert asked.network.names == ["Anna", "Kitty", "Levin"]
    assert asked.network.edge_weight.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("content", "num_rows"),
    [
        ("person,friend,years\nEmma,Harriet,3\nEmma,Jane,4\n", 2),
        ("person,friend\nEmma,Harriet\nEmma,Jane\n", 2),
        ("eins zwei\n1 2\n2 3\n", 2),
        ("person;friend;since\nEmma;Jane;1815-12-23\nEmma;Harriet;1815-12-24\n", 2),
        ("Emma,Harriet\nEmma,Jane\n", 2),
        ("Emma,Harriet,nan\nEmma,Jane,4\nJane,Frank,4\n", 3),
        (",7\n1,2\n2,3\n", 3),
    ],
)
def test_titles_are_told_from_rows(write, content, num_rows):
    assert read_network(write(content)).num_rows == num_rows


def test_header_and_comments_can_be_said(write):
    path = write("#love,#hate\n#hate,#war\n")
    assert read_network(path, comment="").network.num_nodes == 3
    assert read_network(path, comment="", header=True).network.names == ["#hate", "#war"]
    reading = read_network(write("# by hand\n% twice\n1,2\n"))
    assert reading.num_comments == 2
    assert "Comments: 2." in reading.summary()


def test_dates_become_seconds(write):
    lines = ["from,to,date", "a,c,1970-01-02", "b,c,1970-01-01T00:01:00+01:00", "a,d,soon", "a,d,7"]
    reading = read_network(write("\n".join(lines)))
    assert reading.network.edge_time.tolist() == [86400.0, 60.0 - 3600.0]
    assert reading.report["line"].tolist() == [4, 5]


BAD = [
    (b"Kitty,,1", "no name"),
    (b"Kitty,Kitty,1", "connected to itself"),
    (b"Kitty", "too few fields: 1 where 3 are needed"),
    (b"Kitty,Levin,1,2", "too many fields: 4 where 3 are usual"),
    (b"Kitty,Levin,", "no weight"),
    (b"Kitty,Levin,NaN", "no weight"),
    (b"Kitty,Levin,0", "the weight is not positive"),
    (b"Kitty,Levin,-2", "the weight is not positive"),
    (b"Kitty,Levin,1e999", "the weight is not finite"),
    (b"Kitty,Levin,many", "the weight is not a number"),
    (b'"Kitty,Levin,1', "a quotation mark without its twin"),
    (b"Kitty,L\xe9vin,1", "not text in UTF-8"),
]


def test_every_bad_line_is_reported_and_the_good_ones_stay(write):
    good = [b"source,target,weight", b"Anna,Kitty,2", b"Anna,Vronsky,1"]
    lines = [line for bad, _ in BAD for line in (bad, b"")] + good[1:]
    reading = read_network(write(b"\n".join([good[0], *lines])))
    assert complaints(reading) == [(2 + 2 * i, reason) for i, (_, reason) in enumerate(BAD)]
    assert not reading.report["kept"].any()
    assert reading.network.names == ["Kitty", "Anna", "Vronsky"]
    assert reading.network.edge_weight.tolist() == [2.0, 1.0]
    assert reading.num_rows == len(BAD) + 2
    assert "2 x no weight (line 10)" in reading.summary()


def test_duplicates_are_kept_and_add_up(write):
    reading = read_network(write("u,v,weight,time\na,b,1,9\nb,c,1,5\nb,a,2,3\na,b,4,7\n"))
    assert complaints(reading) == [(4, "duplicate of line 2"), (5, "duplicate of line 2")]
    assert reading.report["kept"].all()
    assert reading.report["value"].tolist() == ["b, a", "a, b"]
    assert reading.network.edge_weight.tolist() == [7.0, 1.0]
    assert reading.network.edge_time.tolist() == [3.0, 5.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty, but for titles and comments"),
        (b"\n\n# nothing\n", "the file is empty"),
        (b"Anna\nKitty\n", "one column only"),
        (b"source,target\n", "there is no connection"),
        (b"1 1\n2 2\n", r"there is no connection \(at: friends.txt; found: 2 x connected to it"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "not text: it has a byte 0"),
        (bytes(range(128, 256)) + b"\n", "no line can be used: not text in UTF-8"),
        (gzip.compress(b"1 2\n" * 1000)[:-9], "the compressed file is damaged"),
        (b"\x1f\x8bAnna", "the compressed file is damaged"),
        ("1 2\n".encode("utf-16"), "not text"),
    ],
)
def test_files_that_are_of_no_use(write, content, message):
    with pytest.raises(FileFormatError, match=message) as caught:
        read_network(write(content))
    assert "friends.txt" in str(caught.value)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_endless_lines_are_refused_before_they_fill_the_memory(write, pack):
    with pytest.raises(FileFormatError, match=r"line is longer than 1 MiB \(at: friends.txt, line"):
        read_network(write(pack(b"1 2\n" + b"1," * 10_000_000)))


@pytest.mark.parametrize("size", [1, 2, 7])
def test_lines_across_blocks(write, monkeypatch, size):
    monkeypatch.setattr(text_module, "_BLOCK", size)
    lines = [f"{u},{u + 1}" for u in range(50)]
    lines[20] = "20"
    for end in ("\n", "\r\n", "\r"):
        reading = read_network(write(end.join(lines)))
        assert complaints(reading) == [(21, "too few fields: 1 where 2 are needed")]
        assert reading.network.num_edges == 49


@pytest.mark.parametrize(
    "options",
    [
        {"columns": ("source", "friend")},
        {"columns": (0, 2)},
        {"columns": (1, 1)},
        {"columns": "source"},
        {"weight": "strength"},
        {"time": 5},
        {"delimiter": "::"},
        {"format": "xls"},
        {"format": "adjacency"},
        {"label": "club"},
    ],
)
def test_options_that_do_not_fit(write, options):
    with pytest.raises(InputError):
        read_network(write("source,target\nAnna,Kitty\n"), **options)


def test_lists_of_neighbors(write, tmp_path):
    graph = networkx.karate_club_graph()
    graph.add_node(99)
    networkx.write_adjlist(graph, tmp_path / "club.adjlist")
    network = read_network(tmp_path / "club.adjlist").network
    assert network.names == sorted(graph)
    assert network.num_edges == graph.number_of_edges()
    both = "Anna Kitty Vronsky\nKitty Anna\nVronsky Anna\nKarenin\n"
    reading = read_network(write(both), format="neighbors")
    assert reading.report.empty
    assert reading.num_rows == 4
    assert reading.network.names == ["Anna", "Kitty", "Vronsky", "Karenin"]
    assert reading.network.num_edges == 2
    with pytest.raises(FileFormatError, match="the file is empty"):
        read_network(write("\n"), format="neighbors")


def test_files_that_cannot_be_read(tmp_path):
    for path in (tmp_path, tmp_path / "nothing.csv"):
        with pytest.raises(InputError, match="the file cannot be read"):
            read_network(path)


def test_many_odd_lines_among_regular_ones_change_nothing(write):
    pairs = np.random.default_rng(0).integers(0, 60, (2000, 2)).tolist()
    plain = read_network(write("\n".join(f"n{u},n{v}" for u, v in pairs)))
    ways = ('"n{}",n{}', "n{},n{},", "n{},n{}", "n{},n{}", "n{},n{}")
    odd = [ways[(u + v) % len(ways)].format(u, v) for u, v in pairs]
    mixed = read_network(write("\n".join(odd)))
    assert mixed.network.names == plain.network.names
    assert mixed.network.edge_index.equal(plain.network.edge_index)
    assert complaints(mixed) == complaints(plain)
