"""How fast tables are read and predicted, and in how much memory.

    python -m tests.benchmarks.tables

Reading stands beside pandas' C reader, turn and turn about in one process, so that a busy machine
slows both. Training and prediction are whole commands in processes of their own, whose peak memory
the system counts. It needs the extra `bench`, and room for the files in the directory for
temporary files; with --large, for the 2 GB that prediction is to read.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nnctl.config import config_from_dict
from nnctl.data.roles import wishes_of
from nnctl.data.sources import open_chunks, read_source

ROWS = 1_000_000
COLUMNS = 20
ROUNDS = 5
ROWS_AT_ONCE = 50_000
CATEGORIES = {"city": 50, "channel": 3, "product": 200, "member": 2}
MEBIBYTE = 2**20
MEGABYTE = 10**6
CONFIG: dict[str, Any] = {
    "name": "bench",
    "model": {"hidden": [{"units": 32}, {"units": 16}]},
    "loss": "binary_cross_entropy",
    "training": {"epochs": 1, "batch_size": 512},
}


def write_table(path: Path, rows: int, *, categories: bool = False, gaps: bool = False) -> Path:
    """Write a CSV of `COLUMNS` features and the target `y`."""
    rng = np.random.default_rng(0)
    texts = CATEGORIES if categories else {}
    n_numbers = COLUMNS - len(texts)
    names = [*(f"x{number}" for number in range(n_numbers)), *texts, "y"]
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(names) + "\n")
        for start in range(0, rows, ROWS_AT_ONCE):
            count = min(ROWS_AT_ONCE, rows - start)
            numbers = rng.normal(size=(count, n_numbers))
            cells = [[f"{number:.6g}" for number in column] for column in numbers.T.tolist()]
            if gaps:
                for column in cells[:3]:
                    for row in np.flatnonzero(rng.random(count) < 0.02).tolist():
                        column[row] = ""
            for name, kinds in texts.items():
                cells.append([f"{name} {code}" for code in rng.integers(kinds, size=count)])
            labels = (numbers[:, 0] + numbers[:, 1] ** 2 > 1.0).astype(int)
            cells.append(labels.astype(str).tolist())
            file.writelines(",".join(row) + "\n" for row in zip(*cells, strict=True))
    return path


# A process begins with the memory of the one that starts it, which therefore is a small one.
STARTER = """
import os, subprocess, sys, time
began = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - began, usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def config_of(path: Path) -> dict[str, Any]:
    """Return the config of a training on the table."""
    return {**CONFIG, "data": {"source": str(path), "target": "y", "split": {"validation": 0.1}}}


def seconds(action: Callable[[], object]) -> float:
    """Return how long it takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def compare_reading(path: Path) -> dict[str, float]:
    """Read the file by nnctl and by pandas, in turn; return medians and least times, in seconds."""
    import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]

    config = config_from_dict(config_of(path), "/")
    wishes = wishes_of(config)
    own, other = [], []
    for _ in range(ROUNDS):
        own.append(seconds(lambda: read_source(str(path), config.data, wishes)))
        other.append(seconds(lambda: pandas.read_csv(path)))
    ratios = [mine / theirs for mine, theirs in zip(own, other, strict=True)]
    return {
        "nnctl": statistics.median(own),
        "pandas": statistics.median(other),
        "ratio": statistics.median(ratios),
        "ratio of the least": min(own) / min(other),
    }


def run(*arguments: str, directory: Path) -> tuple[float, float]:
    """Run nnctl; return its seconds and its peak memory in bytes."""
    command = [sys.executable, "-c", STARTER, sys.executable, "-m", "nnctl", *arguments]
    outcome = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        raise SystemExit(f"failed: nnctl {' '.join(arguments)}\n{outcome.stderr}")
    took, peak = outcome.stdout.split()[-2:]
    return float(took), float(peak) * 1024


def measure_training(path: Path, directory: Path, rows: int) -> dict[str, float]:
    """Train for an epoch on the table; return the peak memory beside what is allowed."""
    (directory / "bench.yaml").write_text(json.dumps(config_of(path)), encoding="utf-8")
    took, peak = run("train", "bench.yaml", "--quiet", directory=directory)
    array = rows * COLUMNS * 4.0
    allowed = 1.5 * array + 150 * MEGABYTE
    return {"seconds": took, "peak": peak, "array": array, "allowed": allowed}


def measure_prediction(path: Path, directory: Path) -> dict[str, float]:
    """Predict the table into a file, and read it alone; return seconds and peak memory."""
    predicted, peak = run("predict", "bench", str(path), "-o", "p.csv", directory=directory)
    config = config_from_dict(config_of(path), "/")
    wishes = wishes_of(config)
    read = seconds(lambda: [0 for _ in open_chunks(str(path), config.data, wishes)])
    return {
        "size": path.stat().st_size,
        "seconds": predicted,
        "read": read,
        "speed": read / predicted,
        "peak": peak,
    }


def lines(results: dict[str, Any]) -> Iterator[str]:
    """Yield the results as the rows of a Markdown table."""
    yield "| what | measured | aim |"
    yield "| --- | --- | --- |"
    for name, aim in (("numbers", 1.5), ("numbers with gaps", None), ("four columns of text", 3.0)):
        found = results[name]
        yield (
            f"| reading {results['rows']:,} x {COLUMNS}, {name} | {found['nnctl']:.2f} s, "
            f"{found['ratio']:.2f} times pandas' {found['pandas']:.2f} s | "
            + (f"at most {aim} times |" if aim else "|")
        )
    found = results["training"]
    yield (
        f"| training on it: peak memory | {found['peak'] / MEGABYTE:.0f} MB | "
        f"{found['allowed'] / MEGABYTE:.0f} MB: 1.5 times the float32 array, and 150 MB |"
    )
    found = results["prediction"]
    yield (
        f"| predicting {found['size'] / MEGABYTE:,.0f} MB into a file | {found['seconds']:.1f} s, "
        f"{found['speed']:.2f} of the speed of reading; {found['peak'] / MEGABYTE:.0f} MB | "
        "at least 0.5; under 250 MB |"
    )


def measure(directory: Path, rows: int, large_rows: int) -> dict[str, Any]:
    """Write the files, and measure everything."""
    numbers = write_table(directory / "numbers.csv", rows)
    gaps = write_table(directory / "gaps.csv", rows, gaps=True)
    mixed = write_table(directory / "mixed.csv", rows, categories=True)
    results: dict[str, Any] = {
        "rows": rows,
        "numbers": compare_reading(numbers),
        "numbers with gaps": compare_reading(gaps),
        "four columns of text": compare_reading(mixed),
        "training": measure_training(numbers, directory, rows),
    }
    large = numbers
    if large_rows > rows:
        large = write_table(directory / "large.csv", large_rows)
    results["prediction"] = measure_prediction(large, directory)
    return results


def main() -> None:
    """Measure, and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--large", action="store_true", help="predict a file of 2 GB")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    os.environ.pop("OPENBLAS_CORETYPE", None)  # where it is set it slows current NumPy
    with tempfile.TemporaryDirectory() as directory:
        large_rows = 11 * ROWS if arguments.large else 0
        results = measure(Path(directory), arguments.rows, large_rows)
    print(json.dumps(results, indent=2) if arguments.json else "\n".join(lines(results)))


if __name__ == "__main__":
    main()
