from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from nnctl.config import load_config
from nnctl.config.pairs import ACTIVATION_NAMES, NEEDS, OUTPUT_ACTIVATIONS, choice_names
from nnctl.config.places import homes
from nnctl.config.schema import Config
from nnctl.config.schema.losses import Loss
from nnctl.config.semantics import CHECKS, semantic_findings
from nnctl.errors import ConfigError
from tests.config.examples import write

TABLE = "source: a.csv, target: y"
SPLIT = "split: {validation: 0.2, test: 0.2}"
# A config -> the only thing that is wrong with it.
MISFITS = {
    "data: {}\nloss: huber": "1:7: data needs a `source`, which is a CSV file, or a `generator`",
    "data: {source: a.csv, target: y, generator: xor}\nloss: huber": "1:34: data has a `source` "
    "and a `generator`; keep one of them",
    "data: {source: a.csv}\nloss: huber": "1:7: data needs `target`, the column to predict",
    'data: {source: "a\\0", target: y}\nloss: huber': "1:16: data.source must be a path, "
    "without a NUL character",
    "data: {source: a.csv, target: [y, y]}\nloss: huber": "1:35: data.target names the column "
    "`y` twice",
    f"data: {{{TABLE}, features: [x, y]}}\nloss: huber": "1:48: data.features names the target "
    "`y`; a target is no feature",
    f"data: {{{TABLE}, features: [x, z, x]}}\nloss: huber": "1:51: data.features names the column "
    "`x` twice",
    f"data: {{{TABLE}, sample_weight: y}}\nloss: huber": "1:49: data.sample_weight: the column `y` "
    "is a target or a feature",
    f"data: {{{TABLE}, encoding: utf-9}}\nloss: huber": "1:44: data.encoding must be the name of a "
    'text encoding, such as utf-8, utf-16 or latin-1 (received "utf-9")',
    f"data: {{{TABLE}, encoding: zip}}\nloss: huber": "1:44: data.encoding must be the name of a "
    'text encoding, such as utf-8, utf-16 or latin-1 (received "zip")',
    f"data: {{{TABLE}, delimiter: a}}\nloss: huber": "1:45: data.delimiter must be no letter, "
    'digit, quote or line end (received "a")',
    "data: {generator: {name: linear, low: 2, high: 1}}\nloss: huber": "1:39: data.generator.low "
    "must be less than `high`, which is 1.0 (received 2.0)",
    "data: {generator: xor, split: {validation: 0.5, test: 0.5}}\nloss: huber": "1:31: data.split: "
    "validation 0.5 and test 0.5 leave no rows to train on; their sum must be less than 1",
    "data: {generator: xor, task: regression}\nloss: hinge": "1:30: data.task is regression, but "
    "hinge is a loss for classification; write `task: classification`, or "
    "`loss: mean_squared_error`",
    "data: {generator: sine, task: regression, split: {stratify: true}}\nloss: huber": "1:61: "
    "data.split.stratify needs classes, and a regression has none; leave it out",
}  # fmt: skip
# The same, after a data section with validation and test rows.
LATER_MISFITS = {
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
    "loss: huber\nmodel: {output: {initializer: {name: values, weights: [[1, 2], [3]]}}}": "3:62: "
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
    "loss: huber\nmodel: {output: {bias: false, bias_initializer: {name: constant, value: 1}}}": "3:24: model.output: there are "
    "initial biases, but `bias: false`; leave one out",
    "loss: huber\noptimizer: {name: sgd, nesterov: true}": "3:34: optimizer.nesterov needs a "
    "momentum greater than 0 and a dampening of 0 (received momentum 0.0, dampening 0.0)",
    "loss: huber\ntraining: {gradient_clipping: {}}": "3:31: training.gradient_clipping needs "
    "`norm` or `value`, or leave it out",
    "loss: hinge\nmetrics: [r2]": "3:11: metrics.0: r2 is no metric for classification; those are "
    "accuracy, balanced_accuracy, precision, recall, f1, macro_precision, macro_recall, macro_f1, "
    "roc_auc, log_loss",
    "loss: hinge\nmetrics: [f1, f1]": "3:15: metrics.1 stands in the list already",
    "loss: hinge\ntraining: {early_stopping: {monitor: test_loss}}": "3:38: "
    "training.early_stopping.monitor: expected one of train_, validation_ followed by `loss` or a "
    'metric (received "test_loss")',
    "loss: hinge\ntraining: {early_stopping: {monitor: val_acc}}": "3:38: "
    "training.early_stopping.monitor: expected one of train_, validation_ followed by `loss` or a "
    'metric (received "val_acc"); did you mean `validation_accuracy`?',
    "loss: hinge\ntraining: {early_stopping: {monitor: validation_f1}}": "3:38: "
    "training.early_stopping.monitor: f1 is not measured in this training; add it to `metrics`",
    "loss: hinge\noptimizer: {schedule: {name: reduce_on_plateau, monitor: train_f1}}": "3:58: "
    "optimizer.schedule.monitor: f1 is not measured in this training; add it to `metrics`",
    "loss: huber\nexpect: {accuracy: {min: 0.9}}": "3:10: expect.accuracy: expected one of train_, "
    'validation_, test_ followed by `loss` or a metric (received "accuracy"); '
    "did you mean `test_accuracy`?",
    "loss: huber\nexpect: {test_r2: {}}": "3:19: expect.test_r2 needs `min` or `max`",
    "loss: huber\nexpect: {test_r2: {min: 1, max: 0}}": "3:25: expect.test_r2: nothing lies "
    "between a min of 1.0 and a max of 0.0",
    "loss: hinge\nexpect: {test_r2: {min: 1}}": "3:10: expect.test_r2: r2 is no metric for "
    "classification; those are accuracy, balanced_accuracy, precision, recall, f1, "
    "macro_precision, macro_recall, macro_f1, roc_auc, log_loss",
}  # fmt: skip
MISFITS |= {
    f"data: {{generator: xor, {SPLIT}}}\n{text}": LATER_MISFITS[text] for text in LATER_MISFITS
}
MISFITS |= {
    "data: {generator: xor}\nloss: hinge\ntraining: {early_stopping: {monitor: validation_loss}}":
    "3:38: training.early_stopping.monitor: there are no validation rows; "
    "write `split: {validation: 0.2}` in `data`",
    "data: {generator: xor}\nloss: hinge\nexpect: {test_loss: {max: 1}}": "3:10: "
    "expect.test_loss: there are no test rows; write `split: {test: 0.2}` in `data`",
    "data: {generator: sine, task: regression}\nloss: huber\ntraining: {class_weight: balanced}":
    "3:26: training.class_weight needs classes, and a regression has none; leave it out",
}  # fmt: skip
FITS = [
    "data: {generator: xor}\nloss: mean_squared_error\nmodel: {output: {activation: sigmoid}}",
    "data: {generator: xor}\nloss: perceptron\nmodel: {output: {activation: identity}}",
    "data: {generator: xor}\nloss: huber\noptimizer: {name: sgd, nesterov: true, momentum: 0.9}",
    "data: {generator: xor}\nloss: huber\nexpect: {train_loss: {max: 1}, train_f1: {min: 0}}",
    "data: {generator: moons}\nloss: hinge\nmodel: {hidden: [{units: 2,\n"
    " initializer: {name: values, weights: [[1, 2], [3, 4]], biases: [0, 0]}}]}",
    "data: {generator: xor}\nloss: hinge\nmodel: {hidden: [{units: 2, normalization: layer}]}\n"
    "training: {batch_size: 1}",
]


@pytest.mark.parametrize("text", MISFITS)
def test_what_does_not_fit_together_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}:{MISFITS[text]}"


@pytest.mark.parametrize("text", FITS)
def test_what_fits_together_is_accepted(tmp_path: Path, text: str) -> None:
    load_config(write(tmp_path, text))


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
    findings = semantic_findings(config)
    assert (findings == []) == (activation in OUTPUT_ACTIVATIONS[loss])


def test_every_loss_has_its_pairs_and_its_need() -> None:
    assert set(OUTPUT_ACTIVATIONS) == set(NEEDS) == set(choice_names(Loss))
    assert all(set(pairs) <= set(ACTIVATION_NAMES) for pairs in OUTPUT_ACTIVATIONS.values())


@pytest.mark.parametrize("check", CHECKS)
def test_every_part_that_a_check_reads_exists(check: object) -> None:
    reads = CHECKS[check]  # type: ignore[index]
    assert reads
    for part in reads:
        *section, key = part.split(".")
        assert key in Config.model_fields if not section else homes()[key] == ".".join(section)


def test_a_check_is_silent_about_what_is_wrong_already() -> None:
    config = Config.model_validate({"data": {}, "loss": "hinge"})
    assert len(semantic_findings(config)) == 1
    assert semantic_findings(config, (("data",),)) == []
    assert semantic_findings(config, (("data", "source"),)) == []
    assert len(semantic_findings(config, (("data", "split"),))) == 1
