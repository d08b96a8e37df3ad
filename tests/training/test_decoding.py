from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from nnctl.data.features import Feature
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.scaling import Scaler
from nnctl.nn.activations import ACTIVATIONS, Step
from nnctl.nn.losses import LOSSES
from nnctl.training.decoding import ClassDecoder, NumberDecoder, decoder_for, gives_probabilities
from tests.training.experiments import Settings, regression, trained, write_csv


def decoder(loss: str, output: str, n_classes: int = 2, n_outputs: int = 1) -> ClassDecoder:
    classes = tuple("abcdef"[:n_classes])
    return ClassDecoder(LOSSES[loss](), ACTIVATIONS[output](), classes, n_outputs)


@pytest.mark.parametrize(
    ("loss", "output", "outputs", "scores", "predicted"),
    [
        ("binary_cross_entropy", "sigmoid", [0.25, 0.75], [[0.75, 0.25], [0.25, 0.75]], [0, 1]),
        ("mean_squared_error", "sigmoid", [0.25, 0.75], [[0.75, 0.25], [0.25, 0.75]], [0, 1]),
        ("mean_squared_error", "identity", [-3, 0.75], [[4, -3], [0.25, 0.75]], [0, 1]),
        ("mean_squared_error", "tanh", [-0.5, 0.5], [[0.5, -0.5], [-0.5, 0.5]], [0, 1]),
        ("hinge", "identity", [-2, 3], [[2, -2], [-3, 3]], [0, 1]),
        ("hinge", "tanh", [-0.5, 0.5], [[0.5, -0.5], [-0.5, 0.5]], [0, 1]),
        ("perceptron", "step", [-2, 3], [[2, -2], [-3, 3]], [0, 1]),
    ],
)
def test_one_unit_stands_for_the_second_of_two_classes(
    loss: str,
    output: str,
    outputs: list[float],
    scores: list[list[float]],
    predicted: list[int],
) -> None:
    column = np.array(outputs, np.float64)[:, np.newaxis]
    found = decoder(loss, output)
    np.testing.assert_array_equal(found.scores(column), scores)
    assert found.predicted(column).tolist() == predicted


PAIRS = [(loss, output) for loss, kind in LOSSES.items() for output in kind.outputs]


@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_codes_are_decoded_into_the_labels_that_they_stand_for(loss: str, output: str) -> None:
    for n_classes, n_outputs in ((2, 1), (2, 2), (5, 5)):
        if (output, n_outputs) == ("softmax", 1):
            continue
        found, labels = decoder(loss, output, n_classes, n_outputs), np.arange(n_classes)
        codes = found.encode(labels, n_outputs)
        assert codes.shape == (n_classes, n_outputs)
        assert found.predicted(codes).tolist() == labels.tolist()


def test_of_several_steps_the_largest_net_input_decides() -> None:
    net_inputs = np.array([[0.5, 2.0, -1.0], [-3.0, -2.0, -1.0]])
    assert decoder("perceptron", "step", 3, 3).predicted(net_inputs).tolist() == [1, 2]


@pytest.mark.parametrize(("at_zero", "predicted"), [(0.0, 0), (1.0, 1)])
def test_a_step_at_zero_is_what_the_config_says(at_zero: float, predicted: int) -> None:
    found = ClassDecoder(LOSSES["perceptron"](), Step(at_zero), ("a", "b"), 1)
    assert found.predicted(np.array([[0.0]])).tolist() == [predicted]


def test_at_a_tie_the_first_class_is_predicted() -> None:
    assert decoder("binary_cross_entropy", "sigmoid").predicted(np.array([[0.5]])).tolist() == [0]
    outputs = np.array([[0.25, 0.25, 0.5, 0.0], [0.2, 0.4, 0.0, 0.4]])
    found = decoder("categorical_cross_entropy", "softmax", 4, 4)
    assert found.predicted(outputs).tolist() == [2, 1]


@pytest.mark.parametrize(("output", "n_outputs"), [*product(ACTIVATIONS, (1, 2, 3))])
def test_softmax_and_one_sigmoid_alone_give_probabilities(output: str, n_outputs: int) -> None:
    expected = output == "softmax" or (output, n_outputs) == ("sigmoid", 1)
    assert gives_probabilities(output, n_outputs) is expected
    found = decoder("mean_squared_error", output, max(2, n_outputs), n_outputs)
    assert found.gives_probabilities is expected


def test_metrics_of_classes_weigh_samples() -> None:
    outputs, labels = np.array([[0.9], [0.2], [0.7]]), np.array([1, 1, 0])
    found = decoder("binary_cross_entropy", "sigmoid")
    plain = found.metrics(("accuracy", "recall"), outputs, labels, None)
    assert plain == pytest.approx({"accuracy": 1 / 3, "recall": 1 / 2})
    weighed = found.metrics(("accuracy", "recall"), outputs, labels, np.array([3.0, 1, 0]))
    assert weighed == {"accuracy": 3 / 4, "recall": 3 / 4}
    counted = found.confusion(outputs, labels)
    assert counted.tolist() == [[0, 1], [1, 1]]
    assert counted.dtype == np.int64
    summed = found.confusion(outputs, labels, np.array([3.0, 1.5, 0]))
    assert summed.tolist() == [[0, 0], [1.5, 3]]


def preprocessing(*targets: str, classes: tuple[str, ...] = ()) -> Preprocessing:
    """Of one feature; targets are scaled by 2, 3, ... and centered on 0, 100, ..."""
    n = 0 if classes else len(targets)
    zero, one = np.zeros(1), np.ones(1)
    return Preprocessing(
        "classification" if classes else "regression",
        targets,
        classes,
        (Feature("x", "numeric"),),
        fill=np.full(1, np.nan),
        feature_scaler=Scaler(zero, one),
        lowest=zero,
        highest=one,
        target_scaler=Scaler(np.arange(n) * 100.0, np.arange(n) + 2.0),
    )


def test_metrics_of_numbers_are_in_the_units_of_the_targets() -> None:
    found = NumberDecoder(preprocessing("a", "b"))
    scaled, outputs = np.array([[0.0, 1.0]] * 2), np.array([[1.0, 1.0], [0.0, 3.0]])
    values = found.metrics(("mean_absolute_error", "mean_squared_error"), outputs, scaled, None)
    assert values == {"mean_absolute_error": (2 + 6) / 4, "mean_squared_error": (4 + 36) / 4}
    assert found.confusion(outputs, scaled) is None  # type: ignore[func-returns-value]


def test_the_task_decides_who_decodes() -> None:
    loss = LOSSES["mean_squared_error"]()
    assert isinstance(
        decoder_for(preprocessing("a"), loss, ACTIVATIONS["identity"](), 1), NumberDecoder
    )
    classes = preprocessing("y", classes=("no", "yes"))
    found = decoder_for(classes, loss, ACTIVATIONS["sigmoid"](), 2)
    assert isinstance(found, ClassDecoder)
    assert (found.classes, found.n_outputs) == (("no", "yes"), 2)


def test_a_scaled_target_is_learnt_and_measured_in_its_own_units(tmp_path: Path) -> None:
    rows = "\n".join(f"{x} {1000 + 50 * x}" for x in range(20))
    path = write_csv(tmp_path, f"x y\n{rows}")
    settings: Settings = regression(
        path,
        data={"source": str(path), "target": "y"},
        metrics=["root_mean_squared_error"],
        optimizer={"name": "sgd", "learning_rate": 0.4},
        training={"epochs": 60, "batch_size": "full"},
    )
    first = settings | {"training": {"epochs": 1, "batch_size": "full"}}
    errors = [
        trained(tmp_path, chosen).history[-1]["train_root_mean_squared_error"]
        for chosen in (first, settings)
    ]
    assert errors[0] > 100
    assert errors[1] < 1e-3
