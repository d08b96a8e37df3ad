"""How fast rows are predicted: from array to array beside scikit-learn, and from file to file.

    python -m tests.benchmarks.prediction
    python -m tests.benchmarks.prediction --workloads moons mnist --seconds 0.2

Networks of the same sizes predict the same rows of float32 in one process, turn and turn about,
each library with the threads that it chooses itself. Files are predicted by `nnctl predict`, a
process of its own that reads CSV and writes CSV; its start is in the time. It needs the extra
`bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import nnctl
from tests.benchmarks.commands import NNCTL, seconds_of
from tests.benchmarks.measuring import ROOT
from tests.benchmarks.workloads import WORKLOADS, FloatArray, Workload

SECONDS = 0.5  # a library, workload and number of rows
COUNTS = (1, 100, 100_000)
TRAINING_ROWS = 200
MOST_NUMBERS_IN_A_FILE = 10_000_000  # which take 80 MB
AIM = 1.0  # the most that nnctl's time may be of scikit-learn's


@dataclass(frozen=True)
class Pair:
    """Seconds of nnctl and of scikit-learn for the same rows, as they were measured in turn."""

    workload: str
    rows: int
    own: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def least(self) -> float:
        """The ratio of the least times."""
        return min(self.own) / min(self.theirs)

    @property
    def median(self) -> float:
        """The median of the turns' ratios."""
        return statistics.median(a / b for a, b in zip(self.own, self.theirs, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return the figures by name."""
        return {
            "workload": self.workload,
            "rows": self.rows,
            "nnctl": min(self.own),
            "sklearn": min(self.theirs),
            "least ratio": self.least,
            "median ratio": self.median,
            "reached": self.least <= AIM,
        }


@dataclass(frozen=True)
class FileSpeed:
    """A file that was predicted into another."""

    workload: str
    rows: int
    megabytes: float
    seconds: float

    @property
    def rows_a_second(self) -> float:
        """The start of the command included."""
        return self.rows / self.seconds


def train(workload: Workload, directory: Path) -> nnctl.Run:
    """Return a run with a network of the workload's sizes."""
    rng = np.random.default_rng(0)
    n_features, *hidden, n_classes = workload.sizes
    np.save(directory / "inputs.npy", rng.normal(size=(TRAINING_ROWS, n_features)))
    np.save(directory / "labels.npy", np.arange(TRAINING_ROWS) % n_classes)
    config = {
        "data": {
            "source": str(directory / "inputs.npy"),
            "labels": str(directory / "labels.npy"),
            "task": "classification",
        },
        "model": {"hidden": [{"units": units} for units in hidden]},
        "loss": "categorical_cross_entropy",
        "training": {"epochs": 1},
    }
    return nnctl.train(config, runs_dir=directory / "runs", name=workload.name)


def fitted(workload: Workload) -> Any:
    """Return scikit-learn's network of the same sizes, in float32 as its inputs are."""
    exceptions = import_module("sklearn.exceptions")
    neural_network = import_module("sklearn.neural_network")
    inputs = rows_of(workload, TRAINING_ROWS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
        network = neural_network.MLPClassifier(workload.sizes[1:-1], max_iter=1)
        return network.fit(inputs, np.arange(TRAINING_ROWS) % workload.sizes[-1])


def rows_of(workload: Workload, count: int) -> FloatArray:
    """Return rows (count, n_features) to predict."""
    rng = np.random.default_rng(1)
    return rng.standard_normal(size=(count, workload.sizes[0]), dtype=np.float32)


def measure_arrays(
    workload: Workload, directory: Path, counts: Sequence[int], seconds: float
) -> Iterator[Pair]:
    """Predict the same rows in turn by nnctl and by scikit-learn."""
    run, network = train(workload, directory), fitted(workload)
    for count in counts:
        inputs = rows_of(workload, count)
        ways: list[Callable[[FloatArray], Any]] = [run.predict_proba, network.predict_proba]
        times: list[list[float]] = [[], []]
        for way in ways:
            way(inputs)
        end = time.perf_counter() + seconds
        while len(times[0]) < 3 or time.perf_counter() < end:
            for way, taken in zip(ways, times, strict=True):
                began = time.perf_counter()
                way(inputs)
                taken.append(time.perf_counter() - began)
        yield Pair(workload.name, count, tuple(times[0]), tuple(times[1]))


def measure_file(workload: Workload, directory: Path, most_rows: int) -> FileSpeed:
    """Predict a CSV file into another one by the command; return the least of two times."""
    rows = min(most_rows, MOST_NUMBERS_IN_A_FILE // workload.sizes[0])
    path = directory / "rows.csv"
    names = ",".join(f"x{number + 1}" for number in range(workload.sizes[0]))
    np.savetxt(path, rows_of(workload, rows), "%.6g", ",", header=names, comments="")
    run = directory / "runs" / workload.name
    command = (*NNCTL, "predict", str(run), str(path), "-o", str(directory / "p.csv"))
    took = min(seconds_of(command, directory) for _ in range(2))
    return FileSpeed(workload.name, rows, path.stat().st_size / 1e6, took)


def lines(pairs: Sequence[Pair], files: Sequence[FileSpeed]) -> Iterator[str]:
    """Yield the results as two Markdown tables."""
    yield "| network | rows | nnctl | scikit-learn | ratio | median | aim: below 1 |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for pair in pairs:
        sizes = WORKLOADS[pair.workload].network
        reached = "reached" if pair.least <= AIM else "missed"
        yield (
            f"| {pair.workload} {sizes} | {pair.rows:,} | {min(pair.own) * 1e3:.3g} ms | "
            f"{min(pair.theirs) * 1e3:.3g} ms | {pair.least:.2f} | {pair.median:.2f} | {reached} |"
        )
    yield ""
    yield "| network | CSV to CSV | rows a second |"
    yield "| --- | --- | --- |"
    for file in files:
        yield (
            f"| {file.workload} {WORKLOADS[file.workload].network} | {file.rows:,} rows, "
            f"{file.megabytes:.0f} MB in {file.seconds:.2f} s | {file.rows_a_second:,.0f} |"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workloads", nargs="+", default=[*WORKLOADS], choices=[*WORKLOADS])
    parser.add_argument("--counts", nargs="+", type=int, default=COUNTS)
    parser.add_argument("--file-rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    os.environ["PYTHONPATH"] = str(ROOT)
    pairs: list[Pair] = []
    files: list[FileSpeed] = []
    for name in chosen.workloads:
        print(f"measuring {name} ...", file=sys.stderr)
        with tempfile.TemporaryDirectory() as directory:
            workload, place = WORKLOADS[name], Path(directory)
            pairs += measure_arrays(workload, place, chosen.counts, chosen.seconds)
            files.append(measure_file(workload, place, chosen.file_rows))
    if chosen.json:
        speeds = [{**vars(file), "rows a second": file.rows_a_second} for file in files]
        print(json.dumps({"arrays": [pair.to_dict() for pair in pairs], "files": speeds}, indent=2))
    else:
        print("\n".join(lines(pairs, files)))


def begin_unsteered() -> None:
    """Begin anew without variables that steer NumPy's library, which reads them as it is loaded."""
    steering = [name for name in os.environ if name.startswith("OPENBLAS_")]
    for name in steering:
        del os.environ[name]
    if steering:
        os.execv(
            sys.executable, [sys.executable, "-m", "tests.benchmarks.prediction", *sys.argv[1:]]
        )


if __name__ == "__main__":
    begin_unsteered()
    main()
