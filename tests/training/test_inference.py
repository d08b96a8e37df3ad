from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

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
    assert model.preprocessing.features == ("x1", "x2", "x3")
    np.testing.assert_array_equal(model.class_weight, experiment.assembly.class_weight)
    inputs = experiment.dataset.train.inputs[:32]
    np.testing.assert_array_equal(model.outputs(inputs), trainer.workspace.predict(inputs))


def test_the_last_checkpoint_holds_the_best_network_too(tmp_path: Path) -> None:
    experiment = trained(tmp_path, deep("float32"))
    trainer = experiment.assembly.trainer
    model = model_from_checkpoint(read_checkpoint(experiment.run.last), prefix="best_")
    np.testing.assert_array_equal(model.network.parameters, trainer.best_parameters)
    np.testing.assert_array_equal(model.network.state, trainer.best_state)


def test_metadata_keeps_the_name_of_the_data_and_not_its_place(tmp_path: Path) -> None:
    settings = {
        "data": {"source": "deep/down/rows.csv", "target": "y"},
        "loss": "binary_cross_entropy",
    }
    model = model_of(tmp_path, classification())
    metadata = model_metadata(config_of(tmp_path, settings), model.preprocessing, 5)
    assert metadata["config"]["data"]["source"] == "rows.csv"
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
        trainer.outputs,
        evaluator.outputs_and_loss(trainer.train)[0],
        model.outputs(inputs),
        model.outputs_row_by_row(inputs),
    ):
        np.testing.assert_allclose(outputs, expected, rtol=1e-12, atol=1e-12)
