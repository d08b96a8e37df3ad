from __future__ import annotations

from pathlib import Path

import pytest

from nnctl.config import load_config
from nnctl.errors import ConfigError
from tests.config.examples import MINIMAL, write

# What is written after a minimal config, from line 3 on -> the error without the file's name.
BAD_VALUES = {
    "training: {epochs: true}": "3:20: training.epochs must be an integer (received true)",
    'training: {epochs: "8"}': '3:20: training.epochs must be an integer (received "8"); '
    "take the quotes away",
    "training: {epochs: 8.0}": "3:20: training.epochs must be an integer (received 8.0)",
    "training: {epochs: 0}": "3:20: training.epochs must be at least 1 (received 0)",
    "training: {batch_size: -5}": "3:24: training.batch_size must be an integer of at least 1, "
    "or `full` (received -5)",
    "compute: {threads: 2147483648}": "3:20: compute.threads must be an integer from 1 to 1024, "
    "or `auto` (received 2147483648)",
    "training: {batch_size: fall}": "3:24: training.batch_size must be an integer of at least 1, "
    'or `full` (received "fall")',
    "training: {class_weight: {a: 0}}": "3:30: training.class_weight.a must be greater than 0 "
    "(received 0)",
    "training: {class_weight: 3}": "3:26: training.class_weight must be `balanced`, or a mapping "
    "of classes to weights (received 3)",
    "training: [1]": "3:11: training must be a mapping, such as {epochs: 100} (received a list)",
    "training:": "3:10: training must be a mapping, such as {epochs: 100} (received null)",
    "optimizer: {learning_rate: -1}": "3:28: optimizer.learning_rate must be greater than 0 "
    "(received -1)",
    "optimizer: {learning_rate: .inf}": "3:28: optimizer.learning_rate must be a finite number "
    "(received .inf)",
    "optimizer: {learning_rate: .nan}": "3:28: optimizer.learning_rate must be a finite number "
    "(received .nan)",
    'optimizer: {learning_rate: "0.1"}': "3:28: optimizer.learning_rate must be a number "
    '(received "0.1"); take the quotes away',
    "optimizer: {learning_rate: yes}": "3:28: optimizer.learning_rate must be a number "
    '(received "yes")',
    "optimizer: {beta_1: 1}": "3:21: optimizer.beta_1 must be less than 1 (received 1)",
    "optimizer: 5": "3:12: optimizer must be a name, or a mapping with a `name` (received 5)",
    "optimizer: Adma": '3:12: optimizer: unknown name "Adma"; did you mean `adam`?',
    "optimizer: lbfgs": "3:12: optimizer must be one of sgd, rmsprop, adagrad, adadelta, adam, "
    'adamw, nadam, adamax (received "lbfgs")',
    "optimizer: {name: SGD}": '3:19: optimizer.name: unknown name "SGD"; did you mean `sgd`?',
    "optimizer: {schedule: {gamma: 1}}": "3:23: optimizer.schedule needs a `name`, which must be "
    "one of constant, step, multistep, exponential, cosine, inverse_scaling, one_cycle, "
    "reduce_on_plateau",
    "optimizer: {schedule: step}": "3:23: optimizer.schedule: step needs `step_size`; "
    "write `{name: step, step_size: ...}`",
    "optimizer: {schedule: {name: multistep, milestones: [9, 9]}}": "3:53: "
    "optimizer.schedule.milestones must increase from one to the next (received a list)",
    "optimizer: {momentum: 0.9}": "3:13: unknown key `momentum` in optimizer; "
    "it belongs to sgd, rmsprop, and this is adam",
    "optimizer: {learing_rate: 1}": "3:13: unknown key `learing_rate` in optimizer; "
    "did you mean `learning_rate`?",
    "optimizr: adam": "3:1: unknown key `optimizr`; did you mean `optimizer`?",
    "learning_rate: 0.1": "3:1: unknown key `learning_rate`; it belongs in `optimizer`",
    "regularization: {weight_decay: 1}": "3:18: unknown key `weight_decay` in regularization; "
    "it belongs in `optimizer`",
    "hidden_layer_sizes: [8]": "3:1: unknown key `hidden_layer_sizes`; "
    "write `model: {hidden: [{units: ...}, ...]}`, an entry a layer",
    "model: {hidden: [16]}": "3:18: model.hidden.0 must be a mapping, such as {units: 16} "
    "(received 16)",
    "model: {hidden: [{units: 0}]}": "3:26: model.hidden.0.units must be at least 1 (received 0)",
    "model: {hidden: [{}]}": "3:18: model.hidden.0: the key `units` is missing",
    "model: {hidden: [{units: 2, activation: {name: leaky_relu, slope: no}}]}": "3:67: "
    'model.hidden.0.activation.slope must be a number (received "no")',
    "model: {hidden: 3}": "3:17: model.hidden must be a list (received 3)",
    "metrics: [mse]": '3:11: metrics.0: unknown name "mse"; did you mean `mean_squared_error`?',
    "seed: -1": "3:7: seed must be at least 0 (received -1)",
    "name: ../x": "3:7: name must be 1 to 100 letters, digits, `.`, `_` or `-`, beginning with "
    'a letter or a digit (received "../x")',
    "name: 5": "3:7: name must be text (received 5); put it in quotes",
    "seed: 1\nseed: 2": "4:1: the key `seed` stood in line 3 already; keep one of them",
    "compute: !!python/name:os.system {}": "3:10: the tag `!!python/name:os.system` is not read; "
    "leave it out",
    'compute: {"\\e[31m": 1}': "3:11: unknown key `\\x1b[31m` in compute; the keys here are "
    "dtype, threads, rows",
}
# What is written of data beside the generator -> the error without the file's name.
BAD_DATA = {
    "columns: {a: categoricl}": '1:37: data.columns.a: unknown name "categoricl"; '
    "did you mean `categorical`?",
    "columns: {a: {kind: category}}": '1:44: data.columns.a.kind: unknown name "category"; '
    "did you mean `categorical`?",
    "columns: {a: 5}": "1:37: data.columns.a must be a mapping, such as {kind: categorical} "
    "(received 5)",
    "columns: [a]": "1:33: data.columns must be a mapping, such as {island: categorical} "
    "(received a list)",
    "columns: {a: {units: 5}}": "1:38: unknown key `units` in data.columns.a; "
    "it belongs in `model.hidden`",
    "columns: {a: {missing: {name: mean, value: 3}}}": "1:60: unknown key `value` in "
    "data.columns.a.missing; it belongs to constant, and this is mean",
    "columns: {a: {order: [1, b]}}": "1:46: data.columns.a.order.0 must be text (received 1); "
    "put it in quotes",
    "missing: constant": "1:33: data.missing: constant needs `value`; "
    "write `{name: constant, value: ...}`",
    "missing: {name: constant, value: true}": "1:57: data.missing.value must be a finite number, "
    "or text (`true` and `false` in quotes) (received true)",
    "missing_values: NA": '1:40: data.missing_values must be a list, such as ["", NA] '
    '(received "NA")',
    "missing_values: [NA, -9]": "1:45: data.missing_values.1 must be text (received -9); "
    "put it in quotes",
    "missing_values: [NA, null]": "1:45: data.missing_values.1 must be text (received null); "
    "put it in quotes",
    "missing_values: [NA, true]": "1:45: data.missing_values.1 must be text (received true); "
    "put it in quotes",
    "encoding: null": "1:34: data.encoding must be text (received null)",
    "decimal: ;": '1:33: data.decimal must be one of ".", "," (received ";")',
    "sep: ;": "1:24: unknown key `sep` in data; write `delimiter`, in `data`",
}


@pytest.mark.parametrize("data", BAD_DATA)
def test_what_is_bad_about_data_is_one_line_with_its_place(tmp_path: Path, data: str) -> None:
    path = write(tmp_path, f"data: {{generator: xor, {data}}}\nloss: hinge\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}:{BAD_DATA[data]}"


@pytest.mark.parametrize("addition", BAD_VALUES)
def test_a_bad_value_is_one_line_with_its_place(tmp_path: Path, addition: str) -> None:
    path = write(tmp_path, MINIMAL + addition + "\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}:{BAD_VALUES[addition]}"
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: the file is empty; expected a mapping"),
        ("# only this\n", "1:1: the file is empty; expected a mapping"),
        ("- a\n", "1:1: expected a mapping (received a list)"),
        ("3\n", "1:1: expected a mapping (received 3)"),
        ("data: {generator: xor}", "1:1: the key `loss` is missing"),
        ("loss: hinge\ndata: [", "2:8: not valid YAML: expected the node content, but found "
         "'<stream end>' while parsing a flow node"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_config_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}:{message}"


def test_all_problems_come_at_once_and_in_order(tmp_path: Path) -> None:
    text = (
        "sead: 3\n"
        "data: {generator: moons, split: {validation: 0.5, test: 0.5}}\n"
        "model:\n"
        "  hidden: [{units: 0}]\n"
        "  output: {activation: relu}\n"
        "loss: categorical_cross_entropy\n"
        "loss: categorical_cross_entropy\n"
        "training: {epochs: no}\n"
    )
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path, ["training.batch_size=0", "rubbish"])
    assert str(caught.value).replace(str(path), "run.yaml").splitlines() == [
        "run.yaml:1:1: unknown key `sead`; did you mean `seed`?",
        "run.yaml:2:33: data.split: validation 0.5 and test 0.5 leave no rows to train on; "
        "their sum must be less than 1",
        "run.yaml:4:20: model.hidden.0.units must be at least 1 (received 0)",
        "run.yaml:5:24: model.output.activation: categorical_cross_entropy needs probabilities "
        "that sum to one, which relu does not give; write `activation: softmax`",
        "run.yaml:7:1: the key `loss` stood in line 6 already; keep one of them",
        'run.yaml:8:20: training.epochs must be an integer (received "no")',
        "--set rubbish: expected KEY=VALUE, such as training.epochs=50",
        "--set training.batch_size=0: training.batch_size must be an integer of at least 1, "
        "or `full` (received 0)",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "data: {generator: xor, split: {tset: 0.2}}\nloss: hinge\n"
            "expect: {test_accuracy: {min: 1}}",
            "unknown key `tset` in data.split; did you mean `test`?",
        ),
        (
            "data: {source: a.csv, taget: y}\nloss: hinge",
            "unknown key `taget` in data; did you mean `target`?",
        ),
        (
            "data: {generator: xor}\nloss: hinge\nmetrcs: [f1]\n"
            "training: {early_stopping: {monitor: train_f1}}",
            "unknown key `metrcs`; did you mean `metrics`?",
        ),
    ],
)
def test_what_a_wrong_key_may_have_meant_causes_no_second_error(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    assert [problem.message for problem in caught.value.problems] == [message]


def test_a_flood_of_problems_is_cut_short(tmp_path: Path) -> None:
    text = MINIMAL + "".join(f"key_{index}: 1\n" for index in range(1000))
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    assert len(caught.value.problems) == 51
    assert caught.value.problems[-1].message == "there are more problems; mend these first"


def test_a_wrong_bare_word_keeps_nothing_else_from_being_checked(tmp_path: Path) -> None:
    split = "split: {validation: 0.5, test: 0.5}"
    text = f"data: {{generator: xor, columns: {{a: categoricl}}, {split}}}\nloss: hinge\n"
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    assert [problem.column for problem in caught.value.problems] == [37, 57]
