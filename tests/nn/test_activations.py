from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnctl.nn.activation import Activation
from nnctl.nn.activations import ACTIVATIONS, Softmax, Step
from nnctl.nn.rectifiers import ELU, FEW, GELU, LeakyReLU, ReLU
from nnctl.nn.special import erf

REFERENCE = np.load(Path(__file__).parents[1] / "reference" / "activations.npz")
# The reference's names for an activation whose parameters are part of the name.
REFERENCE_NAMES: dict[str, tuple[type[Activation], str]] = {
    **{name: (kind, name) for name, kind in ACTIVATIONS.items()},
    "leaky_relu": (LeakyReLU, "leaky_relu_0.01"),
    "elu": (ELU, "elu_1.0"),
}
ELEMENTWISE = [name for name in ACTIVATIONS if name not in ("step", "softmax")]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_value_and_derivative_meet_the_reference(name: str) -> None:
    kind, key = REFERENCE_NAMES[name]
    activation = kind()
    np.testing.assert_allclose(
        activation(REFERENCE["z"]), REFERENCE[f"{key}/value"], rtol=1e-10, atol=1e-14
    )
    np.testing.assert_allclose(
        activation.slope_at(REFERENCE["z"]), REFERENCE[f"{key}/derivative"], rtol=1e-10, atol=1e-14
    )


def test_tanh_gelu_meets_the_reference() -> None:
    activation = GELU(approximate="tanh")
    np.testing.assert_allclose(
        activation(REFERENCE["z"]), REFERENCE["gelu_tanh/value"], rtol=1e-10, atol=1e-14
    )
    np.testing.assert_allclose(
        activation.slope_at(REFERENCE["z"]),
        REFERENCE["gelu_tanh/derivative"],
        rtol=1e-10,
        atol=1e-14,
    )


def test_softmax_meets_the_reference() -> None:
    np.testing.assert_allclose(
        Softmax()(REFERENCE["softmax/z"]), REFERENCE["softmax/value"], rtol=1e-10, atol=1e-14
    )


def test_every_reference_value_is_held() -> None:
    held = {f"{key}/value" for _, key in REFERENCE_NAMES.values()} | {"gelu_tanh/value"}
    # log_softmax is part of the fused loss, whose test holds it.
    assert {n for n in REFERENCE.files if n.endswith("/value")} - held == {"log_softmax/value"}


def test_step_is_zero_at_zero_unless_told_otherwise() -> None:
    z = np.array([-0.7, 0.0, 1e-300])
    assert Step()(z).tolist() == [0.0, 0.0, 1.0]
    assert Step(at_zero=1.0)(z).tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finite_and_silent_far_out(name: str, dtype: type[np.floating[Any]]) -> None:
    z = np.array([[-750.0, -100.0, -1e-30, 0.0, 1e-30, 100.0, 750.0]], dtype=dtype)
    activation = ACTIVATIONS[name]()
    assert activation(z).dtype == dtype
    assert np.isfinite(activation(z)).all()
    assert np.isfinite(activation.slope_at(z)).all()


@pytest.mark.parametrize("name", [n for n in ACTIVATIONS if n != "softmax"])
def test_derivative_is_the_slope(name: str) -> None:
    z = np.array([-5.3, -1.2, -0.4, 0.3, 0.9, 2.2, 6.1])
    activation = ACTIVATIONS[name]()
    h = 1e-3  # a five-point difference errs by h⁴ here, about 1e-12
    numeric = (
        activation(z - 2 * h)
        - 8 * activation(z - h)
        + 8 * activation(z + h)
        - activation(z + 2 * h)
    ) / (12 * h)
    np.testing.assert_allclose(activation.slope_at(z), numeric, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("parameters", [{"alpha": 0.3}, {"alpha": 2.5}])
def test_elu_with_another_alpha(parameters: dict[str, float]) -> None:
    z = np.array([-2.0, 3.0])
    alpha = parameters["alpha"]
    elu = ELU(**parameters)
    np.testing.assert_allclose(elu(z), [alpha * (math.exp(-2.0) - 1.0), 3.0], rtol=1e-15)
    np.testing.assert_allclose(elu.slope_at(z), [alpha * math.exp(-2.0), 1.0], rtol=1e-15)


@pytest.mark.parametrize("rows", [1, FEW])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_slope_of_relu_is_0_or_1_of_few_numbers_and_of_many(
    rows: int, dtype: type[np.floating[Any]]
) -> None:
    z = np.array([[-np.inf, -2.0, -0.0, 0.0, np.finfo(dtype).smallest_subnormal, 3.0, np.inf]])
    slopes = ReLU().slope_at(np.repeat(z.astype(dtype), rows, axis=0))
    np.testing.assert_array_equal(slopes, [[0, 0, 0, 0, 1, 1, 1]] * rows)


def test_erf_is_exact_to_1e_15() -> None:
    x = np.linspace(-7.0, 7.0, 2801)
    exact = np.array([math.erf(value) for value in x])
    assert np.abs(erf(x) - exact).max() < 1e-15


@given(
    arrays(np.float64, (3, 4), elements=st.floats(-700, 700)),
    st.floats(-50, 50),
)
def test_softmax_rows_sum_to_one_and_ignore_an_added_constant(
    z: np.ndarray[tuple[int, int], np.dtype[np.float64]], constant: float
) -> None:
    p = Softmax()(z)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(Softmax()(z + constant), p, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(
    ("activation", "written"),
    [
        (LeakyReLU(0.2), "f(z) = z if z > 0 else slope * z, slope = 0.2"),
        (ELU(), "f(z) = z if z > 0 else alpha * (exp(z) - 1), alpha = 1"),
        (Step(), "f(z) = 1 if z > 0 else 0"),
    ],
)
def test_a_formula_is_written_with_its_parameters(activation: Activation, written: str) -> None:
    assert activation.written == written


def test_activations_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        LeakyReLU().slope = 0.5  # type: ignore[misc]
