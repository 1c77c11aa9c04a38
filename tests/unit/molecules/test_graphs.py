"""Many molecules in compact arrays behave like a list of graphs."""

import multiprocessing
import pickle

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem import rdDepictor
from torch_geometric.data import Batch

from gnnlab.errors import InputError, MoleculeError
from gnnlab.molecules import featurize as module
from gnnlab.molecules.graph import from_mol, from_smiles, to_smiles
from gnnlab.molecules.graphs import MoleculeGraphs

GOOD = [
    *["CCO", "[Na+].[Cl-]", "C", "C/C=C/[C@H](O)Cl", "[2H]O[2H]", "[CH3:5]O", "*C", "[W+8]"],
    *["c1ccc2[nH]ccc2c1", "C[C@H]1CC[C@@H](O)CC1", "C[Pt@SP1](F)(Cl)Br", "C" * 300, " CC "],
]
BAD = [None, "", ".", "C C", "CC\x00", 3, float("nan"), "c1cccc1", "C~C", "C" * 1001, "CN(C)(C)C"]


@pytest.fixture(scope="module")
def graphs():
    return MoleculeGraphs.of(GOOD)


def assert_same_data(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.to_dict().items():
        if isinstance(value, torch.Tensor):
            assert found[name].dtype == value.dtype, name
            assert torch.equal(found[name], value), name
        else:
            assert found[name] == value, name


def test_every_molecule_is_the_graph_of_its_string(graphs):
    assert len(graphs) == len(GOOD)
    for data, smiles in zip(graphs, GOOD, strict=True):
        assert_same_data(data, from_smiles(smiles))
        assert to_smiles(data) == Chem.CanonSmiles(smiles.strip())


@pytest.mark.parametrize(
    "indices", [range(len(GOOD)), [3], [2, 2, 1], [-1, 0], np.array([5, 4]), torch.tensor([7, 5])]
)
def test_a_batch_is_that_of_pyg(graphs, indices):
    found = graphs.batch(indices)
    expected = Batch.from_data_list([graphs[int(i)] for i in indices])
    assert_same_data(found, expected)
    assert type(found) is type(expected)
    assert found.num_graphs == expected.num_graphs
    for one, other in zip(found.to_data_list(), expected.to_data_list(), strict=True):
        assert_same_data(one, other)


def test_a_mask_chooses_molecules(graphs):
    mask = np.arange(len(graphs)) % 2 == 0
    assert_same_data(graphs.batch(mask), graphs.batch(np.flatnonzero(mask)))


@pytest.mark.parametrize("indices", [[], [99], [-99], [0.5], [[0, 1]], [True, False]])
def test_molecules_that_do_not_exist_are_refused(graphs, indices):
    with pytest.raises(InputError):
        graphs.batch(indices)
    with pytest.raises(IndexError):
        graphs[len(graphs)]


def test_a_subset_holds_the_same_graphs(graphs):
    chosen = [6, 4, 11, 4, 0]
    part = graphs.subset(chosen)
    assert part.rows.tolist() == chosen
    for i, place in enumerate(chosen):
        assert_same_data(part[i], graphs[place])
    assert len(part.subset([])) == 0


def test_bad_rows_are_kept_with_their_reason_and_good_ones_go_on(capfd):
    rows = [row for pair in zip(BAD, GOOD, strict=False) for row in pair]
    graphs = MoleculeGraphs.of(rows)
    assert graphs.rows.tolist() == list(range(1, 2 * len(BAD), 2))
    assert list(graphs.errors) == list(range(0, 2 * len(BAD), 2))
    assert all(isinstance(error, MoleculeError) for error in graphs.errors.values())
    assert graphs.smiles == GOOD[: len(BAD)]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("rows", [[], BAD])
def test_nothing_but_bad_rows(rows):
    graphs = MoleculeGraphs.of(rows)
    assert len(graphs) == 0
    assert len(graphs.errors) == len(rows)
    assert np.isnan(graphs.bytes_per_molecule)


def test_molecules_of_rdkit_are_rows_too():
    mols = [Chem.MolFromSmiles(smiles) for smiles in GOOD]
    for data, mol in zip(MoleculeGraphs.of(mols), mols, strict=True):
        assert_same_data(data, from_mol(mol))
    assert list(MoleculeGraphs.of([Chem.Mol(), mols[0]]).errors) == [0]


def test_coordinates_residues_and_properties_are_left_out():
    drawn = Chem.MolFromSmiles("C/C=C/[C@H](O)Cl")
    rdDepictor.Compute2DCoords(drawn)
    drawn.SetProp("name", "Queequeg")
    peptide = Chem.MolFromSequence("GAK")
    for data, mol in zip(MoleculeGraphs.of([drawn, peptide]), [drawn, peptide], strict=True):
        assert_same_data(data, from_mol(mol))
        assert to_smiles(data) == Chem.MolToSmiles(mol)


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_several_processes_and_chunks_give_the_same(graphs, method, monkeypatch):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on this system")
    monkeypatch.setattr(module, "CHUNK", 4)
    monkeypatch.setattr(
        module.ProcessPoolExecutor,
        "__init__",
        lambda self, n, make=module.ProcessPoolExecutor.__init__: make(
            self, n, mp_context=multiprocessing.get_context(method)
        ),
    )
    rows, done = [*GOOD, "no molecule"], []
    found = MoleculeGraphs.of(
        rows, num_workers=2, progress=lambda count, total: done.append((count, total))
    )
    for name, array in graphs.arrays().items():
        np.testing.assert_array_equal(getattr(found, name), array, err_msg=name)
    assert list(found.errors) == [len(GOOD)]
    assert done[-1] == (len(rows), len(rows))


def test_they_are_compact_and_survive_pickling():
    graphs = MoleculeGraphs.of(["CC(=O)Oc1ccccc1C(=O)O"] * 100)
    assert graphs.nbytes == sum(array.nbytes for array in graphs.arrays().values())
    assert graphs.bytes_per_molecule < 400
    again = pickle.loads(pickle.dumps(graphs))  # noqa: S301
    assert_same_data(again[5], graphs[5])


def test_a_molecule_of_too_many_atoms_is_a_bad_row():
    # RDKit would end the process when it writes the SMILES of this one.
    graphs = MoleculeGraphs.of(["CC", Chem.MolFromSmiles("C" * 33_000)])
    assert graphs.errors[1].what.startswith("too large: 33000 atoms")


@pytest.mark.parametrize("options", [{"num_workers": 0}, {"smiles": "CCO"}])
def test_arguments_are_checked(options):
    with pytest.raises(InputError, match=next(iter(options))):
        MoleculeGraphs.of(**{"smiles": ["C"], **options})
