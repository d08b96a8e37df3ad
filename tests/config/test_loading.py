from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from nnctl.config import check_run_name, config_from_dict, load_config
from nnctl.config.document import Path as Steps
from nnctl.config.document import value_at
from nnctl.config.schema.data import PATH_KEYS, DataConfig
from nnctl.config.yaml_source import read_text
from nnctl.errors import ConfigError, StorageError, UsageError
from tests.config.examples import FULL, MINIMAL, TABLE, write

RUN_NAMES = ["../x", "/x", ".hidden", "a" * 101, "x" * 300, "a\x1b[31m", "a\n", "", "a b", "é"]


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


@pytest.mark.parametrize("key", PATH_KEYS)
def test_every_path_is_resolved_and_remembered_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.chdir(tmp_path)
    beside = {"validation_labels": "validation_source", "test_labels": "test_source"}
    paths = {"source": "a.csv", beside.get(key, "source"): "a.csv", key: "../b.csv"}
    target = "" if key == "labels" else ", target: y"
    text = ", ".join(f"{name}: {path}" for name, path in paths.items())
    data = load_config(write(tmp_path, f"data: {{{text}{target}}}\nloss: huber\n")).data
    resolved = str(tmp_path.parent / "b.csv")
    assert getattr(data, key) == resolved
    assert data.as_written(resolved) == "../b.csv"
    assert data.as_written("/elsewhere.csv") == "/elsewhere.csv"
    option = load_config(tmp_path / "run.yaml", [f"data.{key}=./c.csv"]).data
    assert getattr(option, key) == str(tmp_path / "c.csv")
    assert option.as_written(str(tmp_path / "c.csv")) == "./c.csv"


def test_how_a_path_was_written_is_no_part_of_what_a_config_says(tmp_path: Path) -> None:
    relative = load_config(write(tmp_path, "data: {source: a, target: y}\nloss: huber\n"))
    text = f"data: {{source: {tmp_path}/a, target: y}}\nname: run\nloss: huber\n"
    absolute = load_config(write(tmp_path, text, "absolute.yaml"))
    assert relative == absolute
    assert relative.data == absolute.data
    path = str(tmp_path / "a")
    assert (relative.data.as_written(path), absolute.data.as_written(path)) == ("a", path)
    copied = pickle.loads(pickle.dumps(relative)).data.model_copy(update={"target": "z"})
    assert copied.as_written(path) == "a"
    value = {"data": {"source": "b", "target": "y"}, "loss": "huber"}
    assert config_from_dict(value, "/x").data.as_written("/x/b") == "b"
    assert DataConfig(source="/x/b").as_written("/x/b") == "/x/b"


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
    st.sampled_from(["numeric", "categorical", "ignored", "mean", "error", ";", "label"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "units", "weights", "min", "é", "kind", "order", "missing"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
PATHS = [(text, path) for text in (FULL, TABLE) for path in read_text(text, None).marks.values]


def _lines(load: Callable[[], object]) -> list[str]:
    try:
        load()
    except ConfigError as error:
        return [str(problem) for problem in error.problems] or [""]
    return []


@settings(max_examples=150, deadline=None)
@example(place=(FULL, ("expect",)), value={"min": {"name": None}})
@example(place=(TABLE, ("data", "columns")), value={"units": {"missing": {"name": "constant"}}})
@given(place=st.sampled_from(sorted(PATHS, key=str)), value=VALUES)
def test_a_mutated_config_loads_or_is_a_config_error(place: tuple[str, Steps], value: Any) -> None:
    text, path = place
    document = read_text(text, None)
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
