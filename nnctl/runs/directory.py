"""Every path in a run's directory, how a run comes to stand there, and how it is found again."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nnctl.errors import Problem, RunError, StorageError
from nnctl.runs.atomic import storage_error, sync_directory
from nnctl.runs.claim import LATEST, create_held
from nnctl.runs.json_file import read_json

RUN_JSON = "run.json"
CROSS_VALIDATION = "cross_validation.json"
SEEDS = "seeds.json"
SWEEP = "sweep.json"
MOST_NAMES_LISTED = 8


class Group(NamedTuple):
    """What a directory of runs that belong together is called, and one of these runs."""

    whole: str
    part: str


# Where one of these files stands, there are runs inside, and no run.
GROUPS = {
    CROSS_VALIDATION: Group("cross-validation", "fold"),
    SEEDS: Group("seed series", "seed"),
    SWEEP: Group("sweep", "trial"),
}


@dataclass(frozen=True)
class RunDirectory:
    """The paths of one run; making one touches no disk."""

    path: Path

    @property
    def name(self) -> str:
        """The name under the runs directory."""
        return self.path.absolute().name

    @property
    def config(self) -> Path:
        """The config with every default filled in."""
        return self.path / "config.yaml"

    @property
    def run_json(self) -> Path:
        """Status, command, versions, machine and times. Where it stands, there is a run."""
        return self.path / RUN_JSON

    @property
    def metrics(self) -> Path:
        """The history: a row an epoch."""
        return self.path / "metrics.csv"

    @property
    def summary(self) -> Path:
        """Final, best and test metrics."""
        return self.path / "summary.json"

    @property
    def checkpoints(self) -> Path:
        """The directory of the three checkpoints."""
        return self.path / "checkpoints"

    @property
    def best(self) -> Path:
        """The checkpoint of the best epoch: enough to predict."""
        return self.checkpoints / "best.npz"

    @property
    def last(self) -> Path:
        """The checkpoint of the last epoch: enough to go on."""
        return self.checkpoints / "last.npz"

    @property
    def previous(self) -> Path:
        """The checkpoint before the last, for the day when the last is damaged."""
        return self.checkpoints / "previous.npz"

    @property
    def baselines(self) -> Path:
        """What the network is compared with: a constant answer and a linear model."""
        return self.checkpoints / "baselines.npz"

    @property
    def plots(self) -> Path:
        """The directory of the figures."""
        return self.path / "plots"


def create_run(runs_dir: Path, name: str, fill: Callable[[RunDirectory], None]) -> RunDirectory:
    """Create the run `name`, or `name-2`, `name-3` ... where that is taken; it appears whole.

    `fill` writes its first files. The run is held from the first moment on; see `create_held`.
    """

    def fill_run(path: Path) -> None:
        run = RunDirectory(path)
        for directory in (run.checkpoints, run.plots):
            directory.mkdir()
        fill(run)
        for directory in (run.checkpoints, run.plots):
            sync_directory(directory)

    return create_held(RunDirectory, runs_dir, name, fill_run)


def list_runs(runs_dir: Path) -> list[RunDirectory]:
    """Every run under `runs_dir`, by the time it was started, then by name.

    Empty directories (names claimed a moment ago) and hidden ones (runs being built) are none, nor
    is a directory of runs. A run whose run.json is damaged stands first. Raises StorageError (7).
    """
    try:
        paths = [path for path in runs_dir.iterdir() if not path.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise storage_error(error, runs_dir, "read") from error
    runs = []
    for path in paths:
        with contextlib.suppress(StorageError):  # another user's run is no reason to show none
            if _is_run(path):
                runs.append(RunDirectory(path))
    return sorted(runs, key=_age)


def list_groups(runs_dir: Path) -> list[Path]:
    """The file that makes it one, of every directory of runs under `runs_dir`, by its name."""
    with contextlib.suppress(OSError):
        files = sorted(file for name in GROUPS for file in runs_dir.glob(f"*/{name}"))
        return [file for file in files if not file.parent.name.startswith(".")]
    return []


def find_run(reference: str | None, runs_dir: Path) -> RunDirectory:
    """Find a run by its name under `runs_dir`, by its path, or the latest (`latest` or None).

    Raises RunError (4), with the names that come close, where there is none.
    """
    if reference is None or reference == LATEST:
        runs = list_runs(runs_dir)
        if not runs:
            raise RunError(_no_runs(runs_dir))
        return runs[-1]
    candidates = places_of(reference, runs_dir)
    for candidate in candidates:
        if _is_run(candidate):
            return RunDirectory(candidate)
    raise RunError(_not_found(reference, candidates, runs_dir))


def find_group(reference: str, runs_dir: Path) -> Path | None:
    """Find a directory of runs as `find_run` finds a run; return the file that makes it one.

    None where there is none called so.
    """
    with contextlib.suppress(OSError):  # such as a name that is too long
        for path in places_of(reference, runs_dir):
            if (path / RUN_JSON).is_file():
                return None
            for name in GROUPS:
                if (path / name).is_file():
                    return path / name
    return None


def places_of(reference: str, runs_dir: Path) -> list[Path]:
    """Return where to look for what is called so: a bare name is one under `runs_dir` first.

    A path, such as iris-seeds/seed-3, is one from here first.
    """
    path = Path(reference)
    if path.is_absolute() or reference.startswith("."):
        return [path]
    return [runs_dir / path, path] if path.name == reference else [path, runs_dir / path]


def _is_run(path: Path) -> bool:
    try:
        return RunDirectory(path).run_json.is_file()
    except PermissionError as error:
        raise storage_error(error, path, "read") from error
    except OSError:
        return False  # such as a name that is too long


def _age(run: RunDirectory) -> tuple[str, int, str]:
    try:
        started = str(read_json(run.run_json).get("started", ""))
    except (RunError, StorageError):
        started = ""
    return started, len(run.name), run.name  # by length first: iris-10 comes after iris-9


def _no_runs(runs_dir: Path) -> str:
    groups = [file for file in list_groups(runs_dir) if list_runs(file.parent)]
    if not groups:
        return f"no runs in {runs_dir} yet; train one with `nnctl train CONFIG`"
    whole, part = GROUPS[groups[-1].name]
    last = list_runs(groups[-1].parent)[-1].path
    remedy = f"train one with `nnctl train CONFIG`, or name a {part} of a {whole}, such as {last}"
    return f"no single run in {runs_dir}; {remedy}"


def _not_found(reference: str, candidates: list[Path], runs_dir: Path) -> Problem:
    with contextlib.suppress(OSError):  # such as a name that is too long
        for path in candidates:
            if path.is_file():
                return Problem("is a file; give the directory of a run", file=str(path))
            for file, group in GROUPS.items():
                if (path / file).is_file():
                    return Problem(_members_of(path, *group), file=str(path))
            if path.is_dir():
                return Problem("is not a run: it holds no run.json; give another", file=str(path))
        for place in (path.parent for path in candidates):
            for file, group in GROUPS.items():
                if (place / file).is_file():
                    members = f"{place} {_members_of(place, *group)}"
                    return Problem(f"there is no run {reference!r}: {members}")
    return Problem(f"there is no run {reference!r}{_nearest(reference, runs_dir)}")


def _nearest(reference: str, runs_dir: Path) -> str:
    names = [run.name for run in list_runs(runs_dir)]
    groups = [file.parent.name for file in list_groups(runs_dir)]
    close = difflib.get_close_matches(Path(reference).name, [*names, *groups])
    if close:
        return f" in {runs_dir}; did you mean {' or '.join(close)}?"
    if names:
        return f" in {runs_dir}; the latest are {', '.join(names[-MOST_NAMES_LISTED:])}"
    return f": {_no_runs(runs_dir)}"


def _members_of(path: Path, whole: str, part: str) -> str:
    runs = sorted(list_runs(path), key=lambda run: (len(run.name), run.name))  # seed-9, seed-10
    parts = [str(run.path) for run in runs]
    shown = ", ".join(parts[:MOST_NAMES_LISTED]) + (" ..." if parts[MOST_NAMES_LISTED:] else "")
    remedy = f"name one of its {part}s: {shown}" if parts else f"it has no {part} yet; name a run"
    return f"is a {whole}; {remedy}"
