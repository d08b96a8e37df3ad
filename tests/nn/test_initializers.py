from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.initializers import (
    BIAS_INITIALIZERS,
    INITIALIZERS,
    RELU_FAMILY,
    default_initializer,
)

N_INPUTS, N_UNITS = 400, 600
PARAMETERS: dict[str, dict[str, Any]] = {
    "constant": {"value": 0.25},
    "values": {
        "weights": np.arange(N_INPUTS * N_UNITS).reshape(N_INPUTS, N_UNITS).tolist(),
        "biases": np.arange(N_UNITS).tolist(),
    },
}
VARIANCES = {
    "xavier_uniform": 2 / (N_INPUTS + N_UNITS),
    "xavier_normal": 2 / (N_INPUTS + N_UNITS),
    "he_uniform": 2 / N_INPUTS,
    "he_normal": 2 / N_INPUTS,
    "lecun_uniform": 1 / N_INPUTS,
    "lecun_normal": 1 / N_INPUTS,
    "random_uniform": 0.05**2 / 3,
    "random_normal": 0.05**2,
    "orthogonal": 1 / max(N_INPUTS, N_UNITS),
    "zeros": 0.0,
    "constant": 0.0,
}
BOUNDS = {
    "xavier_uniform": math.sqrt(6 / (N_INPUTS + N_UNITS)),
    "he_uniform": math.sqrt(6 / N_INPUTS),
    "lecun_uniform": math.sqrt(3 / N_INPUTS),
    "random_uniform": 0.05,
}


def weights_of(name: str, seed: int = 1) -> Any:
    return INITIALIZERS[name](
        (N_INPUTS, N_UNITS), np.random.default_rng(seed), **PARAMETERS.get(name, {})
    )


def biases_of(name: str, seed: int = 1) -> Any:
    return BIAS_INITIALIZERS[name](
        (N_UNITS,), np.random.default_rng(seed), **PARAMETERS.get(name, {})
    )


@pytest.mark.parametrize("name", INITIALIZERS)
def test_weights_have_the_shape_asked_for_in_float64(name: str) -> None:
    weights = weights_of(name)
    assert weights.shape == (N_INPUTS, N_UNITS)
    assert weights.dtype == np.float64
    assert weights.flags.c_contiguous


@pytest.mark.parametrize("name", BIAS_INITIALIZERS)
def test_biases_have_the_shape_asked_for_in_float64(name: str) -> None:
    assert biases_of(name).shape == (N_UNITS,)
    assert biases_of(name).dtype == np.float64


@pytest.mark.parametrize("name", INITIALIZERS)
def test_one_seed_gives_the_same_bytes_again(name: str) -> None:
    assert weights_of(name).tobytes() == weights_of(name).tobytes()


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"zeros", "constant", "values"}))
def test_another_seed_gives_other_weights(name: str) -> None:
    assert not np.array_equal(weights_of(name, 1), weights_of(name, 2))


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"values"}))
def test_weights_have_the_variance_of_the_formula(name: str) -> None:
    weights = weights_of(name)
    # Five standard errors of a normal sample's variance; the uniform one's are smaller.
    tolerance = 5 * math.sqrt(2 / weights.size) * VARIANCES[name]
    assert weights.var() == pytest.approx(VARIANCES[name], rel=0, abs=tolerance)


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"values", "constant"}))
def test_weights_have_mean_zero(name: str) -> None:
    weights = weights_of(name)
    assert abs(weights.mean()) <= 5 * math.sqrt(VARIANCES[name] / weights.size)


@pytest.mark.parametrize(("name", "bound"), BOUNDS.items())
def test_uniform_weights_fill_their_interval_and_no_more(name: str, bound: float) -> None:
    largest = np.abs(weights_of(name)).max()
    assert 0.999 * bound < largest <= bound


def test_normal_weights_are_not_truncated() -> None:
    weights = weights_of("he_normal") / math.sqrt(2 / N_INPUTS)
    beyond_two = np.mean(np.abs(weights) > 2)
    assert beyond_two == pytest.approx(math.erfc(math.sqrt(2)), abs=0.002)


@pytest.mark.parametrize("shape", [(30, 7), (7, 30), (12, 12), (1, 5), (5, 1)])
def test_orthogonal_weights_keep_lengths(shape: tuple[int, int]) -> None:
    weights = INITIALIZERS["orthogonal"](shape, np.random.default_rng(3), gain=2.0)
    product = weights.T @ weights if shape[0] >= shape[1] else weights @ weights.T
    np.testing.assert_allclose(product, 4.0 * np.eye(min(shape)), atol=1e-13)


def test_orthogonal_weights_favour_no_sign() -> None:
    # LAPACK's own sign convention makes the first entry negative nearly always.
    corners = [
        INITIALIZERS["orthogonal"]((4, 4), np.random.default_rng(seed))[0, 0] for seed in range(400)
    ]
    assert np.mean(np.sign(corners)) == pytest.approx(0.0, abs=0.2)


def test_scale_and_value_are_honoured() -> None:
    rng = np.random.default_rng(0)
    assert np.abs(INITIALIZERS["random_uniform"]((50, 50), rng, scale=3.0)).max() > 2.9
    assert INITIALIZERS["random_normal"]((50, 50), rng, scale=3.0).std() > 2.8
    assert set(INITIALIZERS["constant"]((2, 3), rng, value=-1.5).ravel()) == {-1.5}


def test_given_values_become_the_weights_and_the_biases() -> None:
    given = {"weights": [[0.5, 1, 7], [1, 2, 1]], "biases": [1, 2, 3]}
    rng = np.random.default_rng(0)
    assert INITIALIZERS["values"]((2, 3), rng, **given).tolist() == given["weights"]
    assert BIAS_INITIALIZERS["values"]((3,), rng, **given).tolist() == given["biases"]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([[1.0, 2.0]], r"weights must have shape \(2, 2\) \(received \(1, 2\)\)"),
        ([[1.0, 2.0], [3.0]], "weights must be numbers in rows of one length"),
    ],
)
def test_values_of_another_shape_are_refused(weights: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        INITIALIZERS["values"]((2, 2), np.random.default_rng(0), weights=weights)


def test_biases_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"biases must have shape \(2,\) \(received \(3,\)\)"):
        BIAS_INITIALIZERS["values"]((2,), np.random.default_rng(0), biases=[1.0, 2.0, 3.0])


def test_the_relu_family_names_activations_that_exist() -> None:
    assert RELU_FAMILY
    assert set(ACTIVATIONS) >= RELU_FAMILY


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_default_initializer_fits_the_activation(activation: str) -> None:
    expected = "he_normal" if activation in RELU_FAMILY else "xavier_uniform"
    assert default_initializer(activation) == expected


def test_relu_starts_with_he_and_tanh_with_xavier() -> None:
    assert default_initializer("relu") == "he_normal"
    assert default_initializer("tanh") == "xavier_uniform"
