"""A comparison of runs in words, and as the document of a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnctl.analysis.comparing import RunComparison, draw_comparison
from nnctl.analysis.pictures import Picture
from nnctl.analysis.plain_text import DIGEST_CHARACTERS, text_of, when
from nnctl.analysis.report_encoding import encoded
from nnctl.analysis.report_parts import ReportPicture
from nnctl.training.comparison import FEWEST_ROWS

CLEAR = 2.0  # standard errors, from which on a difference is usually called clear
NOTHING = "–"  # where a run has no value
SECTIONS = {
    "config": "What differs in the config",
    "data": "What differs in the data",
    "environment": "What differs in the environment",
}
CAPTIONS = {
    "config": "Keys as --set takes them",
    "data": "What run.json says of the data",
    "environment": "What run.json says of the environment",
}


def page_document(comparison: RunComparison) -> dict[str, Any]:
    """Return what `compare.html.j2` makes a page of: the curves, and all that is said."""
    document = comparison.document
    labels = [run["label"] for run in document["runs"]]
    return {
        "labels": labels,
        "runs": [{**run, "started": when(run["started"])} for run in document["runs"]],
        "metrics": [{**row, "metric": title_of(row)} for row in document["metrics"]],
        "picture": picture_of(comparison, labels),
        "sentences": [*sentences(document["beside_the_best"])],
        "differences": [
            {"id": key, "title": title, "table": table_of(CAPTIONS[key], labels, document[key])}
            for key, title in SECTIONS.items()
        ],
        "notes": document["notes"],
    }


def picture_of(comparison: RunComparison, labels: Sequence[str]) -> ReportPicture:
    """Return the curves as the page takes a picture."""
    title = "Losses over the epochs, each run's best epoch marked"
    words = f"Curves of the losses of {', '.join(labels)} against the epochs"
    return encoded("curves", title, Picture(draw_comparison(comparison)), words)


def table_of(
    caption: str, labels: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Return differences as the page takes a table; None where there are none."""
    if not rows:
        return None
    lines = [[row["key"], *texts_of(row)] for row in rows]
    return {"caption": caption, "columns": ["key", *labels], "rows": lines}


def texts_of(row: Mapping[str, Any]) -> list[str]:
    """Return each run's value of a key that differs, as people read it."""
    texts = [NOTHING if value is None else text_of(value) for value in row["values"]]
    return [text[:DIGEST_CHARACTERS] for text in texts] if row["key"] == "sha256" else texts


def title_of(metric: Mapping[str, Any]) -> str:
    """Return what a line of metrics is called: a loss with which loss it is."""
    loss = metric.get("loss")
    return str(metric["metric"]) if loss is None else f"{metric['metric']} ({loss})"


def sentences(judged: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield what rows say that all runs were measured on."""
    if judged is None:
        return
    rows = f"{judged['rows']:,} {judged['set']} rows"
    yield (
        f"on the same {rows}, {judged['best']} is best by {judged['measure']} "
        f"({judged['error']:.4g})"
    )
    for other in judged["others"]:
        more, error = other["difference"], other["standard_error"]
        if more == error == 0:
            yield f"{other['run']} errs as much, on every row"
            continue
        yield (
            f"{other['run']} errs by {more:.4g} more ± {error:.4g} (one standard error, paired by "
            f"row): {verdict(judged['rows'], other)}"
        )
    yield "that is what these rows can tell; another seed may move it as much again"


def verdict(rows: int, other: Mapping[str, Any]) -> str:
    """Return what a difference and its standard error amount to."""
    if other["told_apart"]:
        return f"{standard_errors(other)}; {CLEAR:g} or more are usually called clear"
    if rows < FEWEST_ROWS:
        return "the rows are too few to tell"
    return "the rows do not tell them apart"


def standard_errors(other: Mapping[str, Any]) -> str:
    """Return how many standard errors a difference is."""
    if not other["standard_error"]:
        return "the same on every row"
    return f"{other['difference'] / other['standard_error']:.1f} standard errors"
