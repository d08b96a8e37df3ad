from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from nnctl.config import load_config
from nnctl.config.model_checks import check_output_pair
from nnctl.config.pairs import ACTIVATION_NAMES, NEEDS, OUTPUT_ACTIVATIONS
from nnctl.config.places import choice_names
from nnctl.config.schema import Config
from nnctl.config.schema.losses import Loss
from nnctl.errors import ConfigError
from tests.config.examples import write

DATA = "data: {generator: xor, split: {validation: 0.2, test: 0.2}}\n"
# What is written after a data section with validation and test rows -> what is wrong with it.
MISFITS = {
    "loss: categorical_cross_entropy\nmodel: {output: {activation: tanh}}": "3:30: "
    "model.output.activation: categorical_cross_entropy needs probabilities that sum to one, "
    "which tanh does not give; write `activation: softmax`",
    "loss: binary_cross_entropy\nmodel: {output: {activation: relu}}": "3:30: "
    "model.output.activation: binary_cross_entropy needs a probability of its own from each unit, "
    "which relu does not give; write `activation: sigmoid`",
    "loss: binary_cross_entropy\nmodel: {output: {activation: softmax}}": "3:30: "
    "model.output.activation: binary_cross_entropy needs a probability of its own from each unit, "
    "which softmax does not give; write `activation: sigmoid` or `loss: categorical_cross_entropy`",
    "loss: huber\nmodel: {output: {activation: step}}": "3:30: model.output.activation: "
    "huber needs outputs with a derivative, which step does not give; "
    "write `activation: identity` or `loss: perceptron`",
    "loss: perceptron\nmodel: {output: {activation: identity}}": "3:30: model.output.activation: "
    "perceptron needs a step, whose errors it corrects, which identity does not give; "
    "write `activation: step`",
    "loss: categorical_cross_entropy\nmodel: {output: {units: 1}}": "3:25: model.output.units: "
    "softmax over one unit is always 1; write `units: 2` or more, or `activation: sigmoid` and "
    "`loss: binary_cross_entropy`",
    "loss: binary_cross_entropy\nmodel: {output: {units: 2}}": "3:25: model.output.units: "
    "binary_cross_entropy takes one unit (received 2); write `units: 1`, or `activation: softmax` "
    "and `loss: categorical_cross_entropy`",
    "loss: huber\nmodel: {hidden: [{units: 2, activation: step}]}": "3:41: "
    "model.hidden.0.activation: the derivative of step is zero, so that nothing before it can "
    "learn; write `activation: sigmoid` or `relu`",
    "loss: huber\nmodel: {hidden: [{units: 2, activation: softmax}]}": "3:41: "
    "model.hidden.0.activation: softmax makes one probability of each unit and belongs to the "
    "output; write `activation: relu`",
    "loss: huber\nmodel: {hidden: [{units: 2, normalization: batch}]}\ntraining: {batch_size: 1}":
    "3:44: model.hidden.0.normalization: batch normalization over one row gives zeros; write a "
    "`batch_size` of 2 or more, or `normalization: layer`",
    "loss: huber\nmodel: {output: {initializer: {name: values, weights: [[1, 2], [3]]}}}": "3:64: "
    "model.output.initializer.weights.1 must have a number for each of the 2 units (received 1)",
    "loss: huber\nmodel: {hidden: [{units: 2}],\n"
    " output: {initializer: {name: values, weights: [[1]]}}}": "4:48: "
    "model.output.initializer.weights must have a row for each of the 2 inputs (received 1)",
    "loss: huber\nmodel: {output: {units: 1,\n"
    " initializer: {name: values, weights: [[1]], biases: []}}}": "4:54: "
    "model.output.initializer.biases must have a number for each of the 1 units (received 0)",
    "loss: huber\nmodel: {output: {units: 1, bias_initializer: {name: values, biases: [1, 2]}}}":
    "3:69: model.output.bias_initializer.biases must have a number for each of the 1 units "
    "(received 2)",
    "loss: huber\nmodel: {output: {initializer: {name: values, weights: [[1]], biases: [1]},\n"
    " bias_initializer: {name: constant, value: 1}}}": "4:20: model.output: the initial biases are "
    "given twice; keep one of `biases` and `bias_initializer`",
    "loss: huber\nmodel: {output: {bias: false, bias_initializer: {name: constant, value: 1}}}":
    "3:24: model.output: there are "
    "initial biases, but `bias: false`; leave one out",
}  # fmt: skip
FITS = [
    "data: {generator: xor}\nloss: mean_squared_error\nmodel: {output: {activation: sigmoid}}",
    "data: {generator: xor}\nloss: perceptron\nmodel: {output: {activation: step}}",
    "data: {generator: moons}\nloss: hinge\nmodel: {hidden: [{units: 2,\n"
    " initializer: {name: values, weights: [[1, 2], [3, 4]], biases: [0, 0]}}]}",
    "data: {generator: xor}\nloss: hinge\nmodel: {hidden: [{units: 2, normalization: layer}]}\n"
    "training: {batch_size: 1}",
]


@pytest.mark.parametrize("text", FITS)
def test_what_fits_together_is_accepted(tmp_path: Path, text: str) -> None:
    load_config(write(tmp_path, text))


@pytest.mark.parametrize("text", MISFITS)
def test_what_does_not_fit_together_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, DATA + text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}:{MISFITS[text]}"


@pytest.mark.parametrize(
    ("loss", "activation"), list(itertools.product(OUTPUT_ACTIVATIONS, ACTIVATION_NAMES))
)
def test_exactly_the_pairs_of_the_table_are_accepted(loss: str, activation: str) -> None:
    config = Config.model_validate(
        {
            "data": {"generator": "xor"},
            "loss": loss,
            "model": {"output": {"activation": activation}},
        }
    )
    findings = list(check_output_pair(config))
    assert (findings == []) == (activation in OUTPUT_ACTIVATIONS[loss])


def test_every_loss_has_its_pairs_and_its_need() -> None:
    assert set(OUTPUT_ACTIVATIONS) == set(NEEDS) == set(choice_names(Loss))
    assert all(set(pairs) <= set(ACTIVATION_NAMES) for pairs in OUTPUT_ACTIVATIONS.values())
