from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from tests.cli.commands import LONG_ENOUGH, environment, nnctl, refused, trained

XOR = "data: {generator: xor}\nloss: binary_cross_entropy\n" + (
    "training: {epochs: 1, batch_size: full}\n"
)
MISTAKES = Path("run.yaml")

# What follows a good config of two lines, or replaces it -> the error without the file's name.
BAD_CONFIGS: dict[str, str] = {
    # 1: not YAML at all
    "seed: [1": "4:1: not valid YAML: expected ',' or ']', but got '<stream end>' while parsing a "
    "flow sequence that begins in line 3",
    "training:\n\tepochs: 1": "4:1: not valid YAML: a tab cannot begin a token; indent with spaces",
    # 3: a key that there is not
    "epochs: 3": "3:1: unknown key `epochs`; it belongs in `training`",
    "training: {epoch: 3}": "3:12: unknown key `epoch` in training; did you mean `epochs`?",
    # 4: a key twice
    "seed: 1\nseed: 2": "4:1: the key `seed` stood in line 3 already; keep one of them",
    # 6: what only looks like a number
    "training: {epochs: true}": "3:20: training.epochs must be an integer (received true)",
    'training: {epochs: "8"}': '3:20: training.epochs must be an integer (received "8"); '
    "take the quotes away",
    # 7: words that YAML 1.1 takes for booleans, and times
    "training: {shuffle: no}": '3:21: training.shuffle must be true or false (received "no")',
    "training: {shuffle: on}": '3:21: training.shuffle must be true or false (received "on")',
    "training: {epochs: 1:30}": '3:20: training.epochs must be an integer (received "1:30"); '
    "take the quotes away",
    # 8: numbers that are none
    "optimizer: {learning_rate: .inf}": "3:28: optimizer.learning_rate must be a finite number "
    "(received .inf)",
    "optimizer: {learning_rate: .nan}": "3:28: optimizer.learning_rate must be a finite number "
    "(received .nan)",
    # 9: outside the range
    "optimizer: {learning_rate: 0}": "3:28: optimizer.learning_rate must be greater than 0 "
    "(received 0)",
    "optimizer: {learning_rate: -1}": "3:28: optimizer.learning_rate must be greater than 0 "
    "(received -1)",
    "optimizer: {schedule: {name: reduce_on_plateau, patience: 0}}": "3:59: "
    "optimizer.schedule.patience must be at least 1 (received 0)",
    "training: {epochs: 0}": "3:20: training.epochs must be at least 1 (received 0)",
    "training: {batch_size: 0}": "3:24: training.batch_size must be an integer of at least 1, "
    "or `full` (received 0)",
    "model: {hidden: [{units: -1}]}": "3:26: model.hidden.0.units must be at least 1 (received -1)",
    # 11: code
    "seed: !!python/object/apply:os.system ['touch owned']": "3:7: the tag "
    "`!!python/object/apply:os.system` is not read; leave it out",
    # 12: what does not go together
    "model: {output: {activation: tanh}}": "3:30: model.output.activation: binary_cross_entropy "
    "needs a probability of its own from each unit, which tanh does not give; "
    "write `activation: sigmoid`",
    "model: {output: {units: 2}}": "3:25: model.output.units: binary_cross_entropy takes one unit "
    "(received 2); write `units: 1`, or `activation: softmax` and "
    "`loss: categorical_cross_entropy`",
    "model: {hidden: [{units: 4, activation: step}]}": "3:41: model.hidden.0.activation: the "
    "derivative of step is zero, so that nothing before it can learn; "
    "write `activation: sigmoid` or `relu`",
    # 15: names that lead elsewhere
    "name: ../x": "3:7: name must be 1 to 100 letters, digits, `.`, `_` or `-`, beginning with "
    'a letter or a digit (received "../x")',
}  # fmt: skip
WHOLE_CONFIGS: dict[str, str] = {
    # 2: nothing, or no mapping
    "": "1:1: the file is empty; expected a mapping",
    "- a\n- b\n": "1:1: expected a mapping (received a list)",
    "3\n": "1:1: expected a mapping (received 3)",
    # 12
    "data: {generator: xor}\nloss: categorical_cross_entropy\n"
    "model: {output: {activation: softmax, units: 1}}\n": "3:46: model.output.units: softmax over "
    "one unit is always 1; write `units: 2` or more, or `activation: sigmoid` and "
    "`loss: binary_cross_entropy`",
}
BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{level}: &a{level} [*a{level - 1}, *a{level - 1}]\n" for level in range(1, 30)
)
# 10: what is too much for a reader -> a part of the error
TOO_MUCH = {
    "an alias bomb": (BOMB, "an alias such as `*name` is not read"),
    "deep nesting": ("a: " + "[" * 10_000, "more than 20 levels deep"),
    "a number of 5,000 digits": ("seed: " + "9" * 5000, "an integer of 5,000 digits"),
    "a file of 100 MB": ("#" + " " * 100_000_000, "a config has at most 1,048,576 bytes"),
}
RUN_NAMES = ["../x", "/x", ".hidden", "x" * 300, "a\x1b[31mb", "a\nb", ""]


@pytest.mark.parametrize("addition", BAD_CONFIGS)
def test_a_bad_config_is_told_with_its_place(addition: str) -> None:
    MISTAKES.write_text(f"data: {{generator: xor}}\nloss: binary_cross_entropy\n{addition}\n")
    assert f"run.yaml:{BAD_CONFIGS[addition]}" in refused(2)


@pytest.mark.parametrize("text", WHOLE_CONFIGS)
def test_a_config_of_another_kind_is_told(text: str) -> None:
    MISTAKES.write_text(text)
    assert refused(2) == [f"run.yaml:{WHOLE_CONFIGS[text]}"]


def test_numbers_are_read_as_yaml_1_2_has_them() -> None:
    MISTAKES.write_text(XOR + "seed: 010\noptimizer: {learning_rate: 1e-3}\n")  # rows 5 and 7
    assert trained() == ""
    kept = Path("runs/run/config.yaml").read_text()
    assert "\nseed: 10\n" in kept
    assert "learning_rate: 0.001" in kept


@pytest.mark.parametrize("text", TOO_MUCH)
def test_what_is_too_much_is_refused_soon_and_in_little_memory(text: str) -> None:
    content, message = TOO_MUCH[text]
    MISTAKES.write_text(content)
    del content
    nnctl("train", "none.yaml")  # what is imported now need not be counted
    began = time.monotonic()
    errors = refused(2)
    assert time.monotonic() - began < 1
    assert any(message in error for error in errors)
    tracemalloc.start()
    refused(2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6


def test_a_batch_larger_than_the_data_is_one_batch_and_said_once() -> None:
    MISTAKES.write_text(XOR)
    assert trained("--set", "training.batch_size=1000", "--set", "training.epochs=3") == (
        "note: training.batch_size is 1000, more than the 4 training rows: "
        "every epoch is one batch of them all\n"
    )


@pytest.mark.parametrize("units", [10_000_000, 10**18])
def test_a_network_larger_than_memory_is_never_allocated(units: int) -> None:
    MISTAKES.write_text(XOR + f"model: {{hidden: [{{units: {units}}}, {{units: {units}}}]}}\n")
    tracemalloc.start()
    errors = refused(2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "units" in errors[0]
    assert "iB" in errors[0]  # GiB, TiB, PiB, ...
    assert peak < 30e6


def test_what_does_not_fit_the_data_is_told_with_its_place() -> None:
    MISTAKES.write_text(
        "data: {generator: blobs}\nloss: binary_cross_entropy\nmetrics: [f1]\n"
        "training: {class_weight: {9: 2}}\nmodel:\n  hidden: ["
        + ", ".join(["{units: 1000000}"] * 9)
        + "]\n"
    )
    loss, metric, weight, memory = refused(2)
    assert loss == (
        "run.yaml:2:7: loss: binary_cross_entropy is for two classes (the target has 3); "
        "write categorical_cross_entropy"
    )
    assert metric == (
        "run.yaml:3:11: metrics.0: f1 is for two classes (the target has 3); write macro_f1"
    )
    assert weight == (
        "run.yaml:4:27: training.class_weight: the target has no class `9`; it has 0, 1, 2"
    )
    assert memory.startswith("run.yaml:6:3: model: training would take about ")


@pytest.mark.parametrize("name", RUN_NAMES)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    MISTAKES.write_text(XOR)
    (error,) = refused(2, "--name", name)
    assert error.startswith("a run's name must be 1 to 100 letters, digits, `.`, `_` or `-`, ")


def test_two_trainings_at_once_never_share_a_directory() -> None:
    MISTAKES.write_text(XOR)
    command = [sys.executable, "-m", "nnctl", "train", "run.yaml", "--quiet", "--no-plots"]
    both = [
        subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outs = [process.communicate(timeout=LONG_ENOUGH)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(outs) == ["runs/run\n", "runs/run-2\n"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("training.epoch=3", "unknown key `epoch` in training; did you mean `epochs`?"),
        ("epochs", "expected KEY=VALUE, such as training.epochs=50"),
        ("=3", "expected KEY=VALUE, such as training.epochs=50"),
        ("training.epochs=[", "not valid YAML: expected the node content, but found "
         "'<stream end>' while parsing a flow node (column 2 of the value)"),
        ("training.epochs=0", "training.epochs must be at least 1 (received 0)"),
    ],
)  # fmt: skip
def test_a_wrong_override_names_its_option(option: str, message: str) -> None:
    MISTAKES.write_text(XOR)
    assert refused(2, "--set", option) == [f"--set {option}: {message}"]
