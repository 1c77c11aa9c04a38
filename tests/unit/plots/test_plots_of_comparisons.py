"""Figures of recurrent against graph networks: what is drawn where, which tables are refused."""

import numpy as np
import pandas as pd
import pytest

from gnnlab.errors import InputError
from gnnlab.plots import comparisons, style

KINDS = ["nothing", "nodes", "tokens"]


@pytest.fixture
def drawn(monkeypatch):
    figures = []
    monkeypatch.setattr(style, "save", lambda figure, path: figures.append(figure) or path)
    return figures


@pytest.fixture
def lengths():
    rows = [
        {"model": model, "length": length, "depth": depth, "seed": seed}
        | {"accuracy": 0.5 + 0.1 * seed, "best": 1.0 if depth >= length - 1 else 0.5}
        for length in (10, 5)
        for model, depths in (("lstm", [length - 1]), ("gcn", [length - 2, length - 1]))
        for depth in depths
        for seed in range(3)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def order():
    rows = [
        {"task": task, "model": model, "permuted": kind, "accuracy": 0.9, "deviation": change}
        for task in ("palindrome", "combinations")
        for model in ("lstm", "lstm, by rows")
        for kind, change in zip(KINDS, (0.0, 1e-6, 3.0), strict=True)
    ]
    return pd.DataFrame(rows)


def test_accuracy_by_length_has_a_panel_per_length_in_order(lengths, drawn):
    comparisons.accuracy_by_length(lengths, "a.png", title="Marathon")
    (figure,) = drawn
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["5 steps", "10 steps"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["lstm", "gcn"]
    assert figure.get_suptitle() == "Marathon"


def test_accuracy_by_length_marks_the_depth_from_which_the_first_step_is_seen(lengths, drawn):
    comparisons.accuracy_by_length(lengths, "a.png")
    for axes, length in zip(drawn[0].axes, (5, 10), strict=True):
        (mark,) = (line for line in axes.lines if line.get_color() == "#999999")
        assert set(mark.get_xdata()) == {length - 1}
        best = next(line for line in axes.lines if line.get_linestyle() == ":")
        assert best.get_xydata().tolist() == [[length - 2, 0.5], [length - 1, 1.0]]


def test_accuracy_by_length_draws_means_with_a_point_each(lengths, drawn):
    comparisons.accuracy_by_length(lengths, "a.png")
    lines = {line.get_label(): line for line in drawn[0].axes[0].lines}
    assert np.allclose(lines["lstm"].get_xydata(), [[4, 0.6]])
    assert np.allclose(lines["gcn"].get_xydata(), [[3, 0.6], [4, 0.6]])
    assert [lines[model].get_marker() for model in ("lstm", "gcn")] == ["o", "s"]


def test_order_sensitivity_has_a_column_per_task_and_a_group_per_network(order, drawn):
    comparisons.order_sensitivity(order, "a.png")
    above, below = np.reshape(drawn[0].axes, (2, 2))
    assert [axes.get_title(loc="left") for axes in above] == ["palindrome", "combinations"]
    assert [axes.get_yscale() for axes in below] == ["log", "log"]
    ticks = [text.get_text() for text in below[0].get_xticklabels()]
    assert ticks == ["lstm", "lstm,\nby rows"]
    assert [text.get_text() for text in drawn[0].legends[0].get_texts()] == KINDS


def test_order_sensitivity_draws_bars_beside_each_other_and_none_for_no_change(order, drawn):
    comparisons.order_sensitivity(order, "a.png")
    bars = [bar for bar in drawn[0].axes[2].patches if np.isfinite(bar.get_height())]
    assert sorted(bar.get_height() for bar in bars) == [1e-6, 1e-6, 3.0, 3.0]
    places = sorted(bar.get_x() for bar in drawn[0].axes[0].patches)
    assert len(places) == 6
    assert min(np.diff(places)) > 0.2


@pytest.mark.parametrize("number", [0, 1])
def test_both_write_an_image(number, lengths, order, tmp_path):
    draw = (comparisons.accuracy_by_length, comparisons.order_sensitivity)[number]
    path = draw((lengths, order)[number], tmp_path / "new" / "a.png")
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("draw", [comparisons.accuracy_by_length, comparisons.order_sensitivity])
@pytest.mark.parametrize(
    ("table", "message"),
    [(pd.DataFrame(), "nothing to draw"), (pd.DataFrame({"model": ["gcn"]}), "lacks columns")],
)
def test_a_table_without_the_data_is_refused(draw, table, message, tmp_path):
    with pytest.raises(InputError, match=message):
        draw(table, tmp_path / "a.png")
