from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.data.dataset import Rows
from nnctl.errors import RunError
from nnctl.nn.losses import LOSSES
from nnctl.runs.checkpoint import (
    Checkpoint,
    checkpoint_bytes,
    read_checkpoint,
    save_checkpoint,
)
from nnctl.training import baselines
from nnctl.training.baselines import (
    Baselines,
    baselines_checkpoint,
    convex_end,
    fit_baselines,
    load_baselines,
    rows_to_fit,
    some_rows,
    without_hidden_layers,
)
from nnctl.training.inference import Model, load_model
from nnctl.training.reporting import measure
from tests.training.experiments import (
    FLOAT64,
    Settings,
    classification,
    regression,
    started,
    write_csv,
)

CATEGORICAL = "categorical_cross_entropy"
LINE = "x y \n 0 1 \n 1 3 \n 2 5 \n 3 7"


def fitted(directory: Path, settings: Settings) -> tuple[Baselines, Model, Rows]:
    """The baselines of a config, a model at epoch 0, and the training rows."""
    experiment = started(directory, settings)
    model = load_model(experiment.run.best)
    rows = experiment.dataset.train
    return fit_baselines(model, rows), model, rows


def linear_of(fit: Baselines) -> Model:
    assert fit.linear is not None
    return fit.linear


def value(model: Model, rows: Rows, metric: str) -> float:
    _, result = next(measure(model, {"train": rows}, (metric,), model.loss))
    return result.values[metric]


def logistic_regression(inputs: Any, labels: Any, weights: Any, l2: float) -> Any:
    """Newton's method on the mean cross-entropy: weights, then the bias."""
    design = np.column_stack([inputs, np.ones(len(inputs))])
    weights = weights / weights.sum()
    ridge = np.diag([l2] * inputs.shape[1] + [0.0])
    found = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ found))
        gradient = design.T @ (weights * (p - labels)) + ridge @ found
        hessian = design.T @ (design * (weights * p * (1 - p))[:, None]) + ridge
        found -= np.linalg.solve(hessian, gradient)
    return found


def test_the_constant_answers_with_the_classes_shares_by_sample_weight(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x w kind \n 1 1 low \n 2 1 low \n 3 1 mid \n 4 5 high")
    data = {"source": str(path), "target": "kind", "sample_weight": "w"}
    settings = classification(data=data, loss="categorical_cross_entropy", compute=FLOAT64)
    fit, _, rows = fitted(tmp_path, settings)
    assert fit.constant.preprocessing.classes == ("high", "low", "mid")
    np.testing.assert_allclose(
        fit.constant.outputs(rows.inputs), [[5 / 8, 2 / 8, 1 / 8]] * 4, rtol=1e-12
    )
    assert value(fit.constant, rows, "accuracy") == 5 / 8


@pytest.mark.parametrize(
    ("loss", "output"),
    [
        ("binary_cross_entropy", "sigmoid"),
        ("hinge", "identity"),
        ("hinge", "tanh"),
        ("perceptron", "step"),
        ("mean_squared_error", "identity"),
        ("mean_squared_error", "softsign"),
    ],
)
@pytest.mark.parametrize("majority", ["a", "b"])
def test_the_constant_names_the_majority_whatever_the_loss(
    tmp_path: Path, loss: str, output: str, majority: str
) -> None:
    kinds = "aabab" if majority == "a" else "bbaba"
    path = write_csv(tmp_path, "x kind\n" + "\n".join(f"{i} {k}" for i, k in enumerate(kinds)))
    settings = classification(
        data={"source": str(path), "target": "kind", "task": "classification"},
        model={"output": {"activation": output}},
        loss=loss,
    )
    fit, _, rows = fitted(tmp_path, settings)
    assert value(fit.constant, rows, "accuracy") == 3 / 5
    assert value(fit.constant, rows, "roc_auc") == 0.5


def test_class_weights_count_for_the_line_and_not_for_the_majority(tmp_path: Path) -> None:
    plain, _, rows = fitted(tmp_path, classification("xor", compute=FLOAT64))
    rows = some_rows(rows, len(rows.inputs))
    rows.targets[:] = [0, 0, 0, 1]
    weighed = replace(plain.constant, class_weight=np.array([1.0, 9.0]))
    fit = fit_baselines(weighed, rows)
    np.testing.assert_allclose(fit.constant.outputs(rows.inputs), 0.25)
    usual = fit_baselines(replace(weighed, class_weight=None), rows)
    assert (linear_of(fit).outputs(rows.inputs) > linear_of(usual).outputs(rows.inputs)).all()


def test_the_constant_of_a_regression_is_the_mean_of_each_target(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y z w \n 0 1 9 1 \n 1 3 9 1 \n 2 5 0 2")
    settings = regression(path, ["y", "z"])
    settings["data"] |= {"sample_weight": "w", "target_scaling": "standardize", "features": ["x"]}
    fit, model, rows = fitted(tmp_path, settings)
    said = model.preprocessing.inverse_targets(fit.constant.outputs(rows.inputs))
    np.testing.assert_allclose(said, [[14 / 4, 18 / 4]] * 3, rtol=1e-12)


def test_the_line_of_a_regression_is_that_of_least_squares(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    inputs, weights = rng.standard_normal((40, 3)) * [1, 50, 0.01] + [0, 400, 1], rng.random(40)
    targets = rng.standard_normal((40, 2))
    path = write_csv(tmp_path, "a b c y z \n 1 2 3 4 5 \n 2 3 4 5 6")
    _, model, _ = fitted(tmp_path, regression(path, ["y", "z"]))
    line = linear_of(fit_baselines(model, Rows(inputs, targets, weights))).network.views(0)
    root = np.sqrt(weights)[:, None]
    design = np.column_stack([inputs, np.ones(40)])
    expected = np.linalg.lstsq(design * root, targets * root, rcond=None)[0]
    np.testing.assert_allclose(line["weights"], expected[:3], rtol=1e-4)
    np.testing.assert_allclose(line["biases"], expected[3], rtol=1e-4)


def test_the_line_between_two_classes_is_that_of_logistic_regression(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    inputs, weights = rng.standard_normal((60, 2)), rng.random(60)
    labels = (inputs[:, 0] + rng.standard_normal(60) > 0.3).astype(np.int64)
    inputs = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    _, model, _ = fitted(tmp_path, classification(compute=FLOAT64))
    line = linear_of(fit_baselines(model, Rows(inputs, labels, weights))).network.parameters
    expected = logistic_regression(inputs, labels, weights, l2=0.1 / 60)
    np.testing.assert_allclose(line, expected, rtol=1e-5)
    monkeypatch.setattr(baselines, "NUMBERS_AT_ONCE", 7)
    portions = linear_of(fit_baselines(model, Rows(inputs, labels, weights))).network.parameters
    np.testing.assert_allclose(portions, expected, rtol=1e-5)


@pytest.mark.parametrize("scaling", ["none", "min_max"])
def test_the_line_does_not_depend_on_how_inputs_are_scaled(tmp_path: Path, scaling: str) -> None:
    text = "a b kind \n" + "\n".join(f"{i} {1000 + i**2 % 7} {'uv'[i % 3 > 1]}" for i in range(20))
    outputs = []
    for chosen in ("standardize", scaling):
        data = {"source": str(write_csv(tmp_path, text)), "target": "kind", "scaling": chosen}
        fit, _, rows = fitted(tmp_path, classification(data=data, compute=FLOAT64))
        outputs.append(linear_of(fit).outputs(rows.inputs))
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("labels", "accuracy"), [("0001", 1.0), ("0111", 1.0), ("1110", 1.0), ("0110", 0.5)]
)
def test_a_line_learns_and_and_or_and_never_xor(
    tmp_path: Path, labels: str, accuracy: float
) -> None:
    rows = "\n".join(f"{i // 2} {i % 2} {label}" for i, label in enumerate(labels))
    path = write_csv(tmp_path, "a b label \n" + rows)
    data = {"source": str(path), "target": "label", "scaling": "none"}
    fit, _, train = fitted(tmp_path, classification(data=data))
    assert value(linear_of(fit), train, "accuracy") == accuracy


@pytest.mark.parametrize(
    ("loss", "output", "n_classes", "expected"),
    [
        ("binary_cross_entropy", "sigmoid", 2, ("sigmoid", "own")),
        ("categorical_cross_entropy", "softmax", 2, ("softmax", "own")),
        ("hinge", "identity", 3, ("identity", "own")),
        ("mean_squared_error", "identity", 2, ("identity", "own")),
        ("hinge", "tanh", 2, ("sigmoid", "binary_cross_entropy")),
        ("perceptron", "step", 2, ("sigmoid", "binary_cross_entropy")),
        ("perceptron", "step", 3, ("softmax", "categorical_cross_entropy")),
        ("mean_squared_error", "sigmoid", 2, ("sigmoid", "binary_cross_entropy")),
        ("huber", "relu", 3, ("softmax", "categorical_cross_entropy")),
    ],
)
def test_classes_are_told_by_the_runs_own_loss_where_it_has_one_optimum(
    tmp_path: Path, loss: str, output: str, n_classes: int, expected: tuple[str, str]
) -> None:
    rows = "\n".join(f"{i} {'abc'[i % n_classes]}" for i in range(12))
    settings = classification(
        data={
            "source": str(write_csv(tmp_path, "x kind \n" + rows)),
            "target": "kind",
            "task": "classification",
        },
        model={"output": {"activation": output}},
        loss=loss,
    )
    fit, model, train = fitted(tmp_path, settings)
    activation, chosen = convex_end(model)
    assert activation.name == expected[0]
    assert chosen == (model.loss if expected[1] == "own" else LOSSES[expected[1]]())
    # What can be asked of the network can be asked of what it is compared with.
    if model.decoder.gives_probabilities:  # type: ignore[union-attr]
        assert np.isfinite(value(linear_of(fit), train, "log_loss"))
    for name in ("accuracy", "macro_f1", "roc_auc"):
        assert 0 <= value(linear_of(fit), train, name) <= 1


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", "huber", "log_cosh"])
@pytest.mark.parametrize("output", ["relu", "identity"])
def test_numbers_are_given_as_they_are_and_measured_by_the_runs_own_loss(
    tmp_path: Path, loss: str, output: str
) -> None:
    settings = regression(write_csv(tmp_path, LINE))
    settings |= {"loss": loss, "model": {"output": {"activation": output}}}
    fit, model, rows = fitted(tmp_path, settings)
    assert convex_end(model)[0].name == "identity"
    assert linear_of(fit).loss is model.loss
    np.testing.assert_allclose(linear_of(fit).outputs(rows.inputs), [[1], [3], [5], [7]], rtol=1e-5)


def test_a_column_that_never_changes_and_one_of_large_numbers_do_no_harm(tmp_path: Path) -> None:
    rows = "\n".join(f"7 {1e6 + i} {'ab'[i > 5]}" for i in range(12))
    data = {"source": str(write_csv(tmp_path, "a b kind \n" + rows)), "target": "kind"}
    fit, _, train = fitted(tmp_path, classification(data=data))
    line = linear_of(fit).network.views(0)
    assert line["weights"][0, 0] == 0
    assert value(linear_of(fit), train, "accuracy") == 1


def test_where_the_line_overflows_there_is_none(tmp_path: Path) -> None:
    rows = "\n".join(f"{i}e-45 {i % 2}" for i in range(1, 9))
    path = write_csv(tmp_path, "x y \n" + rows)
    fit, _, train = fitted(tmp_path, regression(path) | {"compute": {"dtype": "float32"}})
    assert fit.linear is None
    assert [*fit.models] == ["constant"]
    assert value(fit.constant, train, "r2") == pytest.approx(0)


def test_a_line_that_would_be_too_large_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "MOST_PARAMETERS", 2)
    fit, _, _ = fitted(tmp_path, classification())
    assert fit.linear is None
    monkeypatch.setattr(baselines, "MOST_PARAMETERS", 3)
    assert fitted(tmp_path, classification())[0].linear is not None


def test_of_many_rows_some_are_taken_from_beginning_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = np.arange(10.0)
    rows = Rows(numbers[:, None], numbers[:, None], numbers / 2)
    taken = some_rows(rows, 4)
    assert taken.inputs[:, 0].tolist() == taken.targets[:, 0].tolist() == [0, 3, 6, 9]
    assert taken.sample_weight is not None
    assert taken.sample_weight.tolist() == [0, 1.5, 3, 4.5]
    monkeypatch.setattr(baselines, "MOST_ROWS", 100)
    fit, model, train = fitted(tmp_path, classification())
    assert (fit.rows, fit.train_rows) == (100, len(train.inputs))
    network = without_hidden_layers(model).network
    assert rows_to_fit(network, 99) == 99
    monkeypatch.setattr(baselines, "MOST_NUMBERS", 150)  # two inputs and an output a row
    assert rows_to_fit(network, 99) == 50
    monkeypatch.setattr(baselines, "MOST_NUMBERS", 2)
    assert rows_to_fit(network, 99) == 1


def test_the_work_is_bounded_by_fewer_iterations_and_then_by_fewer_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, model, rows = fitted(tmp_path, classification("blobs", loss=CATEGORICAL))
    n_weights, n_rows = whole.constant.network.n_weights, len(rows.inputs)
    monkeypatch.setattr(baselines, "FEWEST_ITERATIONS", 3)
    monkeypatch.setattr(baselines, "MOST_MULTIPLICATIONS", 3 * n_weights * n_rows)
    hasty = fit_baselines(model, rows)
    assert hasty.rows == n_rows
    losses = [value(linear_of(fit), rows, "log_loss") for fit in (whole, hasty)]
    assert losses[0] < losses[1] < value(whole.constant, rows, "log_loss")
    monkeypatch.setattr(baselines, "MOST_MULTIPLICATIONS", 3 * n_weights * 7)
    assert fit_baselines(model, rows).rows == 7


def test_the_file_brings_both_back_and_is_the_same_each_time(tmp_path: Path) -> None:
    written, model, rows = fitted(tmp_path, classification("blobs", loss=CATEGORICAL))
    path = tmp_path / "baselines.npz"
    save_checkpoint(path, baselines_checkpoint(written))
    again = baselines_checkpoint(fit_baselines(model, rows))
    assert path.read_bytes() == checkpoint_bytes(again)
    assert read_checkpoint(path).metadata == {"rows": 300, "train_rows": 300}
    read = load_baselines(path, model)
    assert read is not None
    assert (read.rows, read.train_rows) == (written.rows, written.train_rows)
    for name, expected in written.models.items():
        np.testing.assert_array_equal(
            read.models[name].outputs(rows.inputs), expected.outputs(rows.inputs)
        )


def test_without_the_file_there_are_no_baselines(tmp_path: Path) -> None:
    _, model, _ = fitted(tmp_path, classification())
    assert load_baselines(tmp_path / "baselines.npz", model) is None


FINE = {"constant": np.zeros(3, np.float32), "linear": np.zeros(3, np.float32)}
COUNTS = {"rows": 4, "train_rows": 4}


@pytest.mark.parametrize(
    ("arrays", "metadata"),
    [
        (FINE | {"linear": np.zeros(4, np.float32)}, COUNTS),
        (FINE | {"constant": np.full(3, np.nan, np.float32)}, COUNTS),
        ({"linear": FINE["linear"]}, COUNTS),
        (FINE, {"rows": 4}),
        (FINE, COUNTS | {"rows": None}),
    ],
)
def test_a_file_that_does_not_fit_the_network_is_refused(
    tmp_path: Path, arrays: dict[str, Any], metadata: dict[str, Any]
) -> None:
    _, model, _ = fitted(tmp_path, classification())
    path = tmp_path / "baselines.npz"
    save_checkpoint(path, Checkpoint(COUNTS, FINE))
    assert load_baselines(path, model) is not None
    save_checkpoint(path, Checkpoint(metadata, arrays))
    with pytest.raises(RunError, match="does not hold the baselines of this run") as caught:
        load_baselines(path, model)
    assert str(path) in str(caught.value)
