"""A YAML 1.2 reader that remembers line and column, and refuses whatever a config has no use for.

It reads PyYAML's events, not its values: those follow YAML 1.1 (`no` is false, `010` is 8, `1e-3`
is text), and composing them recurses and copies without a limit.
"""

from __future__ import annotations

from typing import Any, NoReturn, Protocol

import yaml

from nnctl.config.document import Document, Mark, Path, dotted
from nnctl.config.yaml_scalars import read_scalar
from nnctl.errors import ConfigError, Problem

MAXIMUM_BYTES = 2**20
MAXIMUM_DEPTH = 20
MAXIMUM_VALUES = 100_000


def read_yaml(source: bytes, file: str | None) -> Document:
    """Read one YAML document; duplicate keys, tags and aliases are in its `problems`.

    Raises:
        ConfigError: the source cannot be read at all.
    """
    if len(source) > MAXIMUM_BYTES:
        raise ConfigError(Problem(f"a config has at most {MAXIMUM_BYTES:,} bytes", file))
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        column = error.start - source.rfind(b"\n", 0, error.start)
        message = f"byte 0x{source[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise ConfigError(Problem(message, file, line, column)) from None
    return read_text(text, file)


def read_text(text: str, file: str | None) -> Document:
    """Read one YAML document from text, as `read_yaml` does."""
    try:
        _refuse_unprintable(text, file)
        return _Composer(text, file).compose()
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        raise ConfigError(_syntax_problem(error, _mark(place, file))) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # such as the escape \UFFFFFFFF
        raise ConfigError(Problem(f"not valid YAML: {error}", file)) from None


def _refuse_unprintable(text: str, file: str | None) -> None:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if found is None:
        return
    line = text.count("\n", 0, found.start()) + 1
    column = found.start() - text.rfind("\n", 0, found.start())
    message = f"the control character U+{ord(found.group()):04X} may not stand in YAML"
    raise ConfigError(Problem(message, file, line, column))


class _Position(Protocol):
    """Where PyYAML was, counted from 0."""

    line: int
    column: int


def _mark(position: _Position | None, file: str | None) -> Mark:
    return Mark(file) if position is None else Mark(file, position.line + 1, position.column + 1)


def _syntax_problem(error: yaml.MarkedYAMLError, mark: Mark) -> Problem:
    what = error.problem or error.context or "it ends too early"
    if "'\\t'" in what:
        what = "a tab cannot begin a token; indent with spaces"
    elif error.context and error.problem:
        what = f"{error.problem} {error.context}{_begun(error)}"
    return Problem(f"not valid YAML: {what}", mark.file, mark.line, mark.column)


def _begun(error: yaml.MarkedYAMLError) -> str:
    """Say where the thing begins that ends so badly, such as a quote that never closes."""
    begin, end = error.context_mark, error.problem_mark
    if begin is None or end is None or begin.line == end.line:
        return ""
    return f" that begins in line {begin.line + 1}"


class _Composer:
    """Turns events into plain values, one document only, at most `MAXIMUM_DEPTH` deep."""

    def __init__(self, text: str, file: str | None) -> None:
        self.events = yaml.parse(text, Loader=yaml.SafeLoader)
        self.file = file
        self.document = Document()

    def compose(self) -> Document:
        """Read the whole stream."""
        next(self.events)  # the stream's start
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            self.document.marks.values[()] = Mark(self.file, 1, 1)
            return self.document
        self.document.value = self._node(next(self.events), ())
        next(self.events)  # the document's end
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._refuse("a second document begins here; a config is one", event)
        return self.document

    def _place(self, event: yaml.Event) -> Mark:
        return _mark(event.start_mark, self.file)

    def _refuse(self, message: str, event: yaml.Event) -> NoReturn:
        mark = self._place(event)
        raise ConfigError(Problem(message, mark.file, mark.line, mark.column))

    def _node(self, event: yaml.Event, path: Path) -> Any:
        self.document.marks.values[path] = self._place(event)
        if len(self.document.marks.values) > MAXIMUM_VALUES:
            self._refuse(f"more than {MAXIMUM_VALUES:,} values", event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.CollectionStartEvent):
            return self._collection(event, path)
        message = "an alias such as `*name` is not read; write the value out"
        self.document.add_problem(message, self._place(event))
        return None

    def _collection(self, event: yaml.CollectionStartEvent, path: Path) -> Any:
        if len(path) >= MAXIMUM_DEPTH:
            self._refuse(f"more than {MAXIMUM_DEPTH} levels deep", event)
        self._note_properties(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        return self._sequence(path)

    def _note_properties(self, event: yaml.CollectionStartEvent | yaml.ScalarEvent) -> None:
        place = self._place(event)
        if event.anchor is not None:
            message = f"the anchor `&{event.anchor}` is not read; leave it out"
            self.document.add_problem(message, place)
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.document.add_problem(f"the tag `{tag}` is not read; leave it out", place)

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        self._note_properties(event)
        text = self._text(event)
        plain = event.implicit[0]
        try:
            return read_scalar(text) if plain else text
        except ValueError as error:
            self._refuse(str(error), event)

    def _text(self, event: yaml.ScalarEvent) -> str:
        text = str(event.value)
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._refuse("half of a surrogate pair is no character", event)
        return text

    def _sequence(self, path: Path) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event)
            here = (*path, key)
            if key in entries:
                self._note_duplicate(here, event)
            self.document.marks.keys[here] = self._place(event)
            entries[key] = self._node(next(self.events), here)
        return entries

    def _key(self, event: yaml.Event) -> str:
        """Return a key as it is written: `1`, `no` and `null` are names of classes, if anything."""
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse("a key must be plain text", event)
        self._note_properties(event)
        return self._text(event)

    def _note_duplicate(self, path: Path, event: yaml.Event) -> None:
        first = self.document.marks.keys[path].line
        message = f"the key `{dotted(path)}` stood in line {first} already; keep one of them"
        self.document.add_problem(message, self._place(event))
