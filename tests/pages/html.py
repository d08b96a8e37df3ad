"""A page as its elements, read by the standard library's parser, so that tests can ask it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "img", "input", "br", "hr", "link"}


@dataclass
class Element:
    """An element with its attributes and what stands in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def all(self, *tags: str) -> Iterator[Element]:
        """Yield the elements of these tags, or of any, in the order of the page."""
        for child in self.children:
            if isinstance(child, Element):
                if not tags or child.tag in tags:
                    yield child
                yield from child.all(*tags)

    def one(self, identifier: str) -> Element:
        """Return the element with that id."""
        (found,) = [each for each in self.all() if each.attributes.get("id") == identifier]
        return found

    @property
    def text(self) -> str:
        """All text in it, without what stands in scripts and styles."""
        if self.tag in ("script", "style"):
            return ""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


class Reader(HTMLParser):
    """Builds the tree; fails at an end tag that does not fit, and at an attribute given twice."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("page", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> ends <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read_page(text: str) -> Element:
    """Return the tree of a page, every element of which is closed."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == [reader.root], f"not closed: {[each.tag for each in reader.open]}"
    return reader.root


def table_of(page: Element, caption: str) -> list[list[str]]:
    """Return the cells of the one table with that caption, its headings first."""
    (table,) = [
        each
        for each in page.all("table")
        if any(c.text.strip() == caption for c in each.all("caption"))
    ]
    return [[cell.text for cell in row.all("th", "td")] for row in table.all("tr")]


def assert_well_made(page: Element) -> None:
    """Fail where a page is not what every page of nnctl is to be."""
    identifiers = [each.attributes["id"] for each in page.all() if "id" in each.attributes]
    assert len(identifiers) == len(set(identifiers))
    links = [each.attributes["href"] for each in page.all("a")]
    assert links
    for link in links:
        assert link.startswith("https://arxiv.org/abs/") or link.removeprefix("#") in identifiers
    assert not [*page.all("link", "iframe", "object", "embed", "form", "base", "audio", "video")]
    for element in page.all():
        assert not [name for name in element.attributes if name.startswith("on")]
        assert "srcset" not in element.attributes
        if "src" in element.attributes:
            assert element.tag == "img"
            assert element.attributes["src"].startswith("data:image/")
    for image in page.all("img"):
        assert image.attributes["alt"]
        assert int(image.attributes["width"]) > 0
        assert int(image.attributes["height"]) > 0
    for heading in page.all("th"):
        assert heading.attributes["scope"] in ("row", "col")
    levels = [int(each.tag[1]) for each in page.all("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    (root,) = page.all("html")
    assert root.attributes["lang"] == "en"
    assert len([*page.all("main")]) == 1
