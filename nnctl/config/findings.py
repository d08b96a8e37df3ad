"""What is wrong with a config, in words: from Pydantic's errors to one line each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from nnctl.config.document import Path, dotted, value_at
from nnctl.config.names import key_advice, suggest_name
from nnctl.config.places import Place, homes, locate, name_of, names_of
from nnctl.config.schema.base import OTHER, WORD, Section
from nnctl.config.schema.root import RUN_NAME_RULE, Config

SHOWN_CHARACTERS = 40
MAXIMUM_FINDINGS = 200  # looking for the key that was meant takes its time

# Pydantic's kinds of errors -> what the value must be.
DEMANDS: dict[str, str] = {
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} character(s)",
    "string_pattern_mismatch": f"must be {RUN_NAME_RULE}",
    "too_short": "must have {min_length} or more entries",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a name, or a mapping with a `name`",
    "value_error": "{error}",
}
UNQUOTED = frozenset({"int_type", "float_type", "bool_type"})

# Fields that take a word or something else -> what that is.
EITHER: dict[str, str] = {
    "batch_size": "must be an integer of at least 1, or `full`",
    "class_weight": "must be `balanced`, or a mapping of classes to weights",
    "target": "must be a column's name, or a list of them",
    "threads": "must be an integer from 1 to 1024, or `auto`",
    "workers": (
        "must be an integer from 1 to 1024, or `auto`, or a Dask scheduler (`dask://HOST:PORT` or "
        "`dask:FILE.json`)"
    ),
    "value": "must be a finite number, or text (`true` and `false` in quotes)",
}
# Sections, and fields of many entries -> how they are written.
EXAMPLES: dict[str, str] = {
    "Bounds": ", such as {min: 0.9}",
    "ColumnConfig": ", such as {kind: categorical}",
    "DataConfig": ", such as {source: data.csv, target: y}",
    "EarlyStoppingConfig": ", such as {patience: 10}",
    "GradientClippingConfig": ", such as {norm: 1.0}",
    "LayerConfig": ", such as {units: 16}",
    "ModelConfig": ", such as {hidden: [{units: 16}]}",
    "OutputConfig": ", such as {activation: softmax}",
    "ParameterConfig": ", such as {choice: [relu, tanh]}",
    "RegularizationConfig": ", such as {l2: 0.0001}",
    "SplitConfig": ", such as {validation: 0.2, test: 0.2}",
    "TrainingConfig": ", such as {epochs: 100}",
    "columns": ", such as {island: categorical}",
    "missing_values": ', such as ["", NA]',
    "parameters": ", such as {optimizer.learning_rate: {log_uniform: [0.001, 0.1]}}",
    "order": ", such as [low, high]",
    "expect": ", such as {test_accuracy: {min: 0.9}}",
}


@dataclass(frozen=True)
class Finding:
    """Something wrong at `path`; `at_key` when it is the key that is wrong, not its value."""

    path: Path
    message: str
    at_key: bool = False


def shown(value: object) -> str:
    """Return `value` as a message shows what was received."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, float) and not isfinite(value):
        return str(value).replace("inf", ".inf").replace("nan", ".nan")
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."


def repeated(names: tuple[str, ...]) -> list[int]:
    """Return the indices of those names that stand further up already."""
    first = {name: index for index, name in reversed(list(enumerate(names)))}
    return [index for index, name in enumerate(names) if first[name] != index]


def findings_of(
    error: ValidationError, value: object, root: type[Section] = Config
) -> list[Finding]:
    """Put Pydantic's errors about the config `value` into words; `root` is its model."""
    details = error.errors(include_url=False, include_input=False)
    return [_finding(detail, value, root) for detail in details[:MAXIMUM_FINDINGS]]


def _finding(detail: ErrorDetails, value: object, root: type[Section]) -> Finding:
    place = locate(detail["loc"], root)
    path, kind = place.path, detail["type"]
    if kind == "extra_forbidden":
        return Finding(path, _unknown_key(place, root), at_key=True)
    if kind == "missing":
        return Finding(path[:-1], _missing_key(path, value_at(value, path[:-1])))
    received = value_at(value, path)
    if isinstance(word := value_at(value, path[:-1]), str):  # which stands for a mapping
        path, received = path[:-1], word
    if kind == "union_tag_invalid" and isinstance(received, dict):
        path, received = (*path, "name"), received["name"]
    if detail["loc"][-1] in (WORD, OTHER):
        return Finding(path, f"{dotted(path)} {EITHER[str(path[-1])]} (received {shown(received)})")
    if kind in ("union_tag_invalid", "union_tag_not_found", "literal_error"):
        return Finding(path, _unknown_name(path, received, _expected(detail, place)))
    return Finding(path, f"{dotted(path)} {_demand(detail, path, received)}")


def _demand(detail: ErrorDetails, path: Path, received: object) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    demand = DEMANDS[kind].format(**context) if kind in DEMANDS else detail["msg"]
    example = EXAMPLES.get(context.get("class_name", path[-1]), "")
    return f"{demand}{example} (received {shown(received)}){_quotes(kind, path, received)}"


def _quotes(kind: str, path: Path, received: object) -> str:
    if kind in UNQUOTED and isinstance(received, str) and received[:1].isdigit():
        return "; take the quotes away"
    is_text = isinstance(received, int | float) or (received is None and isinstance(path[-1], int))
    return "; put it in quotes" if kind == "string_type" and is_text else ""


def _unknown_key(place: Place, root: type[Section]) -> str:
    key, known = str(place.path[-1]), [f for m in place.models for f in m.model_fields]
    where = f" in {dotted(place.path[:-1])}" if place.path[:-1] else ""
    owners = [name_of(model) for model in place.siblings if key in model.model_fields]
    advice = f"it belongs to {', '.join(map(str, owners))}, and this is {name_of(place.models[0])}"
    return (
        f"unknown key `{key}`{where}; {advice if owners else key_advice(key, known, homes(root))}"
    )


def _missing_key(path: Path, parent: object) -> str:
    where, key = dotted(path[:-1]), path[-1]
    if isinstance(parent, str):
        return f"{where}: {parent} needs `{key}`; write `{{name: {parent}, {key}: ...}}`"
    return f"{where}: the key `{key}` is missing" if where else f"the key `{key}` is missing"


def _expected(detail: ErrorDetails, place: Place) -> tuple[str, ...]:
    """Return the names that would do; Pydantic gives them as a sentence."""
    sentence = detail["ctx"].get("expected_tags") or detail["ctx"].get("expected") or ""
    return tuple(re.findall(r"'([^']*)'", sentence)) or names_of(place.entries)


def _unknown_name(path: Path, received: object, names: tuple[str, ...]) -> str:
    choices = f"must be one of {', '.join(map(_as_word, names))}"
    if isinstance(received, dict):
        return f"{dotted(path)} needs a `name`, which {choices}"
    suggestion = suggest_name(received, names) if isinstance(received, str) else None
    if suggestion is None:
        return f"{dotted(path)} {choices} (received {shown(received)})"
    return f"{dotted(path)}: unknown name {shown(received)}; did you mean `{suggestion}`?"


def _as_word(name: str) -> str:
    return name if name.isidentifier() else shown(name)
