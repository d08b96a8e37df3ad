"""Rules about units that let nothing through: dead rectifiers, and those that sit at a limit."""

from __future__ import annotations

from collections.abc import Collection

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
from nnctl.nn.loss import OutputLoss
from nnctl.training.observing import LARGEST_SLOPES, MOST_ROWS, RECTIFIERS

DEAD = 0.4  # of a layer's units, after the last epoch
SATURATED = 0.5  # of a layer's units, in the median of the epochs
MUCH_LEARNT = 0.5  # of the constant answer's training loss taken away


def dead_units(case: Case) -> Look | Unknown:
    """Whether many units of a rectifier are off for every row, so that no gradient revives them."""
    layers = layers_with(case, RECTIFIERS)
    if not layers:
        return Look("no layer has rectifiers that could be")
    shares = case.of_layers("dead")
    if not len(shares):
        return Unknown(case.why_no_layers)
    dead = [layer for layer in layers if shares[-1, layer] >= DEAD]
    seen = f"off on all of {shown_rows(case)} {case.after(-1)}: "
    return Look(
        seen + of_each(case, layers, shares[-1]), tuple(_dead(case, layer, dead) for layer in dead)
    )


def _dead(case: Case, layer: int, dead: list[int]) -> Finding:
    shares, units = case.of_layers("dead")[:, layer], case.model.network.layers[layer].units
    since = int(np.flatnonzero(shares >= DEAD)[0])
    name, share = case.layers[layer], float(shares[-1])
    what = f"{share * units:.0f} of {units} units of {name} are dead"
    if share == 1.0:
        what = f"all {units} units of {name} are dead: nothing passes through it"
    return Finding(
        what=what,
        evidence=f"{share:.0%} are off on all of {shown_rows(case)} {case.after(-1)}, and at least "
        f"{DEAD:.0%} were {case.after(since)}",
        remedy="take an activation that lets something through below 0, smaller steps, or the "
        "usual weights and biases to begin with",
        settings=alternatives(
            [
                f"{layer_key(case, i)}.activation=leaky_relu"
                for i in dead
                if i < len(case.layers) - 1
            ],
            usual_beginning(case, dead),
            lower_rate(case),
        ),
        layer=name,
    )


def saturated_units(case: Case) -> Look | Unknown:
    """Whether many units are at a limit for most rows, all through the training.

    Of the output layer that is a success where the network is right.
    """
    layers = layers_with(case, LARGEST_SLOPES)
    if not layers:
        return Look("no hidden layer has units that can saturate, as sigmoid or tanh units can")
    shares = case.of_layers("saturated")
    if not len(shares):
        return Unknown(case.why_no_layers)
    medians = np.array([median(of_layer) for of_layer in shares.T])
    gain = case.gain()
    if gain is not None and gain >= MUCH_LEARNT:
        layers = [layer for layer in layers if layer < len(case.layers) - 1]
    bad = [layer for layer in layers if medians[layer] >= SATURATED]
    seen = f"at a limit on most of {shown_rows(case)}: {of_each(case, layers, medians)}"
    return Look(seen, tuple(_saturated(case, layer, float(medians[layer]), bad) for layer in bad))


def _saturated(case: Case, layer: int, share: float, bad: list[int]) -> Finding:
    first, last = case.of_layers("saturated")[[0, -1], layer]
    name = case.model.network.layers[layer].activation.name
    return Finding(
        what=f"the {name} units of {case.layers[layer]} are saturated",
        evidence=f"{share:.0%} of them are at a limit on at least nine in ten of "
        f"{shown_rows(case)} ({first:.0%} {case.after(0)}, {last:.0%} {case.after(-1)}), where "
        "the slope is less than a twentieth of its largest",
        remedy="scale what comes in, begin with smaller weights, normalize, or take smaller steps",
        settings=alternatives(
            scaled_data(case),
            usual_beginning(case, bad),
            [f"{layer_key(case, i)}.normalization=layer" for i in bad if i < len(case.layers) - 1],
            lower_rate(case),
        ),
        layer=case.layers[layer],
    )


def layers_with(case: Case, activations: Collection[str]) -> list[int]:
    """Return the layers of these activations; the last only if its loss lets a slope matter."""
    layers = case.model.network.layers
    through = isinstance(case.model.loss, OutputLoss)
    return [
        index
        for index, layer in enumerate(layers)
        if layer.activation.name in activations and (through or index < len(layers) - 1)
    ]


def of_each(case: Case, layers: list[int], shares: FloatArray) -> str:
    """Return the shares (n_layers,) of some layers as part of a sentence."""
    return ", ".join(f"{case.layers[layer]} {shares[layer]:.0%}" for layer in layers)


def shown_rows(case: Case) -> str:
    """Return which rows the network was shown."""
    return f"{min(case.train_rows, MOST_ROWS):,} training rows"
