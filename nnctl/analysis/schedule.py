"""The learning rate over the epochs: as its schedule plans it, and as it was in a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nnctl.analysis.pictures import Picture
from nnctl.config import Config
from nnctl.data.arrays import FloatArray, IntArray
from nnctl.plots.schedule import schedule_figure
from nnctl.training.build import build_learning_rate

MOST_EPOCHS = 4000  # drawn and told; more would only cover one another


def draw_schedule(
    config: Config, title: str, history: Mapping[str, Sequence[float]] | None = None
) -> Picture:
    """Draw the rate of each epoch of the config, and beside it those of a run's history."""
    schedule = config.optimizer.schedule
    epochs = evenly(config.training.epochs) + 1
    planned = planned_rates(config, epochs)
    trained = None if history is None else rates_of(history)
    numbers = {
        "schedule": schedule.name,
        "warmup_epochs": schedule.warmup_epochs,
        "planned": {"epoch": epochs.tolist(), "learning_rate": planned.tolist()},
    }
    if trained is not None:
        chosen = evenly(len(trained[0]))
        trained = (trained[0][chosen], trained[1][chosen])
        names = ("epoch", "learning_rate")
        numbers["trained"] = dict(zip(names, (each.tolist() for each in trained), strict=True))
    notices: tuple[str, ...] = ()
    if schedule.name == "reduce_on_plateau":
        notices = (
            "it falls where progress stops, which no plan knows: planned is the rate before",
        )
    figure = schedule_figure(
        epochs, planned, trained, schedule.warmup_epochs, f"{title}: {schedule.name}"
    )
    return Picture(figure, notices, numbers)


def planned_rates(config: Config, epochs: IntArray) -> FloatArray:
    """Return the rate that the schedule gives each of the epochs (n,), counted from 1."""
    learning_rate = build_learning_rate(config)
    return np.array([learning_rate.rate(int(epoch) - 1) for epoch in epochs])


def rates_of(history: Mapping[str, Sequence[float]]) -> tuple[FloatArray, FloatArray]:
    """Return the epochs of a history and their rates, (n,) each."""
    return (
        np.asarray(history["epoch"], np.float64),
        np.asarray(history["learning_rate"], np.float64),
    )


def evenly(count: int) -> IntArray:
    """Return at most MOST_EPOCHS of the positions 0 to `count`, the first and the last of them."""
    return np.linspace(0, count - 1, min(count, MOST_EPOCHS)).round().astype(np.int64)
