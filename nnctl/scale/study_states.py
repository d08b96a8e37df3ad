"""What CMA-ES keeps in a study is a pickle, of which nothing is made but what CMA-ES consists of.

A pickle can name any function of any module, and whoever loads it calls that. A sweep's directory
may come from elsewhere, so its study is looked through before Optuna loads anything of it.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nnctl.errors import Problem, RunError

STATE = "cma:optimizer:"  # and a number: a part of a state, in hexadecimal digits
Name = tuple[str, str]  # of a module, and of something in it


class Recording(pickle.Unpickler):
    """Notes what a pickle is made of."""

    def __init__(self, pickled: bytes) -> None:
        super().__init__(io.BytesIO(pickled))
        self.names: set[Name] = set()

    def find_class(self, module: str, name: str) -> Any:
        """Note a name, and return what it stands for."""
        self.names.add((module, name))
        return super().find_class(module, name)


class Guarded(pickle.Unpickler):
    """Makes nothing but what is allowed."""

    def __init__(self, pickled: bytes, allowed: Collection[Name]) -> None:
        super().__init__(io.BytesIO(pickled))
        self.allowed = allowed

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name stands for; UnpicklingError where it is not allowed."""
        if (module, name) not in self.allowed:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return super().find_class(module, name)


@cache
def names_of_a_state() -> frozenset[Name]:
    """Return what a state consists of that was made here, before and after a generation."""
    from cmaes import CMA

    square = np.array([[0.0, 1.0], [0.0, 1.0]])
    optimizer = CMA(mean=square.mean(axis=1), sigma=0.1, bounds=square, seed=0)
    names = set[Name]()
    for _ in range(2):
        recording = Recording(pickle.dumps(optimizer))
        recording.load()
        names |= recording.names
        points = [optimizer.ask() for _ in range(optimizer.population_size)]
        optimizer.tell([(point, float(point.sum())) for point in points])
    return frozenset(names)


def check_states(study: Path, attributes: Iterator[Mapping[str, Any]]) -> None:
    """Look through the states among the attributes of a study's trials.

    Raises RunError for one that CMA-ES did not write.
    """
    for each in attributes:
        parts = [each[key] for key in sorted(each, key=part_of) if key.startswith(STATE)]
        if not parts:
            continue
        try:
            Guarded(bytes.fromhex("".join(parts)), names_of_a_state()).load()
        except Exception as error:  # whatever a forged one makes of what is allowed
            message = f"holds a state that is not of CMA-ES ({error}); restore it, or sweep again"
            raise RunError(Problem(message, str(study))) from error


def part_of(key: str) -> int:
    """Return the number of a part of a state; -1 of what is none."""
    number = key.removeprefix(STATE)
    return int(number) if key.startswith(STATE) and number.isdecimal() else -1
