"""The pictures of a page: those that fit the run, in words too, as far as there is room."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nnctl.analysis import report_words
from nnctl.analysis.calibrating import draw_calibration
from nnctl.analysis.diagram import draw_network
from nnctl.analysis.importance import MOST_ROWS, draw_importance
from nnctl.analysis.layer_history import draw_activation_history, draw_gradient_history
from nnctl.analysis.layers import draw_activations, draw_gradients
from nnctl.analysis.pictures import Picture, draw_boundary, draw_fit
from nnctl.analysis.ranking import draw_ranking
from nnctl.analysis.report_encoding import SHADED, encoded, size_of
from nnctl.analysis.report_fitting import (
    can_be_drawn,
    changes_its_rate,
    has_classes,
    has_hidden_layers,
    has_numbers,
    has_pixels,
    has_rows,
    numeric_features,
)
from nnctl.analysis.report_parts import ReportPicture
from nnctl.analysis.report_subject import Subject
from nnctl.analysis.report_words import Seen
from nnctl.analysis.residuals import draw_residuals
from nnctl.analysis.schedule import draw_schedule
from nnctl.analysis.units import draw_units
from nnctl.analysis.weights import draw_weights
from nnctl.errors import NnctlError, UsageError
from nnctl.plots.confusion import confusion_figure
from nnctl.plots.history import history_figure

BINS = 10
REPEATS = 10
MOST_MULTIPLICATIONS = 2**35  # for the importance of all features: some seconds


@dataclass(frozen=True)
class Kind:
    """A picture that a page may have."""

    name: str  # as in `nnctl plot-NAME`
    title: str
    draw: Callable[[Subject], Picture]
    words: Callable[[Seen], str]  # what it shows, for who does not see it
    fits: Callable[[Subject], bool]
    suffix: str = ".svg"


@dataclass(frozen=True)
class LeftOut:
    """A picture that a page has not, and why."""

    name: str
    title: str
    reason: str


def picture_of_history(subject: Subject) -> ReportPicture | None:
    """Return the curves over the epochs; None before the first."""
    case, best = subject.case, subject.model.epoch
    if not case.epoch:
        return None
    history = {name: values.tolist() for name, values in case.history.items()}
    figure = Picture(history_figure(history, best or None, subject.run.name))
    marked = f"; epoch {best:,}, the best, is marked" if best else ""
    words = f"Loss and metrics over {case.epoch:,} epochs{marked}. The table has numbers."
    return encoded("history", "Loss and metrics over the epochs.", figure, words)


def picture_of_confusion(subject: Subject, matrix: Any, set_name: str | None) -> ReportPicture:
    """Return the confusion that the section on the test tells, as a picture."""
    counts = np.asarray(matrix)
    whole = counts.astype(np.int64)
    if (counts == whole).all():  # as it is where rows have no weights
        counts = whole
    title = f"{subject.run.name}: {set_name} rows"
    figure = Picture(confusion_figure(counts, subject.model.preprocessing.classes, title))
    right, total = float(np.trace(counts)), float(counts.sum())
    words = (
        f"Confusion matrix: of {total:,.6g}, {right:,.6g} are on the diagonal, where the predicted "
        "class is the true one."
    )
    return encoded(
        "confusion", f"Which classes are taken for which, {set_name} set.", figure, words
    )


def pictures_of(
    subject: Subject, room: int, said: Collection[str] = ()
) -> tuple[list[ReportPicture], list[LeftOut]]:
    """Return the pictures that fit the run and the room in bytes, and why others are left out.

    Of a picture's notices those are left away that the page has `said` already.
    """
    pictures: list[ReportPicture] = []
    left_out: list[LeftOut] = []
    for kind in KINDS:
        if not kind.fits(subject):
            continue
        try:
            picture = picture_of(kind, subject, said)
        except UsageError:
            continue  # it does not fit the run after all
        except NnctlError as error:
            left_out.append(LeftOut(kind.name, kind.title, "; ".join(map(str, error.problems))))
            continue
        if size_of(picture) > room:
            left_out.append(LeftOut(kind.name, kind.title, "the page would be too large"))
            continue
        room -= size_of(picture)
        pictures.append(picture)
    return pictures, left_out


def picture_of(kind: Kind, subject: Subject, said: Collection[str]) -> ReportPicture:
    """Draw a picture; raises what the command that draws it raises."""
    picture = kind.draw(subject)
    words = kind.words(Seen(subject.model, picture.numbers))
    news = tuple(notice for notice in picture.notices if notice not in said)
    return encoded(kind.name, kind.title, replace(picture, notices=news), words, kind.suffix)


def importance_of(subject: Subject) -> Picture:
    """Draw each feature's importance, unless that would take long."""
    model = subject.model
    rows = sum(table.n_rows for table in subject.portions)
    permuted = REPEATS * len(model.preprocessing.features) * min(rows, MOST_ROWS)
    if permuted * model.network.n_weights > MOST_MULTIPLICATIONS:
        raise NnctlError("with so many features, rows and weights it would take long")
    return draw_importance(model, subject.portions, title_of(subject), repeats=REPEATS)


def gradient_history_of(subject: Subject) -> Picture:
    """Draw gradients over the epochs; without rows, those that training saw."""
    if has_rows(subject):
        models, title = subject.models, title_of(subject)
    else:
        models, title = subject.models[-1:], subject.run.name
    return draw_gradient_history(subject.run, models, subject.portions, title)


def title_of(subject: Subject) -> str:
    """Return the title of a picture of the run's rows."""
    assert subject.measured is not None
    return f"{subject.run.name}: {subject.measured.set_name} rows"


KINDS = (
    Kind(
        "boundary",
        "What the network says over the plane of its two features.",
        lambda subject: draw_boundary(subject.run, subject.model),
        report_words.boundary,
        lambda subject: has_rows(subject) and numeric_features(subject) == 2,
        SHADED,
    ),
    Kind(
        "fit",
        "The network's curve over its one feature, through the data.",
        lambda subject: draw_fit(subject.run, subject.model),
        report_words.fit,
        lambda subject: has_rows(subject) and numeric_features(subject) == 1,
    ),
    Kind(
        "roc",
        "How well scores put the rows of a class above the others.",
        lambda subject: draw_ranking(subject.model, subject.portions, title_of(subject)),
        report_words.roc,
        has_classes,
    ),
    Kind(
        "calibration",
        "Whether probabilities come true.",
        lambda subject: draw_calibration(subject.model, subject.portions, title_of(subject), BINS),
        report_words.calibration,
        has_classes,
    ),
    Kind(
        "residuals",
        "Estimates against the truth, and what is left over.",
        lambda subject: draw_residuals(subject.model, subject.portions, title_of(subject)),
        report_words.residuals,
        has_numbers,
    ),
    Kind(
        "importance",
        "How much worse the network does when a feature's cells are permuted.",
        importance_of,
        report_words.importance,
        lambda subject: has_rows(subject) and len(subject.model.preprocessing.features) > 1,
    ),
    Kind(
        "network",
        "The network's weights as the colour and width of its edges.",
        lambda subject: draw_network(subject.model, subject.run.name),
        report_words.network,
        can_be_drawn,
    ),
    Kind(
        "weights",
        "What each unit of the first layer looks for in the pixels.",
        lambda subject: draw_weights(subject.model, subject.run.name),
        report_words.weights,
        has_pixels,
        SHADED,
    ),
    Kind(
        "units",
        "What each unit sees of the plane: its activation as colour, its boundary as a line.",
        lambda subject: draw_units(subject.run, subject.model, subject.run.name),
        report_words.units,
        lambda subject: (
            has_rows(subject) and has_hidden_layers(subject) and numeric_features(subject) == 2
        ),
        SHADED,
    ),
    Kind(
        "activations",
        "How activations are spread in each layer.",
        lambda subject: draw_activations(subject.model, subject.portions, title_of(subject)),
        report_words.activations,
        lambda subject: has_rows(subject) and has_hidden_layers(subject),
    ),
    Kind(
        "gradients",
        "How large gradients are in each layer.",
        lambda subject: draw_gradients(subject.model, subject.portions, title_of(subject)),
        report_words.gradients,
        lambda subject: has_rows(subject) and has_hidden_layers(subject),
    ),
    Kind(
        "activation-history",
        "How the activations of each layer change over the epochs.",
        lambda subject: draw_activation_history(
            subject.models, subject.portions, title_of(subject)
        ),
        report_words.activation_history,
        lambda subject: (
            has_rows(subject) and has_hidden_layers(subject) and len(subject.models) > 1
        ),
        SHADED,
    ),
    Kind(
        "gradient-history",
        "How the gradients and updates of each layer change over the epochs.",
        gradient_history_of,
        report_words.gradient_history,
        has_hidden_layers,
    ),
    Kind(
        "schedule",
        "The learning rate over the epochs, as planned and as it was.",
        lambda subject: draw_schedule(
            subject.model.config,
            subject.run.name,
            {name: values.tolist() for name, values in subject.case.history.items()},
        ),
        report_words.schedule,
        changes_its_rate,
    ),
)
