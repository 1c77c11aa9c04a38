from __future__ import annotations

import pytest
import torch
from torch_geometric.data import Batch

from gnnlab.errors import UnknownNameError
from gnnlab.molecules.encoder import ENCODERS, Categories, make_encoder
from gnnlab.molecules.features import ATOM_COLUMNS
from gnnlab.molecules.graph import from_smiles
from gnnlab.molecules.model import PropertyModel
from gnnlab.nn import READOUTS

SMILES = ["CC(=O)Oc1ccccc1C(=O)O", "[Na+].[Cl-]", "C", "C#N", "F/C=C/Cl"]


def batch_of(smiles):
    return Batch.from_data_list([from_smiles(s) for s in smiles])


@pytest.mark.parametrize("name", ENCODERS)
def test_a_molecule_does_not_see_its_batch(name):
    model = PropertyModel(2, name, hidden_channels=8).double().eval()
    together = model(batch_of(SMILES))
    for row, smiles in enumerate(SMILES):
        torch.testing.assert_close(model(batch_of([smiles])), together[row : row + 1])


@pytest.mark.parametrize("name", ENCODERS)
def test_the_order_of_the_atoms_does_not_matter(name):
    model = PropertyModel(1, name, hidden_channels=8).double().eval()
    one, other = model(batch_of(["OCC(N)=O", "NC(=O)CO"]))
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", ENCODERS)
def test_bonds_and_what_is_far_away_count(name):
    torch.manual_seed(0)
    model = PropertyModel(1, name, hidden_channels=16, num_layers=3).double().eval()
    single, double = model(batch_of(["CC", "C=C"]))
    assert (single - double).abs().item() > 1e-6
    near, far = model(batch_of(["CCCC(F)C", "CCCCCF"]))  # the same atoms and bonds
    assert (near - far).abs().item() > 1e-7


@pytest.mark.parametrize("name", ENCODERS)
def test_every_parameter_learns(name):
    model = PropertyModel(1, name, hidden_channels=8)
    model(batch_of(SMILES)).square().sum().backward()
    without = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


@pytest.mark.parametrize("pooling", READOUTS)
def test_descriptors_join_the_pooled_atoms(pooling):
    model = PropertyModel(3, hidden_channels=8, num_descriptors=2, pooling=pooling).eval()
    extra = torch.randn(5, 2)
    out = model(batch_of(SMILES), extra)
    assert out.shape == (5, 3)
    assert not torch.allclose(out, model(batch_of(SMILES), extra + 1))


def test_categories_are_a_linear_map_of_the_one_hot_encoding():
    table = Categories(ATOM_COLUMNS, 4)
    x = batch_of(SMILES).x
    sizes = list(ATOM_COLUMNS.values())
    columns = [torch.nn.functional.one_hot(c, n) for c, n in zip(x.t(), sizes, strict=True)]
    torch.testing.assert_close(table(x), torch.cat(columns, dim=1).float() @ table.weight)


def test_unknown_encoder():
    with pytest.raises(UnknownNameError, match="gated"):
        make_encoder("transformer", 8, 2, 0.0)
