"""`nnctl runs show`: one run on one screen."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnctl.analysis.plain_text import DIGEST_CHARACTERS, text_of, when
from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, Json, RunArgument, RunsDir
from nnctl.cli.runs_group import blank, show_group
from nnctl.errors import Problem, RunError, printable

LABEL_WIDTH = 13
KIBIBYTE = 1024
ENDINGS = {
    "running": "is being trained",
    "killed": "was killed; `nnctl resume {run}` goes on",
    "interrupted": "was interrupted; `nnctl resume {run}` goes on",
    "trained": "was trained and not summed up; `nnctl resume {run}` does it",
    "failed": "failed; `nnctl resume {run}` goes on",
    "diverged": "diverged; `nnctl diagnose {run}` says why",
    "pruned": "was ended early by its sweep",
    "finished": "finished",
    "damaged": "damaged",
}


def show(run: RunArgument = None, json: Json = False, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """Show all that is known of a run.

    That is how it ended, its metrics, data, environment and files.

    Its data is read again, to say whether it is still what the run was trained on. Of a
    cross-validation, a seed series or a sweep its runs are shown, a line each.
    """
    from nnctl.analysis.showing import show_run
    from nnctl.runs.directory import find_group, find_run

    group = None if run is None else find_group(run, runs_dir)
    if group is not None:
        show_group(group, json=json)
        return
    directory = find_run(run, runs_dir)
    try:
        document = show_run(directory)
        console.notes(document["notices"])
        if json:
            console.write_json(document)
        else:
            present(document)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        message = f"is damaged: it does not say what a run says ({error}); restore it, or train"
        raise RunError(Problem(f"{message} again", str(directory.run_json))) from error


def present(document: Mapping[str, Any]) -> None:
    """Write the facts as lines, metrics and files as tables."""
    for label, told in facts(document):
        console.write_line(printable(f"{label:<{LABEL_WIDTH}}{told}"))
    console.write_line("")
    present_metrics(document["metrics"])
    for bar in document["expect"]:
        console.write_line(printable(f"expected: {bar_of(bar)}"))
    if document["expect"]:
        console.write_line("")
    rows = [
        (file["file"], size(file["bytes"]), file["what"] or "not of nnctl")
        for file in document["files"]
    ]
    console.write_table(("file", "size", "what"), rows)


def facts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each line's label, and what is told there."""
    run = document["run"]
    yield "run", run
    status = document["status"]
    yield "status", ENDINGS.get(status, str(status)).format(run=run)
    seconds = document["seconds"]
    took = "" if seconds is None else f", {seconds:,.4g} seconds"
    others = document["stacked"] - 1
    took += f" together with {console.numbered(others, 'other run')}" if others else ""
    yield "started", f"{when(document['started'])}{took}"
    yield "epochs", epochs(document)
    if document["parameters"] is not None:
        yield "parameters", f"{document['parameters']:,}"
    yield "command", shlex.join(map(str, document["command"]))
    yield "seed", arithmetic(document)
    yield from data_facts(document["data"])
    for entry in document["resumed"]:
        yield "resumed", resumption(entry)
    environment = document["environment"]
    made = [
        f"{key} {environment[key]}" for key in ("nnctl", "python", "numpy") if key in environment
    ]
    yield "made with", ", ".join([*made, str(environment.get("blas", ""))])
    yield "machine", f"{environment.get('platform')}, {environment.get('processors')} processors"


def arithmetic(document: Mapping[str, Any]) -> str:
    """Return what the run's numbers follow from beside its config and data."""
    seed, of_training = document["seed"], document["training_seed"]
    ranks = document["ranks"]
    parts = [
        str(seed),
        "" if of_training in (seed, None) else f"training seed {of_training}",
        f"BLAS threads {document['threads']}",
        "" if ranks == 1 else f"trained by {ranks} ranks",
    ]
    return ", ".join(filter(None, parts))


def epochs(document: Mapping[str, Any]) -> str:
    """Return how many epochs there were, and which is the best."""
    count, best = document["epochs"], document["best_epoch"]
    told = "unknown" if count is None else str(count)
    early = ", stopped early" if document["stopped_early"] else ""
    return told + early + (f"; the best is {best} by {document['monitor']}" if best else "")


def data_facts(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is known of the data: where it is, its rows, what it was."""
    from nnctl.runs.catalogue import SETS

    yield "data", str(data.get("source") or "made by a generator")
    counts = [f"{data[f'{s}_rows']:,} {s}" for s in reversed(SETS) if data.get(f"{s}_rows")]
    fold = f"; fold {data['fold']} of {data['folds']}" if "fold" in data else ""
    yield "rows", ", ".join(counts) + fold
    for key, known in data.get("fingerprints", {}).items():
        digest = str(known.get("sha256"))[:DIGEST_CHARACTERS]
        columns = len(known.get("columns", ()))
        yield "fingerprint", f"{key}: {known.get('rows'):,} rows, {columns} columns, {digest}"


def resumption(entry: Mapping[str, Any]) -> str:
    """Return when and where a run went on, and with what changes."""
    batches = f" and {entry['batch']} batches" if entry.get("batch") else ""
    changed = [
        f"{key} {text_of(before)}, now {text_of(now)}"
        for key, (before, now) in entry.get("changes", {}).items()
    ]
    told = f"; {', '.join(changed)}" if changed else ""
    ranks = f", by {entry['ranks']} ranks" if "ranks" in entry else ""
    return f"{when(entry.get('at'))}, after epoch {entry.get('epoch')}{batches}{ranks}{told}"


def present_metrics(metrics: Mapping[str, Mapping[str, float | None]]) -> None:
    """Write what the best weights reached, a column for each set."""
    if not metrics:
        return
    names = dict.fromkeys(name for values in metrics.values() for name in values)
    rows: list[Sequence[object]] = [
        (name, *(blank(values.get(name)) for values in metrics.values())) for name in names
    ]
    console.write_table(("metric", *metrics), rows)


def bar_of(bar: Mapping[str, Any]) -> str:
    """Return an `expect:` entry as a sentence, and whether it was met."""
    bounds = [
        f"at {word} {bar[key]:g}"
        for key, word in (("min", "least"), ("max", "most"))
        if bar.get(key) is not None
    ]
    reached = "not a number" if bar.get("value") is None else f"{bar['value']:.6g}"
    verdict = "met" if bar.get("met") else "NOT met"
    return f"{bar['metric']} {' and '.join(bounds)}: {verdict} with {reached}"


def size(count: int) -> str:
    """Return a number of bytes in the unit that suits it.

    >>> size(900), size(2048), size(3 * 1024**2)
    ('900 B', '2.0 KiB', '3.0 MiB')
    """
    amount, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < KIBIBYTE or unit == "GiB":
            break
        amount /= KIBIBYTE
    return f"{count} B" if unit == "B" else f"{amount:,.1f} {unit}"
