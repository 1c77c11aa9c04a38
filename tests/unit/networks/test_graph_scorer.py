from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
import torch
from scipy import sparse

from gnnlab.data import load_model, save_model
from gnnlab.errors import FileFormatError, InputError, NotFittedError, UnknownNameError
from gnnlab.networks import Network
from gnnlab.networks.metrics import rank_metrics
from gnnlab.networks.models import DECODERS, ENCODERS, NEGATIVES, GraphScorer
from gnnlab.networks.models.encoders import Inputs
from gnnlab.networks.models.features import Features
from gnnlab.networks.models.learning import SampledGraph, WholeGraph, link_loss
from gnnlab.networks.models.model import LinkModel
from gnnlab.networks.models.neighbor_lists import NeighborLists

SMALL = {"hidden_channels": 16, "epochs": 3, "accelerator": "cpu"}


@pytest.fixture(scope="module")
def karate():
    return Network.of(range(34), np.array(nx.karate_club_graph().edges).T)


@pytest.fixture(scope="module")
def blocks():
    """Three groups, a tenth of whose connections are hidden: the network, and what to find."""
    graph = nx.planted_partition_graph(3, 25, 0.35, 0.02, seed=0)
    whole = Network.of(range(75), np.array(graph.edges).T)
    order = np.random.default_rng(0).permutation(whole.num_edges)
    hidden = order[: whole.num_edges // 10]
    negative = NEGATIVES["uniform"](whole, 400, np.random.default_rng(1))
    part = SimpleNamespace(positive=whole.edge_index[:, hidden], negative=negative)
    return whole.only(np.delete(whole.edge_index.numpy(), hidden, axis=1)), part


def auc(scorer, part):
    return rank_metrics(scorer.score(part.positive), scorer.score(part.negative))["auc"]


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("decoder", DECODERS)
def test_every_model_learns_and_scores(encoder, decoder, karate):
    scorer = GraphScorer(encoder, decoder, **SMALL).fit(karate)
    pairs = torch.tensor([[0, 33, 5], [33, 0, 20]])
    scores = scorer.score(pairs)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    assert scores[0] == scores[1]
    assert scorer.embed().shape == (34, 16)


@pytest.mark.parametrize("decoder", DECODERS)
def test_hidden_connections_are_found(decoder, blocks):
    network, part = blocks
    scorer = GraphScorer(
        decoder=decoder, hidden_channels=32, epochs=20, batch_size=256, learning_rate=0.01
    )
    assert auc(scorer.fit(network), part) > 0.65


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_connection_is_learned_as_if_it_were_not_there(encoder, decoder, karate):
    model = LinkModel(0, 34, encoder, decoder, hidden_channels=8).double().eval()
    positive, negative = torch.tensor([[0], [1]]), torch.tensor([[4], [30]])
    absent = karate.only(karate.edge_index[:, ~(karate.edge_index == positive).all(0)])
    assert absent.num_edges == karate.num_edges - 1
    losses = [
        link_loss(model, (Inputs(NeighborLists.of(network)), positive, negative))[0]
        for network in (karate, absent)
    ]
    torch.testing.assert_close(*losses, rtol=0, atol=0)
    both = torch.cat([positive, negative], 1)
    scores = model(Inputs(NeighborLists.of(absent)), both)
    chances = torch.stack([scores[0].sigmoid(), 1 - scores[1].sigmoid()])
    torch.testing.assert_close(losses[0], -chances.log().sum())


def test_the_best_weights_are_kept(blocks):
    network, part = blocks
    scorer = GraphScorer(hidden_channels=16, epochs=30, learning_rate=0.03, patience=3)
    scorer.set_params(metric="auc").fit(network, part)
    course = scorer.histories_[0].column("validation_auc")
    assert auc(scorer, part) == pytest.approx(max(course), abs=1e-6)
    assert max(course) > course[-1] or len(course) == 15


def test_patience_ends_the_training(blocks):
    network, part = blocks
    scorer = GraphScorer(**SMALL | {"epochs": 40}, learning_rate=1e-12, patience=2)
    scorer.fit(network, part)
    assert len(scorer.histories_[0].rows) == 2 * 3  # nothing gets better after the first look


def test_each_positive_can_have_negatives_of_its_own(blocks):
    network, part = blocks
    count = part.positive.size(1)
    own = part.negative[:, : 5 * count].reshape(2, count, 5)
    scorer = GraphScorer(**SMALL).fit(network, SimpleNamespace(**vars(part) | {"negative": own}))
    scores = scorer.score(own.flatten(1)).reshape(count, 5)
    found = rank_metrics(scorer.score(part.positive), scores)["mrr"]
    assert found == pytest.approx(scorer.histories_[0].column("validation_mrr")[-1])


def test_a_seed_repeats_itself(karate):
    first, same, other = (GraphScorer(**SMALL, seed=seed).fit(karate) for seed in (3, 3, 4))
    assert np.array_equal(first.score(karate.edge_index), same.score(karate.edge_index))
    assert not np.array_equal(first.score(karate.edge_index), other.score(karate.edge_index))


def test_an_ensemble_is_the_mean_of_its_members(karate):
    pairs = karate.edge_index
    both = GraphScorer(**SMALL, seed=3, ensemble_size=2).fit(karate)
    members = [GraphScorer(**SMALL, seed=seed).fit(karate) for seed in (3, 1003)]
    scores = [member.score(pairs) for member in members]
    np.testing.assert_allclose(both.score(pairs), np.mean(scores, axis=0), rtol=1e-5)
    products = [member.embed() @ member.embed().t() for member in members]
    torch.testing.assert_close(both.embed() @ both.embed().t(), sum(products) / 2)
    assert both.num_parameters_ == 2 * members[0].num_parameters_
    assert len(both.histories_) == 2


@pytest.mark.parametrize("with_features", [False, True])
def test_large_graphs_are_learned_from_samples(with_features, blocks):
    network, part = blocks
    if with_features:
        network = Network.of(range(75), network.edge_index, x=sparse.eye_array(75))
    scorer = GraphScorer(
        hidden_channels=32, epochs=15, batch_size=128, learning_rate=0.01, num_neighbors=[8]
    )
    assert auc(scorer.fit(network), part) > 0.65


def test_a_sample_of_all_neighbours_gives_the_loss_of_the_whole_graph(karate):
    x = sparse.random_array((34, 6), density=0.3, format="csr", rng=np.random.default_rng(0))
    features = Features.of(x)
    model = LinkModel(6, 34, hidden_channels=8, num_layers=1, normalize="row").double().eval()
    rest = (karate.num_edges, NEGATIVES["uniform"], np.random.default_rng(0))
    whole = WholeGraph(karate, Inputs(NeighborLists.of(karate), features), *rest)
    sampled = SampledGraph(karate, features, [-1, -1], *rest)
    (part, positive, negative), *more = sampled
    assert not more
    pairs = [part.nodes[ends] for ends in (positive, negative)]
    assert np.array_equal(np.sort(karate.keys_of(pairs[0])), karate.keys)
    assert not karate.connected(pairs[1]).any()
    expected = link_loss(model, (whole.inputs, *pairs))[0]
    torch.testing.assert_close(link_loss(model, (part, positive, negative))[0], expected)


@pytest.mark.parametrize("name", NEGATIVES)
def test_negatives_have_no_connection(name, karate):
    pairs = NEGATIVES[name](karate, 2000, np.random.default_rng(0))
    assert pairs.shape == (2, 2000)
    assert not karate.connected(pairs).any()
    assert (pairs[0] != pairs[1]).all()


def test_hard_negatives_share_neighbours(karate):
    shared = {
        name: NeighborLists.of(karate).common(draw(karate, 2000, np.random.default_rng(0)))
        for name, draw in NEGATIVES.items()
    }
    count = {name: len(common.index) for name, common in shared.items()}
    assert count["hard"] > 1.2 * count["uniform"]


def test_a_function_can_draw_the_negatives(karate):
    asked = []

    def draw(network, count, generator):
        asked.append(count)
        return NEGATIVES["uniform"](network, count, generator)

    scorer = GraphScorer(**SMALL, negatives=draw).fit(karate)
    assert asked == [karate.num_edges] * 3
    with pytest.raises(InputError, match="a function cannot be stored"):
        scorer.state()


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_stored_scorer_gives_the_same_scores(decoder, karate, tmp_path):
    scorer = GraphScorer(decoder=decoder, **SMALL, ensemble_size=2).fit(karate)
    save_model(tmp_path / "model.safetensors", *scorer.state())
    found = GraphScorer.restored(*load_model(tmp_path / "model.safetensors"), karate)
    assert np.array_equal(found.score(karate.edge_index), scorer.score(karate.edge_index))
    assert found.get_params() == scorer.get_params()


@pytest.mark.parametrize(
    "damage",
    [
        lambda tensors, config: tensors.pop("0.input.embedding"),
        lambda tensors, config: tensors.update({"0.input.embedding": torch.zeros(3, 16)}),
        lambda tensors, config: config.pop("parameters"),
        lambda tensors, config: config.update(members=2),
        lambda tensors, config: config.update(members=10**9),
        lambda tensors, config: config.update(members="two"),
        lambda tensors, config: config["parameters"].update(encoder="transformer"),
        lambda tensors, config: config["parameters"].update(hidden_channels="16"),
    ],
)
def test_what_describes_no_scorer_is_refused(damage, karate):
    tensors, config = GraphScorer(**SMALL).fit(karate).state()
    damage(tensors, config)
    with pytest.raises(FileFormatError):
        GraphScorer.restored(tensors, config, karate)


@pytest.mark.parametrize(
    ("parameters", "error", "where"),
    [
        ({"encoder": "gnc"}, UnknownNameError, "encoder"),
        ({"decoder": "dots"}, UnknownNameError, "decoder"),
        ({"negatives": "soft"}, UnknownNameError, "negatives"),
        ({"hidden_channels": 6}, InputError, "hidden_channels"),
        ({"num_layers": 0}, InputError, "num_layers"),
        ({"epochs": 0.5}, InputError, "epochs"),
        ({"ensemble_size": 0}, InputError, "ensemble_size"),
        ({"seed": -1}, InputError, "seed"),
        ({"dropout": 1}, InputError, "dropout"),
        ({"num_neighbors": [0]}, InputError, "num_neighbors"),
    ],
)
def test_parameters_without_sense_are_named(parameters, error, where, karate):
    with pytest.raises(error) as caught:
        GraphScorer(**SMALL | parameters).fit(karate)
    assert where in caught.value.where


def test_an_unknown_metric_is_named(blocks):
    with pytest.raises(UnknownNameError, match="use one of: mrr"):
        GraphScorer(**SMALL, metric="mmr").fit(*blocks)


def test_a_network_must_have_something_to_learn():
    with pytest.raises(InputError, match="teaches nothing"):
        GraphScorer(**SMALL).fit(Network.of(range(4), np.zeros((2, 0))))
    complete = Network.of(range(4), torch.combinations(torch.arange(4)).t())
    with pytest.raises(InputError, match="all nodes are connected"):
        GraphScorer(**SMALL).fit(complete)


def test_one_connection_is_enough():
    scorer = GraphScorer(**SMALL).fit(Network.of(range(3), [[0], [1]]))
    assert np.isfinite(scorer.score(torch.tensor([[0, 0], [1, 2]]))).all()


def test_questions_without_sense_are_refused(karate):
    with pytest.raises(NotFittedError):
        GraphScorer().score(karate.edge_index)
    scorer = GraphScorer(**SMALL).fit(karate)
    with pytest.raises(InputError, match="34"):
        scorer.score(torch.tensor([[0], [34]]))
    assert scorer.score(torch.empty(2, 0, dtype=torch.long)).shape == (0,)
