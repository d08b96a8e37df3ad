"""Pictures that move: how what a network says changes from epoch to epoch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnctl.analysis.drawn_rows import MISCLASSIFIED, View, epoch_text
from nnctl.analysis.fits import fit_of
from nnctl.analysis.landscapes import landscape_of
from nnctl.analysis.pictures import MovingPicture
from nnctl.errors import Problem, UsageError
from nnctl.plots.animation import Caption
from nnctl.plots.boundary import boundary_animation
from nnctl.plots.fit import fit_animation
from nnctl.runs.directory import RunDirectory
from nnctl.training.inference import Model, load_model, models_over_epochs, with_chosen


def animate_boundary(
    run: RunDirectory,
    features: Sequence[str] | None = None,
    target: str | None = None,
) -> MovingPicture:
    """Draw what `draw_boundary` does for one epoch after another."""
    models, best = models_to_animate(run)
    view = landscape_of(run, models, features, target)
    animation = boundary_animation(view.drawn, captions_of(view, models, best))
    return MovingPicture(animation, view.notices, numbers_of(view, models, best))


def animate_fit(run: RunDirectory) -> MovingPicture:
    """Draw what `draw_fit` does for one epoch after another."""
    models, best = models_to_animate(run)
    view = fit_of(run, models)
    animation = fit_animation(view.drawn, captions_of(view, models, best))
    return MovingPicture(animation, view.notices, numbers_of(view, models, best))


def models_to_animate(run: RunDirectory) -> tuple[tuple[Model, ...], int]:
    """Return a run's network after several epochs, among them the best, and which that is."""
    models, best = models_of(run.last), load_model(run.best)
    return with_chosen(models, best), best.epoch


def models_of(last: Path) -> tuple[Model, ...]:
    """Return a run's network after several epochs; UsageError where only one is kept."""
    models = models_over_epochs(last)
    if len(models) > 1:
        return models
    epoch = models[0].epoch
    reason = (
        f"holds the network of epoch {epoch} alone: an older nnctl trained it, or it is too large "
        "for earlier ones to be kept; train it again, or a smaller one"
        if epoch
        else "holds the untrained network alone, since no epoch has ended; `nnctl resume` goes on"
    )
    raise UsageError(Problem(reason, file=str(last)))


def captions_of(view: View[Any], models: Sequence[Model], best: int) -> list[Caption]:
    """Return what stands over each frame."""
    last = models[-1].epoch
    return [
        Caption(epoch_text(model.epoch, last, best), measure)
        for model, measure in zip(models, texts_of(view), strict=True)
    ]


def texts_of(view: View[Any]) -> list[str]:
    """Return what a frame says of the points."""
    if view.measure == MISCLASSIFIED:
        return [f"{wrong:,} of {view.n_points:,} misclassified" for wrong in view.measured]
    return [f"root mean squared error {error:#.3g}" for error in view.measured]


def numbers_of(view: View[Any], models: Sequence[Model], best: int) -> dict[str, Any]:
    """Return what the frames show, ready for JSON."""
    frames = [
        {"epoch": model.epoch, view.measure: value}
        for model, value in zip(models, view.measured.tolist(), strict=True)
    ]
    return {"points": view.n_points, "best_epoch": best, "frames": frames}
