"""A network of two features as a page can run it: weights over the epochs, meanings, points.

The page computes in double precision on the run's own weights. Its outputs and activations agree
with the engine's within 1e-5, absolute where a number is below 1 and relative above.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from nnctl.analysis.live_moments import MOST_BYTES, bytes_a_moment, packed, thinned
from nnctl.analysis.live_points import Points, live_points
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.table import Table
from nnctl.errors import printable
from nnctl.nn.network import Network
from nnctl.nn.special import ERFC_POLYNOMIAL
from nnctl.plots.web_colours import web_class_colour, web_colour_map, web_strengths
from nnctl.training.decoding import ClassDecoder
from nnctl.training.explaining import layer_names
from nnctl.training.inference import Model

LONGEST_NAME = 80
LOSSES = {"training loss": "train_loss", "validation loss": "validation_loss"}
GRADED = ("softmax", "sigmoid")  # outputs in [0, 1] that say how sure the network is of a class


def live_document(
    models: Sequence[Model],
    chosen: Model,
    table: Table | None,
    history: Mapping[str, Sequence[float]],
) -> dict[str, Any] | None:
    """Return what `live.html.j2` shows of a network of two numeric features; None for any other.

    `models` are those over the epochs. `chosen` is that of which the page speaks, and stands for
    its epoch: of a run by full batches it has the weights before that epoch's step. `table` holds
    some of the run's rows (None where they cannot be read), `history` the columns of metrics.csv.

    The result has `data` for the page's script, or None where it would be too large, `features`
    for the labels of its fields, and `notes` that a reader should see.
    """
    preprocessing = chosen.preprocessing
    if [feature.kind for feature in preprocessing.features] != ["numeric", "numeric"]:
        return None
    points = live_points(preprocessing, table)
    names = [shortened(feature.name) for feature in preprocessing.features]
    frame = _frame(chosen, points, names)
    if not all(math.isfinite(high - low) for low, high in points.ranges):
        why = "there is nothing to try here: the features' values reach too far to be drawn"
        return {"data": None, "features": names, "notes": [why]}
    moments, notes = thinned(models, chosen, _room(frame, chosen.network))
    if not moments:
        return {"data": None, "features": names, "notes": notes}
    data = {
        **frame,
        "epochs": [model.epoch for model in moments],
        "chosen": [model.epoch for model in moments].index(chosen.epoch),
        "last_epoch": max(model.epoch for model in [*models, chosen]),
        "losses": _losses(history, moments),
        "numbers": packed(moments),
    }
    return {"data": data, "features": names, "notes": [*notes, *points.notes]}


def shortened(name: str) -> str:
    """Return a stranger's name on one line, its middle left out where it is very long."""
    line = printable(name)
    half = (LONGEST_NAME - 1) // 2
    return line if len(line) <= LONGEST_NAME else f"{line[:half]}…{line[-half:]}"


def _frame(chosen: Model, points: Points, names: Sequence[str]) -> dict[str, Any]:
    """Return all that does not change with the epochs."""
    return {
        "dtype": chosen.network.dtype.name,
        "features": _features(chosen.preprocessing, points, names),
        "layers": layers_of(chosen.network),
        "answer": _classes(chosen) if chosen.preprocessing.classes else _targets(chosen),
        "points": points.document,
        "erfc_polynomial": ERFC_POLYNOMIAL[8],
    }


def _room(frame: Mapping[str, Any], network: Network) -> int:
    """Return how many moments there is room for beside the rest."""
    taken = len(json.dumps(frame))
    return max(0, MOST_BYTES - taken) // bytes_a_moment(network)


def _features(
    preprocessing: Preprocessing, points: Points, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return what turns a feature's value into inputs, and the range over which it is drawn."""
    scaler = preprocessing.feature_scaler
    return [
        {
            "name": names[position],
            "low": points.ranges[position][0],
            "high": points.ranges[position][1],
            "logarithm": feature.logarithm,
            "center": float(scaler.center[position]),
            "scale": float(scaler.scale[position]),
            "indicator": feature.indicator,
        }
        for position, feature in enumerate(preprocessing.features)
    ]


def layers_of(network: Network) -> list[dict[str, Any]]:
    """Return what each layer does, and where its arrays stand: parameters first, then the state."""
    slots = [(slot, 0) for slot in network.layout.slots]
    slots += [(slot, network.layout.size) for slot in network.state_layout.slots]
    return [
        {
            "name": name,
            "units": spec.units,
            "activation": {
                "name": spec.activation.name,
                "formula": spec.activation.written,
                **asdict(spec.activation),
            },
            "normalization": spec.normalization
            and {"name": spec.normalization.name, "epsilon": spec.normalization.epsilon},
            "places": {
                slot.name: [start + slot.start, start + slot.stop]
                for slot, start in slots
                if slot.layer == index
            },
        }
        for index, (name, spec) in enumerate(
            zip(layer_names(len(network.layers)), network.layers, strict=True)
        )
    ]


def _classes(model: Model) -> dict[str, Any]:
    """Return how classes are read off the outputs, as `ClassDecoder` does it."""
    decoder = model.decoder
    assert isinstance(decoder, ClassDecoder)
    by_score = decoder.activation.decides_by_score
    return {
        "classes": [
            {"name": shortened(name), "colour": web_class_colour(index)}
            for index, name in enumerate(decoder.classes)
        ],
        "by_score": by_score,
        # Of one unit, the score of the first class is this less the output.
        "both": 0.0 if by_score else sum(decoder.loss.codes(decoder.output)),
        "score_name": "probability" if decoder.gives_probabilities else "score",
        "graded": decoder.output in GRADED,
        "strengths": web_strengths(),
    }


def _targets(model: Model) -> dict[str, Any]:
    """Return how numbers in the targets' units are read off the outputs."""
    scaler = model.preprocessing.target_scaler
    return {
        "targets": [
            {"name": shortened(name), "center": float(center), "scale": float(scale)}
            for name, center, scale in zip(
                model.preprocessing.targets, scaler.center, scaler.scale, strict=True
            )
        ],
        "by_score": False,
        "colours": web_colour_map(),
    }


def _losses(
    history: Mapping[str, Sequence[float]], moments: Sequence[Model]
) -> dict[str, list[float | None]]:
    """Return each loss of the history at the moments; None where it has none, as before epoch 1."""
    epochs = np.asarray(history.get("epoch", ()), np.float64)
    losses = {}
    for name, column in LOSSES.items():
        if column in history:
            values = dict(zip(epochs.tolist(), map(float, history[column]), strict=False))
            found = [values.get(float(model.epoch), math.nan) for model in moments]
            losses[name] = [value if math.isfinite(value) else None for value in found]
    return losses
