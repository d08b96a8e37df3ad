"""Which output activation goes with which loss, and which task a loss is for."""

from __future__ import annotations

from nnctl.config.places import choice_names
from nnctl.config.schema.activations import Activation
from nnctl.config.schema.data import Task
from nnctl.config.schema.root import Config

ACTIVATION_NAMES = choice_names(Activation)
DIFFERENTIABLE = (
    "identity",
    *(name for name in ACTIVATION_NAMES if name not in ("identity", "step")),
)
# Loss -> the output activations that make sense before it; the first is the default.
OUTPUT_ACTIVATIONS: dict[str, tuple[str, ...]] = {
    "mean_squared_error": DIFFERENTIABLE,
    "mean_absolute_error": DIFFERENTIABLE,
    "huber": DIFFERENTIABLE,
    "log_cosh": DIFFERENTIABLE,
    "binary_cross_entropy": ("sigmoid",),
    "categorical_cross_entropy": ("softmax",),
    "hinge": ("identity", "tanh"),
    "perceptron": ("step",),
}
# Loss -> what it needs from the outputs, as the end of a sentence.
NEEDS: dict[str, str] = {
    "mean_squared_error": "outputs with a derivative",
    "mean_absolute_error": "outputs with a derivative",
    "huber": "outputs with a derivative",
    "log_cosh": "outputs with a derivative",
    "binary_cross_entropy": "a probability of its own from each unit",
    "categorical_cross_entropy": "probabilities that sum to one",
    "hinge": "a score on either side of zero",
    "perceptron": "a step, whose errors it corrects",
}
CLASSIFICATION_LOSSES = frozenset(
    {"binary_cross_entropy", "categorical_cross_entropy", "hinge", "perceptron"}
)


def known_task(config: Config) -> Task | None:
    """Return the task if the config alone tells it; else it follows from the target's values."""
    if config.data.task is not None:
        return config.data.task
    return "classification" if config.loss.name in CLASSIFICATION_LOSSES else None


def output_activation(config: Config) -> str:
    """Return the name of the output activation; left out, the loss has a default."""
    activation = config.model.output.activation
    return OUTPUT_ACTIVATIONS[config.loss.name][0] if activation is None else activation.name
