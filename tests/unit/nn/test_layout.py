from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnlab.errors import DtypeError, InputError, MemoryLimitError
from gnnlab.nn import layout as layout_module
from gnnlab.nn.adjacency import Adjacency
from gnnlab.nn.aggregate import aggregate
from gnnlab.nn.calibrate import Machine
from gnnlab.nn.layout import LayoutChoice, choose_layout, crossover_density, seconds

MACHINE = Machine(4e10, 1e11, gather_rate=2e11, latency=1.5e-5, memory=2**50)


def choose(*sizes, **options):
    return choose_layout(*sizes, **({"machine": MACHINE} | options))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((300, 200, 8), "coo"),  # next to nothing to add: the least calls win
        ((100_000, 1_000_000, 64), "csr"),
        ((200, 40_000, 64), "dense"),
    ],
)
def test_every_layout_has_its_graphs(sizes, expected):
    choice = choose(*sizes)
    assert choice.layout == expected
    assert choice.layout == min(choice.times, key=choice.times.get)


@pytest.mark.parametrize(("max_nodes", "expected"), [(16, "padded"), (100, "csr")])
def test_batches_of_graphs_of_like_size_are_padded(max_nodes, expected):
    choice = choose(16 * 16, 16 * 16 * 16, 16, num_graphs=16, max_nodes=max_nodes)
    assert choice.layout == expected
    assert set(choice.times) == {"coo", "csr", "padded"}


def test_graphs_of_a_batch_are_of_the_same_size_if_nothing_else_is_said():
    assert choose(60, 99, 8, num_graphs=4) == choose(60, 99, 8, num_graphs=4, max_nodes=15)


@settings(max_examples=50, deadline=None)
@given(
    num_nodes=st.integers(1, 3000),
    num_features=st.integers(1, 300),
    densities=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    learned_weights=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
)
def test_more_edges_never_turn_the_choice_away_from_dense(
    num_nodes, num_features, densities, learned_weights, dtype
):
    sparser, denser = (
        choose(
            num_nodes,
            round(density * num_nodes**2),
            num_features,
            learned_weights=learned_weights,
            dtype=dtype,
        )
        for density in sorted(densities)
    )
    assert sparser.times["dense"] == denser.times["dense"]
    assert sparser.times["csr"] <= denser.times["csr"]
    assert denser.layout == "dense" or sparser.layout != "dense"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("learned_weights", [False, True])
@pytest.mark.parametrize("num_graphs", [1, 50])
@pytest.mark.parametrize("num_features", [16, 256])
def test_both_layouts_cost_the_same_at_the_crossover(
    num_features, num_graphs, learned_weights, dtype
):
    options = {"num_graphs": num_graphs, "learned_weights": learned_weights, "dtype": dtype}
    num_nodes = 3000 * num_graphs
    density = crossover_density(num_nodes, num_features, machine=MACHINE, **options)
    choice = choose(num_nodes, round(density * num_graphs * 3000**2), num_features, **options)
    assert 0 < density < 5
    dense = "dense" if num_graphs == 1 else "padded"
    assert choice.times["csr"] == pytest.approx(choice.times[dense], rel=1e-5)
    assert choice.density == pytest.approx(density, rel=1e-5)
    assert choice.crossover == density


def test_far_from_overheads_the_crossover_is_the_ratio_of_both_rates():
    machine = Machine(1e18, 1e11, gather_rate=1e11, latency=0.0)
    wide, nodes = 10_000, 20
    assert crossover_density(nodes, wide, machine=machine) == pytest.approx(0.5, rel=0.2)
    faster = dataclasses.replace(machine, flop_rate=4e11)
    quarter = crossover_density(nodes, wide, machine=machine) / 4
    assert crossover_density(nodes, wide, machine=faster) == pytest.approx(quarter, rel=0.1)


def test_small_graphs_are_dense_even_without_edges():
    assert crossover_density(8, 16, machine=MACHINE) == 0


def test_what_does_not_fit_is_refused_with_both_amounts():
    small = dataclasses.replace(MACHINE, memory=2**20)
    choice = choose(1000, 10_000, 16, machine=small)
    assert choice.layout == "csr"
    assert "needs 3.8 MiB, more than half of the free 1.0 MiB" in choice.refused["dense"]
    assert set(choice.refused) == {"coo", "dense"}
    assert set(choice.times) == {"csr"}
    with pytest.raises(MemoryLimitError, match="num_edges; found: 10000"):
        choose(1000, 10_000, 16, machine=dataclasses.replace(MACHINE, memory=2**16))


def test_gradients_of_a_dense_matrix_need_as_much_again():
    machine = dataclasses.replace(MACHINE, memory=2 * 4 * 1000**2)
    assert "dense" in choose(1000, 100, 4, machine=machine).times
    assert "dense" in choose(1000, 100, 4, machine=machine, learned_weights=True).refused


def test_memory_that_is_not_given_is_asked_for(monkeypatch):
    monkeypatch.setattr(layout_module, "available_memory", lambda device: {"cpu": 2**20}[device])
    machine = dataclasses.replace(MACHINE, memory=None)
    assert "dense" in choose(1000, 100, 4, machine=machine).refused


def test_compiled_transforms_rule_compressed_rows_out():
    sizes = (10_000, 100_000, 64)
    assert "csr" in choose(*sizes, compiling=True).times
    assert "csr" in choose(*sizes, transforms=True).times
    choice = choose(*sizes, compiling=True, transforms=True)
    assert choice.layout != "csr"
    assert "torch.func" in choice.refused["csr"]


@pytest.mark.filterwarnings("ignore")
def test_the_refusal_of_compiled_transforms_is_still_true():
    adjacency = Adjacency.from_edge_index(torch.tensor([[0, 1], [1, 2]]), 3)
    adjacency.csr().transposed()

    def gradient(x):
        return torch.func.grad(lambda x: aggregate(adjacency, x).sum())(x)

    torch.compiler.reset()
    compiled = torch.compile(gradient, fullgraph=True, backend="aot_eager")
    with pytest.raises(RuntimeError, match="gnnlab"):
        compiled(torch.ones(3, 2))


def test_learned_weights_cost_more_and_most_in_compressed_rows():
    sizes = (2000, 100_000, 64)
    fixed, learned = choose(*sizes).times, choose(*sizes, learned_weights=True).times
    growth = {layout: learned[layout] / fixed[layout] for layout in fixed}
    assert min(growth.values()) > 1.2
    assert max(growth, key=growth.get) == "csr"
    compiled = choose(*sizes, learned_weights=True, compiling=True).times
    assert compiled["csr"] == pytest.approx(compiled["coo"])


def test_preparation_counts_for_graphs_that_are_used_once():
    sizes = (2000, 4000, 16)
    assert choose(*sizes).layout == "csr"
    assert choose(*sizes, num_calls=1).layout == "coo"
    often = choose(*sizes, num_calls=10**9).times
    assert often == pytest.approx(choose(*sizes).times, rel=1e-4)


def test_half_precision_moves_half_as_much():
    single, half = (choose(10**5, 10**6, 256, dtype=d) for d in (torch.float32, torch.bfloat16))
    assert half.gathered == single.gathered / 2
    assert half.times["csr"] < single.times["csr"]


def test_says_why_with_the_numbers():
    choice = choose(5000, 50_000, 64)
    text = choice.explain()
    assert text.startswith(f"csr is predicted to take {seconds(choice.times['csr'])}")
    for layout in ("coo", "dense"):
        assert f"{seconds(choice.times[layout])} in {layout}" in text
    assert "density is 0.002" in text
    assert f"at {choice.crossover:.3g}" in text
    assert "gathers 12.2 MiB at up to 200 GB/s" in text
    assert "3.2 Gflop at up to 100 Gflop/s" in text
    small = dataclasses.replace(MACHINE, memory=2**25)
    refused = choose(5000, 50_000, 64, machine=small)
    assert f" dense is out: {refused.refused['dense']}." in refused.explain()


def test_reads_the_sizes_off_an_adjacency():
    edge_index = torch.tensor([[0, 1, 2], [1, 2, 2]])
    single = LayoutChoice.of(Adjacency.from_edge_index(edge_index, 5), 7, machine=MACHINE)
    assert single == choose(5, 3, 7)
    weight = torch.rand(3, requires_grad=True)
    learned = Adjacency.from_edge_index(edge_index, 5, weight)
    assert LayoutChoice.of(learned, 7, machine=MACHINE) == choose(5, 3, 7, learned_weights=True)
    batch = LayoutChoice.of(Adjacency.from_dense(torch.ones(3, 4, 4)), 7, machine=MACHINE)
    assert batch == choose(12, 48, 7, num_graphs=3)


def test_measures_the_machine_if_none_is_given():
    choice = choose_layout(100, 200, 4)
    assert choice.machine.bandwidth > 0
    assert choice.layout in choice.times


def test_nothing_to_do_is_no_error():
    assert choose(0, 0, 4).density == 0
    assert choose(4, 0, 4).times["csr"] > 0


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ({"num_nodes": -1}, "num_nodes"),
        ({"num_edges": -5}, "num_edges"),
        ({"num_features": 0}, "num_features"),
        ({"num_edges": 2.5}, "num_edges"),
        ({"num_nodes": "ten"}, "num_nodes"),
        ({"num_nodes": 0}, "num_edges"),
        ({"num_graphs": 0}, "num_graphs"),
        ({"num_graphs": 5, "max_nodes": 1}, "max_nodes"),
        ({"max_nodes": 11}, "max_nodes"),
        ({"num_calls": 0}, "num_calls"),
    ],
)
def test_bad_sizes_are_named(arguments, where):
    sizes = {"num_nodes": 10, "num_edges": 20, "num_features": 4} | arguments
    with pytest.raises(InputError, match=f"at: {where}; found: "):
        choose_layout(**sizes, machine=MACHINE)


def test_bad_types_are_refused():
    with pytest.raises(DtypeError, match=r"torch\.int64"):
        choose(10, 20, 4, dtype=torch.int64)
