from __future__ import annotations

import numpy as np
import pytest

from gnnlab.errors import InputError, MoleculeError
from gnnlab.molecules.embedded import NCI_PROPERTIES, crippen_logp, load_nci, load_nci_properties


def test_all_rows_are_read_or_refused_with_a_reason():
    molecules = load_nci()
    assert (molecules.num_rows, len(molecules)) == (4999, 4991)
    refused = molecules.report[~molecules.report["kept"]]
    assert refused["row"].tolist() == [2097, 2897, 3226, 3369, 4508, 4595, 4596, 4780]
    assert refused["reason"].str.startswith("not parsable: Explicit valence").all()
    assert len(set(molecules.canonical)) == 4892


def test_a_part_is_the_beginning():
    part = load_nci(50)
    assert part.num_rows == 50
    assert part.smiles == load_nci(60).smiles[:50]
    with pytest.raises(InputError, match=r"at: count; found: 0"):
        load_nci(0)


def test_properties_are_numbers_of_the_molecules_they_stand_beside():
    molecules = load_nci_properties()
    assert molecules.columns == list(NCI_PROPERTIES)
    assert molecules.report.empty
    columns = dict(zip(molecules.columns, molecules.targets.T, strict=True))
    assert not np.isnan(np.delete(molecules.targets, NCI_PROPERTIES.index("P1"), axis=1)).any()
    computed = crippen_logp(molecules.smiles)
    assert np.corrcoef(computed, columns["CLOGP"])[0, 1] > 0.8
    measured = ~np.isnan(columns["P1"])
    assert np.abs(columns["P1"] - columns["DAYLIGHT_CLOGP"])[measured].max() < 0.5


def test_logp_of_what_is_no_molecule():
    with pytest.raises(MoleculeError, match="whitespace inside"):
        crippen_logp(["C", "Captain Nemo"])
