"""Which directories are groups that can be held beside one another, and what is said of others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnctl.analysis.compared_groups import PLANNED, named_groups, open_groups
from nnctl.errors import NnctlError, RunError, UsageError
from nnctl.runs.directory import GROUPS, SWEEP
from tests.runs.test_catalogue import SUMMARY, write_run

RECORDS = {"seeds.json": {"seeds": [4, 5]}, "cross_validation.json": {"folds": 2}}


def group(runs_dir: Path, name: str, file: str = "seeds.json") -> Path:
    """Write a group without its members."""
    (runs_dir / name).mkdir()
    path = runs_dir / name / file
    path.write_text(json.dumps(RECORDS.get(file, {})))
    return path


def test_groups_are_found_by_name_and_path_and_runs_are_left_to_others(tmp_path: Path) -> None:
    files = [group(tmp_path, "a"), group(tmp_path, "b")]
    assert named_groups(["a", str(tmp_path / "b")], tmp_path) == files
    write_run(tmp_path, "c", SUMMARY)
    assert named_groups(["c", "latest"], tmp_path) is None
    assert named_groups(["nowhere", "c"], tmp_path) is None


def test_a_run_and_a_group_are_not_compared(tmp_path: Path) -> None:
    file, run = group(tmp_path, "a"), write_run(tmp_path, "b", SUMMARY)
    seed = write_run(file.parent, "seed-4", SUMMARY)
    with pytest.raises(UsageError) as caught:
        named_groups(["a", "b"], tmp_path)
    assert str(caught.value) == (
        f"{run.path}: is a run, and {file.parent} a seed series: one run does not say how much "
        f"runs differ; name a seed of it, such as {seed.path}, or a seed series in place of "
        f"{run.path}"
    )
    with pytest.raises(RunError, match="there is no run 'nowhere'"):
        named_groups(["a", "nowhere"], tmp_path)


def test_a_sweep_is_answered_with_what_can_be_compared_of_it(tmp_path: Path) -> None:
    file = group(tmp_path, "s", SWEEP)
    group(tmp_path, "a")
    for best, trial in ((None, "trial-001"), ({"run": "trial-003"}, "trial-003")):
        file.write_text(json.dumps({"best": best}))
        with pytest.raises(
            UsageError, match=f"is a sweep, whose trials .* as {file.parent}/{trial}"
        ):
            named_groups(["s", "a"], tmp_path)


def test_every_group_is_compared_or_its_refusal_is_told() -> None:
    assert {*PLANNED} | {SWEEP} == {*GROUPS}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a"], "to compare takes two groups or more"),
        (["a", "a"], "a group cannot be compared with itself"),
        (["a", "f"], "f is a cross-validation and .*a a seed series: what differs among the runs"),
    ],
)
def test_what_is_no_pair_is_refused(tmp_path: Path, names: list[str], message: str) -> None:
    group(tmp_path, "a")
    group(tmp_path, "f", "cross_validation.json")
    with pytest.raises(UsageError, match=message):
        named_groups(names, tmp_path)


@pytest.mark.parametrize("file", PLANNED)
def test_members_are_those_that_the_group_was_to_have(tmp_path: Path, file: str) -> None:
    path = group(tmp_path, "a", file)
    part = GROUPS[file].part
    numbers = {"seed": (4, 5), "fold": (1, 2)}[part]
    write_run(path.parent, f"{part}-{numbers[0]}", SUMMARY)
    write_run(path.parent, f"{part}-9", SUMMARY)  # of nobody
    ((found,), _) = open_groups([path])
    assert found.planned == numbers
    assert [*found.finished] == [numbers[0]]
    assert found.unfinished == {numbers[1]: "not begun"}


@pytest.mark.parametrize("file", PLANNED)
@pytest.mark.parametrize("text", ["{", "{}", '{"seeds": ["a"], "folds": "b"}', '{"seeds": 3}'])
def test_a_damaged_record_is_an_error(tmp_path: Path, file: str, text: str) -> None:
    path = group(tmp_path, "a", file)
    path.write_text(text)
    with pytest.raises(NnctlError) as caught:
        open_groups([path])
    assert "is damaged" in str(caught.value)
