from __future__ import annotations

from pathlib import Path

import numpy as np

from nnctl.nn.normalization import (
    BatchNormalization,
    LayerNormalization,
    Standardize,
    StandardizeBatch,
    StandardizeLayer,
)

REFERENCE = np.load(Path(__file__).parents[1] / "reference" / "normalization.npz")
ROWS, UNITS = REFERENCE["inputs"].shape


def batch_stage(rows: int = ROWS) -> StandardizeBatch:
    parameters = {"scale": REFERENCE["scale"], "shift": REFERENCE["shift"]}
    gradients = {"scale": np.zeros(UNITS), "shift": np.zeros(UNITS)}
    state = {"running_mean": np.zeros(UNITS), "running_variance": np.ones(UNITS)}
    return StandardizeBatch(BatchNormalization(), parameters, gradients, state, (rows,))


def assert_meets_reference(stage: Standardize, key: str) -> None:
    outputs = stage.forward(REFERENCE["inputs"]).copy()
    d_inputs = stage.backward(REFERENCE["upstream"])
    for name, value in (
        ("output", outputs),
        ("grad_inputs", d_inputs),
        ("grad_scale", stage.d_scale),
        ("grad_shift", stage.d_shift),
    ):
        np.testing.assert_allclose(value, REFERENCE[f"{key}/{name}"], rtol=1e-10, atol=1e-14)


def test_batch_normalization_meets_the_reference() -> None:
    stage = batch_stage()
    assert_meets_reference(stage, "batch_norm")
    for name, value in (("mean", stage.running_mean), ("var", stage.running_variance)):
        np.testing.assert_allclose(value, REFERENCE[f"batch_norm/running_{name}"], rtol=1e-10)


def test_layer_normalization_meets_the_reference() -> None:
    parameters = {"scale": REFERENCE["scale"], "shift": REFERENCE["shift"]}
    gradients = {"scale": np.zeros(UNITS), "shift": np.zeros(UNITS)}
    stage = StandardizeLayer(LayerNormalization(), parameters, gradients, (ROWS,))
    assert_meets_reference(stage, "layer_norm")


def test_a_batch_of_one_row_leaves_the_running_statistics() -> None:
    stage = batch_stage(1)
    stage.forward(REFERENCE["inputs"][:1])
    assert stage.running_variance.tolist() == [1.0] * UNITS
    assert stage.running_mean.tolist() == [0.0] * UNITS


def test_prediction_uses_the_running_statistics_and_leaves_them() -> None:
    stage = batch_stage()
    for _ in range(400):
        stage.forward(REFERENCE["inputs"])
    mean, variance = stage.running_mean.copy(), stage.running_variance.copy()
    outputs = stage.predict(REFERENCE["inputs"]).copy()
    expected = (REFERENCE["inputs"] - mean) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(
        outputs, expected * REFERENCE["scale"] + REFERENCE["shift"], rtol=1e-12, atol=1e-14
    )
    assert np.array_equal(stage.running_mean, mean)
    assert np.array_equal(stage.running_variance, variance)
    np.testing.assert_allclose(mean, REFERENCE["inputs"].mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(variance, REFERENCE["inputs"].var(axis=0, ddof=1), rtol=1e-12)
