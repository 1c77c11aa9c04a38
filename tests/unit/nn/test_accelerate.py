"""What gnnlab.accelerate promises of whole models, and of all that it leaves to PyG."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data
from torch_geometric.explain import Explainer, GNNExplainer
from torch_geometric.nn import (
    APPNP,
    ChebConv,
    GATConv,
    GatedGraphConv,
    GCNConv,
    GINConv,
    GraphConv,
    LGConv,
    SAGEConv,
    Sequential,
    SGConv,
    TAGConv,
)
from torch_geometric.nn.models import GCN, GIN, GraphSAGE

from gnnlab.errors import DtypeError, InputError, NonFiniteError, ShapeError
from gnnlab.nn import Adjacency
from gnnlab.nn.accelerate import FAST_LAYERS, accelerate
from gnnlab.nn.accelerated_layers import FastLayer

pytestmark = pytest.mark.usefixtures("float64")
F = 3
LAYERS = {
    GCNConv: lambda: GCNConv(F, 2),
    SAGEConv: lambda: SAGEConv(F, 2),
    GINConv: lambda: GINConv(nn.Sequential(nn.Linear(F, 5), nn.Tanh())),
    GraphConv: lambda: GraphConv(F, 2),
    SGConv: lambda: SGConv(F, 2, K=2),
    APPNP: lambda: APPNP(3, 0.1),
    LGConv: LGConv,
    ChebConv: lambda: ChebConv(F, 2, K=3),
    TAGConv: lambda: TAGConv(F, 2),
    GatedGraphConv: lambda: GatedGraphConv(4, num_layers=2),
}


def twins(make):
    """The same module twice: untouched, and accelerated."""
    untouched = make()
    return untouched, accelerate(copy.deepcopy(untouched))


def graph(num_nodes=9, num_edges=24):
    """A directed graph with self loops, duplicate edges and an isolated node."""
    edge_index = torch.randint(num_nodes - 1, (2, num_edges))
    more = torch.tensor([[0, 1, 1, 2, 3], [0, 1, 1, 3, 2]])
    edge_index = torch.cat([edge_index, edge_index[:, :4], more], dim=1)
    return torch.randn(num_nodes, F), edge_index, torch.rand(edge_index.size(1)) + 0.1


def assert_same(result, expected):
    torch.testing.assert_close(result, expected, rtol=1e-10, atol=1e-10)


def test_all_layers_are_tested():
    assert set(LAYERS) == set(FAST_LAYERS)


def make_sequential():
    return Sequential(
        "x, edge_index",
        [
            (SAGEConv(F, 8), "x, edge_index -> x"),
            nn.ReLU(),
            (GCNConv(8, 8), "x, edge_index -> x1"),
            (APPNP(2, 0.1), "x1, edge_index -> x2"),
            (lambda a, b: a + b, "x1, x2 -> x"),
            nn.Linear(8, 2),
        ],
    )


MODELS = {
    "Sequential": make_sequential,
    "GCN": lambda: GCN(F, 8, 3, 2, dropout=0.3, norm="BatchNorm"),
    "GCN-cached": lambda: GCN(F, 8, 2, 2, cached=True, jk="cat"),
    "GraphSAGE": lambda: GraphSAGE(F, 8, 2, 2, dropout=0.3, jk="max"),
    "GraphSAGE-max": lambda: GraphSAGE(F, 8, 2, 2, aggr="max", norm="LayerNorm"),
    "GIN": lambda: GIN(F, 8, 2, 2, norm="GraphNorm", jk="lstm", train_eps=True),
}


@pytest.mark.parametrize("name", MODELS)
def test_training_goes_on_with_the_same_optimiser(name):
    x, edge_index, _ = graph()
    target = torch.randn(len(x), 2)
    untouched = MODELS[name]()
    losses = []
    for model in (copy.deepcopy(untouched), untouched):
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        torch.manual_seed(0)
        losses.append([])
        for step in range(6):
            if step == 2 and model is untouched:
                accelerate(model)
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x, edge_index), target)
            loss.backward()
            optimizer.step()
            losses[-1].append(loss.item())
    assert losses[1] == pytest.approx(losses[0], rel=1e-8)
    assert losses[0][-1] != pytest.approx(losses[0][0], rel=1e-3)
    assert any(isinstance(module, FastLayer) for module in untouched.modules())


@pytest.mark.parametrize("name", MODELS)
def test_evaluation_without_gradients(name):
    x, edge_index, _ = graph()
    untouched, accelerated = twins(lambda: MODELS[name]().eval())
    for context in (torch.no_grad, torch.inference_mode):
        with context():
            assert_same(accelerated(x, edge_index), untouched(x, edge_index))
    x.requires_grad_()  # nothing made in inference mode may get in the way of training
    assert accelerated(x, edge_index).sum().backward() is None


@pytest.mark.parametrize("name", [name for name in MODELS if name != "GCN-cached"])
def test_batches_whose_edges_are_new_every_time(name):
    untouched, accelerated = twins(lambda: MODELS[name]().eval())
    x, edge_index, _ = graph()
    data = Data(x=x, edge_index=edge_index)
    for size in (9, 5, 7):
        part = data.subgraph(torch.arange(size))
        batch = Batch.from_data_list([part, data, part])
        expected = untouched(batch.x, batch.edge_index)
        assert_same(accelerated(batch.x, batch.edge_index), expected)


def test_trimmed_layers_of_a_sampled_batch():
    x, edge_index, _ = graph()
    untouched, accelerated = twins(lambda: GraphSAGE(F, 8, 2, 2))
    source, target = edge_index
    first = edge_index[:, (target < 2) & (source < 5)]  # into the 2 seeds, then into 3 more nodes
    second = edge_index[:, (target >= 2) & (target < 5)]
    edge_index = torch.cat([first, second], dim=1)
    options = {
        "num_sampled_nodes_per_hop": [2, 3, len(x) - 5],
        "num_sampled_edges_per_hop": [first.size(1), second.size(1)],
    }
    expected = untouched(x, edge_index, **options)
    assert_same(accelerated(x, edge_index, **options), expected)


def test_float32_within_rounding():
    torch.set_default_dtype(torch.float32)
    x, edge_index = torch.randn(500, 16), torch.randint(500, (2, 5000))
    for make in (GCN, GraphSAGE, GIN):
        untouched, accelerated = twins(lambda make=make: make(16, 32, 2, 8))
        difference = (accelerated(x, edge_index) - untouched(x, edge_index)).abs().max()
        assert difference <= 1e-5


# What is left to PyG


class Shouting(GCNConv):
    """A user's layer that computes something else."""

    def message(self, x_j, edge_weight):
        return 2 * super().message(x_j, edge_weight)


LEFT_ALONE = {
    "GATConv": (lambda: GATConv(F, 2), "no fast form"),
    "Shouting": (lambda: Shouting(F, 2), "subclass of GCNConv"),
    "SAGEConv": (lambda: SAGEConv(F, 2, aggr="median"), "aggr='median'"),
    "GCNConv": (lambda: GCNConv(F, 2, aggr="mean"), "aggr='mean'"),
    "GraphConv": (lambda: GraphConv(F, 2, flow="target_to_source"), "flow='target_to_source'"),
    "TAGConv": (lambda: TAGConv(F, 2, decomposed_layers=3), "decomposed_layers=3"),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_is_left_alone_is_named(name):
    make, reason = LEFT_ALONE[name]
    model = nn.ModuleDict({"first": LGConv(), "second": make()})
    known = type(model["second"])
    with pytest.warns(UserWarning, match="left as they are") as caught:
        accelerate(model)
    assert len(caught) == 1
    assert f"second ({name}): " in str(caught[0].message)
    assert reason in str(caught[0].message)
    assert "first" not in str(caught[0].message)
    assert "nothing to accelerate" not in str(caught[0].message)
    assert type(model["second"]) is known
    assert isinstance(model["first"], FastLayer)
    x, edge_index, _ = graph()
    assert model["second"](x, edge_index).shape == (len(x), 2)


def test_a_replaced_forward_is_left_alone():
    layer = LGConv()
    layer.forward = lambda x, edge_index: x
    with pytest.warns(UserWarning, match="model .LGConv.: its forward was replaced"):
        accelerate(layer)
    assert type(layer) is LGConv


@pytest.mark.parametrize("make", [lambda: nn.Linear(2, 2), lambda: GATConv(2, 2)])
def test_nothing_to_accelerate_is_said(make):
    with pytest.warns(UserWarning, match="nothing to accelerate") as caught:
        accelerate(make())
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_twice_is_harmless():
    x, edge_index, _ = graph()
    untouched, accelerated = twins(make_sequential)
    classes = [type(module) for module in accelerated.modules()]
    accelerate(accelerated)
    assert [type(module) for module in accelerated.modules()] == classes
    assert_same(accelerated(x, edge_index), untouched(x, edge_index))


def test_only_modules():
    with pytest.raises(DtypeError, match="not a model"):
        accelerate([GCNConv(2, 2)])


@pytest.mark.parametrize("known", [known for known in LAYERS if known is not GatedGraphConv])
def test_a_batch_of_features_is_left_to_pyg(known):
    x, edge_index, _ = graph()
    untouched, accelerated = twins(LAYERS[known])
    x = torch.stack([x, 2 * x])  # [2, N, F]
    assert_same(accelerated(x, edge_index), untouched(x, edge_index))


@pytest.mark.parametrize("known", [SAGEConv, GINConv, GraphConv])
def test_two_sets_of_nodes_are_left_to_pyg(known):
    x, edge_index, _ = graph()
    untouched, accelerated = twins(LAYERS[known])
    pair, edges = (x, x[:5]), edge_index[:, edge_index[1] < 5]
    expected = untouched(pair, edges, size=(len(x), 5))
    assert_same(accelerated(pair, edges, size=(len(x), 5)), expected)
    assert_same(accelerated(pair, edges), expected)
    square = untouched(x, edge_index, size=(len(x), len(x)))
    assert_same(accelerated(x, edge_index, size=(len(x), len(x))), square)
    with pytest.raises(ValueError, match="expected size 99"):
        accelerated(x, edge_index, size=(99, 99))


@pytest.mark.parametrize("known", LAYERS)
def test_hooks_on_messages_are_called(known):
    x, edge_index, _ = graph()
    seen = []
    expected = None
    for layer in twins(LAYERS[known]):
        layer.register_message_forward_hook(lambda *_: seen.append(len(seen)))
        calls = len(seen)
        expected = layer(x, edge_index) if expected is None else expected
        assert_same(layer(x, edge_index), expected)
        assert len(seen) > calls


def test_a_replaced_message_is_sent():
    x, edge_index, _ = graph()
    untouched, accelerated = twins(LAYERS[GraphConv])
    for layer in (untouched, accelerated):
        layer.message = lambda x_j, edge_weight: x_j.exp()
    assert_same(accelerated(x, edge_index), untouched(x, edge_index))


@pytest.mark.parametrize("known", [known for known in LAYERS if known is not ChebConv])
def test_an_edge_mask_of_an_explainer_is_obeyed(known):
    x, edge_index, _ = graph()
    untouched, accelerated = twins(LAYERS[known])
    accelerated = copy.deepcopy(accelerated)
    mask, loops = torch.randn(edge_index.size(1)), edge_index[0] != edge_index[1]
    plain = accelerated(x, edge_index)
    for layer in (untouched, accelerated):
        layer.explain, layer._edge_mask, layer._loop_mask = True, mask, loops
    masked = untouched(x, edge_index)
    assert (masked - plain).abs().max() > 1e-3
    assert_same(accelerated(x, edge_index), masked)
    accelerated.explain = False
    assert_same(accelerated(x, edge_index), plain)


def test_explainer_gives_the_same_explanation():
    x, edge_index, _ = graph()
    masks = []
    for model in twins(lambda: GCN(F, 8, 2, 2)):
        torch.manual_seed(0)
        explainer = Explainer(
            model,
            GNNExplainer(epochs=5),
            explanation_type="model",
            edge_mask_type="object",
            model_config={"mode": "regression", "task_level": "node", "return_type": "raw"},
        )
        masks.append(explainer(x, edge_index).edge_mask)
    assert_same(masks[1], masks[0])
    assert masks[0].max() > 0


@pytest.mark.parametrize("name", ["GCN", "GraphSAGE"])
def test_torch_compile_traces_pygs_own_code(name):
    x, edge_index, _ = graph()
    untouched, accelerated = twins(lambda: MODELS[name]().eval())
    expected = untouched(x, edge_index)
    compiled = torch.compile(accelerated, backend="eager", fullgraph=True)
    assert_same(compiled(x, edge_index), expected)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_a_trace_holds_for_other_graphs():
    x, edge_index, _ = graph()
    untouched, accelerated = twins(LAYERS[SAGEConv])
    traced, edge_index = torch.jit.trace(accelerated, (x, edge_index)), edge_index.roll(1, 1)[:, 3:]
    assert_same(traced(x, edge_index), untouched(x, edge_index))


@pytest.mark.parametrize("known", LAYERS)
def test_autocast_is_left_to_pyg(known):
    torch.set_default_dtype(torch.float32)
    x, edge_index, _ = graph()
    untouched, accelerated = twins(LAYERS[known])
    with torch.autocast("cpu", torch.bfloat16):
        result, expected = accelerated(x, edge_index), untouched(x, edge_index)
    assert result.dtype == expected.dtype
    assert torch.equal(result, expected)


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")
@pytest.mark.parametrize("known", LAYERS)
def test_maps_over_features(known):
    x, edge_index, _ = graph()
    untouched, accelerated = twins(LAYERS[known])
    xs = torch.stack([x, x.flip(0), 2 * x])
    mapped = torch.func.vmap(accelerated, in_dims=(0, None))(xs, edge_index)
    assert_same(mapped, torch.stack([untouched(x, edge_index) for x in xs]))


def test_hooks_on_the_linear_map_see_what_pyg_shows_them():
    x, edge_index, _ = graph()
    seen = []
    for layer in twins(lambda: GCNConv(F, 7)):
        layer.lin.register_forward_hook(lambda module, inputs, out: seen.append(out))
        layer(x, edge_index)
    assert_same(seen[1:], seen[:1])


def test_weights_of_another_type_or_shape_are_left_to_pyg():
    x, edge_index, edge_weight = graph()
    untouched, accelerated = twins(lambda: GraphConv(F, 2))
    column = edge_weight.unsqueeze(1)
    assert_same(accelerated(x, edge_index, column), untouched(x, edge_index, column))
    whole = (10 * edge_weight).long()
    assert_same(accelerated(x, edge_index, whole), untouched(x, edge_index, whole))


# What is wrong with the input


def test_errors_name_the_place():
    x, edge_index, edge_weight = graph()
    edge_index[0, 3] = 99
    for make in (lambda: GCNConv(F, 2), lambda: SAGEConv(F, 2), lambda: ChebConv(F, 2, K=2)):
        with pytest.raises(InputError, match=r"edge_index\[:, 3\]"):
            accelerate(make())(x, edge_index)
    x, edge_index, edge_weight = graph()
    edge_weight[2] = float("nan")
    for make in (lambda: GCNConv(F, 2), lambda: GraphConv(F, 2), lambda: APPNP(2, 0.1)):
        with pytest.raises(NonFiniteError, match=r"edge_weight\[2\]"):
            accelerate(make())(x, edge_index, edge_weight)


def test_a_negative_degree_is_an_error_where_pyg_gives_nan():
    x, edge_index = torch.ones(3, F), torch.tensor([[0, 1], [1, 2]])
    edge_weight = torch.tensor([1.0, -3.0])
    untouched, accelerated = twins(lambda: GCNConv(F, 2))
    assert untouched(x, edge_index, edge_weight).isnan().any()
    with pytest.raises(NonFiniteError, match="edge 1 -> 2"):
        accelerated(x, edge_index, edge_weight)


def test_adjacencies_that_do_not_fit():
    x, edge_index, edge_weight = graph()
    gcn, sage = accelerate(GCNConv(F, 2)), accelerate(SAGEConv(F, 2))
    with pytest.raises(ShapeError, match="9 nodes"):
        gcn(x, Adjacency.from_edge_index(edge_index, 10))
    with pytest.raises(InputError, match="without weights"):
        sage(x, Adjacency.from_edge_index(edge_index, len(x), edge_weight))
    with pytest.raises(InputError, match="padded batch"):
        gcn(torch.ones(2, 4, F), Adjacency.from_dense(torch.ones(2, 4, 4)))
