"""Where the weights and biases of a layer start: one function a scheme, two tables of names.

A signal that passes many layers neither dies nor explodes when each layer keeps its variance;
most schemes here are that demand, solved for the variance of the weights. `shape` is
`(n_inputs, n_units)` for weights and `(n_units,)` for biases; the result is always float64, and
the caller rounds it to the dtype of the network, so that a seed means the same start in both.
Normal distributions are drawn whole: nothing is truncated at two standard deviations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnctl.nn.arrays import FloatArray

Shape = tuple[int, ...]


def xavier_uniform(shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
    """U(-b, b) with b = sqrt(6 / (n_inputs + n_units)): variance 2 / (n_inputs + n_units).

    The mean of what keeps the variance forwards (1 / n_inputs) and backwards (1 / n_units)
    for activations with slope 1 at zero (Glorot & Bengio 2010, AISTATS, eq. 16).
    """
    return _uniform_of_variance(2 / (shape[0] + shape[1]), shape, rng)


def xavier_normal(shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
    """N(0, 2 / (n_inputs + n_units)): `xavier_uniform`'s variance (Glorot & Bengio 2010)."""
    return _normal_of_variance(2 / (shape[0] + shape[1]), shape, rng)


def he_uniform(shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
    """U(-b, b) with b = sqrt(6 / n_inputs): `he_normal`'s variance, 2 / n_inputs."""
    return _uniform_of_variance(2 / shape[0], shape, rng)


def he_normal(shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
    """N(0, 2 / n_inputs): a rectifier passes half of the signal, so the variance is doubled.

    He, Zhang, Ren & Sun 2015, "Delving Deep into Rectifiers", ICCV, eq. 10.
    """
    return _normal_of_variance(2 / shape[0], shape, rng)


def lecun_uniform(shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
    """U(-b, b) with b = sqrt(3 / n_inputs): `lecun_normal`'s variance, 1 / n_inputs."""
    return _uniform_of_variance(1 / shape[0], shape, rng)


def lecun_normal(shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
    """N(0, 1 / n_inputs): inputs of variance 1 give sums of variance 1.

    LeCun, Bottou, Orr & Müller 1998, "Efficient BackProp", section 4.6; what selu needs to
    normalize itself (Klambauer et al. 2017).
    """
    return _normal_of_variance(1 / shape[0], shape, rng)


def random_uniform(shape: Shape, rng: np.random.Generator, *, scale: float = 0.05) -> FloatArray:
    """U(-scale, scale), whatever the size of the layer: variance scale^2 / 3."""
    # Twice the half: the same bits, and the width of the interval never overflows.
    return 2.0 * rng.uniform(-scale / 2, scale / 2, shape)


def random_normal(shape: Shape, rng: np.random.Generator, *, scale: float = 0.05) -> FloatArray:
    """N(0, scale^2), whatever the size of the layer."""
    return scale * rng.standard_normal(shape)


def orthogonal(
    shape: tuple[int, int], rng: np.random.Generator, *, gain: float = 1.0
) -> FloatArray:
    """A random matrix with orthonormal rows or columns (whichever are fewer), times `gain`.

    It keeps lengths exactly, where the others keep them on average (Saxe, McClelland & Ganguli
    2014, ICLR). Q of a QR factorization of normal numbers is uniform over such matrices only
    when the diagonal of R is made positive (Mezzadri 2007).
    """
    tall = (max(shape), min(shape))
    q, r = np.linalg.qr(rng.standard_normal(tall))
    q *= np.where(np.diag(r) < 0, -gain, gain)
    return q if shape == tall else np.ascontiguousarray(q.T)


def zeros(shape: Shape, _rng: np.random.Generator) -> FloatArray:
    """All 0: right for biases; as weights it makes all units of a hidden layer equal for ever."""
    return np.zeros(shape)


def constant(shape: Shape, _rng: np.random.Generator, *, value: float) -> FloatArray:
    """All `value`."""
    return np.full(shape, float(value))


def weight_values(
    shape: tuple[int, int],
    _rng: np.random.Generator,
    *,
    weights: Sequence[Sequence[float]],
    biases: Sequence[float] | None = None,  # noqa: ARG001
) -> FloatArray:
    """The given weights, `weights[i][j]` from input i to unit j; `biases` is not read here.

    A config gives a layer's weights and biases in one place, so both tables take both.

    Raises:
        ValueError: when they are not (n_inputs, n_units).
    """
    return _given("weights", shape, weights)


def bias_values(
    shape: tuple[int],
    _rng: np.random.Generator,
    *,
    biases: Sequence[float],
    weights: Sequence[Sequence[float]] | None = None,  # noqa: ARG001
) -> FloatArray:
    """The given biases, one a unit; `weights` is not read here.

    Raises:
        ValueError: when they are not (n_units,).
    """
    return _given("biases", shape, biases)


INITIALIZERS: dict[str, Callable[..., FloatArray]] = {
    "xavier_uniform": xavier_uniform,
    "xavier_normal": xavier_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "lecun_uniform": lecun_uniform,
    "lecun_normal": lecun_normal,
    "random_uniform": random_uniform,
    "random_normal": random_normal,
    "orthogonal": orthogonal,
    "zeros": zeros,
    "constant": constant,
    "values": weight_values,
}

BIAS_INITIALIZERS: dict[str, Callable[..., FloatArray]] = {
    "zeros": zeros,
    "constant": constant,
    "random_uniform": random_uniform,
    "random_normal": random_normal,
    "values": bias_values,
}

# These let positive sums through nearly unchanged and hold negative ones back, which is what
# he_normal's factor 2 makes up for (He et al. 2015, section 2.2). selu is no member: it is
# built for variance 1 / n_inputs, which xavier has wherever neighbouring layers are equally wide.
RELU_FAMILY = frozenset({"relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "mish"})


def default_initializer(activation: str) -> str:
    """The initializer of a layer that names none: fitted to the activation that follows it."""
    return "he_normal" if activation in RELU_FAMILY else "xavier_uniform"


def _uniform_of_variance(variance: float, shape: Shape, rng: np.random.Generator) -> FloatArray:
    bound = math.sqrt(3 * variance)  # U(-b, b) has variance b^2 / 3
    return rng.uniform(-bound, bound, shape)


def _normal_of_variance(variance: float, shape: Shape, rng: np.random.Generator) -> FloatArray:
    return math.sqrt(variance) * rng.standard_normal(shape)


def _given(kind: str, shape: Shape, numbers: Sequence[Any]) -> FloatArray:
    try:
        array = np.array(numbers, dtype=np.float64)
    except ValueError:
        raise ValueError(f"{kind} must be numbers in rows of one length") from None
    if array.shape != shape:
        raise ValueError(f"{kind} must have shape {shape} (received {array.shape})")
    return array
