"""From a file, or a mapping, and overrides to a Config, or to one error with every problem."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nnctl.config import document as documents
from nnctl.config.completion import completed
from nnctl.config.document import Document
from nnctl.config.findings import Finding, findings_of, shown
from nnctl.config.names import closest
from nnctl.config.overrides import apply_override
from nnctl.config.problems import config_error, located
from nnctl.config.schema.data import PATH_KEYS
from nnctl.config.schema.root import RUN_NAME, RUN_NAME_RULE, Config
from nnctl.config.semantics import semantic_findings
from nnctl.config.yaml_source import MAXIMUM_BYTES, MAXIMUM_DEPTH, read_yaml
from nnctl.errors import ConfigError, Problem, StorageError, UsageError

OF_A_SWEEP = {"base", "parameters"}  # keys that its file must have and no config has


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Read a config file, lay the `KEY=VALUE` overrides over it and check it.

    Raises:
        ConfigError: with every problem, each with its file, line and column.
        StorageError: the file may not be read.
    """
    return check_document(load_document(path, overrides))


def load_document(path: str | Path, overrides: Sequence[str] = ()) -> Document:
    """Read a config file and lay the overrides over it; its name and its paths are filled in.

    Raises what `load_config` raises, but for what the values are.
    """
    document = read_document(path)
    if document.value is None and not overrides:
        raise ConfigError(Problem("the file is empty; expected a mapping", str(path), 1, 1))
    if isinstance(document.value, dict) and document.value.keys() >= OF_A_SWEEP:
        message = "this is the file of a sweep, which `nnctl sweep` trains; give a config"
        raise ConfigError(Problem(message, str(path), 1, 1))
    for override in overrides:
        apply_override(document, override)
    _prepare(document, Path(path).absolute().parent, name_from(Path(path).stem))
    return document


def read_document(path: str | Path) -> Document:
    """Read a YAML file as it is written; raises as `load_config` does."""
    return read_yaml(_read_bytes(path), str(path))


def config_from_dict(value: dict[str, Any], base: str | Path) -> Config:
    """Check a config that is a mapping already; its paths are relative to `base`.

    Raises:
        ConfigError: with every problem, each with its key.
    """
    return _build(Document(_plain(value)), Path(base).absolute(), "run")


def overridden(config: Config, overrides: Sequence[str]) -> Config:
    """Lay `KEY=VALUE` overrides over a config that is complete, and check it again.

    Raises:
        ConfigError: with every problem, each with its key.
    """
    document = Document(config.model_dump(mode="json"))
    for override in overrides:
        apply_override(document, override)
    return _build(document, Path.cwd(), config.name)


def check_run_name(name: str) -> str:
    """Return `name` if a run may be called so.

    Raises:
        UsageError: it may not.
    """
    if not re.fullmatch(RUN_NAME, name):
        raise UsageError(f"a run's name must be {RUN_NAME_RULE} (received {shown(name)})")
    return name


def name_from(stem: str) -> str:
    """Make a run's name of a file's: every other character becomes a `-`."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")
    return name[:100] or "run"


def _read_bytes(path: str | Path) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAXIMUM_BYTES + 1)  # never the whole of a huge file
    except PermissionError:
        message = "the config may not be read; change its permissions"
        raise StorageError(Problem(message, str(path))) from None
    except FileNotFoundError:
        raise ConfigError(Problem("there is no such config file", str(path))) from None
    except IsADirectoryError:
        message = "this is a directory; name the config file in it"
        raise ConfigError(Problem(message, str(path))) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(Problem(f"the config cannot be read: {reason}", str(path))) from None


def _plain(value: object, depth: int = 0) -> Any:
    """Copy into dicts with text for keys, and lists, as YAML would have given them."""
    if depth > MAXIMUM_DEPTH:
        raise ConfigError(f"the config is more than {MAXIMUM_DEPTH} levels deep")
    if isinstance(value, dict):
        return {str(key): _plain(entry, depth + 1) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry, depth + 1) for entry in value]
    return value


def _build(document: Document, base: Path, name: str) -> Config:
    _prepare(document, base, name)
    return check_document(document)


def check_document(document: Document) -> Config:
    """Return the config that a document holds whose paths are filled in.

    Raises:
        ConfigError: with every problem, each with its place.
    """
    config, findings = _checked(document.value)
    if config is None or findings or document.problems:
        problems = located(findings, document.marks, document.problems)
        raise config_error([*document.problems, *problems])
    return completed(config.marked(document.marks))


def _checked(value: dict[str, Any]) -> tuple[Config | None, list[Finding]]:
    """Validate, then look for what does not fit together as far as the values can be trusted."""
    try:
        config = Config.model_validate(value)
        return config, semantic_findings(config)
    except ValidationError as error:
        findings = findings_of(error, value)
    doubtful = [_doubtful(finding) for finding in findings]
    try:
        rest = Config.model_validate(_without(value, findings))
    except ValidationError:
        return None, findings
    return None, findings + semantic_findings(rest, tuple(doubtful))


def _prepare(document: Document, base: Path, name: str) -> None:
    """Say what the file leaves to its own place: the name, and where the data is."""
    if not isinstance(document.value, dict):
        received = shown(document.value)
        document.add_problem(f"expected a mapping (received {received})", document.marks.mark(()))
        raise config_error(document.problems)
    document.value.setdefault("name", name)
    data: Any = document.value.get("data")
    for key in PATH_KEYS if isinstance(data, dict) else ():
        written = data.get(key)
        if isinstance(written, str) and written:
            mark = document.marks.mark(("data", key))
            from_option = mark.line is None and document.marks.values
            data[key] = os.path.normpath((Path.cwd() if from_option else base) / written)
            document.marks.files[data[key]] = written


def _cut(path: documents.Path) -> documents.Path:
    """Return the path as far as the first list: entries of a list stand and fall together."""
    indices = [index for index, part in enumerate(path) if isinstance(part, int)]
    return path[: indices[0]] if indices else path


def _doubtful(finding: Finding) -> documents.Path:
    """Return what cannot be trusted: a value, or all that an unknown key may have meant."""
    if not finding.at_key:
        return _cut(finding.path)
    if len(finding.path) > 1:
        return _cut(finding.path[:-1])
    return (closest(str(finding.path[0]), Config.model_fields) or finding.path[0],)


def _without(value: dict[str, Any], findings: Iterable[Finding]) -> dict[str, Any]:
    """Return a copy without the values that cannot be trusted."""
    rest = copy.deepcopy(value)
    for finding in findings:
        *way, last = _cut(finding.path) or ("",)
        holder = documents.value_at(rest, tuple(way))
        if isinstance(holder, dict):
            holder.pop(last, None)
    return rest
