"""What the page computes is what NumPy computes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from nnctl.config.pairs import CLASSIFICATION_LOSSES
from nnctl.data.scaling import SCALINGS
from nnctl.nn.activation import Activation
from nnctl.nn.activations import ACTIVATIONS, Step
from nnctl.nn.arrays import FloatArray
from nnctl.nn.layout import LayerSpec
from nnctl.nn.losses import LOSSES
from nnctl.nn.normalization import NORMALIZATIONS, BatchNormalization
from nnctl.nn.rectifiers import ELU, GELU, LeakyReLU
from nnctl.training.inference import Model, load_model
from tests.pages.browser import complaints, live_page, open_page
from tests.pages.networks import (
    TANH,
    classifier,
    document_of,
    expected,
    model_of,
    probes,
    trained_model,
    with_network,
)
from tests.training.experiments import Settings, trained, write_csv

TOLERANCE = 1e-5  # absolute for numbers below 1, relative above
PROBE = """
const [description, points] = arguments;
const [network] = nnctlNetwork.networksOf(description);
return points.map((point) => nnctlNetwork.probe(description, network, point));
"""
OTHER_PARAMETERS: list[Activation] = [
    LeakyReLU(slope=0.3),
    ELU(alpha=2.5),
    GELU(approximate="tanh"),
    Step(at_zero=1.0),
]
EVERY_ACTIVATION = [*(kind() for kind in ACTIVATIONS.values()), *OTHER_PARAMETERS]


@pytest.fixture(name="page", scope="module")
def _page(browser: WebDriver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """A page whose functions the tests call."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    document = {"data": document_of(classifier(TANH)), "features": ["x1", "x2"], "notes": []}
    open_page(browser, path, live_page(document))
    yield browser
    assert complaints(browser) == []


def computed(page: WebDriver, model: Model, points: FloatArray) -> Any:
    return page.execute_script(PROBE, document_of(model), points.tolist())


def assert_agrees(page: WebDriver, model: Model, points: FloatArray | None = None) -> None:
    points = probes(model) if points is None else points
    wanted = expected(model, points)
    assert np.ptp([answer["answers"][0] for answer in wanted]) > 1e-3  # the points do differ
    for seen, numpy in zip(computed(page, model, points), wanted, strict=True):
        assert seen["predicted"] == numpy["predicted"]
        np.testing.assert_allclose(seen["answers"], numpy["answers"], TOLERANCE, TOLERANCE)
        for layer, own in zip(seen["layers"], numpy["layers"], strict=True):
            for name in ("z", "a"):
                np.testing.assert_allclose(layer[name], own[name], TOLERANCE, TOLERANCE)


def test_the_page_knows_every_activation_and_normalization(page: WebDriver) -> None:
    script = "return [nnctlNetwork.ACTIVATIONS, nnctlNetwork.NORMALIZATIONS].map(Object.keys)"
    activations, normalizations = page.execute_script(script)
    assert set(activations) == set(ACTIVATIONS)
    assert set(normalizations) == set(NORMALIZATIONS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", EVERY_ACTIVATION, ids=repr)
def test_every_activation_agrees_with_numpy(
    page: WebDriver, activation: Activation, dtype: str
) -> None:
    assert_agrees(page, classifier(activation, dtype=dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_every_normalization_agrees_with_numpy(
    page: WebDriver, normalization: str, bias: bool, dtype: str
) -> None:
    settings = NORMALIZATIONS[normalization](epsilon=1e-3)
    assert_agrees(page, classifier(TANH, settings, dtype, bias=bias, dropout=0.5))


def test_exact_gelu_keeps_its_tails(page: WebDriver) -> None:
    model = with_network(trained_model(0), [LayerSpec(1, GELU())], "float64")
    model.network.parameters[...] = (1.0, 0.0, 0.0)
    scaler = model.preprocessing.feature_scaler
    z = np.linspace(-12, 12, 97)
    points = np.stack([z * scaler.scale[0] + scaler.center[0], np.zeros_like(z)], axis=1)
    seen = [answer["layers"][0]["a"][0] for answer in computed(page, model, points)]
    wanted = [answer["layers"][0]["a"][0] for answer in expected(model, points)]
    np.testing.assert_allclose(seen, wanted, rtol=1e-11, atol=1e-40)


def pairs() -> Iterator[tuple[str, str, int, int]]:
    """Loss, output activation, classes (0 of a regression), units."""
    for loss, kind in LOSSES.items():
        for output in kind.outputs:
            for classes, units in ((0, 2), (2, 1), (2, 2), (3, 3)):
                estimates = classes == 0 and loss not in CLASSIFICATION_LOSSES
                if (classes or estimates) and (output != "softmax" or units > 1):
                    yield loss, output, classes, units


@pytest.mark.parametrize("loss", LOSSES)
def test_every_output_of_a_loss_is_decided_as_numpy_decides(page: WebDriver, loss: str) -> None:
    chosen = [pair for pair in pairs() if pair[0] == loss]
    assert len(chosen) > 1
    for _, output, classes, units in chosen:
        specs = [LayerSpec(6, TANH), LayerSpec(units, ACTIVATIONS[output]())]
        assert_agrees(page, with_network(model_of(classes, units), specs, loss=loss))


@pytest.mark.parametrize(
    ("output", "loss", "units", "z", "dtype"),
    [
        ("sigmoid", "binary_cross_entropy", 1, [0.0], "float32"),
        ("sigmoid", "binary_cross_entropy", 1, [1e-9], "float32"),  # 0.5 once it is rounded
        ("sigmoid", "binary_cross_entropy", 1, [1e-9], "float64"),
        ("sigmoid", "binary_cross_entropy", 3, [20.0, 30.0, 25.0], "float32"),  # all of them 1
        ("sigmoid", "binary_cross_entropy", 3, [20.0, 30.0, 25.0], "float64"),
        ("softmax", "categorical_cross_entropy", 3, [1.0, 2.0, 2.0], "float32"),
        ("tanh", "hinge", 1, [0.0], "float32"),
        ("identity", "hinge", 1, [0.0], "float64"),
        ("step", "perceptron", 1, [0.0], "float32"),
        ("step", "perceptron", 3, [1.0, 3.0, 3.0], "float32"),
        ("step", "perceptron", 3, [-1.0, -3.0, -1.0], "float32"),
    ],
)
def test_ties_go_to_the_class_that_numpy_takes(
    page: WebDriver, output: str, loss: str, units: int, z: list[float], dtype: str
) -> None:
    specs = [LayerSpec(units, ACTIVATIONS[output]())]
    model = with_network(trained_model(max(2, units)), specs, dtype, loss)
    model.network.parameters[...] = [0.0] * (2 * units) + z
    points = np.zeros((1, 2))
    (seen,), (wanted,) = computed(page, model, points), expected(model, points)
    assert seen["predicted"] == wanted["predicted"]
    np.testing.assert_allclose(seen["answers"], wanted["answers"], TOLERANCE, TOLERANCE)


def scaled_rows() -> str:
    rng = np.random.default_rng(2)
    rows = zip(rng.exponential(40.0, 30), rng.normal(-7.0, 0.01, 30), strict=True)
    return "x1 x2 y\n" + "".join(f"{x1} {x2} {x1 / 10 - x2}\n" for x1, x2 in rows)


@pytest.mark.parametrize("target_scaling", ["standardize", "none"])
@pytest.mark.parametrize("scaling", SCALINGS)
def test_every_scaling_agrees_with_numpy(
    page: WebDriver, tmp_path: Path, scaling: str, target_scaling: str
) -> None:
    settings: Settings = {
        "data": {
            "source": str(write_csv(tmp_path, scaled_rows())),
            "target": "y",
            "task": "regression",
            "columns": {"x1": {"scaling": scaling}},
            "target_scaling": target_scaling,
        },
        "model": {"hidden": [{"units": 5, "activation": "tanh"}]},
        "loss": "mean_squared_error",
        "training": {"epochs": 2},
    }
    model = load_model(trained(tmp_path, settings).run.best)
    assert model.preprocessing.features[0].logarithm == (scaling == "log")
    assert_agrees(page, model)


def test_an_input_that_marks_gaps_is_zero_in_the_plane(page: WebDriver, tmp_path: Path) -> None:
    cells = "".join(f"{n if n % 3 else ''},{n * n % 7},{n % 2}\n" for n in range(20))
    path = tmp_path / "gaps.csv"
    path.write_text("x1,x2,y\n" + cells)
    settings: Settings = {
        "data": {
            "source": str(path),
            "target": "y",
            "columns": {"x1": {"missing": {"name": "median", "indicator": True}}},
        },
        "model": {"hidden": [{"units": 5, "activation": "tanh"}]},
        "loss": "binary_cross_entropy",
        "training": {"epochs": 2},
    }
    model = load_model(trained(tmp_path, settings).run.best)
    assert model.preprocessing.n_inputs == 3
    assert_agrees(page, model)


def test_batch_normalization_takes_the_running_statistics(page: WebDriver) -> None:
    specs = [LayerSpec(4, TANH, normalization=BatchNormalization()), LayerSpec(3, TANH)]
    model = with_network(trained_model(3), specs, loss="mean_squared_error")
    first = computed(page, model, np.zeros((1, 2)))
    model.network.state[...] *= 2.0
    assert computed(page, model, np.zeros((1, 2))) != first


def test_a_network_without_hidden_layers_and_one_of_many_units_agree(page: WebDriver) -> None:
    output = LayerSpec(3, ACTIVATIONS["softmax"]())
    assert_agrees(page, with_network(trained_model(3), [output]))
    deep = [LayerSpec(150, TANH), *[LayerSpec(60, TANH)] * 4, output]
    assert_agrees(page, with_network(trained_model(3), deep, spread=0.12))


def test_more_rows_than_a_chunk_are_each_computed(page: WebDriver) -> None:
    model = classifier(TANH)
    points = probes(model, 600)
    script = """
    const [network] = nnctlNetwork.networksOf(arguments[0]);
    return [...nnctlNetwork.answersFor(arguments[0], network, Float64Array.from(arguments[1]))];
    """
    seen = page.execute_script(script, document_of(model), points.ravel().tolist())
    outputs = model.outputs(model.preprocessing.encode(points, np.float32))
    np.testing.assert_allclose(seen, outputs.ravel(), TOLERANCE, TOLERANCE)
