"""Figures of gradients and gates: what is drawn where, which tables are refused."""

import numpy as np
import pandas as pd
import pytest

from gnnlab.errors import InputError
from gnnlab.plots import gradients, style

STAGES = ["at initialisation", "after training"]


@pytest.fixture
def drawn(monkeypatch):
    figures = []
    monkeypatch.setattr(style, "save", lambda figure, path: figures.append(figure) or path)
    return figures


@pytest.fixture
def flow():
    rows = [
        {"cell": cell, "stage": stage, "seed": seed, "lag": lag, "norm": 10.0 ** (-lag * slope)}
        for cell, slopes in (("rnn", (1.0, 2.0)), ("lstm", (0.5, 0.5)))
        for stage in STAGES
        for seed, slope in enumerate(slopes)
        for lag in (0, 1, 2)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def gates():
    rows = [
        {"cell": cell, "stage": stage, "gate": gate, "activation": middle, "share": share}
        for cell, names in (("lstm", "ifo"), ("gru", "rz"))
        for stage in STAGES
        for gate in names
        for middle, share in ((0.25, 0.4), (0.75, 0.6))
    ]
    return pd.DataFrame(rows)


def test_gradient_flow_has_a_panel_per_stage_and_a_line_per_cell(flow, drawn):
    gradients.gradient_flow(flow, "a.png", title="Wuthering Heights")
    (figure,) = drawn
    assert [axes.get_title(loc="left") for axes in figure.axes] == STAGES
    assert {axes.get_yscale() for axes in figure.axes} == {"log"}
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["rnn", "lstm"]
    assert figure.get_suptitle() == "Wuthering Heights"


def test_the_line_is_the_geometric_mean_and_the_band_one_deviation_of_the_logarithm(flow, drawn):
    gradients.gradient_flow(flow, "a.png")
    axes = drawn[0].axes[0]
    line = next(line for line in axes.lines if line.get_label() == "rnn")
    assert np.allclose(line.get_ydata(), [1.0, 10**-1.5, 10**-3.0])
    bottom = axes.collections[0].get_paths()[0].vertices[:, 1].min()
    assert np.isclose(bottom, 10 ** -(3.0 + np.std([2, 4], ddof=1)))


def test_a_norm_that_vanished_altogether_is_left_out(flow, drawn):
    flow.loc[flow["lag"] == 2, "norm"] = 0.0
    gradients.gradient_flow(flow, "a.png")
    lines = {line.get_label(): line for line in drawn[0].axes[0].lines}
    assert lines["rnn"].get_xdata().tolist() == [0, 1]


def test_another_norm_can_be_drawn(flow, drawn):
    gradients.gradient_flow(flow.assign(hidden_norm=7.0), "a.png", norm="hidden_norm")
    line = next(line for line in drawn[0].axes[0].lines if line.get_label() == "lstm")
    assert np.allclose(line.get_ydata(), 7.0)


def test_saturation_has_a_row_per_cell_and_a_column_per_gate(gates, drawn):
    gradients.saturation(gates, "a.png")
    shown = [axes for axes in drawn[0].axes if axes.get_visible()]
    titles = [axes.get_title(loc="left") for axes in shown]
    assert titles == [f"lstm: gate {gate}" for gate in "ifo"] + ["gru: gate r", "gru: gate z"]
    # Below the third gate of the first row there is nothing, so it carries the label itself.
    labelled = [axes.get_title(loc="left") for axes in shown if axes.get_xlabel()]
    assert labelled == ["lstm: gate o", "gru: gate r", "gru: gate z"]


def test_saturation_draws_the_mean_share_of_the_runs(gates, drawn):
    other = gates.assign(share=np.where(gates["activation"] < 0.5, 0.2, 0.8))
    gradients.saturation(pd.concat([gates, other]), "a.png")
    values, edges, _ = drawn[0].axes[0].patches[-1].get_data()
    assert np.allclose(values, [0.3, 0.7])
    assert edges.tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("draw", [gradients.gradient_flow, gradients.saturation])
def test_both_write_an_image(draw, flow, gates, tmp_path):
    path = draw(flow if draw is gradients.gradient_flow else gates, tmp_path / "new" / "a.png")
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("draw", [gradients.gradient_flow, gradients.saturation])
@pytest.mark.parametrize(
    ("table", "message"),
    [(pd.DataFrame(), "nothing to draw"), (pd.DataFrame({"cell": ["rnn"]}), "lacks columns")],
)
def test_a_table_without_the_data_is_refused(draw, table, message, tmp_path):
    with pytest.raises(InputError, match=message):
        draw(table, tmp_path / "a.png")
