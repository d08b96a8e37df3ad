"""Rules about what came in and what came out: inputs, classes, and models that do as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnctl.analysis.case import Case
from nnctl.analysis.curve_rules import STILL_FALLING, late_share
from nnctl.analysis.findings import Finding, Look, Settings, Unknown
from nnctl.analysis.remedies import alternatives, scaled_data
from nnctl.data.arrays import FloatArray, IntArray
from nnctl.training.comparison import constant_answer, describe_draw, does_as_well

LARGE_INPUT = 10.0  # a column whose values are as they are, and so far from 0
DIFFERENT = 100.0  # times the range of another such column
MOST_NAMED = 3  # columns
NO_DIFFERENCE = 0.005  # to be told
LITTLE_LEARNT = 0.1  # of the constant answer's training loss taken away
BETTER_LINE = 0.05  # of the constant answer's training loss, between network and linear model
LATE_EPOCHS, LATE_FALL, LOSS_LEFT = 0.1, 0.1, 0.1  # the last epochs; of the loss; of the constant's
FEWEST_EPOCHS = 20  # of which the last tenth tells
RARE = 0.5  # of the share that a class would have if all had the same
OVERLOOKED = 0.5  # the recall of a rare class, and that in parts of the accuracy


def unscaled_inputs(case: Case) -> Look | Unknown:
    """Whether columns of large or very different numbers come in as they are."""
    columns = unscaled_columns(case)
    if not columns:
        return Look("all numbers are scaled")
    ranges = np.array([highest - lowest for _, lowest, highest in columns])
    largest = np.array([max(abs(lowest), abs(highest)) for _, lowest, highest in columns])
    order = np.argsort(-largest)
    named = [columns[i] for i in order[:MOST_NAMED]]
    told = ", ".join(f"`{name}` from {low:g} to {high:g}" for name, low, high in named)
    seen = f"{told}{' ...' * (len(columns) > MOST_NAMED)}, as they are"
    varying = ranges[ranges > 0.0]
    different = len(varying) > 1 and varying.max() > DIFFERENT * varying.min()
    if largest.max() <= LARGE_INPUT and not different:
        return Look(seen)
    finding = Finding(
        what="inputs are not scaled",
        evidence=seen,
        remedy="scale them, fitted on the training rows: a step that suits one column is too large "
        "for another",
        settings=alternatives(scaled_data(case)),
    )
    return Look(seen, (finding,))


def unscaled_columns(case: Case) -> list[tuple[str, float, float]]:
    """Return the columns of numbers that are as they are, with their least and greatest value."""
    known, data = case.model.preprocessing, case.config.data
    said = {name: column.scaling for name, column in data.columns.items()}
    return [
        (feature.name, float(known.lowest[i]), float(known.highest[i]))
        for i, feature in enumerate(known.features)
        if feature.kind == "numeric" and (said.get(feature.name) or data.scaling) == "none"
    ]


def underfitting(case: Case) -> Look | Unknown:
    """Whether even the training rows are answered badly, or training ended while it went well."""
    gain = case.gain()
    if gain is None:
        return Unknown(case.obstacles.get("baselines", "there is no loss to compare"))
    seen = f"{described_gain(gain)} on the training rows"
    if case.config.loss.name == "perceptron":
        return Look(seen, tuple(_unfinished_perceptron(case)))
    return Look(seen, tuple(_underfitting(case, gain, seen)))


def described_gain(gain: float) -> str:
    """Return a gain as part of a sentence."""
    if abs(gain) < NO_DIFFERENCE:
        return "the network errs as much as a constant answer"
    if gain < 0.0:
        return f"the network errs {1.0 - gain:.3g} times as much as a constant answer"
    return f"the network errs {gain:.0%} less than a constant answer"


def _unfinished_perceptron(case: Case) -> Iterator[Finding]:
    """A perceptron ends with no row wrong if a plane can do that: Novikoff (1962)."""
    assert case.summary is not None
    accuracy = case.summary["best"].get("train_accuracy")
    if accuracy is not None and accuracy < 1.0:
        yield Finding(
            what="the perceptron never has all training rows right",
            evidence=f"its accuracy is {accuracy:.4g} in the best of {case.epoch} epochs",
            remedy="if a line, or a plane, told the classes apart, it would find it sooner or "
            "later; else they take hidden layers and a loss with a slope, such as "
            "binary_cross_entropy",
        )


def _underfitting(case: Case, gain: float, seen: str) -> Iterator[Finding]:
    line = case.gain(of="linear")
    longer = longer_training(case)
    if gain < LITTLE_LEARNT and falls_steadily(case):
        rate = case.config.optimizer.learning_rate
        yield Finding(
            what="training has hardly begun to learn",
            evidence=f"{seen}, and the loss falls in the last epochs as it did in the first",
            remedy="train for much longer, or at a higher rate",
            settings=(
                (f"training.epochs={case.config.training.epochs * 10}",),
                (f"optimizer.learning_rate={rate * 10.0:g}",),
            ),
        )
    elif gain < LITTLE_LEARNT:
        yield Finding(
            what="the network answers its own training rows hardly better than a constant does",
            evidence=seen,
            remedy="where it can be learnt at all: see to what else is found, then give the "
            "network more units, more epochs or less regularization",
            settings=(*with_more_room(case), (longer,)),
        )
    elif line is not None and line > gain + BETTER_LINE and not is_right_more_often(case):
        yield Finding(
            what="a linear model answers the training rows better than the network",
            evidence=f"{seen}, the linear model {line:.0%} less",
            remedy="train for longer, at another rate, with more units or less regularization",
            settings=((longer,), *with_more_room(case)),
        )
    elif fall := fall_at_the_end(case):
        yield Finding(
            what="training ended while it still went well",
            evidence=f"{fall}; {seen}",
            remedy="train for longer",
            settings=((longer,),),
        )


def longer_training(case: Case) -> str:
    """Return the setting that lets training go on where it ended."""
    stopping = case.config.training.early_stopping
    if stopping is not None and case.summary is not None and case.summary["stopped_early"]:
        return f"training.early_stopping.patience={stopping.patience * 2}"
    return f"training.epochs={case.config.training.epochs * 2}"


def with_more_room(case: Case) -> list[Settings]:
    """Return the settings that leave the network more freedom."""
    hidden, penalties = case.config.model.hidden, case.config.regularization
    freer = (
        *(f"regularization.{key}=0" for key in ("l1", "l2") if getattr(penalties, key) > 0.0),
        *(f"model.hidden.{i}.dropout=0" for i, layer in enumerate(hidden) if layer.dropout > 0.0),
    )
    wider = tuple(f"model.hidden.{i}.units={layer.units * 2}" for i, layer in enumerate(hidden))
    return [*([freer] if freer else []), wider or ("model.hidden=[{units: 16}]",)]


def is_right_more_often(case: Case) -> bool:
    """Whether the network names more of the training rows' classes than the linear model."""
    assert case.summary is not None
    network, line = case.summary["best"], case.summary["baselines"]["linear"]
    accuracies = [values.get("train_accuracy") for values in (network, line)]
    return None not in accuracies and accuracies[0] > accuracies[1]


def falls_steadily(case: Case) -> bool:
    """Whether training fell at the end as at the beginning, and was not ended for that."""
    losses = case.history["train_loss"]
    return len(losses) > 1 and losses[-1] < losses[0] and late_share(losses) >= STILL_FALLING


def fall_at_the_end(case: Case) -> str:
    """Say how the training loss fell in the last epochs; nothing where that is no news.

    It is some where it fell by much, from a loss that leaves much to learn, and the best epoch is
    among these.
    """
    losses, summary = case.history["train_loss"], case.summary
    if len(losses) < FEWEST_EPOCHS or summary is None or summary["stopped_early"]:
        return ""
    last = int(LATE_EPOCHS * len(losses))
    before, end = float(losses[-1 - last]), float(losses[-1])
    constant = summary["baselines"]["constant"].get("train_loss")
    late = (summary["best_epoch"] or 0) > len(losses) - last
    left = constant is not None and end > LOSS_LEFT * constant
    if not (late and left and end < (1.0 - LATE_FALL) * before):
        return ""
    return f"the training loss fell from {before:.4g} to {end:.4g} in the last {last} epochs"


def ignored_imbalance(case: Case) -> Look | Unknown:
    """Whether rare classes are overlooked, and nothing was done about their being rare."""
    if case.model.preprocessing.task == "regression":
        return Look("there are no classes")
    if case.summary is None or case.summary["confusion"] is None:
        return Unknown(case.obstacles.get("baselines", "no classes were counted"))
    confusion = case.summary["confusion"]
    counts = np.array(confusion["matrix"], np.float64)  # (true, predicted)
    supports = counts.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        recalls, shares = counts.diagonal() / supports, supports / supports.sum()
        accuracy = counts.trace() / supports.sum()
    rare = shares < RARE / len(shares)
    overlooked = np.flatnonzero(rare & (recalls < OVERLOOKED * accuracy))
    least = int(np.argmin(shares))
    seen = (
        f"of the {confusion['set']} rows the rarest class `{confusion['classes'][least]}` has "
        f"{shares[least]:.0%}, of which {recalls[least]:.0%} are found"
    )
    weighted = case.config.training.class_weight is not None
    if weighted or case.config.data.sample_weight is not None:
        return Look(f"{seen}; rows are weighted")
    return Look(seen, tuple(_imbalance(confusion, overlooked, shares, recalls, accuracy)))


def _imbalance(
    confusion: Mapping[str, Any],
    overlooked: IntArray,
    shares: FloatArray,
    recalls: FloatArray,
    accuracy: float,
) -> Iterator[Finding]:
    if not len(overlooked):
        return
    told = ", ".join(
        f"`{confusion['classes'][i]}` has {shares[i]:.1%} of the rows and a recall of "
        f"{recalls[i]:.2g}"
        for i in overlooked[:MOST_NAMED]
    )
    yield Finding(
        what="rare classes are overlooked",
        evidence=f"of the {confusion['set']} rows {told}; the accuracy of {accuracy:.2g} hides it",
        remedy="weigh the classes, and watch a metric that counts each class alike",
        settings=(
            (
                "training.class_weight=balanced",
                "metrics=[accuracy, balanced_accuracy, macro_f1]",
            ),
        ),
    )


def beaten_by_a_baseline(case: Case) -> Look | Unknown:
    """Whether a constant answer or a linear model does as well, as far as the rows can tell."""
    if case.comparison is None:
        return Unknown(case.obstacles["baselines"])
    model, comparison = case.model, case.comparison
    network, results = comparison.network, comparison.baselines
    pair = f"on {len(network.outputs):,} {comparison.set_name} rows"
    constant, line = results["constant"], results.get("linear")
    if does_as_well(constant, network, constant, model.loss):
        told = describe_draw(model, network, constant, constant_answer(constant))
        return Look(told, (_worth_nothing(told),))
    if line is None or not case.config.model.hidden:
        return Look(f"the network beats a constant answer {pair}")
    if does_as_well(line, network, constant, model.loss):
        told = describe_draw(model, network, line, "the linear model")
        return Look(told, (_worth_a_line(told),))
    return Look(f"the network beats the linear model {pair}")


def _worth_nothing(evidence: str) -> Finding:
    return Finding(
        what="the network has learnt nothing that helps",
        evidence=evidence,
        remedy="see what else is found, and whether the columns say what is asked",
    )


def _worth_a_line(evidence: str) -> Finding:
    return Finding(
        what="the network does not beat the linear model: its hidden layers earn nothing",
        evidence=evidence,
        remedy="take the simpler model; or see what else is found, and whether more rows tell more",
        settings=(("model.hidden=[]",),),
    )
