"""The formulas of the roofline, counted by hand for 4 nodes, 6 entries and 2 features."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gnnlab.bench import roofline
from gnnlab.bench.contenders import CONTENDERS
from gnnlab.bench.roofline import Cost, Shape

SHAPE = Shape(4, 6, 2, number_bytes=4, index_bytes=8)
STATES = 4 * 4 * 2  # bNF
MESSAGES = 4 * 6 * 2  # bEF


@pytest.mark.parametrize(
    ("formula", "flop", "traffic"),
    [
        (roofline.dense, 2 * 16 * 2, 4 * 16 + 2 * STATES),
        (roofline.rows, 2 * 6 * 2, 6 * (4 + 8) + 5 * 8 + STATES + STATES),
        (roofline.gather_and_add, 2 * 6 * 2, 4 * MESSAGES + 6 * (4 + 16) + STATES + STATES),
        (roofline.padded, 2 * 16 * 2, 4 * 16 + 2 * STATES),
        (roofline.linear, 2 * 4 * 4, 2 * STATES + 4 * 4),
    ],
)
def test_formula(formula, flop, traffic):
    cost = formula(SHAPE)
    assert (cost.flop, cost.traffic) == (flop, traffic)
    assert cost.memory >= 2 * STATES


def test_few_edges_read_few_states():
    few = Shape(100, 3, 2)
    assert roofline.rows(few).traffic == 3 * 8 + 101 * 4 + 3 * 2 * 4 + 100 * 2 * 4


def test_padding_counts_the_largest_graph_for_all():
    batch = Shape(5, 4, 2, num_graphs=2, most_nodes=3)
    cost = roofline.padded(batch)
    assert (cost.flop, cost.traffic) == (2 * 2 * 9 * 2, 4 * (2 * 9 + 2 * 2 * 3 * 2))


def test_backward_of_a_layer_is_two_products_and_three_maps():
    product, linear = roofline.rows(SHAPE), roofline.linear(SHAPE)
    cost = roofline.layer(product, SHAPE, backward=True)
    assert cost.flop == 2 * product.flop + 3 * linear.flop
    assert roofline.layer(product, SHAPE, backward=False).flop == product.flop + linear.flop


def test_time_is_the_longer_of_moving_and_calculating():
    machine = SimpleNamespace(bandwidth=10.0, flop_rate=100.0)
    assert Cost(flop=50, traffic=20, memory=0).seconds(machine) == 2.0
    assert Cost(flop=500, traffic=20, memory=0).seconds(machine) == 5.0


def test_a_product_alone_costs_twice_with_its_gradient():
    (ours,) = (c for c in CONTENDERS if (c.name, c.operation) == ("gnnlab csr", "product"))
    forward = ours.cost_of(SHAPE, backward=False)
    assert ours.cost_of(SHAPE, backward=True).traffic == 2 * forward.traffic
