import numpy as np
import pytest
import torch
from scipy import sparse

from gnnlab.errors import UnknownNameError
from gnnlab.networks import Network
from gnnlab.networks.models import ENCODERS
from gnnlab.networks.models.encoders import Inputs, NodeInput, make_encoder
from gnnlab.networks.models.features import FeatureMap, Features, scaled
from gnnlab.networks.models.model import LinkModel
from gnnlab.networks.models.neighbor_lists import NeighborLists

EDGES = [[0, 0, 1, 2, 3, 4], [1, 2, 2, 3, 4, 5]]  # node 6 has no connection


@pytest.fixture
def x():
    return sparse.random_array((7, 9), density=0.4, format="csr", rng=np.random.default_rng(0))


@pytest.fixture
def network(x):
    return Network.of(range(7), EDGES, x=x)


def inputs_of(network):
    return Inputs(NeighborLists.of(network), Features.of(scaled(network.x)))


@pytest.mark.parametrize("name", ENCODERS)
def test_renumbered_nodes_get_the_same_vectors(name, network):
    order = torch.tensor([3, 0, 6, 2, 5, 1, 4])  # old number of each new node
    new = order.argsort()
    other = Network.of(range(7), new[network.edge_index], x=network.x[order.numpy()])
    model = LinkModel(9, 0, name, "dot", hidden_channels=8, num_layers=2).double().eval()
    torch.testing.assert_close(
        model.encode(inputs_of(other)), model.encode(inputs_of(network))[order]
    )


@pytest.mark.parametrize("name", ENCODERS)
def test_only_encoders_with_layers_see_the_neighbours(name, network):
    model = LinkModel(9, 0, name, "dot", hidden_channels=8).double().eval()
    torch.nn.init.zeros_(model.input.degree.weight)
    h = model.encode(inputs_of(network))
    without = model.encode(inputs_of(network).without(torch.tensor([[4], [5]])))
    assert torch.equal(h[:3], without[:3])  # even the degree of node 4 tells them nothing
    assert torch.allclose(h[5], without[5]) == (name == "none")


@pytest.mark.parametrize("name", ENCODERS)
def test_gradients_are_finite_on_nodes_without_connections(name, network):
    model = LinkModel(9, 7, name, "dot", hidden_channels=8, num_layers=2)
    empty = inputs_of(network).without(network.edge_index)
    model(empty, torch.tensor([[0, 6], [1, 5]])).sum().backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    assert model.input.embedding.grad.abs().sum() > 0


def test_features_are_mapped_as_a_dense_product_would(x):
    features, layer = Features.of(x), FeatureMap(9, 4).double()
    torch.testing.assert_close(layer(features), torch.from_numpy(x.toarray()) @ layer.weight)


def test_dropped_features_are_scaled_up(x):
    layer = FeatureMap(9, 4, dropout=0.5).double()
    mean = torch.stack([layer(Features.of(x)) for _ in range(1000)]).mean(0)
    dense = torch.from_numpy(x.toarray()) @ layer.weight
    torch.testing.assert_close(mean, dense, atol=0.01, rtol=0.1)


def test_taken_rows_are_those_of_the_nodes(x):
    nodes, layer = torch.tensor([4, 0, 4, 6]), FeatureMap(9, 4).double()
    features = Features.of(x)
    torch.testing.assert_close(layer(features.take(nodes)), layer(features)[nodes])


def test_scaled_rows_have_length_one_and_rare_features_count_more():
    x = sparse.csr_array([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    plain, weighted = scaled(x, idf=False).toarray(), scaled(x).toarray()
    np.testing.assert_allclose(plain, [[0.5**0.5] * 2, [1, 0], [0, 0]], rtol=1e-6)
    assert weighted[0, 1] > weighted[0, 0]
    np.testing.assert_allclose((weighted**2).sum(1), [1, 1, 0], rtol=1e-6)


def test_learned_vectors_follow_the_numbers_of_a_sampled_part(network):
    layer = NodeInput(0, 7, hidden_channels=4)
    nodes = torch.tensor([5, 2])
    empty = NeighborLists(torch.empty(0, dtype=torch.long), 2)
    part = layer(Inputs(empty, nodes=nodes))
    torch.testing.assert_close(part, layer(Inputs(NeighborLists.of(network)))[nodes])


def test_an_unknown_encoder_is_named():
    with pytest.raises(UnknownNameError, match=r"gnc.*use one of: gcn"):
        make_encoder("gnc", 8, 1, 0.0)
