"""From the file of a sweep to a checked one, and from its parameters to the config of a trial."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nnctl.config.document import Document, Mark, Marks
from nnctl.config.dumping import dump_values
from nnctl.config.findings import findings_of, shown
from nnctl.config.loading import (
    OF_A_SWEEP,
    check_document,
    load_document,
    name_from,
    read_document,
)
from nnctl.config.overrides import lay
from nnctl.config.problems import config_error, located
from nnctl.config.schema.root import Config
from nnctl.config.semantics import FILES
from nnctl.config.sweep_checks import sweep_findings
from nnctl.config.sweep_schema import DASK, SCHEDULER_FILE, SweepConfig
from nnctl.errors import ConfigError, Problem, UsageError


@dataclass(frozen=True)
class SweepFile:
    """A sweep as its file describes it, and the config that its trials share, unchecked yet."""

    sweep: SweepConfig
    base: Document
    marks: Marks

    def base_text(self) -> str:
        """Return the shared config as YAML, its paths absolute."""
        return dump_values(self.base.value)

    def sweep_text(self) -> str:
        """Return the sweep as YAML, every default filled in."""
        values = self.sweep.model_dump(mode="json")
        parameters = values["parameters"]
        values["parameters"] = {
            key: {name: value for name, value in parameter.items() if value is not None}
            for key, parameter in parameters.items()
        }
        return dump_values(values)

    def trial_config(self, parameters: Mapping[str, Any]) -> Config:
        """Return the config of a trial; ConfigError, with the parameters' places, if it is none."""
        document = copy.deepcopy(self.base)
        for key, value in parameters.items():
            place = self.marks.mark(("parameters", key), at_key=True)
            lay(document, tuple(key.split(".")), copy.deepcopy(value), place)
        return check_document(document)


def load_sweep(
    path: str | Path, overrides: Sequence[str] = (), settings: Mapping[str, Any] | None = None
) -> SweepFile:
    """Read the file of a sweep and the config that it names.

    `overrides` are laid over that config as `load_config` does it; `settings`, from the command's
    options, replace keys of the sweep where they are not None. Raises ConfigError with every
    problem, each with its file, line and column; StorageError where a file may not be read.
    """
    document = read_document(path)
    document.value = {} if document.value is None else document.value
    if not isinstance(document.value, dict):
        message = f"expected a mapping (received {shown(document.value)})"
        raise ConfigError(Problem(message, str(path), 1, 1))
    if "data" in document.value and not document.value.keys() & OF_A_SWEEP:
        message = "this is a config, which `nnctl train` trains; a sweep names one by `base`"
        raise ConfigError(Problem(message, str(path), 1, 1))
    document.value.setdefault("name", name_from(Path(path).stem))
    for key, value in (settings or {}).items():
        if value is not None:
            lay(document, (key,), value, Mark(f"--{key}"))
    sweep = checked_sweep(document)
    sweep = with_absolute_paths(sweep, Path(path).absolute().parent)
    base = load_document(os.path.relpath(sweep.base), overrides)
    taken = refuse_varied([override.partition("=")[0].strip() for override in overrides], sweep)
    for key in (key for key in sweep.set if key not in taken):
        lay(base, tuple(key.split(".")), sweep.set[key], document.marks.mark(("set", key)))
    return SweepFile(sweep, base, document.marks)


def refuse_varied(keys: list[str], sweep: SweepConfig) -> list[str]:
    """Return the keys that options set; UsageError where the sweep varies one of them."""
    for key in keys:
        if key in sweep.parameters:
            raise UsageError(f"--set {key}: the sweep varies this very key; leave --set out")
    return keys


def checked_sweep(document: Document) -> SweepConfig:
    """Return the sweep that a document holds; ConfigError with every problem."""
    try:
        sweep = SweepConfig.model_validate(document.value)
        findings = sweep_findings(sweep)
    except ValidationError as error:
        findings = findings_of(error, document.value, SweepConfig)
    if findings or document.problems:
        problems = located(findings, document.marks, document.problems)
        raise config_error([*document.problems, *problems])
    return sweep


def with_absolute_paths(sweep: SweepConfig, place: Path) -> SweepConfig:
    """Return the sweep; the files that it names are relative to its own."""

    def absolute(path: Any) -> Any:
        return os.path.normpath(place / path) if isinstance(path, str) and path else path

    def placed(key: str, value: Any) -> Any:
        if key == "data" and isinstance(value, dict):
            return {name: placed(f"data.{name}", part) for name, part in value.items()}
        return absolute(value) if key in FILES else value

    constants = {key: placed(key, value) for key, value in sweep.set.items()}
    parameters = dict(sweep.parameters)
    for key, parameter in sweep.parameters.items():
        if parameter.choice is not None:
            choice = tuple(placed(key, value) for value in parameter.choice)
            parameters[key] = parameter.model_copy(update={"choice": choice})
    workers = sweep.workers
    if isinstance(workers, str) and SCHEDULER_FILE.match(workers):
        workers = DASK + absolute(workers.removeprefix(DASK))
    update = {"base": absolute(sweep.base), "parameters": parameters, "set": constants}
    return sweep.model_copy(update={**update, "workers": workers})
