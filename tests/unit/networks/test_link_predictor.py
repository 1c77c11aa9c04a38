"""From a network to named suggestions, and back from a file."""

import numpy as np
import pytest
import torch

from gnnlab.errors import FileFormatError, GnnlabError, InputError, NotFittedError, UnknownNameError
from gnnlab.networks import (
    LinkPredictor,
    Network,
    audit,
    load_florentine_families,
    load_karate_club,
    load_les_miserables,
    random_split,
)
from gnnlab.networks.hiding import (
    any_negatives,
    draw_negatives,
    hide,
    likely_negatives,
    take_apart,
    take_out,
)
from gnnlab.networks.metrics import ranks
from gnnlab.networks.predictor import score_part


@pytest.fixture(autouse=True, scope="module")
def _few_iterations():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gnnlab.networks.stack._ITERATIONS", 100)
        yield


@pytest.fixture(scope="module")
def novel():
    return load_les_miserables()


@pytest.fixture(scope="module")
def predictor(novel):
    return LinkPredictor().fit(novel)


def _blocks(num_nodes=60, seed=0):
    """Two circles of friends, with features that tell which."""
    draw = np.random.default_rng(seed)
    block = np.arange(num_nodes) % 2
    u, v = np.triu_indices(num_nodes, 1)
    kept = draw.random(len(u)) < np.where(block[u] == block[v], 0.3, 0.02)
    x = np.zeros((num_nodes, 6))
    x[np.arange(num_nodes), 3 * block + draw.integers(3, size=num_nodes)] = 1
    return Network.of([f"guest {n}" for n in range(num_nodes)], np.stack([u, v])[:, kept], x=x)


def test_suggestions_are_new_named_and_in_order(predictor, novel):
    found = predictor.suggest("Cosette", k=5)
    assert list(found["node"]) == ["Cosette"] * 5
    assert found["suggestion"].is_unique
    assert found["score"].is_monotonic_decreasing
    assert found["probability"].is_monotonic_decreasing
    known = {novel.names[n] for n in novel.neighbors(novel.node("Cosette"))} | {"Cosette"}
    assert not known & set(found["suggestion"])


def test_suggestions_for_all_are_those_for_each(predictor, novel):
    everyone = predictor.suggest_all(k=3)
    assert everyone["node"].nunique() == novel.num_nodes
    for name in ("Valjean", "Cosette", "Gavroche"):
        alone = predictor.suggest(name, k=3)
        among = everyone[everyone["node"] == name].reset_index(drop=True)
        assert list(among["suggestion"]) == list(alone["suggestion"])


def test_a_predictor_beats_chance_on_hidden_connections():
    split = random_split(load_karate_club(), 0.1, 0.2, seed=1)
    figures = LinkPredictor().fit(split.message).evaluate(split.test)
    assert figures["auc"] > 0.6


@pytest.fixture(scope="module")
def split():
    return random_split(_blocks(), 0.1, 0.2)


@pytest.fixture(scope="module")
def joined(split):
    return LinkPredictor(scorers=["idf-features"], graph="gcn").fit(split.message)


def test_features_and_a_graph_network_can_join(joined, split):
    assert list(joined.evidence_.scorers) == ["idf-features", "graph"]
    assert joined.evaluate(split.test)["auc"] > 0.6


def test_probabilities_of_named_pairs(predictor):
    likely, unlikely = predictor.predict([("Enjolras", "Fantine"), ("Napoleon", "Boulatruelle")])
    assert 0 <= unlikely < likely <= 1
    assert predictor.predict([]).shape == (0,)


def test_scores_do_not_depend_on_direction_or_company(predictor):
    pairs = torch.tensor([[0, 3, 5], [9, 20, 60]])
    whole = predictor.score(pairs)
    assert np.allclose(predictor.score(pairs.flip(0)), whole, atol=1e-6)
    assert np.allclose(predictor.score(pairs[:, 1:2]), whole[1:2], atol=1e-6)


def test_hidden_connections_are_not_seen(novel):
    rows = np.arange(0, novel.num_edges, 9)
    split = hide(novel, rows, "hard", missing=0.1, seed=0)
    assert split.valid.positive.size(1) == len(rows)
    assert not split.message.connected(split.valid.positive).any()
    assert not novel.connected(split.valid.negative.flatten(1)).any()
    assert audit(split, novel).clean or all("twice" in f for f in audit(split, novel).findings)


def test_a_file_gives_the_same_suggestions(predictor, tmp_path):
    predictor.save(tmp_path / "novel.safetensors")
    restored = LinkPredictor.load(tmp_path / "novel.safetensors")
    assert restored.suggest("Javert").equals(predictor.suggest("Javert"))
    assert repr(restored) == repr(predictor)


def test_a_file_keeps_features_and_graph_network(joined, tmp_path):
    joined.save(tmp_path / "blocks.safetensors")
    restored = LinkPredictor.load(tmp_path / "blocks.safetensors")
    pairs = torch.tensor([[0, 1], [7, 8]])
    assert np.allclose(restored.score(pairs), joined.score(pairs), atol=1e-6)


def test_another_models_file_is_refused(tmp_path):
    from gnnlab.data import save_model

    save_model(tmp_path / "other.safetensors", {"edge_index": torch.zeros(2, 1)}, {"kind": "cake"})
    with pytest.raises(FileFormatError):
        LinkPredictor.load(tmp_path / "other.safetensors")


def test_names_that_no_file_can_hold_are_refused(tmp_path):
    families = load_florentine_families()
    odd = Network.of([(name, "Florence") for name in families.names], families.edge_index)
    with pytest.raises(InputError, match="names"):
        LinkPredictor(["jaccard"]).fit(odd).save(tmp_path / "odd.safetensors")


def test_the_seed_decides():
    families = load_florentine_families()
    first, second = (LinkPredictor(["adamic-adar"]).fit(families) for _ in range(2))
    assert first.suggest("Strozzi").equals(second.suggest("Strozzi"))


@pytest.mark.parametrize(
    ("network", "error"),
    [
        (Network.of(range(9), np.zeros((2, 0))), InputError),
        (Network.of(range(9), [[0], [1]]), InputError),
        (Network.of([0, 1, 2], [[0, 1], [1, 2]]), InputError),
        (Network.of(range(6), np.stack(np.triu_indices(6, 1))), InputError),
    ],
)
def test_networks_that_teach_nothing(network, error):
    with pytest.raises(error):
        LinkPredictor().fit(network)


@pytest.mark.parametrize("num_nodes", [5, 6, 8])
def test_tiny_networks_work_or_say_why(num_nodes):
    ring = Network.of(range(num_nodes), [range(num_nodes), [*range(1, num_nodes), 0]])
    try:
        found = LinkPredictor().fit(ring).suggest(0, k=3)
    except GnnlabError:
        return
    assert set(found["suggestion"]) <= set(range(2, num_nodes - 1))


def test_bad_requests(predictor):
    with pytest.raises(UnknownNameError, match="Cosette"):
        predictor.suggest("Cosete")
    with pytest.raises(InputError, match="k"):
        predictor.suggest("Cosette", k=0)
    with pytest.raises(InputError, match="itself"):
        predictor.explain("Cosette", "Cosette")
    with pytest.raises(UnknownNameError, match="scorer"):
        LinkPredictor(["magic"]).fit(load_karate_club())
    with pytest.raises(NotFittedError):
        LinkPredictor().suggest("Cosette")


def test_an_explanation_counts_what_is_there(predictor, novel):
    explanation = predictor.explain("Cosette", "Gavroche")
    u, v = (set(novel.neighbors(novel.node(n)).tolist()) for n in ("Cosette", "Gavroche"))
    assert set(explanation.shared) == {novel.names[n] for n in u & v}
    assert explanation.scores["common-neighbors"] == len(u & v)
    assert explanation.ranks["common-neighbors"] >= 1
    assert f"{len(u & v)} mutual neighbour" in str(explanation)
    assert "connected already" in str(predictor.explain("Valjean", "Cosette"))


def test_parts_are_scored_in_their_shape(predictor, novel):
    part = hide(novel, np.arange(5), "hard", missing=0.1, seed=0).valid
    positive, negative = score_part(predictor, part)
    assert positive.shape == (5,)
    assert negative.shape == tuple(part.negative.shape[1:])


def test_folds_hide_different_connections(novel):
    folds = list(take_apart(novel, False, seed=0))
    rows = np.concatenate([rows for _, rows in folds])
    assert len(folds) > 1
    assert len(np.unique(rows)) == len(rows)
    assert all(past is novel for past, _ in folds)


def test_with_times_the_latest_are_hidden_and_nothing_later_is_seen():
    draw = np.random.default_rng(0)
    pairs = np.stack(np.triu_indices(30, 1))[:, draw.permutation(435)[:120]]
    network = Network.of(range(30), pairs, edge_time=draw.permutation(120))
    time_of = dict(zip(network.keys.tolist(), network.edge_time.tolist(), strict=True))
    for past, rows in take_apart(network, False, seed=0):
        hidden = {time_of[key] for key in past.keys[rows].tolist()}
        seen = {time_of[key] for key in np.delete(past.keys, rows).tolist()}
        assert len(hidden) == 12
        assert max(seen) < min(hidden)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_the_most_similar_pairs_are_not_learned_from(novel, missing):
    part = take_out(novel, np.arange(0, novel.num_edges, 9), seed=0).valid
    half = part.negative.size(2) // 2
    chosen = likely_negatives(novel, part, missing, seed=0)
    for place, ends in enumerate(part.positive.t().tolist()):
        skip = [min(max(1, int(np.ceil(missing * novel.degree[end]))), half // 4) for end in ends]
        kept = chosen[:, place].t().tolist()
        first_of_ends = [kept[0], kept[min(100, half)]]
        places = [skip[0], half + skip[1]]
        assert first_of_ends == part.negative[:, place, places].t().tolist()


def test_uniform_negatives_are_unconnected_pairs_of_any_nodes(novel):
    split = take_out(novel, np.arange(0, novel.num_edges, 9), seed=0)
    pairs = draw_negatives(novel, split, "uniform", 0.0, seed=0)
    assert pairs.shape == (2, split.valid.positive.size(1), 150)
    pairs = pairs.flatten(1)
    assert not novel.connected(pairs).any()
    assert (pairs[0] != pairs[1]).all()
    assert len(pairs.unique()) == novel.num_nodes


def test_where_there_are_few_pairs_they_come_several_times():
    nearly = Network.of(range(5), torch.combinations(torch.arange(5)).t()[:, 1:])  # lacks (0, 1)
    pairs = any_negatives(nearly, 3, None, seed=0)
    assert pairs.shape == (2, 3, 150)
    assert (pairs == torch.tensor([0, 1]).view(2, 1, 1)).all()


def test_with_times_uniform_negatives_are_of_nodes_that_were_there_before():
    path = np.stack([np.arange(40), np.arange(1, 41)])
    network = Network.of(range(41), path, edge_time=np.arange(40))
    ((past, rows), *_) = take_apart(network, False, seed=0)
    split = take_out(past, rows, seed=0)
    pairs = draw_negatives(past, split, "uniform", 0.0, seed=0, is_timed=True)
    assert pairs.max() == 36  # the four latest connections lead to 37 and on


@pytest.mark.parametrize(("kind", "seed"), [("hard", 0), ("uniform", 2)])
def test_validation_pairs_choose_what_is_learned_from(novel, kind, seed):
    options = {"negatives": "hard", "num_negatives": 20} if kind == "hard" else {}
    split = random_split(novel, 0.2, 0, seed=seed, **options)
    chosen = LinkPredictor(["common-neighbors", "katz"]).fit(split.message, split.valid)
    choices, reciprocal = [("hard", 0.08), ("hard", 0.0), ("uniform", 0.08)], []
    for negatives, share in choices:
        one = LinkPredictor(["common-neighbors", "katz"], None, negatives, share)
        reciprocal.append(1 / ranks(*score_part(one.fit(split.message), split.valid)))
    leads = [values - reciprocal[0] for values in reciprocal]
    sure = [np.mean(lead) > np.std(lead) / np.sqrt(len(lead)) for lead in leads]
    expected = max(range(3), key=lambda place: sure[place] * np.mean(leads[place]))
    assert (chosen.negatives_, chosen.missing_) == choices[expected]
    assert chosen.evaluate(split.valid)["mrr"] == reciprocal[expected].mean()


def test_unknown_negatives_are_named(novel):
    with pytest.raises(UnknownNameError, match="hard, uniform"):
        LinkPredictor(negatives="soft").fit(novel)


@pytest.mark.parametrize("missing", [-0.1, 1.5, float("nan")])
def test_what_is_missing_is_a_share(novel, missing):
    with pytest.raises(InputError, match="missing"):
        LinkPredictor(missing=missing).fit(novel)


def test_in_a_tiny_network_mutual_neighbours_come_first():
    """A dozen connections teach nothing, yet no stranger comes before friends of friends."""
    novel = """
        Jane-Elizabeth Jane-Bingley Elizabeth-Darcy Bingley-Darcy Lydia-Wickham Lydia-Kitty
        Kitty-Mary Mary-Elizabeth Elizabeth-Charlotte Charlotte-Collins Collins-Catherine
    """
    ends = [pair.split("-") for pair in novel.split()]
    names = sorted({name for pair in ends for name in pair})
    edges = np.array([[names.index(name) for name in pair] for pair in ends]).T
    network = Network.of(names, edges)
    for seed in range(5):
        found = LinkPredictor(seed=seed).fit(network).suggest("Jane", k=9)
        assert found["suggestion"][0] == "Darcy"  # both of Jane's know him
        assert set(found["suggestion"][:3]) == {"Darcy", "Mary", "Charlotte"}
        assert found["probability"].is_monotonic_decreasing
