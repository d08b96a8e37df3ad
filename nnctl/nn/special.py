"""The two special functions that NumPy lacks or that overflow when written down plainly."""

from __future__ import annotations

import numpy as np

from nnctl.nn.arrays import FloatArray

# The largest x with a finite exp(x), rounded down, by the bytes of one number.
LARGEST_EXPONENT = {4: 88.0, 8: 709.0}

# Chebyshev coefficients on u in [-1, 1] of log(erfc(x) / t) + x^2, where t = 2 / (2 + x) and
# u = 2 t - 1: the form of Press et al., Numerical Recipes, section 6.2.2; the coefficients were
# computed by interpolation with 60 digits. Those left out are below 2e-16 in sum.
ERFC_CHEBYSHEV = (
    -0.6513268598908547171,
    0.6419697923564902603,
    0.019476473204185836312,
    -0.0095615147868086316419,
    -0.0009465953444820368663,
    0.00036683949785276145187,
    0.000042523324806907771645,
    -0.000020278578112534243154,
    -1.6242900046470255135e-6,
    1.3036558355805232018e-6,
    1.5626441722066143178e-8,
    -8.5238095914926542525e-8,
    6.5290544390988514964e-9,
    5.0593434955514689418e-9,
    -9.9136415649303308674e-10,
    -2.2736512229318358557e-10,
    9.646791102015526802e-11,
    2.3940380830391147447e-12,
    -6.8860275264975533984e-12,
    8.9448792730907257167e-13,
    3.1309213993429580783e-13,
    -1.1270822361367252366e-13,
    3.8109052551892320552e-16,
    7.1060976136092369878e-15,
    -1.5230282014571043043e-15,
    -9.4574945712912340005e-17,
    1.2102371892242789923e-16,
)


def _powers(terms: int) -> tuple[float, ...]:
    """Return the first `terms` Chebyshev terms as coefficients of 1, u, u^2, ... for Horner."""
    return tuple(
        float(c) for c in np.polynomial.chebyshev.cheb2poly(np.array(ERFC_CHEBYSHEV[:terms]))
    )


# Single precision is served by the terms above 1e-9.
ERFC_POLYNOMIAL = {4: _powers(15), 8: _powers(len(ERFC_CHEBYSHEV))}


def sigmoid(z: FloatArray, out: FloatArray) -> None:
    """Write σ(z) = 1 / (1 + e^-z) into `out`, accurate relative to σ(z) in both tails.

    The left one ends where e^-z would overflow: below z = -88 in float32 and -709 in float64,
    σ stays at its value there, about 6e-39 and 1e-308.
    """
    np.maximum(z, -LARGEST_EXPONENT[z.itemsize], out=out)  # e^-z cannot overflow
    np.negative(out, out=out)
    np.exp(out, out=out)
    out += 1.0
    np.reciprocal(out, out=out)


def normal_cdf(z: FloatArray, out: FloatArray, scratch: FloatArray) -> None:
    """Write Φ(z) = erfc(-z / √2) / 2, the standard normal's distribution function, into `out`.

    `scratch` is (2, *z.shape). The error is below 1e-15 in float64,
    and the left tail keeps its relative accuracy.
    """
    t, x = scratch[0], scratch[1]
    np.abs(z, out=x)
    x *= 0.5**0.5
    np.add(x, 2.0, out=t)
    np.divide(2.0, t, out=t)
    coefficients = ERFC_POLYNOMIAL[z.itemsize]
    u = t
    u *= 2.0
    u -= 1.0
    out.fill(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        out *= u
        out += coefficient
    x *= x
    out -= x
    np.exp(out, out=out)
    t += 1.0  # u + 1 = 2 t
    out *= t
    out *= 0.25  # now erfc(|z| / √2) / 2 = Φ(-|z|)
    np.greater(z, 0.0, out=x)
    np.subtract(x, out, out=out)  # 1 - Φ(-|z|) on the right, -Φ(-|z|) on the left
    np.abs(out, out=out)


def erf(x: FloatArray) -> FloatArray:
    """Return erf(x) = 2 Φ(x √2) - 1, to an absolute 1e-15 in float64."""
    out = np.empty_like(x)
    normal_cdf(x * 2.0**0.5, out, np.empty((2, *x.shape), x.dtype))
    return 2.0 * out - 1.0
