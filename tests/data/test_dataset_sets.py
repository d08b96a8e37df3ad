"""Each set has its own rows: of files of their own, of whole groups, or of a fold."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.config import Config, config_from_dict
from nnctl.data.dataset import Dataset, Rows, load_dataset
from nnctl.data.fingerprint import fingerprint
from nnctl.data.folds import Fold
from nnctl.data.loading import load_tables
from nnctl.errors import DataError

MAIN = """
    mass,island,alive,weight,y
    1,a,yes,1,10
    3,b,no,2,30
    5,a,no,0.5,20
"""
SETTINGS: dict[str, Any] = {
    "source": "main.csv",
    "target": "y",
    "sample_weight": "weight",
    "target_scaling": "none",
    "scaling": "none",
}


def write(directory: Path, name: str, text: str) -> None:
    lines = [line.strip() for line in text.strip().splitlines()]
    (directory / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def config_of(directory: Path, loss: str = "mean_squared_error", **data: Any) -> Config:
    tree = {"data": data, "loss": loss, "compute": {"dtype": "float64"}}
    return config_from_dict(tree, directory)


def dataset_of(directory: Path, files: dict[str, str], **data: Any) -> Dataset:
    """The data set of `main.csv` and of files of their own for `validation` and `test`."""
    write(directory, "main.csv", MAIN)
    for name, text in files.items():
        write(directory, f"{name}.csv", text)
    sources = {f"{name}_source": f"{name}.csv" for name in files}
    return load_dataset(config_of(directory, **SETTINGS, **sources, **data))


def message_of(directory: Path, files: dict[str, str], **data: Any) -> str:
    with pytest.raises(DataError) as caught:
        dataset_of(directory, files, **data)
    return str(caught.value).replace(f"{directory}{os.sep}", "")


OTHER_ORDER = """
    y,comment,weight,alive,island,mass
    40,?,3,no,b,7
    50,,4,YES,b,9
"""


@pytest.mark.parametrize("name", ["validation", "test"])
def test_a_set_may_have_a_file_of_its_own(tmp_path: Path, name: str) -> None:
    dataset = dataset_of(tmp_path, {name: OTHER_ORDER})
    assert dataset.preprocessing.input_names == ("mass", "island=a", "island=b", "alive")
    rows = getattr(dataset, name)
    assert rows.inputs.tolist() == [[7, 0, 1, 0], [9, 0, 1, 1]]
    assert rows.targets.tolist() == [[40], [50]]
    assert rows.sample_weight.tolist() == [3, 4]
    assert getattr(dataset.split, name).tolist() == [0, 1]
    assert dataset.split.train.tolist() == [0, 1, 2]
    assert dataset.train.inputs.tolist() == [[1, 1, 0, 1], [3, 0, 1, 0], [5, 1, 0, 0]]
    other = {"validation": "test", "test": "validation"}[name]
    assert getattr(dataset, other) is None
    assert len(getattr(dataset.split, other)) == 0


def test_both_sets_may_have_files_of_their_own(tmp_path: Path) -> None:
    one_row = "mass,island,alive,weight,y\n2,a,no,1,60\n"
    dataset = dataset_of(tmp_path, {"validation": OTHER_ORDER, "test": one_row})
    assert dataset.validation is not None
    assert dataset.test is not None
    assert (len(dataset.train.inputs), len(dataset.validation.inputs)) == (3, 2)
    assert dataset.test.inputs.tolist() == [[2, 1, 0, 0]]
    assert {*dataset.fingerprints} == {"source", "validation_source", "test_source"}
    assert [each["rows"] for each in dataset.fingerprints.values()] == [3, 2, 1]


def test_beside_a_file_of_its_own_the_other_set_is_drawn(tmp_path: Path) -> None:
    columns = {"alive": "boolean"}  # its kind is not to depend on the rows that are drawn
    dataset = dataset_of(
        tmp_path, {"validation": OTHER_ORDER}, columns=columns, split={"test": 0.4}
    )
    assert dataset.validation is not None
    assert dataset.test is not None
    assert (len(dataset.train.inputs), len(dataset.validation.inputs)) == (2, 2)
    assert len(dataset.test.inputs) == 1


def test_a_file_of_its_own_has_no_influence_on_the_preprocessing(tmp_path: Path) -> None:
    options: dict[str, Any] = {"scaling": "standardize", "target_scaling": "standardize"}
    write(tmp_path, "main.csv", MAIN)
    write(tmp_path, "test.csv", OTHER_ORDER)
    alone, beside = (
        load_dataset(config_of(tmp_path, **{**SETTINGS, **options}, test_source=source))
        for source in (None, "test.csv")
    )
    assert alone.train.inputs.tobytes() == beside.train.inputs.tobytes()
    assert alone.preprocessing.to_dict() == beside.preprocessing.to_dict()
    for name, array in alone.preprocessing.arrays().items():
        assert beside.preprocessing.arrays()[name].tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("text", "data", "message"),
    [
        (
            "island,alive,weight,y,Mass\na,no,1,2,3\n",
            {},
            "test.csv: there is no column `mass`; did you mean `Mass`?",
        ),
        (
            "island,alive,weight\na,no,1\n",
            {},
            "test.csv: there is no column `mass`; the columns are `island`, `alive`, `weight`\n"
            "test.csv: there is no column `y`; the columns are `island`, `alive`, `weight`",
        ),
        (
            "mass,island,alive,y\n1,a,no,2\n",
            {},
            "test.csv: there is no column `weight`; the columns are `mass`, `island`, `alive`, `y`",
        ),
        (
            "mass,island,alive,weight,y\n1,a,no,1,2\n1,c,no,1,2\n",
            {},
            "test.csv:3:2: input `island` has the category `c`, which no training row has; "
            "known are `a`, `b`",
        ),
        (
            "mass,island,alive,weight,y\n1,a,,1,2\n",
            {},
            "test.csv:2:3: input `alive` has a missing value (received a blank cell); fill it in; "
            "a network that was trained with `missing: most_frequent` would fill it itself",
        ),
        (
            "mass,island,alive,weight,y\n1,a,no,-1,2\n",
            {},
            "test.csv:2:4: sample weight `weight` must not be negative (received -1)",
        ),
        (
            "mass,island,alive,weight,y\n1,a,no,1,2\n1,a,no,1,7\n",
            {"task": "classification", "target_scaling": "standardize"},
            "test.csv:2:5: target `y` has an unknown class (received `2`); did you mean `20`?",
        ),
    ],
)
def test_a_file_that_does_not_fit_the_training_rows_is_refused(
    tmp_path: Path, text: str, data: dict[str, Any], message: str
) -> None:
    write(tmp_path, "main.csv", MAIN)
    write(tmp_path, "test.csv", text)
    config = config_of(tmp_path, **{**SETTINGS, **data}, test_source="test.csv")
    with pytest.raises(DataError) as caught:
        load_dataset(config)
    assert str(caught.value).replace(f"{tmp_path}{os.sep}", "") == message


def test_cells_of_another_file_are_read_as_the_first_file_has_them(tmp_path: Path) -> None:
    text = "mass,island,alive,weight,y\nheavy,a,no,1,2\n"
    assert message_of(tmp_path, {"validation": text}).startswith(
        "validation.csv:2:1: feature `mass` must hold numbers (received `heavy`)"
    )
    numbers = "mass,island,alive,weight,y\n1,7,no,1,2\n"
    assert message_of(tmp_path, {"validation": numbers}) == (
        "validation.csv:2:2: input `island` has the category `7`, which no training row has; "
        "known are `a`, `b`"
    )
    truths = "mass,island,alive,weight,y\n1,a,1,1,2\n"
    dataset = dataset_of(tmp_path, {"validation": truths})
    assert dataset.validation is not None
    assert dataset.validation.inputs.tolist() == [[1, 1, 0, 1]]


def grouped(directory: Path, cells: Sequence[object]) -> dict[str, Any]:
    rows = "\n".join(f"{row},{cell},{row % 2}" for row, cell in enumerate(cells))
    write(directory, "main.csv", f"x,patient,y\n{rows}")
    return {"source": "main.csv", "target": "y", "group": "patient"}


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("fold", [None, Fold(1, 3)])
def test_a_group_is_never_in_two_sets(tmp_path: Path, task: str, fold: Fold | None) -> None:
    cells = [("007", "7", 8, "Ann", "Ben", "8.0")[row * row % 11 % 6] for row in range(40)]
    data = grouped(tmp_path, cells)
    split = {"validation": 0.3, "test": 0.0 if fold else 0.3}
    dataset = load_dataset(config_of(tmp_path, task=task, split=split, **data), fold)
    assert dataset.preprocessing.feature_names == ("x",)
    parts = [dataset.split.train, dataset.split.validation, dataset.split.test]
    groups = [{str(cells[row]) for row in part} for part in parts]
    assert all(groups)
    assert sum(map(len, groups)) == len(set(map(str, cells)))
    assert sorted(np.concatenate(parts).tolist()) == [*range(40)]


def test_a_file_of_its_own_needs_no_groups(tmp_path: Path) -> None:
    data = grouped(tmp_path, ["a", "b", "c", "a"])
    write(tmp_path, "test.csv", "y,x\n1,5\n")
    dataset = load_dataset(config_of(tmp_path, test_source="test.csv", **data))
    assert dataset.test is not None
    assert len(dataset.test.inputs) == 1


def grouped_in_files(directory: Path, test: str, validation: str = "") -> dict[str, Any]:
    data = grouped(directory, ["P1", "P2", "P3", "P1"])
    write(directory, "test.csv", test)
    if not validation:
        return {**data, "test_source": "test.csv"}
    write(directory, "validation.csv", validation)
    return {**data, "test_source": "test.csv", "validation_source": "validation.csv"}


@pytest.mark.parametrize(
    ("test", "validation", "message"),
    [
        (
            "y,x,patient\n1,5,P2\n0,6,P9\n1,7,P1\n1,5,P2\n",
            "",
            "test.csv: groups `P1`, `P2` are in main.csv too; a group stays in one set: take them "
            "out of one of the files",
        ),
        (
            "y,x,patient\n1,5,P4\n",
            "y,patient,x\n1,P5,5\n1,P4,5\n",
            "test.csv: group `P4` is in validation.csv too; a group stays in one set: take it out "
            "of one of the files",
        ),
        (
            "y,x,patient\n1,5,P3\n",
            "y,patient,x\n1,P3,5\n",
            "validation.csv: group `P3` is in main.csv too; a group stays in one set: take it out "
            "of one of the files\n"
            "test.csv: group `P3` is in main.csv too; a group stays in one set: take it out "
            "of one of the files\n"
            "test.csv: group `P3` is in validation.csv too; a group stays in one set: take it out "
            "of one of the files",
        ),
    ],
)
def test_a_group_is_never_in_two_files(
    tmp_path: Path, test: str, validation: str, message: str
) -> None:
    data = grouped_in_files(tmp_path, test, validation)
    with pytest.raises(DataError) as caught:
        load_dataset(config_of(tmp_path, **data))
    assert str(caught.value).replace(f"{tmp_path}{os.sep}", "") == message


def test_of_groups_only_those_that_a_row_has_are_in_a_file(tmp_path: Path) -> None:
    test = "y,x,patient\nNA,5,P1\n1,6,P9\n1,6,NA\n"
    data = grouped_in_files(tmp_path, test, "y,patient,x\n1,P5,5\n")
    dataset = load_dataset(config_of(tmp_path, missing_target="drop", **data))
    assert dataset.test is not None
    assert len(dataset.test.inputs) == 2


def test_a_row_of_no_group_is_refused(tmp_path: Path) -> None:
    data = grouped(tmp_path, ["a", "b", "", "a"])
    with pytest.raises(DataError) as caught:
        load_dataset(config_of(tmp_path, split={"test": 0.5}, **data))
    assert str(caught.value).replace(f"{tmp_path}{os.sep}", "") == (
        "main.csv:4:2: group `patient` has a missing value (received a blank cell); "
        "fill it in, or remove the row"
    )


def test_a_fold_is_the_test_set(tmp_path: Path) -> None:
    write(tmp_path, "main.csv", "x,y\n" + "\n".join(f"{row},{row}" for row in range(10)))
    data: dict[str, Any] = {"source": "main.csv", "target": "y", "scaling": "standardize"}
    tested: list[int] = []
    for index in range(5):
        config = config_of(tmp_path, split={"validation": 0.25}, **data)
        dataset = load_dataset(config, Fold(index, 5))
        assert dataset.validation is not None
        assert dataset.test is not None
        sizes = [len(rows.inputs) for rows in (dataset.train, dataset.validation, dataset.test)]
        assert sizes == [6, 2, 2]
        train = dataset.split.train.astype(float)
        assert dataset.preprocessing.feature_scaler.center.tolist() == [train.mean()]
        tested += dataset.split.test.tolist()
    assert sorted(tested) == [*range(10)]


def bytes_of(rows: Rows | None) -> tuple[bytes, bytes] | None:
    return None if rows is None else (rows.inputs.tobytes(), rows.targets.tobytes())


def test_tables_that_were_read_before_are_not_read_again(tmp_path: Path) -> None:
    write(tmp_path, "main.csv", MAIN)
    write(tmp_path, "test.csv", OTHER_ORDER)
    config = config_of(tmp_path, **SETTINGS, test_source="test.csv")
    tables = load_tables(config)
    assert tables.fingerprints()["source"] == fingerprint(tables.main)
    first = load_dataset(config)
    for path in tmp_path.iterdir():
        path.unlink()
    second = load_dataset(config, tables=tables)
    for name in ("train", "validation", "test"):
        assert bytes_of(getattr(first, name)) == bytes_of(getattr(second, name))


GAPS = "a,y\n1,2\n2,NA\n3,4\n4,\n5,6\n6,7\n"


def test_rows_without_a_target_are_left_out_where_that_is_wished(tmp_path: Path) -> None:
    for name, text in (("f.csv", GAPS), ("v.csv", "a,y\n1,NA\n2,3\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    data = {"source": "f.csv", "validation_source": "v.csv", "target": "y"}
    tree = {"data": {**data, "missing_target": "drop"}, "loss": "mean_squared_error"}
    dataset = load_dataset(config_from_dict(tree, tmp_path))
    targets = dataset.train.targets.astype(np.float64)
    assert dataset.preprocessing.inverse_targets(targets).ravel() == pytest.approx(
        [2.0, 4.0, 6.0, 7.0]
    )
    assert dataset.validation is not None
    assert len(dataset.validation.inputs) == 1
    assert dataset.notices == (
        "2 rows have no value of `y` and are left out",
        "1 row has no value of `y` and is left out",
    )
    assert dataset.fingerprints["source"]["rows"] == 4


def test_a_table_without_any_target_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("a,y\n1,NA\n2,NA\n", encoding="utf-8")
    data = {"source": "f.csv", "target": "y", "missing_target": "drop"}
    config = config_from_dict({"data": data, "loss": "mean_squared_error"}, tmp_path)
    with pytest.raises(DataError, match="no row has a value of `y`"):
        load_dataset(config)
