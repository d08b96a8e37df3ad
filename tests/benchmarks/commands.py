"""How long whole commands take, from the shell to the shell, and what a run adds to its steps.

    python -m tests.benchmarks.commands
    python -m tests.benchmarks.commands --rounds 3 --json

Scripts for the same network, written as users of scikit-learn and PyTorch write them, are run in
turn with `nnctl train`, whose time includes the run directory and its pictures. It needs the extra
`bench`; a peer that is not installed is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnctl.cli.progress import watched
from nnctl.config import Config, config_from_dict, load_config
from nnctl.data.dataset import Dataset, load_dataset
from nnctl.training.assembly import assemble
from nnctl.training.experiment import create_experiment
from nnctl.training.threads import blas_threads
from tests.benchmarks.measuring import ROOT, STEERED_BY

ROUNDS = 7
NNCTL = (sys.executable, "-m", "nnctl")
XOR = ROOT / "configs" / "xor.yaml"
TABLE = ROOT / "datasets" / "xor.csv"

SKLEARN = f"""\
import csv
from sklearn.neural_network import MLPClassifier

with open({str(TABLE)!r}, newline="") as file:
    rows = [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]
inputs, labels = [row[:-1] for row in rows], [int(row[-1]) for row in rows]
network = MLPClassifier(
    (8,), activation="tanh", learning_rate_init=0.05, batch_size=4, alpha=0.0,
    max_iter=300, n_iter_no_change=300, tol=0.0, random_state=1,
)
network.fit(inputs, labels)
print(network.score(inputs, labels))
"""
TORCH = f"""\
import csv
import torch

with open({str(TABLE)!r}, newline="") as file:
    rows = [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]
data = torch.tensor(rows)
inputs, labels = data[:, :-1], data[:, -1:]
torch.manual_seed(1)
network = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
measure = torch.nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
for epoch in range(300):
    optimizer.zero_grad()
    loss = measure(network(inputs), labels)
    loss.backward()
    optimizer.step()
with torch.no_grad():
    print(((network(inputs) > 0) == labels).float().mean().item())
"""
# Peer -> the module that it needs, its script, and the most that nnctl's time may be of its time.
SCRIPTS = {"scikit-learn": ("sklearn", SKLEARN, 1.0), "PyTorch": ("torch", TORCH, 1 / 3)}
TRAIN, VERSION, HELP = "nnctl train configs/xor.yaml", "nnctl --version", "nnctl --help"
MOST_SECONDS = {VERSION: 0.15, HELP: 0.15}

# Steps and, beside them, progress, history, checkpoints and metrics.
TINY: dict[str, Any] = {"config": "xor, 5,000 epochs", "epochs": 5000, "most": 2.0}
USUAL: dict[str, Any] = {"config": "20 epochs of 50 ms or more", "epochs": 20, "most": 0.1}
USUAL_CONFIG: dict[str, Any] = {
    "name": "usual",
    "data": {"generator": {"name": "moons", "samples": 60_000, "noise": 0.2}},
    "model": {"hidden": [{"units": 64}, {"units": 64}]},
    "loss": "binary_cross_entropy",
    "training": {"epochs": 20, "batch_size": 64},
}


@dataclass(frozen=True)
class Figure:
    """One line of the table: what was measured, and what it ought to be."""

    what: str
    least: float
    median: float
    aim: float | None = None
    unit: str = "s"

    @property
    def reached(self) -> bool | None:
        """Whether the least is within the aim; None without one."""
        return None if self.aim is None else self.least <= self.aim

    def __str__(self) -> str:
        """A row of a Markdown table."""
        aim = "" if self.aim is None else f"at most {self.aim:.2f}{self._unit}"
        reached = {None: "", True: "yes", False: "no"}[self.reached]
        numbers = [f"{number:.2f}{self._unit}" for number in (self.least, self.median)]
        return f"| {self.what} | {numbers[0]} | {numbers[1]} | {aim} | {reached} |"

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""


def environment() -> dict[str, str]:
    """Return the environment of a measured process: nothing steers its library."""
    left_out = (*STEERED_BY, "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
    return {name: text for name, text in os.environ.items() if not name.startswith(left_out)}


def seconds_of(command: Sequence[str], directory: Path) -> float:
    """Return how long a process takes, from its start to its end."""
    began = time.perf_counter()
    outcome = subprocess.run(
        command, cwd=directory, env=environment(), capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - began
    if outcome.returncode != 0:
        raise SystemExit(f"failed: {' '.join(command)}\n{outcome.stderr}")
    return took


def write_commands(directory: Path, say: Callable[[str], None]) -> dict[str, Sequence[str]]:
    """Return the commands by name; write the scripts of the peers that are installed."""
    os.environ["PYTHONPATH"] = str(ROOT)
    commands: dict[str, Sequence[str]] = {
        VERSION: (*NNCTL, "--version"),
        HELP: (*NNCTL, "--help"),
        "nnctl check configs/xor.yaml": (*NNCTL, "check", str(XOR)),
        "nnctl train configs/xor.yaml --no-plots": (*NNCTL, "train", str(XOR), "--no-plots"),
        TRAIN: (*NNCTL, "train", str(XOR)),
    }
    for peer, (module, script, _) in SCRIPTS.items():
        if importlib.util.find_spec(module) is None:
            say(f"left out: {peer} is not installed; pip install -e '.[bench]'")
            continue
        path = directory / f"{module}_script.py"
        path.write_text(script, encoding="utf-8")
        commands[f"a script with {peer}"] = (sys.executable, str(path))
    return commands


def measure_commands(directory: Path, rounds: int, say: Callable[[str], None]) -> Iterator[Figure]:
    """Run all commands in turn, round after round; the first round is not counted."""
    commands = write_commands(directory, say)
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            took = seconds_of(command, directory)
            if number > 0:
                times[name].append(took)
    for name, taken in times.items():
        yield Figure(name, min(taken), statistics.median(taken), MOST_SECONDS.get(name))
    for peer, (_, _, most) in SCRIPTS.items():
        if theirs := times.get(f"a script with {peer}"):
            yield compared(f"{TRAIN}, of the time of {peer}", times[TRAIN], theirs, most)


def compared(what: str, own: Sequence[float], theirs: Sequence[float], most: float) -> Figure:
    """Return the ratio of the least times, and the median of the rounds' ratios."""
    ratios = [mine / other for mine, other in zip(own, theirs, strict=True)]
    return Figure(what, min(own) / min(theirs), statistics.median(ratios), most, unit="")


def measure_additions(directory: Path, rounds: int, tiny: int, usual: int) -> Iterator[Figure]:
    """Yield what progress, history, checkpoints and metrics add, in times of the steps alone."""
    configs = (
        (TINY, load_config(XOR, [f"training.epochs={tiny}", "expect={}"])),
        (USUAL, config_from_dict(USUAL_CONFIG | {"training": {"epochs": usual}}, directory)),
    )
    for said, config in configs:
        dataset = load_dataset(config)
        seconds_of_run(config, dataset, directory)  # imports what draws the bar
        alone, whole = [], []
        for _ in range(rounds):
            alone.append(seconds_of_steps(config, dataset))
            whole.append(seconds_of_run(config, dataset, directory))
        added = [run - steps for run, steps in zip(whole, alone, strict=True)]
        ratios = [extra / steps for extra, steps in zip(added, alone, strict=True)]
        least = min(whole) / min(alone) - 1.0
        what = f"beside the steps of {said['config']}, in times of theirs"
        yield Figure(what, least, statistics.median(ratios), said["most"], unit="")


def seconds_of_steps(config: Config, dataset: Dataset) -> float:
    """Return how long the steps of all epochs take alone."""
    assembly, _ = assemble(config, dataset)
    trainer = assembly.trainer
    with blas_threads(assembly.threads):
        began = time.perf_counter()
        for epoch in range(config.training.epochs):
            rate = trainer.learning_rate.rate(epoch)
            trainer.steps.take(trainer.begun(), epoch, rate, lambda: False)
            trainer.progress = None
        return time.perf_counter() - began


class Terminal(io.StringIO):
    """What a bar takes for a terminal."""

    def isatty(self) -> bool:
        return True


def seconds_of_run(config: Config, dataset: Dataset, directory: Path) -> float:
    """Return how long the same epochs take in a run, shown by a bar."""
    experiment = create_experiment(config, dataset, directory / "runs")
    epochs = config.training.epochs
    with redirect_stderr(Terminal()):
        began = time.perf_counter()
        for _ in watched(experiment.epochs(), epochs, len(dataset.train.inputs), quiet=False):
            pass
        return time.perf_counter() - began


def lines(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield the rows of a Markdown table."""
    yield "| what | least | median | aim | reached |"
    yield "| --- | --- | --- | --- | --- |"
    yield from map(str, figures)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--tiny-epochs", type=int, default=TINY["epochs"])
    parser.add_argument("--usual-epochs", type=int, default=USUAL["epochs"])
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        figures = [
            *measure_commands(directory, chosen.rounds, say),
            *measure_additions(directory, chosen.rounds, chosen.tiny_epochs, chosen.usual_epochs),
        ]
    table = [{**vars(figure), "reached": figure.reached} for figure in figures]
    print(json.dumps(table, indent=2) if chosen.json else "\n".join(lines(figures)))


if __name__ == "__main__":
    main()
