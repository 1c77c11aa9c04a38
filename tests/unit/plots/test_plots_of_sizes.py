import numpy as np
import pandas as pd
import pytest

from gnnlab.errors import InputError
from gnnlab.plots import sizes, style

ERRORS = pd.DataFrame(
    [
        {"model": model, "size": size, "seed": seed, "rmse": worst / size**0.5 * (1 + seed / 10)}
        for model, worst in (("gnn", 9.0), ("lstm", 12.0))
        for size in (50, 100, 400)
        for seed in (0, 1)
    ]
)
SCORES = pd.DataFrame(
    {
        "model": ["gcn", "gcn", "walks", "walks", "common-neighbors"],
        "mrr": [0.4, 0.6, 0.3, 0.3, 0.2],
        "auc": [0.9, 0.8, 0.7, np.nan, 0.6],
    }
)
MEASURES = {"mrr": "mean reciprocal rank", "auc": "area under the curve"}


@pytest.fixture
def drawn(monkeypatch):
    figures = []
    monkeypatch.setattr(style, "save", lambda figure, path: figures.append(figure) or path)
    return figures


def test_error_by_size_writes_an_image(tmp_path):
    path = sizes.error_by_size(ERRORS, tmp_path / "new folder" / "a.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_error_by_size_has_a_line_per_model_on_logarithmic_axes(drawn, tmp_path):
    sizes.error_by_size(ERRORS, tmp_path / "a.png", label="error (log mol/L)", title="ESOL")
    (axes,) = drawn[0].axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [line.get_label() for line in axes.lines] == ["gnn", "lstm"]
    means = ERRORS[ERRORS["model"] == "gnn"].groupby("size")["rmse"].mean()
    assert np.allclose(axes.lines[0].get_ydata(), means)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["50", "100", "400"]
    assert axes.get_ylabel() == "error (log mol/L)"
    assert drawn[0].get_suptitle() == "ESOL"


def test_scores_by_model_writes_an_image(tmp_path):
    path = sizes.scores_by_model(SCORES, tmp_path / "b.png", measures=MEASURES)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_scores_by_model_has_a_point_with_a_bar_per_model(drawn, tmp_path):
    sizes.scores_by_model(SCORES, tmp_path / "b.png", measures=MEASURES, title="USAir")
    mrr, auc = drawn[0].axes
    names = [text.get_text() for text in mrr.get_yticklabels()]
    assert names == ["gcn", "walks", "common-neighbors"]
    assert mrr.yaxis_inverted()
    points = [container.lines[0].get_data() for container in mrr.containers]
    assert np.allclose([x for x, _ in points], [[0.5], [0.3], [0.2]])
    assert [y[0] for _, y in points] == [0, 1, 2]
    bars = [container.lines[2][0].get_segments()[0][:, 0] for container in mrr.containers]
    assert np.allclose(np.diff(bars, axis=1)[:, 0], [2 * np.std([0.4, 0.6], ddof=1), 0, 0])
    assert np.isclose(auc.containers[1].lines[0].get_xdata()[0], 0.7)  # the gap does not count
    assert (mrr.get_xlabel(), auc.get_xlabel()) == tuple(MEASURES.values())


@pytest.mark.parametrize(
    ("draw", "table"),
    [
        (sizes.error_by_size, ERRORS.drop(columns="size")),
        (sizes.error_by_size, ERRORS[:0]),
        (lambda t, p: sizes.scores_by_model(t, p, measures=MEASURES), SCORES.drop(columns="auc")),
        (lambda t, p: sizes.scores_by_model(t, p, measures=MEASURES), SCORES[:0]),
    ],
)
def test_tables_without_rows_or_columns_are_refused(draw, table, tmp_path):
    with pytest.raises(InputError, match="table"):
        draw(table, tmp_path / "c.png")
