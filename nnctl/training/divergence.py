"""Where the first number arose that is not finite, found by taking the epoch's steps once more.

Training looks at no more than the loss of each batch, which costs nothing. When that is not finite
the steps since the snapshot are repeated, to the bit, and everything that they write is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnctl.data.arrays import IntArray
from nnctl.data.streams import stream
from nnctl.nn.arrays import FloatArray
from nnctl.nn.layers import Activate, Dense, Dropout
from nnctl.nn.layout import Layout
from nnctl.nn.stage import Stage

if TYPE_CHECKING:
    from nnctl.training.loop import Trainer
    from nnctl.training.steps import Steps

STAGES: dict[type[Stage], str] = {
    Dense: "net inputs",
    Activate: "activations",
    Dropout: "activations after dropout",
}
NORMALIZED = "normalized net inputs"


@dataclass(frozen=True)
class Origin:
    """The first thing that was not finite, as part of a sentence, and its batch from 0."""

    what: str
    batch: int | None


def find_origin(trainer: Trainer, learning_rate: float) -> Origin | None:
    """Return the first thing that is not finite on the way from the trainer's snapshot.

    The trainer is taken back to the snapshot, and left where the search ends. None where nothing
    is found, as when batches were skipped on the way, or where other processes have the rows.
    """
    steps = trainer.steps.alone
    if steps is None:
        return None
    trainer.restore(trainer.snapshot)
    progress = trainer.begun()
    for rows in steps.remaining(progress, trainer.epoch):
        for what in _in_one_step(trainer, steps, progress.batches, rows, learning_rate):
            return Origin(f"{what} became infinite or NaN", progress.batches)
        progress.batches += 1
    return None


def _in_one_step(
    trainer: Trainer, steps: Steps, batch: int, rows: IntArray, learning_rate: float
) -> Iterator[str]:
    """Take a step; yield what is not finite in it, in the order in which it is computed."""
    network = trainer.network
    workspace = steps.workspace.narrowed(len(rows))
    inputs = steps.batches.gather(rows)[0]
    if steps.has_dropout:
        workspace.draw_masks(stream(steps.settings.seed, "dropout", trainer.epoch, batch))
    kept = network.state.copy()
    yield from _in_stages(workspace.stages, inputs, len(network.layers))
    network.state[...] = kept  # running statistics move once a step, not twice
    loss, _ = steps.propagate(batch, rows, trainer.epoch, steps.outputs[: len(rows)])
    if not np.isfinite(loss):
        yield "the loss"
    for what, layout, vector in (
        ("gradients of the", network.layout, steps.workspace.gradients),
        ("", network.layout, network.parameters),
        ("", network.state_layout, network.state),
    ):
        if vector is network.parameters:
            steps.optimizer.step(steps.workspace.gradients, learning_rate)
        yield from _in_slots(what, layout, vector, len(network.layers))


def _in_stages(stages: list[Stage], values: FloatArray, n_layers: int) -> Iterator[str]:
    layer = -1
    for stage in stages:
        layer += isinstance(stage, Dense)
        values = stage.forward(values)
        if not np.isfinite(values).all():
            yield f"the {STAGES.get(type(stage), NORMALIZED)} of {_called(layer, n_layers)}"


def _in_slots(what: str, layout: Layout, vector: FloatArray, n_layers: int) -> Iterator[str]:
    for slot in sorted(layout.slots, key=lambda slot: slot.layer):
        if not np.isfinite(vector[slot.start : slot.stop]).all():
            name = slot.name.replace("_", " ")
            yield " ".join(f"the {what} {name} of {_called(slot.layer, n_layers)}".split())


def _called(layer: int, n_layers: int) -> str:
    return "the output layer" if layer == n_layers - 1 else f"hidden layer {layer + 1}"
