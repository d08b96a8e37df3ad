"""The whole way from a file to the text of a starter config for it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nnctl.config import config_from_dict
from nnctl.config.findings import shown
from nnctl.config.schema.data import MISSING_VALUES, DataConfig, Task
from nnctl.data.profiling import (
    codes_among_numbers,
    first_rows,
    has_decimal_commas,
    looks_like_data,
    marks_among_numbers,
    profile_file,
)
from nnctl.data.table import Table, listed
from nnctl.errors import Problem, UsageError
from nnctl.training.starter import starter_for
from nnctl.training.starter_report import notes, report, summary
from nnctl.training.starter_text import starter_text

FEW_NAMES = 3
TASKS: dict[str, Task] = {"classification": "classification", "regression": "regression"}


@dataclass(frozen=True)
class Reading:
    """A file, and what is said of how to read it; None: what the config takes for granted."""

    source: str
    labels: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    missing_values: tuple[str, ...] = ()  # beside the usual ones
    header: bool = True

    def said(self) -> dict[str, object]:
        """Return the keys of `data` that are more than the usual."""
        values: dict[str, object] = {
            "labels": self.labels,
            "delimiter": self.delimiter,
            "encoding": self.encoding,
            "decimal": self.decimal,
            "header": None if self.header else False,
        }
        if self.missing_values:
            values["missing_values"] = [*dict.fromkeys((*MISSING_VALUES, *self.missing_values))]
        return {key: value for key, value in values.items() if value is not None}


@dataclass(frozen=True)
class StarterConfig:
    """A config, and what is to be said of it."""

    text: str
    summary: str
    notes: tuple[str, ...]
    report: Mapping[str, Any]


def start_config(
    reading: Reading, targets: Sequence[str], task: str | None = None, output: Path | None = None
) -> StarterConfig:
    """Read the file and return a config for it.

    Paths in it are relative to the directory of `output`, where that is given, else absolute.
    Raises UsageError or ConfigError for what is said of the file, DataError for what it holds,
    StorageError where it may not be read.
    """
    known = known_task(task)
    refuse_passing_data(reading)
    table = first_rows(data_config(reading, targets))
    reading, remarks = recognised(reading, table)
    codes = () if table is None else codes_among_numbers(table)
    profile = profile_file(data_config(reading, targets), targets, known, codes)
    starter = starter_for(profile, known)
    said = reading.said()
    if reading.labels is not None:
        said["labels"] = path_in_config(reading.labels, output)
    source = path_in_config(reading.source, output)
    text = starter_text(starter, source, None if output is None else str(output), said)
    return StarterConfig(text, summary(starter), (*remarks, *notes(starter)), report(starter))


def recognised(reading: Reading, table: Table | None) -> tuple[Reading, list[str]]:
    """Return what the first rows show of how to read the file, with a sentence for each finding."""
    if table is None:
        return reading, []
    remarks = []
    if reading.decimal is None and has_decimal_commas(table):
        reading = replace(reading, decimal=",")
        remarks.append("numbers are read with a decimal comma, as `1,5`; if not, `--decimal .`")
    decimal = reading.decimal or "."
    if reading.header and looks_like_data(table.header, decimal):
        remarks.append(
            f"most names in the first line are numbers ({listed(table.header[:FEW_NAMES])}); if it "
            "is a row, and no column has a name, say `--no-header`"
        )
    marks = marks_among_numbers(table, decimal)
    if marks:
        reading = replace(reading, missing_values=(*reading.missing_values, *marks))
        remarks.append(f"taken for missing cells, since they stand among numbers: {listed(marks)}")
    return reading, remarks


def known_task(task: str | None) -> Task | None:
    """Return the task; raise UsageError where there is no such."""
    if task is None:
        return None
    if task not in TASKS:
        raise UsageError(f"--task must be {' or '.join(TASKS)} (received {shown(task)})")
    return TASKS[task]


def refuse_passing_data(reading: Reading) -> None:
    """Raise UsageError for data that is gone once it was read, or that YAML cannot name."""
    for path in filter(None, (reading.source, reading.labels)):
        file = Path(path)
        if path == "-" or (file.exists() and not (file.is_file() or file.is_dir())):
            message = "a config names a file that is there when it trains; save the rows in one"
            raise UsageError(Problem(message, path))
        if any("\ud800" <= character <= "\udfff" for character in str(file.absolute())):
            message = "a config cannot name this path, which is not UTF-8; rename the file"
            raise UsageError(Problem(message, ascii(path)))


def data_config(reading: Reading, targets: Sequence[str]) -> DataConfig:
    """Return what is said of the data as a checked section; raise ConfigError for all mistakes."""
    data = {"source": reading.source, "target": [*targets], **reading.said()}
    return config_from_dict({"data": data, "loss": "mean_squared_error"}, Path.cwd()).data


def path_in_config(path: str, output: Path | None) -> str:
    """Return a path as a config that stands at `output` finds it; absolute if that is not known."""
    absolute = os.path.normpath(Path(path).absolute())
    return absolute if output is None else os.path.relpath(absolute, output.absolute().parent)
