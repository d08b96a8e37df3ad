from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnctl.config import load_config
from nnctl.data.blocks import Blocks
from nnctl.data.loading import Tables, load_tables
from nnctl.errors import StorageError
from nnctl.runs.directory import RunDirectory
from nnctl.scale.dask_parcel import files_of, lay, packed, unpacked
from tests.cli.samples import write_samples

FILES = {"run.json": b"{}", "metrics.csv": b"", "checkpoints/last.npz": bytes(range(256))}


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """Return the tables of a config."""
    write_samples(tmp_path)
    return load_tables(load_config(tmp_path / "iris.yaml"))


@pytest.mark.parametrize("bytes_in_memory", [0, 10**6])
def test_tables_come_out_as_they_went_in_also_from_the_disk(
    bytes_in_memory: int, tables: Tables
) -> None:
    blocks = Blocks(tables.main.blocks.n_columns, bytes_in_memory)
    for block in tables.main.blocks:
        blocks.append(block[:, :70])
        blocks.append(block[:, 70:])
    main = replace(tables.main, blocks=blocks)
    out = unpacked(packed(Tables(main, None, tables.main, ("a notice",))))
    assert out.fingerprints() == Tables(main, None, tables.main).fingerprints()
    assert (out.validation, out.notices) == (None, ("a notice",))
    assert out.main.texts == main.texts
    assert np.array_equal(out.main.places, main.places)


def test_the_same_tables_are_the_same_bytes(tables: Tables, tmp_path: Path) -> None:
    again = load_tables(load_config(tmp_path / "iris.yaml"))
    assert again is not tables
    assert packed(again) == packed(tables)


def test_a_run_is_laid_whole_over_the_one_that_was(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "trial-001")
    assert files_of(run) == {}
    for files in ({"run.json": b"before", "extra/file": b"1"}, FILES):
        lay(run, files)
        assert files_of(run) == files
        assert run.plots.is_dir()
    assert [*tmp_path.iterdir()] == [run.path]


def test_what_is_half_written_is_not_sent(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "trial-001")
    lay(run, FILES)
    (run.path / ".metrics.csv.123.tmp").write_bytes(b"half")
    assert files_of(run) == FILES


def test_a_run_that_cannot_be_laid_leaves_the_one_that_was(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "trial-001")
    lay(run, FILES)
    with pytest.raises(StorageError, match=r"trial-001: cannot be written \(Is a directory\)"):
        lay(run, {"plots": b"no file can stand where a directory does"})
    assert files_of(run) == FILES
    assert [*tmp_path.iterdir()] == [run.path]


def test_nothing_is_laid_where_a_trial_has_no_run(tmp_path: Path) -> None:
    lay(RunDirectory(tmp_path / "trial-001"), {})
    assert [*tmp_path.iterdir()] == []
