from __future__ import annotations

import json
import re
from pathlib import Path

import jinja2
import pytest

from nnctl.pages import rendering
from nnctl.pages.rendering import (
    LONGEST_CELL,
    asset,
    cell,
    data_uri,
    environment,
    pre,
    quoted,
    side,
    sources,
)
from tests.pages.html import Element, assert_well_made, read_page, table_of

HOSTILE = (
    "<script>alert(1)</script>",
    "</script>",
    '"quo\'te" & &amp; `code`',
    "{{ 7 * 7 }} {% raw %}",
    "\u202eturned \u2028 \x1b[31mred\x00",
    "two\nlines",
    "名前 عربي 😀",
)
PAGE = """
{%- extends "base.html.j2" %}
{% import "parts.html.j2" as parts %}
{% block title %}{{ name }}{% endblock %}
{% block header %}<h1 id="top" title="{{ name }}">{{ name }}</h1>{% endblock %}
{% block main %}
{{ parts.notes([name]) }}
{{ parts.facts([(name, name)]) }}
{{ parts.table({"caption": name, "columns": [name, "n"], "rows": [[name, 1.5]]}) }}
<script type="application/json" id="data">{{ {"name": name} | tojson }}</script>
{% endblock %}
"""


def page_of(name: str) -> str:
    return environment().from_string(PAGE).render({"name": name})


def shown(name: str) -> str:
    """What a reader sees of a name."""
    special = "\n\u202e\u2028\x1b\x00"
    return "".join(
        each.encode("unicode_escape").decode() if each in special else each for each in name
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_text_wherever_it_stands(name: str) -> None:
    text = page_of(name)
    page = read_page(text)
    assert [each.tag for each in page.all("script")] == ["script"]
    heading = page.one("top")
    assert heading.text == heading.attributes["title"] == shown(name)
    ((first, _), (row, number)) = table_of(page, shown(name))
    assert first == row == shown(name)
    assert number == "1.5"
    without_code = shown(name).replace("`", "")
    assert [each.text for each in page.all("li")] == [without_code]
    data = re.search(r'id="data">(.*?)</script>', text, re.S)
    assert data is not None
    assert json.loads(data[1]) == {"name": name}
    assert not re.search("[<>&\u2028\u2029]", data[1])


def test_the_base_page_is_well_made_and_forbids_itself_to_load_anything() -> None:
    page = read_page(page_of("a run"))
    assert_well_made(page)
    policies = [
        each.attributes["content"]
        for each in page.all("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = {rule.split()[0]: rule.split()[1:] for rule in policies[0].split(";")}
    assert rules == {
        "default-src": ["'none'"],
        "style-src": ["'unsafe-inline'"],
        "script-src": ["'unsafe-inline'"],
        "img-src": ["data:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    elements = [*page.all()]
    policy = next(e for e in elements if "http-equiv" in e.attributes)
    assert elements.index(policy) < elements.index(next(page.all("style")))


def test_a_name_that_the_document_lacks_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="name"):
        environment().from_string(PAGE).render({})


def test_a_number_that_is_not_finite_is_no_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        environment().from_string("{{ value | tojson }}").render({"value": float("nan")})


@pytest.mark.parametrize(
    ("value", "text", "place"),
    [
        (0.123456789, "0.123457", "number"),
        (1.0, "1", "number"),
        (float("inf"), "inf", "number"),
        (1234567, "1,234,567", "number"),
        (None, "–", "number"),
        ("", "–", "short"),
        (True, "yes", "short"),
        (False, "no", "short"),
        ("a name", "a name", "short"),
        ("a name that is too long to stand in one line", None, "long"),
        ("x" * 1000, "x" * (LONGEST_CELL // 2) + "…" + "x" * (LONGEST_CELL // 2), "long"),
    ],
)
def test_cells_are_written_as_people_read_them(value: object, text: str | None, place: str) -> None:
    assert cell(value) == (value if text is None else text)
    assert side(value) == place


def test_a_square_table_marks_the_cells_that_agree() -> None:
    table = {"caption": "c", "columns": ["", "a", "b"], "rows": [["a", 5, 1], ["b", 2, 7]]}
    template = '{% import "parts.html.j2" as parts %}{{ parts.table(table) }}'

    def marked(**more: bool) -> list[str]:
        text = environment().from_string(template).render({"table": table | more})
        cells = read_page(text).all("td")
        return [each.text for each in cells if "hit" in each.attributes["class"]]

    assert marked(square=True) == ["5", "7"]
    assert marked() == []


def test_what_stands_between_backticks_is_code() -> None:
    assert quoted("`a<b` is `c`") == "<code>a&lt;b</code> is <code>c</code>"
    assert quoted("one ` alone <") == "one ` alone &lt;"


def test_papers_on_arxiv_are_linked() -> None:
    told = sources("<Bengio> 2012, arXiv:1206.5533, section 3")
    link = '<a href="https://arxiv.org/abs/1206.5533" rel="noreferrer">arXiv:1206.5533</a>'
    assert told == f"&lt;Bengio&gt; 2012, {link}, section 3"


def test_preformatted_text_keeps_its_lines_and_nothing_else() -> None:
    assert pre("a: <b>\n  c: \x1b[1m\r\n") == "a: &lt;b&gt;\n  c: \\x1b[1m"


def test_a_picture_becomes_an_address() -> None:
    assert data_uri(b"<svg/>", ".svg") == "data:image/svg+xml;base64,PHN2Zy8+"
    with pytest.raises(KeyError):
        data_uri(b"", ".exe")


def test_every_file_of_the_room_is_found_and_none_loads_another() -> None:
    files = [path for path in rendering.ROOM.iterdir() if path.suffix in (".css", ".js")]
    assert len(files) > 3
    for path in files:
        text = asset(path.name)
        assert text == path.read_text(encoding="utf-8")
        assert not re.search(r"</(script|style)|@import|url\(|https?://(?!www\.w3\.org)", text)


@pytest.mark.parametrize(
    "path", sorted((Path(rendering.ROOM) / "templates").rglob("*.j2")), ids=lambda path: path.name
)
def test_no_template_switches_escaping_off(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b|autoescape", text)
    environment().parse(text)


def test_the_same_document_gives_the_same_page() -> None:
    assert page_of("a") == page_of("a")
    assert isinstance(read_page(page_of("a")), Element)
