"""Ten thousand damaged files: each is read, or refused with one of our errors."""

from __future__ import annotations

import io
import random
from collections import Counter
from pathlib import Path

import networkx

from gnnlab.errors import GnnlabError
from gnnlab.networks.reading import read_network

LINES = b"7 8\n8 9\n9 7\n10 7\n# end\n"
TABLE = b'source,target,weight,time\nAnna,"Kitty, S.",2,5\nKitty,Levin,1.5,6\nAnna,Vronsky,1,7\n'
NODES = b"name,age,label\nAnna,28,a\nKitty,18,b\nLevin,34,b\n"
DATES = b"Emma;Harriet;1815-12-23\nEmma;Jane;1815-12-24T10:00\n"
FILES = {
    "lines.txt": (LINES, 2500),
    "table.csv": (TABLE, 1000),
    "nodes.csv": (NODES, 500),
    "dates.tsv": (DATES, 1000),
    "graph.graphml": ("\n".join(networkx.generate_graphml(networkx.path_graph(3))).encode(), 2500),
    "graph.gml": ("\n".join(networkx.generate_gml(networkx.path_graph(3))).encode(), 2500),
}
PIECES = [b"\n", b"\r", b'"', b",", b"\t", b" ", b"\xff", b"\0", b"#", b"nan", b"-1", b"1e999"]
PIECES += [b"9" * 30, b"<", b"&x;", b"[", b"]", b"<!DOCTYPE", b"\x1f\x8b", b"\xef\xbb\xbf", b";"]


def mutate(content: bytes, rng: random.Random) -> bytes:
    content = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(content) + 1)
        match rng.randrange(5):
            case 0:
                content[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                del content[place : place + rng.randint(1, 9)]
            case 2:
                content[place:place] = content[max(0, place - 9) : place]
            case 3:
                content[place:place] = rng.choice(PIECES)
            case 4 if rng.random() < 0.2:
                del content[place:]
    return bytes(content)


def test_damaged_files_are_read_or_refused(monkeypatch):
    rng, found = random.Random(0), Counter()  # noqa: S311
    # To open a file takes longer than to read these.
    monkeypatch.setattr(Path, "open", lambda *_: io.BytesIO(content))
    for name, (original, count) in FILES.items():
        source, options = name, {}
        if name == "dates.tsv":
            options = {"time": 2}
        elif name == "nodes.csv":
            source, options = [("Anna", "Kitty")], {"nodes": name}
        for _ in range(count):
            content = mutate(original, rng)
            try:
                reading = read_network(source, **options)
            except GnnlabError:
                found[name, "refused"] += 1
            else:
                assert reading.network.num_edges > 0
                found[name, "read"] += 1
    assert found.total() == 10_000
    assert min(found[name, kind] for name in FILES for kind in ("read", "refused")) >= 30
