from __future__ import annotations

import struct
from xml.etree import ElementTree

import numpy as np
import pytest
from rdkit import Chem

from gnnlab.errors import InputError, MoleculeError, NonFiniteError, ShapeError
from gnnlab.molecules.drawing import draw_explanation, draw_grid, draw_molecule
from gnnlab.molecules.explain import Explanation

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
ATOMS = np.linspace(-0.5, 1, 13)
BONDS = np.linspace(0.2, -0.2, 13)
EXPLANATION = Explanation(ASPIRIN, ATOMS, BONDS, 0.1, -2.0, 1.35, "value")
FULL_ORANGE, FULL_BLUE = "#E69F00", "#56B4E9"


def read_svg(path):
    """The text of a whole SVG file."""
    text = path.read_text()
    assert ElementTree.fromstring(text).tag.endswith("svg")  # noqa: S314 (our own file)
    return text


def size_of(path):
    """Width and height of a whole PNG file."""
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert content.endswith(b"IEND\xaeB`\x82")
    return struct.unpack(">II", content[16:24])


@pytest.mark.parametrize("name", ["aspirin.svg", "aspirin.png", "ASPIRIN.PNG"])
def test_file_type_by_ending(tmp_path, name):
    path = draw_molecule(ASPIRIN, str(tmp_path / name), ATOMS, BONDS, legend="aspirin")
    assert path == tmp_path / name
    assert [file.name for file in tmp_path.iterdir()] == [name]
    if path.suffix == ".svg":
        read_svg(path)
    else:
        assert min(size_of(path)) >= 180


def test_largest_value_has_the_full_colour_and_zero_none(tmp_path):
    drawn = read_svg(draw_molecule("CCO", tmp_path / "a.svg", [0, 0.5, -1]))
    assert FULL_BLUE in drawn
    assert FULL_ORANGE not in drawn
    flipped = read_svg(draw_molecule("CCO", tmp_path / "c.svg", [0, -0.5, 1]))
    assert FULL_ORANGE in flipped
    assert FULL_BLUE not in flipped


def test_bonds_are_coloured_too(tmp_path):
    drawn = read_svg(draw_molecule("CCO", tmp_path / "a.svg", bond_values=[0.3, 0]))
    assert FULL_ORANGE in drawn


def test_all_zeros_are_a_plain_molecule(tmp_path):
    plain = read_svg(draw_molecule("CCO", tmp_path / "a.svg"))
    assert read_svg(draw_molecule("CCO", tmp_path / "b.svg", np.zeros(3))) == plain
    assert "<ellipse" not in plain
    assert "<ellipse" in read_svg(draw_molecule("CCO", tmp_path / "c.svg", np.ones(3)))


def test_pictures_grow_with_the_molecule(tmp_path):
    sizes = [
        size_of(draw_molecule("C" * n, tmp_path / "a.png", legend="chain"))
        for n in (1, 10, 60, 300)
    ]
    assert sizes[0][0] < sizes[1][0] < sizes[2][0]
    assert max(sizes[3]) <= 2000


def test_wide_enough_for_the_legend(tmp_path):
    width, _ = size_of(draw_molecule("C", tmp_path / "a.png", legend="a whale " * 12))
    assert width >= 600


def test_the_users_molecule_stays_as_it_is(tmp_path):
    mol = Chem.MolFromSmiles(ASPIRIN)
    draw_molecule(mol, tmp_path / "a.svg", ATOMS)
    assert mol.GetNumConformers() == 0
    unsanitised = Chem.MolFromSmiles("c1ccccc1O", sanitize=False)
    read_svg(draw_molecule(unsanitised, tmp_path / "b.svg"))


@pytest.mark.parametrize(
    ("legend", "shown"),
    [("IC50 in µM", "IC50 in uM"), ("Ångström −3", "Angstrom -3"), ("Gogol: Нос", "Gogol: ???")],
)
def test_letters_that_the_typeface_lacks(tmp_path, legend, shown):
    one, other = (
        draw_molecule("C", tmp_path / f"{n}.svg", legend=text).read_bytes()
        for n, text in enumerate((legend, shown))
    )
    assert one == other
    one, other = (
        draw_grid(["C"], tmp_path / f"{n}.svg", [text]).read_bytes()
        for n, text in enumerate((legend, shown))
    )
    assert one == other
    assert b"d=''" not in one.replace(b"d='' fill='#000000'", b"", shown.count(" "))


@pytest.mark.parametrize("smiles", ["[Na+].[Cl-]", "C[C@H](N)C(=O)O", "*C", "[CH3:7][OH:1]", "[U]"])
def test_unusual_molecules(tmp_path, smiles):
    count = Chem.MolFromSmiles(smiles).GetNumAtoms()
    assert size_of(draw_molecule(smiles, tmp_path / "a.png", np.arange(count))) >= (100, 100)


def test_explanation_with_its_numbers(tmp_path):
    plain = draw_explanation(EXPLANATION, tmp_path / "a.svg")
    named = draw_explanation(EXPLANATION, tmp_path / "b.svg", quantity="logS in log mol/L")
    assert FULL_ORANGE in read_svg(plain)
    assert read_svg(named).count("class='legend'") > read_svg(plain).count("class='legend'") > 80
    size_of(draw_explanation(EXPLANATION, tmp_path / "a.png"))


def test_grid(tmp_path):
    molecules = [ASPIRIN, Chem.MolFromSmiles("CCO"), "c1ccccc1", "C", "N"]
    captions = ["Ahab", "Ishmael & <Queequeg>", "", "Starbuck", "Stubb"]
    assert size_of(draw_grid(molecules, tmp_path / "a.png", captions)) == (4 * 260, 2 * 230)
    assert size_of(draw_grid(molecules[:2], tmp_path / "b.png")) == (2 * 260, 230)
    one_column = draw_grid(molecules, tmp_path / "c.png", num_columns=1)
    assert size_of(one_column) == (260, 5 * 230)
    text = read_svg(draw_grid(molecules, tmp_path / "d.svg", captions))
    assert text.count("class='legend'") > 20


@pytest.mark.parametrize(("call", "error", "match"), [
    (lambda folder: draw_molecule("C", folder / "a.jpg"), InputError, "png or .svg"),
    (lambda folder: draw_molecule("C", folder / "png"), InputError, "png or .svg"),
    (lambda folder: draw_explanation(EXPLANATION, folder / "a.pdf"), InputError, "png or .svg"),
    (lambda folder: draw_grid(["C"], folder / "a"), InputError, "png or .svg"),
    (lambda folder: draw_molecule("C", folder / "no" / "a.svg"), InputError, "does not exist"),
    (lambda folder: draw_molecule("Moby Dick", folder / "a.svg"), MoleculeError, "whitespace"),
    (lambda folder: draw_molecule(None, folder / "a.svg"), MoleculeError, "not a string"),
    (lambda folder: draw_molecule(Chem.Mol(), folder / "a.svg"), MoleculeError, "no atoms"),
    (lambda folder: draw_molecule("CO", folder / "a.svg", [1]), ShapeError, "each of 2"),
    (lambda folder: draw_molecule("CO", folder / "a.svg", None, [1, 2]), ShapeError, "each of 1"),
    (lambda folder: draw_molecule("CO", folder / "a.svg", [0, np.nan]), NonFiniteError, r"\[1\]"),
    (lambda folder: draw_grid([], folder / "a.svg"), InputError, "1 to 400"),
    (lambda folder: draw_grid(["C"] * 401, folder / "a.svg"), InputError, "1 to 400"),
    (lambda folder: draw_grid(["C", "C1"], folder / "a.svg"), MoleculeError, r"molecules\[1\]"),
    (lambda folder: draw_grid(["C"], folder / "a.svg", ["a", "b"]), ShapeError, "1 molecule"),
    (lambda folder: draw_grid(["C"], folder / "a.svg", num_columns=0), InputError, "num_columns"),
])  # fmt: skip
def test_mistakes(tmp_path, call, error, match):
    with pytest.raises(error, match=match):
        call(tmp_path)
    assert not list(tmp_path.iterdir())
