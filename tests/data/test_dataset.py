"""A config leads to arrays, and to the same ones each time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.config import Config, config_from_dict
from nnctl.data.dataset import Dataset, load_dataset, rows_from_table
from nnctl.data.fingerprint import fingerprint
from nnctl.data.generators import GENERATORS
from nnctl.data.loading import load_table
from nnctl.errors import DataError
from tests.data.tables import table_of

DATASETS = Path(__file__).parents[2] / "datasets"
IRIS: dict[str, Any] = {"source": "iris.csv", "target": "species"}


def config_of(
    loss: str = "mean_squared_error", seed: int = 7, dtype: str = "float32", **data: Any
) -> Config:
    tree = {"data": data, "loss": loss, "seed": seed, "compute": {"dtype": dtype}}
    return config_from_dict(tree, DATASETS)


def dataset_of(text: str, tmp_path: Path, **data: Any) -> Dataset:
    path = tmp_path / "f.csv"
    path.write_text(text, encoding="utf-8")
    return load_dataset(config_of(**{"source": str(path), "target": "y", **data}))


def message_of(text: str, tmp_path: Path, **data: Any) -> str:
    with pytest.raises(DataError) as caught:
        dataset_of(text, tmp_path, **data)
    return str(caught.value).replace(f"{tmp_path}{os.sep}", "")


def test_iris_is_split_by_species_and_standardized_on_its_training_rows() -> None:
    dataset = load_dataset(config_of(**IRIS, split={"validation": 0.2, "test": 0.2}))
    assert dataset.validation is not None
    assert dataset.test is not None
    for rows, n_rows in ((dataset.train, 90), (dataset.validation, 30), (dataset.test, 30)):
        assert rows.inputs.shape == (n_rows, 4)
        assert rows.inputs.dtype == np.float32
        assert np.bincount(rows.targets.astype(int)).tolist() == [n_rows // 3] * 3
    assert dataset.train.inputs.mean(axis=0) == pytest.approx(np.zeros(4), abs=1e-6)
    assert dataset.train.inputs.std(axis=0) == pytest.approx(np.ones(4), rel=1e-6)
    assert dataset.preprocessing.classes == ("setosa", "versicolor", "virginica")
    assert dataset.notices == ()


def test_the_same_config_gives_the_same_bytes() -> None:
    first, second, other = (
        load_dataset(config_of(**IRIS, split={"test": 0.2}, seed=seed)) for seed in (1, 1, 2)
    )
    assert first.train.inputs.tobytes() == second.train.inputs.tobytes()
    assert first.split.test.tolist() == second.split.test.tolist()
    assert first.split.test.tolist() != other.split.test.tolist()
    assert first.fingerprints == second.fingerprints == other.fingerprints


def test_the_test_rows_have_no_influence_on_the_training_rows(tmp_path: Path) -> None:
    options: dict[str, Any] = {"split": {"test": 0.5, "shuffle": False}, "dtype": "float64"}
    first = dataset_of("x,y\n1,5\n2,7\n3,1\n4,0\n", tmp_path, **options)
    second = dataset_of("x,y\n1,5\n2,7\n900,1e9\n-4,3\n", tmp_path, **options)
    assert first.train.inputs.tobytes() == second.train.inputs.tobytes()
    assert first.fingerprints != second.fingerprints


def test_the_sets_hold_the_rows_of_the_split() -> None:
    config = config_of(**IRIS, split={"test": 0.3})
    dataset = load_dataset(config)
    assert dataset.test is not None
    rows = rows_from_table(load_table(config), dataset.preprocessing, "float32")
    for part, positions in (
        (dataset.train, dataset.split.train),
        (dataset.test, dataset.split.test),
    ):
        assert part.inputs.tobytes() == rows.inputs[positions].tobytes()
        assert part.targets.tolist() == rows.targets[positions].tolist()
    assert sorted([*dataset.split.train, *dataset.split.test]) == [*range(150)]


def test_without_shares_there_is_only_a_training_set() -> None:
    dataset = load_dataset(config_of(**IRIS))
    assert (dataset.validation, dataset.test) == (None, None)
    assert len(dataset.train.inputs) == 150


def test_rows_in_their_order_are_not_stratified_unless_asked(tmp_path: Path) -> None:
    text = "x,y\n" + "".join(f"{row},{'ab'[row // 6]}\n" for row in range(10))
    in_order = dataset_of(text, tmp_path, split={"test": 0.2, "shuffle": False})
    assert in_order.split.test.tolist() == [8, 9]
    alike = dataset_of(text, tmp_path, split={"test": 0.5, "shuffle": False, "stratify": True})
    assert alike.split.test.tolist() == [3, 4, 5, 8, 9]


def test_a_regression_has_no_classes_to_stratify(tmp_path: Path) -> None:
    split = {"test": 0.5, "stratify": True}
    assert message_of("x,y\n1,2\n3,4\n", tmp_path, split=split) == (
        "f.csv: a regression has no classes to divide alike; write `stratify: false` in `split`"
    )


def test_classes_without_a_training_row_are_noticed(tmp_path: Path) -> None:
    text = "x,y\n1,a\n2,b\n3,a\n4,c\n5,d\n"
    dataset = dataset_of(text, tmp_path, split={"test": 0.4, "shuffle": False})
    assert dataset.notices == ("without a training row, so never predicted: class `c`, `d`",)


def test_sample_weights_go_along_with_their_rows(tmp_path: Path) -> None:
    text = "x,w,y\n1,0.5,1\n2,2,3\n4,0,7\n"
    dataset = dataset_of(text, tmp_path, sample_weight="w", split={"test": 0.4, "shuffle": False})
    assert dataset.preprocessing.feature_names == ("x",)
    assert dataset.test is not None
    assert dataset.train.sample_weight is not None
    assert dataset.test.sample_weight is not None
    assert dataset.train.sample_weight.dtype == np.float32
    assert dataset.train.sample_weight.tolist() == [0.5, 2.0]
    assert dataset.test.sample_weight.tolist() == [0.0]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("-1", "f.csv:3:2: sample weight `w` must not be negative (received -1)"),
        (
            "",
            "f.csv:3:2: sample weight `w` has a missing value (received a blank cell); "
            "fill it in, or remove the row",
        ),
        ("0", "f.csv: every training row has weight 0 in `w`; raise some"),
    ],
)
def test_weights_that_make_no_sense_are_refused(cell: str, message: str, tmp_path: Path) -> None:
    text = f"x,w,y\n1,0,1\n2,{cell},3\n"
    assert message_of(text, tmp_path, sample_weight="w") == message


@pytest.mark.parametrize(
    ("text", "data", "message"),
    [
        (
            "x,y\n1,2\nNA,4\n",
            {},
            "f.csv:3:1: feature `x` has a missing value (received `NA`); "
            "fill it in, remove the row, or write `missing:`, such as `missing: median`",
        ),
        (
            "x,y\n1,2\n1_000,4\n",
            {},
            "f.csv:3:1: feature `x` must hold numbers (received `1_000`); "
            "write it with the digits 0-9, as in `-1.5e3`, or say what the column is: "
            "`columns: {x: categorical}`, or `ignored`",
        ),
        (
            "name,x,y\nAnn,1,2\nBen,3,4\n",
            {"max_categories": 1},
            "f.csv: feature `name` has 2 categories in the training rows, more than "
            "max_categories, which is 1 (received `Ann`, `Ben`, ...); if it names rows write "
            "`columns: {name: ignored}`, else raise max_categories",
        ),
        (
            "x,y\n1,2\n2,\n",
            {},
            "f.csv:3:2: target `y` has a missing value (received a blank cell); "
            "fill it in, or remove the row",
        ),
        (
            "x,y\n1,2\n2,high\n",
            {},
            "f.csv:3:2: target `y` must hold numbers (received `high`); "
            "write it with the digits 0-9, as in `-1.5e3`",
        ),
        (
            "x,y\n1,low\n2,high\n",
            {"task": "regression"},
            "f.csv:2:2: target `y` holds text (received `low`); a regression needs numbers; "
            "write `task: classification`, or name another column",
        ),
        (
            "x,y\n1,0\n2,0.5\n",
            {"loss": "binary_cross_entropy"},
            "f.csv:3:2: target `y` holds no class but a number (received 0.5); write whole "
            "numbers or text, or `task: regression` with a loss for it",
        ),
        (
            "x,y\n1,a\n2,a\n",
            {},
            "f.csv: target `y` holds one class only (`a`); "
            "a classification needs rows of at least two",
        ),
        (
            "x,y\n1,a\n2,a\n3,b\n4,a\n",
            {"split": {"test": 0.5}},
            "f.csv: a stratified split cannot divide a class of one row (received `b`); "
            "add rows, remove them, or write `stratify: false` in `split`",
        ),
        (
            "x,y\n1,1\n2,2\n",
            {"split": {"test": 0.1}},
            "f.csv: there are too few rows for the split (received 2): test has a share of "
            "0.1 and gets none; add rows, or change `split`",
        ),
    ],
)
def test_data_that_cannot_be_used_is_refused_in_one_sentence(
    text: str, data: dict[str, Any], message: str, tmp_path: Path
) -> None:
    assert message_of(text, tmp_path, **data) == message


def test_columns_that_nobody_asked_for_may_hold_anything(tmp_path: Path) -> None:
    dataset = dataset_of("id,x,y\nA7,1,2\n,3,4\n", tmp_path, features=["x"])
    assert dataset.preprocessing.feature_names == ("x",)


def test_delimiter_and_encoding_are_those_of_the_config(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes("größe:y\n1:2\n3:4\n".encode("latin-1"))
    options: dict[str, Any] = {
        "source": str(path),
        "target": "y",
        "delimiter": ":",
        "encoding": "latin-1",
    }
    assert load_dataset(config_of(**options)).preprocessing.feature_names == ("größe",)


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_generator_becomes_a_dataset(name: str, dtype: str) -> None:
    dataset = load_dataset(config_of(generator=name, dtype=dtype))
    assert dataset.train.inputs.dtype == dtype
    assert len(dataset.train.targets) == len(dataset.train.inputs)
    classifies = dataset.preprocessing.task == "classification"
    assert dataset.train.targets.dtype == ("int64" if classifies else dtype)


def test_a_generators_own_seed_keeps_the_data_while_the_split_changes() -> None:
    generator = {"name": "moons", "samples": 50, "seed": 3}
    split = {"test": 0.2}
    first, second = (
        load_dataset(config_of(generator=generator, split=split, seed=seed)) for seed in (1, 2)
    )
    assert first.fingerprints == second.fingerprints
    assert first.split.test.tolist() != second.split.test.tolist()
    without = load_dataset(config_of(generator={"name": "moons", "samples": 50}, seed=1))
    assert without.fingerprints != first.fingerprints


def test_any_table_can_be_prepared_as_the_training_rows_were() -> None:
    dataset = load_dataset(config_of(**IRIS))
    table = table_of("""
        note,petal_width,petal_length,sepal_width,sepal_length,species
        x,0.2,1.4,3.5,5.1,setosa
    """)
    rows = rows_from_table(table, dataset.preprocessing, "float32")
    assert rows.inputs.tobytes() == dataset.train.inputs[:1].tobytes()
    assert rows.targets.tolist() == [0]


def test_rows_without_their_target_are_refused() -> None:
    dataset = load_dataset(config_of(**IRIS))
    table = table_of("sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n")
    with pytest.raises(DataError, match="there is no column `species`"):
        rows_from_table(table, dataset.preprocessing, "float32")


def test_a_class_that_was_never_trained_is_refused_with_its_line() -> None:
    dataset = load_dataset(config_of(**IRIS))
    table = table_of("""
        sepal_length,sepal_width,petal_length,petal_width,species
        5.1,3.5,1.4,0.2,setosa
        5.1,3.5,1.4,0.2,rosa
    """)
    with pytest.raises(DataError) as caught:
        rows_from_table(table, dataset.preprocessing, "float32")
    assert str(caught.value) == (
        "f.csv:3:5: target `species` has an unknown class (received `rosa`); did you mean `setosa`?"
    )


def test_the_fingerprint_is_that_of_the_whole_table() -> None:
    dataset = load_dataset(config_of(source="xor.csv", target="label"))
    table = table_of("x1,x2,label\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n")
    assert dataset.fingerprints == {"source": fingerprint(table)}
