from __future__ import annotations

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from nnctl.errors import RunError, StorageError, UsageError
from nnctl.runs.atomic import temporary_path, write_atomically
from nnctl.runs.directory import RunDirectory, create_run, find_run, list_runs
from nnctl.runs.json_file import write_json
from tests.runs.limits import file_size_limit


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def fill(run: RunDirectory) -> None:
    write_json(run.run_json, {"started": "2026-01-01T00:00:00+00:00"})


def make_run(path: Path, **contents: Any) -> None:
    path.mkdir(parents=True)
    write_json(path / "run.json", contents)


def test_every_path_stands_where_the_documentation_says() -> None:
    run = RunDirectory(Path("runs/iris"))
    found = {
        name: getattr(run, name).relative_to(run.path).as_posix()
        for name, value in vars(RunDirectory).items()
        if isinstance(value, property) and name != "name"
    }
    assert found == {
        "config": "config.yaml",
        "run_json": "run.json",
        "metrics": "metrics.csv",
        "summary": "summary.json",
        "checkpoints": "checkpoints",
        "best": "checkpoints/best.npz",
        "last": "checkpoints/last.npz",
        "previous": "checkpoints/previous.npz",
        "baselines": "checkpoints/baselines.npz",
        "plots": "plots",
    }
    assert run.name == "iris"


def test_a_run_named_by_a_dot_is_called_as_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert RunDirectory(Path()).name == tmp_path.name


def test_a_run_appears_whole(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def look(run: RunDirectory) -> None:
        fill(run)
        (run.checkpoints / "last.npz").touch()
        seen.append(names_in(tmp_path / "runs" / "iris"))
        seen.append([other.name for other in list_runs(tmp_path / "runs")])

    run = create_run(tmp_path / "runs", "iris", look)
    assert seen == [[], []]
    assert run == RunDirectory(tmp_path / "runs" / "iris")
    assert names_in(run.path) == ["checkpoints", "plots", "run.json"]
    assert run.last.exists()
    assert names_in(tmp_path / "runs") == ["iris"]


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    (tmp_path / "iris-2").write_text("a file takes a name as well")
    (tmp_path / "iris-4").symlink_to("nowhere")
    names = [create_run(tmp_path, "iris", fill).name for _ in range(4)]
    assert names == ["iris", "iris-3", "iris-5", "iris-6"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_when_filling_fails_nothing_is_left(tmp_path: Path, error: type[BaseException]) -> None:
    def fail(run: RunDirectory) -> None:
        fill(run)
        raise error

    with pytest.raises(error):
        create_run(tmp_path, "iris", fail)
    assert names_in(tmp_path) == []


def test_a_full_disk_while_filling_leaves_nothing(tmp_path: Path) -> None:
    with file_size_limit(10), pytest.raises(StorageError, match=r"run\.json: cannot be written"):
        create_run(tmp_path, "iris", lambda run: write_atomically(run.run_json, bytes(100)))
    assert names_in(tmp_path) == []


def test_a_leftover_of_a_killed_process_with_our_number_is_no_obstacle(tmp_path: Path) -> None:
    leftover = temporary_path(tmp_path / "iris")
    leftover.mkdir()
    (leftover / "old").touch()
    run = create_run(tmp_path, "iris", fill)
    assert names_in(run.path) == ["checkpoints", "plots", "run.json"]
    assert names_in(tmp_path) == ["iris"]


def test_what_a_stranger_put_into_the_claim_is_not_overwritten(tmp_path: Path) -> None:
    def intrude(run: RunDirectory) -> None:
        (tmp_path / "iris" / "precious").touch()

    with pytest.raises(StorageError, match="iris: cannot be created"):
        create_run(tmp_path, "iris", intrude)
    assert names_in(tmp_path / "iris") == ["precious"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/x", "a/b", "a/", ".hidden", "a\nb", "a\0b", "latest"]
)
def test_a_name_that_is_no_plain_name_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="a run cannot be called"):
        create_run(tmp_path / "runs", name, fill)
    assert names_in(tmp_path) == []


def test_a_runs_directory_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(StorageError, match="runs/iris: cannot be created"):
        create_run(tmp_path / "runs", "iris", fill)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write where permissions forbid it")
def test_a_runs_directory_without_permission_is_a_storage_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="change the permissions or choose another place"):
        create_run(tmp_path, "iris", fill)


def create_many(runs_dir: Path, count: int) -> list[str]:
    return [create_run(runs_dir, "iris", fill).name for _ in range(count)]


def test_processes_that_race_for_a_name_never_share_a_run(tmp_path: Path) -> None:
    processes, each = 3, 20
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(create_many, tmp_path, each) for _ in range(processes)]
        names = [name for future in futures for name in future.result()]
    expected = {"iris", *(f"iris-{number}" for number in range(2, processes * each + 1))}
    assert len(names) == processes * each
    assert set(names) == expected == set(names_in(tmp_path))


def test_a_name_is_claimed_while_another_run_of_it_is_being_built(tmp_path: Path) -> None:
    building, finish = threading.Event(), threading.Event()

    def wait(run: RunDirectory) -> None:
        fill(run)
        building.set()
        assert finish.wait(timeout=10)

    first = threading.Thread(target=create_run, args=(tmp_path, "iris", wait))
    first.start()
    assert building.wait(timeout=10)
    second = create_run(tmp_path, "iris", fill)
    finish.set()
    first.join(timeout=10)
    assert second.name == "iris-2"
    assert names_in(tmp_path) == ["iris", "iris-2"]


def test_runs_are_listed_by_start_then_by_name(tmp_path: Path) -> None:
    make_run(tmp_path / "b", started="2026-01-02T00:00:00+00:00")
    make_run(tmp_path / "a", started="2026-01-03T00:00:00+00:00")
    for name in ("iris-10", "iris-9", "iris"):
        make_run(tmp_path / name, started="2026-01-01T00:00:00+00:00")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "run.json").write_text("{")
    (tmp_path / "claimed").mkdir()
    (tmp_path / "file").touch()
    make_run(tmp_path / ".iris.1.tmp", started="2026-01-09T00:00:00+00:00")
    names = [run.name for run in list_runs(tmp_path)]
    assert names == ["damaged", "iris", "iris-9", "iris-10", "b", "a"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read where permissions forbid it")
def test_a_run_that_may_not_be_read_hides_no_other(tmp_path: Path) -> None:
    make_run(tmp_path / "ours")
    make_run(tmp_path / "theirs")
    (tmp_path / "theirs").chmod(0)
    assert [run.name for run in list_runs(tmp_path)] == ["ours"]
    with pytest.raises(StorageError, match="theirs: cannot be read"):
        find_run("theirs", tmp_path)
    (tmp_path / "theirs").chmod(0o700)


@pytest.mark.parametrize("reference", [None, "latest"])
def test_the_latest_run_is_the_one_started_last(tmp_path: Path, reference: str | None) -> None:
    make_run(tmp_path / "a", started="2026-01-02T00:00:00+00:00")
    make_run(tmp_path / "b", started="2026-01-01T00:00:00+00:00")
    assert find_run(reference, tmp_path).name == "a"


def test_a_run_is_found_by_name_and_by_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs_dir = Path("runs")
    make_run(runs_dir / "iris")
    make_run(Path("elsewhere"))
    assert find_run("iris", runs_dir).path == Path("runs/iris")
    assert find_run("runs/iris/", runs_dir).path == Path("runs/iris")
    assert find_run(str(tmp_path / "runs/iris"), runs_dir).path == tmp_path / "runs/iris"
    assert find_run("elsewhere", runs_dir).path == Path("elsewhere")


def test_a_name_means_the_run_before_the_directory_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(Path("runs/iris"))
    make_run(Path("iris"))
    assert find_run("iris", Path("runs")).path == Path("runs/iris")
    assert find_run("./iris", Path("runs")).path == Path("iris")


def test_a_misspelt_name_gets_suggestions(tmp_path: Path) -> None:
    make_run(tmp_path / "iris-deep")
    make_run(tmp_path / "moons")
    with pytest.raises(RunError) as caught:
        find_run("iris-dep", tmp_path)
    expected = f"there is no run 'iris-dep' in {tmp_path}; did you mean iris-deep?"
    assert str(caught.value) == expected
    with pytest.raises(RunError, match=r"the latest are moons, iris-deep$"):
        find_run("xyz", tmp_path)


@pytest.mark.parametrize("reference", [None, "latest", "iris"])
@pytest.mark.parametrize("place", ["missing", "empty"])
def test_where_there_are_no_runs_the_error_says_how_to_get_one(
    tmp_path: Path, reference: str | None, place: str
) -> None:
    (tmp_path / "empty").mkdir()
    expected = f"no runs in {tmp_path / place} yet; train one with `nnctl train CONFIG`"
    with pytest.raises(RunError) as caught:
        find_run(reference, tmp_path / place)
    assert str(caught.value).endswith(expected)


@pytest.mark.parametrize("reference", ["", "a\0b", "x" * 300, "a/" * 3000, "../..\n"])
def test_a_reference_that_can_be_no_path_is_a_run_error_on_one_line(
    tmp_path: Path, reference: str
) -> None:
    make_run(tmp_path / "iris")
    with pytest.raises(RunError) as caught:
        find_run(reference, tmp_path)
    assert "\n" not in str(caught.value)


def test_what_is_no_run_is_named_for_what_it_is(tmp_path: Path) -> None:
    make_run(tmp_path / "iris")
    (tmp_path / "claimed").mkdir()
    with pytest.raises(RunError, match=r"is not a run: it holds no run\.json"):
        find_run("claimed", tmp_path)
    with pytest.raises(RunError, match="is a file; give the directory of a run"):
        find_run(str(tmp_path / "iris" / "run.json"), tmp_path)
