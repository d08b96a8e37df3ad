from __future__ import annotations

from pathlib import Path

import pytest

from nnctl.config import load_config
from nnctl.errors import ConfigError
from tests.config.examples import write

DATA = "data: {generator: xor, split: {validation: 0.2, test: 0.2}}\n"
# What is written after a data section with validation and test rows -> what is wrong with it.
MISFITS = {
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
    "loss: hinge\ntraining: {early_stopping: {monitor: train_r2}}": "3:38: "
    "training.early_stopping.monitor: r2 is no metric for classification; those are accuracy, "
    "balanced_accuracy, precision, recall, f1, macro_precision, macro_recall, macro_f1, roc_auc, "
    "log_loss",
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
# Whole configs, without such rows.
LONELY = {
    "data: {generator: xor}\nloss: hinge\ntraining: {early_stopping: {monitor: validation_loss}}":
    "3:38: training.early_stopping.monitor: there are no validation rows; "
    "write `split: {validation: 0.2}` in `data`",
    "data: {generator: xor}\nloss: hinge\nexpect: {test_loss: {max: 1}}": "3:10: "
    "expect.test_loss: there are no test rows; write `split: {test: 0.2}` in `data`",
    "data: {source: a, target: y, test_source: t}\nloss: hinge\nexpect: {validation_f1: {min: 1}}":
    "3:10: expect.validation_f1: there are no validation rows; "
    "write `split: {validation: 0.2}` in `data`",
    "data: {source: a, target: y, validation_source: t}\nloss: hinge\nexpect: {test_f1: {min: 1}}":
    "3:10: expect.test_f1: there are no test rows; write `split: {test: 0.2}` in `data`",
    "data: {generator: sine, task: regression}\nloss: huber\ntraining: {class_weight: balanced}":
    "3:26: training.class_weight needs classes, and a regression has none; leave it out",
}  # fmt: skip
FITS = [
    "data: {generator: xor}\nloss: huber\noptimizer: {name: sgd, nesterov: true, momentum: 0.9}",
    "data: {source: a, target: y, validation_source: v, test_source: t}\nloss: hinge\n"
    "training: {early_stopping: {monitor: validation_loss}}\n"
    "expect: {validation_loss: {max: 1}, test_f1: {min: 0}}",
    "data: {generator: xor}\nloss: huber\nexpect: {train_loss: {max: 1}, train_f1: {min: 0}}",
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


@pytest.mark.parametrize("text", LONELY)
def test_what_needs_other_rows_or_classes_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}:{LONELY[text]}"
