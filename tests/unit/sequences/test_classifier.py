from __future__ import annotations

import copy
import pickle
import signal

import numpy as np
import pytest
import torch

from gnnlab import data, training
from gnnlab.errors import (
    DtypeError,
    FileFormatError,
    InputError,
    NonFiniteError,
    NotFittedError,
    ShapeError,
    TrainingError,
    UnknownNameError,
)
from gnnlab.sequences import (
    CELL_NAMES,
    BaumSweet,
    RandomCombinations,
    SequenceClassifier,
    matched_hidden_size,
)
from gnnlab.sequences import classifier as module

TASK = RandomCombinations(4)
NAMES = ["bilbo", "frodo", "samwise", "gimli", "gloin", "thorin"]
KINDS = ["hobbit", "hobbit", "hobbit", "dwarf", "dwarf", "dwarf"]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make(**options):
    options = {"hidden_size": 8, "embedding_size": 4, "iterations": 3, "batch_size": 16} | options
    return SequenceClassifier(accelerator="cpu", **options)


@pytest.fixture(scope="module")
def fitted():
    return make(iterations=40, learning_rate=0.02).fit(NAMES, KINDS)


def features(num_sequences=6):
    generator = np.random.default_rng(0)
    return [generator.normal(size=(3 + row % 2, 2)) for row in range(num_sequences)]


def test_learns_names(fitted):
    assert fitted.predict(NAMES).tolist() == KINDS
    assert fitted.score(NAMES, KINDS) == 1.0
    assert fitted.score(NAMES, KINDS[::-1]) == 0.0
    assert fitted.classes_.tolist() == ["dwarf", "hobbit"]
    assert len(fitted.history_.rows) == 40
    assert fitted.num_parameters_ == fitted.model_.num_parameters()


def test_learns_a_task():
    classifier = make(hidden_size=32, iterations=250, learning_rate=0.01, stop_at=1.0).fit(TASK)
    assert classifier.score(TASK) > 0.99
    reached = classifier.history_.iterations_to(1.0)
    assert reached == len(classifier.history_.rows) < 250
    assert classifier.classes_.tolist() == [0, 1, 2, 3]
    assert {"iteration", "loss", "accuracy", "gradient_norm", "validation_accuracy"} == set(
        classifier.history_.frame().columns
    )


@pytest.mark.parametrize("cell", CELL_NAMES)
@pytest.mark.parametrize("task", [TASK, BaumSweet(1)], ids=str)
def test_every_cell_fits_every_kind_of_task(cell, task):
    classifier = make(cell=cell).fit(task)
    sequences, _ = task.sample(5, np.random.default_rng(0))
    probabilities = classifier.predict_proba(sequences)
    assert probabilities.shape == (5, task.num_classes)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert 0 <= classifier.score(task, num_samples=50) <= 1


@pytest.mark.parametrize(
    ("X", "y", "inputs", "in_channels"),
    [
        (NAMES, KINDS, "embedding", 16),
        ([list(name) for name in NAMES], KINDS, "embedding", 16),
        ([["there", "and"], ["back", "again"]], [True, False], "embedding", 4),
        ([[0, 4], [2]], [("Frodo", 1), ("Sam", 2)], "embedding", 5),
        (np.array([[0, 4], [2, 1]]), np.array([7, 9]), "embedding", 5),
        (torch.tensor([[0, 4], [2, 1]]), torch.tensor([7, 9]), "embedding", 5),
        (features(), [1.5, 2.5] * 3, "features", 2),
        (np.array([[0.5, 1.5], [2.5, 0.0]]), ["a", None], "features", 1),
    ],
    ids=str,
)
def test_kinds_of_sequences_and_labels(X, y, inputs, in_channels):
    classifier = make().fit(X, y)
    assert (classifier.model_.inputs, classifier.model_.in_channels) == (inputs, in_channels)
    labels = y.tolist() if hasattr(y, "tolist") else y
    assert set(classifier.classes_.tolist()) == set(labels)
    assert set(classifier.predict(X).tolist()) <= set(labels)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score", "save"])
def test_unfitted(method, tmp_path):
    argument = tmp_path / "model" if method == "save" else NAMES
    with pytest.raises(NotFittedError, match="SequenceClassifier has learned nothing yet"):
        getattr(make(), method)(argument)
    assert list(tmp_path.iterdir()) == []


def test_the_constructor_keeps_its_arguments():
    parameters = make().get_params()
    clone = SequenceClassifier(**parameters)
    assert clone.get_params() == parameters
    assert all(clone.get_params()[name] is value for name, value in parameters.items())
    assert vars(clone) == parameters


def test_fit_leaves_parameters_and_data_alone():
    classifier = make(seed=3)
    parameters, X, y = classifier.get_params(), features(), list(KINDS)
    before = copy.deepcopy(X)
    classifier.fit(X, y)
    assert classifier.get_params() == parameters
    assert y == KINDS
    assert all(np.array_equal(a, b) for a, b in zip(X, before, strict=True))


@pytest.mark.parametrize("data", [(TASK,), (NAMES, KINDS)], ids=["task", "names"])
def test_same_seed_same_numbers(data):
    first, again = make().fit(*data), make().fit(*data)
    other = make(seed=1).fit(*data)
    for a, b in zip(first.model_.parameters(), again.model_.parameters(), strict=True):
        assert torch.equal(a, b)
    assert first.history_.column("loss") == again.history_.column("loss")
    assert first.history_.column("loss") != other.history_.column("loss")
    assert np.array_equal(first.score(*data), again.score(*data))


def test_fit_is_idempotent_and_learns_anew():
    classifier = make().fit(NAMES, KINDS)
    once = classifier.predict_proba(NAMES)
    classifier.fit(TASK)
    assert classifier.vocabulary_ is None
    assert np.array_equal(classifier.fit(NAMES, KINDS).predict_proba(NAMES), once)


def test_fit_ignores_and_keeps_the_global_generator():
    torch.manual_seed(1)
    first = make().fit(NAMES, KINDS).predict_proba(NAMES)
    state = torch.get_rng_state()
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert np.array_equal(make().fit(NAMES, KINDS).predict_proba(NAMES), first)


def test_training_validation_and_score_use_other_samples():
    drawn = [TASK.sample(50, training.stream(0, name))[0].tolist() for name in training.STREAMS]
    assert drawn[0] != drawn[1] != drawn[2] != drawn[0]
    classifier = make().fit(TASK)
    sequences, labels = TASK.sample(2000, training.stream(0, "score"))
    assert classifier.score(TASK) == classifier.score(sequences, labels)


@pytest.mark.parametrize("cell", ["lstm", "bigru", "mingru"])
def test_predictions_do_not_depend_on_the_other_sequences(cell):
    classifier = make(cell=cell).fit(NAMES, KINDS)
    whole = classifier.predict_proba(NAMES)
    alone = np.concatenate([classifier.predict_proba([name]) for name in NAMES])
    assert np.allclose(alone, whole, atol=1e-6)
    assert np.allclose(classifier.predict_proba(NAMES[::-1]), whole[::-1], atol=1e-6)
    assert np.allclose(classifier.predict_proba(NAMES[1:3]), whole[1:3], atol=1e-6)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (NAMES, KINDS),
        ([[0, 4], [2]], [1, 0]),
        (features(), [0.5, 1.5] * 3),
        (NAMES, [None, "a"] * 3),
    ],
)
def test_save_and_load(tmp_path, X, y):
    classifier = make(cell="bilstm", num_layers=2, seed=np.int64(3)).fit(X, y)
    classifier.save(tmp_path / "model.safetensors")
    state = torch.get_rng_state()
    loaded = SequenceClassifier.load(tmp_path / "model.safetensors")
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    assert loaded.predict(X).tolist() == classifier.predict(X).tolist()
    assert loaded.get_params() == classifier.get_params()
    assert loaded.classes_.dtype == classifier.classes_.dtype
    assert loaded.vocabulary_ == classifier.vocabulary_
    assert loaded.num_parameters_ == classifier.num_parameters_
    assert all(parameter.requires_grad for parameter in loaded.model_.parameters())
    loaded.fit(X, y)
    assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))


@pytest.mark.parametrize("copy_of", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])  # noqa: S301
def test_copies(fitted, copy_of):
    twin = copy_of(fitted)
    assert np.array_equal(twin.predict_proba(NAMES), fitted.predict_proba(NAMES))
    assert twin.history_ == fitted.history_


def test_log_directory_holds_history_and_a_loadable_model(tmp_path):
    classifier = make().fit(NAMES, KINDS, log_directory=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metrics.csv", "model.safetensors"]
    loaded = SequenceClassifier.load(tmp_path / "model.safetensors")
    assert np.array_equal(loaded.predict_proba(NAMES), classifier.predict_proba(NAMES))


def test_labels_that_no_file_can_hold_are_refused_before_the_training(tmp_path):
    labels = [(kind,) for kind in KINDS]
    classifier = make()
    with pytest.raises(InputError, match="cannot be stored"):
        classifier.fit(NAMES, labels, log_directory=tmp_path)
    assert not hasattr(classifier, "history_")
    classifier.fit(NAMES, labels)
    with pytest.raises(InputError, match="cannot be stored"):
        classifier.save(tmp_path / "model")


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "another"},
        {"parameters": {"hidden_size": 10**9}},
        {"parameters": {"cell": "lsmt"}},
        {"parameters": {"sting": True}},
        {"parameters": None},
        {"in_channels": 3},
        {"in_channels": "many"},
        {"inputs": "scalar"},
        {"classes": ["one", "two", "three"]},
        {"classes": None},
        {"vocabulary": []},
    ],
    ids=str,
)
def test_a_file_that_describes_something_else_is_refused(fitted, tmp_path, changes):
    path = tmp_path / "model"
    fitted.save(path)
    tensors, config = data.load_model(path)
    data.save_model(path, tensors, config | changes)
    with pytest.raises(FileFormatError, match="sequence classifier"):
        SequenceClassifier.load(path)


def test_load_needs_a_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        SequenceClassifier.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([], InputError, "no sequences"),
        (["bilbo", ""], InputError, "row 1"),
        (["bilbo", "saruman"], InputError, "row 1, position 3; found: 'u'"),
        ([[1, 2]], InputError, "row 0, position 0; found: 1"),
        ("bilbo", DtypeError, "list of sequences"),
    ],
)
def test_bad_rows_in_predict(fitted, X, error, message):
    with pytest.raises(error) as caught:
        fitted.predict(X)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([[0], [1, 9]], InputError, "row 1, position 1; found: 9"),
        ([[0.5]], DtypeError, "ids"),
        (["bilbo"], InputError, "vocabulary"),
    ],
)
def test_bad_rows_after_learning_from_ids(X, error, message):
    classifier = make().fit([[0, 4], [2]], [1, 0])
    with pytest.raises(error) as caught:
        classifier.predict(X)
    assert message in str(caught.value)


def test_bad_rows_after_learning_from_features():
    classifier = make().fit(features(), KINDS)
    with pytest.raises(ShapeError, match="2 features"):
        classifier.predict([np.zeros((4, 3))])
    with pytest.raises(DtypeError, match="features"):
        classifier.predict([[1, 2]])
    with pytest.raises(NonFiniteError, match="row 1, position 0"):
        classifier.predict([np.zeros((4, 2)), np.full((1, 2), np.nan)])


@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (NAMES, None, DtypeError, "list of labels"),
        (NAMES, KINDS[1:], ShapeError, "6 sequences"),
        (NAMES, ["same"] * 6, InputError, "two different labels"),
        (NAMES, [[1]] * 6, DtypeError, "hashable"),
        ([], [], InputError, "no sequences"),
        (TASK, KINDS, InputError, "its own labels"),
        (7, KINDS, DtypeError, "list of sequences"),
    ],
)
def test_bad_training_data(X, y, error, message):
    with pytest.raises(error, match=message):
        make().fit(X, y)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("cell", "lsmt", UnknownNameError),
        ("inputs", "one-hot", UnknownNameError),
        ("executor", "fast", UnknownNameError),
        ("hidden_size", 0, InputError),
        ("num_layers", 0, InputError),
        ("embedding_size", -1, InputError),
        ("learning_rate", 0, InputError),
        ("batch_size", 0, InputError),
        ("iterations", 0, InputError),
        ("max_norm", 0, InputError),
        ("evaluate_every", 0, InputError),
        ("seed", -1, InputError),
        ("accelerator", "steam", UnknownNameError),
    ],
)
def test_senseless_parameters(name, value, error):
    classifier = make()
    classifier.fit(TASK).set_params(**{name: value})
    with pytest.raises(error):
        classifier.fit(TASK)
    with pytest.raises(NotFittedError):
        classifier.predict([[0, 1]])


def test_stop_at_needs_validation():
    with pytest.raises(InputError, match="validation"):
        make(stop_at=1.0).fit(NAMES, KINDS)
    classifier = make(stop_at=0.0, evaluate_every=2, iterations=9)
    classifier.fit(NAMES, KINDS, validation=(NAMES, KINDS))
    assert len(classifier.history_.rows) == 2


def test_unknown_labels_in_score_count_as_wrong(fitted):
    assert fitted.score(NAMES, ["wizard"] * 3 + KINDS[3:]) == 0.5


def test_a_loss_that_is_not_finite():
    classifier = make(learning_rate=1e30, max_norm=None, inputs="scalar", iterations=200)
    with pytest.raises(TrainingError, match="at: iteration"):
        classifier.fit([[0, 10**9], [10**9, 3]], [0, 1])


def test_after_an_interrupt_the_classifier_is_usable(monkeypatch, tmp_path):
    calls = []
    original = module.cross_entropy

    def interrupting(model, batch):
        calls.append(batch)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return original(model, batch)

    monkeypatch.setattr(module, "cross_entropy", interrupting)
    classifier = make(iterations=100)
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(NAMES, KINDS, log_directory=tmp_path)
    assert len(classifier.history_.rows) == 3
    assert classifier.history_.interrupted
    assert len(classifier.predict(NAMES)) == 6
    assert SequenceClassifier.load(tmp_path / "model.safetensors").predict(NAMES).shape == (6,)


@pytest.mark.parametrize("inputs", ["embedding", "scalar"])
@pytest.mark.parametrize("reference", [1, 5000, 202_447])
def test_matched_hidden_size_is_the_nearest(inputs, reference):
    size = matched_hidden_size("lstm", reference, TASK, inputs=inputs)

    def distance(hidden_size):
        model = SequenceClassifier(hidden_size=hidden_size, inputs=inputs).make_model(TASK)
        return abs(model.num_parameters() - reference)

    assert distance(size) == min(distance(near) for near in range(max(1, size - 2), size + 3))


def test_make_model_is_where_fit_starts():
    classifier = make(iterations=1, learning_rate=1e-12)
    before = classifier.make_model(TASK).state_dict()
    after = classifier.fit(TASK).model_.state_dict()
    assert all(torch.allclose(before[name], after[name], atol=1e-9) for name in before)
