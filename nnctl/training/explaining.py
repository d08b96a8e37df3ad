"""A step of training taken slowly: every number of it is kept, none of them computed elsewhere.

The passes are those of the workspace that training uses, gone through one stage after another, and
the update is the optimizer's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from nnctl.data.arrays import FloatArray
from nnctl.data.streams import stream
from nnctl.errors import DivergenceError
from nnctl.nn.clipping import clip_by_norm, clip_by_value
from nnctl.nn.layers import Dense, Dropout
from nnctl.nn.loss import OutputLoss
from nnctl.nn.network import Workspace
from nnctl.nn.normalization import Standardize, StandardizeBatch
from nnctl.nn.objective import Objective
from nnctl.nn.penalties import WeightPenalty
from nnctl.nn.stage import Stage
from nnctl.training.evaluation import Examples
from nnctl.training.formulas import STAGE_FORMULAS, Formulas, stage_kind
from nnctl.training.loop import Trainer
from nnctl.training.update_rules import UpdateRule, update_rule


@dataclass(eq=False)
class StageNumbers:
    """What one operation of a layer took in and gave, on the way forward and back."""

    formulas: Formulas
    outputs: FloatArray  # (rows, units)
    d_outputs: FloatArray | None = None  # dL/d(outputs), where the way back passes through them
    more: dict[str, FloatArray] = field(default_factory=dict)  # such as dropout's mask


@dataclass(eq=False)
class LayerNumbers:
    """A layer's stages, and what came into it."""

    name: str  # hidden 1, hidden 2, ..., output
    inputs: FloatArray  # (rows, n_inputs)
    stages: list[StageNumbers]
    d_inputs: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class GradientNumbers:
    """The gradients (n_parameters,) on their way from the loss to the optimizer."""

    of_loss: FloatArray
    with_penalty: FloatArray
    used: FloatArray  # after clipping
    norm: float  # before it is bounded


@dataclass(frozen=True, eq=False)
class StepNumbers:
    """A whole step; parameters and gradients (n_parameters,) have the network's layout."""

    number: int  # from 1
    epoch: int  # from 1
    batch: int  # from 1
    learning_rate: float
    examples: Examples
    layers: list[LayerNumbers]
    decisions: FloatArray  # (rows, n_outputs) before the step, as prediction makes them
    outputs: FloatArray  # (rows, n_outputs)
    loss: float
    penalty: float
    gradients: GradientNumbers
    before: FloatArray
    after: FloatArray
    rule: UpdateRule
    outputs_after: FloatArray  # of the same rows, with the same dropout
    loss_after: float
    penalty_after: float


def layer_names(n_layers: int) -> list[str]:
    """Return `hidden 1`, `hidden 2` and so on, and `output` for the last layer."""
    return [*(f"hidden {number}" for number in range(1, n_layers)), "output"]


class SlowTrainer:
    """Takes a trainer's steps one by one, and keeps what they compute."""

    def __init__(self, trainer: Trainer) -> None:
        network, settings, rows = trainer.network, trainer.settings, trainer.batch_rows
        self.trainer, self.network, self.settings = trainer, network, settings
        self.workspace = Workspace(network, rows)
        activation = network.layers[-1].activation
        self.objective = Objective(activation, trainer.loss, rows, network.n_outputs, network.dtype)
        n = network.n_weights
        gradients = self.workspace.gradients
        self.penalty = WeightPenalty(
            network.parameters[:n], gradients[:n], settings.l1, settings.l2
        )
        self.number = 0

    def step(self, examples: Examples, epoch: int, batch: int) -> StepNumbers:
        """Take one step on these rows; `epoch` and `batch`, from 0, are training's own.

        Raises DivergenceError where the loss is not finite, as training does.
        """
        self.number += 1
        rate = self.trainer.learning_rate.rate(epoch)
        workspace = self.workspace.narrowed(len(examples))
        objective = self.objective.narrowed(len(examples))
        workspace.draw_masks(stream(self.settings.seed, "dropout", epoch, batch))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            decisions = workspace.decisions(examples.inputs).copy()
            layers, scores = forward(workspace, examples.inputs)
            loss = objective(scores, examples.encoded, examples.weights)
            self._require_finite(loss, rate)
            outputs, penalty = objective.outputs.copy(), self.penalty.value()
            backward(workspace, objective, layers)
            gradients = self._regularized()
            before = self.network.parameters.copy()
            self.trainer.optimizer.step(workspace.gradients, rate)
            loss_after, outputs_after = self._loss_after(workspace, objective, examples)
        return StepNumbers(
            number=self.number,
            epoch=epoch + 1,
            batch=batch + 1,
            learning_rate=rate,
            examples=examples,
            layers=layers,
            decisions=decisions,
            outputs=outputs,
            loss=loss,
            penalty=penalty,
            gradients=gradients,
            before=before,
            after=self.network.parameters.copy(),
            rule=update_rule(self.trainer.optimizer),
            outputs_after=outputs_after,
            loss_after=loss_after,
            penalty_after=self.penalty.value(),
        )

    def _require_finite(self, loss: float, rate: float) -> None:
        if not math.isfinite(loss):
            raise DivergenceError(
                f"the loss became {loss} in step {self.number}, at learning rate {rate:g}; lower "
                "optimizer.learning_rate, scale the data, or set training.gradient_clipping"
            )

    def _regularized(self) -> GradientNumbers:
        """Add the penalty's gradient and clip, in the order of training."""
        gradients, settings = self.workspace.gradients, self.settings
        of_loss = gradients.copy()
        self.penalty.add_gradient()
        with_penalty = gradients.copy()
        if settings.clip_value is not None:
            clip_by_value(gradients, settings.clip_value)
        norm = float(np.linalg.norm(gradients))
        if settings.clip_norm is not None:
            clip_by_norm(gradients, settings.clip_norm)
        return GradientNumbers(of_loss, with_penalty, gradients.copy(), norm)

    def _loss_after(
        self, workspace: Workspace, objective: Objective, examples: Examples
    ) -> tuple[float, FloatArray]:
        """Return loss and outputs of the same rows now; running statistics do not see them."""
        state = self.network.state.copy()
        scores = workspace.forward(examples.inputs)
        loss = objective(scores, examples.encoded, examples.weights)
        self.network.state[...] = state
        return loss, objective.outputs.copy()


def forward(workspace: Workspace, inputs: FloatArray) -> tuple[list[LayerNumbers], FloatArray]:
    """Go forward stage by stage; return the layers' numbers, and the scores of the output."""
    names = iter(layer_names(len(workspace.network.layers)))
    layers: list[LayerNumbers] = []
    values = inputs
    for stage in workspace.stages:
        if isinstance(stage, Dense):
            layers.append(LayerNumbers(next(names), values.copy(), []))
        before = values.copy()  # a stage may write where it reads
        values = stage.forward(values)
        stages = layers[-1].stages
        symbol = stages[-1].formulas.symbol if stages else "x"
        formulas = STAGE_FORMULAS[stage_kind(stage)].of(stage, symbol)
        stages.append(StageNumbers(formulas, values.copy(), more=beside(stage, before)))
    return layers, values


def backward(workspace: Workspace, objective: Objective, layers: list[LayerNumbers]) -> None:
    """Go back stage by stage, and write down what arrives at the outputs of each."""
    network = workspace.network
    through_outputs = isinstance(objective.loss, OutputLoss)
    layers[-1].stages.append(
        StageNumbers(
            STAGE_FORMULAS["activation"].of(workspace.output),
            objective.outputs.copy(),
            objective.d_outputs.copy() if through_outputs else None,
        )
    )
    recorded = [(layer, stage) for layer in layers for stage in layer.stages][:-1]
    gradient: FloatArray | None = objective.d_scores
    for stage, (layer, numbers) in reversed([*zip(workspace.stages, recorded, strict=True)]):
        assert gradient is not None
        numbers.d_outputs = gradient.copy()
        gradient = stage.backward(gradient)
        if isinstance(stage, Dense) and gradient is not None:
            layer.d_inputs = gradient.copy()
    # Nothing learns from the gradient of the network's own inputs, and training leaves it out.
    d_scores = layers[0].stages[0].d_outputs
    assert d_scores is not None
    layers[0].d_inputs = d_scores @ network.views(0)["weights"].T


def beside(stage: Stage, inputs: FloatArray) -> dict[str, FloatArray]:
    """Return what a stage used beside its inputs."""
    if isinstance(stage, Dropout):
        return {"mask": stage.mask.copy()}
    if isinstance(stage, Standardize):
        axis = -2 if isinstance(stage, StandardizeBatch) else -1
        return {
            "mean": inputs.mean(axis=axis, keepdims=True),
            "deviation": stage.deviation.copy(),
            "standardized": stage.standardized.copy(),
        }
    return {}
