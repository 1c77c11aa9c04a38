"""Figures: what is drawn where, which files appear, which tables are refused."""

from __future__ import annotations

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from gnnlab import plots
from gnnlab.errors import InputError, ShapeError

MEASURES = {"validation_accuracy": "accuracy on validation", "loss": "loss (nats)"}
PNG = b"\x89PNG"


@pytest.fixture
def metrics():
    rows = [
        {
            "model": model,
            "length": length,
            "seed": seed,
            "iteration": iteration,
            "loss": 3.0 / iteration + seed,
            "validation_accuracy": iteration / 4 if iteration % 2 == 0 else None,
        }
        for model in ("lstm", "bilstm")
        for length in (5, 10)
        for seed in (0, 1, 2)
        for iteration in (1, 2, 3, 4)
    ]
    return pd.DataFrame(rows)


def test_learning_curves_write_an_image(metrics, tmp_path):
    path = plots.learning_curves(
        metrics, tmp_path / "new folder" / "a.png", measures=MEASURES, group="length"
    )
    assert path.read_bytes().startswith(PNG)


def test_learning_curves_have_a_panel_per_measure_and_value(metrics, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(plots.style, "save", lambda figure, path: drawn.append(figure) or path)
    plots.learning_curves(
        metrics, tmp_path / "a.png", measures=MEASURES, group="model", panel="length", title="Race"
    )
    (figure,) = drawn
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["length 5", "length 10", "", ""]
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["accuracy on validation", "", "loss (nats)", ""]
    assert [axes.get_yscale() for axes in figure.axes] == ["linear"] * 2 + ["log"] * 2
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {"lstm", "bilstm"}
    assert figure.get_suptitle() == "Race"


def test_band_is_mean_and_standard_deviation_over_runs(metrics):
    axes = Figure().subplots()
    part = metrics[(metrics["model"] == "lstm") & (metrics["length"] == 5)]
    plots.mean_and_band(axes, part, x="iteration", y="loss", group="length")
    (line,) = axes.lines
    assert line.get_xdata().tolist() == [1, 2, 3, 4]
    assert np.allclose(line.get_ydata(), [4.0, 2.5, 2.0, 1.75])  # seeds add 0, 1 and 2
    top = axes.collections[0].get_paths()[0].vertices[:, 1].max()
    assert np.isclose(top, 5.0)  # the standard deviation of 0, 1, 2 is 1


def test_accuracy_band_stays_between_0_and_1():
    axes = Figure().subplots()
    table = pd.DataFrame({"iteration": 1, "accuracy": [0.0, 1.0, 1.0], "model": "lstm"})
    table = pd.concat([table, table.assign(iteration=2)])
    plots.mean_and_band(axes, table, x="iteration", y="accuracy", group="model")
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.min() >= 0
    assert heights.max() <= 1


def test_iterations_without_a_value_are_left_out(metrics):
    axes = Figure().subplots()
    plots.mean_and_band(axes, metrics, x="iteration", y="validation_accuracy", group="model")
    assert [line.get_xdata().tolist() for line in axes.lines] == [[2, 4], [2, 4]]


def test_groups_keep_their_colour_in_a_panel_that_lacks_one(metrics):
    axes = Figure().subplots()
    part = metrics[metrics["model"] == "bilstm"]
    plots.mean_and_band(
        axes, part, x="iteration", y="loss", group="model", groups=["lstm", "bilstm"]
    )
    assert axes.lines[0].get_color() == plots.PALETTE[1]


def test_numbers_get_shades_in_their_order():
    axes = Figure().subplots()
    table = pd.DataFrame({"iteration": [1, 1, 1], "loss": 1.0, "length": [15, 5, 10]})
    plots.mean_and_band(axes, table, x="iteration", y="loss", group="length")
    shades = {line.get_label(): matplotlib.colors.to_rgb(line.get_color()) for line in axes.lines}
    brightness = [sum(shades[length]) for length in ("5", "10", "15")]
    assert brightness == sorted(brightness)
    assert len(set(shades.values())) == 3


def test_heat_map_writes_every_number(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(plots.style, "save", lambda figure, path: drawn.append(figure) or path)
    values = pd.DataFrame({"palindrome": [0.5, 1.0], "baum-sweet": [0.25, np.nan]}, ["rnn", "gru"])
    plots.heat_map(values, tmp_path / "a.png", label="accuracy")
    texts = [text.get_text() for text in drawn[0].axes[0].texts]
    assert texts == ["0.50", "0.25", "1.00", "–"]


def test_heat_map_writes_an_image(tmp_path):
    values = pd.DataFrame([[0.0, 1.0]], ["lstm"], ["a", "b"])
    assert plots.heat_map(values, tmp_path / "a.png", label="accuracy").read_bytes()[:4] == PNG


@pytest.mark.parametrize("num_gates", [1, 2, 4, 6])
def test_gates_over_time_write_an_image(num_gates, tmp_path):
    gates = {f"gate {i}": np.random.default_rng(i).random((3, 5)) for i in range(num_gates)}
    path = plots.gates_over_time(gates, tmp_path / "a.png", steps="abc", signed=["gate 0"])
    assert path.read_bytes().startswith(PNG)


def test_gates_must_have_a_row_per_step(tmp_path):
    with pytest.raises(ShapeError, match=r"gate.*forget.*\(4, 5\)"):
        plots.gates_over_time({"forget": np.zeros((4, 5))}, tmp_path / "a.png", steps="abc")


def test_graph_row_draws_nodes_and_arrows(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(plots.style, "save", lambda figure, path: drawn.append(figure) or path)
    graphs = {"path": ([(0, 0), (1, 0)], [(0, 1)])}
    plots.graph_row(graphs, tmp_path / "a.png", labels=[["Emma", "Heidi"]])
    texts = [text.get_text() for text in drawn[0].axes[0].texts]
    assert texts == ["", "Emma", "Heidi"]  # an arrow is an annotation without words


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame(), "nothing to draw"),
        (
            pd.DataFrame({"iteration": [1], "loss": [1.0]}),
            r"lacks columns.*length.*iteration, loss",
        ),
    ],
)
def test_table_without_the_data_is_refused(table, message, tmp_path):
    with pytest.raises(InputError, match=message):
        plots.learning_curves(table, tmp_path / "a.png", measures={"loss": "l"}, group="length")
    assert not (tmp_path / "a.png").exists()


@pytest.fixture
def drawn(monkeypatch):
    figures = []
    monkeypatch.setattr(plots.style, "save", lambda figure, path: figures.append(figure) or path)
    return figures


def test_crossover_has_a_measured_and_a_predicted_line_per_width(drawn):
    table = pd.DataFrame(
        {
            "N": [64, 256, 64, 256],
            "F": [16, 16, 64, 64],
            "measured": [0.1, np.nan, 0.2, 0.3],
            "predicted": [0.1, 0.1, 0.2, 0.2],
        }
    )
    plots.crossover(table, "a.png", title="Sparse or dense")
    axes = drawn[0].axes[0]
    assert [len(line.get_xdata()) for line in axes.lines[:4]] == [1, 2, 2, 2]
    assert axes.lines[0].get_color() == axes.lines[1].get_color() != axes.lines[2].get_color()
    labels = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert labels == ["F = 16", "F = 64", "measured", "predicted", "within 1.5 times"]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_memory_growth_says_where_dense_no_longer_fits(drawn):
    table = pd.DataFrame(
        {
            "N": [1000.0, 2000.0, 1000.0, 2000.0],
            "contender": ["dense", "dense", "csr", "csr"],
            "bytes": [2.0**20, 2.0**22, 0.0, 2.0**15],
        }
    )
    plots.memory_growth(table, "a.png", limit=2.0**28, quadratic="dense")
    axes = drawn[0].axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert "dense: no more from N = 16,000" in texts  # 64 times the bytes, 8 times N
    (dotted,) = (line for line in axes.lines if line.get_linestyle() == ":")
    assert dotted.get_xdata().tolist() == [2000.0, 16000.0]
    csr = next(line for line in axes.lines if line.get_label() == "csr")
    assert csr.get_xdata().tolist() == [2000.0]  # nothing was seen to grow at 1000


def test_roofline_bends_where_arithmetic_takes_over(drawn):
    table = pd.DataFrame(
        {"contender": ["a", "b"], "flop": [1e9, 8e9], "traffic [B]": [1e9, 1e9], "seconds": 1.0}
    )
    plots.roofline(table, "a.png", bandwidth=1e10, flop_rate=4e10)
    axes = drawn[0].axes[0]
    intensity, roof = axes.lines[0].get_data()
    assert np.isclose(roof, np.minimum(intensity * 10, 40)).all()
    points = [collection.get_offsets().tolist()[0] for collection in axes.collections]
    assert np.allclose(points, [[1.0, 1.0], [8.0, 8.0]])
    assert "10 GB/s, 40 Gflop/s" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    "draw",
    [
        lambda table, path: plots.crossover(table, path),
        lambda table, path: plots.memory_growth(table, path, limit=1.0, quadratic="dense"),
        lambda table, path: plots.roofline(table, path, bandwidth=1.0, flop_rate=1.0),
        plots.detection_curves,
        lambda table, path: plots.reliability(table, path, error=0.0),
    ],
    ids=["crossover", "memory_growth", "roofline", "detection_curves", "reliability"],
)
def test_table_without_the_columns_is_refused(draw, tmp_path):
    with pytest.raises(InputError, match="lacks columns"):
        draw(pd.DataFrame({"M": [1.0]}), tmp_path / "a.png")


def test_neighborhood_marks_the_two_and_whom_they_share(drawn):
    positions = [(-1.0, 0.0), (1.0, 0.0), (0.0, 0.5), (0.5, -0.5)]
    names = ["Emma", "Mr Elton", "$$$", "Isabella"]
    edges = [(0, 2), (1, 2), (1, 3)]
    plots.neighborhood(names, positions, edges, "a.png", num_shared=1, title="Emma & co.")
    axes = drawn[0].axes[0]
    assert [text.get_text() for text in axes.texts] == names
    assert not any(text.get_parse_math() for text in axes.texts)
    assert [line.get_linestyle() for line in axes.lines] == ["-", "-", "-", "--"]
    ways = [line.get_color() == plots.PALETTE[2] for line in axes.lines[:3]]
    assert ways == [True, True, False]
    (xs, ys) = axes.lines[3].get_data()
    assert (list(xs), list(ys)) == ([-1, 1], [0, 0])


def test_detection_curves_have_a_panel_per_curve(drawn):
    table = pd.DataFrame(
        {
            "curve": ["recall, precision"] * 4 + ["a, b"] * 4,
            "scorer": ["katz", "katz", "jaccard", "jaccard"] * 2,
            "x": [0.0, 1.0] * 4,
            "y": [1.0, 0.5] * 4,
        }
    )
    plots.detection_curves(table, "a.png")
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in drawn[0].axes]
    assert labels == [("recall", "precision"), ("a", "b")]
    assert [len(axes.lines) for axes in drawn[0].axes] == [2, 2]
    assert [text.get_text() for text in drawn[0].legends[0].get_texts()] == ["katz", "jaccard"]


def test_reliability_draws_points_beside_the_diagonal(drawn):
    table = pd.DataFrame({"probability": [0.1, 0.9], "share": [0.2, 0.8], "weight": [0.75, 0.25]})
    plots.reliability(table, "a.png", error=0.1)
    axes = drawn[0].axes[0]
    points = axes.collections[0]
    assert points.get_offsets().tolist() == [[0.1, 0.2], [0.9, 0.8]]
    assert points.get_sizes()[0] > points.get_sizes()[1]
    assert axes.texts[0].get_text() == "expected calibration error 0.100"


def test_rank_histogram_counts_every_rank(drawn):
    ranks = {"katz": np.array([1.0, 1.5, 2.0, 30.0]), "jaccard": np.array([5.0, 99.0])}
    plots.rank_histogram(ranks, "a.png")
    axes = drawn[0].axes[0]
    stairs = [patch.get_data() for patch in axes.patches]
    assert [values.sum() for values, *_ in stairs] == [1, 1]
    values, edges, _ = stairs[0]
    assert edges.tolist() == [1, 2, 5, 10, 20, 50, 100]
    assert values.tolist() == [0.5, 0.25, 0, 0, 0.25, 0]
    assert axes.get_xscale() == "log"


@pytest.mark.parametrize("rank", [1.0, 100.0])
def test_rank_histogram_of_one_rank_writes_an_image(rank, tmp_path):
    path = plots.rank_histogram({"katz": np.array([rank])}, tmp_path / "a.png")
    assert path.read_bytes().startswith(PNG)
