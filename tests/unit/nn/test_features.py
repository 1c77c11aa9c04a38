from __future__ import annotations

import pytest
import torch

from gnnlab.errors import DtypeError, InputError, NonFiniteError, ShapeError
from gnnlab.nn import GATConv, GCNConv

pytestmark = pytest.mark.filterwarnings("ignore:Sparse CS. tensor support:UserWarning")

EDGES = torch.tensor([[0, 1, 2, 2], [1, 2, 0, 3]])
X = torch.tensor([[0, 2, 0, 0, 1], [0, 0, 0, 0, 0], [3, 0, 0, 4, 0], [0, 0, 5, 0, 0]]).double()
LAYERS = {
    "gcn": lambda: GCNConv(5, 3),
    "gcn widening": lambda: GCNConv(5, 8),
    "gcn self weight": lambda: GCNConv(5, 3, self_weight=True),
    "gcn lazy": lambda: GCNConv(-1, 3),
    "gat": lambda: GATConv(5, 3, heads=2),
}
FORMS = {"coo": "to_sparse", "csr": "to_sparse_csr", "csc": "to_sparse_csc"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", LAYERS)
def test_sparse_features_give_the_numbers_and_gradients_of_dense_ones(name, form):
    layer = LAYERS[name]().double()
    sparse = getattr(X, FORMS[form])()
    outs = [layer(x, EDGES) for x in (sparse, X)]
    torch.testing.assert_close(outs[0], outs[1])
    gradients = [torch.autograd.grad(out.square().sum(), layer.parameters()) for out in outs]
    torch.testing.assert_close(gradients[0], gradients[1])


def test_they_are_compressed_once(monkeypatch):
    from gnnlab.nn import features

    calls = []
    compress = features._compress
    monkeypatch.setattr(features, "_compress", lambda x: calls.append(x) or compress(x))
    layer, sparse = GCNConv(5, 3).double(), X.to_sparse()
    layer(sparse, EDGES)
    layer(sparse, EDGES)
    assert len(calls) == 1


BAD = {
    "width": (lambda: X[:, :4].to_sparse(), ShapeError, "takes 5 features per node.*found: 4"),
    "three dimensions": (lambda: X.expand(2, 4, 5).to_sparse(), ShapeError, r"\[N, F\]"),
    "type": (lambda: X.float().to_sparse(), DtypeError, "float64"),
    "layout": (lambda: X.to_sparse_bsr((2, 1)), DtypeError, "COO, CSR or CSC"),
    "gradients": (lambda: X.to_sparse().requires_grad_(), InputError, "detach"),
    "NaN": (lambda: (X / 0).to_sparse(), NonFiniteError, r"x.values\(\)"),
    "rows": (lambda: X[:3].to_sparse(), InputError, "edge"),
}


@pytest.mark.filterwarnings("ignore:Sparse BSR tensor support:UserWarning")
@pytest.mark.parametrize("bad", BAD)
def test_bad_input(bad):
    make, error, message = BAD[bad]
    with pytest.raises(error, match=message):
        GCNConv(5, 3).double()(make(), EDGES)
