from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnctl.analysis.selecting import CHOICES, OPERATORS, Condition, Shelf, parse_condition
from nnctl.analysis.written_config import written_config
from nnctl.errors import UsageError
from nnctl.runs.catalogue import Entry

ENTRIES = [
    Entry(Path("a"), status="finished", metrics={"test_accuracy": 0.8}, epochs=5, data="x.csv"),
    Entry(Path("b"), status="finished", metrics={"test_accuracy": 0.9}, epochs=50, data="y.csv"),
    Entry(Path("c"), status="killed", epochs=None, started="2026-01-01"),
]
CONFIGS: dict[str, Any] = {
    "a": {"optimizer": {"name": "adam", "amsgrad": False}, "model": {"hidden": [{"units": 8}]}},
    "b": {"optimizer": {"name": "sgd"}, "model": {"hidden": []}, "training": {"patience": None}},
    "c": {},
}


def shelf() -> Shelf:
    return Shelf(ENTRIES, lambda entry: CONFIGS[entry.name])


def names(*conditions: str) -> str:
    chosen = shelf().where([parse_condition(text) for text in conditions])
    return "".join(ENTRIES[index].name for index in chosen)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("kind = run", "abc"),
        ("test_accuracy > 0.8", "b"),
        ("test_accuracy >= 0.8", "ab"),
        ("test_accuracy<0.9", "a"),
        ("test_accuracy <= 9e-1", "ab"),
        ("test_accuracy = 0.90", "b"),
        ("test_accuracy != 0.9", "a"),
        ("test_accuracy==0.9", "b"),
        ("epochs > 9", "b"),  # as numbers: as text "5" is more than "50"
        ("status = killed", "c"),
        ("status != killed", "ab"),
        ("data < y", "a"),
        ("started >= 2026", "c"),
        ("optimizer.name = adam", "a"),
        ("optimizer = sgd", "b"),
        ("optimizer.amsgrad = false", "a"),
        ("optimizer.amsgrad = 0", ""),
        ("model.hidden.0.units = 8", "a"),
        ("epochs = null", "c"),
        ("epochs != none", "ab"),
        ("training.patience = null", "abc"),
        ("epochs > none", ""),
        ("name = a b", ""),
    ],
)
def test_a_condition_chooses(condition: str, expected: str) -> None:
    assert names(condition) == expected


def test_several_conditions_hold_together() -> None:
    assert names("test_accuracy > 0.7", "optimizer.name = adam") == "a"
    assert names() == "abc"


@pytest.mark.parametrize("comparison", OPERATORS)
def test_what_has_no_value_satisfies_nothing_but_being_null(comparison: str) -> None:
    assert not Condition("k", comparison, "1").holds(None)
    assert Condition("k", comparison, "null").holds(None) is (comparison in ("=", "=="))


@pytest.mark.parametrize(
    "text",
    ["", "epochs", "> 3", "epochs 3", "epochs ~ 3", "a b = 3", "a >> 3", "a === 3", "a > = 3"],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_condition(text)
    assert str(caught.value) == (
        "--where takes KEY OP VALUE with one of != < <= = == > >=, such as 'test_accuracy > 0.9' "
        f"(received {text!r})"
    )


@pytest.mark.parametrize("key", CHOICES)
def test_a_word_that_no_run_can_have_is_refused_with_those_that_there_are(key: str) -> None:
    for value in (*CHOICES[key], "null"):
        assert parse_condition(f"{key} = {value}").value == value
    with pytest.raises(UsageError) as caught:
        parse_condition(f"{key} = kiled")
    known = ", ".join(CHOICES[key])
    assert str(caught.value) == f"--where: {key} is one of {known} (received 'kiled')"


@pytest.mark.parametrize(
    ("metrics", "task"),
    [
        ("[accuracy]", "classification"),
        ("[r2]", "regression"),
        ("[]", None),
        ("3", None),
        ("[luck]", None),
    ],
)
def test_the_task_is_told_by_the_metrics(tmp_path: Path, metrics: str, task: str | None) -> None:
    (tmp_path / "config.yaml").write_text(f"metrics: {metrics}\n")
    assert written_config(Entry(tmp_path))["task"] == task


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("test_acuracy", "did you mean test_accuracy?"),
        ("optimiser.name", "did you mean optimizer.name or optimizer.amsgrad or optimizer?"),
        ("zzz", "known are name, kind, status, data, rows, epochs, best_epoch, parameters, seed, "
         "started, seconds, members, problem, test_accuracy, and keys of the config such as "
         "optimizer.name"),
    ],
)  # fmt: skip
def test_a_key_that_no_run_has_is_refused_with_those_that_there_are(key: str, advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        names(f"{key} = 1")
    assert str(caught.value) == f"--where: no run has {key!r}; {advice}"
    with pytest.raises(UsageError, match=r"^--sort: no run has"):
        shelf().ordered([0, 1, 2], key)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("test_accuracy", "abc"),
        ("-test_accuracy", "bac"),
        ("name", "abc"),
        ("-name", "cba"),
        ("optimizer", "abc"),
        ("-optimizer", "bac"),
        ("status", "abc"),
    ],
)
def test_entries_are_ordered_and_those_without_a_value_are_last(key: str, expected: str) -> None:
    order = shelf().ordered([0, 1, 2], key)
    assert "".join(ENTRIES[index].name for index in order) == expected


def refuse(entry: Entry) -> Any:
    raise AssertionError(f"the config of {entry.name} is read")


def test_no_config_is_read_for_a_column_or_a_metric() -> None:
    table = Shelf(ENTRIES, refuse)
    assert table.where([parse_condition("test_accuracy > 0"), parse_condition("epochs < 9")]) == [0]
    assert table.ordered([0, 1, 2], "-test_accuracy") == [1, 0, 2]
    with pytest.raises(AssertionError, match="the config of a is read"):
        table.ordered([0, 1, 2], "optimizer.name")


def test_nothing_is_refused_where_there_is_nothing() -> None:
    assert Shelf([], refuse).where([parse_condition("whatever = 1")]) == []


def test_a_config_that_cannot_be_read_has_no_keys(tmp_path: Path) -> None:
    assert written_config(Entry(tmp_path)) == {}
    (tmp_path / "config.yaml").write_text("optimizer: [")
    assert written_config(Entry(tmp_path)) == {}
    (tmp_path / "config.yaml").write_text("optimizer: {name: adam}")
    assert written_config(Entry(tmp_path)) == {"task": None, "optimizer": {"name": "adam"}}
