"""The activation functions that a layer may have, in one table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnctl.nn.activation import Activation, Scratch
from nnctl.nn.arrays import FloatArray
from nnctl.nn.operations import row_maxima, row_sums
from nnctl.nn.rectifiers import ELU, GELU, SELU, LeakyReLU, Mish, ReLU, SiLU, Softplus
from nnctl.nn.special import sigmoid


@dataclass(frozen=True)
class Identity(Activation):
    """f(z) = z: the output of a regression."""

    name = "identity"
    formula = "f(z) = z"

    def forward(self, z: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        out[...] = z

    def derivative(self, z: FloatArray, a: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        out.fill(1.0)


@dataclass(frozen=True)
class Step(Activation):
    """f(z) = 1 where z > 0, else 0: the perceptron of Rosenblatt (1958).

    Texts differ at exactly z = 0; `at_zero` says which of 0 and 1 stands there. The derivative is 0
    wherever it exists, so a step learns only through the perceptron criterion. Of several steps
    the one with the largest z decides, since a is the same for all that fire.
    """

    at_zero: float = 0.0
    name = "step"
    decides_by_score = True
    formula = "f(z) = 1 if z > 0 else 0"

    def forward(self, z: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        np.heaviside(z, self.at_zero, out=out)

    def derivative(self, z: FloatArray, a: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        out.fill(0.0)


@dataclass(frozen=True)
class Sigmoid(Activation):
    """σ(z) = 1 / (1 + e^-z), between 0 and 1; σ' = σ (1 - σ)."""

    name = "sigmoid"
    formula = "f(z) = 1 / (1 + exp(-z))"

    def forward(self, z: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        sigmoid(z, out)

    def derivative(self, z: FloatArray, a: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        np.subtract(1.0, a, out=out)
        out *= a


@dataclass(frozen=True)
class Tanh(Activation):
    """tanh(z), between -1 and 1; tanh' = 1 - tanh²."""

    name = "tanh"
    formula = "f(z) = tanh(z)"

    def forward(self, z: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        np.tanh(z, out=out)

    def derivative(self, z: FloatArray, a: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        np.multiply(a, a, out=out)
        np.subtract(1.0, out, out=out)


@dataclass(frozen=True)
class Softsign(Activation):
    """z / (1 + |z|); the derivative is 1 / (1 + |z|)²."""

    name = "softsign"
    formula = "f(z) = z / (1 + |z|)"

    def forward(self, z: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        np.abs(z, out=out)
        out += 1.0
        np.divide(z, out, out=out)

    def derivative(self, z: FloatArray, a: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        np.abs(z, out=out)
        out += 1.0
        np.reciprocal(out, out=out)
        out *= out


@dataclass(frozen=True)
class Softmax(Activation):
    """a_i = e^z_i / Σ_j e^z_j: probabilities of classes that exclude one another."""

    name = "softmax"
    formula = "f(z)_i = exp(z_i) / sum_j exp(z_j)"

    def forward(self, z: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        np.subtract(z, row_maxima(z), out=out)  # exp cannot overflow
        np.exp(out, out=out)
        out /= row_sums(out)  # at least 1

    def derivative(self, z: FloatArray, a: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        """Write the diagonal a_i (1 - a_i) of the Jacobian, which is what a curve can show."""
        np.subtract(1.0, a, out=out)
        out *= a

    def backward(
        self, z: FloatArray, a: FloatArray, d_a: FloatArray, out: FloatArray, scratch: Scratch
    ) -> None:
        """dL/dz_i = a_i (dL/da_i - Σ_j dL/da_j a_j): every output depends on every z."""
        np.multiply(d_a, a, out=out)
        np.subtract(d_a, row_sums(out), out=out)
        out *= a


ACTIVATIONS: dict[str, type[Activation]] = {
    kind.name: kind
    for kind in (
        Identity,
        Step,
        Sigmoid,
        Tanh,
        ReLU,
        LeakyReLU,
        Softmax,
        ELU,
        SELU,
        GELU,
        SiLU,
        Softplus,
        Softsign,
        Mish,
    )
}
