"""`nnctl runs prune`: runs that are not needed any more are removed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, Json, RunsDir
from nnctl.cli.runs_list import Where, selected
from nnctl.cli.runs_show import ENDINGS, size
from nnctl.errors import NnctlError, UsageError

if TYPE_CHECKING:
    from nnctl.runs.catalogue import Entry
    from nnctl.runs.pruning import Candidate

NEEDED = "say what is to be removed: --where, --status or --keep"


def prune(
    context: typer.Context,
    where: Where = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status", metavar="STATUS", help=f"Only: {', '.join(ENDINGS)}.", show_default=False
        ),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep",
            min=0,
            metavar="N",
            help="Keep the newest N of the chosen.",
            show_default=False,
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; else it is a dry run.")] = False,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Remove runs that are chosen; a dry run without --yes.

    --where and --status choose, without them all are chosen; of the chosen, --keep keeps the newest
    N. A cross-validation or a sweep goes as a whole. Left alone is what is being trained, what is a
    link, and a run with files that nnctl did not write. What is damaged goes only by --status
    damaged.
    """
    from nnctl.runs.pruning import candidate, remove_all

    require_no_names(context.args)
    if not where and not status and keep is None:
        raise UsageError(NEEDED)
    require_known(status or ())
    entries = chosen(runs_dir, where or (), status or (), keep)
    candidates = [candidate(entry) for entry in entries]
    doomed = [each for each in candidates if each.obstacle is None]
    console.notes(
        f"{each.entry.path} is left alone: it {each.obstacle}"
        for each in candidates
        if each.obstacle is not None
    )
    if not json:
        present(doomed)
    failures = remove_all(runs_dir, [each.entry for each in doomed]) if yes else {}
    doomed = [each for each in doomed if each.entry.path not in failures]
    freed = sum(each.bytes for each in doomed)
    if json:
        write_document(candidates, failures, freed, removed=yes)
    elif doomed or not failures:
        console.say(told(doomed, freed, removed=yes))
    if failures:
        raise all_of(failures.values())


def require_no_names(names: Sequence[str]) -> None:
    """Raise UsageError for runs that are named: a slip of the shell's would be one, too."""
    if names:
        remedy = f"--where 'name = {names[0]}'"
        raise UsageError(f"prune takes no names; choose with {remedy} (received {names[0]})")


def require_known(statuses: Sequence[str]) -> None:
    """Raise UsageError for a status that no run has: a slip would look like nothing to remove."""
    for status in statuses:
        if status not in ENDINGS:
            known = ", ".join(ENDINGS)
            raise UsageError(f"--status takes one of {known} (received {status})")


def chosen(
    runs_dir: Path, where: Sequence[str], status: Sequence[str], keep: int | None
) -> list[Entry]:
    """Return what is to be removed, the oldest first."""
    from nnctl.runs.catalogue import DAMAGED

    shelf, indices = selected(runs_dir, where)
    entries = [shelf.entries[index] for index in indices]
    wanted = {entry.status for entry in entries} - {DAMAGED} if not status else {*status}
    entries = [entry for entry in entries if entry.status in wanted]
    return entries[: max(0, len(entries) - keep)] if keep else entries


def present(doomed: Sequence[Candidate]) -> None:
    """Write what is to be removed."""
    from nnctl.analysis.plain_text import when

    if doomed:
        rows = [
            (str(each.entry.path), each.entry.status, when(each.entry.started), size(each.bytes))
            for each in doomed
        ]
        console.write_table(("run", "status", "started", "size"), rows)


def all_of(errors: Collection[NnctlError]) -> NnctlError:
    """Return several errors as one, with the exit code of the gravest."""
    gravest = max(errors, key=lambda error: error.exit_code)
    return type(gravest)([problem for error in errors for problem in error.problems])


def told(doomed: Sequence[Candidate], freed: int, *, removed: bool) -> str:
    """Return what was done, or would be."""
    if not doomed:
        return "nothing to remove"
    count = console.numbered(len(doomed), "run")
    if removed:
        return f"removed {count}, {size(freed)}"
    return f"nothing is removed yet: --yes removes {count}, {size(freed)}"


def write_document(
    candidates: Sequence[Candidate],
    failures: Mapping[Path, NnctlError],
    freed: int,
    *,
    removed: bool,
) -> None:
    """Write what was done, or would be, as JSON."""
    obstacles = {each.entry.path: each.obstacle for each in candidates}
    obstacles |= {
        path: "; ".join(problem.message for problem in error.problems)
        for path, error in failures.items()
    }
    console.write_json(
        {
            "removed": removed,
            "bytes": freed,
            "runs": [
                {"path": str(each.entry.path), "status": each.entry.status, "bytes": each.bytes}
                for each in candidates
                if obstacles[each.entry.path] is None
            ],
            "left_alone": [
                {"path": str(path), "why": why}
                for path, why in obstacles.items()
                if why is not None
            ],
        }
    )
