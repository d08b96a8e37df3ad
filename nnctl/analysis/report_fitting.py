"""Which pictures fit a run: what its rows, its task and its network allow to be drawn."""

from __future__ import annotations

import numpy as np

from nnctl.analysis.diagram import refuse_large
from nnctl.analysis.report_subject import Subject
from nnctl.analysis.weights import guessed_shape
from nnctl.errors import UsageError

MOST_LAYERS = 8  # of a network whose drawing a page has room for


def numeric_features(subject: Subject) -> int | None:
    """Return how many features there are where all are numbers, else None."""
    features = subject.model.preprocessing.features
    numeric = all(feature.kind == "numeric" for feature in features)
    return len(features) if numeric else None


def has_rows(subject: Subject) -> bool:
    """Whether the run's rows can be read."""
    return subject.measured is not None


def has_classes(subject: Subject) -> bool:
    """Whether the run tells classes apart, and its rows can be read."""
    return has_rows(subject) and subject.model.preprocessing.task == "classification"


def has_numbers(subject: Subject) -> bool:
    """Whether the run estimates numbers, and its rows can be read."""
    return has_rows(subject) and subject.model.preprocessing.task == "regression"


def has_hidden_layers(subject: Subject) -> bool:
    """Whether there is a layer before the output's."""
    return len(subject.model.network.layers) > 1


def can_be_drawn(subject: Subject) -> bool:
    """Whether the network is small enough for its drawing to be looked through."""
    try:
        refuse_large(subject.model)
    except UsageError:
        return False
    return len(subject.model.network.layers) <= MOST_LAYERS


def has_pixels(subject: Subject) -> bool:
    """Whether the names of the inputs are those of pixels."""
    return guessed_shape(subject.model.preprocessing.input_names)[0] is not None


def changes_its_rate(subject: Subject) -> bool:
    """Whether the learning rate is not the same in all epochs."""
    rates = subject.case.history.get("learning_rate", np.empty(0))
    return len(np.unique(rates)) > 1
