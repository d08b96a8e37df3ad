"""A template and a document become one page of HTML, in which names of strangers are only text.

Autoescape is on and a name that the document lacks is an error. Whatever a template shows is
written on one line with control characters as escapes, as on a terminal; `pre` keeps lines apart.

Every page extends `base.html.j2`: blocks `title`, `header`, `toc` (links to the sections, may stay
empty) and `main`, and for what one page has alone, `style` and `script`. `parts.html.j2` has the
macros for tables, pictures and facts. The policy of the base page forbids it to load anything.
"""

from __future__ import annotations

import math
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from nnctl.errors import Problem, UsageError, printable

ROOM = Path(__file__).parent
SUFFIXES = (".html", ".htm")
MEDIA_TYPES = {".png": "image/png", ".svg": "image/svg+xml"}
NOTHING = "–"
LONGEST_CELL = 400  # characters
LONGEST_SHORT = 36  # characters of a cell that stays in one line
GENERATOR = b'<meta name="generator" content="nnctl">'
HEAD = 2000  # bytes of a page, in which that stands
ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


def render(template: str, context: Mapping[str, Any]) -> str:
    """Return the page that a template (`report.html.j2`) makes of a document.

    The same document gives the same text. Beside Jinja's own filters a template has

    - `cell`: a number, a truth or a text as a table shows it,
    - `side`: how its cell is set: `number` to the right, `short` in one line, `long` in several,
    - `pre`: a text with its lines kept, for use inside `<pre>`,
    - `quoted`: a sentence, in which what stands between backticks becomes `<code>`,
    - `sources`: a sentence, in which what is on arXiv becomes a link,
    - `data_uri`: the bytes of a picture file, with its suffix, as what `src` takes,
    - `tojson`: data for `<script type="application/json">`, with `<`, `>`, `&` and `'` escaped,

    and `asset(name)`: the text of a file of this room as it stands (`style.css`, a script).
    Raises jinja2.UndefinedError for a name that the document lacks.
    """
    return environment().get_template(template).render(context)


def require_page_name(path: Path, what: str) -> None:
    """Raise UsageError unless the path is named as a page; `what` is to be written there."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{what} is a page of HTML; name it .html (received {path})")


def refuse_other_files(path: Path) -> None:
    """Raise UsageError where a file is in the way that is no page of nnctl."""
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            is_page = GENERATOR in file.read(HEAD)
    except OSError:
        return  # whoever writes it says what is wrong
    if not is_page:
        message = "the file exists already, and nnctl did not make it; name another, or write over "
        raise UsageError(Problem(f"{message}it with --force", str(path)))


@cache
def environment() -> Environment:
    """Return what all templates of the room are rendered in."""
    templates = Environment(
        loader=FileSystemLoader(ROOM / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=on_one_line,
    )
    templates.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    templates.filters |= {
        each.__name__: each for each in (cell, side, pre, quoted, sources, data_uri)
    }
    templates.globals["asset"] = asset
    return templates


def on_one_line(value: object) -> object:
    """Return text with control characters as escapes; what is markup already stays as it is."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def cell(value: object) -> str:
    """Return a value as tables show it: six digits of a number, thousands apart in whole ones.

    >>> cell(0.123456789), cell(12345), cell(True), cell(None)
    ('0.123457', '12,345', 'yes', '–')
    """
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else str(value)
    return f"{value:,}" if isinstance(value, int) else shortened(str(value))


def shortened(text: str) -> str:
    """Return a text whose middle is left out where it is longer than any cell should be."""
    end = LONGEST_CELL // 2
    return text if len(text) <= LONGEST_CELL else f"{text[:end]}…{text[-end:]}"


def side(value: object) -> str:
    """Return the class of a value's cell.

    >>> side(1.5), side("x / 2"), side("a sentence that will not fit in one line of a table")
    ('number', 'short', 'long')
    """
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return "number"
    return "short" if len(str(value)) <= LONGEST_SHORT else "long"


def pre(text: str) -> Markup:
    """Return a text whose lines stay apart, all else as `on_one_line` has it."""
    return Markup("\n").join(printable(line) for line in text.splitlines())


def quoted(sentence: str) -> Markup:
    """Return a sentence of HTML; what stands between two backticks is code.

    >>> quoted("`a<b` is missing")
    Markup('<code>a&lt;b</code> is missing')
    """
    parts = printable(sentence).split("`")
    if len(parts) % 2 == 0:
        return escape("`".join(parts))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if position % 2 else escape(part)
        for position, part in enumerate(parts)
    )


def sources(reference: str) -> Markup:
    """Return a reference of HTML, in which papers on arXiv are linked."""
    parts = ARXIV.split(printable(reference))  # text and number in turn
    link = Markup('<a href="https://arxiv.org/abs/{0}" rel="noreferrer">arXiv:{0}</a>')
    return Markup("").join(
        link.format(part) if position % 2 else escape(part) for position, part in enumerate(parts)
    )


def data_uri(picture: bytes, suffix: str) -> Markup:
    """Return a picture file's bytes as an address that holds them all."""
    return Markup(f"data:{MEDIA_TYPES[suffix]};base64,{b64encode(picture).decode('ascii')}")


@cache
def asset(name: str) -> Markup:
    """Return a file of the room as it stands: nobody but nnctl writes one."""
    return Markup((ROOM / name).read_text(encoding="utf-8"))
