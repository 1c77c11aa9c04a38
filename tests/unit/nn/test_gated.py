"""GatedGraphConv against node-by-node computation."""

import pytest
import torch

from gnnlab.errors import DtypeError, InputError, NonFiniteError, ShapeError
from gnnlab.nn import CELLS, GatedGraphConv, GRUCell, make_cell, reference

pytestmark = pytest.mark.usefixtures("float64")

EDGES = torch.tensor([[0, 1, 2, 2, 4, 4, 0], [1, 2, 0, 2, 3, 3, 1]])  # a cycle, a loop, duplicates
TYPES = torch.tensor([0, 1, 2, 0, 1, 1, 2])


@pytest.mark.parametrize("num_edge_types", [1, 3])
@pytest.mark.parametrize("name", CELLS)
def test_equals_the_slow_twin(name, num_edge_types):
    conv = GatedGraphConv(make_cell(name, 5, 4), steps=3, num_edge_types=num_edge_types)
    types = TYPES if num_edge_types > 1 else torch.zeros_like(TYPES)
    x = torch.randn(6, 2, requires_grad=True)
    y = x.detach().clone().requires_grad_()
    out = conv(x, EDGES, types)
    expected = reference.gated_graph(conv.cell, y, EDGES, types, conv.weight, steps=3)
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-12)
    weights = torch.randn_like(out)
    parameters = [p for p in conv.parameters() if p.requires_grad]
    mine = torch.autograd.grad((out * weights).sum(), [x, *parameters], allow_unused=True)
    theirs = torch.autograd.grad((expected * weights).sum(), [y, *parameters], allow_unused=True)
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)
    if num_edge_types == 1:
        torch.testing.assert_close(conv(x, EDGES), out, rtol=0, atol=0)


def test_nodes_can_be_renamed_and_batched():
    conv = GatedGraphConv(GRUCell(4, 4), steps=2)
    x, place = torch.randn(5, 3), torch.randperm(5)
    out = conv(x, EDGES)
    renamed = conv(torch.empty_like(x).index_copy(0, place, x), place[EDGES])
    torch.testing.assert_close(renamed[place], out, rtol=0, atol=1e-14)
    twice = conv(torch.cat([x, x]), torch.cat([EDGES, EDGES + 5], dim=1))
    torch.testing.assert_close(twice, torch.cat([out, out]), rtol=0, atol=1e-14)
    none = torch.empty(2, 0, dtype=torch.int64)
    assert conv(x[:0], none).shape == (0, 4)
    torch.testing.assert_close(conv(x[:1], none)[0], conv(x, none)[0], rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", CELLS)
def test_gradients(name):
    conv = GatedGraphConv(make_cell(name, 2, 3), steps=2, num_edge_types=3)
    x = torch.randn(5, 2, requires_grad=True)
    names, weights = zip(*conv.named_parameters(), strict=True)

    def run(x, *weights):
        given = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(conv, given, (x, EDGES, TYPES))

    assert torch.autograd.gradcheck(run, (x, *weights))


def test_the_steps_share_their_weights():
    short, long = (GatedGraphConv(GRUCell(4, 4), steps=k) for k in (1, 7))
    assert sum(p.numel() for p in short.parameters()) == sum(p.numel() for p in long.parameters())


@pytest.mark.parametrize(
    ("x", "types", "error", "message"),
    [
        (torch.zeros(5, 4), None, InputError, "several edge types"),
        (torch.zeros(5, 5), TYPES, ShapeError, "not be wider"),
        (torch.zeros(5, 4), TYPES[1:], ShapeError, "each of the 7 edges"),
        (torch.zeros(5, 4), TYPES.double(), DtypeError, "whole numbers"),
        (torch.zeros(5, 4), TYPES + 1, InputError, r"edge_type\[2\]; found: 3"),
        (torch.zeros(4, 4), TYPES, InputError, "leaves the graph"),
        (torch.full((5, 4), torch.inf), TYPES, NonFiniteError, r"x\[0, 0\]; found: inf"),
    ],
)
def test_what_the_layer_refuses(x, types, error, message):
    conv = GatedGraphConv(GRUCell(4, 4), steps=1, num_edge_types=3)
    with pytest.raises(error, match=message):
        conv(x.double(), EDGES, types)


def test_sizes_are_checked():
    with pytest.raises(InputError, match="steps"):
        GatedGraphConv(GRUCell(4, 4), steps=0)
    with pytest.raises(InputError, match="num_edge_types"):
        GatedGraphConv(GRUCell(4, 4), steps=1, num_edge_types=0)
