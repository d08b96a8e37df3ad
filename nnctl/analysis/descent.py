"""The first steps of a training, drawn on the loss as a function of one of its weights."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from nnctl.analysis.pictures import Picture
from nnctl.analysis.weights import output_names
from nnctl.data.arrays import FloatArray
from nnctl.errors import DivergenceError, UsageError
from nnctl.nn.network import Workspace
from nnctl.nn.objective import Objective
from nnctl.nn.penalties import WeightPenalty
from nnctl.plots.descent import Descent, descent_figure
from nnctl.training.explained_rows import Subject
from nnctl.training.explaining import SlowTrainer, layer_names

CURVE_POINTS = 201
MOST_ROWS = 1000
MOST_WEIGHTS = 20_000
MARGIN = 0.25  # beyond the steps, as a share of their range
NARROWEST = 1e-3  # of the weight itself, where it hardly moves


@dataclass(frozen=True)
class Place:
    """Where a weight or a bias stands among the parameters."""

    name: str
    index: int  # in the network's flat vector


class Landscape:
    """What training makes smaller: the loss of all training rows, and the penalties.

    It is taken as in training, but nothing is dropped.
    """

    def __init__(self, subject: Subject) -> None:
        trainer = subject.assembly.trainer
        self.network, train, settings = trainer.network, trainer.train, trainer.settings
        rows = np.linspace(0, len(train) - 1, min(len(train), MOST_ROWS)).astype(np.int64)
        self.inputs, self.encoded = train.inputs[rows], train.encoded[rows]
        self.weights = None if train.weights is None else train.weights[rows]
        self.workspace = Workspace(self.network, len(rows))
        output = self.network.layers[-1]
        self.objective = Objective(
            output.activation, trainer.loss, len(rows), output.units, self.network.dtype
        )
        self.penalty = WeightPenalty(
            self.network.parameters[: self.network.n_weights],
            self.workspace.gradients[: self.network.n_weights],
            settings.l1,
            settings.l2,
        )

    def height(self, parameters: FloatArray) -> float:
        """Return the loss and penalties for these parameters; the network stays as it is."""
        own, state = self.network.parameters.copy(), self.network.state.copy()
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            self.network.parameters[...] = parameters
            scores = self.workspace.forward(self.inputs)
            height = self.objective(scores, self.encoded, self.weights) + self.penalty.value()
        self.network.parameters[...], self.network.state[...] = own, state
        return float(height)

    def curve(self, parameters: FloatArray, index: int, values: FloatArray) -> FloatArray:
        """Return the heights over the values of one parameter, all others being as given."""
        changed = parameters.copy()
        heights = np.empty(len(values))
        for position, value in enumerate(values):
            changed[index] = value
            heights[position] = self.height(changed)
        return heights


def draw_descent(subject: Subject, title: str, wanted: str | None, steps: int) -> Picture:
    """Draw the first steps of training on the loss over one weight, and how the others move it.

    Without a wish it is the weight that goes the longest way.
    """
    refuse_large(subject)
    landscape = Landscape(subject)
    path, rates, notices = walk(subject, steps)
    place, said = chosen_place(subject, wanted, path)
    heights = np.array([landscape.height(parameters) for parameters in path])
    taken = path[:, place.index].astype(np.float64)
    values = around(taken)
    descent = Descent(
        name=place.name,
        values=values,
        at_start=landscape.curve(path[0], place.index, values),
        at_end=landscape.curve(path[-1], place.index, values) if path.shape[1] > 1 else None,
        taken=taken,
        heights=heights,
    )
    numbers: dict[str, Any] = {
        "weight": place.name,
        "steps": [
            {"step": step, "weight": float(value), "loss": float(height), "learning_rate": rate}
            for step, (value, height, rate) in enumerate(
                zip(taken, heights, [None, *rates], strict=True)
            )
        ],
    }
    figure = descent_figure(descent, described_rates(rates), title)
    return Picture(figure, (*subject.notices, *said, *notices), numbers)


def refuse_large(subject: Subject) -> None:
    """Raise UsageError for a network whose loss takes too long to be taken so often."""
    n_weights = subject.assembly.trainer.network.n_weights
    if n_weights > MOST_WEIGHTS:
        raise UsageError(
            f"a descent is drawn of small networks, of at most {MOST_WEIGHTS:,} weights; "
            f"this has {n_weights:,}"
        )


def walk(subject: Subject, steps: int) -> tuple[FloatArray, list[float], tuple[str, ...]]:
    """Take the first steps; return the parameters before and after each, (n_steps + 1, n).

    With them come the rate of each step, and what is to be said where the loss ceased to be finite.
    """
    slow = SlowTrainer(subject.assembly.trainer)
    path, rates = [slow.network.parameters.copy()], list[float]()
    for rows, epoch, batch in subject.training_batches():
        try:
            step = slow.step(subject.examples(rows), epoch, batch)
        except DivergenceError as error:
            return np.array(path), rates, (str(error),)
        if not np.isfinite(step.after).all():
            said = f"step {step.number} gave weights that are not finite and is not drawn"
            return np.array(path), rates, (said,)
        path.append(step.after)
        rates.append(step.learning_rate)
        if len(rates) == steps:
            break
    return np.array(path), rates, ()


def chosen_place(
    subject: Subject, wanted: str | None, path: FloatArray
) -> tuple[Place, tuple[str, ...]]:
    """Return the weight that is wished for, else the one that goes the longest way."""
    places = places_of(subject)
    if wanted is not None:
        if wanted not in places:
            raise UsageError(
                f"--weight is LAYER,INPUT,UNIT counted from 1, or LAYER,bias,UNIT, such as "
                f"{next(iter(places))} (received {wanted}); {sizes_of(subject)}"
            )
        return places[wanted], ()
    n_weights = subject.assembly.trainer.network.n_weights
    ways = np.abs(np.diff(path[:, :n_weights].astype(np.float64), axis=0)).sum(axis=0)
    index = int(ways.argmax())
    key, place = next((key, each) for key, each in places.items() if each.index == index)
    if n_weights == 1:
        return place, ()
    notice = f"drawn is the weight {key}, which goes the longest way; --weight chooses another"
    return place, (notice,)


def places_of(subject: Subject) -> dict[str, Place]:
    """Return every weight and bias by what `--weight` calls it."""
    network = subject.assembly.trainer.network
    preprocessing = subject.dataset.preprocessing
    indices = np.arange(network.layout.size, dtype=np.float64)
    names = layer_names(len(network.layers))
    found = {}
    inputs = preprocessing.input_names
    for layer, name in enumerate(names):
        views = network.layout.views(indices, layer)
        units: tuple[str, ...] = tuple(f"unit {u + 1}" for u in range(network.layers[layer].units))
        if layer == len(names) - 1:
            units = tuple(output_names(preprocessing, network.n_outputs))
        for (row, unit), index in np.ndenumerate(views["weights"]):
            place = Place(f"{name}: weight from {inputs[row]} to {units[unit]}", int(index))
            found[f"{layer + 1},{row + 1},{unit + 1}"] = place
        for unit, index in enumerate(views.get("biases", ())):
            place = Place(f"{name}: bias of {units[unit]}", int(index))
            found[f"{layer + 1},bias,{unit + 1}"] = place
        inputs = units
    return found


def sizes_of(subject: Subject) -> str:
    """Say how many inputs and units each layer has."""
    network = subject.assembly.trainer.network
    sizes = [network.n_inputs, *(spec.units for spec in network.layers)]
    layers = [f"layer {n} is {a} x {b}" for n, (a, b) in enumerate(pairwise(sizes), start=1)]
    return ", ".join(layers)


def around(taken: FloatArray) -> FloatArray:
    """Return values of the weight from beyond its least to beyond its greatest, (CURVE_POINTS,)."""
    low, high = float(taken.min()), float(taken.max())
    margin = max(MARGIN * (high - low), NARROWEST * max(abs(low), abs(high)), 1e-9)
    return np.linspace(low - margin, high + margin, CURVE_POINTS)


def described_rates(rates: list[float]) -> str:
    """Say the rate of the steps, or the first and the last of several."""
    if not rates:
        return "no step"
    first, last = rates[0], rates[-1]
    return f"rate {first:g}" if first == last else f"rates {first:.3g} to {last:.3g}"
