"""The way to a Dask scheduler, and what is looked at before it is given any work."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import distributed

from nnctl.config.sweep_schema import DASK
from nnctl.errors import Problem, UsageError
from nnctl.scale.dask_trial import other_versions, versions

ADDRESS = f"{DASK}//"
CONNECT_SECONDS = 10.0
WORKER_SECONDS = 30.0  # within which a first worker must be there
# They write tracebacks about what is told here in one line.
TALKATIVE = ("distributed", "distributed.client", "distributed.utils", "tornado.application")
START = "start one with `dask scheduler`, or give the address that it printed"


def connected(workers: str) -> Any:
    """Return a client of the scheduler that `workers` names; UsageError where there is none."""
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    address = address_of(workers)
    try:
        return distributed.Client(  # type: ignore[no-untyped-call]
            address, timeout=CONNECT_SECONDS, set_as_default=False, name="nnctl-sweep"
        )
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"no Dask scheduler answers at {workers} ({reason}); {START}") from error


def address_of(workers: str) -> str:
    """Return where the scheduler is, as Dask writes it; a file is one that a scheduler wrote."""
    if workers.startswith(ADDRESS):
        return f"tcp://{workers.removeprefix(ADDRESS)}"
    path = workers.removeprefix(DASK)
    try:
        return str(json.loads(Path(path).read_bytes())["address"])
    except OSError as error:
        message = f"cannot be read ({error.strerror}); write it with `dask scheduler "
        raise UsageError(Problem(f"{message}--scheduler-file {path}`", path)) from error
    except (ValueError, KeyError, TypeError) as error:
        message = "is no scheduler file: it holds no `address`; give the one of --scheduler-file"
        raise UsageError(Problem(message, path)) from error


def count_workers(workers: str) -> int:
    """Return how many workers a scheduler has.

    Raises UsageError where none is there, or one that would train otherwise than this machine.
    """
    with connected(workers) as client:
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError as error:
            start = f"start some with `dask worker {address_of(workers)} --nthreads 1`"
            raise UsageError(f"the Dask scheduler at {workers} has no workers; {start}") from error
        found: dict[str, Any] = client.run(versions, on_error="return")
        for address, theirs in found.items():
            check(f"the worker {address}", theirs)
        try:  # it reads what it hands on
            check(f"the scheduler {workers}", client.run_on_scheduler(versions))
        except Exception as error:
            check(f"the scheduler {workers}", error)
    return len(found)


def check(who: str, theirs: Any) -> None:
    """Raise UsageError where someone has not the versions of this machine, or none."""
    if isinstance(theirs, Exception):  # Dask may have put it into other words
        raise UsageError(not_installed(who, theirs))
    if theirs != versions():
        raise UsageError(other_versions(who, theirs, versions()))


def not_installed(who: str, error: Exception) -> str:
    """Say that there is no nnctl, or one that knows nothing of this."""
    message = f"{who} cannot import this nnctl ({error})"
    return f"{message}; install `nnctl[dask]` there, of the same version"
