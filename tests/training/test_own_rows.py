from __future__ import annotations

from pathlib import Path

import pytest

from nnctl.errors import DataError, RunError, UsageError
from nnctl.training.experiment import Experiment
from nnctl.training.own_rows import own_rows, run_config
from tests.training.experiments import Settings, classification, config_of, trained, write_csv

ROWS = "x kind \n" + "\n".join(f"{n} {'ab'[n % 2]}" for n in range(20))


def run_of(directory: Path, split: Settings) -> tuple[Experiment, Path]:
    path = write_csv(directory, ROWS)
    data = {"source": "rows.csv", "target": "kind", "split": split}
    return trained(directory, classification(data=data)), path


@pytest.mark.parametrize(
    ("split", "expected", "count"),
    [
        ({"validation": 0.2, "test": 0.3}, "test", 6),
        ({"test": 0.3}, "test", 6),
        ({"validation": 0.2}, "validation", 4),
        ({}, "train", 20),
    ],
)
def test_the_rows_seen_least_are_taken(
    tmp_path: Path, split: Settings, expected: str, count: int
) -> None:
    experiment, path = run_of(tmp_path, split)
    rows = own_rows(experiment.run)
    assert (rows.set_name, rows.table.n_rows, rows.notices) == (expected, count, ())
    assert rows.table.source == str(path)
    taken = getattr(experiment.dataset.split, expected)
    assert list(rows.table.numbers("x", "feature")) == taken.tolist()


@pytest.mark.parametrize("wanted", ["train", "validation", "test"])
def test_a_set_may_be_named(tmp_path: Path, wanted: str) -> None:
    experiment, _ = run_of(tmp_path, {"validation": 0.2, "test": 0.3})
    rows = own_rows(experiment.run, wanted)
    assert rows.set_name == wanted
    taken = getattr(experiment.dataset.split, wanted)
    assert list(rows.table.numbers("x", "feature")) == taken.tolist()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("test", "this run has no test rows; it has validation, train"),
        ("tset", "--split must be one of train, validation, test (received tset)"),
    ],
)
def test_a_set_that_is_not_there_is_refused(tmp_path: Path, wanted: str, message: str) -> None:
    experiment, _ = run_of(tmp_path, {"validation": 0.2})
    with pytest.raises(UsageError) as caught:
        own_rows(experiment.run, wanted)
    assert str(caught.value) == message


def test_data_that_has_changed_is_used_with_a_notice(tmp_path: Path) -> None:
    experiment, path = run_of(tmp_path, {})
    write_csv(tmp_path, ROWS.replace("\n7 b", "\n70 b"))
    rows = own_rows(experiment.run)
    said = f"{path} has changed since the run was trained: other values"
    assert rows.notices == (said,)
    assert rows.table.numbers("x", "feature")[7] == 70


def test_data_that_is_only_written_otherwise_has_not_changed(tmp_path: Path) -> None:
    experiment, _ = run_of(tmp_path, {})
    write_csv(tmp_path, ROWS.replace("\n7 b", "\n7.0 b"))
    assert own_rows(experiment.run).notices == ()


@pytest.mark.parametrize("rows", [19, 21])
def test_data_with_another_number_of_rows_is_refused(tmp_path: Path, rows: int) -> None:
    experiment, path = run_of(tmp_path, {})
    write_csv(tmp_path, "\n".join([*ROWS.splitlines(), "5 a"][: rows + 1]))
    with pytest.raises(DataError) as caught:
        own_rows(experiment.run)
    assert str(caught.value) == (
        f"{path} had 20 rows when the run was trained and has {rows} now; restore it"
    )


def test_generated_rows_are_made_again(tmp_path: Path) -> None:
    settings = classification()
    settings["data"] |= {"split": {"test": 0.1}}
    rows = own_rows(trained(tmp_path, settings | {"seed": 5}).run)
    assert (rows.set_name, rows.table.n_rows, rows.notices) == ("test", 50, ())


def test_the_config_of_a_run_knows_where_the_data_is(tmp_path: Path) -> None:
    experiment, path = run_of(tmp_path, {"test": 0.3})
    config = run_config(experiment.run)
    assert config.data.source == str(path)
    assert config == experiment.config
    assert config.metrics == ("accuracy",)
    assert config != config_of(tmp_path, classification())


def run_with_own_files(directory: Path) -> Experiment:
    write_csv(directory, ROWS)
    for name, first in (("validation", 100), ("test", 200)):
        text = "kind x\n" + "\n".join(f"{'ab'[n % 2]} {first + n}" for n in range(5))
        write_csv(directory, text, f"{name}.csv")
    sources = {f"{name}_source": f"{name}.csv" for name in ("validation", "test")}
    data = {"source": "rows.csv", "target": "kind", **sources}
    return trained(directory, classification(data=data))


@pytest.mark.parametrize(
    ("wanted", "set_name", "file", "numbers"),
    [
        (None, "test", "test.csv", range(200, 205)),
        ("test", "test", "test.csv", range(200, 205)),
        ("validation", "validation", "validation.csv", range(100, 105)),
        ("train", "train", "rows.csv", range(20)),
    ],
)
def test_a_set_with_a_file_of_its_own_is_read_from_there(
    tmp_path: Path, wanted: str | None, set_name: str, file: str, numbers: range
) -> None:
    rows = own_rows(run_with_own_files(tmp_path).run, wanted)
    assert (rows.set_name, rows.notices) == (set_name, ())
    assert rows.table.source == str(tmp_path / file)
    assert rows.table.values("x").tolist() == [*numbers]


def test_each_file_is_held_against_its_own_fingerprint(tmp_path: Path) -> None:
    experiment = run_with_own_files(tmp_path)
    path = tmp_path / "validation.csv"
    write_csv(tmp_path, path.read_text().replace(",", " ").replace("104", "105"), path.name)
    assert own_rows(experiment.run).notices == ()
    assert own_rows(experiment.run, "validation").notices == (
        f"{path} has changed since the run was trained: other values",
    )
    path.write_text("kind,x\na,1\n")
    assert own_rows(experiment.run, "train").notices == ()
    with pytest.raises(DataError) as caught:
        own_rows(experiment.run, "validation")
    assert str(caught.value) == (
        f"{path} had 5 rows when the run was trained and has 1 now; restore it"
    )


@pytest.mark.parametrize("wanted", ["train", "validation", "test"])
def test_no_other_file_is_needed_than_that_of_the_set(tmp_path: Path, wanted: str) -> None:
    run = run_with_own_files(tmp_path).run
    kept = "rows.csv" if wanted == "train" else f"{wanted}.csv"
    for path in tmp_path.glob("*.csv"):
        if path.name != kept:
            path.unlink()
    rows = own_rows(run, wanted)
    assert (rows.set_name, rows.notices) == (wanted, ())
    assert rows.table.source == str(tmp_path / kept)


@pytest.mark.parametrize(("wanted", "numbers"), [("test", [1, 3]), ("train", [0, 2, 4, 5])])
def test_rows_without_a_target_are_left_out_again(
    tmp_path: Path, wanted: str, numbers: list[int]
) -> None:
    write_csv(tmp_path, "x kind\n0 a\n1 NA\n2 b\n3 NA\n4 a\n5 b")
    write_csv(tmp_path, "x kind\n0 NA\n1 a\n2 NA\n3 b", "test.csv")
    data = {"source": "rows.csv", "test_source": "test.csv", "target": "kind"}
    settings = classification(data={**data, "missing_target": "drop"})
    rows = own_rows(trained(tmp_path, settings).run, wanted)
    assert rows.table.values("x").tolist() == numbers
    assert rows.notices == ()


def test_the_sets_of_whole_groups_come_back(tmp_path: Path) -> None:
    rows = "\n".join(f"{n} p{n % 7} {'ab'[n % 2]}" for n in range(42))
    write_csv(tmp_path, f"x patient kind\n{rows}")
    data = {"source": "rows.csv", "target": "kind", "group": "patient", "split": {"test": 0.3}}
    experiment = trained(tmp_path, classification(data=data))
    table = own_rows(experiment.run).table
    assert table.values("x").tolist() == experiment.dataset.split.test.tolist()
    tested = {table.text("patient", row) for row in range(table.n_rows)}
    trained_on = own_rows(experiment.run, "train").table
    assert tested.isdisjoint(trained_on.text("patient", row) for row in range(trained_on.n_rows))


NUMBERS = range(20)


@pytest.mark.parametrize(
    ("header", "rows", "said"),
    [
        ("x kind note", [f"{n} {'ab'[n % 2]} ?" for n in NUMBERS], "new column(s) `note`"),
        ("kind x", [f"{'ab'[n % 2]} {n}" for n in NUMBERS], "its columns in another order"),
        ("x kind", [f"{n} {'ac'[n % 2]}" for n in NUMBERS], "other values"),
        ("x kind", [f"s{n} {'ab'[n % 2]}" for n in NUMBERS], "`x` as text (it was number)"),
    ],
)
def test_what_changed_in_the_data_is_told(
    tmp_path: Path, header: str, rows: list[str], said: str
) -> None:
    experiment, path = run_of(tmp_path, {})
    write_csv(tmp_path, "\n".join([header, *rows]))
    assert own_rows(experiment.run).notices == (
        f"{path} has changed since the run was trained: {said}",
    )


@pytest.mark.parametrize("damage", ["damaged", "missing"])
def test_the_split_is_read_in_the_checkpoint_before_where_the_last_is_no_use(
    tmp_path: Path, damage: str
) -> None:
    run = run_of(tmp_path, {"validation": 0.2, "test": 0.3})[0].run
    expected = own_rows(run)
    if damage == "missing":
        run.last.unlink()
    else:
        run.last.write_bytes(run.last.read_bytes()[:-1])
    rows = own_rows(run)
    assert list(rows.table.places) == list(expected.table.places)
    (notice,) = rows.notices
    assert notice.startswith(f"{run.last}: ")
    assert notice.endswith(f"; which rows are in which set is read in {run.previous}")


def test_without_either_checkpoint_the_rows_must_be_named(tmp_path: Path) -> None:
    run = run_of(tmp_path, {})[0].run
    for path in (run.last, run.previous):
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RunError) as caught:
        own_rows(run)
    first, second, remedy = str(caught.value).splitlines()
    assert first.startswith(f"{run.last}: is damaged")
    assert second.startswith(f"{run.previous}: is damaged")
    assert remedy == (
        f"{run.path}: without either of them nothing says which of its rows are in which set; give "
        "the rows as INPUT"
    )


def test_a_missing_config_is_a_damaged_run(tmp_path: Path) -> None:
    run = run_of(tmp_path, {})[0].run
    run.config.unlink()
    with pytest.raises(RunError, match=r"config\.yaml: is missing, and nothing else says where"):
        own_rows(run)
