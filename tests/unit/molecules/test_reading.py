from __future__ import annotations

import gzip
from pathlib import Path

import narwhals
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, RDConfig

from gnnlab.errors import FileFormatError, GnnlabError, InputError, ShapeError
from gnnlab.molecules.reading import read_molecules
from gnnlab.molecules.standardize import Standardization

NCI = Path(RDConfig.RDDataDir) / "NCI"
BAD = {
    1: ("", "empty"),
    2: ("CCO Queequeg", "whitespace inside"),
    4: ("C1CC", "not parsable: unclosed ring"),
    5: ("C" * 1001, "too large: 1001 atoms, at most 1000 allowed"),
}
CELLS = ["CCO", BAD[1][0], BAD[2][0], "CN", BAD[4][0], BAD[5][0], "c1ccccc1"]


def write(path: Path, text: str) -> Path:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def check_cells(molecules) -> None:
    """What must come out of `CELLS`, from whichever source."""
    assert molecules.smiles == ["CCO", "CN", "c1ccccc1"]
    assert molecules.rows.tolist() == [0, 3, 6]
    assert molecules.num_rows == 7
    assert dict(zip(molecules.report["row"], molecules.report["reason"], strict=True)) == {
        row: reason for row, (_, reason) in BAD.items()
    }
    assert molecules.report["smiles"].tolist() == [text for text, _ in BAD.values()]
    assert not molecules.report["kept"].any()
    assert molecules.reasons() == [BAD[row][1] if row in BAD else "" for row in range(7)]


@pytest.mark.parametrize(
    "to_source",
    [
        lambda frame: frame["smiles"].tolist(),
        lambda frame: frame["smiles"].to_numpy(),
        lambda frame: frame["smiles"],
        lambda frame: frame,
        narwhals.from_native,
    ],
    ids=["list", "array", "series", "pandas", "narwhals"],
)
def test_every_source_keeps_the_row_numbers(to_source):
    check_cells(read_molecules(to_source(pd.DataFrame({"smiles": CELLS}, index=list("abcdefg")))))


@pytest.mark.parametrize("name", ["crew.csv", "crew.csv.gz", "crew.tsv", "Crew.CSV"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_files_of_all_kinds(tmp_path, name, separator, end):
    separator = "\t" if ".tsv" in name else separator
    lines = ["name,SMILES,y", *(f'"Ishmael, {n}",{text},{n}' for n, text in enumerate(CELLS))]
    text = end.join(line.replace(",", separator) for line in lines) + end * 2
    molecules = read_molecules(write(tmp_path / name, text), target_columns="y")
    check_cells(molecules)
    assert molecules.targets.tolist() == [[0.0], [3.0], [6.0]]
    assert molecules.columns == ["y"]
    assert molecules.table["name"].str.startswith("Ishmael").all()
    assert molecules.table.index.tolist() == [0, 3, 6]


def test_blank_lines_of_a_csv_file_are_rows(tmp_path):
    path = write(tmp_path / "crew.csv", "smiles\nC\n\nCC\n\n")
    assert read_molecules(path).rows.tolist() == [0, 2]


def test_an_endless_cell_does_not_stop_the_other_rows(tmp_path):
    path = write(tmp_path / "crew.csv", "smiles,y\n" + "C" * 10**6 + ",1\nCO,2\n")
    assert read_molecules(path).reasons() == ["too large: 1000000 characters", ""]


def test_rows_with_too_many_fields_are_reported(tmp_path):
    path = write(tmp_path / "crew.csv", "name,smiles,y\nAhab, captain,CO,1\nPip,CN,2\nStubb,CC\n")
    molecules = read_molecules(path, target_columns="y")
    assert molecules.reasons() == ["4 fields where the header has 3", "", ""]
    assert molecules.targets[:, 0] == pytest.approx([2, np.nan], nan_ok=True)


@pytest.mark.parametrize("header", ["", "SMILES Name\n"])
def test_smi_files(tmp_path, header):
    lines = "\nCO Captain Ahab\nC1 Pip\nCN |^1:1| Stubb\nCC\t7\n"
    molecules = read_molecules(write(tmp_path / "crew.smi.gz", header + lines))
    assert molecules.smiles == ["CO", "CC"]
    assert molecules.rows.tolist() == [1, 4]
    assert molecules.table.iloc[:, 1].tolist() == ["Captain Ahab", "7"]
    assert molecules.report["reason"].tolist() == [
        "empty",
        "not parsable: unclosed ring",
        "CXSMILES extension",
    ]


def test_embedded_files_are_read():
    molecules = read_molecules(NCI / "first_5K.smi")
    assert (len(molecules), molecules.num_rows) == (4991, 4999)
    properties = read_molecules(NCI / "first_200.props.sdf", target_columns=["AMW", "CLOGP"])
    assert (len(properties), properties.targets.shape) == (200, (200, 2))
    assert properties.smiles[0] == Chem.CanonSmiles(properties.table["SMILES"].iloc[0])


def test_bad_records_of_an_sdf_file_are_reported(tmp_path, capfd):
    good = (NCI / "first_200.props.sdf").read_text().split("$$$$\n")[:3]
    records = [
        good[0],
        "a white whale\n",
        good[1].replace(" C  ", " Xx ", 1),
        "\n",
        good[1].replace(" C  ", " F  "),
        good[2],
        good[2][:300] + "\n",
    ]
    path = write(tmp_path / "crew.sdf.gz", "$$$$\n".join(records))
    molecules = read_molecules(path, target_columns="AMW")
    assert molecules.rows.tolist() == [0, 5]
    assert molecules.targets[0, 0] == 122.12344
    reasons = molecules.reasons()
    assert reasons[2:5] == [
        "not parsable: Element 'Xx' not found",
        "empty",
        "not parsable: Explicit valence for atom # 2 F, 4, is greater than permitted",
    ]
    assert all(reason.startswith("not parsable") for reason in (reasons[1], reasons[6]))
    assert capfd.readouterr() == ("", "")


def test_the_last_property_of_an_sdf_record_ends_where_it_ends(tmp_path):
    drawing = (NCI / "first_200.props.sdf").read_text().split("M  END")[0]
    record = f"{drawing}M  END\n>  <depth>\n0.5\n\n$$$$\n"
    molecules = read_molecules(write(tmp_path / "crew.sdf", 2 * record), target_columns=["depth"])
    assert molecules.targets.ravel().tolist() == [0.5, 0.5]


def test_a_property_of_an_sdf_file_never_takes_the_place_of_the_drawing(tmp_path):
    record = (NCI / "first_200.props.sdf").read_text().split("$$$$")[0]
    text = "Ahab" + record.replace("<AMW>", "<structure>") + "$$$$\n"
    molecules = read_molecules(write(tmp_path / "crew.sdf", text))
    assert molecules.smiles == ["CC1=CC(=O)C=CC1=O"]
    assert molecules.table["name"].tolist() == ["Ahab"]


def test_large_molecules_do_not_overflow_the_stack_of_rdkit(tmp_path):
    chain = Chem.MolFromSmiles("C" * 20_000)
    assert read_molecules([chain, "C"]).reasons() == [
        "too large: 20000 atoms, at most 1000 allowed",
        "",
    ]
    atoms = "".join(f"M  V30 {number} C 0 0 0 0\n" for number in range(1, 1002))
    record = (
        "\n\n\n  0  0  0     0  0            999 V3000\nM  V30 BEGIN CTAB\n"
        "M  V30 COUNTS 1001 0 0 0 0\nM  V30 BEGIN ATOM\n"
        f"{atoms}M  V30 END ATOM\nM  V30 END CTAB\nM  END\n$$$$\n"
    )
    ether = Chem.MolToMolBlock(Chem.MolFromSmiles("COC")) + "$$$$\n"
    molecules = read_molecules(write(tmp_path / "crew.sdf", record + ether))
    assert molecules.reasons() == ["too large: 1001 atoms, at most 1000 allowed", ""]


def test_rdkit_molecules_are_taken():
    mols = [Chem.MolFromSmiles("OCC"), None, Chem.Mol(), Chem.MolFromSmiles("C[N](C)(C)C", False)]
    molecules = read_molecules([*mols, "C"])
    assert (molecules.smiles, molecules.rows.tolist()) == (["CCO", "C"], [0, 4])
    assert molecules.reasons()[1:3] == ["not a string", "empty"]
    assert "valence" in molecules.reasons()[3]


@pytest.mark.parametrize(("duplicates", "rows"), [("keep", [0, 1, 2, 3]), ("drop", [0, 1])])
def test_duplicates(duplicates, rows):
    molecules = read_molecules(["CCO", "C", "OCC", "C(C)O"], duplicates=duplicates)
    assert molecules.rows.tolist() == rows
    assert molecules.report["reason"].tolist() == ["duplicate of row 0"] * 2
    assert molecules.report["kept"].tolist() == [duplicates == "keep"] * 2


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1.5", 1.5),
        (" -2e3 ", -2000.0),
        ("True", 1.0),
        (False, 0.0),
        (np.int8(3), 3.0),
        *[(cell, np.nan) for cell in ("", "NA", "n/a", "NaN", "None", "null", None, pd.NA, np.nan)],
    ],
)
def test_cells_that_are_numbers_or_missing(cell, number):
    frame = pd.DataFrame({"smiles": ["C", "CC"], "y": pd.Series([cell, 0], dtype=object)})
    molecules = read_molecules(frame, target_columns="y")
    assert molecules.targets[0, 0] == pytest.approx(number, nan_ok=True)
    assert len(molecules.report) == 0


@pytest.mark.parametrize("cell", ["active", "1,5", "1_000", "inf", float("-inf"), [1], "12 mM"])
def test_targets_that_are_no_numbers_are_reported_and_missing(cell):
    frame = pd.DataFrame(
        {"smiles": ["C1", "C", "CC"], "a": [1, 2, 3], "b": pd.Series([cell, cell, 0], dtype=object)}
    )
    molecules = read_molecules(frame, target_columns=["a", "b"])
    assert molecules.targets == pytest.approx(np.array([[2, np.nan], [3, 0]]), nan_ok=True)
    report = molecules.report[["row", "smiles", "field", "kept"]].to_numpy().tolist()
    assert report == [[0, "C1", "smiles", False], [1, "C", "b", True]]
    assert molecules.report["reason"][1] == f"not a number: {str(cell)!r}"
    assert molecules.reasons()[1] == "", "the molecule itself can be used"


def test_standardisation_is_recorded():
    molecules = read_molecules(
        ["CC(=O)[O-].[Na+]", "CO", "C[C@H](N)O"],
        standardization=Standardization(salts="largest", charges="neutralise"),
    )
    assert molecules.smiles == ["CC(=O)O", "CO", "C[C@H](N)O"]
    assert molecules.changes.to_numpy().tolist() == [
        [0, "CC(=O)[O-].[Na+]", "CC(=O)O", ["salts", "charges"]]
    ]


@settings(max_examples=40, deadline=None)
@given(good=st.lists(st.booleans(), min_size=1, max_size=30).filter(any), width=st.integers(1, 3))
def test_predictions_come_back_in_the_order_of_the_rows(good, width):
    molecules = read_molecules(["C" * (row + 1) if ok else "C(" for row, ok in enumerate(good)])
    lengths = np.array([len(text) for text in molecules.smiles])
    expanded = molecules.expand(np.repeat(lengths[:, None], width, axis=1))
    for row, ok in enumerate(good):
        assert expanded[row] == pytest.approx([row + 1 if ok else np.nan] * width, nan_ok=True)


def test_predictions_must_be_as_many_as_good_rows():
    for values in ([1.0, 2.0], 1.0, np.zeros((0, 1))):
        with pytest.raises(ShapeError, match="there are 1 good rows"):
            read_molecules(["C", "C("]).expand(values)


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        (["y", "SMILES"], "SMILES"),
        (["Canonical_SMILES", "y"], "Canonical_SMILES"),
        (["mol", "Class"], "mol"),
        (["whale"], "whale"),
        (["smiles", "mol"], None),
        (["whale", "ship"], None),
    ],
)
def test_the_column_of_the_smiles_is_found_or_asked_for(columns, chosen):
    frame = pd.DataFrame({name: ["CO" if name == chosen else "C" * 2] for name in columns})
    if chosen:
        assert read_molecules(frame).smiles == ["CO"]
    else:
        with pytest.raises(InputError, match=f"cannot be told.*one of: {', '.join(columns)}"):
            read_molecules(frame)
        assert read_molecules(frame, columns[1]).smiles == ["CC"]


@pytest.mark.parametrize(
    ("text", "options", "error", "message"),
    [
        ("", {}, FileFormatError, "the file is empty"),
        ("\n \n", {}, FileFormatError, "the file is empty"),
        ("smiles,y\n", {}, InputError, "there is no row"),
        ("smiles,y,y\nC,1,2\n", {}, InputError, "there twice.*: y"),
        ("smiles,y\nC,1\n", {"smiles_column": "mol"}, InputError, "'mol'.*are: smiles, y"),
        ("smiles,y\nC,1\n", {"target_columns": "z"}, InputError, "'z'.*are: smiles, y"),
        ("smiles,y\nC,1\n", {"target_columns": ["y", "y"]}, InputError, "named twice"),
        ("smiles,y\nC,1\n", {"target_columns": "smiles"}, InputError, "named twice"),
        (
            "smiles,y\nC(,1\nC(,1\nC O,1\n",
            {},
            InputError,
            "2 x not parsable: syntax error near character 2, 1 x white",
        ),
        ("smiles,y\nC,hot\n", {"target_columns": "y"}, InputError, "no number.*at: y.*'hot'"),
        ("smiles,y\nC,\n", {"target_columns": "y"}, InputError, "no number.*blanks only"),
        ("smiles,y;x\nC;C,1;2,3\n", {}, InputError, "separator.*cannot be told"),
        ('smiles,y\nC,1\n"CC,1\nCO,2\n', {}, FileFormatError, "damaged.*line 3"),
        ("smiles||y\nC||1\n", {"separator": "||"}, InputError, "one character"),
        ("smiles\nC\n", {"duplicates": "burn"}, InputError, "'burn'"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, text, options, error, message):
    with pytest.raises(error, match=message):
        read_molecules(write(tmp_path / "crew.csv", text), **options)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("crew.csv", b"smiles\nC\xe4\n", r"UTF-8 \(at: crew.csv, byte 8; found: 0xe4"),
        ("crew.csv", b"\xef\xbb\xbfsmiles\nC\xe4\n", "byte 11"),
        ("crew.csv.gz", b"smiles\nC\n", "no whole gzip file"),
        ("crew.smi.gz", gzip.compress(b"C\n" * 999)[:-9], "no whole gzip file"),
    ],
)
def test_files_that_are_damaged(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileFormatError, match=message):
        read_molecules(tmp_path / name)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("Pequod.csv", "cannot be read.*Pequod.csv.*No such file"),
        ("CCO", "kind of file.*list of SMILES"),
        (7, "no molecules.*int"),
        (None, "no molecules.*NoneType"),
        ([], "there is no row"),
        ([None, 3], "2 x not a string"),
    ],
)
def test_sources_that_cannot_be_used(source, message):
    with pytest.raises(InputError, match=message):
        read_molecules(source)


@pytest.mark.parametrize("suffix", [".csv", ".smi", ".sdf", ".csv.gz"])
@settings(max_examples=40, deadline=None)
@given(content=st.binary(max_size=200) | st.text("C\n,;\t\"' 1(|$", max_size=60).map(str.encode))
def test_only_our_errors_escape_from_any_bytes(tmp_path_factory, suffix, content):
    path = tmp_path_factory.getbasetemp() / f"bytes{suffix}"
    path.write_bytes(content)
    try:
        molecules = read_molecules(path)
    except GnnlabError:
        return
    assert len(molecules) + (~molecules.report["kept"]).sum() == molecules.num_rows
