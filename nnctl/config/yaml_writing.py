"""YAML for people to read: text without quotes where it needs none, and comments in a column."""

from __future__ import annotations

import re
import textwrap

from nnctl.errors import printable

WIDTH = 100
COMMENTS_BEGIN = 36
LONGEST_SIMPLE_KEY = 1000  # characters; YAML allows 1024

# YAML knows more that needs no quotes; none of this is special anywhere, in a list either.
PLAIN = re.compile(r"([^\W\d]|\.?\.?/)[\w./()%-]*( [\w./()%-]+)*")
# What YAML 1.1, or 1.2, takes for something else than text.
OTHER_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null"})
ESCAPES = {'"': '\\"', "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def yaml_text(text: str) -> str:
    """Return a scalar, on one line, that is read as this very text."""
    if PLAIN.fullmatch(text) and text.isprintable() and text.lower() not in OTHER_WORDS:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def yaml_value(value: object) -> str:
    """Return a truth value, text, or a list of texts on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return yaml_text(value)
    assert isinstance(value, list | tuple)
    return f"[{', '.join(map(yaml_value, value))}]"


def yaml_key(text: str, indent: int) -> str:
    """Return the key of a mapping's entry up to its colon, behind `indent` blanks.

    A key that is too long for one line of YAML stands on a line of its own.
    """
    key, blanks = yaml_text(text), " " * indent
    if len(key) > LONGEST_SIMPLE_KEY:
        return f"{blanks}? {key}\n{blanks}:"
    return f"{blanks}{key}:"


def column_setting(name: str, setting: str) -> str:
    """Return what a message tells to write of one column in `data`."""
    key = yaml_text(name)
    entry = f"? {key} : {setting}" if len(key) > LONGEST_SIMPLE_KEY else f"{key}: {setting}"
    return f"columns: {{{entry}}}"


def _escaped(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    if character.isprintable():
        return character
    return f"\\U{ord(character):08x}" if ord(character) > 0xFFFF else f"\\u{ord(character):04x}"


def commented(code: str, comment: str) -> str:
    """Return lines with the comment beside the code, in its column; above the code if too long.

    Whatever the comment holds, it stays one.
    """
    comment = printable(comment).strip()
    if not comment:
        return code
    if len(code) <= COMMENTS_BEGIN - 2:
        beside = textwrap.wrap(comment, WIDTH - COMMENTS_BEGIN - 2, break_on_hyphens=False)
        lines = [
            f"{code if not row else '':<{COMMENTS_BEGIN}}# {part}"
            for row, part in enumerate(beside)
        ]
        return "\n".join(lines)
    last = code.rpartition("\n")[2]
    if len(last) + len(f"  # {comment}") <= WIDTH:
        return f"{code}  # {comment}"
    indent = len(code) - len(code.lstrip(" "))
    return f"{comment_lines(comment, indent)}\n{code}"


def comment_lines(comment: str, indent: int = 0) -> str:
    """Return a comment on lines of its own."""
    start = " " * indent + "# "
    lines = textwrap.wrap(printable(comment), WIDTH - len(start), break_on_hyphens=False)
    return "\n".join(start + line for line in lines)
