from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from nnctl.config import check_run_name, config_from_dict, load_config
from nnctl.config.document import Path as Steps
from nnctl.config.document import value_at
from nnctl.config.yaml_source import read_text
from nnctl.errors import ConfigError, StorageError, UsageError
from tests.config.examples import FULL, MINIMAL, write

# What is written after a minimal config, from line 3 on -> the error without the file's name.
BAD_VALUES = {
    "training: {epochs: true}": "3:20: training.epochs must be an integer (received true)",
    'training: {epochs: "8"}': '3:20: training.epochs must be an integer (received "8"); '
    "take the quotes away",
    "training: {epochs: 8.0}": "3:20: training.epochs must be an integer (received 8.0)",
    "training: {epochs: 0}": "3:20: training.epochs must be at least 1 (received 0)",
    "training: {batch_size: -5}": "3:24: training.batch_size must be an integer of at least 1, "
    "or `full` (received -5)",
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
    "dtype, threads",
}
RUN_NAMES = ["../x", "/x", ".hidden", "a" * 101, "x" * 300, "a\x1b[31m", "a\n", "", "a b", "é"]


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


def test_numbers_are_read_as_yaml_1_2_does(tmp_path: Path) -> None:
    text = MINIMAL + "seed: 010\noptimizer: {learning_rate: 1e-3}\n"
    config = load_config(write(tmp_path, text))
    assert config.seed == 10
    assert config.optimizer.learning_rate == 0.001


def test_the_file_is_shown_as_the_user_wrote_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "3", "bad.yaml")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"^bad\.yaml:1:1: "):
        load_config("bad.yaml")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.yaml", "there is no such config file"),
        (".", "this is a directory; name the config file in it"),
        ("run.yaml/x", "the config cannot be read: Not a directory"),
        ("nul\0", "the config cannot be read: "),
    ],
)
def test_a_file_that_cannot_be_read_is_a_config_error(
    tmp_path: Path, name: str, message: str
) -> None:
    write(tmp_path, MINIMAL)
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / name)
    assert caught.value.problems[0].message.startswith(message)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_that_may_not_be_read_is_a_storage_error(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL)
    path.chmod(0)
    with pytest.raises(StorageError, match="may not be read"):
        load_config(path)


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(ConfigError, match="a config has at most 1,048,576 bytes"):
        load_config(path)


@pytest.mark.parametrize(
    ("file", "name"),
    [("iris.yaml", "iris"), ("my config (2).yaml", "my-config-2"), (".hidden.yml", "hidden"),
     ("é.yaml", "run"), ("x" * 200 + ".yaml", "x" * 100)],
)  # fmt: skip
def test_the_name_is_the_files_unless_given(tmp_path: Path, file: str, name: str) -> None:
    assert load_config(write(tmp_path, MINIMAL, file)).name == name
    assert load_config(write(tmp_path, MINIMAL + "name: own\n", file)).name == "own"


@pytest.mark.parametrize("name", RUN_NAMES)
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="a run's name must be 1 to 100 letters") as caught:
        check_run_name(name)
    assert "\n" not in str(caught.value.problems[0])
    with pytest.raises(ConfigError, match="name must be 1 to 100 letters"):
        config_from_dict({"data": {"generator": "xor"}, "loss": "hinge", "name": name}, tmp_path)


@pytest.mark.parametrize("name", ["a", "iris-2", "A.b_c", "7", "a" * 100])
def test_a_proper_name_is_accepted(name: str) -> None:
    assert check_run_name(name) == name


def test_the_source_is_relative_to_the_file_and_an_option_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs, elsewhere = tmp_path / "configs", tmp_path / "elsewhere"
    configs.mkdir()
    elsewhere.mkdir()
    write(configs, "data: {source: ../data/a.csv, target: y}\nloss: hinge\n")
    monkeypatch.chdir(elsewhere)
    path = Path("../configs/run.yaml")
    assert load_config(path).data.source == str(tmp_path / "data/a.csv")
    assert load_config(path, ["data.source=b.csv"]).data.source == str(elsewhere / "b.csv")
    assert load_config(path, ["data={source: b.csv, target: y}"]).data.source == str(
        elsewhere / "b.csv"
    )
    assert load_config(path, ["data.source=/c.csv"]).data.source == "/c.csv"


def test_a_config_cannot_be_changed_and_can_be_pickled(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, FULL))
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 3  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(config)) == config


def test_a_mapping_is_checked_like_a_file(tmp_path: Path) -> None:
    value = {
        "data": {"source": "a.csv", "target": ("x", "y"), "task": "classification"},
        "loss": "mean_squared_error",
        "training": {"class_weight": {0: 1.0, 1: 2.0}},
    }
    before = copy.deepcopy(value)
    config = config_from_dict(value, tmp_path)
    assert value == before
    assert config.data.source == str(tmp_path / "a.csv")
    assert config.data.target == ("x", "y")
    assert config.training.class_weight == {"0": 1.0, "1": 2.0}
    assert config.name == "run"


def test_a_mapping_with_problems_names_their_keys(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config_from_dict({"data": {"generator": "xor"}, "loss": "bce", "lr": 1}, tmp_path)
    assert sorted(str(problem) for problem in caught.value.problems) == [
        'loss: unknown name "bce"; did you mean `binary_cross_entropy`?',
        "unknown key `lr`; write `learning_rate`, in `optimizer`",
    ]


def test_a_mapping_that_holds_itself_is_refused(tmp_path: Path) -> None:
    value: dict[str, Any] = {}
    value["data"] = value
    with pytest.raises(ConfigError, match="more than 20 levels deep"):
        config_from_dict(value, tmp_path)


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["adam", "relu", "softmax", "values", "constant", "full", "balanced", "test"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "units", "weights", "min", "é"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
PATHS = sorted(read_text(FULL, None).values, key=str)


def _lines(load: Callable[[], object]) -> list[str]:
    try:
        load()
    except ConfigError as error:
        return [str(problem) for problem in error.problems] or [""]
    return []


@settings(max_examples=150, deadline=None)
@given(path=st.sampled_from(PATHS), value=VALUES)
def test_a_mutated_config_loads_or_is_a_config_error(path: Steps, value: Any) -> None:
    document = read_text(FULL, None)
    if path:
        value_at(document.value, path[:-1])[path[-1]] = value
    lines = _lines(lambda: config_from_dict(document.value if path else value, Path("/")))
    assert all(line and "\n" not in line for line in lines)


@settings(max_examples=100, deadline=None)
@given(start=st.integers(0, len(FULL)), length=st.integers(0, 6), text=st.text(max_size=4))
def test_a_config_with_a_few_other_characters_loads_or_is_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.yaml"
    path.write_bytes((FULL[:start] + text + FULL[start + length :]).encode())
    lines = _lines(lambda: load_config(path))
    assert all(line.startswith(f"{path}:") and "\n" not in line for line in lines)
