"""The columns of a starter config as text: a line each, with what stands in the column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from nnctl.config.yaml_writing import comment_lines, commented, yaml_key
from nnctl.data.profile import ColumnFacts, NumberFacts
from nnctl.training.starter import Starter, StarterColumn

INDENT = 4
LONGEST_TEXT = 32  # characters of a category
SHOWN_CHARACTERS = 44  # of all categories that are listed, one at least
LARGEST_PLAIN = 10_000  # from here on, thousands are parted
SIGNIFICANT = 4  # digits

# A word of an entry and what it means -> whether it stands in that of a column.
WORDS: dict[tuple[str, str], Callable[[StarterColumn], bool]] = {
    ("numeric", "one input of the network"): lambda column: column.kind == "numeric",
    (
        "categorical",
        "an input for each of a few categories, 1 where a row is of it",
    ): lambda column: column.kind == "categorical",
    (
        "boolean",
        "one input: 1 for a word such as yes, 0 for its opposite",
    ): lambda column: column.kind == "boolean",
    ("ignored", "not looked at"): lambda column: column.kind == "ignored",
    (
        "missing",
        "what fills a gap (a missing cell): taken from the training rows",
    ): lambda column: bool(column.filling),
    (
        "indicator: true",
        "another input, 1 where a gap was filled",
    ): lambda column: column.indicator,
    (
        "unknown: ignore",
        "a category that no training row has counts as none; some here are rare",
    ): lambda column: column.unknown_ignored,
    (
        "scaling: log",
        "of log(1 + x), since a few numbers are very much larger than the rest",
    ): lambda column: column.logarithm,
}
WIDTH_OF_WORDS = max(len(word) for word, _ in WORDS)


def columns_section(starter: Starter) -> Iterator[str]:
    """Yield how numbers are scaled, and what each column is taken for."""
    if any(column.kind == "numeric" for column in starter.features):
        yield commented(*scaling_of(starter))
    if starter.task == "regression":
        yield commented(
            "  target_scaling: standardize", "the target too; it is predicted in its own unit"
        )
    listed = [column for column in starter.columns if starter.is_listed(column)]
    if starter.fills_by_default:
        yield commented(
            "  missing: {name: median, indicator: true}",
            "a gap is filled with the median of the training rows; another input says where",
        )
    if len(listed) < len(starter.columns):
        yield comment_lines(describe_unlisted(starter), 2)
    if not listed:
        return
    yield commented("  columns:", "what it is predicted from, and as what")
    yield from legend(listed)
    for column in listed:
        yield column_text(column)


def scaling_of(starter: Starter) -> tuple[str, str]:
    """Return how the columns of numbers are scaled, and why."""
    if starter.is_of_pixels:
        return "  scaling: min_max", "numbers go from 0 to 1, as suits the pixels of an image"
    return "  scaling: standardize", "numbers get mean 0 and deviation 1, whatever their unit"


def describe_unlisted(starter: Starter) -> str:
    """Return what the columns are that are too many to be listed."""
    unlisted = [column.facts for column in starter.columns if not starter.is_listed(column)]
    ranges = [facts.numbers for facts in unlisted if facts.numbers is not None]
    least = number(min(numbers.least for numbers in ranges))
    greatest = number(max(numbers.greatest for numbers in ranges))
    return (
        f"It is predicted from {plural(len(unlisted), 'column')} of numbers, {least} to {greatest}"
        ": each is one input of the network, and they are too many for a line each."
    )


def legend(listed: Sequence[StarterColumn]) -> Iterator[str]:
    """Yield what the words mean that stand in the entries of these columns, a line each."""
    for (word, meaning), is_used in WORDS.items():
        if any(map(is_used, listed)):
            yield f"    # {word:<{WIDTH_OF_WORDS}}  {meaning}"


def column_text(column: StarterColumn) -> str:
    """Return the entry of one column, with its comment."""
    key, value = yaml_key(column.facts.name, INDENT), settings_of(column)
    if len(value) == 1 and "kind" in value:
        return commented(f"{key} {value['kind']}", describe(column))
    pairs = ", ".join(f"{name}: {text}" for name, text in value.items())
    return f"{commented(key, describe(column))}\n{' ' * (INDENT + 2)}{{{pairs}}}"


def settings_of(column: StarterColumn) -> dict[str, str]:
    """Return what the config says of a column, as YAML."""
    settings = {"kind": str(column.kind)}
    if column.logarithm:
        settings["scaling"] = "log"
    if column.filling:
        filling = column.filling
        settings["missing"] = (
            f"{{name: {filling}, indicator: true}}" if column.indicator else filling
        )
    if column.unknown_ignored:
        settings["unknown"] = "ignore"
    return settings


def describe(column: StarterColumn) -> str:
    """Return what stands in a column: its range or categories, and its gaps."""
    facts = column.facts
    if column.kind == "ignored":
        return column.reason
    if column.kind == "numeric":
        assert facts.numbers is not None
        parts = [range_of(facts.numbers) if facts.different != 2 else either_of(facts.numbers)]
        if column.logarithm:
            parts.append(f"half below {number(facts.numbers.median)}")
    else:
        assert facts.counts is not None
        few = f"{facts.different} categories: " if column.kind == "categorical" else ""
        parts = [few + counted(facts.counts), *filter(None, [column.reason])]
    return "; ".join([*parts, *gaps_of(facts)])


def gaps_of(facts: ColumnFacts) -> Iterator[str]:
    """Yield how many cells are missing, if any."""
    if facts.gaps:
        yield f"{facts.gaps:,} gap{'s' if facts.gaps > 1 else ''}"


def range_of(numbers: NumberFacts) -> str:
    """Return the least and the greatest number."""
    return f"{number(numbers.least)} to {number(numbers.greatest)}"


def either_of(numbers: NumberFacts) -> str:
    """Return the two numbers that there are."""
    return f"{number(numbers.least)} or {number(numbers.greatest)}"


def number(value: float) -> str:
    """Return a number as a person reads it, rounded to a few digits."""
    if abs(value) >= 1e15:
        return f"{value:.{SIGNIFICANT}g}"
    if abs(value) >= LARGEST_PLAIN:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value.is_integer() else f"{value:.{SIGNIFICANT}g}"


def counted(counts: Iterable[tuple[str, int]], characters: int = SHOWN_CHARACTERS) -> str:
    """Return the first categories and their rows: as many as can be taken in at a glance."""
    parts: list[str] = []
    rest = [*counts]
    while rest:
        text, rows = rest[0]
        part = f"{shortened(text)} ({rows:,}{'' if parts else ' rows'})"
        if parts and sum(map(len, parts)) + len(part) > characters:
            break
        parts.append(part)
        del rest[0]
    return ", ".join([*parts, f"{len(rest):,} more"] if rest else parts)


def shortened(text: str) -> str:
    """Return a text that takes no more than its place in a comment."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 3] + "..."


def plural(count: int, noun: str) -> str:
    """Return so many of something."""
    ending = "es" if noun.endswith("s") else "s"
    return f"{count:,} {noun}{'' if count == 1 else ending}"
