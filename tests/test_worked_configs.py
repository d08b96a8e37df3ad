"""The worked examples: every number that a text gives for them, as `nnctl explain` gives it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from jsonschema import Draft7Validator

from nnctl.config import json_schema, load_config
from nnctl.errors import ConfigError
from nnctl.training.experiment import start_experiment
from tests.cli.commands import ROOT, nnctl

CONFIGS = sorted((ROOT / "configs" / "worked").glob("*.yaml"))
DATASETS = ROOT / "datasets" / "worked"
EXACT = 1e-13  # relative: what is known without rounding, or to all its digits

each_config = pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)


def steps_of(name: str, *options: object) -> list[dict[str, Any]]:
    """Return the steps of a worked example, as `nnctl explain --json` has them."""
    path = ROOT / "configs" / "worked" / f"{name}.yaml"
    outcome = nnctl("explain", path, "--json", *options)
    assert outcome.code == 0, outcome.err
    steps: list[dict[str, Any]] = json.loads(outcome.out)["steps"]
    return steps


def weights(step: dict[str, Any], what: str, layer: int = -1, array: str = "weights") -> Any:
    return step["layers"][layer]["parameters"][array][what]


def outputs(step: dict[str, Any], layer: int = -1) -> dict[str, list[list[float]]]:
    """Return the values of a layer by their symbols."""
    return {stage["symbol"]: stage["outputs"] for stage in step["layers"][layer]["stages"]}


def d_outputs(step: dict[str, Any], layer: int = -1) -> dict[str, list[list[float]]]:
    """Return the gradients of a layer's values by their symbols."""
    return {stage["symbol"]: stage["d_outputs"] for stage in step["layers"][layer]["stages"]}


def close(found: Any, expected: Any, relative: float = EXACT) -> None:
    np.testing.assert_allclose(found, expected, rtol=relative, atol=1e-15)


def test_1_a_single_perceptron() -> None:
    (step,) = steps_of("perceptron")
    assert step["inputs"] == [[2.0, 3.0]]
    assert weights(step, "before") == [[0.5], [-0.6]]
    close(outputs(step)["z"], [[-0.7]])
    assert (step["outputs"], step["predictions"]) == ([[0.0]], ["0"])
    assert weights(step, "after") == weights(step, "before")


@pytest.mark.parametrize(("at_zero", "answer"), [(0, 0.0), (1, 1.0)])
def test_1_texts_differ_at_exactly_zero(at_zero: int, answer: float) -> None:
    biases = "model.output.initializer.biases=[0.75]"
    exact = "model.output.initializer.weights=[[0.75], [-0.75]]"
    activation = f"model.output.activation={{name: step, at_zero: {at_zero}}}"
    (step,) = steps_of("perceptron", "--set", biases, "--set", exact, "--set", activation)
    assert outputs(step)["z"] == [[0.0]]
    assert step["outputs"] == [[answer]]


@pytest.mark.parametrize(
    ("learning_rate", "after"),
    [(0.8, [-0.2, 1.72, 0.568, 1.2592]), (1, [-1.0, 3.0, -1.0, 3.0])],
)
def test_3_one_weight_and_squared_error(learning_rate: float, after: list[float]) -> None:
    rate = f"optimizer.learning_rate={learning_rate}"
    steps = steps_of("one_weight", "--steps", 4, "--set", rate)
    assert weights(steps[0], "before") == [[3.0]]
    assert (steps[0]["loss"], weights(steps[0], "gradient")) == (4.0, [[4.0]])
    close([weights(step, "after")[0][0] for step in steps], after)


def test_4_two_dense_layers() -> None:
    (step,) = steps_of("two_layers")
    assert step["inputs"] == [[3.0, 5.0]]
    assert outputs(step, 0)["a"] == [[7.5, 14.0, 27.0, 12.5]]
    assert (step["outputs"], step["loss"]) == ([[121.5, 62.5]], 9213.25)
    assert d_outputs(step)["a"] == d_outputs(step)["z"] == [[120.5, 62.5]]
    assert weights(step, "gradient") == [
        [903.75, 468.75],
        [1687, 875],
        [3253.5, 1687.5],
        [1506.25, 781.25],
    ]
    assert weights(step, "gradient", array="biases") == [120.5, 62.5]
    assert d_outputs(step, 0)["a"] == [[245.5, 91.5, 424, 303.5]]
    assert step["layers"][1]["d_inputs"] == d_outputs(step, 0)["a"]
    assert weights(step, "gradient", 0) == [
        [736.5, 274.5, 1272, 910.5],
        [1227.5, 457.5, 2120, 1517.5],
    ]
    assert weights(step, "gradient", 0, "biases") == [245.5, 91.5, 424, 303.5]
    close(step["loss_after"], 196.5612128857, 1e-12)


def test_5_sigmoid_and_cross_entropy() -> None:
    (step,) = steps_of("sigmoid_cross_entropy")
    close(step["outputs"], [[0.52497918747894]])
    close(step["loss"], 0.6443966600735709)
    close(weights(step, "gradient"), [[(0.52497918747894 - 1) * 0.5]])
    close(weights(step, "after"), [[0.223751040626053]])


def test_6_softmax_and_cross_entropy() -> None:
    (step,) = steps_of("softmax_cross_entropy")
    close(outputs(step)["z"], [[0.3, -0.4]])
    close(step["outputs"], [[0.66818777, 0.33181223]], 1e-8)
    close(step["loss"], 1.1031860488854577)
    close(d_outputs(step)["z"], [[0.66818777, -0.66818777]], 1e-8)
    after = weights(step, "after")
    close([after[0][0], after[1][1]], [0.23318122, -0.06636245], 1e-7)
    close([after[0][1], after[1][0]], [0.0668, -0.1336], 1e-3)


def test_6_a_relu_output_is_no_probability() -> None:
    path = ROOT / "configs" / "worked" / "sigmoid_cross_entropy.yaml"
    with pytest.raises(ConfigError, match="sigmoid"):
        load_config(path, ["model.output.activation=relu"])


def test_8_momentum_as_an_exponential_average() -> None:
    first, second = steps_of("momentum_average", "--steps", 2)
    assert weights(first, "gradient") == [[4.0]]
    close(weights(first, "moment_v"), [[0.1 * 4]])
    close(weights(first, "after"), [[3 - 0.5 * 0.4]])
    close(weights(second, "gradient"), [[3.6]])
    close(weights(second, "moment_v"), [[0.9 * 0.4 + 0.1 * 3.6]])
    close(weights(second, "after"), [[2.8 - 0.5 * 0.72]])


def test_12_sigmoid_and_squared_error() -> None:
    (step,) = steps_of("sigmoid_squared_error")
    p, x, y = 0.52497918747894, 0.5, 1.0
    close(step["outputs"], [[p]])
    close(step["loss"], (p - y) ** 2)
    close(d_outputs(step)["a"], [[2 * (p - y)]])
    close(d_outputs(step)["z"], [[2 * (p - y) * p * (1 - p)]])
    close(weights(step, "gradient"), [[2 * (p - y) * p * (1 - p) * x]])
    close(weights(step, "after"), [[0.2 - 0.1 * 2 * (p - y) * p * (1 - p) * x]])


def test_there_are_worked_configs_to_guard() -> None:
    assert len(CONFIGS) == 7


@each_config
def test_a_worked_config_says_what_it_shows_and_reaches_its_bars(
    path: Path, tmp_path: Path
) -> None:
    text = path.read_text(encoding="utf-8")
    assert f"nnctl explain configs/worked/{path.name}" in text
    assert [*Draft7Validator(json_schema()).iter_errors(yaml.safe_load(text))] == []
    config = load_config(path)
    assert config.name == path.stem
    experiment = start_experiment(config, tmp_path)
    for _ in experiment.epochs():
        pass
    bars = experiment.bars(experiment.finish())
    assert bars
    assert [str(bar) for bar in bars if not bar.met] == []


@each_config
def test_what_a_worked_config_suggests_can_be_explained(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    suggested = [line.removeprefix("#") for line in lines if line.startswith("#   --set ")]
    assert suggested
    for line in suggested:
        assert nnctl("explain", path, *shlex.split(line, comments=True)).code == 0


def test_each_worked_data_set_is_used_and_described() -> None:
    files = sorted(DATASETS.glob("*.csv"))
    sources = {Path(str(load_config(path).data.source)).resolve() for path in CONFIGS}
    assert {file.resolve() for file in files} == sources
    readme = (ROOT / "datasets" / "README.md").read_text(encoding="utf-8")
    assert "`worked/*.csv`" in readme
