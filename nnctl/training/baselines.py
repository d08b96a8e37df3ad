"""What a network has to beat: a constant answer, and a linear model of the same inputs.

Both are networks without hidden layers, so that they are measured as the network is. The constant
one gives each class its share of the training rows, and so always names the majority class, or
gives the mean of the targets. The linear one is fitted to its optimum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nnctl.data.arrays import FloatArray
from nnctl.data.dataset import Rows
from nnctl.errors import Problem, RunError, printable
from nnctl.nn.activation import Activation
from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.layout import LayerSpec
from nnctl.nn.lbfgs import Function, minimize
from nnctl.nn.loss import Loss
from nnctl.nn.losses import LOSSES
from nnctl.nn.network import Network, Workspace
from nnctl.nn.objective import Objective
from nnctl.nn.penalties import WeightPenalty
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint
from nnctl.training.decoding import ClassDecoder
from nnctl.training.evaluation import Examples, examples_of
from nnctl.training.inference import Model

# What fitting the linear model may take. A line needs no more rows than that, and the bounds look
# at no clock, so that the same run gives the same line.
MOST_ROWS = 50_000
MOST_NUMBERS = 2**23  # in inputs and targets
MOST_PARAMETERS = 2**20
MOST_MULTIPLICATIONS = 2**33  # in all iterations together
FEWEST_ITERATIONS, MOST_ITERATIONS = 10, 100
NUMBERS_AT_ONCE = 2**14  # in an array of outputs

RAREST = float(np.finfo(np.float32).eps)  # a smaller share of the rows counts as this one
# A tenth of what scikit-learn's LogisticRegression has by default, whose line gets AND wrong. With
# much less, a line overfits where features are many, and is easier to beat than a line need be.
PENALTY = 0.1

# Output activation -> the score that gives a mean.
SCORE_OF_MEAN: dict[str, Callable[[FloatArray], FloatArray]] = {
    "identity": lambda mean: mean,
    "sigmoid": lambda share: np.log(share) - np.log1p(-share),
    "softmax": np.log,
}


@dataclass(frozen=True, eq=False)
class Baselines:
    """The models to compare with; no linear one where it would be too large."""

    constant: Model
    linear: Model | None
    rows: int  # that the linear model was fitted on
    train_rows: int  # that there were

    @property
    def models(self) -> dict[str, Model]:
        """The models by name, the better one first."""
        linear = {} if self.linear is None else {"linear": self.linear}
        return {**linear, "constant": self.constant}


def fit_baselines(model: Model, train: Rows) -> Baselines:
    """Fit both to the training rows, whose sample weights count for both.

    Class weights count for the linear model as in training, and not for the majority class.
    """
    constant, linear = without_hidden_layers(model), without_hidden_layers(model)
    line, train_rows = linear.network, len(train.inputs)
    rows = rows_to_fit(line, train_rows)
    # What overflows ends in parameters that are not finite, and then there is no linear model.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        biases = best_constant(constant, train)
        constant.network.views(0)["biases"][...] = biases
        if len(line.parameters) <= MOST_PARAMETERS:
            line.parameters[...] = fit_line(linear, some_rows(train, rows), biases)
    usable = len(line.parameters) <= MOST_PARAMETERS and np.isfinite(line.parameters).all()
    return Baselines(constant, linear if usable else None, rows, train_rows)


def without_hidden_layers(model: Model) -> Model:
    """Return a model of the same inputs and targets whose network is one layer of zeros."""
    activation, loss = convex_end(model)
    network = model.network
    layer = LayerSpec(network.n_outputs, activation)
    line = Network(network.n_inputs, [layer], network.dtype.type)
    return replace(model, network=line, loss=loss)


def convex_end(model: Model) -> tuple[Activation, Loss]:
    """Return the output activation and the loss of a line that has one optimum.

    They are the run's own where its loss is convex in the scores. Numbers are given as they are,
    without an activation; classes are told by cross-entropy where the loss has no such optimum.
    """
    own = model.network.layers[-1].activation
    if model.preprocessing.task == "regression":
        return ACTIVATIONS["identity"](), model.loss
    if own.name == "identity" or "cross_entropy" in model.loss.name:
        return own, model.loss
    if model.network.n_outputs == 1:
        return ACTIVATIONS["sigmoid"](), LOSSES["binary_cross_entropy"]()
    return ACTIVATIONS["softmax"](), LOSSES["categorical_cross_entropy"]()


def best_constant(model: Model, train: Rows) -> FloatArray:
    """Return the biases (n_outputs,) that give the mean of the targets, or the classes' shares."""
    weights = np.ones(len(train.inputs))
    if train.sample_weight is not None:
        weights = train.sample_weight.astype(np.float64)
        weights /= weights.max()
    if not isinstance(model.decoder, ClassDecoder):
        mean: FloatArray = weights @ train.targets / weights.sum()
        return mean
    n_classes, n_outputs = len(model.preprocessing.classes), model.network.n_outputs
    shares = np.bincount(train.targets.astype(np.int64), weights, n_classes) / weights.sum()
    mean = shares @ model.decoder.encode(np.arange(n_classes), n_outputs)
    activation = model.network.layers[-1].activation.name
    if activation != "identity":
        mean = np.clip(mean, RAREST, 1.0 - RAREST)
    return SCORE_OF_MEAN[activation](mean)


def rows_to_fit(network: Network, n_rows: int) -> int:
    """Return on how many of the training rows a line is fitted."""
    for_memory = MOST_NUMBERS // (network.n_inputs + network.n_outputs)
    for_time = MOST_MULTIPLICATIONS // (FEWEST_ITERATIONS * network.n_weights)
    return max(min(n_rows, MOST_ROWS, for_memory, for_time), 1)


def some_rows(rows: Rows, count: int) -> Rows:
    """Return so many of the rows, evenly spaced, in float64."""
    positions = np.linspace(0, len(rows.inputs) - 1, count).astype(np.int64)
    weights = rows.sample_weight
    return Rows(
        rows.inputs[positions].astype(np.float64),
        rows.targets[positions],
        None if weights is None else weights[positions],
    )


def fit_line(model: Model, rows: Rows, biases: FloatArray) -> FloatArray:
    """Return the parameters (n_parameters,) of the network without hidden layers that fits best.

    The rows' inputs are standardized in place, whatever their scaling; the weights undo it.
    Classes have a penalty of l2 = 0.1 / n_rows: without one, those that a line tells apart would
    have weights without end. Numbers need none.
    """
    center, scale = standardize(rows.inputs)
    network = Network(model.network.n_inputs, model.network.layers, np.float64)
    line = network.views(0)
    line["biases"][...] = biases
    examples = examples_of(rows, model.decoder, network.n_outputs, model.class_weight)
    l2 = PENALTY / len(examples) if isinstance(model.decoder, ClassDecoder) else 0.0
    work = len(examples) * network.n_weights
    iterations = min(max(MOST_MULTIPLICATIONS // work, FEWEST_ITERATIONS), MOST_ITERATIONS)
    function = penalized_loss(network, model.loss, examples, l2)
    network.parameters[...] = minimize(function, network.parameters.copy(), iterations=iterations)
    line["weights"] /= scale[:, np.newaxis]
    line["biases"] -= center @ line["weights"]
    return network.parameters


def standardize(inputs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give inputs (n_rows, n_inputs) mean 0 and deviation 1, in place; return what they had."""
    constant = inputs.min(axis=0) == inputs.max(axis=0)
    center = inputs.mean(axis=0)
    inputs -= center
    scale = np.sqrt(np.einsum("ij,ij->j", inputs, inputs) / len(inputs))  # without a second array
    scale[constant] = 1.0
    inputs /= scale
    return center, scale


def penalized_loss(network: Network, loss: Loss, examples: Examples, l2: float) -> Function:
    """Return the loss on all the examples, as a function of the network's parameters.

    It goes through them in portions, so that what a pass writes is small and stays in the cache.
    """
    n_rows, n_outputs, n = len(examples), network.n_outputs, network.n_weights
    rows = min(n_rows, max(NUMBERS_AT_ONCE // n_outputs, 1))
    workspace = Workspace(network, rows)
    objective = Objective(network.layers[-1].activation, loss, rows, n_outputs, network.dtype)
    weights = np.ones(n_rows) if examples.weights is None else examples.weights
    total = float(weights.sum())
    gradients = np.zeros_like(network.parameters)
    penalty = WeightPenalty(network.parameters[:n], gradients[:n], l2=l2)

    def function(parameters: FloatArray) -> tuple[float, FloatArray]:
        network.parameters[...] = parameters
        gradients[...] = 0.0
        value = penalty.value()
        penalty.add_gradient()
        for start in range(0, n_rows, rows):
            part = slice(start, min(start + rows, n_rows))
            count, own = part.stop - part.start, weights[part]
            line, end = workspace.narrowed(count), objective.narrowed(count)
            share = float(own.sum()) / total
            value += share * end(line.forward(examples.inputs[part]), examples.encoded[part], own)
            line.backward(end.d_scores)
            np.add(gradients, share * workspace.gradients, out=gradients)
        return value, gradients.copy()

    return function


def baselines_checkpoint(baselines: Baselines) -> Checkpoint:
    """Return what brings the baselines back beside their run's network; no path, no clock."""
    arrays = {name: model.network.parameters for name, model in baselines.models.items()}
    metadata = {"rows": baselines.rows, "train_rows": baselines.train_rows}
    return Checkpoint(metadata, arrays)


def load_baselines(path: Path, model: Model) -> Baselines | None:
    """Return the baselines of the run whose network `model` is; None where there are none.

    They are written when a training has come to its end. Raises RunError for a file that is
    damaged or of another run.
    """
    if not path.exists():
        return None
    checkpoint = read_checkpoint(path)
    try:
        restored = {
            name: restored_model(model, parameters)
            for name, parameters in checkpoint.arrays.items()
        }
        rows, train_rows = (int(checkpoint.metadata[name]) for name in ("rows", "train_rows"))
        return Baselines(restored["constant"], restored.get("linear"), rows, train_rows)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        message = f"does not hold the baselines of this run ({printable(error)}); train again"
        raise RunError(Problem(message, str(path))) from error


def restored_model(model: Model, parameters: FloatArray) -> Model:
    """Return a baseline from its parameters (n_parameters,)."""
    line = without_hidden_layers(model)
    expected = line.network.parameters.shape
    if parameters.shape != expected or not np.isfinite(parameters).all():
        raise ValueError(f"its parameters must be {expected} finite numbers")
    line.network.parameters[...] = parameters
    return line
