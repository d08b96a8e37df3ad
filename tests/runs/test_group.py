"""A directory of runs is no run: looking for runs finds what is inside only when named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnctl.errors import RunError, StorageError
from nnctl.runs.directory import create_run, find_group, find_run, list_runs
from nnctl.runs.group import (
    CrossValidationDirectory,
    GroupDirectory,
    SeedsDirectory,
    create_group,
)
from nnctl.runs.json_file import read_json, write_json
from tests.runs.limits import file_size_limit

CONFIG = "name: iris\n"


def with_folds(runs_dir: Path, count: int, name: str = "iris-cv") -> CrossValidationDirectory:
    directory = create_group(CrossValidationDirectory, runs_dir, name, {"folds": count}, CONFIG)
    for number in range(1, count + 1):
        started = {"started": f"2026-01-01T00:00:{number:02}+00:00"}
        create_run(
            directory.path,
            directory.member(number).name,
            lambda run, started=started: write_json(run.run_json, started),  # type: ignore[misc]
        )
    return directory


def error_of(reference: str | None, runs_dir: Path) -> str:
    with pytest.raises(RunError) as caught:
        find_run(reference, runs_dir)
    return str(caught.value)


@pytest.mark.parametrize("kind", [CrossValidationDirectory, SeedsDirectory])
def test_it_appears_whole_and_numbered(tmp_path: Path, kind: type[GroupDirectory]) -> None:
    record: dict[str, Any] = {"config": "iris", "status": "running"}
    paths = [create_group(kind, tmp_path, "all", record, CONFIG).path for _ in range(2)]
    assert [path.name for path in paths] == ["all", "all-2"]
    for path in paths:
        assert {entry.name for entry in path.iterdir()} == {"config.yaml", kind.record_name}
        assert read_json(kind(path).record) == record
        assert kind(path).config.read_text() == CONFIG
    assert len([*tmp_path.iterdir()]) == 2


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    with file_size_limit(5), pytest.raises(StorageError, match="cannot be written"):
        create_group(CrossValidationDirectory, tmp_path, "iris-cv", {"folds": 5}, CONFIG)
    assert not [*tmp_path.iterdir()]


def test_a_fold_is_found_by_its_path(tmp_path: Path) -> None:
    path = with_folds(tmp_path, 2).path / "fold-2"
    for reference in (str(path), "iris-cv/fold-2"):
        assert find_run(reference, tmp_path).path == path
    assert "there is no run" in error_of("./iris-cv/fold-2", tmp_path)


def test_the_latest_run_is_never_a_fold(tmp_path: Path) -> None:
    create_run(tmp_path, "old", lambda run: write_json(run.run_json, {"started": "2025-01-01"}))
    with_folds(tmp_path, 2)
    assert [run.name for run in list_runs(tmp_path)] == ["old"]
    assert find_run("latest", tmp_path).name == "old"


def test_where_there_are_only_folds_the_error_names_one(tmp_path: Path) -> None:
    with_folds(tmp_path, 2, "iris")
    with_folds(tmp_path, 2, "moons")
    assert error_of("latest", tmp_path) == (
        f"no single run in {tmp_path}; train one with `nnctl train CONFIG`, or name a fold of a "
        f"cross-validation, such as {tmp_path}/moons/fold-2"
    )
    assert error_of("moonz", tmp_path) == (
        f"there is no run 'moonz' in {tmp_path}; did you mean moons?"
    )


def test_a_member_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = with_folds(tmp_path, 2).path
    for reference in ("iris-cv/fold-3", f"{path}/fold-3"):
        assert error_of(reference, tmp_path) == (
            f"there is no run {reference!r}: {path} is a cross-validation; name one of its folds: "
            f"{path}/fold-1, {path}/fold-2"
        )


def test_naming_it_lists_its_folds(tmp_path: Path) -> None:
    path = with_folds(tmp_path, 2).path
    assert error_of("iris-cv", tmp_path) == (
        f"{path}: is a cross-validation; name one of its folds: {path}/fold-1, {path}/fold-2"
    )
    many = with_folds(tmp_path, 11, "many").path
    assert error_of(str(many), tmp_path).endswith(f" {many}/fold-7, {many}/fold-8 ...")
    none = with_folds(tmp_path, 0, "none").path
    assert error_of("none", tmp_path) == (
        f"{none}: is a cross-validation; it has no fold yet; name a run"
    )


def test_members_are_listed_by_number_whenever_they_began(tmp_path: Path) -> None:
    seeds = create_group(SeedsDirectory, tmp_path, "iris-seeds", {}, CONFIG)
    for seed in (10, 9, 8):
        run = create_run(seeds.path, f"seed-{seed}", lambda run: write_json(run.run_json, {}))
        write_json(run.run_json, {"started": f"2026-01-{20 - seed}"})
    listed = ", ".join(f"{seeds.path}/seed-{seed}" for seed in (8, 9, 10))
    assert error_of("iris-seeds", tmp_path).endswith(f"name one of its seeds: {listed}")


def test_the_words_for_it_and_for_its_members_are_those_of_the_table(tmp_path: Path) -> None:
    seeds = create_group(SeedsDirectory, tmp_path, "iris-seeds", {}, CONFIG)
    assert (seeds.record.name, seeds.member(7).name) == ("seeds.json", "seed-7")
    create_run(seeds.path, "seed-7", lambda run: write_json(run.run_json, {}))
    assert error_of("iris-seeds", tmp_path) == (
        f"{seeds.path}: is a seed series; name one of its seeds: {seeds.path}/seed-7"
    )
    assert error_of("latest", tmp_path).endswith(
        f"name a seed of a seed series, such as {seeds.path}/seed-7"
    )
    assert find_group("iris-seeds", tmp_path) == seeds.record


def test_it_is_found_by_name_and_by_path_and_a_run_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs_dir = Path("runs")
    directory = with_folds(runs_dir, 1)
    assert find_group("iris-cv", runs_dir) == directory.record
    assert find_group("runs/iris-cv", runs_dir) == directory.record
    for other in ("iris", "runs/iris-cv/fold-1", "runs", "x" * 300, "a\0b"):
        assert find_group(other, runs_dir) is None
    with_folds(Path(), 1)  # one here is not meant by a name that a run has
    create_run(runs_dir, "moons", lambda run: write_json(run.run_json, {}))
    with_folds(Path(), 1, "moons")
    assert find_group("moons", runs_dir) is None
    assert find_group("./moons", runs_dir) is not None
