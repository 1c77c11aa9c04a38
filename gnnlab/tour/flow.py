"""Chapter on what flows where: how far, how strongly, and what deep networks forget."""

from __future__ import annotations

from pathlib import Path

import torch

from gnnlab import plots
from gnnlab.analysis import adjacency_matrix, gains, node_jacobian, vanishing
from gnnlab.analysis.compare import compare_sequences
from gnnlab.analysis.runs import EXAMPLE, both_ways, hops_between, smoothing_on
from gnnlab.networks import load_karate_club
from gnnlab.nn import GCNConv, RecurrentConv, RNNCell
from gnnlab.sequences.runs import one_thread
from gnnlab.tour.page import Chapter, Picture, Table, Text
from gnnlab.training import seeded


def what_flows_where(folder: Path, quick: bool) -> Chapter:
    """Routes, Jacobians along them, gradients through time, and what depth does to a graph."""
    with one_thread():
        return Chapter(
            "What flows where",
            [
                *_routes(),
                *_one_jacobian(),
                *_through_time(folder, quick),
                *_depth(folder, quick),
                Text(
                    "`gnnlab analyze hops|gradients|smoothing|compare` does this for networks of "
                    "your own, and compares recurrent and graph networks on sequences, molecules, "
                    "social networks and networks that change."
                ),
            ],
        )


def _routes() -> list[Text | Table]:
    number, routes = hops_between(EXAMPLE, "C", "E")
    ways = " or ".join("-".join(route) for route in routes)
    matrix = adjacency_matrix(both_ways(EXAMPLE), labels=EXAMPLE.names)
    return [
        Text(
            "In every update a node hears of its neighbours only. In the graph of this table, "
            f"which is A + I, it takes {number:.0f} updates until E knows of C: along {ways}. A "
            f"graph network of {number - 1:.0f} layers cannot bring the two together, whatever it "
            "has learned."
        ),
        Table(
            matrix.rename_axis("from").reset_index(),
            "A column says whom a node listens to; the ones on the diagonal are the node itself.",
        ),
    ]


def _one_jacobian() -> list[Text]:
    steps = torch.arange(5)
    path = torch.stack([steps[:-1], steps[1:]])
    with seeded(0):
        layer = RecurrentConv(RNNCell(3, 4)).double()
        x = torch.randn(5, 3, dtype=torch.float64)
        deep = GCNConv(3, 4).double()
    recurrent = node_jacobian(layer, x, path, sources=0, targets=4).item()
    shallow = node_jacobian(deep, x, path, sources=0, targets=4).item()
    return [
        Text(
            "How strongly does one node depend on another? `node_jacobian` measures the norm of "
            "∂h/∂x between any two nodes, in any layer, ours or PyG's. On a path graph that is "
            "back-propagation through time, exactly: the product of the Jacobians of all steps. "
            f"From the first to the fifth node of a path it is {recurrent:.3f} for a recurrent "
            f"layer, which runs along the path, and {shallow:.0f} for a graph convolution, which "
            "takes one step."
        )
    ]


def _through_time(folder: Path, quick: bool) -> list[Text | Picture]:
    cells = ("rnn", "lstm", "mingru") if quick else ("rnn", "lstm", "gru", "peephole", "mingru")
    length, seeds = (8, 1) if quick else (15, 2)
    learned = vanishing(cells, length, seeds, iterations=200 if quick else 600)
    return [
        Text(
            "That product grows or shrinks with the distance. A plain cell whose recurrent matrix "
            "has a spectral radius below 1 forgets for certain; above 1 it can explode. Gated "
            "cells carry their memory past the matrix. After training to remember the first of "
            f"{length + 1} digits, the gradient of a cell that has learned it reaches back to the "
            "beginning."
        ),
        Picture(
            plots.gradient_flow(gains(length=length, seeds=seeds), folder / "gains.png"),
            "Plain cells with recurrent matrices of three spectral radii, at initialisation.",
        ),
        Picture(
            plots.gradient_flow(learned, folder / "gradients.png"),
            "Five cells, or three in a quick tour, before and after training: how much of the last "
            "state is owed to the state k steps before.",
        ),
    ]


def _depth(folder: Path, quick: bool) -> list[Text | Table | Picture]:
    smoothing_on(load_karate_club(), depth=16, quick=quick, out=folder)
    depth = 5 if quick else 10
    table = compare_sequences(
        (depth,), seeds=1, iterations=100 if quick else 400, models=("lstm", "gcn", "gated")
    )
    shown = table[["model", "depth", "receptive", "accuracy"]]
    shown = shown.assign(receptive=shown["receptive"].map({True: "yes", False: "no"}))
    return [
        Text(
            "More layers see farther, but each one mixes neighbours: the states of a deep graph "
            "network grow alike. Zachary's karate club, random states, random weights: the "
            "effective rank says how many directions the states still span. A GRU as node update "
            "keeps them apart longer."
        ),
        Picture(folder / "smoothing.png", "Five measures of over-smoothing against depth."),
        Text(
            f"Does it matter? A sequence of {depth} digits, a palindrome with its last digit "
            "missing, is a path graph; only the first digit tells the answer. A recurrent network "
            "carries it along in one pass. A synchronous graph network needs a layer for every "
            "step, and with just enough layers what arrives may be too little to learn from."
        ),
        Table(
            shown,
            "Networks of equal size; depth is the number of updates, receptive whether the first "
            "step is within reach of the last. 0.5 is guessing.",
        ),
    ]
