from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import ROOT, Outcome, nnctl
from tests.runs.limits import file_size_limit


def files_in(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("directory", ["new/deep", "."])
def test_configs_and_data_are_laid_out_as_they_are_shipped(directory: str) -> None:
    assert nnctl("examples", directory) == Outcome(0, f"{directory}\n", "")
    for part in ("configs", "datasets"):
        laid_out = files_in(Path(directory, part))
        assert laid_out == files_in(ROOT / part)
        assert len(laid_out) > 5


def test_json_holds_the_path() -> None:
    assert nnctl("examples", "nn", "--json") == Outcome(0, '{\n  "path": "nn"\n}\n', "")
    assert Path("nn/configs").is_dir()


def test_an_example_trains_from_another_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nnctl("examples", "nn").code == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    options = ("--set", "training.epochs=1", "--set", "expect={}", "--no-plots", "--quiet")
    assert nnctl("train", "../nn/configs/iris.yaml", *options) == Outcome(0, "runs/iris\n", "")
    assert [path.name for path in elsewhere.iterdir()] == ["runs"]


def test_what_is_there_already_is_left_as_it_is() -> None:
    Path("configs").mkdir()
    Path("configs/mine.yaml").write_text("mine")
    error = "error: .: already holds configs; give another directory\n"
    assert nnctl("examples", ".") == Outcome(2, "", error)
    assert files_in(Path()) == {"configs/mine.yaml": b"mine"}


@pytest.mark.parametrize(
    ("directory", "reason"), [("a-file", "Not a directory"), ("x" * 300, "File name too long")]
)
def test_a_place_that_cannot_hold_them_is_named(directory: str, reason: str) -> None:
    Path("a-file").write_text("mine")
    error = f"error: {directory}: cannot be written ({reason}); check the path and the disk\n"
    assert nnctl("examples", directory) == Outcome(7, "", error)
    assert files_in(Path()) == {"a-file": b"mine"}


def test_a_full_disk_leaves_nothing_half_written() -> None:
    with file_size_limit(2000):
        outcome = nnctl("examples", "nn")
    assert (outcome.code, outcome.out) == (7, "")
    assert outcome.err.startswith("error: nn: cannot be written (File too large); ")
    assert not [*Path("nn").iterdir()]
    assert nnctl("examples", "nn").code == 0
