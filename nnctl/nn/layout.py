"""Where each layer's parameters stand in the network's one flat vector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from nnctl.nn.activation import Activation
from nnctl.nn.arrays import FloatArray
from nnctl.nn.normalization import BatchNormalization, Normalization


@dataclass(frozen=True)
class LayerSpec:
    """A layer as it is written down: dense product, normalization, activation, dropout."""

    units: int
    activation: Activation
    bias: bool = True
    normalization: Normalization | None = None
    dropout: float = 0.0


@dataclass(frozen=True)
class Slot:
    """One array of a layer inside a flat vector."""

    layer: int
    name: str
    shape: tuple[int, ...]
    start: int

    @property
    def stop(self) -> int:
        """The index after the slot's last number."""
        return self.start + math.prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """Slots one after another, in order."""

    slots: tuple[Slot, ...]
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", self.slots[-1].stop if self.slots else 0)

    def views(self, vector: FloatArray, layer: int) -> dict[str, FloatArray]:
        """Return one layer's arrays as views into `vector` (..., size), with its axes in front."""
        stack = vector.shape[:-1]
        return {
            slot.name: vector[..., slot.start : slot.stop].reshape(*stack, *slot.shape)
            for slot in self.slots
            if slot.layer == layer
        }


def _laid_out(entries: Sequence[tuple[int, str, tuple[int, ...]]]) -> Layout:
    slots, start = [], 0
    for layer, name, shape in entries:
        slots.append(Slot(layer, name, shape, start))
        start = slots[-1].stop
    return Layout(tuple(slots))


def parameter_layout(n_inputs: int, layers: Sequence[LayerSpec]) -> tuple[Layout, int]:
    """Return the layout of all that is learnt, and how many of its first numbers are weights.

    All weights stand first, so that penalties and weight decay, which leave biases, scales and
    shifts alone, work on one slice.
    """
    weights, rest = [], []
    for index, layer in enumerate(layers):
        weights.append((index, "weights", (n_inputs, layer.units)))
        if layer.bias:
            rest.append((index, "biases", (layer.units,)))
        if layer.normalization is not None:
            rest += [(index, "scale", (layer.units,)), (index, "shift", (layer.units,))]
        n_inputs = layer.units
    return _laid_out([*weights, *rest]), _laid_out(weights).size


def state_layout(layers: Sequence[LayerSpec]) -> Layout:
    """Return the layout of what is kept but not learnt: batch normalization's statistics."""
    return _laid_out(
        [
            (index, name, (layer.units,))
            for index, layer in enumerate(layers)
            if isinstance(layer.normalization, BatchNormalization)
            for name in ("running_mean", "running_variance")
        ]
    )
