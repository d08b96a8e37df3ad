"""Whether probabilities can be taken at their word: shares of what came true, bin by bin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.analysis.labelled import class_decoder, evaluated
from nnctl.analysis.pictures import Picture
from nnctl.data.arrays import FloatArray
from nnctl.data.table import Table
from nnctl.errors import UsageError
from nnctl.plots.calibration import Calibration, calibration_figure
from nnctl.training.decoding import ClassDecoder
from nnctl.training.evaluation import Evaluation
from nnctl.training.inference import Model

Float64Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NORMAL_QUANTILE = 1.959964  # of 97.5 %: an interval of 95 %


def draw_calibration(model: Model, tables: Iterable[Table], title: str, n_bins: int) -> Picture:
    """Draw what came true of what the network gave each probability."""
    decoder = class_decoder(model, "calibration is")
    if not decoder.gives_probabilities:
        raise UsageError(
            f"calibration is that of probabilities; the outputs of {decoder.output} are none "
            "(a sigmoid unit for two classes, or softmax, gives them)"
        )
    result, remarks = evaluated(model, tables, ())
    probabilities, happened, of_what = events(decoder, result)
    weights = np.ones(len(happened))
    if result.sample_weight is not None:
        weights = result.sample_weight.astype(np.float64)
    calibration = calibrate(probabilities, happened, weights, n_bins)
    numbers = {"rows": len(happened), "probability_of": of_what, **described(calibration)}
    return Picture(calibration_figure(calibration, of_what, title), remarks, numbers)


def events(decoder: ClassDecoder, result: Evaluation) -> tuple[FloatArray, BoolArray, str]:
    """Return probabilities (n_rows,), whether that came true, and what they are probabilities of.

    Of two classes that is the second, of more the predicted one (Guo et al. 2017).
    """
    scores, labels = decoder.scores(result.outputs).astype(np.float64), result.targets
    if len(decoder.classes) == 2:
        return scores[:, 1], labels == 1, decoder.classes[1]
    return scores.max(axis=1), labels == decoder.predicted(result.outputs), "the predicted class"


def calibrate(
    probabilities: FloatArray,  # (n,)
    happened: BoolArray,  # (n,)
    weights: Float64Array,  # (n,)
    n_bins: int,
) -> Calibration:
    """Sort events into bins of equal width by their probability, of which the last holds 1.

    The expected calibration error is Σ_bins (share of the rows) |came true - mean probability|.
    Each bin's 95 % interval of what came true is that of Wilson (1927), by its number of rows.
    """
    places = np.minimum((probabilities * n_bins).astype(np.int64), n_bins - 1)
    rows = np.bincount(places, minlength=n_bins)
    totals = np.bincount(places, weights, n_bins)
    filled = totals > 0
    mean, share = (
        np.bincount(places, weights * values, n_bins)[filled] / totals[filled]
        for values in (probabilities, happened)
    )
    low, high = wilson_interval(share, rows[filled])
    gaps = np.abs(share - mean)
    return Calibration(
        edges=np.arange(n_bins + 1) / n_bins,
        rows=rows,
        filled=filled,
        mean=mean,
        share=share,
        low=low,
        high=high,
        error=float(np.dot(totals[filled], gaps) / totals.sum()) if filled.any() else float("nan"),
        largest_gap=float(gaps.max(initial=0.0)),
    )


def wilson_interval(share: Float64Array, rows: NDArray[Any]) -> tuple[Float64Array, Float64Array]:
    """Return the 95 % interval of a share that was seen in so many rows, (n,) each."""
    square = NORMAL_QUANTILE**2
    centre = (share + square / (2 * rows)) / (1 + square / rows)
    spread = np.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    half = NORMAL_QUANTILE * spread / (1 + square / rows)
    return np.clip(centre - half, 0.0, share), np.clip(centre + half, share, 1.0)


def described(calibration: Calibration) -> dict[str, Any]:
    """Return the numbers of the bins that have rows, ready for JSON."""
    edges, filled = calibration.edges, np.flatnonzero(calibration.filled)
    return {
        "expected_calibration_error": calibration.error,
        "maximum_calibration_error": calibration.largest_gap,
        "bins": [
            {
                "from": float(edges[bin_]),
                "to": float(edges[bin_ + 1]),
                "rows": int(calibration.rows[bin_]),
                "mean_probability": float(calibration.mean[place]),
                "came_true": float(calibration.share[place]),
                "interval": [float(calibration.low[place]), float(calibration.high[place])],
            }
            for place, bin_ in enumerate(filled)
        ],
    }
