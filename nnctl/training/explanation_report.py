"""An explanation as plain values, with every number in full precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnctl.data.arrays import FloatArray
from nnctl.data.preprocessing import Preprocessing
from nnctl.nn.network import Network
from nnctl.training.decoding import ClassDecoder, Decoder, NumberDecoder
from nnctl.training.explained_rows import Cells, Subject
from nnctl.training.explaining import LayerNumbers, StepNumbers, layer_names
from nnctl.training.formulas import LOSS_FORMULAS
from nnctl.training.linear_formula import LinearFormula, linear_formula


def subject_report(subject: Subject) -> dict[str, Any]:
    """Return what is explained: the network, and what its inputs and outputs stand for."""
    preprocessing, trainer = subject.dataset.preprocessing, subject.assembly.trainer
    config, settings = subject.config, subject.assembly.trainer.settings
    clipping = {"value": settings.clip_value, "norm": settings.clip_norm}
    return {
        "name": subject.name,
        "epochs_trained": subject.epoch,
        "data": config.data.as_written(subject.table.source),
        "task": preprocessing.task,
        "dtype": trainer.network.dtype.name,
        "features": list(preprocessing.feature_names),
        "inputs": list(preprocessing.input_names),
        "input_of": [f.name for f in preprocessing.features for _ in f.input_names],
        "targets": list(preprocessing.targets),
        "target_scaling": target_scaling(preprocessing),
        "outputs": output_names(trainer.decoder, trainer.network.n_outputs),
        "loss": {"name": trainer.loss.name, **vars(LOSS_FORMULAS[trainer.loss.name])},
        "optimizer": config.optimizer.name,
        "regularization": {"l1": settings.l1, "l2": settings.l2},
        "gradient_clipping": clipping if any(clipping.values()) else None,
        "formula": formula_report(subject),
    }


def target_scaling(preprocessing: Preprocessing) -> dict[str, Any] | None:
    """Return what is taken off each target, and what it is then divided by; None where nothing."""
    center, scale = preprocessing.target_scaler.center, preprocessing.target_scaler.scale
    if not (center.any() or (scale != 1.0).any()):
        return None
    numbers = zip(preprocessing.targets, center.tolist(), scale.tolist(), strict=True)
    return {name: {"center": c, "scale": s} for name, c, s in numbers}


def formula_of(subject: Subject) -> LinearFormula | None:
    """Return the formula of the subject's network as it is now, if it has no hidden layers."""
    trainer = subject.assembly.trainer
    return linear_formula(trainer.network, subject.dataset.preprocessing, trainer.decoder)


def formula_report(subject: Subject) -> dict[str, Any] | None:
    """Return the formula as it is now, each score with its numbers."""
    formula = formula_of(subject)
    if formula is None:
        return None
    return {
        "text": formula.sentences(),
        "scores": [
            {
                "name": score.name,
                "coefficients": dict(zip(score.terms, score.coefficients, strict=True)),
                "intercept": score.intercept,
            }
            for score in formula.scores
        ],
    }


def output_names(decoder: Decoder, n_outputs: int) -> list[str]:
    """Return what each output stands for: a target, or a class (one output: the second)."""
    if isinstance(decoder, NumberDecoder):
        return list(decoder.preprocessing.targets)
    return list(decoder.classes) if n_outputs > 1 else [decoder.classes[-1]]


def step_report(subject: Subject, step: StepNumbers, cells: Cells) -> dict[str, Any]:
    """Return a step's numbers, layer by layer."""
    examples, gradients = step.examples, step.gradients
    return {
        "step": step.number,
        "epoch": step.epoch,
        "batch": step.batch,
        "learning_rate": step.learning_rate,
        "rows": rows_report(cells),
        "inputs": examples.inputs.tolist(),
        "targets": examples.encoded.tolist(),
        "weights": None if examples.weights is None else examples.weights.tolist(),
        "layers": [
            layer_report(subject.assembly.trainer.network, index, layer, step)
            for index, layer in enumerate(step.layers)
        ],
        "outputs": step.outputs.tolist(),
        "predictions": predictions(subject, step.decisions),
        "loss": step.loss,
        "penalty": step.penalty,
        "gradient_norm": gradients.norm,
        "update": list(step.rule.formulas),
        "outputs_after": step.outputs_after.tolist(),
        "loss_after": step.loss_after,
        "penalty_after": step.penalty_after,
    }


def rows_report(cells: Cells) -> list[dict[str, Any]]:
    """Return where each row stands, and its cells as they are written."""
    lines = [None] * len(cells.places) if cells.lines is None else cells.lines.tolist()
    return [
        {"row": place, "line": line, "set": name, "features": features, "targets": targets}
        for place, line, name, features, targets in zip(
            cells.places.tolist(), lines, cells.sets, cells.features, cells.targets, strict=True
        )
    ]


def predictions(subject: Subject, decisions: FloatArray) -> list[Any]:
    """Return what the network says: a class a row, or numbers in the targets' own units."""
    decoder = subject.assembly.trainer.decoder
    if isinstance(decoder, ClassDecoder):
        return [decoder.classes[label] for label in decoder.predicted(decisions)]
    return [*decoder.preprocessing.inverse_targets(decisions).tolist()]


def layer_report(
    network: Network, index: int, layer: LayerNumbers, step: StepNumbers
) -> dict[str, Any]:
    """Return what went into a layer, what it did with it, and how its parameters moved."""
    views = network.layout.views
    vectors = {
        "before": step.before,
        "gradient": step.gradients.of_loss,
        "gradient_with_penalty": step.gradients.with_penalty,
        "gradient_used": step.gradients.used,
        **{f"moment_{name}": moment for name, moment in step.rule.moments.items()},
        "after": step.after,
    }
    return {
        "name": layer_names(len(network.layers))[index],
        "inputs": layer.inputs.tolist(),
        "stages": [
            {
                **vars(stage.formulas),
                "outputs": stage.outputs.tolist(),
                "d_outputs": None if stage.d_outputs is None else stage.d_outputs.tolist(),
                **{name: np.asarray(array).tolist() for name, array in stage.more.items()},
            }
            for stage in layer.stages
        ],
        "d_inputs": None if layer.d_inputs is None else layer.d_inputs.tolist(),
        "parameters": {
            name: {what: views(vector, index)[name].tolist() for what, vector in vectors.items()}
            for name in views(step.before, index)
        },
    }
