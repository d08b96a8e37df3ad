from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.nn.network import Workspace
from nnctl.training.decoding import ClassDecoder
from nnctl.training.explained_rows import Subject, subject_of_config
from nnctl.training.explanation_report import formula_of
from nnctl.training.linear_formula import LinearFormula, LinearScore
from tests.training.experiments import Settings, config_of, regression, values, write_csv

TWO_CLASSES = "x1 x2 label \n 1 5 a \n 2 3 b \n 4 4 a \n 7 1 b \n 3 3 a"
REGRESSION = "x1 x2 y \n 1 50 10 \n 2 30 20 \n 4 40 15 \n 7 10 90"


def subject(directory: Path, settings: Settings) -> Subject:
    return subject_of_config(config_of(directory, settings), "here")


def formula(directory: Path, settings: Settings) -> LinearFormula:
    found = formula_of(subject(directory, settings))
    assert found is not None
    return found


def written(found: LinearFormula, *features: float) -> list[float]:
    """What the scores say for a row in the data's own units."""
    return [float(np.dot(score.coefficients, features) + score.intercept) for score in found.scores]


def classes(path: Path, output: Any, loss: str, **data: Any) -> Settings:
    settings: Settings = {
        "data": {"source": str(path), "target": "label", "task": "classification", **data},
        "model": {"output": output},
        "loss": loss,
        "compute": {"dtype": "float64"},
    }
    return settings


@pytest.mark.parametrize("scaling", ["standardize", "min_max", "robust", "none"])
@pytest.mark.parametrize("target_scaling", ["standardize", "none"])
def test_the_formula_says_in_own_units_what_the_network_says(
    tmp_path: Path, scaling: str, target_scaling: str
) -> None:
    settings = regression(write_csv(tmp_path, REGRESSION))
    settings["data"] |= {"scaling": scaling, "target_scaling": target_scaling}
    settings["model"] = {"output": {"initializer": values([[0.5], [-1.5]], [0.25])}}
    chosen = subject(tmp_path, settings)
    found = formula_of(chosen)
    assert found is not None
    assert found.scores[0].name == "y"
    network, preprocessing = chosen.assembly.trainer.network, chosen.dataset.preprocessing
    inputs = preprocessing.feature_scaler.apply(np.array([[3.5, 22.0]]))
    scaled = inputs @ network.views(0)["weights"] + network.views(0)["biases"]
    expected = preprocessing.inverse_targets(scaled)[0].tolist()
    assert written(found, 3.5, 22.0) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("coefficients", "intercept", "text"),
    [
        ((2.04,), 0.98, "y = 2.04 a + 0.98"),
        ((2.038, -0.5), -1.0, "y = 2.04 a - 0.5 b - 1"),
        ((-2.0, 0.0), 0.0, "y = -2 a + 0 b"),
        ((0.0, 1e-7), 12345.6, "y = 0 a + 1e-07 b + 1.23e+04"),
    ],
)
def test_a_formula_reads_as_one_would_write_it(
    coefficients: tuple[float, ...], intercept: float, text: str
) -> None:
    names = ("a", "b")[: len(coefficients)]
    assert LinearScore("y", names, coefficients, intercept).written() == text


def test_a_line_is_learnt_and_told_in_the_data_s_own_units(tmp_path: Path) -> None:
    rows = "\n".join(f"{x} {2.04 * x + 0.98}" for x in range(10, 20))
    settings = regression(write_csv(tmp_path, f"x y \n {rows}"))
    settings["data"] |= {"scaling": "standardize", "target_scaling": "standardize"}
    settings["optimizer"] = {"name": "sgd", "learning_rate": 0.3}
    settings["training"] = {"epochs": 100, "batch_size": "full"}
    chosen = subject(tmp_path, settings)
    for _ in chosen.assembly.trainer.epochs(100):
        pass
    found = formula_of(chosen)
    assert found is not None
    assert found.sentences() == ["y = 2.04 x + 0.98"]


def test_categories_and_gaps_are_terms_that_are_0_or_1(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x colour y \n 1 red 10 \n 2 blue 20 \n NA red 30 \n 4 blue 40")
    settings = regression(path)
    settings["data"] |= {"missing": {"name": "median", "indicator": True}}
    weights = values([[0.5], [10], [2], [3], [4]], [1])
    settings["model"] = {"output": {"initializer": weights}}
    found = formula(tmp_path, settings)
    assert found.sentences() == [
        "y = 0.5 x + 10 [x (missing)] + 2 [colour=blue] + 3 [colour=red] + 4 [colour (missing)] + 1"
    ]


def test_a_logarithm_is_a_term(tmp_path: Path) -> None:
    settings = regression(write_csv(tmp_path, "x y \n 0 1 \n 9 2 \n 99 3"))
    settings["data"] |= {"scaling": "log"}
    settings["model"] = {"output": {"initializer": values([[1]], [0])}}
    chosen = subject(tmp_path, settings)
    found = formula_of(chosen)
    assert found is not None
    assert found.scores[0].terms == ("log(1 + x)",)
    center, scale = (
        float(array[0])
        for array in (
            chosen.dataset.preprocessing.feature_scaler.center,
            chosen.dataset.preprocessing.feature_scaler.scale,
        )
    )
    assert written(found, float(np.log1p(9.0))) == pytest.approx([(np.log1p(9.0) - center) / scale])


@pytest.mark.parametrize(
    ("output", "loss", "answer", "boundary"),
    [
        (
            "sigmoid",
            "binary_cross_entropy",
            "`b` where score > 0, else `a`; the probability of `b` is 1 / (1 + exp(-score))",
            "x2 = -0.5 x1 + 0.25",
        ),
        ("step", "perceptron", "`b` where score > 0, else `a`", "x2 = -0.5 x1 + 0.25"),
        ("tanh", "mean_squared_error", "`b` where score > 0, else `a`", "x2 = -0.5 x1 + 0.25"),
        ("identity", "hinge", "`b` where score > 0, else `a`", "x2 = -0.5 x1 + 0.25"),
        ("identity", "mean_squared_error", "`b` where score > 0.5, else `a`", "x2 = -0.5 x1 + 0.5"),
    ],
)
def test_two_classes_have_a_score_and_a_boundary(
    tmp_path: Path, output: str, loss: str, answer: str, boundary: str
) -> None:
    layer = {"activation": output, "initializer": values([[1], [2]], [-0.5])}
    path = write_csv(tmp_path, TWO_CLASSES)
    found = formula(tmp_path, classes(path, layer, loss, scaling="none"))
    lines = ["score = 1 x1 + 2 x2 - 0.5", answer, f"boundary: {boundary}"]
    assert found.sentences() == lines


def test_where_no_level_of_the_score_is_known_the_condition_is_on_the_output(
    tmp_path: Path,
) -> None:
    layer = {"activation": "softplus", "initializer": values([[1], [2]])}
    settings = classes(write_csv(tmp_path, TWO_CLASSES), layer, "mean_squared_error")
    found = formula(tmp_path, settings)
    assert found.answer == "`b` where f(score) > 0.5, f(z) = log(1 + exp(z)), else `a`"
    assert found.boundary is None


@pytest.mark.parametrize("scaling", ["none", "standardize"])
@pytest.mark.parametrize(
    ("output", "loss", "weights"),
    [
        ("sigmoid", "binary_cross_entropy", [[1.0], [-2.0]]),
        ("identity", "mean_squared_error", [[0.3], [-0.4]]),
        ("softmax", "categorical_cross_entropy", [[1.0, -0.5], [0.3, 2.0]]),
    ],
)
def test_the_boundary_is_where_the_answer_changes(
    tmp_path: Path, scaling: str, output: str, loss: str, weights: Any
) -> None:
    layer = {"activation": output, "initializer": values(weights, [0.2] * len(weights[0]))}
    settings = classes(write_csv(tmp_path, TWO_CLASSES), layer, loss, scaling=scaling)
    chosen = subject(tmp_path, settings)
    found = formula_of(chosen)
    assert found is not None
    assert found.boundary is not None
    score, level = found.boundary
    a, b = score.coefficients
    on_line = np.array([[x1, (level - score.intercept - a * x1) / b] for x1 in (0.0, 2.0, 5.0)])
    aside = np.array([0.0, 1e-6])
    answers = [labels_at(chosen, on_line + side) for side in (aside, -aside)]
    assert (answers[0] != answers[1]).all()


def labels_at(chosen: Subject, features: FloatArray) -> IntArray:
    preprocessing, trainer = chosen.dataset.preprocessing, chosen.assembly.trainer
    inputs = preprocessing.encode(features, "float64")
    assert isinstance(trainer.decoder, ClassDecoder)
    return trainer.decoder.predicted(Workspace(trainer.network, len(inputs)).decisions(inputs))


def test_one_feature_has_a_boundary_at_a_number(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x label \n 1 a \n 2 b \n 3 b")
    layer = {"activation": "sigmoid", "initializer": values([[2]], [-3])}
    found = formula(tmp_path, classes(path, layer, "binary_cross_entropy", scaling="none"))
    assert found.sentences()[-1] == "boundary: x = 1.5"


def test_three_classes_have_three_scores(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x label \n 1 a \n 2 b \n 3 c")
    layer = {"initializer": values([[1, 0, -1]], [0, 0.5, 0])}
    settings = classes(path, layer, "categorical_cross_entropy", scaling="none")
    assert formula(tmp_path, settings).sentences() == [
        "score of a = 1 x",
        "score of b = 0 x + 0.5",
        "score of c = -1 x",
        "the answer is the class with the largest score",
    ]


def test_an_activation_stands_around_the_score_of_a_regression(tmp_path: Path) -> None:
    settings = regression(write_csv(tmp_path, REGRESSION))
    layer = {"activation": "softplus", "initializer": values([[1], [2]], [3])}
    settings["model"] = {"output": layer}
    assert formula(tmp_path, settings).sentences() == [
        "z of y = 1 x1 + 2 x2 + 3",
        "y = f(z of y), f(z) = log(1 + exp(z))",
    ]


def test_a_network_with_hidden_layers_is_no_such_formula(tmp_path: Path) -> None:
    settings = regression(write_csv(tmp_path, REGRESSION), model={"hidden": [{"units": 2}]})
    assert formula_of(subject(tmp_path, settings)) is None
