"""Rules about how the losses go over the epochs: steps too large or small, and overfitting."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnctl.analysis.case import Case, median
from nnctl.analysis.findings import Finding, Look, Unknown
from nnctl.data.arrays import FloatArray

FEWEST_EPOCHS = 8  # of which a curve can be read
# An epoch jumps whose loss is larger than the one before by this share of it, and of the first one.
JUMP, LARGE_JUMP = 0.1, 0.05
MANY_JUMPS = 0.2  # of the epochs
RIGHT_UPDATES = 1e-3  # of the weights, in a step
SLOW_UPDATES = 1e-4  # the largest of all
LARGE_UPDATES, FEWEST_RATIOS = 0.05, 3  # the median of so many epochs
# Gradients against their weights for whose size the rate can make up.
USABLE_GRADIENTS = (1e-3, 10.0)
STILL_FALLING = 0.15  # of the whole fall in the last quarter, of which a steady one has 0.25
WORSE_AGAIN = 0.1  # the validation loss against its least
NOTABLY = 0.05  # of the first epoch's validation loss
STILL_LEARNT = 0.05  # of the training loss, since the validation loss was least
AT_THE_END = 0.1  # the epochs of which the median is the validation loss at the end


def learning_rate_too_high(case: Case) -> Look | Unknown:
    """Whether training diverged, the loss jumps or grows, or each step moves the weights far."""
    if case.status != "diverged" and not case.halvings:
        if case.config.loss.name == "perceptron":
            return Look("of a perceptron it scales the weights and decides nothing")
        if len(case.history["train_loss"]) < FEWEST_EPOCHS:
            return Unknown(too_few(case))
    for look in (_diverged, _grew, _jumped, _moved_far):
        for what, evidence in look(case):
            return Look(evidence, (_too_high(case, what, evidence),))
    losses = case.history["train_loss"]
    return Look(f"the training loss jumps up in {count_jumps(losses)} of {len(losses)} epochs")


def _diverged(case: Case) -> Iterator[tuple[str, str]]:
    if case.status == "diverged":
        yield "training diverged", f"it ended in epoch {case.epoch + 1:,}"
    if case.halvings:
        times = f"{case.halvings} time{'s' * (case.halvings > 1)}"
        yield "training diverged on the way", f"the rate was halved {times} for that"


def _grew(case: Case) -> Iterator[tuple[str, str]]:
    first, last = (float(case.history["train_loss"][i]) for i in (0, -1))
    if last > (1.0 + JUMP) * first:
        evidence = f"the training loss is {first:.4g} in epoch 1 and {last:.4g} at the end"
        yield "training makes the loss larger", evidence


def _jumped(case: Case) -> Iterator[tuple[str, str]]:
    losses = case.history["train_loss"]
    jumps, worst = count_jumps(losses), int(np.argmax(np.diff(losses)))
    if jumps >= MANY_JUMPS * len(losses):
        evidence = (
            f"in {jumps} of {len(losses)} epochs it rises by more than {JUMP:.0%}, as "
            f"from {losses[worst]:.3g} to {losses[worst + 1]:.3g} in epoch {worst + 2:,}"
        )
        yield "the training loss jumps up and down", evidence


def _moved_far(case: Case) -> Iterator[tuple[str, str]]:
    """The first steps of a network may go far; few weights, drawn as 0, have no length yet."""
    ratios = case.of_layers("update_ratio")
    largest = ratios[np.isfinite(ratios).all(axis=1)].max(axis=1)  # of the layers
    if len(case.layers) > 1 and len(largest) >= FEWEST_RATIOS and median(largest) > LARGE_UPDATES:
        evidence = (
            f"in {len(largest)} epochs observed, a step moves a layer's weights by "
            f"{median(largest):.1%} of their length (the median), and {RIGHT_UPDATES:.1%} is right"
        )
        yield "each step moves the weights too far", evidence


def _too_high(case: Case, what: str, evidence: str) -> Finding:
    rate, lower = case.config.optimizer.learning_rate, 0.5**case.halvings if case.halvings else 0.1
    return Finding(
        what=f"{what}: the learning rate of {rate:g} is too high",
        evidence=evidence,
        remedy="take a smaller one; `nnctl find-learning-rate` looks for it",
        settings=(
            (f"optimizer.learning_rate={rate * lower:g}",),
            *([("training.gradient_clipping={norm: 1}",)] if case.status == "diverged" else []),
        ),
    )


def too_few(case: Case) -> str:
    """Say that there are too few epochs to read a curve of."""
    epochs = len(case.history["train_loss"])
    return f"it takes {FEWEST_EPOCHS} epochs to tell, and there are {epochs}"


def count_jumps(losses: FloatArray) -> int:
    """Return in how many epochs the training loss (n_epochs,) rose by more than noise makes it."""
    rises = np.diff(losses)
    return int(np.count_nonzero((rises > JUMP * losses[:-1]) & (rises > LARGE_JUMP * losses[0])))


def learning_rate_too_low(case: Case) -> Look | Unknown:
    """Whether the weights hardly move, and the loss falls as steadily at the end as before."""
    ratios = case.of_layers("update_ratio")
    finite = ratios[np.isfinite(ratios)]
    if not len(finite):
        return Unknown("how far a step moves the weights was not observed in training")
    largest = float(finite.max())
    seen = f"a step moves a layer's weights by at most {largest:.2g} of their length"
    losses = case.history["train_loss"]
    jumps = len(losses) > 1 and count_jumps(losses) >= MANY_JUMPS * len(losses)
    if len(losses) < FEWEST_EPOCHS or largest >= SLOW_UPDATES or jumps:
        return Look(seen)
    gradients = case.gradients_by_weights
    gradient = float(gradients[np.isfinite(gradients)].max(initial=0.0))
    if not USABLE_GRADIENTS[0] <= gradient < USABLE_GRADIENTS[1]:
        return Look(f"{seen}, for which the size of the gradients is the reason")
    if late_share(losses) < STILL_FALLING:
        return Look(f"{seen}, and the loss has come to rest")
    rate = case.config.optimizer.learning_rate
    faster = RIGHT_UPDATES / largest if largest > 0.0 else 10.0
    finding = Finding(
        what=f"the weights hardly move: the learning rate of {rate:g} is too low",
        evidence=f"{seen}, and the training loss went from {losses[0]:.4g} to {losses[-1]:.4g}, in "
        "the last quarter of the epochs as steadily as before",
        remedy="take a larger one; `nnctl find-learning-rate` looks for it",
        settings=((f"optimizer.learning_rate={rate * faster:.1g}",),),
    )
    return Look(seen, (finding,))


def late_share(losses: FloatArray) -> float:
    """Return which share of the fall of the losses (n_epochs,) came in the last quarter.

    Losses that never fell are taken for a steady fall: their network has not begun to learn.
    """
    fall, late = losses[0] - losses[-1], losses[-1 - len(losses) // 4] - losses[-1]
    return float(late / fall) if fall > 0.0 else 0.25


def overfitting(case: Case) -> Look | Unknown:
    """Whether the validation loss has grown again while the training loss went on falling."""
    losses = case.history.get("validation_loss")
    if losses is None:
        return Unknown("there are no validation rows; data.split.validation=0.2 makes some")
    if len(losses) < FEWEST_EPOCHS:
        return Unknown(too_few(case))
    if not np.isfinite(losses).all():
        return Unknown("the validation loss was not finite in all epochs")
    train, best = case.history["train_loss"], int(np.argmin(losses))
    if count_jumps(train) >= MANY_JUMPS * len(train):
        return Unknown("the training loss jumps too much")
    end = float(np.median(losses[-max(3, int(AT_THE_END * len(losses))) :]))
    least, rise = float(losses[best]), end - float(losses[best])
    seen = f"validation loss {least:.4g} in epoch {best + 1:,}, its least, and {end:.4g} at the end"
    stopping = case.config.training.early_stopping
    if stopping is not None and stopping.monitor in (None, "validation_loss"):
        return Look(f"{seen}; early stopping watches over it")
    small = rise < WORSE_AGAIN * least or rise < NOTABLY * losses[0]
    if small or train[-1] > (1.0 - STILL_LEARNT) * train[best]:
        return Look(seen)
    epoch, hidden = best + 1, case.config.model.hidden
    undropped = hidden and not any(layer.dropout for layer in hidden)
    finding = Finding(
        what=f"since epoch {epoch:,} the network learns what only the training rows have",
        evidence=f"{seen}, while the training loss fell from {train[best]:.4g} to {train[-1]:.4g}",
        remedy=f"stop in time (the network kept is that of epoch {case.model.epoch:,}), hold the "
        "weights down, or bring more rows",
        settings=(
            ("training.early_stopping={patience: 10}",),
            (f"regularization.l2={case.config.regularization.l2 * 10.0 or 0.001:g}",),
            *([("model.hidden.0.dropout=0.2",)] if undropped else []),
        ),
    )
    return Look(seen, (finding,))
