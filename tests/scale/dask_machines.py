"""A Dask scheduler on 127.0.0.1 and workers on other addresses of this machine, as processes."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

from nnctl.config.sweep_loading import load_sweep
from nnctl.scale.starting import start_sweep
from nnctl.scale.sweep import Sweep
from tests.cli.commands import DATASETS, LONG_ENOUGH, environment

IRIS = """\
data: {source: iris.csv, target: species, split: {validation: 0.2, test: 0.2}}
model: {hidden: [{units: 8, activation: tanh}]}
loss: categorical_cross_entropy
training: {epochs: 20, batch_size: 16}
"""
IRISES = """\
base: iris.yaml
name: irises
seed: 3
trials: 6
parameters:
  optimizer.learning_rate: {log_uniform: [0.001, 0.1]}
  model.hidden.0.units: {int: [2, 8]}
"""
LOOKS_APART = 0.02  # seconds


class Machine:
    """One of Dask's programs, which is at work as soon as it has said `ready`."""

    def __init__(self, program: str, ready: str, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", *words, "--no-dashboard"],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        assert any(ready in line for line in self.process.stderr)
        self.reader = Thread(target=self.process.stderr.read)
        self.reader.start()

    def kill(self) -> None:
        """End it with signal 9."""
        self.process.kill()
        self.process.wait(timeout=LONG_ENOUGH)
        self.reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()


class Cluster:
    """A scheduler, and workers by the addresses at which they are."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.file = directory, directory / "scheduler.json"
        # If the tests are killed, nobody ends it but itself, and the workers with it.
        words = ["--host", "127.0.0.1", "--port", "0", "--no-show", "--idle-timeout", "5 minutes"]
        words += ["--scheduler-file", str(self.file)]
        self.scheduler = Machine("dask_scheduler", "Scheduler at:", *words)
        self.workers: dict[str, Machine] = {}

    @property
    def name(self) -> str:
        """What `workers` of a sweep is."""
        return f"dask:{self.file}"

    def start_worker(self, host: str, *options: str) -> None:
        """Start a worker at an address of this machine."""
        words = ["--scheduler-file", str(self.file), "--host", host, "--nthreads", "1"]
        words += ["--no-nanny", "--local-directory", str(self.directory / host), *options]
        self.workers[host] = Machine("dask_worker", "Registered to:", *words)

    def kill(self) -> None:
        """End all of it."""
        for machine in (*self.workers.values(), self.scheduler):
            machine.kill()


@contextlib.contextmanager
def cluster(directory: Path, *hosts: str) -> Iterator[Cluster]:
    """Start a scheduler and a worker at each address; end them after the block."""
    found = Cluster(directory)
    try:
        for host in hosts:
            found.start_worker(host)
        yield found
    finally:
        found.kill()


def until(condition: Callable[[], object]) -> None:
    """Look again and again until a condition holds."""
    clock, end = Event(), time.monotonic() + LONG_ENOUGH
    while not condition():
        assert time.monotonic() < end
        clock.wait(LOOKS_APART)


def irises(directory: Path, workers: int | str, text: str = IRISES) -> Sweep:
    """Return a sweep over rows of a file, of which nothing is trained yet."""
    directory.mkdir(exist_ok=True)
    shutil.copy(DATASETS / "iris.csv", directory)
    (directory / "iris.yaml").write_text(IRIS)
    (directory / "sweep.yaml").write_text(f"{text}workers: {workers}\n")
    return start_sweep(load_sweep(directory / "sweep.yaml"), directory / "runs")
