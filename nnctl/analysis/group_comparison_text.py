"""A comparison of groups of runs in words, and as the document of a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from nnctl.analysis.comparing_groups import (
    FOLD,
    GroupComparison,
    draw_group_comparison,
    telling,
)
from nnctl.analysis.comparison_text import CAPTIONS, NOTHING, SECTIONS, table_of
from nnctl.analysis.pictures import Picture
from nnctl.analysis.report_encoding import encoded
from nnctl.analysis.report_parts import ReportPicture, ReportTable

BETTER = {"max": ("better", "worse"), "min": ("worse", "better")}  # by more, by less
DIGITS = 4
# What the members of a group have in common, and their spread therefore does not contain.
LAST_WORDS = {
    "seed": "all seeds have one split of the data; another split may move the means as much again",
    FOLD: "folds share training rows, so the standard errors allow for that (Nadeau and Bengio "
    "2003)",
}


def page_document(comparison: GroupComparison) -> dict[str, Any]:
    """Return what `compare_groups.html.j2` makes a page of."""
    document = comparison.document
    labels = [group["label"] for group in document["groups"]]
    return {
        "labels": labels,
        "groups": groups_table(document),
        "metrics": metrics_table(document),
        "picture": picture_of(comparison),
        "sentences": [*sentences(document)],
        "differences": [
            {"id": key, "title": title, "table": table_of(CAPTIONS[key], labels, document[key])}
            for key, title in SECTIONS.items()
        ],
        "notes": document["notes"],
    }


def picture_of(comparison: GroupComparison) -> ReportPicture | None:
    """Return the picture as a page takes it; None where there is nothing to be drawn."""
    if not comparison.document["metrics"]:
        return None
    labels = ", ".join(group.label for group in comparison.groups)
    words = f"What each member of {labels} reached, and the mean of each group"
    return encoded("groups", words, Picture(draw_group_comparison(comparison)), words)


def groups_table(document: Mapping[str, Any]) -> ReportTable:
    """Return the groups as a table."""
    keys = ("kind", "status", "members", "finished", "parameters")
    rows = [[group["label"], *(group[key] for key in keys)] for group in document["groups"]]
    return ReportTable("Each group, of which the finished members count", ("group", *keys), rows)


def metrics_table(document: Mapping[str, Any]) -> ReportTable | None:
    """Return all metrics as a table; None where there are none."""
    if not document["metrics"]:
        return None
    labels = [group["label"] for group in document["groups"]]
    others = [f"{label} less {labels[0]}" for label in labels[1:]]
    rows = [
        [row["metric"], *map(spread_text, row["groups"]), *differences_of(row, labels[1:])]
        for row in document["metrics"]
    ]
    caption = "Mean ± sample standard deviation (n - 1); differences ± one standard error"
    return ReportTable(caption, ("metric", *labels, *others), rows)


def spread_text(spread: Mapping[str, Any]) -> str:
    """Return a mean and its spread: `0.9333 ± 0.021`."""
    if not spread["n"]:
        return NOTHING
    return with_error(spread["mean"], spread["sample_standard_deviation"])


def differences_of(row: Mapping[str, Any], labels: list[str]) -> list[str]:
    """Return the differences of a metric, a text for each group but the first."""
    known = {each["group"]: each for each in row["differences"]}
    first, *others = (spread["n"] for spread in row["groups"])
    return [
        difference_text(known[label], max(first, counted)) if label in known else NOTHING
        for label, counted in zip(labels, others, strict=True)
    ]


def difference_text(difference: Mapping[str, Any], counted: int) -> str:
    """Return a difference and its error; of how many pairs, where the means are of more runs."""
    text = with_error(difference["difference"], difference["standard_error"], sign="+")
    pairs = difference["pairs"]
    if pairs is None or pairs == counted:
        return text
    return f"{text} ({pairs} pair{'' if pairs == 1 else 's'})"


def with_error(value: float, error: float, sign: str = "") -> str:
    """Return a number and how far off it may be; the latter only where it is known.

    >>> with_error(0.93333333, 0.02111111), with_error(1.0, float("nan"), "+")
    ('0.9333 ± 0.021', '+1')
    """
    number = f"{value:{sign}.{DIGITS}g}" if value else "0"
    return number if math.isnan(error) else f"{number} ± {error:.2g}"


def sentences(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is to be concluded, of the metrics of the rows that say most."""
    part = PARTS[document["groups"][0]["kind"]]
    rows = telling(document["metrics"])
    for row in rows:
        for each in row["differences"]:
            yield f"{row['metric']}: {sentence(document['reference'], row, each, part)}"
    if any(row["differences"] for row in rows):
        yield LAST_WORDS[part]


PARTS = {"seed series": "seed", "cross-validation": FOLD}


def sentence(
    reference: str, row: Mapping[str, Any], difference: Mapping[str, Any], part: str
) -> str:
    """Return how a group does beside the reference, and what that amounts to."""
    value, error = difference["difference"], difference["standard_error"]
    other = difference["group"]
    if value == 0.0 and not error > 0.0:
        return f"the same in {other} as in {reference}"
    more, less = BETTER[row["direction"]]
    words = f"more ({more})" if value > 0 else f"less ({less})"
    told = f"{other} has {abs(value):.{DIGITS}g} {words if value else 'more'} than {reference}"
    if math.isnan(error):
        return f"{told}; one {part} does not say how much {part}s differ"
    way = f"paired over {difference['pairs']} {part}s" if difference["paired"] else "not paired"
    return f"{told} ± {error:.2g} (one standard error, {way}): {verdict(difference, part)}"


def verdict(difference: Mapping[str, Any], part: str) -> str:
    """Return what a difference and its standard error amount to."""
    if not difference["told_apart"]:
        return f"no more than its standard error, so the {part}s do not tell them apart"
    error, clear = difference["standard_error"], difference["clear_from"]
    if error == 0.0:
        return f"the same for every {part}"
    times = abs(difference["difference"]) / error
    if times >= clear:
        return f"{times:.1f} times its standard error, which is clear (from {clear:g} times on)"
    return (
        f"{times:.1f} times its standard error, and so few {part}s make a difference clear from "
        f"{clear:g} times on"
    )
