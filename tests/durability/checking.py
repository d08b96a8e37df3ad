"""What must be true of a runs directory after a fault, and at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.durability import children
from tests.durability.children import CHANGES, Ending
from tests.durability.trainings import digest

RUNS = Path("runs")
METRICS, BEST, LAST = PROMISED = ("metrics.csv", "checkpoints/best.npz", "checkpoints/last.npz")
PREVIOUS = "checkpoints/previous.npz"
FOLLOWING = ("config.yaml", "checkpoints/baselines.npz")  # made from the promised ones


@dataclass(frozen=True)
class Reference:
    """A run that nothing struck: its files, and how its checkpoints followed one another."""

    run: Path
    changes: Sequence[str]  # what was done to what
    saved: Mapping[str, Sequence[str]]  # the digests of best.npz and last.npz, save by save

    def differences(self, run: Path) -> Iterator[str]:
        """Yield what a run that has ended has otherwise."""
        files, own = names(run), names(self.run)
        yield from (f"{name} is missing" for name in sorted(own - files))
        for name in (*PROMISED, *FOLLOWING):
            if name in files and digest(run / name) != digest(self.run / name):
                yield f"{name} has other bytes"
        last, previous = run / LAST, run / PREVIOUS
        if last.exists() and previous.exists() and previous.samefile(last):
            yield "previous.npz is last.npz by another name"
        if summary(run) != summary(self.run):
            yield "summary.json says otherwise"

    def disorder(self, run: Path, *, in_order: bool) -> Iterator[str]:
        """Yield what a run that a fault has struck may not be like, whatever the moment."""
        if said(run) is None:
            yield "run.json is damaged"
        if not metrics(self.run).startswith(metrics(run)):
            yield "metrics.csv holds something else than the first epochs"
        if in_order:
            yield from self._saves_out_of_order(run)

    def _saves_out_of_order(self, run: Path) -> Iterator[str]:
        bests, lasts = self.saved["best.npz"], self.saved["last.npz"]
        best, last, previous = (digest(run / name) for name in (BEST, LAST, PREVIOUS))
        moments = [moment for moment, saved in enumerate(lasts) if saved == last]
        if not moments:
            yield "last.npz is none that was saved"
        elif not any(best in bests[moment : moment + 2] for moment in moments):
            yield "best.npz is older than last.npz, or of another epoch"
        if previous and not any(
            previous in lasts[max(moment - 1, 0) : moment + 1] for moment in moments
        ):
            yield "previous.npz is not the one before last.npz"


def recorded(directory: Path, words: Sequence[str]) -> Reference:
    """Run a command that nothing strikes, and remember what it does."""
    ended = children.run(words, directory)
    assert ended.code == 0, ended.said
    record = json.loads((directory / CHANGES).read_text())
    return Reference(standing(directory)[0], record["changes"], record["saved"])


def standing(directory: Path) -> list[Path]:
    """Return the runs that stand there whole."""
    runs = directory / RUNS
    paths = [path for path in runs.iterdir() if visible(path)] if runs.exists() else []
    return [path for path in paths if (path / "run.json").exists()]


def beside(directory: Path) -> list[Path]:
    """Return what lies beside the runs that stand there whole."""
    runs = directory / RUNS
    paths = list(runs.iterdir()) if runs.exists() else []
    return [path for path in paths if path not in standing(directory)]


def half_built(directory: Path, ended: Ending, before: Sequence[Path]) -> Iterator[str]:
    """Yield what may not lie beside the runs: more than an empty name or a hidden directory.

    A command that lived to see its failure adds nothing at all to what lay there `before`.
    """
    for path in beside(directory):
        if visible(path) and any(path.iterdir()):
            yield f"{path.name} stands half-built"
        elif ended.code is not None and path not in before:
            yield f"{path.name} was left by a command that ended by itself"


def leftovers(run: Path) -> Iterator[str]:
    """Yield the temporary files that nothing will ever remove."""
    yield from (f"{name} is left" for name in sorted(names(run)) if not visible(Path(name)))


def names(run: Path) -> set[str]:
    """Return every file of a run, hidden ones too."""
    return {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}


def metrics(run: Path) -> bytes:
    """Return metrics.csv as it is."""
    return (run / METRICS).read_bytes()


def said(run: Path) -> str | None:
    """Return the status that run.json gives, None where it cannot be read."""
    try:
        return str(json.loads((run / "run.json").read_bytes())["status"])
    except (KeyError, ValueError):
        return None


def summary(run: Path) -> object:
    """Return what summary.json says, the run's name included."""
    path = run / "summary.json"
    return json.loads(path.read_bytes()) if path.exists() else None


def visible(path: Path) -> bool:
    """Whether a name is no hidden one."""
    return not path.name.startswith(".")
