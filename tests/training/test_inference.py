from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.config.schema.data import PATH_KEYS
from nnctl.errors import RunError
from nnctl.nn.arrays import FloatArray
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint, save_checkpoint
from nnctl.training.evaluation import Evaluator
from nnctl.training.inference import (
    PREDICTION_ROWS,
    Model,
    load_model,
    model_from_checkpoint,
    model_metadata,
)
from nnctl.training.records import best_checkpoint
from tests.training.experiments import (
    FLOAT64,
    UNCHANGED,
    Settings,
    classification,
    config_of,
    trained,
    values,
)

HIDDEN = [
    {"units": 13, "normalization": "batch"},
    {"units": 7, "activation": "gelu", "normalization": "layer", "dropout": 0.3},
    {"units": 5, "activation": "tanh", "normalization": "batch"},
]


def deep(dtype: str) -> Settings:
    return {
        "data": {"generator": {"name": "gaussian_quantiles", "features": 3, "samples": 90}},
        "model": {"hidden": HIDDEN},
        "loss": "categorical_cross_entropy",
        "training": {"epochs": 3, "class_weight": "balanced"},
        "compute": {"dtype": dtype},
    }


def model_of(directory: Path, settings: Settings) -> Model:
    return load_model(trained(directory, settings).run.best)


def rows(count: int) -> FloatArray:
    return np.random.default_rng(3).normal(size=(count, 3))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_row_has_the_same_bytes_alone_in_a_chunk_and_in_the_file(
    tmp_path: Path, dtype: str
) -> None:
    model, inputs = model_of(tmp_path, deep(dtype)), rows(2 * PREDICTION_ROWS + 19)
    whole = model.outputs_row_by_row(inputs)
    assert whole.dtype == dtype
    for start, stop in ((0, 1), (1, 2), (5, 12), (250, 300), (530, 531), (300, 531)):
        part = model.outputs_row_by_row(inputs[start:stop])
        assert part.tobytes() == whole[start:stop].tobytes()
    backwards = model.outputs_row_by_row(inputs[::-1])[::-1]
    assert backwards.tobytes() == whole.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_other_rows_of_a_batch_do_not_matter(tmp_path: Path, dtype: str) -> None:
    model, inputs = model_of(tmp_path, deep(dtype)), rows(40)
    before = model.outputs_row_by_row(inputs)
    inputs[:7], inputs[8:] = 1e3, -7.0
    after = model.outputs_row_by_row(inputs)
    assert after[7].tobytes() == before[7].tobytes()
    assert not np.allclose(after[8:], before[8:])


@pytest.mark.parametrize("count", [0, 1, PREDICTION_ROWS - 1, PREDICTION_ROWS, 600])
def test_whole_products_say_the_same_within_rounding(tmp_path: Path, count: int) -> None:
    model = model_of(tmp_path, deep("float64"))
    by_chunks, by_rows = model.outputs(rows(count)), model.outputs_row_by_row(rows(count))
    assert by_chunks.shape == by_rows.shape == (count, 3)
    np.testing.assert_allclose(by_chunks, by_rows, rtol=1e-12)


def test_prediction_changes_nothing_in_the_model(tmp_path: Path) -> None:
    model = model_of(tmp_path, deep("float32"))
    before = (model.network.parameters.tobytes(), model.network.state.tobytes())
    first, second = model.outputs(rows(30)), model.outputs(rows(30))
    assert first.tobytes() == second.tobytes()
    assert (model.network.parameters.tobytes(), model.network.state.tobytes()) == before


def test_a_checkpoint_brings_the_whole_model_back(tmp_path: Path) -> None:
    experiment = trained(tmp_path, deep("float32"))
    trainer, model = experiment.assembly.trainer, load_model(experiment.run.last)
    np.testing.assert_array_equal(model.network.parameters, trainer.network.parameters)
    np.testing.assert_array_equal(model.network.state, trainer.network.state)
    assert len(trainer.network.state) > 0
    assert model.epoch == 3
    assert model.loss == trainer.loss
    assert model.decoder == trainer.decoder
    assert model.preprocessing.feature_names == ("x1", "x2", "x3")
    assert model.preprocessing.features == experiment.dataset.preprocessing.features
    np.testing.assert_array_equal(model.class_weight, experiment.assembly.class_weight)
    inputs = experiment.dataset.train.inputs[:32]
    np.testing.assert_array_equal(model.outputs(inputs), trainer.steps.workspace.predict(inputs))


def test_the_last_checkpoint_holds_the_best_network_too(tmp_path: Path) -> None:
    experiment = trained(tmp_path, deep("float32"))
    trainer = experiment.assembly.trainer
    model = model_from_checkpoint(best_checkpoint(read_checkpoint(experiment.run.last)))
    np.testing.assert_array_equal(model.network.parameters, trainer.best_parameters)
    np.testing.assert_array_equal(model.network.state, trainer.best_state)


def test_metadata_keeps_the_names_of_files_and_not_their_places(tmp_path: Path) -> None:
    files = {key: f"deep/down/{key}.npy" for key in PATH_KEYS}
    settings = {"data": files, "loss": "binary_cross_entropy"}
    model = model_of(tmp_path, classification())
    metadata = model_metadata(config_of(tmp_path, settings), model.preprocessing, 5)
    assert {key: metadata["config"]["data"][key] for key in PATH_KEYS} == {
        key: f"{key}.npy" for key in PATH_KEYS
    }
    assert metadata["epoch"] == 5
    assert str(tmp_path) not in str(metadata)


def without(checkpoint: Checkpoint, name: str) -> Checkpoint:
    arrays = {key: array for key, array in checkpoint.arrays.items() if key != name}
    return replace(checkpoint, arrays=arrays)


@pytest.mark.parametrize("name", ["parameters", "state", "feature_scale", "target_center"])
def test_a_checkpoint_without_an_array_is_refused(tmp_path: Path, name: str) -> None:
    run = trained(tmp_path, classification()).run
    path = tmp_path / "less.npz"
    save_checkpoint(path, without(read_checkpoint(run.best), name))
    with pytest.raises(RunError) as caught:
        load_model(path)
    assert str(caught.value) == (f"{path}: the checkpoint does not describe a network: '{name}'")


@pytest.mark.parametrize("shape", [(0,), (1,), (3,), (2, 17)])
def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    checkpoint = read_checkpoint(trained(tmp_path, classification()).run.best)
    assert checkpoint.arrays["parameters"].shape == (17,)
    forged = replace(
        checkpoint, arrays={**checkpoint.arrays, "parameters": np.zeros(shape, np.float32)}
    )
    with pytest.raises(RunError, match="the checkpoint does not describe a network"):
        model_from_checkpoint(forged)


def test_a_checkpoint_with_a_config_that_cannot_be_is_refused(tmp_path: Path) -> None:
    checkpoint = read_checkpoint(trained(tmp_path, classification()).run.best)
    config = {**checkpoint.metadata["config"], "loss": {"name": "magic"}}
    forged = replace(checkpoint, metadata={**checkpoint.metadata, "config": config})
    with pytest.raises(RunError, match="the checkpoint does not describe a network: loss"):
        model_from_checkpoint(forged)


def test_behind_a_step_the_outputs_are_the_net_inputs(tmp_path: Path) -> None:
    weights, biases = [[1.0, 2, -1], [0.5, 0, 1]], [0.25, 0, -0.5]
    settings = {
        "data": {"generator": {"name": "blobs", "samples": 30}, "scaling": "none"},
        "model": {"output": {"initializer": values(weights, biases)}},
        "loss": "perceptron",
        "optimizer": UNCHANGED,
        "training": {"epochs": 1, "shuffle": False},
        "compute": FLOAT64,
    }
    experiment = trained(tmp_path, settings)
    trainer, inputs = experiment.assembly.trainer, experiment.dataset.train.inputs
    expected = inputs @ weights + biases
    model = load_model(experiment.run.best)
    evaluator = Evaluator(trainer.network, trainer.loss, trainer.decoder, 30)
    for outputs in (
        trainer.steps.outputs,
        evaluator.outputs_and_loss(trainer.train)[0],
        model.outputs(inputs),
        model.outputs_row_by_row(inputs),
    ):
        np.testing.assert_allclose(outputs, expected, rtol=1e-12, atol=1e-12)


Part = dict[str, Any]
WIDE = {"units": 1_000_000}
NUMBER = {"name": "x1", "kind": "numeric"}
CATEGORIES = {"name": "x2", "kind": "categorical", "categories": ["a", "b", "c"]}
NOT_FINITE = np.full(17, np.nan, np.float32)
FORGERIES: dict[str, tuple[dict[str, Part], str]] = {
    "far more units than weights": (
        {"model": {"hidden": [WIDE, WIDE]}},
        r"its parameters must have shape \(1000005000001,\) \(received \(17,\)\)",
    ),
    "more units than any machine counts": (
        {"model": {"hidden": [{"units": 10**30}]}},
        r"model.hidden\[0\].units must be at most",
    ),
    "statistics that nobody saved": (
        {
            "model": {"hidden": [{"units": 4, "normalization": "batch"}]},
            "arrays": {"parameters": np.zeros(25)},
        },
        r"its state must have shape \(8,\) \(received \(0,\)\)",
    ),
    "a variance below 0": (
        {
            "model": {"hidden": [{"units": 4, "normalization": "batch"}]},
            "arrays": {"parameters": np.zeros(25), "state": np.linspace(0, -7, 8)},
        },
        "its running variances must not be negative",
    ),
    "classes that are lists": ({"preprocessing": {"classes": [["x"]]}}, "its classes must be"),
    "a center of another length": (
        {"arrays": {"feature_center": np.zeros(3)}},
        "its feature_center must have shape",
    ),
    "a scale of 0": ({"arrays": {"feature_scale": np.zeros(2)}}, "its feature_scale must be"),
    "a feature that is but a name": (
        {"preprocessing": {"features": ["x1", "x2"]}},
        "its feature is not described as nnctl does",
    ),
    "more categories than the network has inputs for": (
        {"preprocessing": {"features": [NUMBER, CATEGORIES]}},
        r"its parameters must have shape \(25,\) \(received \(17,\)\)",
    ),
    "an input for what was missing, that has no weights": (
        {"preprocessing": {"features": [NUMBER, {**NUMBER, "name": "x2", "indicator": True}]}},
        r"its parameters must have shape \(21,\)",
    ),
    "an unknown task": ({"preprocessing": {"task": "magic"}}, "its task must be"),
    "another task than the loss's": (
        {
            "preprocessing": {"task": "regression", "classes": []},
            "arrays": {"target_center": np.zeros(1), "target_scale": np.ones(1)},
        },
        "its config is for no regression",
    ),
    "text for preprocessing": ({"metadata": {"preprocessing": "none"}}, "string indices"),
    "a list for the config": ({"metadata": {"config": [1]}}, "expected a mapping"),
    "an infinite epoch": ({"metadata": {"epoch": float("inf")}}, r"its epoch .* \(received inf\)"),
    "an epoch before the first": ({"metadata": {"epoch": -1}}, "its epoch must be a whole number"),
    "half an epoch": ({"metadata": {"epoch": 1.5}}, "its epoch must be a whole number"),
    "parameters that are no numbers": (
        {"arrays": {"parameters": NOT_FINITE}},
        "its parameters and state must be finite",
    ),
    "parameters too large for float32": (
        {"arrays": {"parameters": np.full(17, 1e300)}},
        "its parameters and state must be finite",
    ),
    "weights of other classes": (
        {"arrays": {"class_weight": np.ones(3)}},
        r"its 2 classes have weights of shape \(3,\)",
    ),
    "a weight below 0": ({"arrays": {"class_weight": np.array([1.0, -1])}}, "its class weights"),
}


def forged(checkpoint: Checkpoint, forgery: dict[str, Part]) -> Checkpoint:
    """Replace some of a checkpoint's arrays, of its metadata, or of what stands in those."""
    config = checkpoint.metadata["config"]
    metadata = {
        **checkpoint.metadata,
        "config": {**config, "model": {**config["model"], **forgery.get("model", {})}},
        "preprocessing": {
            **checkpoint.metadata["preprocessing"],
            **forgery.get("preprocessing", {}),
        },
        **forgery.get("metadata", {}),
    }
    return Checkpoint(metadata, {**checkpoint.arrays, **forgery.get("arrays", {})})


@pytest.mark.parametrize("name", FORGERIES)
def test_a_sealed_checkpoint_whose_parts_do_not_fit_together_is_refused(
    tmp_path: Path, name: str
) -> None:
    forgery, message = FORGERIES[name]
    path = tmp_path / "forged.npz"
    best = read_checkpoint(trained(tmp_path, classification()).run.best)
    save_checkpoint(path, forged(best, forgery))
    with pytest.raises(RunError, match=f"the checkpoint does not describe a network: {message}"):
        load_model(path)


def test_a_regression_has_no_class_weights(tmp_path: Path) -> None:
    settings = {"data": {"generator": "sine"}, "loss": "mean_squared_error"}
    best = read_checkpoint(trained(tmp_path, settings).run.best)
    with pytest.raises(RunError, match="its 0 classes have weights"):
        model_from_checkpoint(forged(best, {"arrays": {"class_weight": np.zeros(0)}}))
