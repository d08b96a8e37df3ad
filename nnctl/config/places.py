"""Which model of the schema stands where in a config."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_origin

from nnctl.config.document import Path, dotted
from nnctl.config.schema.base import OTHER, WORD, Named, Section
from nnctl.config.schema.root import Config

Models = tuple[type[Section], ...]


@dataclass(frozen=True)
class Place:
    """A path in a file, and the models around it."""

    path: Path
    models: Models  # of the mapping that holds the path's last key
    siblings: Models  # that the mapping's name could have chosen instead
    entries: Models  # of what stands at the path itself


def locate(location: Iterable[str | int], root: type[Section] = Config) -> Place:
    """Follow one of Pydantic's locations, which name the chosen members of unions as well."""
    path: Path = ()
    models: Models = ()
    siblings: Models = ()
    offered: Models = ()
    entries: Models = (root,)
    made_up = False  # by the user, who may have chosen a key that is one of ours elsewhere
    for part in location:
        chosen = tuple(model for model in entries if name_of(model) == part)
        if chosen or part in (WORD, OTHER):
            offered, entries = entries, chosen or entries
            continue
        path = (*path, part)
        models, siblings, offered = entries, offered, ()
        entries = entries if made_up else _below(entries, part)
        made_up = not made_up and _is_open(models, part)
    return Place(path, models, siblings, entries)


def name_of(model: type[Section]) -> str | None:
    """Return the name by which a config chooses the model, if it has one."""
    names = get_args(model.model_fields["name"].annotation) if issubclass(model, Named) else ()
    return str(names[0]) if names else None


def word_of(models: Models) -> str:
    """Return the key that a bare word fills where it stands for one of the models."""
    return models[0].word if models else Section.word


def names_of(models: Models) -> tuple[str, ...]:
    """Return the names of those models that have one."""
    return tuple(name for model in models if (name := name_of(model)))


def choice_names(choices: Any) -> tuple[str, ...]:
    """Return the names that may stand where the union `choices` of named models does."""
    return names_of(tuple(_sections_in(choices)))


@cache
def homes(root: type[Section] = Config) -> dict[str, str]:
    """Return for every key below the top the section where it belongs, the outermost first."""
    found: dict[str, str] = {}
    level: list[tuple[Path, type[Section]]] = [((), root)]
    while level:
        for path, model in level:
            for field in model.model_fields if path else ():
                found.setdefault(field, dotted(path))
        level = [
            ((*path, field), entry)
            for path, model in level
            for field in model.model_fields
            for entry in _below((model,), field)
            if entry is not model
        ]
    return {field: home for field, home in found.items() if field != "name"}


def _below(models: Models, part: str | int) -> Models:
    fields = [model.model_fields[part] for model in models if part in model.model_fields]
    if not fields:  # an index of a list, or a key that the user made up
        return models
    return tuple(found for field in fields for found in _sections_in(field.annotation))


def _is_open(models: Models, part: str | int) -> bool:
    """Whether the user makes up the keys of what stands at `part`."""
    fields = [model.model_fields[part] for model in models if part in model.model_fields]
    return any(get_origin(field.annotation) is dict for field in fields)


def _sections_in(annotation: Any) -> list[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [found for part in get_args(annotation) for found in _sections_in(part)]
