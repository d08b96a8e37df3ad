"""Rules about the gradient on its way back through the layers."""

from __future__ import annotations

import math

import numpy as np

from nnctl.analysis.case import Case, median
from nnctl.analysis.findings import Finding, Look, Unknown
from nnctl.analysis.remedies import (
    alternatives,
    layer_key,
    lower_rate,
    scaled_data,
    usual_beginning,
)
from nnctl.data.arrays import FloatArray
from nnctl.training.observing import LARGEST_SLOPES

VANISHED = 1e-2  # of the output layer's gradient, each against its own weights
LEFT_BEHIND = 0.1  # of the output layer's update ratio
LITTLE_LEARNT = 0.1  # of the constant answer's training loss taken away
EXPLODED = 10.0  # a gradient that is so long, and so many times as long as its weights


def vanishing_gradients(case: Case) -> Look | Unknown:
    """Whether a hidden layer gets far less of the gradient than the output layer.

    That is seen where the output layer gets most: a network that is stuck, or has learnt all, has
    little more than noise there. Adaptive steps make up for small gradients: it is in order where
    the layer's weights move like those of the output, and something is learnt.
    """
    n_hidden = len(case.layers) - 1
    if n_hidden == 0:
        return Look("there are no hidden layers")
    ratios = case.gradients_by_weights
    ratios = np.where(np.isfinite(ratios).all(axis=1, keepdims=True), ratios, 0.0)
    if not ratios[:, -1].any():
        return Unknown(case.why_no_layers)
    strongest = int(np.argmax(ratios[:, -1]))
    shares = ratios[strongest, :-1] / ratios[strongest, -1]
    moved = medians_by_output(case.of_layers("update_ratio"))
    gain = case.gain()
    stuck = gain is not None and gain < LITTLE_LEARNT
    weak = [
        layer
        for layer in range(n_hidden)
        if shares[layer] < VANISHED and (stuck or not moved[layer] >= LEFT_BEHIND)
    ]
    lowest = int(np.argmin(shares))
    seen = (
        f"{case.layers[lowest]} gets {shares[lowest]:.2g} of the output layer's gradient "
        f"{case.after(strongest)}, each against its weights"
    )
    return Look(seen, (_vanishing(case, weak, seen),) if weak else ())


def medians_by_output(values: FloatArray) -> FloatArray:
    """Return each hidden layer's values (n_observations, n_layers) in parts of the output's.

    The medians (n_layers - 1,) of all observations; NaN where none is finite.
    """
    n_hidden = values.shape[1] - 1
    return np.array([median(values[:, layer] / values[:, -1]) for layer in range(n_hidden)])


def _vanishing(case: Case, weak: list[int], seen: str) -> Finding:
    names = [layer.activation.name for layer in case.model.network.layers[:-1]]
    hidden = range(len(names))
    limited = [layer for layer in hidden if names[layer] in LARGEST_SLOPES]
    normal = [layer for layer in hidden if case.config.model.hidden[layer].normalization]
    return Finding(
        what=f"the gradient vanishes on its way back to {case.layers[weak[0]]}",
        evidence=seen,
        remedy="each layer passes on a part of it: take rectifiers, normalization, fewer layers, "
        "or larger weights to begin with",
        settings=alternatives(
            [f"{layer_key(case, layer)}.activation=relu" for layer in limited],
            [f"{layer_key(case, i)}.normalization=layer" for i in hidden if i not in normal],
            usual_beginning(case, hidden),
        ),
        layer=case.layers[weak[0]],
    )


def exploding_gradients(case: Case) -> Look | Unknown:
    """Whether a gradient is far longer than the weights that it is to change."""
    if len(case.layers) == 1:
        return Look("there are no hidden layers")
    ratios = case.gradients_by_weights
    finite = np.where(np.isfinite(ratios), ratios, -math.inf)
    if not np.isfinite(finite).any():
        return Unknown(case.why_no_layers)
    row, layer = map(int, np.unravel_index(int(np.argmax(finite)), finite.shape))
    largest, norm = float(finite[row, layer]), float(case.of_layers("gradient_norm")[row, layer])
    moment = case.after(row)
    seen = (
        f"the norm of a layer's gradient is at most {largest:.2g} times that of its weights, in "
        f"{case.layers[layer]} {moment}"
    )
    if case.config.training.gradient_clipping is not None:
        return Look(f"{seen} (training clips it)")
    if min(largest, norm) < EXPLODED:
        return Look(seen)
    finding = Finding(
        what=f"the gradient explodes in {case.layers[layer]}",
        evidence=f"its norm is {norm:.2g} {moment}, {largest:.2g} times that of the weights",
        remedy="clip it, take smaller steps, scale what is not scaled, or begin with smaller "
        "weights",
        settings=alternatives(
            ["training.gradient_clipping={norm: 1}"],
            scaled_data(case),
            usual_beginning(case, range(len(case.layers))),
            lower_rate(case),
        ),
        layer=case.layers[layer],
    )
    return Look(seen, (finding,))
