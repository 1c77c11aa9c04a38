"""Figures of what flows where: what is drawn, and which tables are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from gnnlab.analysis.oversmoothing import smoothing
from gnnlab.analysis.oversquashing import squashing
from gnnlab.errors import InputError
from gnnlab.nn import GATConv, GCNConv
from gnnlab.plots import style
from gnnlab.plots.smoothing import smoothing_curves, squashing_scatter

PNG = b"\x89PNG"
RING = torch.stack([torch.arange(12), (torch.arange(12) + 1) % 12])


class Deep(torch.nn.Module):
    def __init__(self, conv, depth):
        super().__init__()
        self.layers = torch.nn.ModuleList(conv(4, 4) for _ in range(depth))

    def forward(self, x, edge_index):
        for layer in self.layers:
            x = layer(x, edge_index).tanh()
        return x


@pytest.fixture
def smoothed():
    tables = [
        smoothing(Deep(conv, 5), torch.randn(12, 4), RING).assign(model=name)
        for name, conv in (("GCN", GCNConv), ("GAT", GATConv))
    ]
    return pd.concat(tables)


@pytest.fixture
def squashed():
    edge_index = torch.cat([RING, RING.flip(0)], dim=1)
    return squashing(Deep(GCNConv, 3), torch.randn(14, 4), edge_index, [0, 12], None)


@pytest.fixture
def drawn(monkeypatch):
    figures = []
    monkeypatch.setattr(style, "save", lambda figure, path: figures.append(figure) or path)
    return figures


def test_figures_are_written(smoothed, squashed, tmp_path):
    for draw, table in ((smoothing_curves, smoothed), (squashing_scatter, squashed)):
        path = draw(table, tmp_path / "new folder" / "a.png", title="Where it goes")
        assert path.read_bytes().startswith(PNG)


def test_every_measure_is_a_panel_with_a_line_per_model(smoothed, drawn):
    smoothing_curves(smoothed, "a.png", title="Smoother and smoother")
    *panels, corner = drawn[0].axes
    assert len(panels) == 5
    for axes in panels:
        assert [line.get_label() for line in axes.lines] == ["GCN", "GAT"]
        assert axes.lines[0].get_xdata().tolist() == [0, 1, 2, 3, 4, 5]
    titles = {axes.get_title(loc="left"): axes for axes in panels}
    line = titles["Dirichlet energy"].lines[1]
    expected = smoothed.loc[smoothed["model"] == "GAT", "dirichlet_energy"]
    np.testing.assert_allclose(line.get_ydata(), expected)
    scales = {title: axes.get_yscale() for title, axes in titles.items()}
    assert scales.pop("effective rank") == "linear"
    assert set(scales.values()) == {"log"}
    assert [text.get_text() for text in corner.get_legend().get_texts()] == ["GCN", "GAT"]
    assert drawn[0].get_suptitle() == "Smoother and smoother"


def test_runs_of_a_model_are_a_mean_with_a_band(smoothed, drawn):
    gcn = smoothed[smoothed["model"] == "GCN"]
    twice = gcn.assign(dirichlet_energy=3 * gcn["dirichlet_energy"])
    smoothing_curves(pd.concat([gcn, twice]), "a.png")
    (line,) = drawn[0].axes[0].lines
    np.testing.assert_allclose(line.get_ydata(), 2 * gcn["dirichlet_energy"])


def test_states_that_are_all_alike_can_be_drawn(smoothed, tmp_path):
    last = smoothed["depth"] == 5
    dead = smoothed.mask(last & (smoothed["model"] == "GCN"), 0).assign(
        model=smoothed["model"], depth=smoothed["depth"]
    )
    dead.loc[last, "mean_average_distance"] = np.nan
    assert smoothing_curves(dead, tmp_path / "a.png").exists()


def test_points_are_the_connected_pairs_and_strokes_have_no_influence(squashed, drawn):
    squashing_scatter(squashed, "a.png")
    axes, bar = drawn[0].axes
    points, strokes = axes.collections
    # From node 0 three layers reach three hops on either side of the ring of 12.
    assert len(points.get_offsets()) == 6
    assert len(strokes.get_offsets()) == 5
    near = squashed[(squashed["source"] == 0) & (squashed["jacobian"] > 0) & (squashed["hops"] > 0)]
    np.testing.assert_allclose(points.get_offsets(), near[["resistance", "jacobian"]])
    assert sorted(points.get_array()) == [1, 1, 2, 2, 3, 3]
    assert sorted(strokes.get_array()) == [4, 4, 5, 5, 6]
    assert axes.get_yscale() == "log"
    assert axes.get_xlim()[1] > squashed["resistance"][lambda values: values < np.inf].max()
    assert bar.get_ylabel() == "hops"
    assert [text.get_text() for text in axes.texts] == ["no influence"]


def test_where_nothing_arrives_there_are_strokes_only(squashed, drawn):
    squashing_scatter(squashed.assign(jacobian=0.0), "a.png")
    points, strokes = drawn[0].axes[0].collections
    assert len(points.get_offsets()) == 0
    assert len(strokes.get_offsets()) == 11


def test_tables_that_cannot_be_drawn_are_refused(smoothed, squashed, tmp_path):
    path = tmp_path / "a.png"
    with pytest.raises(InputError, match="model"):
        smoothing_curves(smoothed.drop(columns="model"), path)
    with pytest.raises(InputError, match="nothing to draw"):
        smoothing_curves(smoothed.iloc[:0], path)
    with pytest.raises(InputError, match="resistance"):
        squashing_scatter(squashed.drop(columns="resistance"), path)
    with pytest.raises(InputError, match="no two nodes are connected"):
        squashing_scatter(squashed[squashed["source"] == 12], path)
    assert not path.exists()
