"""Whether a simpler model does as well as a network, as far as the rows can tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from nnctl.config.completion import DEFAULT_METRICS
from nnctl.nn.loss import Loss, OutputLoss
from nnctl.training.baselines import Baselines
from nnctl.training.decoding import ClassDecoder
from nnctl.training.evaluation import Evaluation
from nnctl.training.inference import Model

Float64Array = NDArray[np.float64]

# Probabilities that come nearer to the truth by less than this share of what the constant answer
# leaves are as good: where both models tell the classes apart, one is only surer of itself.
WORTHWHILE = 0.01
FEWEST_ROWS = 30  # with fewer, a standard error says too little


def notes_on_baselines(
    model: Model, network: Evaluation, baselines: Baselines, results: Mapping[str, Evaluation]
) -> Iterator[str]:
    """Yield a sentence where a baseline does as well as the network, and what to know of it."""
    rows, train_rows = baselines.rows, baselines.train_rows
    if baselines.linear is None:
        yield "there is no linear model to compare with: it would be too large, or not finite"
    elif rows < train_rows:
        yield f"the linear model was fitted on {rows:,} of the {train_rows:,} training rows"
    if does_as_well(results["constant"], network, results["constant"], model.loss):
        subject = constant_answer(results["constant"])
        told = describe_draw(model, network, results["constant"], subject)
        yield f"{told}: the network has learnt nothing that helps here"
    elif (
        baselines.linear is not None
        and model.config.model.hidden
        and does_as_well(results["linear"], network, results["constant"], model.loss)
    ):
        told = describe_draw(model, network, results["linear"], "the linear model")
        yield f"{told}: the hidden layers earn nothing here"


def describe_draw(model: Model, network: Evaluation, simpler: Evaluation, subject: str) -> str:
    """Say that a baseline does as well as the network, by the first of the run's metrics."""
    metric = next(iter(model.config.metrics or DEFAULT_METRICS[model.preprocessing.task]))
    pair = f"{metric} {simpler.values[metric]:.4g}, the network {network.values[metric]:.4g}"
    rows = len(network.outputs)
    return f"as far as {rows:,} row{'s' * (rows > 1)} can tell, {subject} does as well ({pair})"


def constant_answer(constant: Evaluation) -> str:
    """Return the subject of a sentence: whoever says the same of all rows."""
    decoder = constant.decoder
    if not isinstance(decoder, ClassDecoder):
        return "always saying the mean"
    return f"always saying `{decoder.classes[decoder.predicted(constant.outputs[:1])[0]]}`"


def does_as_well(
    simpler: Evaluation, network: Evaluation, constant: Evaluation, loss: Loss
) -> bool:
    """Whether the network gains nothing over a simpler model on the same rows, by any measure.

    Classes are measured by the share of wrong answers and, where there are probabilities, by their
    squared distance from the truth (Brier 1950); numbers by the loss. A gain counts from one
    standard error on; within it, the simpler model is to be preferred (Breiman, Friedman, Olshen
    & Stone 1984, Classification and Regression Trees, section 3.4.3).
    """
    # What overflows, or rows without any weight, give no number and so no verdict.
    with np.errstate(over="ignore", invalid="ignore"):
        if not isinstance(network.decoder, ClassDecoder):
            return is_no_gain(losses(simpler, loss) - losses(network, loss), network)
        if not is_no_gain(wrong(simpler) - wrong(network), network):
            return False
        if not network.decoder.gives_probabilities:
            return True
        least = WORTHWHILE * float(shares_of_rows(constant) @ distances(constant))
        return is_no_gain(distances(simpler) - distances(network), network, least)


def is_no_gain(gains: Float64Array, evaluation: Evaluation, least: float = 0.0) -> bool:
    """Whether gains (n_rows,) amount to no more than `least` or their own standard error.

    What cannot be measured is no verdict, and so False. Of few rows the gain is taken as it is.
    """
    shares = shares_of_rows(evaluation)
    gain = float(shares @ gains)
    noise = float(np.sqrt(np.square(shares) @ np.square(gains - gain)))
    if len(gains) < FEWEST_ROWS:
        noise = 0.0
    return gain <= max(noise, least)


def shares_of_rows(evaluation: Evaluation) -> Float64Array:
    """Return how much each row counts in a mean: (n_rows,), their sum is 1."""
    weights, n_rows = evaluation.sample_weight, len(evaluation.outputs)
    counted = np.ones(n_rows) if weights is None else weights.astype(np.float64)
    shares: Float64Array = counted / counted.sum()
    return shares


def wrong(evaluation: Evaluation) -> Float64Array:
    """Return 1 for each row whose class was not told, else 0: (n_rows,)."""
    decoder = evaluation.decoder
    assert isinstance(decoder, ClassDecoder)
    predicted = decoder.predicted(evaluation.outputs)
    errors: Float64Array = (predicted != evaluation.targets).astype(np.float64)
    return errors


def distances(evaluation: Evaluation) -> Float64Array:
    """Return each row's squared distance of the probabilities from the truth: (n_rows,)."""
    decoder = evaluation.decoder
    assert isinstance(decoder, ClassDecoder)
    missing = decoder.scores(evaluation.outputs).astype(np.float64)
    labels = evaluation.targets.astype(np.int64)
    missing[np.arange(len(labels)), labels] -= 1.0
    squares: Float64Array = np.einsum("ij,ij->i", missing, missing)  # without a second array
    return squares


def losses(evaluation: Evaluation, loss: Loss) -> Float64Array:
    """Return each row's loss, a mean over the targets: (n_rows,)."""
    assert isinstance(loss, OutputLoss)
    outputs = evaluation.outputs.astype(np.float64)
    value, gradient = np.empty_like(outputs), np.empty_like(outputs)
    loss.elementwise(outputs, evaluation.targets.astype(np.float64), value, gradient)
    means: Float64Array = value.mean(axis=1)
    return means
